-- SPDX-License-Identifier: ISC
-- end-user.sql - end all sessions of one user by hand, where the sesskit command is not at hand.
-- The name goes in as a parameter, in both kinds of quotes; run it as the owner of the database:
--     sqlite3 -cmd ".parameter set @user \"'alice'\"" sessions.db < end-user.sql
-- Running programs notice at their next request. For six hours the visitors are told that their
-- session was ended from elsewhere. Without a name nothing is ended.
.timeout 5000
BEGIN IMMEDIATE;
UPDATE trace SET kind = 3, session = NULL, secret = NULL, at = unixepoch(),
	keep = unixepoch() + 21600, why = 8
	WHERE session IN (SELECT id FROM session WHERE user = @user);
INSERT OR REPLACE INTO trace (id, kind, session, secret, at, keep, why)
	SELECT id, 3, NULL, NULL, unixepoch(), unixepoch() + 21600, 8
	FROM session WHERE user = @user;
DELETE FROM session WHERE user = @user;
SELECT changes() || ' sessions ended';
COMMIT;
