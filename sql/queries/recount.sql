-- SPDX-License-Identifier: ISC
-- recount.sql - count the rows of session anew, should somebody have edited the numbers in tally.
-- It reads an index of all sessions, for some seconds if there are millions:
--     sqlite3 sessions.db < recount.sql
.timeout 5000
BEGIN IMMEDIATE;
INSERT OR IGNORE INTO tally VALUES (0, 0, 0, 0, 0, 0, 0);
UPDATE tally SET
	anonymous = (SELECT count(*) - count(user) FROM session)
		- (SELECT total(anonymous) FROM tally WHERE minute <> 0),
	signed_in = (SELECT count(user) FROM session)
		- (SELECT total(signed_in) FROM tally WHERE minute <> 0)
	WHERE minute = 0;
COMMIT;
SELECT sum(anonymous) AS anonymous, sum(signed_in) AS signed_in FROM tally;
