-- SPDX-License-Identifier: ISC
-- schema.sql - the tables of a session store, version 2. The library embeds this file and runs it
-- when it makes a database, so the two cannot disagree.

PRAGMA application_id = 0x73657373;
PRAGMA user_version = 2;

-- One row per session, clustered on its id, so that a request costs one descent of one tree. An id is
-- a keyed hash behind two bytes of the time at which it was made: what is used at the same time lies
-- together, and what expires leaves whole pages. Times are unix seconds. data comes last: what is
-- read to judge a row lies before it.
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

-- The indexes move only when the last-seen time does. They carry the times and the user beside
-- their key, so that counting, and sorting by last seen, never read a row.
CREATE INDEX session_by_expiry ON session (expires, user);
CREATE INDEX session_by_seen ON session (seen, expires, user);
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

-- What began and ended, minute by minute, written with each change it counts. The sums of the last
-- two columns are the numbers of rows in session, expired ones too: to count those takes seconds
-- when there are millions. What is older than a day is added up in minute 0.
CREATE TABLE tally (
	minute    INTEGER PRIMARY KEY,      -- unix seconds / 60
	started   INTEGER NOT NULL,
	logins    INTEGER NOT NULL,
	ended     INTEGER NOT NULL,         -- before their time
	expired   INTEGER NOT NULL,         -- collected
	anonymous INTEGER NOT NULL,         -- rows added less rows removed, without a user
	signed_in INTEGER NOT NULL          -- with one
) STRICT;
INSERT INTO tally VALUES (0, 0, 0, 0, 0, 0, 0);

-- Edits by hand. The sqlite3 shell runs these triggers; programs do not, their connections switch
-- them off. By hand a session may be ended (DELETE), given other limits (expires, idle, absolute) and
-- lose its address and agent, which programs see at once; what could forge a session or bring one
-- back is refused. Triggers are read at each opening, so there are as few as will do: who edits the
-- numbers in mark and tally spoils numbers only (queries/recount.sql mends those of tally).
CREATE TRIGGER session_insert BEFORE INSERT ON session BEGIN
	SELECT RAISE(ABORT,
		'only programs begin sessions; "sesskit import" puts exported ones back');
END;
CREATE TRIGGER session_update BEFORE UPDATE OF id, secret, family, revision, created, seen, renew,
	offered, login, persist, level, user, data ON session BEGIN
	SELECT RAISE(ABORT,
		'only programs change that; by hand set expires, idle or absolute, or DELETE');
END;
CREATE TRIGGER session_limits BEFORE UPDATE OF expires, absolute ON session
	WHEN OLD.expires <= unixepoch() OR NEW.absolute BETWEEN 1 AND NEW.expires - 1 BEGIN
	SELECT RAISE(ABORT,
		'what has expired stays so; before that, absolute is the latest: move it too');
END;
-- The visitor is told for six hours that the session was ended from elsewhere, or had expired.
CREATE TRIGGER session_delete AFTER DELETE ON session BEGIN
	INSERT OR IGNORE INTO trace (id, kind, at, keep, why) VALUES (OLD.id, 3, unixepoch(),
		unixepoch() + 21600, iif(OLD.expires > unixepoch(), 8, 5));
	UPDATE tally SET ended = ended + 1, anonymous = anonymous - (OLD.user IS NULL),
		signed_in = signed_in - (OLD.user IS NOT NULL) WHERE minute = 0;
END;
CREATE TRIGGER trace_insert BEFORE INSERT ON trace WHEN NEW.kind < 3 BEGIN
	SELECT RAISE(ABORT,
		'only programs make ids that lead to a session; by hand add none');
END;
CREATE TRIGGER trace_update BEFORE UPDATE ON trace BEGIN
	SELECT RAISE(ABORT,
		'only programs change where an id leads; to end a session, DELETE it there');
END;
CREATE TRIGGER trace_delete BEFORE DELETE ON trace WHEN OLD.keep > unixepoch() BEGIN
	SELECT RAISE(ABORT,
		'this tells visitors why, or betrays a thief; "sesskit gc" removes it in time');
END;
