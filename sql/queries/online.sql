-- SPDX-License-Identifier: ISC
-- online.sql - who was here in the last five minutes, last seen first:
--     sqlite3 -readonly sessions.db < online.sql
.headers on
.mode column --wrap 0
SELECT coalesce(user, '(anonymous)') AS user,
       datetime(seen, 'unixepoch') AS seen,
       unixepoch() - created AS age_seconds,
       address, substr(agent, 1, 40) AS agent
FROM session
WHERE expires > unixepoch() AND seen >= unixepoch() - 300
ORDER BY session.seen DESC;
