/* SPDX-License-Identifier: ISC */
/* store_sqlite_walk.c - all that is stored, piece by piece: records in the order of their ids, then
 * the ids that ended. Each piece is a short transaction, so that checkpoints go on in between. */
#include "store_sqlite.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* In a cursor: what comes next. */
enum { AT_START, AT_RECORDS, AT_TRACES, AT_MORE_TRACES, AT_END };

/* Of what hands on an item: the piece ends behind it; there is no such item. */
enum { PAUSE = 1, NONE = INT_MAX };

/*
 * What a cursor says. A record that is renewed during the walk may move from ahead of us to behind
 * us; but then its old id retired, and the traces, which come later, lead to it once more. Which
 * retired since the walk began is seen by their times, and those of its first second by whether
 * there are more of them than there were.
 */
typedef struct place {
	int phase;
	unsigned char id[SESS_ID_BYTES];        /* the last one handed on */
	int64_t retired;                        /* when the last id retired before the walk */
	uint32_t ties;                          /* how many did then */
} place;

typedef struct walk {
	sqlite_store *s;
	place at;
	size_t limit;
	sess_item_fn *fn;
	void *arg;
	sess_error *err;
	sess_trace *traces;                     /* of one record */
	size_t room;
	bool damaged;                           /* err says what; the piece ends there */
} walk;

static void
place_write(const place *p, sess_cursor *cursor)
{
	unsigned char *to = cursor->at;

	memset(to, 0, sizeof(cursor->at));
	*to++ = (unsigned char)p->phase;
	memcpy(to, p->id, sizeof(p->id));
	to += sizeof(p->id);
	memcpy(to, &p->retired, sizeof(p->retired));
	to += sizeof(p->retired);
	memcpy(to, &p->ties, sizeof(p->ties));
}

/* False if it cannot be ours: bytes that are merely wrong lead to some other place. */
static bool
place_read(place *p, const sess_cursor *cursor)
{
	const unsigned char *from = cursor->at;

	p->phase = *from++;
	memcpy(p->id, from, sizeof(p->id));
	from += sizeof(p->id);
	memcpy(&p->retired, from, sizeof(p->retired));
	from += sizeof(p->retired);
	memcpy(&p->ties, from, sizeof(p->ties));
	return p->phase <= AT_END;
}

/* -- one item ---------------------------------------------------------------------------------- */

/* What is damaged is left out, but told: the piece ends there. */
static int
damaged(walk *w, const unsigned char *id, const char *what)
{
	w->damaged = true;
	(void)sess_fail(w->err, SESS_OK, "%s: the session x'%02x%02x%02x%02x...' is damaged in %s%s",
		w->s->path, id[0], id[1], id[2], id[3], what, ", and was left out");
	return PAUSE;
}

/* The traces that lead to a record: their number, or negative. */
static int64_t
aliases_read(walk *w, const unsigned char *id)
{
	sqlite3_stmt *row = db_statement(w->s, SQL_WALK_ALIASES, w->err);
	size_t n = 0;
	int rc;

	if (row == NULL)
		return w->err->code;
	db_bind_id(row, 1, id);
	while ((rc = db_row(w->s, row, w->err)) == 1) {
		sess_trace *t;

		if (n == w->room) {
			t = reallocarray(w->traces, w->room * 2 + 8, sizeof(*t));
			if (t == NULL) {
				sqlite3_reset(row);
				return sess_fail(w->err, SESS_NOMEM, "%s: out of memory", w->s->path);
			}
			w->traces = t;
			w->room = w->room * 2 + 8;
		}
		t = &w->traces[n];
		*t = (sess_trace){ .kind = sqlite3_column_int(row, 1), .at = sqlite3_column_int64(row, 3),
			.keep = sqlite3_column_int64(row, 4) };
		if ((t->kind == TRACE_CANDIDATE || t->kind == TRACE_RETIRED)
			&& db_take_blob(row, 0, t->id, sizeof(t->id))
			&& db_take_blob(row, 2, t->secret, sizeof(t->secret)))
			n++;
		else
			damaged(w, id, "an id that leads to it");
	}
	return rc < 0 ? rc : (int64_t)n;
}

/* A row of SQL_WALK or SQL_LOAD: SESS_OK, PAUSE, what the function returned, or negative. */
static int
record_hand_on(walk *w, sqlite3_stmt *row, const unsigned char *id)
{
	sess_record rec = { .revision = 0 };
	const char *column = db_row_read(row, &rec);
	int type = sqlite3_column_type(row, COL_DATA);
	sess_item item = { .rec = &rec };
	int64_t n;
	int rc;

	if (column == NULL && type != SQLITE_TEXT && type != SQLITE_BLOB)
		column = "data";
	if (column != NULL)
		return damaged(w, id, column);
	memcpy(rec.id, id, sizeof(rec.id));
	rec.sealed = type == SQLITE_BLOB;
	rec.data = sqlite3_column_blob(row, COL_DATA);
	rec.len = (size_t)sqlite3_column_bytes(row, COL_DATA);
	if (rec.data == NULL && rec.len > 0)
		return sess_fail(w->err, SESS_NOMEM, "%s: out of memory", w->s->path);
	n = aliases_read(w, id);
	if (n < 0)
		return (int)n;
	item.traces = w->traces;
	item.count = (size_t)n;
	rc = w->fn(w->arg, &item);
	return rc == SESS_OK && w->damaged ? PAUSE : rc;
}

