/* SPDX-License-Identifier: ISC */
/* store_mysql_call.c - one statement of the MySQL store, done again on another connection or host
 * while there is time. Each is a transaction of its own, and can be repeated without harm. */
#include "store_mysql.h"

#include <poll.h>
#include <string.h>

#define PAUSE_MS 20             /* before an unready node is asked again */
#define PATIENCE_MS 60000       /* for what goes through whole tables */

/* gives: the columns of the result, each k a key, b bytes, c one letter, v a version, n a number, or
 * . for what the server computes. Where a table is another one, this does not come out. */
static const struct {
	const char *text, *gives;
	bool patient;
} statements[MARIA_STATEMENTS] = {
	[MARIA_GET] = { "SELECT k, version, LEFT(bytes, ?) FROM sess_value WHERE k = ?", "kvb", 0 },
	[MARIA_INSERT] = { "INSERT INTO sess_value (k, version, bytes) VALUES (?, ?, ?)", "", 0 },
	[MARIA_UPDATE] = { "UPDATE sess_value SET version = ?, bytes = ? WHERE k = ? AND version = ?",
		"", 0 },
	[MARIA_DELETE] = { "DELETE FROM sess_value WHERE k = ? AND version = ?", "", 0 },
	[MARIA_MARK_DUE] = { "INSERT INTO sess_due (due, k, kind) VALUES (?, ?, ?)", "", 0 },
	[MARIA_UNMARK_DUE] = { "DELETE FROM sess_due WHERE due = ? AND k = ? AND kind = ?", "", 0 },
	[MARIA_MARK_USER] = { "INSERT INTO sess_user (user, k) VALUES (?, ?)", "", 0 },
	[MARIA_UNMARK_USER] = { "DELETE FROM sess_user WHERE user = ? AND k = ?", "", 0 },
	[MARIA_DUE] = { "SELECT k, kind, due FROM sess_due WHERE due <= ? ORDER BY due, k, kind LIMIT ?",
		"kcn", 0 },
	[MARIA_OF_USER] = { "SELECT k, user FROM sess_user WHERE user = ? AND k > ? ORDER BY k LIMIT ?",
		"kb", 0 },
	[MARIA_EACH] = { "SELECT k FROM sess_value WHERE k > ? ORDER BY k LIMIT ?", "k", 0 },
	[MARIA_TALLY] = { "INSERT INTO sess_tally (minute, slot, started, logins, ended, expired) "
		"VALUES (?, CONNECTION_ID() MOD 64, ?, ?, ?, ?) ON DUPLICATE KEY UPDATE "
		"started = started + VALUES(started), logins = logins + VALUES(logins), "
		"ended = ended + VALUES(ended), expired = expired + VALUES(expired)", "", 0 },
	[MARIA_FORGET] = { "DELETE FROM sess_tally WHERE minute < ?", "", 0 },
	[MARIA_LIVE] = { "SELECT kind, due > ?, COUNT(*), MIN(due) FROM sess_due "
		"WHERE kind IN ('a', 'u') GROUP BY 1, 2", "c...", true },
	[MARIA_HAPPENED] = { "SELECT minute, started, logins, ended, expired FROM sess_tally "
		"WHERE minute > ? AND minute <= ?", "nnnnn", true },
};

/* -- what statements are given and give -------------------------------------------------------- */

MYSQL_BIND
maria_bytes(const void *bytes, size_t len)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_BLOB, .buffer = (void *)(uintptr_t)bytes,
		.buffer_length = (unsigned long)len };
}

MYSQL_BIND
maria_number(const int64_t *n)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = (void *)(uintptr_t)n };
}

MYSQL_BIND
maria_version(const uint64_t *n)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = (void *)(uintptr_t)n,
		.is_unsigned = 1 };
}

MYSQL_BIND
maria_room(void *to, size_t room, unsigned long *len)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_BLOB, .buffer = to,
		.buffer_length = (unsigned long)room, .length = len };
}

