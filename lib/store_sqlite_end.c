/* SPDX-License-Identifier: ISC */
/* store_sqlite_end.c - ids that come and go: renewal in two steps, replacement, the end. */
#include "store_sqlite.h"

#include <string.h>

/* Logins and rotations that one late logout follows. */
#define SUCCESSORS_MAX 64

/* What is answered as done must be on disk, and the gate need not stay closed for that. */
int
db_finish_synced(sqlite_store *s, int rc, sess_error *err)
{
	int synced;

	rc = db_finish(s, rc, err);
	if (rc < 0)
		return rc;
	synced = wal_sync(s, err);
	return synced == SESS_OK ? rc : synced;
}

/* Mark the record as having an offer: 1, 0 there is one that is young enough, or negative. */
static int
offer_mark(sqlite_store *s, const unsigned char *id, int64_t now, int64_t free_since,
	sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, SQL_OFFER, err);
	int64_t rows;

	if (statement == NULL)
		return err->code;
	db_bind_id(statement, 1, id);
	sqlite3_bind_int64(statement, 2, now);
	sqlite3_bind_int64(statement, 3, free_since);
	rows = db_run(s, statement, err);
	if (rows == 0)
		return db_missed(s, id, now, 0, err);
	return rows < 0 ? (int)rows : 1;
}

static int
offer_trace(sqlite_store *s, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t keep, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, SQL_TRACE_ADD, err);
	int64_t rows;

	if (statement == NULL)
		return err->code;
	db_bind_id(statement, 1, candidate);
	db_bind_id(statement, 2, id);
	db_bind_id(statement, 3, secret);
	sqlite3_bind_int64(statement, 4, now);
	sqlite3_bind_int64(statement, 5, keep);
	rows = db_run(s, statement, err);
	if (rows == 0)
		return sess_fail(err, SESS_CONFLICT, "this id was given out before");
	return rows < 0 ? (int)rows : 1;
}

int
sqlite_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	sqlite_store *s = self;
	int rc = db_begin(s, err);

	if (rc != SESS_OK)
		return rc;
	rc = offer_mark(s, id, now, free_since, err);
	if (rc == 1)
		rc = offer_trace(s, id, candidate, secret, now, keep, err);
	return rc == 1 ? db_finish_synced(s, rc, err) : db_finish(s, rc, err);
}

typedef struct candidate_trace {
	unsigned char session[SESS_ID_BYTES], secret[SESS_ID_BYTES];
} candidate_trace;

/* 1 this is a candidate still, 0 it is something else, or negative. */
static int
candidate_read(sqlite_store *s, const unsigned char *id, int64_t now, candidate_trace *out,
	sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_TRACE, err);
	int rc;

	if (row == NULL)
		return err->code;
	db_bind_id(row, 1, id);
	sqlite3_bind_int64(row, 2, now);
	rc = db_row(s, row, err);
	if (rc <= 0)
		return rc;
	rc = sqlite3_column_int(row, 0) == TRACE_CANDIDATE
		&& db_take_blob(row, 1, out->session, sizeof(out->session))
		&& db_take_blob(row, 2, out->secret, sizeof(out->secret));
	sqlite3_reset(row);
	return rc;
}

/* Bind the id left and the id taken, run: rows changed, or negative. */
static int64_t
run_pair(sqlite_store *s, sqlite3_stmt *statement, const unsigned char *from,
	const unsigned char *to, sess_error *err)
{
	db_bind_id(statement, 1, from);
	if (to != NULL)
		db_bind_id(statement, 2, to);
	return db_run(s, statement, err);
}

/* The record moves to the candidate's id; all that led to the old id leads to the new one. Rows
 * moved, or negative. */
static int64_t
confirm_move(sqlite_store *s, const unsigned char *candidate, const candidate_trace *trace,
	int64_t now, int64_t renew, int64_t keep, sess_error *err)
{
	sqlite3_stmt *retire = db_statement(s, SQL_RETIRE, err);
	sqlite3_stmt *drop = db_statement(s, SQL_TRACE_DROP, err);
	sqlite3_stmt *relead = db_statement(s, SQL_RELEAD, err);
	sqlite3_stmt *move = db_statement(s, SQL_MOVE, err);
	int64_t rows;

	if (retire == NULL || drop == NULL || relead == NULL || move == NULL)
		return err->code;
	sqlite3_bind_int64(retire, 3, now);
	sqlite3_bind_int64(retire, 4, keep);
	sqlite3_bind_int64(relead, 3, now);
	sqlite3_bind_int64(relead, 4, keep);
	db_bind_id(move, 3, trace->secret);
	sqlite3_bind_int64(move, 4, renew);
	rows = run_pair(s, drop, candidate, NULL, err);
	if (rows >= 0)
		rows = run_pair(s, relead, trace->session, candidate, err);
	if (rows >= 0)
		rows = run_pair(s, retire, trace->session, candidate, err);
	return rows > 0 ? run_pair(s, move, trace->session, candidate, err) : rows;
}

static int
confirm_step(sqlite_store *s, const unsigned char *candidate, int64_t now, int64_t renew,
	int64_t keep, sess_error *err)
{
	unsigned char record[SESS_ID_BYTES];
	candidate_trace trace = { .session = { 0 } };
	int64_t rows;
	int rc = candidate_read(s, candidate, now, &trace, err);

	if (rc < 0)
		return rc;
	if (rc == 0) {
		/* Confirmed before, by us or by one whose candidate won: nothing is left to do. */
		rc = db_resolve(s, candidate, now, record, err);
		return rc == 1 ? db_missed(s, record, now, SESS_OK, err)
			: rc == 0 ? sess_fail(err, SESS_GONE, "the session has ended") : rc;
	}
	rows = confirm_move(s, candidate, &trace, now, renew, keep, err);
	if (rows == 0)
		return sess_fail(err, SESS_GONE, "the session has ended");
	return rows < 0 ? (int)rows : SESS_OK;
}