/* A row of SQL_WALK_TRACES of an id that ended. */
static int
ended_hand_on(walk *w, sqlite3_stmt *row)
{
	sess_trace t = { .kind = SESS_TRACE_ENDED, .at = sqlite3_column_int64(row, 3),
		.keep = sqlite3_column_int64(row, 4), .why = SESS_UNKNOWN };
	int64_t why = sqlite3_column_int64(row, 5);

	memcpy(t.id, w->at.id, sizeof(t.id));
	/* Ended without a reason that we know is ended all the same. */
	if (why > SESS_LIVE && why <= SESS_DAMAGED)
		t.why = (sess_status)why;
	if (!db_take_blob(row, 6, t.next, sizeof(t.next)))
		memset(t.next, 0, sizeof(t.next));
	return w->fn(w->arg, &(sess_item){ .traces = &t, .count = 1 });
}

/* The record under just this id, or NONE. */
static int
found_hand_on(walk *w, const unsigned char *id)
{
	sqlite3_stmt *row;
	int rc = db_find(w->s, SQL_LOAD, id, &row, w->err);

	if (rc != 1)
		return rc < 0 ? rc : NONE;
	rc = record_hand_on(w, row, id);
	sqlite3_reset(row);
	return rc;
}

/* The record that a candidate or a retired id leads to, or NONE. */
static int
led_hand_on(walk *w, sqlite3_stmt *trace)
{
	unsigned char id[SESS_ID_BYTES];

	return db_take_blob(trace, 2, id, sizeof(id)) ? found_hand_on(w, id) : NONE;
}

/* -- one piece --------------------------------------------------------------------------------- */

/* A row larger than this store reads: step over it. */
static int
step_over(walk *w)
{
	sqlite3_stmt *row = db_statement(w->s, SQL_WALK_NEXT, w->err);
	int rc;

	if (row == NULL)
		return w->err->code;
	sqlite3_bind_blob(row, 1, w->at.id, w->at.phase == AT_START ? 0 : SESS_ID_BYTES, SQLITE_STATIC);
	rc = db_row(w->s, row, w->err);
	if (rc <= 0)
		return rc;
	if (!db_take_blob(row, 0, w->at.id, sizeof(w->at.id)))
		rc = db_fail(w->s, SQLITE_CORRUPT, w->err);
	sqlite3_reset(row);
	w->at.phase = AT_RECORDS;
	return rc < 0 ? rc : damaged(w, w->at.id, "data, which is larger than max_bytes allows");
}

/* Hand on rows until the limit: SESS_OK when there are no more, PAUSE, or what stopped it. */
static int
walk_rows(walk *w, sqlite3_stmt *row, bool records)
{
	/* Before the first id there is none: nothing is smaller than no bytes at all. */
	bool first = w->at.phase == AT_START || w->at.phase == AT_TRACES;
	unsigned char after[SESS_ID_BYTES];
	int rc = SESS_OK, step;

	memcpy(after, w->at.id, sizeof(after));
	sqlite3_bind_blob(row, 1, after, first ? 0 : sizeof(after), SQLITE_STATIC);
	sqlite3_bind_int64(row, 2, (int64_t)w->limit);
	while ((step = sqlite3_step(row)) == SQLITE_ROW && rc == SESS_OK) {
		if (!db_take_blob(row, records ? COL_ID : 0, w->at.id, sizeof(w->at.id))) {
			rc = db_fail(w->s, SQLITE_CORRUPT, w->err);
			break;
		}
		w->at.phase = records ? AT_RECORDS : AT_MORE_TRACES;
		w->limit--;
		if (records)
			rc = record_hand_on(w, row, w->at.id);
		else if (sqlite3_column_int(row, 1) == TRACE_ENDED)
			rc = ended_hand_on(w, row);
		else if ((rc = led_hand_on(w, row)) == NONE)
			rc = SESS_OK;
	}
	sqlite3_reset(row);
	if (rc == SESS_OK && step == SQLITE_TOOBIG && records)
		return step_over(w);
	if (rc == SESS_OK && step != SQLITE_DONE)
		return db_fail(w->s, step, w->err);
	return rc == SESS_OK && w->limit == 0 ? PAUSE : rc;
}