static bool
is_of_kind(const MYSQL_FIELD *f, char kind)
{
	bool binary = f->charsetnr == 63, whole = f->type == MYSQL_TYPE_LONGLONG;

	switch (kind) {
	case 'k':
		return f->type == MYSQL_TYPE_STRING && binary && f->length == SESS_ID_BYTES;
	case 'c':
		return f->type == MYSQL_TYPE_STRING && binary && f->length == 1;
	case 'b':
		return f->type != MYSQL_TYPE_STRING && !IS_NUM(f->type) && binary;
	case 'v':
		return whole && f->flags & UNSIGNED_FLAG;
	case 'n':
		return whole && !(f->flags & UNSIGNED_FLAG);
	default:
		return true;
	}
}

/* What is bound later is as many as the server says, so that must be right as well. */
static bool
is_ours(MYSQL_STMT *st, const char *text, const char *kinds)
{
	MYSQL_RES *result = mysql_stmt_result_metadata(st);
	unsigned long n = result ? mysql_num_fields(result) : 0, given = 0;
	bool same;

	for (; (text = strchr(text, '?')) != NULL; text++)
		given++;
	same = n == strlen(kinds) && mysql_stmt_param_count(st) == given;
	for (unsigned i = 0; i < n && same; i++)
		same = is_of_kind(mysql_fetch_field_direct(result, i), kinds[i]);
	mysql_free_result(result);
	return same;
}

/* -- one try ----------------------------------------------------------------------------------- */

static int
statement_failed(maria_store *s, MYSQL_STMT *st, sess_error *err)
{
	return maria_failed(s, mysql_stmt_errno(st), mysql_stmt_error(st), err);
}

static int
prepare(maria_store *s, int which, sess_error *err)
{
	MYSQL_STMT *st = mysql_stmt_init(s->db);
	char text[1024];
	int failed = 0, wait;

	if (!st)
		return maria_failed(s, CR_OUT_OF_MEMORY, "out of memory", err);
	s->prepared[which] = st;
	if (!maria_expand(s, statements[which].text, text, sizeof(text)))
		return maria_failed(s, CR_UNKNOWN_ERROR, "a statement is too long", err);
	wait = mysql_stmt_prepare_start(&failed, st, text, (unsigned long)strlen(text));
	while (wait)
		wait = mysql_stmt_prepare_cont(&failed, st, maria_await(s, s->db, wait));
	if (failed)
		return statement_failed(s, st, err);
	return is_ours(st, text, statements[which].gives) ? MARIA_FINE : maria_failed(s,
		ER_BAD_FIELD_ERROR, "a table has columns of other types than in sql/mysql.sql", err);
}

static int
execute(maria_store *s, int which, MYSQL_BIND *in, MYSQL_BIND *out, sess_error *err)
{
	MYSQL_STMT *st = s->prepared[which];
	int failed = mysql_stmt_bind_param(st, in), wait;

	if (!failed) {
		wait = mysql_stmt_execute_start(&failed, st);
		while (wait)
			wait = mysql_stmt_execute_cont(&failed, st, maria_await(s, s->db, wait));
	}
	s->changed = failed ? 0 : mysql_stmt_affected_rows(st);
	if (!failed && out && !(failed = mysql_stmt_bind_result(st, out))) {
		wait = mysql_stmt_store_result_start(&failed, st);
		while (wait)
			wait = mysql_stmt_store_result_cont(&failed, st, maria_await(s, s->db, wait));
	}
	if (failed)
		failed = statement_failed(s, st, err);
	/* A query puts nothing there that might be there already. */
	return failed == MARIA_THERE && out ? maria_failed(s, CR_MALFORMED_PACKET,
		"an answer to another question", err) : failed;
}

/* What a statement may take at most, until the server ends it and says so. */
static int
takes_ms(const maria_store *s)
{
	return s->statement_ms + s->remote.call_ms / 8;
}

