-- SPDX-License-Identifier: ISC
-- end-user.sql - end all sessions of one user by hand, where the sesskit command is not at hand.
-- The name goes in as a parameter, in both kinds of quotes; run it as the owner of the database:
--     sqlite3 -cmd ".parameter set @user \"'alice'\"" sessions.db < end-user.sql
-- Running programs notice at their next request. For six hours the visitors are told that their
-- session was ended from elsewhere. Without a name nothing is ended.
.timeout 5000
DELETE FROM session WHERE user = @user;
SELECT changes() || ' sessions ended';