int
sqlite_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew,
	int64_t keep, sess_error *err)
{
	sqlite_store *s = self;
	int rc = db_begin(s, err);

	return rc != SESS_OK ? rc
		: db_finish(s, confirm_step(s, candidate, now, renew, keep, err), err);
}

/* Note in a tally that this row goes: 1, 0 there is none, or negative. */
static int
tally_going(sqlite_store *s, const unsigned char *id, db_tally_of *t, sess_error *err)
{
	sqlite3_stmt *row;
	int rc = db_find(s, SQL_SIGNED_IN, id, &row, err);

	if (rc != 1)
		return rc;
	db_tally_row(t, sqlite3_column_int(row, 0) != 0, -1);
	sqlite3_reset(row);
	return 1;
}

int
db_end_record(sqlite_store *s, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	db_tally_of *t, sess_error *err)
{
	static const sql steps[] = { SQL_ENDED_ALIASES, SQL_ENDED, SQL_REMOVE };
	int rc = tally_going(s, id, t, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		sqlite3_stmt *statement = db_statement(s, steps[i], err);

		if (statement == NULL)
			return err->code;
		db_bind_id(statement, 1, id);
		if (steps[i] != SQL_REMOVE) {
			sqlite3_bind_int64(statement, 2, now);
			sqlite3_bind_int64(statement, 3, keep);
			sqlite3_bind_int(statement, 4, (int)why);
		}
		if (db_run(s, statement, err) < 0)
			return err->code;
	}
	return SESS_OK;
}

/* SESS_OK if a live record has this revision, and the time of its login; SESS_CONFLICT, SESS_GONE or
 * worse. */
static int
guard(sqlite_store *s, const unsigned char *id, uint64_t revision, int64_t now, int64_t *login,
	sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_GUARD, err);
	int64_t found;
	int rc;

	if (row == NULL)
		return err->code;
	db_bind_id(row, 1, id);
	sqlite3_bind_int64(row, 2, now);
	rc = db_row(s, row, err);
	if (rc < 0)
		return rc;
	if (rc == 0)
		return sess_fail(err, SESS_GONE, "the session has ended");
	found = sqlite3_column_int64(row, 0);
	*login = sqlite3_column_int64(row, 1);
	sqlite3_reset(row);
	return found == (int64_t)revision ? SESS_OK
		: sess_fail(err, SESS_CONFLICT, "the session was changed meanwhile");
}

/* Note under an ended id which one took its place. */
static int
succeed(sqlite_store *s, const unsigned char *old, const unsigned char *new, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, SQL_SUCCEED, err);

	if (statement == NULL)
		return err->code;
	return run_pair(s, statement, old, new, err) < 0 ? err->code : SESS_OK;
}

int
sqlite_replace(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	sqlite_store *s = self;
	db_tally_of t = { .started = 0 };
	int64_t login = 0;
	int rc = db_begin(s, err);

	if (rc != SESS_OK)
		return rc;
	rc = guard(s, old, rec->revision, now, &login, err);
	/* A rotation moves the login along; its time is that of a new one only if it is later. */
	t.logins = rec->user != NULL && rec->login != login;
	if (rc == SESS_OK)
		rc = db_end_record(s, old, why, now, keep, &t, err);
	if (rc == SESS_OK)
		rc = db_insert(s, rec, rec->revision + 1, err);
	db_tally_row(&t, rec->user != NULL, 1);
	if (rc == SESS_OK)
		rc = db_tally(s, now, &t, err);
	if (rc == SESS_OK)
		rc = succeed(s, old, rec->id, err);
	return db_finish_synced(s, rc, err);
}

/* The record that an id, or what took its place since, leads to: 1, 0 there is none, or negative.
 * Expired or outdated makes no difference: the clock may be ahead, and go back. */
static int
resolve_successor(sqlite_store *s, const unsigned char *id, unsigned char record[SESS_ID_BYTES],
	sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_SUCCESSOR, err);
	unsigned char at[SESS_ID_BYTES];
	int rc = 0, found = 1;

	if (row == NULL)
		return err->code;
	memcpy(at, id, sizeof(at));
	for (int hops = 0; hops < SUCCESSORS_MAX && rc == 0 && found == 1; hops++) {
		rc = db_resolve(s, at, INT64_MIN, record, err);
		if (rc != 0)
			break;
		db_bind_id(row, 1, at);
		found = db_row(s, row, err);
		if (found == 1 && !db_take_blob(row, 0, at, sizeof(at)))
			found = 0;
		sqlite3_reset(row);
	}
	return found < 0 ? found : rc;
}

static int
end_once(sqlite_store *s, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	unsigned char record[SESS_ID_BYTES];
	db_tally_of t = { .ended = 1 };
	int rc = db_begin(s, err);

	if (rc != SESS_OK)
		return rc;
	rc = resolve_successor(s, id, record, err);
	if (rc == 1)
		rc = db_end_record(s, record, why, now, keep, &t, err);
	if (rc == SESS_OK && t.anonymous + t.signed_in != 0)
		rc = db_tally(s, now, &t, err);
	return db_finish_synced(s, rc, err);
}

int
sqlite_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	sqlite_store *s = self;
	int rc = end_once(s, id, why, now, keep, err);

	/* A logout must not fail because the log cannot grow: it may fit into the log from its start. */
	if (rc == SESS_STORE && s->full && !s->held) {
		wal_reuse(s);
		rc = end_once(s, id, why, now, keep, err);
	}
	return rc;
}
