-- SPDX-License-Identifier: ISC
-- forget-addresses.sql - forget from where, and with which browser, sessions came that nobody used
-- for an hour. Their visitors' next request notes it again, unless record_client is off:
--     sqlite3 sessions.db < forget-addresses.sql
.timeout 5000
UPDATE session SET address = NULL, agent = NULL
WHERE seen < unixepoch() - 3600 AND (address IS NOT NULL OR agent IS NOT NULL);
SELECT changes() || ' sessions changed';
