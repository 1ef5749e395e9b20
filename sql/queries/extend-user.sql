-- SPDX-License-Identifier: ISC
-- extend-user.sql - let the sessions of one user live for at least a day from now, whatever their
-- limits were, also unused. The name goes in as a parameter, in both kinds of quotes; run it as the
-- owner of the database:
--     sqlite3 -cmd ".parameter set @user \"'alice'\"" sessions.db < extend-user.sql
-- Running programs see it at their next request. Without a name nothing is changed.
.timeout 5000
UPDATE session
SET idle = max(idle, 86400),
    expires = max(expires, unixepoch() + 86400),
    absolute = iif(absolute = 0, 0, max(absolute, unixepoch() + 86400))
WHERE user = @user AND expires > unixepoch();
SELECT changes() || ' sessions extended';
