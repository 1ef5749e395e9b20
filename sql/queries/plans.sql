-- SPDX-License-Identifier: ISC
-- plans.sql - how SQLite finds what the library asks for most; each line should begin with SEARCH:
--     sqlite3 -readonly sessions.db < plans.sql
.print load and update
EXPLAIN QUERY PLAN SELECT data FROM session WHERE id = x'00';
.print one user's sessions
EXPLAIN QUERY PLAN SELECT id FROM session
	WHERE expires > 0 AND seen >= 0 AND user = 'alice' ORDER BY seen DESC LIMIT 10;
.print everyone, last seen first
EXPLAIN QUERY PLAN SELECT id, data FROM session
	WHERE expires > 0 AND seen >= 0 ORDER BY seen DESC LIMIT 50;
.print number of sessions seen of late
EXPLAIN QUERY PLAN SELECT count(*) FROM session WHERE expires > 0 AND seen >= 0;
.print what waits to be collected
EXPLAIN QUERY PLAN SELECT count(*), count(user), min(expires) FROM session WHERE expires <= 0;
.print what is to be collected
EXPLAIN QUERY PLAN SELECT id FROM session WHERE expires <= 0
	ORDER BY expires, user, id LIMIT 50;
EXPLAIN QUERY PLAN SELECT id FROM trace WHERE keep <= 0 ORDER BY keep LIMIT 50;
