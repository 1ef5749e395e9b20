/* SPDX-License-Identifier: ISC */
/* store_sqlite.c - sessions in an SQLite database: the provider, and what changes one record. */
#include "store_sqlite.h"

#include <string.h>

static void
bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	/* A NULL pointer binds NULL. */
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/* The type of what is stored tells sealed from readable. */
static void
bind_data(sqlite3_stmt *statement, int at, const sess_record *rec)
{
	const void *data = rec->data != NULL ? rec->data : "";

	if (rec->sealed)
		sqlite3_bind_blob64(statement, at, data, rec->len, SQLITE_STATIC);
	else
		sqlite3_bind_text64(statement, at, data, rec->len, SQLITE_STATIC, SQLITE_UTF8);
}

/* All of SQL_INSERT. */
static void
record_bind(sqlite3_stmt *statement, const sess_record *rec, uint64_t revision)
{
	const int64_t number[] = { rec->created, rec->seen, rec->expires, rec->absolute, rec->idle,
		rec->renew, rec->offered, rec->login, rec->persist, rec->level };
	int at = 1;

	db_bind_id(statement, at++, rec->id);
	sqlite3_bind_int64(statement, at++, (int64_t)revision);
	db_bind_id(statement, at++, rec->secret);
	sqlite3_bind_blob(statement, at++, rec->family, sizeof(rec->family), SQLITE_STATIC);
	for (size_t i = 0; i < sizeof(number) / sizeof(number[0]); i++)
		sqlite3_bind_int64(statement, at++, number[i]);
	bind_text(statement, at++, rec->user);
	bind_text(statement, at++, rec->address);
	bind_text(statement, at++, rec->agent);
	bind_data(statement, at, rec);
}

int
db_insert(sqlite_store *s, const sess_record *rec, uint64_t revision, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, SQL_INSERT, err);
	int64_t rows;

	if (statement == NULL)
		return err->code;
	record_bind(statement, rec, revision);
	rows = db_run(s, statement, err);
	if (rows == 0)
		return sess_fail(err, SESS_CONFLICT, "this id was given out before");
	return rows < 0 ? (int)rows : SESS_OK;
}

/* Run one bound statement behind the gate: number of rows changed, or negative. */
static int64_t
write_alone(sqlite_store *s, sqlite3_stmt *statement, sess_error *err)
{
	int64_t rows = db_enter(s, err);

	if (rows == SESS_OK) {
		rows = db_run(s, statement, err);
		db_leave(s);
	}
	return rows;
}

int
db_missed(sqlite_store *s, const unsigned char *id, int64_t now, int otherwise, sess_error *err)
{
	sqlite3_stmt *row;
	int64_t expires;
	int rc = db_find(s, SQL_EXPIRES, id, &row, err);

	if (rc < 0)
		return rc;
	expires = rc == 1 ? sqlite3_column_int64(row, 0) : INT64_MIN;
	sqlite3_reset(row);
	if (rc == 0 || expires <= now)
		return sess_fail(err, SESS_GONE, "the session has ended");
	if (otherwise == SESS_CONFLICT)
		return sess_fail(err, SESS_CONFLICT, "the session was changed meanwhile");
	return otherwise;
}

static int
sqlite_insert(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	sqlite_store *s = self;
	db_tally_of t = { .started = 1, .logins = rec->user != NULL };
	int rc = db_begin(s, err);

	if (rc != SESS_OK)
		return rc;
	rc = db_insert(s, rec, 1, err);
	db_tally_row(&t, rec->user != NULL, 1);
	if (rc == SESS_OK)
		rc = db_tally(s, now, &t, err);
	rc = db_finish(s, rc, err);
	return rc == SESS_OK && (flags & SESS_SYNC) != 0 ? wal_sync(s, err) : rc;
}