/* in NULL: only prepare. */
static int
attempt(maria_store *s, int which, MYSQL_BIND *in, MYSQL_BIND *out, sess_error *err)
{
	int left = remote_left_ms(&s->remote), is = MARIA_FINE;
	int half = left / 2 > takes_ms(s) ? left / 2 : takes_ms(s);

	/* No host may take all the time that others need. */
	s->until = s->remote.clock() + (s->remote.hosts > 1 && half < left ? half : left);
	if (!s->db)
		is = maria_connect(s, err);
	if (is == MARIA_FINE && !s->prepared[which])
		is = prepare(s, which, err);
	if (is != MARIA_FINE) {
		if (s->prepared[which])
			mysql_stmt_close(s->prepared[which]);
		s->prepared[which] = NULL;
		return is;
	}
	if (!in)
		return MARIA_FINE;
	is = execute(s, which, in, out, err);
	s->lost |= is == MARIA_AWAY;
	return is;
}

/* -- until it is done -------------------------------------------------------------------------- */

static void
go_on(maria_store *s)
{
	maria_disconnect(s, true);
	remote_next(&s->remote);
	s->away_since = s->remote.clock();
}

static int
until_done(maria_store *s, int which, MYSQL_BIND *in, MYSQL_BIND *out, sess_error *err)
{
	size_t tries = s->remote.hosts + 1;
	home_wait wait = { .tries = 0 };

	for (;;) {
		int is = attempt(s, which, in, out, err), left = remote_left_ms(&s->remote);

		if (is == MARIA_AWAY || is == MARIA_UNREADY ||
			(is == MARIA_SLOW && s->remote.hosts > 1))
			go_on(s);
		else
			remote_worked(&s->remote);
		if (is == MARIA_FINE || is == MARIA_THERE)
			return is == MARIA_FINE ? SESS_OK : MARIA_TWICE;
		/* Without the time to wait for a row, its lock would look like a dead server. */
		if (is == MARIA_REFUSED || ((is == MARIA_AGAIN || is == MARIA_SLOW) &&
			(left <= takes_ms(s) || !home_wait_more(&wait, left - takes_ms(s)))))
			return err->code;
		if (is == MARIA_AGAIN || is == MARIA_SLOW)
			continue;
		if (left == 0 || (is == MARIA_AWAY && tries-- == 0)) {
			remote_failed(&s->remote, err);
			return err->code;
		}
		if (is == MARIA_UNREADY)
			(void)poll(NULL, 0, left < PAUSE_MS ? left : PAUSE_MS);
	}
}

/* All statements of one call share its time. */
static int
begin(maria_store *s, sess_error *err)
{
	if (s->calls == s->home.calls && !s->home.many)
		return remote_left_ms(&s->remote) > 0 ? SESS_OK : sess_fail(err, SESS_BUSY, "store \"%s\": "
			"a call took more than %d ms", s->address.url, s->remote.call_ms);
	s->calls = s->home.calls;
	return remote_begin(&s->remote, err);
}

int
maria_call(maria_store *s, int which, MYSQL_BIND *in, MYSQL_BIND *out, sess_error *err)
{
	int rc = begin(s, err);

	s->lost = false;
	if (rc == SESS_OK && statements[which].patient)
		s->remote.until += PATIENCE_MS;
	return rc == SESS_OK ? until_done(s, which, in, out, err) : rc;
}

int
maria_prepare(maria_store *s, int which, sess_error *err)
{
	return maria_call(s, which, NULL, NULL, err);
}

/* A column longer than its room is no failure: who reads it looks at the length. */
bool
maria_fetch(maria_store *s, int which)
{
	int rc = mysql_stmt_fetch(s->prepared[which]);

	return rc == 0 || rc == MYSQL_DATA_TRUNCATED;
}

void
maria_done(maria_store *s, int which)
{
	(void)mysql_stmt_free_result(s->prepared[which]);
}
