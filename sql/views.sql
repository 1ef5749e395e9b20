-- SPDX-License-Identifier: ISC
-- views.sql - what is stored, in words and readable times (UTC). The views are temporary, so that
-- they cost the programs that open the database nothing and change nothing in it:
--     sqlite3 -readonly -cmd ".read views.sql" sessions.db "SELECT * FROM live"
-- ref names a session, and "sesskit end" takes it; it cannot be used as a cookie. No view shows a
-- secret. Values of a session are shown as they are stored: they may be private.

CREATE TEMP VIEW live AS
SELECT lower(hex(id)) AS ref, user, level,
       datetime(created, 'unixepoch') AS created,
       datetime(seen, 'unixepoch') AS seen,
       datetime(expires, 'unixepoch') AS expires,
       format('%d:%02d:%02d', (unixepoch() - created) / 3600, (unixepoch() - created) / 60 % 60,
              (unixepoch() - created) % 60) AS age,
       format('%d:%02d:%02d', (unixepoch() - seen) / 3600, (unixepoch() - seen) / 60 % 60,
              (unixepoch() - seen) % 60) AS unused,
       format('%d:%02d:%02d', (expires - unixepoch()) / 3600, (expires - unixepoch()) / 60 % 60,
              (expires - unixepoch()) % 60) AS left,
       unixepoch() - created AS age_seconds,
       unixepoch() - seen AS unused_seconds,
       expires - unixepoch() AS left_seconds,
       iif(absolute = 0, NULL, datetime(absolute, 'unixepoch')) AS ends_at_the_latest,
       iif(login = 0, NULL, datetime(login, 'unixepoch')) AS logged_in,
       iif(persist > 0, 'kept', 'until the browser closes') AS cookie,
       address, agent, revision,
       iif(typeof(data) = 'blob', 'sealed', 'readable') AS stored,
       length(CAST(data AS BLOB)) AS bytes
FROM session
WHERE expires > unixepoch();

-- Who was here in the last five minutes.
CREATE TEMP VIEW online AS
SELECT lower(hex(id)) AS ref, user,
       datetime(seen, 'unixepoch') AS seen,
       unixepoch() - created AS age_seconds,
       address, agent
FROM session
WHERE seen >= unixepoch() - 300 AND expires > unixepoch()
ORDER BY session.seen DESC;

-- Expired, but not collected yet.
CREATE TEMP VIEW expired AS
SELECT lower(hex(id)) AS ref, user,
       datetime(seen, 'unixepoch') AS seen,
       datetime(expires, 'unixepoch') AS expired,
       unixepoch() - expires AS expired_seconds,
       iif(absolute <> 0 AND absolute <= unixepoch(), 'too old', 'unused for too long') AS reason
FROM session
WHERE expires <= unixepoch();

-- Ended before their time; kept a while to tell their visitors why.
CREATE TEMP VIEW ended AS
SELECT lower(hex(id)) AS ref,
       datetime(at, 'unixepoch') AS ended,
       datetime(keep, 'unixepoch') AS forgotten,
       CASE why
           WHEN 5 THEN 'unused for too long'
           WHEN 6 THEN 'too old'
           WHEN 7 THEN 'logged out'
           WHEN 8 THEN 'ended from elsewhere'
           WHEN 9 THEN 'took a new id at login'
           WHEN 10 THEN 'an old id came back: probably stolen'
           WHEN 11 THEN 'damaged'
           ELSE 'unknown'
       END AS reason
FROM trace
WHERE kind = 3;

-- Ids that lead to a session: offered to a browser, or replaced by a newer one.
CREATE TEMP VIEW renewals AS
SELECT lower(hex(id)) AS ref,
       iif(kind = 1, 'offered', 'retired') AS state,
       lower(hex(session)) AS leads_to,
       datetime(at, 'unixepoch') AS since,
       datetime(keep, 'unixepoch') AS forgotten
FROM trace
WHERE kind IN (1, 2);

CREATE TEMP VIEW users AS
SELECT user, count(*) AS sessions,
       datetime(min(created), 'unixepoch') AS oldest,
       datetime(max(seen), 'unixepoch') AS seen,
       max(level) AS level,
       sum(length(CAST(data AS BLOB))) AS bytes
FROM session
WHERE user IS NOT NULL AND expires > unixepoch()
GROUP BY user;

-- How many sessions end within how many minutes, if nobody comes back.
CREATE TEMP VIEW expiring AS
SELECT (expires - unixepoch()) / 60 AS minutes, count(*) AS sessions
FROM session
WHERE expires > unixepoch()
GROUP BY minutes;

-- One row per value of a readable session.
CREATE TEMP VIEW session_values AS
SELECT lower(hex(session.id)) AS ref, session.user AS user, item.key AS key, item.type AS type,
       item.value AS value
FROM session, json_each(iif(typeof(session.data) = 'text' AND json_valid(session.data),
                            session.data, '{}')) AS item
WHERE session.expires > unixepoch();

CREATE TEMP VIEW sizes AS
SELECT count(*) AS sessions,
       count(user) AS logged_in,
       total(length(CAST(data AS BLOB))) AS bytes,
       avg(length(CAST(data AS BLOB))) AS average,
       max(length(CAST(data AS BLOB))) AS largest
FROM session
WHERE expires > unixepoch();

-- What began and ended in each hour of the last day. expired counts what was collected: that is
-- later than it expired.
CREATE TEMP VIEW activity AS
SELECT strftime('%Y-%m-%d %H:00', minute * 60, 'unixepoch') AS hour,
       sum(started) AS started,
       sum(logins) AS logins,
       sum(ended) AS ended,
       sum(expired) AS expired
FROM tally
WHERE minute > 0
GROUP BY hour
ORDER BY hour DESC;
