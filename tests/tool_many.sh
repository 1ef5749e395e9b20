# SPDX-License-Identifier: ISC
# tool_many.sh - a store with very many sessions of all kinds, made faster than programs could; for
# the tests of export, import and copy, which read it with "." behind tool.sh.

# many DATABASE COUNT: fill it, which must be a store already.
many()
{
	sqlite3 "$1" '.dbconfig enable_trigger off' "
		BEGIN;
		CREATE TEMP TABLE t AS SELECT unixepoch() AS now;
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)
		INSERT INTO session SELECT randomblob(32), randomblob(32), randomblob(16), 1 + i % 9,
			now - 5000, now - i % 5000, now - i % 5000 + iif(i % 10 = 0, -9000, 5400), now + 43200,
			1800, now + 900, iif(i % 3 = 0, now - 60, 0), iif(i % 4 = 0, 0, now - 5000), 0, i % 3,
			iif(i % 4 = 0, NULL, 'user ' || i % 1000),
			iif(i % 7 = 0, NULL, '192.0.2.' || i % 256),
			CASE i % 11 WHEN 0 THEN NULL WHEN 1 THEN CAST(x'1b5b33316dff22' AS TEXT)
				ELSE 'Agent/' || i END,
			CASE i % 6 WHEN 0 THEN randomblob(200) WHEN 1 THEN '{\"n\":' || i || '}'
				WHEN 2 THEN '{\"a\":' || char(10) || i || '}' WHEN 3 THEN ''
				WHEN 4 THEN '[' || i || ']'
				ELSE '{\"n\":' || i || ',\"t\":\"' || hex(randomblob(100)) || ' \u00e9\"}' END
			FROM n, t;
		INSERT INTO trace SELECT randomblob(32), 1 + (revision & 1), id, randomblob(32), now - 60,
			now + 3600, 0, NULL FROM session, t WHERE revision % 3 > 0;
		INSERT INTO trace SELECT randomblob(32), 2, id, randomblob(32), now - 960, now + 3600, 0,
			NULL FROM session, t WHERE revision = 1;
		INSERT INTO trace SELECT randomblob(32), 3, NULL, NULL, now - 60, now + 3600,
			7 + (revision & 3), iif(revision = 9, randomblob(32), NULL) FROM session, t
			WHERE revision > 7;
		DELETE FROM tally;
		INSERT INTO tally SELECT 0, 0, 0, 0, 0, count(*) - count(user), count(user) FROM session;
		COMMIT;" >/dev/null || bail "cannot fill $1"
}

# contents DATABASE: all sessions and traces, field by field, as a checksum.
contents()
{
	sqlite3 "$1" 'SELECT * FROM (SELECT quote(id), quote(secret), quote(family), revision, created,
		seen, expires, absolute, idle, renew, offered, login, persist, level, quote(user),
		quote(address), hex(agent), typeof(agent), hex(data), typeof(data) FROM session ORDER BY id)' \
		'SELECT quote(id), kind, quote(session), quote(secret), at, keep, why, quote(next) FROM trace
		ORDER BY id' | sha256sum
}

# totals DATABASE: whether the numbers kept beside the sessions are right.
totals()
{
	sqlite3 "$1" 'SELECT (SELECT sum(anonymous) FROM tally) = (SELECT count(*) FROM session WHERE
		user IS NULL), (SELECT sum(signed_in) FROM tally) = (SELECT count(user) FROM session)'
}

# items FILE: the lines of an export that hold sessions and ended ids.
items()
{
	grep -E '^\{"(id|ended)":' "$1"
}

# fresh NAME: a store that is empty, but has the keys of the first one.
fresh()
{
	rm -f "$dir/$1".db*
	cp "$dir/sessions.db.key" "$dir/$1.db.key"
}
