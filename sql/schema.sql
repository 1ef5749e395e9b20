-- SPDX-License-Identifier: ISC
-- schema.sql - the tables of a session store, version 1. The library embeds this file and runs it
-- when it makes a database, so the two cannot disagree.

PRAGMA application_id = 0x73657373;
PRAGMA user_version = 1;

-- One row per session, clustered on the keyed hash of its id, so that a request costs one descent
-- of one tree. Times are unix seconds. data comes last: what is read to judge a row lies before it.
CREATE TABLE session (
	id       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
	secret   BLOB    NOT NULL CHECK (length(secret) = 32),
	family   BLOB    NOT NULL CHECK (length(family) = 16),
	revision INTEGER NOT NULL, -- one more with each stored change
	created  INTEGER NOT NULL,
	seen     INTEGER NOT NULL,
	expires  INTEGER NOT NULL, -- refused from this second on
	absolute INTEGER NOT NULL, -- never later than this; 0: no such limit
	idle     INTEGER NOT NULL, -- seconds
	renew    INTEGER NOT NULL, -- when a new id is due; 0: never
	offered  INTEGER NOT NULL, -- when the last new id was offered; 0: not yet
	login    INTEGER NOT NULL, -- 0: anonymous
	persist  INTEGER NOT NULL, -- seconds the cookie outlives the browser
	level    INTEGER NOT NULL,
	user     TEXT,
	address  TEXT,
	agent    TEXT,
	data     ANY     NOT NULL  -- TEXT is JSON, BLOB is sealed
) STRICT, WITHOUT ROWID;

-- Both indexes move only when the last-seen time does. They carry the times beside their key, so
-- that counting, and sorting by last seen, never read a row.
CREATE INDEX session_by_expiry ON session (expires, seen);
CREATE INDEX session_by_user ON session (user, seen, expires) WHERE user IS NOT NULL;

-- Ids that are not yet, or no longer, the id of a session.
CREATE TABLE trace (
	id       BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 32),
	kind     INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3), -- 1 candidate, 2 retired, 3 ended
	session  BLOB,             -- the id it leads to; NULL: nowhere
	secret   BLOB,
	at       INTEGER NOT NULL, -- when it was offered, retired or ended
	keep     INTEGER NOT NULL, -- forgotten from this second on
	why      INTEGER NOT NULL, -- kind 3: the reason, as sess_status counts them
	next     BLOB              -- kind 3: the id that took its place, for who ends it too late
) STRICT, WITHOUT ROWID;

CREATE INDEX trace_by_session ON trace (session) WHERE session IS NOT NULL;
CREATE INDEX trace_by_keep ON trace (keep);

-- Numbers that all processes share, such as the time of the last collection.
CREATE TABLE mark (
	name  TEXT    NOT NULL PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
