/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite_collect.c - expired records out of the database, in slices that other writers hardly
 * notice: each is one transaction, as long as a time says and not a number of rows, since a row may
 * take 5 us or, where each lies in a page of its own of a large file, a hundred.
 *
 * Rows go in the order in which they expire, as the contract has it of each call. In the order of
 * their ids, many at a time, each page of the table would be written once, but those of the two
 * indexes by time again and again: with 5 million rows 2.4 pages a row went to the log instead of
 * 2.0. With some 100 000 rows, where those indexes are small, the order of ids is the faster one.
 */
#include "store_sqlite.h"

#include <time.h>

/* How long a slice keeps other writers out: not much longer than one of them does; and when none
 * came for a while, a share of that while, for whoever then comes waits. */
#define SLICE_US 100
#define SLICE_MOST_US 250000
/* When nobody else even has the store open. */
#define SLICE_ALONE_US 1000000
#define QUIET_SHARE 32
/* Since the last one came: until then they have gate, processor and disk for so many times as long
 * as we had them, a checkpoint included. */
#define REST_US (QUIET_SHARE * SLICE_US)
#define REST_TIMES 8
#define REST_MOST_US 500000
/* After such a pause nobody knows who came when. */
#define PAUSE_US 1000000
/* Who asks for so few rows has other work in between, such as requests. */
#define FEW 64
/* Rows between two looks at the time, in short slices and in long ones. */
#define CHUNK 4
#define CHUNK_LONG 8192
#define LONG_US (10 * SLICE_US)

int64_t
db_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Turns at the gate tell whether others write; but the first slice after a while cannot know when
 * they did. */
int
slice_begin(sqlite_store *s, sess_error *err)
{
	int64_t before = s->slice_began;
	unsigned expected = s->turns + 1;
	int rc = db_begin(s, err);

	if (rc != SESS_OK)
		return rc;
	s->turns = gate_turns(&s->gate);
	s->slice_began = db_now_us();
	if (before == 0 || s->slice_began - before >= PAUSE_US)
		s->quiet_since = s->slice_began - REST_US;
	else if (s->turns != expected)
		s->quiet_since = s->slice_began;
	s->slice_us = (s->slice_began - s->quiet_since) / QUIET_SHARE;
	if (s->slice_us < SLICE_US)
		s->slice_us = SLICE_US;
	else if (s->slice_us > SLICE_MOST_US)
		s->slice_us = SLICE_MOST_US;
	if (gate_alone(&s->gate))
		s->slice_us = SLICE_ALONE_US;
	return SESS_OK;
}

bool
slice_over(const sqlite_store *s)
{
	return db_now_us() - s->slice_began >= s->slice_us;
}

void
slice_rest(const sqlite_store *s)
{
	int64_t now = db_now_us(), rest = (now - s->slice_began) * REST_TIMES;

	if (rest > REST_MOST_US)
		rest = REST_MOST_US;
	if (now - s->quiet_since < REST_US)
		nanosleep(&(struct timespec){ .tv_nsec = (long)rest * 1000 }, NULL);
}

/* Mostly nothing is due, which is seen without a lock. */
static int
collect_due(sqlite_store *s, int64_t now, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_COLLECT_DUE, err);
	int rc;

	if (row == NULL)
		return err->code;
	sqlite3_bind_int64(row, 1, now);
	rc = db_row(s, row, err);
	if (rc < 0)
		return rc;
	rc = sqlite3_column_int(row, 0);
	sqlite3_reset(row);
	return rc;
}

/* Number of rows deleted, or negative. */
static int64_t
collect_from(sqlite_store *s, sql which, int64_t now, size_t rows, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, which, err);

	if (statement == NULL)
		return err->code;
	sqlite3_bind_int64(statement, 1, now);
	sqlite3_bind_int64(statement, 2, (int64_t)rows);
	return db_run(s, statement, err);
}

/* Which rows go, by kind: SESS_OK or negative. */
static int
collect_tally(sqlite_store *s, int64_t now, size_t rows, db_tally_of *t, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_COLLECT_TALLY, err);
	int rc;

	if (row == NULL)
		return err->code;
	sqlite3_bind_int64(row, 1, now);
	sqlite3_bind_int64(row, 2, (int64_t)rows);
	rc = db_row(s, row, err);
	if (rc < 0)
		return rc;
	t->anonymous += sqlite3_column_int64(row, 0);
	t->signed_in += sqlite3_column_int64(row, 1);
	sqlite3_reset(row);
	return SESS_OK;
}

/* So many of the oldest sessions, and what leads to them, which is not counted. */
static int64_t
collect_sessions(sqlite_store *s, int64_t now, size_t rows, db_tally_of *t, sess_error *err)
{
	int64_t traces = collect_tally(s, now, rows, t, err);

	if (traces >= 0)
		traces = collect_from(s, SQL_COLLECT_ALIASES, now, rows, err);
	return traces < 0 ? traces : collect_from(s, SQL_COLLECT_SESSIONS, now, rows, err);
}

/* Sessions first, then traces, until one is enough, or the time is over: 1 there may be more, 0 there
 * is no more, or negative. */
static int
collect_chunks(sqlite_store *s, int64_t now, size_t rows, size_t *n, db_tally_of *t,
	sess_error *err)
{
	bool sessions = true;

	do {
		size_t most = s->slice_us >= LONG_US ? CHUNK_LONG : CHUNK;
		int64_t some;

		if (most > rows - *n)
			most = rows - *n;
		some = sessions ? collect_sessions(s, now, most, t, err) :
			collect_from(s, SQL_COLLECT_TRACES, now, most, err);
		if (some < 0)
			return (int)some;
		*n += (size_t)some;
		if ((size_t)some < most && !sessions)
			return 0;
		sessions = sessions && (size_t)some == most;
	} while (*n < rows && !slice_over(s));
	return 1;
}

static int
collect_slice(sqlite_store *s, int64_t now, size_t rows, size_t *n, sess_error *err)
{
	db_tally_of t = { .started = 0 };
	int rc = slice_begin(s, err), counted;

	*n = 0;
	if (rc != SESS_OK)
		return rc;
	rc = collect_chunks(s, now, rows, n, &t, err);
	if (rc >= 0 && (counted = db_tally_collected(s, now, t.anonymous, t.signed_in, err)) < 0)
		rc = counted;
	rc = db_finish(s, rc, err);
	if (rc < 0)
		*n = 0;
	else
		keep_short(s, s->slice_us >= LONG_US);
	return rc;
}

int
sqlite_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *err)
{
	sqlite_store *s = self;
	int rc = collect_due(s, now, err);
	size_t some;

	*n = 0;
	while (rc > 0 && *n < rows) {
		if (rows > FEW && (rc = keep_begin(s, err)) != SESS_OK)
			break;
		rc = collect_slice(s, now, rows - *n, &some, err);
		*n += some;
		if (rc > 0 && rows > FEW)
			slice_rest(s);
	}
	/* What was done stands; the next call meets the failure and tells it. */
	return rc < 0 && *n == 0 ? rc : SESS_OK;
}
