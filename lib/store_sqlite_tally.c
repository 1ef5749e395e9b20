/* SPDX-License-Identifier: ISC */
/* store_sqlite_tally.c - how many sessions there are, began and ended: counted as they are written,
 * in the same transaction, because to count millions of rows when somebody asks takes too long. */
#include "minutes.h"
#include "store_sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is older than a day and an hour is of no hour that sess_stats tells. */
#define MINUTES_KEPT (25 * 60)

void
db_tally_row(db_tally_of *t, bool signed_in, int rows)
{
	*(signed_in ? &t->signed_in : &t->anonymous) += rows;
}

int
db_tally(sqlite_store *s, int64_t now, const db_tally_of *t, sess_error *err)
{
	const int64_t number[] = { sixtieth(now), t->started, t->logins, t->ended, t->expired,
		t->anonymous, t->signed_in };
	sqlite3_stmt *statement;
	int64_t any = 0;

	for (size_t i = 1; i < sizeof(number) / sizeof(number[0]); i++)
		any |= number[i];
	if (any == 0)
		return SESS_OK;
	statement = db_statement(s, SQL_TALLY, err);
	if (statement == NULL)
		return err->code;
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		sqlite3_bind_int64(statement, (int)i + 1, number[i]);
	return db_run(s, statement, err) < 0 ? err->code : SESS_OK;
}

/* Add up what is too old: SESS_OK or negative. */
static int
fold(sqlite_store *s, int64_t now, sess_error *err)
{
	static const sql steps[] = { SQL_TALLY_FOLD, SQL_TALLY_FOLDED };
	int64_t rows = 1;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && rows > 0; i++) {
		sqlite3_stmt *statement = db_statement(s, steps[i], err);

		if (statement == NULL)
			return err->code;
		sqlite3_bind_int64(statement, 1, sixtieth(now) - MINUTES_KEPT);
		rows = db_run(s, statement, err);
	}
	return rows < 0 ? (int)rows : SESS_OK;
}

int
db_tally_collected(sqlite_store *s, int64_t now, int64_t anonymous, int64_t signed_in,
	sess_error *err)
{
	const db_tally_of t = { .expired = anonymous + signed_in, .anonymous = -anonymous,
		.signed_in = -signed_in };
	int rc = db_tally(s, now, &t, err);

	return rc == SESS_OK ? fold(s, now, err) : rc;
}

/* -- what sess_summary asks for ---------------------------------------------------------------- */

/* The statement, bound to these and at its first row; NULL: err has the reason. */
static sqlite3_stmt *
ask(sqlite_store *s, sql which, int64_t first, int64_t second, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, which, err);
	int parameters = row != NULL ? sqlite3_bind_parameter_count(row) : 0;

	if (parameters > 0)
		sqlite3_bind_int64(row, 1, first);
	if (parameters > 1)
		sqlite3_bind_int64(row, 2, second);
	return row != NULL && db_row(s, row, err) == 1 ? row : NULL;
}

static int
tell_rows(sqlite_store *s, int64_t now, sess_stats *out, sess_error *err)
{
	sqlite3_stmt *row = ask(s, SQL_STATS, now, 0, err);

	if (row == NULL)
		return err->code;
	out->live = sqlite3_column_int64(row, 0);
	out->signed_in = sqlite3_column_int64(row, 1);
	out->waiting = sqlite3_column_int64(row, 2);
	out->oldest = sqlite3_column_int64(row, 3);
	sqlite3_reset(row);
	return SESS_OK;
}

static int
tell_minutes(sqlite_store *s, int64_t now, sess_stats *out, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_STATS_MINUTES, err);
	int rc;

	if (row == NULL)
		return err->code;
	minutes_none(out);
	sqlite3_bind_int64(row, 1, sixtieth(now) - MINUTES_KEPT);
	sqlite3_bind_int64(row, 2, sixtieth(now));
	while ((rc = db_row(s, row, err)) == 1)
		minutes_add(out, now, sqlite3_column_int64(row, 0), &(sess_tally){
			.started = sqlite3_column_int64(row, 1), .logins = sqlite3_column_int64(row, 2),
			.ended = sqlite3_column_int64(row, 3), .expired = sqlite3_column_int64(row, 4) });
	return rc;
}

static int64_t
file_bytes(const sqlite_store *s, const char *suffix)
{
	char *path = db_beside(s->path, suffix);
	struct stat st;
	int64_t bytes = path != NULL && stat(path, &st) == 0 ? st.st_size : 0;

	free(path);
	return bytes;
}

static int
tell_sizes(sqlite_store *s, sess_stats *out, sess_error *err)
{
	sqlite3_stmt *row = ask(s, SQL_STATS_SIZES, 0, 0, err);

	if (row == NULL)
		return err->code;
	out->free = sqlite3_column_int64(row, 0);
	out->value_bytes = sqlite3_column_int64(row, 1);
	sqlite3_reset(row);
	out->log = file_bytes(s, "-wal");
	out->bytes = file_bytes(s, "") + out->log + file_bytes(s, "-shm") + file_bytes(s, "-gate");
	return SESS_OK;
}

int
sqlite_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	sqlite_store *s = self;
	int rc = tell_rows(s, now, out, err);

	if (rc == SESS_OK)
		rc = tell_minutes(s, now, out, err);
	if (rc == SESS_OK)
		rc = tell_sizes(s, out, err);
	if (rc == SESS_OK)
		gate_stats(&s->gate, &out->waits, &out->longest_us, &out->busy);
	return rc;
}
