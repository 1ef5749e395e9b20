-- SPDX-License-Identifier: ISC
-- per-user.sql - users with the most live sessions:
--     sqlite3 -readonly sessions.db < per-user.sql
.headers on
.mode column --wrap 0
SELECT user, count(*) AS sessions,
       datetime(max(seen), 'unixepoch') AS seen,
       datetime(min(expires), 'unixepoch') AS first_expires
FROM session
WHERE user IS NOT NULL AND expires > unixepoch()
GROUP BY user
ORDER BY sessions DESC, user
LIMIT 50;
