/* SPDX-License-Identifier: ISC */
/* store_mysql_many.c - many rows of the MySQL store: what is due, keys, and what happened. Rows are
 * read before anything is done with them, for that takes the same connection. */
#include "minutes.h"
#include "store_mysql.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 256
#define TALLY_KEPT (25 * 60)    /* minutes */
#define SANE_MOST ((int64_t)1 << 40)

/* -- keys -------------------------------------------------------------------------------------- */

typedef struct row {
	unsigned char key[SESS_ID_BYTES], kind;
	int64_t due;
} row;

/* At most so many rows behind a key, of a user or of all: their number, or a failure. */
static int
read_keys(maria_store *s, const char *user, const unsigned char *after, size_t after_len,
	int64_t most, unsigned char (*keys)[SESS_ID_BYTES], sess_error *err)
{
	int which = user ? MARIA_OF_USER : MARIA_EACH, n = 0, rc;
	unsigned char key[SESS_ID_BYTES] = { 0 }, rest[1];
	unsigned long len, rest_len;
	MYSQL_BIND in[3], out[] = { maria_room(key, sizeof(key), &len),
		maria_room(rest, sizeof(rest), &rest_len) };

	if (user)
		in[0] = maria_bytes(user, strlen(user));
	in[user != NULL] = maria_bytes(after, after_len);
	in[1 + (user != NULL)] = maria_number(&most);
	rc = maria_call(s, which, in, out, err);
	if (rc != SESS_OK)
		return rc;
	while (n < most && maria_fetch(s, which))
		memcpy(keys[n++], key, SESS_ID_BYTES);
	maria_done(s, which);
	return n;
}

int
maria_of_user(void *self, const char *user, home_key_fn *fn, void *arg, sess_error *err)
{
	unsigned char keys[PIECE][SESS_ID_BYTES], after[SESS_ID_BYTES];
	size_t len = 0;
	int n, rc = SESS_OK;

	do {
		n = read_keys(self, user, after, len, PIECE, keys, err);
		for (int i = 0; i < n && rc == SESS_OK; i++)
			rc = fn(arg, keys[i]);
		if (n > 0)
			memcpy(after, keys[n - 1], len = sizeof(after));
	} while (n == PIECE && rc == SESS_OK);
	return n < 0 ? n : rc;
}

/* The cursor begins with whether there is a last key, and that. */
int
maria_each(void *self, sess_cursor *cursor, size_t limit, home_key_fn *fn, void *arg,
	sess_error *err)
{
	unsigned char keys[PIECE][SESS_ID_BYTES];
	int most = limit > 0 && limit < PIECE ? (int)limit : PIECE, rc = SESS_OK, n;

	n = read_keys(self, NULL, cursor->at + 1, cursor->at[0] ? SESS_ID_BYTES : 0, most, keys, err);
	for (int i = 0; i < n && rc == SESS_OK; i++) {
		rc = fn(arg, keys[i]);
		if (rc != SESS_OK)
			break;
		cursor->at[0] = 1;
		memcpy(cursor->at + 1, keys[i], SESS_ID_BYTES);
	}
	return n < 0 ? n : rc != SESS_OK ? rc : n == most;
}

/* -- what is due ------------------------------------------------------------------------------- */

/* Rows into memory for the caller to free: their number, or a failure. */
static int
read_due(maria_store *s, int64_t now, int64_t most, row **rows, sess_error *err)
{
	row r = { .kind = 0 };
	unsigned long key_len, kind_len;
	uint64_t found;
	MYSQL_BIND in[] = { maria_number(&now), maria_number(&most) }, out[] = {
		maria_room(r.key, sizeof(r.key), &key_len), maria_room(&r.kind, 1, &kind_len),
		maria_number(&r.due) };
	int n = 0, rc = maria_call(s, MARIA_DUE, in, out, err);

	if (rc != SESS_OK)
		return rc;
	found = mysql_stmt_num_rows(s->prepared[MARIA_DUE]);
	*rows = found > 0 && found <= (uint64_t)most ? calloc(found, sizeof(**rows)) : NULL;
	while (*rows && (uint64_t)n < found && maria_fetch(s, MARIA_DUE))
		(*rows)[n++] = r;
	maria_done(s, MARIA_DUE);
	return found > 0 && !*rows ? home_full(err) : n;
}

int
maria_due(void *self, int64_t now, size_t rows, home_due_fn *fn, void *arg, sess_error *err)
{
	int64_t most = rows < INT_MAX ? (int64_t)rows : INT_MAX, old = sixtieth(now) - TALLY_KEPT;
	MYSQL_BIND in[] = { maria_number(&old) };
	row *found = NULL;
	int n, rc;

	n = read_due(self, now, most, &found, err);
	rc = n < 0 ? n : SESS_OK;
	for (int i = 0; found && i < n && rc == SESS_OK; i++)
		rc = fn(arg, found[i].key, &(home_mark){ .kind = found[i].kind, .due = found[i].due });
	free(found);
	return rc == SESS_OK ? maria_call(self, MARIA_FORGET, in, NULL, err) : rc;
}

/* -- tally and stats --------------------------------------------------------------------------- */

int
maria_tally(void *self, int64_t now, const sess_tally *t, sess_error *err)
{
	int64_t minute = sixtieth(now);
	MYSQL_BIND in[] = { maria_number(&minute), maria_number(&t->started), maria_number(&t->logins),
		maria_number(&t->ended), maria_number(&t->expired) };

	return maria_call(self, MARIA_TALLY, in, NULL, err);
}

/* What a server that errs, or lies, may give: no sum of these gets out of hand. */
static int64_t
sane(int64_t n)
{
	return n < 0 ? 0 : n < SANE_MOST ? n : SANE_MOST;
}

static int
count_live(maria_store *s, int64_t now, sess_stats *out, sess_error *err)
{
	unsigned char kind = 0;
	unsigned long kind_len;
	int64_t live = 0, n = 0, oldest = 0;
	MYSQL_BIND in[] = { maria_number(&now) }, result[] = { maria_room(&kind, 1, &kind_len),
		maria_number(&live), maria_number(&n), maria_number(&oldest) };
	int rc = maria_call(s, MARIA_LIVE, in, result, err);

	if (rc != SESS_OK)
		return rc;
	while (maria_fetch(s, MARIA_LIVE)) {
		home_sum(out, now, kind, live ? INT64_MAX : oldest, sane(n));
	}
	maria_done(s, MARIA_LIVE);
	return SESS_OK;
}

static int
sum_tally(maria_store *s, int64_t now, sess_stats *out, sess_error *err)
{
	int64_t minute = sixtieth(now), from = minute - TALLY_KEPT, at = 0;
	sess_tally t = { 0 };
	MYSQL_BIND in[] = { maria_number(&from), maria_number(&minute) }, result[] = {
		maria_number(&at), maria_number(&t.started), maria_number(&t.logins),
		maria_number(&t.ended), maria_number(&t.expired) };
	int rc = maria_call(s, MARIA_HAPPENED, in, result, err);

	if (rc != SESS_OK)
		return rc;
	while (maria_fetch(s, MARIA_HAPPENED)) {
		if (at > from)
			minutes_add(out, now, at, &t);
	}
	maria_done(s, MARIA_HAPPENED);
	return SESS_OK;
}

int
maria_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	int rc = count_live(self, now, out, err);

	return rc == SESS_OK ? sum_tally(self, now, out, err) : rc;
}