/* How many ids retired at the time of the last one before the walk. */
static int
count_ties(walk *w, uint32_t *ties)
{
	sqlite3_stmt *row = db_statement(w->s, SQL_WALK_TIES, w->err);
	int rc;

	if (row == NULL)
		return w->err->code;
	sqlite3_bind_int64(row, 1, w->at.retired);
	rc = db_row(w->s, row, w->err);
	if (rc < 0)
		return rc;
	*ties = (uint32_t)sqlite3_column_int64(row, 0);
	sqlite3_reset(row);
	return SESS_OK;
}

static int
walk_start(walk *w)
{
	sqlite3_stmt *row = db_statement(w->s, SQL_WALK_RETIRED, w->err);
	int rc = row != NULL ? db_row(w->s, row, w->err) : w->err->code;

	if (rc < 0)
		return rc;
	w->at.retired = sqlite3_column_type(row, 0) == SQLITE_NULL ? INT64_MIN
		: sqlite3_column_int64(row, 0);
	sqlite3_reset(row);
	return count_ties(w, &w->at.ties);
}

/* All records came: now for the traces. */
static int
turn_to_traces(walk *w)
{
	uint32_t ties = 0;
	int rc = count_ties(w, &ties);

	if (rc == SESS_OK && ties == w->at.ties && w->at.retired < INT64_MAX)
		w->at.retired++;
	w->at.phase = AT_TRACES;
	return rc;
}

static int
walk_piece(walk *w)
{
	sqlite3_stmt *row = db_statement(w->s, SQL_WALK, w->err);
	int rc = row != NULL ? SESS_OK : w->err->code;

	if (rc == SESS_OK && w->at.phase == AT_START)
		rc = walk_start(w);
	if (rc == SESS_OK && w->at.phase <= AT_RECORDS) {
		rc = walk_rows(w, row, true);
		if (rc == SESS_OK)
			rc = turn_to_traces(w);
	}
	if (rc != SESS_OK || w->at.phase == AT_END)
		return rc;
	row = db_statement(w->s, SQL_WALK_TRACES, w->err);
	if (row == NULL)
		return w->err->code;
	sqlite3_bind_int64(row, 3, w->at.retired);
	rc = walk_rows(w, row, false);
	if (rc == SESS_OK)
		w->at.phase = AT_END;
	return rc;
}

int
sqlite_walk(void *self, sess_cursor *cursor, size_t limit, sess_item_fn *fn, void *arg,
	sess_error *err)
{
	walk w = { .s = self, .limit = limit > 0 ? limit : 1, .fn = fn, .arg = arg, .err = err };
	int rc, ended;

	if (w.limit > INT64_MAX)
		w.limit = INT64_MAX;
	if (!place_read(&w.at, cursor))
		return sess_fail(err, SESS_INVALID, "%s: a walk cannot go on from there: the cursor is "
			"damaged; begin anew", w.s->path);
	/* What ends it comes first: if memory ran out then, the transaction would stay open. */
	if (db_statement(w.s, SQL_COMMIT, err) == NULL)
		return err->code;
	rc = db_read_edge(w.s, SQL_BEGIN, err);
	if (rc != SESS_OK)
		return rc;
	rc = walk_piece(&w);
	ended = db_read_edge(w.s, SQL_COMMIT, err);
	free(w.traces);
	place_write(&w.at, cursor);
	return rc < 0 || ended == SESS_OK ? rc : ended;
}

/* -- one item, by whatever id ------------------------------------------------------------------ */

static int
traced_hand_on(walk *w, const unsigned char *id)
{
	sqlite3_stmt *row;
	int rc = db_find(w->s, SQL_ITEM_TRACE, id, &row, w->err);

	if (rc != 1)
		return rc < 0 ? rc : NONE;
	memcpy(w->at.id, id, sizeof(w->at.id));
	rc = sqlite3_column_int(row, 1) == TRACE_ENDED ? ended_hand_on(w, row) : led_hand_on(w, row);
	sqlite3_reset(row);
	return rc;
}

int
sqlite_item(void *self, const unsigned char *id, sess_item_fn *fn, void *arg, sess_error *err)
{
	walk w = { .s = self, .fn = fn, .arg = arg, .err = err };
	int rc, ended;

	if (db_statement(w.s, SQL_COMMIT, err) == NULL)
		return err->code;
	rc = db_read_edge(w.s, SQL_BEGIN, err);
	if (rc != SESS_OK)
		return rc;
	rc = found_hand_on(&w, id);
	if (rc == NONE)
		rc = traced_hand_on(&w, id);
	ended = db_read_edge(w.s, SQL_COMMIT, err);
	free(w.traces);
	if (rc == NONE || (rc == PAUSE && w.damaged))
		rc = 0;
	else if (rc == SESS_OK)
		rc = 1;
	return rc < 0 || ended == SESS_OK ? rc : ended;
}
