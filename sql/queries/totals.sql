-- SPDX-License-Identifier: ISC
-- totals.sql - how many sessions there are, at once however many millions:
--     sqlite3 -readonly sessions.db < totals.sql
.headers on
.mode column --wrap 0
SELECT stored - waiting AS live,
       users - expired_users AS signed_in,
       waiting AS to_be_collected,
       iif(waiting = 0, NULL, datetime(oldest, 'unixepoch')) AS oldest_expired
FROM (SELECT sum(anonymous + signed_in) AS stored, sum(signed_in) AS users FROM tally),
     (SELECT count(*) AS waiting, count(user) AS expired_users, min(expires) AS oldest
      FROM session WHERE expires <= unixepoch());
