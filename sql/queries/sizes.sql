-- SPDX-License-Identifier: ISC
-- sizes.sql - how much is stored, live and left to collect, and the largest sessions:
--     sqlite3 -readonly sessions.db < sizes.sql
.headers on
.mode column --wrap 0
SELECT iif(expires > unixepoch(), 'live', 'to be collected') AS state,
       count(*) AS sessions,
       total(length(CAST(data AS BLOB))) AS bytes,
       round(avg(length(CAST(data AS BLOB)))) AS average,
       max(length(CAST(data AS BLOB))) AS largest
FROM session
GROUP BY state;
SELECT CASE kind WHEN 1 THEN 'candidate' WHEN 2 THEN 'retired' ELSE 'ended' END AS trace,
       count(*) AS number,
       sum(keep <= unixepoch()) AS to_be_collected
FROM trace
GROUP BY kind;
SELECT page_count * page_size AS file_bytes, freelist_count * page_size AS free_bytes
FROM pragma_page_count, pragma_page_size, pragma_freelist_count;
SELECT lower(hex(id)) AS ref, user, length(CAST(data AS BLOB)) AS bytes
FROM session
ORDER BY bytes DESC
LIMIT 10;
