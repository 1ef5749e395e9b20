/* SPDX-License-Identifier: ISC */
/* store_sqlite_restore.c - puts back what a walk handed on. */
#include "store_sqlite.h"

#include <string.h>

enum { ENDED = 2 };     /* of lookup */

/* The record that ids of an item lead to so far. */
typedef struct standing {
	bool found, user;
	int kind;                       /* of the trace that led there, 0: it is its own id */
	bool passed;                    /* the item is from after a renewal, this from before it */
	unsigned char id[SESS_ID_BYTES], family[SESS_FAMILY_BYTES];
	uint64_t revision;
} standing;

/* The record under just this id: 1, 0 there is none, or negative. */
static int
standing_read(sqlite_store *s, const unsigned char *id, standing *out, sess_error *err)
{
	sqlite3_stmt *row;
	int rc = db_find(s, SQL_STANDING, id, &row, err);

	if (rc != 1)
		return rc;
	if (!db_take_blob(row, 1, out->family, sizeof(out->family)))
		rc = sess_fail(err, SESS_CONFLICT, "%s: the session x'%02x%02x%02x%02x...' there is "
			"damaged; delete it", s->path, id[0], id[1], id[2], id[3]);
	out->found = true;
	out->revision = (uint64_t)sqlite3_column_int64(row, 0);
	out->user = sqlite3_column_int(row, 2) != 0;
	memcpy(out->id, id, sizeof(out->id));
	sqlite3_reset(row);
	return rc;
}

/* Where an id leads, outdated or not: 1 to a record, 0 nowhere, ENDED, or negative. */
static int
lookup(sqlite_store *s, const unsigned char *id, standing *out, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_LEADS, err);
	unsigned char record[SESS_ID_BYTES];
	int rc = row != NULL ? standing_read(s, id, out, err) : err->code;

	if (rc != 0)
		return rc;
	db_bind_id(row, 1, id);
	rc = db_row(s, row, err);
	if (rc != 1)
		return rc;
	out->kind = sqlite3_column_int(row, 0);
	if (out->kind == TRACE_ENDED)
		rc = ENDED;
	else
		rc = db_take_blob(row, 1, record, sizeof(record));
	sqlite3_reset(row);
	return rc == 1 ? standing_read(s, record, out, err) : rc;
}

/* What an id goes through while its session is renewed; it never goes back. */
static int
rank(int kind)
{
	return kind == TRACE_CANDIDATE ? 1 : kind == 0 ? 2 : 3;
}

/* The one record that all ids of an item lead to, if any: SESS_OK, ENDED if one of them ended, or
 * SESS_CONFLICT if they lead to several, or worse. */
static int
find_standing(sqlite_store *s, const sess_item *item, standing *out, sess_error *err)
{
	for (size_t i = 0; i <= item->count; i++) {
		const unsigned char *id = i == 0 ? item->rec->id : item->traces[i - 1].id;
		standing at = { .found = false };
		int rc = lookup(s, id, &at, err);

		if (rc < 0 || rc == ENDED)
			return rc;
		if (rc == 0)
			continue;
		if (memcmp(at.family, item->rec->family, sizeof(at.family)) != 0
			|| (out->found && memcmp(at.id, out->id, sizeof(at.id)) != 0))
			return sess_fail(err, SESS_CONFLICT, "%s: the id x'%02x%02x%02x%02x...' belongs to "
				"another session there", s->path, id[0], id[1], id[2], id[3]);
		at.passed = out->passed
			|| rank(i == 0 ? 0 : item->traces[i - 1].kind) > rank(at.kind);
		*out = at;
	}
	return SESS_OK;
}

/* True if the item is a later state of the same session than the record that is there. A renewal
 * does not move the revision. */
static bool
is_later(const sess_item *item, const standing *there)
{
	if (item->rec->revision != there->revision)
		return item->rec->revision > there->revision;
	return there->passed;
}

static int
run_id(sqlite_store *s, sql which, const unsigned char *id, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, which, err);

	if (statement == NULL)
		return err->code;
	db_bind_id(statement, 1, id);
	return db_run(s, statement, err) < 0 ? err->code : SESS_OK;
}

static int
trace_put(sqlite_store *s, const sess_trace *t, const unsigned char *session, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, SQL_RESTORE_TRACE, err);
	static const unsigned char nothing[SESS_ID_BYTES];
	bool ended = t->kind == SESS_TRACE_ENDED;

	if (statement == NULL)
		return err->code;
	db_bind_id(statement, 1, t->id);
	sqlite3_bind_int(statement, 2, t->kind);
	/* A NULL pointer binds NULL. */
	db_bind_id(statement, 3, ended ? NULL : session);
	db_bind_id(statement, 4, ended ? NULL : t->secret);
	sqlite3_bind_int64(statement, 5, t->at);
	sqlite3_bind_int64(statement, 6, t->keep);
	sqlite3_bind_int(statement, 7, ended ? (int)t->why : 0);
	db_bind_id(statement, 8, ended && memcmp(t->next, nothing, sizeof(nothing)) != 0 ? t->next : NULL);
	return db_run(s, statement, err) < 0 ? err->code : SESS_OK;
}

