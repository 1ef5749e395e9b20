-- SPDX-License-Identifier: ISC
-- activity.sql - what began and ended in the last 24 hours, hour by hour (UTC):
--     sqlite3 -readonly sessions.db < activity.sql
.headers on
.mode column --wrap 0
SELECT strftime('%Y-%m-%d %H:00', minute * 60, 'unixepoch') AS hour,
       sum(started) AS started, sum(logins) AS logins, sum(ended) AS ended,
       sum(expired) AS expired
FROM tally
WHERE minute > unixepoch() / 60 - 1440
GROUP BY hour
ORDER BY hour;
