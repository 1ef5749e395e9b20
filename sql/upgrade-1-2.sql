-- SPDX-License-Identifier: ISC
-- upgrade-1-2.sql - from schema version 1 to 2: what is needed to count and list millions at once.
-- The library runs it in a transaction of its own. What it makes is as schema.sql has it.

DROP INDEX session_by_expiry;
CREATE INDEX session_by_expiry ON session (expires, user);
CREATE INDEX session_by_seen ON session (seen, expires, user);

CREATE TABLE tally (
	minute    INTEGER PRIMARY KEY,      -- unix seconds / 60
	started   INTEGER NOT NULL,
	logins    INTEGER NOT NULL,
	ended     INTEGER NOT NULL,         -- before their time
	expired   INTEGER NOT NULL,         -- collected
	anonymous INTEGER NOT NULL,         -- rows added less rows removed, without a user
	signed_in INTEGER NOT NULL          -- with one
) STRICT;

INSERT INTO tally (minute, started, logins, ended, expired, anonymous, signed_in)
	SELECT 0, 0, 0, 0, 0, count(*) - count(user), count(user) FROM session;

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