static int
sqlite_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	sqlite_store *s = self;
	bool all = part == SESS_PART_ALL;
	sqlite3_stmt *statement = db_statement(s, all ? SQL_UPDATE_ALL : SQL_UPDATE_DATA, err);
	int64_t rows;

	if (statement == NULL)
		return err->code;
	bind_data(statement, 1, rec);
	db_bind_id(statement, 2, rec->id);
	sqlite3_bind_int64(statement, 3, (int64_t)rec->revision);
	sqlite3_bind_int64(statement, 4, now);
	if (all) {
		sqlite3_bind_int64(statement, 5, rec->seen);
		sqlite3_bind_int64(statement, 6, rec->expires);
		sqlite3_bind_int64(statement, 7, rec->absolute);
		sqlite3_bind_int64(statement, 8, rec->idle);
		sqlite3_bind_int64(statement, 9, rec->persist);
		bind_text(statement, 10, rec->address);
		bind_text(statement, 11, rec->agent);
	}
	rows = write_alone(s, statement, err);
	if (rows == 0)
		return db_missed(s, rec->id, now, SESS_CONFLICT, err);
	return rows < 0 ? (int)rows : SESS_OK;
}

static int
sqlite_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	sqlite_store *s = self;
	sqlite3_stmt *statement = db_statement(s, SQL_TOUCH, err);
	int64_t rows;

	if (statement == NULL)
		return err->code;
	db_bind_id(statement, 1, id);
	sqlite3_bind_int64(statement, 2, seen);
	sqlite3_bind_int64(statement, 3, expires);
	rows = write_alone(s, statement, err);
	if (rows == 0)
		return sess_fail(err, SESS_GONE, "the session has ended");
	return rows < 0 ? (int)rows : SESS_OK;
}

/* The number under this name, 0 if there is none: SESS_OK or negative. */
static int
mark_get(sqlite_store *s, const char *name, int64_t *value, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_MARK, err);
	int rc;

	*value = 0;
	if (row == NULL)
		return err->code;
	bind_text(row, 1, name);
	rc = db_row(s, row, err);
	if (rc <= 0)
		return rc;
	*value = sqlite3_column_int64(row, 0);
	sqlite3_reset(row);
	return SESS_OK;
}

static int
mark_swap(sqlite_store *s, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *err)
{
	sqlite3_stmt *statement;
	int rc = mark_get(s, name, found, err);

	if (rc != SESS_OK || *found != expected)
		return rc;
	statement = db_statement(s, SQL_MARK_SET, err);
	if (statement == NULL)
		return err->code;
	bind_text(statement, 1, name);
	sqlite3_bind_int64(statement, 2, value);
	return db_run(s, statement, err) < 0 ? err->code : 1;
}

static int
sqlite_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *err)
{
	sqlite_store *s = self;
	int rc = mark_get(s, name, found, err);

	/* Who lost already, or only reads, need not stand in the queue. */
	if (rc != SESS_OK || *found != expected)
		return rc;
	if (value == expected)
		return 1;
	rc = db_begin(s, err);
	if (rc != SESS_OK)
		return rc;
	return db_finish(s, mark_swap(s, name, expected, value, found, err), err);
}

static int
sqlite_settle(void *self, sess_error *err)
{
	return wal_sync(self, err);
}

const sess_provider sess_provider_sqlite = {
	.abi = SESS_STORE_ABI,
	.scheme = "sqlite",
	.flags = SESS_STORE_LOCAL,
	.open = sqlite_open,
	.close = sqlite_close,
	.load = sqlite_load,
	.insert = sqlite_insert,
	.update = sqlite_update,
	.touch = sqlite_touch,
	.offer = sqlite_offer,
	.confirm = sqlite_confirm,
	.replace = sqlite_replace,
	.end = sqlite_end,
	.end_all = sqlite_end_all,
	.list = sqlite_list,
	.count = sqlite_count,
	.collect = sqlite_collect,
	.cas = sqlite_cas,
	.hold = sqlite_hold,
	.release = sqlite_release,
	.idle = sqlite_idle,
	.forked = sqlite_forked,
	.stats = sqlite_stats,
	.tidy = sqlite_tidy,
	.examine = sqlite_examine,
	.walk = sqlite_walk,
	.restore = sqlite_restore,
	.item = sqlite_item,
	.settle = sqlite_settle,
};
