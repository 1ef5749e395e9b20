/* SPDX-License-Identifier: ISC */
/* store_sqlite_list.c - many sessions at once: list, count, end. */
#include "store_sqlite.h"

/* The one of three statements that means the sessions of this query, with ?1 to ?3 bound. */
static sqlite3_stmt *
select_for(sqlite_store *s, sql first, const sess_query *query, sess_error *err)
{
	int which = query->user == NULL ? 0 : *query->user == '\0' ? 1 : 2;
	sqlite3_stmt *statement = db_statement(s, (sql)((int)first + which), err);

	if (statement == NULL)
		return NULL;
	sqlite3_bind_int64(statement, 1, query->now);
	sqlite3_bind_int64(statement, 2, query->since == 0 ? INT64_MIN : query->since);
	if (which == 2)
		sqlite3_bind_text(statement, 3, query->user, -1, SQLITE_STATIC);
	return statement;
}

static int
list_row(sqlite3_stmt *row, sess_record_fn *fn, void *arg)
{
	sess_record rec = { .revision = 0 };

	/* A damaged row is not a session; its own visitor hears of it. */
	if (db_row_read(row, &rec) != NULL || !db_take_blob(row, COL_ID, rec.id, sizeof(rec.id)))
		return SESS_OK;
	rec.len = (size_t)sqlite3_column_int64(row, COL_DATA);
	return fn(arg, &rec);
}

int
sqlite_list(void *self, const sess_query *query, sess_record_fn *fn, void *arg, sess_error *err)
{
	sqlite_store *s = self;
	sqlite3_stmt *row = select_for(s, SQL_LIST, query, err);
	int rc, stopped = SESS_OK;

	if (row == NULL)
		return err->code;
	sqlite3_bind_int64(row, 4, query->limit == 0 || query->limit > INT64_MAX ? -1
		: (int64_t)query->limit);
	while (stopped == SESS_OK && (rc = db_row(s, row, err)) != 0) {
		if (rc < 0)
			return rc;
		stopped = list_row(row, fn, arg);
	}
	sqlite3_reset(row);
	return stopped;
}

/* One number of one row: SESS_OK or negative. */
static int
read_number(sqlite_store *s, sqlite3_stmt *row, int64_t *out, sess_error *err)
{
	int rc = db_row(s, row, err);

	if (rc < 0)
		return rc;
	*out = sqlite3_column_int64(row, 0);
	sqlite3_reset(row);
	return SESS_OK;
}

/* All there are is known by the tally; only expired ones are counted, to be taken away from that. */
int
sqlite_count(void *self, const sess_query *query, size_t *n, sess_error *err)
{
	sqlite_store *s = self;
	sqlite3_stmt *row = select_for(s, query->since == 0 ? SQL_COUNT : SQL_COUNT_SINCE, query, err);
	int64_t number = 0;
	int rc;

	*n = 0;
	if (row == NULL)
		return err->code;
	rc = read_number(s, row, &number, err);
	/* A tally that was tampered with must not count below nothing. */
	*n = number > 0 ? (size_t)number : 0;
	return rc;
}

/* Bind what all three statements have in common. No id is empty: all are meant. */
static void
bind_except(sqlite3_stmt *statement, const unsigned char *except)
{
	sqlite3_bind_blob(statement, 4, except != NULL ? (const void *)except : "",
		except != NULL ? SESS_ID_BYTES : 0, SQLITE_STATIC);
}

/* The rows that go, by kind: SESS_OK or negative. */
static int
tally_selected(sqlite_store *s, const sess_query *ever, const unsigned char *except,
	db_tally_of *t, sess_error *err)
{
	sqlite3_stmt *row = select_for(s, SQL_ALL_TALLY, ever, err);
	int rc;

	if (row == NULL)
		return err->code;
	bind_except(row, except);
	rc = db_row(s, row, err);
	if (rc < 0)
		return rc;
	t->anonymous = -sqlite3_column_int64(row, 0);
	t->signed_in = -sqlite3_column_int64(row, 1);
	t->ended = -t->anonymous - t->signed_in;
	sqlite3_reset(row);
	return SESS_OK;
}

/* Expired records are meant as well, for the same reason as in sqlite_end: SESS_OK or negative. */
static int
end_selected(sqlite_store *s, const sess_query *query, const unsigned char *except,
	sess_status why, int64_t keep, db_tally_of *t, sess_error *err)
{
	static const sql steps[] = { SQL_ALL_ALIASES, SQL_ALL_ENDED, SQL_ALL_REMOVE };
	sess_query ever = *query;
	int rc;

	ever.now = INT64_MIN;
	rc = tally_selected(s, &ever, except, t, err);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && rc == SESS_OK; i++) {
		sqlite3_stmt *statement = select_for(s, steps[i], &ever, err);

		if (statement == NULL)
			return err->code;
		bind_except(statement, except);
		if (steps[i] != SQL_ALL_REMOVE) {
			sqlite3_bind_int64(statement, 5, query->now);
			sqlite3_bind_int64(statement, 6, keep);
			sqlite3_bind_int(statement, 7, (int)why);
		}
		if (db_run(s, statement, err) < 0)
			rc = err->code;
	}
	return rc;
}

int
sqlite_end_all(void *self, const sess_query *query, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *err)
{
	sqlite_store *s = self;
	unsigned char record[SESS_ID_BYTES];
	db_tally_of t = { .ended = 0 };
	int rc = db_begin(s, err);

	*n = 0;
	if (rc != SESS_OK)
		return rc;
	/* The one to be kept may have been renewed since its name was read. */
	if (except != NULL)
		rc = db_resolve(s, except, INT64_MIN, record, err);
	if (rc >= 0)
		rc = end_selected(s, query, rc == 1 ? record : NULL, why, keep, &t, err);
	if (rc == SESS_OK)
		rc = db_tally(s, query->now, &t, err);
	rc = db_finish_synced(s, rc, err);
	if (rc == SESS_OK)
		*n = (size_t)t.ended;
	return rc;
}
