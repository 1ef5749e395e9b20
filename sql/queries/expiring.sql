-- SPDX-License-Identifier: ISC
-- expiring.sql - sessions that end within five minutes unless their visitors come back:
--     sqlite3 -readonly sessions.db < expiring.sql
.headers on
.mode column --wrap 0
SELECT coalesce(user, '(anonymous)') AS user,
       expires - unixepoch() AS left_seconds,
       datetime(seen, 'unixepoch') AS seen,
       lower(hex(id)) AS ref
FROM session
WHERE expires > unixepoch() AND expires <= unixepoch() + 300
ORDER BY expires;
