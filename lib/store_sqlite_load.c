/* SPDX-License-Identifier: ISC */
/* store_sqlite_load.c - rows to records: load, and the trail of ids that lead to one. */
#include "store_sqlite.h"

#include <string.h>

/* No honest trail is longer than one, unless a clock went back: renewals lead all former ids that
 * are not outdated to the newest. */
#define HOPS_MAX 64
/* What sealing may add to max_bytes. */
#define SEAL_ROOM 256

enum { MISSING = 2 };   /* of load_row: there is no such row, expired or not */

typedef struct trail {
	int kind;
	int64_t at;
	unsigned char secret[SESS_ID_BYTES];
	bool has_secret;
	int why;
} trail;

bool
db_take_blob(sqlite3_stmt *row, int col, void *out, size_t len)
{
	const void *blob;

	if (sqlite3_column_type(row, col) != SQLITE_BLOB)
		return false;
	blob = sqlite3_column_blob(row, col);
	if (blob == NULL || (size_t)sqlite3_column_bytes(row, col) != len)
		return false;
	memcpy(out, blob, len);
	return true;
}

static bool
take_number(sqlite3_stmt *row, int col, int64_t *out)
{
	if (sqlite3_column_type(row, col) != SQLITE_INTEGER)
		return false;
	*out = sqlite3_column_int64(row, col);
	return true;
}

/* Lent by SQLite; a NUL inside would hide the rest of the text. */
static bool
take_text(sqlite3_stmt *row, int col, const char **out)
{
	int type = sqlite3_column_type(row, col);

	*out = NULL;
	if (type == SQLITE_NULL)
		return true;
	if (type != SQLITE_TEXT)
		return false;
	*out = (const char *)sqlite3_column_text(row, col);
	return *out != NULL && strlen(*out) == (size_t)sqlite3_column_bytes(row, col);
}

const char *
db_row_read(sqlite3_stmt *row, sess_record *rec)
{
	int64_t *const number[] = { &rec->created, &rec->seen, &rec->expires, &rec->absolute,
		&rec->idle, &rec->renew, &rec->offered, &rec->login, &rec->persist, &rec->level };
	const char **const text[] = { &rec->user, &rec->address, &rec->agent };
	int64_t revision;

	if (!db_take_blob(row, COL_SECRET, rec->secret, sizeof(rec->secret)))
		return "secret";
	if (!db_take_blob(row, COL_FAMILY, rec->family, sizeof(rec->family)))
		return "family";
	if (!take_number(row, COL_REVISION, &revision) || revision < 1)
		return "revision";
	rec->revision = (uint64_t)revision;
	for (int i = 0; i < COL_USER - COL_NUMBERS; i++)
		if (!take_number(row, COL_NUMBERS + i, number[i]))
			return sqlite3_column_name(row, COL_NUMBERS + i);
	/* The age of a login is told, and that of no time would overflow. */
	if (rec->login < 0)
		return "login";
	for (int i = 0; i < COL_DATA - COL_USER; i++)
		if (!take_text(row, COL_USER + i, text[i]))
			return sqlite3_column_name(row, COL_USER + i);
	return NULL;
}

/* Copy what the record points to, before the statement is reset. */
static bool
row_keep(sqlite3_stmt *row, sess_record *rec, sess_sink *sink)
{
	const char **const text[] = { &rec->user, &rec->address, &rec->agent };
	const void *data = sqlite3_column_blob(row, COL_DATA);

	rec->len = (size_t)sqlite3_column_bytes(row, COL_DATA);
	if (data == NULL && rec->len > 0)
		return false;
	rec->sealed = sqlite3_column_type(row, COL_DATA) == SQLITE_BLOB;
	rec->data = sess_sink_put(sink, data, rec->len);
	for (size_t i = 0; rec->data != NULL && i < sizeof(text) / sizeof(text[0]); i++) {
		if (*text[i] == NULL)
			continue;
		*text[i] = sess_sink_put(sink, *text[i], strlen(*text[i]));
		if (*text[i] == NULL)
			return false;
	}
	return rec->data != NULL;
}

static int
damaged(const sqlite_store *s, const unsigned char *id, const char *column, sess_record *rec,
	sess_error *err)
{
	rec->ended = SESS_DAMAGED;
	sess_fail(err, SESS_OK, "%s: the session x'%02x%02x%02x%02x...' is damaged in column %s",
		s->path, id[0], id[1], id[2], id[3], column);
	return 0;
}

static bool
data_fits(const sqlite_store *s, sqlite3_stmt *row)
{
	int type = sqlite3_column_type(row, COL_DATA);

	return (type == SQLITE_TEXT || type == SQLITE_BLOB) && (s->max_bytes == 0
		|| (size_t)sqlite3_column_bytes(row, COL_DATA) <= s->max_bytes + SEAL_ROOM);
}

/* The row under just this id: 1, 0 with ended set, MISSING, or negative. Unless 1, what rec points
 * to is void. */
static int
load_row(sqlite_store *s, const unsigned char *id, int64_t now, sess_record *rec, sess_sink *sink,
	sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_LOAD, err);
	const char *column;
	int rc;

	if (row == NULL)
		return err->code;
	db_bind_id(row, 1, id);
	rc = sqlite3_step(row);
	if (rc != SQLITE_ROW) {
		sqlite3_reset(row);
		if (rc == SQLITE_TOOBIG)
			return damaged(s, id, "data", rec, err);
		return rc == SQLITE_DONE ? MISSING : db_fail(s, rc, err);
	}
	column = db_row_read(row, rec);
	if (column == NULL && !data_fits(s, row))
		column = "data";
	if (column != NULL) {
		rc = damaged(s, id, column, rec, err);
	} else if (rec->expires <= now) {
		rec->ended = rec->absolute != 0 && rec->absolute <= now ? SESS_AGED : SESS_IDLE;
		rc = 0;
	} else {
		memcpy(rec->id, id, SESS_ID_BYTES);
		rc = row_keep(row, rec, sink) ? 1 : sess_fail(err, SESS_NOMEM, "out of memory");
	}
	sqlite3_reset(row);
	return rc;
}