/* Put the item in the place of what is there: SESS_OK or negative. */
static int
record_put(sqlite_store *s, const sess_item *item, const standing *there, sess_error *err)
{
	const sess_record *rec = item->rec;
	db_tally_of t = { .started = 0 };
	int rc = SESS_OK;

	db_tally_row(&t, rec->user != NULL, 1);
	if (there->found) {
		db_tally_row(&t, there->user, -1);
		rc = run_id(s, SQL_ALIASES_DROP, there->id, err);
		if (rc == SESS_OK)
			rc = run_id(s, SQL_REMOVE, there->id, err);
	}
	/* What led to a record that is gone may be in the way. */
	if (rc == SESS_OK)
		rc = run_id(s, SQL_TRACE_DROP, rec->id, err);
	if (rc == SESS_OK)
		rc = db_insert(s, rec, rec->revision, err);
	for (size_t i = 0; rc == SESS_OK && i < item->count; i++)
		rc = trace_put(s, &item->traces[i], rec->id, err);
	return rc == SESS_OK ? db_tally(s, 0, &t, err) : rc;
}

/* 1 put there, 0 what is there stays, or negative. */
static int
restore_record(sqlite_store *s, const sess_item *item, sess_error *err)
{
	standing there = { .found = false };
	int rc = find_standing(s, item, &there, err);

	if (rc != SESS_OK)
		return rc == ENDED ? 0 : rc;
	if (there.found && !is_later(item, &there))
		return 0;
	rc = record_put(s, item, &there, err);
	return rc == SESS_OK ? 1 : rc;
}

/* An end is final: what the id leads to there ends as well. */
static int
restore_ended(sqlite_store *s, const sess_trace *t, sess_error *err)
{
	standing there = { .found = false };
	db_tally_of gone = { .ended = 0 };
	int rc = lookup(s, t->id, &there, err);

	if (rc < 0 || rc == ENDED)
		return rc == ENDED ? 0 : rc;
	if (rc == 1)
		rc = db_end_record(s, there.id, t->why, t->at, t->keep, &gone, err);
	if (rc == SESS_OK)
		rc = db_tally(s, 0, &gone, err);
	if (rc == SESS_OK)
		rc = trace_put(s, t, NULL, err);
	return rc == SESS_OK ? 1 : rc;
}

static int
restore_step(sqlite_store *s, const sess_item *item, sess_error *err)
{
	return item->rec != NULL ? restore_record(s, item, err) : restore_ended(s, item->traces, err);
}

/* Many items are put back at a time, and a savepoint for each would write more pages than the items
 * themselves. A conflict is seen before anything is written; a failure behind that point undoes all
 * that was done since hold, which release then tells. */
static int
restore_held(sqlite_store *s, const sess_item *item, sess_error *err)
{
	sqlite3_stmt *undo = db_statement(s, SQL_ROLLBACK, err);
	int rc = undo != NULL ? db_enter(s, err) : err->code;
	sess_error ignored;

	if (rc != SESS_OK)
		return rc;
	rc = restore_step(s, item, err);
	if (rc < 0 && rc != SESS_CONFLICT && !sqlite3_get_autocommit(s->db))
		db_run(s, undo, &ignored);
	return rc;
}

/* Most of what is restored a second time is there already, which is seen without a lock: 1 it
 * stays, 0 look closer, or negative. */
static int
stays_surely(sqlite_store *s, const sess_item *item, sess_error *err)
{
	standing there = { .found = false };
	int rc = lookup(s, item->rec != NULL ? item->rec->id : item->traces[0].id, &there, err);

	if (rc < 0 || rc == ENDED || item->rec == NULL)
		return rc == ENDED ? 1 : rc < 0 ? rc : 0;
	return rc == 1 && there.kind == 0 && there.revision >= item->rec->revision
		&& memcmp(there.family, item->rec->family, sizeof(there.family)) == 0;
}

static int
restore_alone(sqlite_store *s, const sess_item *item, sess_error *err)
{
	int rc = db_begin(s, err);

	return rc == SESS_OK ? db_finish(s, restore_step(s, item, err), err) : rc;
}

/* What stays is put on disk as well: who put it there may have died before that. */
int
sqlite_restore(void *self, const sess_item *item, sess_error *err)
{
	sqlite_store *s = self;
	int rc = stays_surely(s, item, err), synced = SESS_OK;

	if (rc == 0)
		rc = s->held ? restore_held(s, item, err) : restore_alone(s, item, err);
	else if (rc > 0)
		rc = 0;
	if (rc >= 0 && item->sync)
		synced = wal_sync(s, err);
	return synced == SESS_OK ? rc : synced;
}
