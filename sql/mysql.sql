-- SPDX-License-Identifier: ISC
-- mysql.sql - the tables of a session store in MariaDB. A program makes them itself where it may;
-- else run this file once, in the database that the store's URL names. The library embeds it, so
-- that the two cannot disagree. For another prefix than sess_ change it in all names.
--
-- A program needs no more than this, here for the user app and the database web:
--	CREATE USER app@localhost IDENTIFIED BY '...';
--	GRANT SELECT, INSERT, UPDATE, DELETE ON web.* TO app@localhost;
-- and CREATE, if it is to make the tables.

-- What is known of a session, under the first id that it had: all its other ids are in there, and
-- have rows of their own that lead here. version is another one at each change.
CREATE TABLE IF NOT EXISTS sess_value (
	k       BINARY(32)      NOT NULL PRIMARY KEY,
	version BIGINT UNSIGNED NOT NULL,
	bytes   MEDIUMBLOB      NOT NULL
) ENGINE = InnoDB;

-- When to look at a value for collection, in unix seconds. kind is a for an anonymous session, u
-- for that of a user, t for the traces of one that ended, p for what leads to another value.
CREATE TABLE IF NOT EXISTS sess_due (
	due  BIGINT     NOT NULL,
	k    BINARY(32) NOT NULL,
	kind BINARY(1)  NOT NULL,
	PRIMARY KEY (due, k, kind)
) ENGINE = InnoDB;

-- Which values are a user's.
CREATE TABLE IF NOT EXISTS sess_user (
	user VARBINARY(1024) NOT NULL,
	k    BINARY(32)      NOT NULL,
	PRIMARY KEY (user, k)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- What began and ended, minute by minute; connections share out the slots, so that they need not
-- wait for one another. The sums are what happened.
CREATE TABLE IF NOT EXISTS sess_tally (
	minute  BIGINT NOT NULL,
	slot    INT    NOT NULL,
	started BIGINT NOT NULL,
	logins  BIGINT NOT NULL,
	ended   BIGINT NOT NULL,
	expired BIGINT NOT NULL,
	PRIMARY KEY (minute, slot)
) ENGINE = InnoDB;