/* Where this id leads: 1 and the next id, 0 nowhere (then first may say why), or negative. first is
 * filled by the first trace of a trail, and by the last one if that one says why. */
static int
trail_next(sqlite_store *s, unsigned char *id, int64_t now, trail *first, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_TRACE, err);
	int64_t kind = 0, why = 0;
	int rc;

	if (row == NULL)
		return err->code;
	db_bind_id(row, 1, id);
	sqlite3_bind_int64(row, 2, now);
	rc = db_row(s, row, err);
	if (rc <= 0)
		return rc;
	rc = take_number(row, 0, &kind) && db_take_blob(row, 1, id, SESS_ID_BYTES);
	if (first->kind == 0 && take_number(row, 3, &first->at))
		first->has_secret = db_take_blob(row, 2, first->secret, sizeof(first->secret));
	if (first->kind == 0 || kind == TRACE_ENDED)
		first->kind = (int)kind;
	if (kind == TRACE_ENDED) {
		rc = 0;
		if (take_number(row, 3, &first->at) && take_number(row, 4, &why)
			&& why > SESS_LIVE && why <= SESS_DAMAGED)
			first->why = (int)why;
	}
	sqlite3_reset(row);
	return rc;
}

/* The trail ends without a record: 0 with ended set, and since if a trace said why. */
static int
nowhere(sess_record *rec, const trail *last)
{
	rec->ended = last->why != 0 ? (sess_status)last->why : SESS_UNKNOWN;
	if (last->why != 0)
		rec->since = last->at;
	return 0;
}

/* By way of traces, inside a transaction: while we look, the id may be renewed. */
static int
load_by_trail(sqlite_store *s, const unsigned char *id, int64_t now, sess_record *rec,
	sess_sink *sink, sess_error *err)
{
	unsigned char next[SESS_ID_BYTES];
	trail first = { .kind = 0 };
	int rc = MISSING;

	memcpy(next, id, sizeof(next));
	for (int hops = 0; hops < HOPS_MAX && rc == MISSING; hops++) {
		rc = load_row(s, next, now, rec, sink, err);
		if (rc != MISSING)
			break;
		rc = trail_next(s, next, now, &first, err);
		if (rc < 0)
			return rc;
		if (rc == 0)
			return nowhere(rec, &first);
		rc = MISSING;
	}
	if (rc == MISSING)
		return nowhere(rec, &(trail){ .why = 0 });
	if (rc != 1 || first.kind == 0)
		return rc;
	if (!first.has_secret)
		return damaged(s, id, "secret", rec, err);
	memcpy(rec->secret, first.secret, sizeof(first.secret));
	rec->since = first.at;
	rec->via = first.kind == TRACE_CANDIDATE ? SESS_VIA_CANDIDATE : SESS_VIA_RETIRED;
	return 1;
}

int
db_read_edge(sqlite_store *s, sql which, sess_error *err)
{
	sqlite3_stmt *statement = s->held ? NULL : db_statement(s, which, err);

	if (statement == NULL)
		return s->held ? SESS_OK : err->code;
	return db_run(s, statement, err) < 0 ? err->code : SESS_OK;
}

/* The record, by whatever id: 1, 0 with ended set, or negative. */
static int
load_any(sqlite_store *s, const unsigned char *id, int64_t now, sess_record *rec, sess_sink *sink,
	sess_error *err)
{
	int rc = load_row(s, id, now, rec, sink, err), ended;

	if (rc == 1)
		rec->since = 0;
	if (rc != MISSING)
		return rc;
	/* What ends it comes first: if memory ran out then, the transaction would stay open. */
	if (db_statement(s, SQL_COMMIT, err) == NULL)
		return err->code;
	rc = db_read_edge(s, SQL_BEGIN, err);
	if (rc != SESS_OK)
		return rc;
	rc = load_by_trail(s, id, now, rec, sink, err);
	ended = db_read_edge(s, SQL_COMMIT, err);
	return rc < 0 || ended == SESS_OK ? rc : ended;
}

/* What is not a live record in full never gets into the caller's: that may be one in use. */
int
sqlite_load(void *self, const unsigned char *id, int64_t now, sess_record *rec, sess_sink *sink,
	sess_error *err)
{
	sess_record found = { .since = rec->since };
	int rc = load_any(self, id, now, &found, sink, err);

	if (rc == 1) {
		*rec = found;
	} else if (rc == 0) {
		rec->ended = found.ended;
		rec->since = found.since;
	}
	return rc;
}

int
db_resolve(sqlite_store *s, const unsigned char *id, int64_t now,
	unsigned char record[SESS_ID_BYTES], sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_EXPIRES, err);
	trail ignored = { .kind = 0 };
	int rc = 1;

	if (row == NULL)
		return err->code;
	memcpy(record, id, SESS_ID_BYTES);
	for (int hops = 0; hops < HOPS_MAX && rc == 1; hops++) {
		db_bind_id(row, 1, record);
		rc = db_row(s, row, err);
		if (rc != 0) {
			sqlite3_reset(row);
			return rc;
		}
		rc = trail_next(s, record, now, &ignored, err);
	}
	return rc < 0 ? rc : 0;
}
