/* SPDX-License-Identifier: ISC */
/* bench_raw.c - what the library does to its store, by hand-written prepared statements on the same
 * schema: the least that a program without the library would have to do. */
#include "bench.h"

#include <sqlite3.h>

#include <stdlib.h>
#include <string.h>

enum {
	BEGIN, COMMIT, READ, READ_VALUES, CHANGE, TOUCH, START, END_TRACE, END_ALIASES, ROTATE, REMOVE,
	STATEMENTS
};

struct raw {
	sqlite3 *db;
	sqlite3_stmt *statement[STATEMENTS];
	int frames;
	unsigned char copy[1024];       /* of the values, as a program must take it out */
};

static const char *const text[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[READ] = "SELECT secret, family, revision, created, seen, expires, absolute, idle, renew,"
		" offered, login, persist, level, user, address, agent, data FROM session"
		" WHERE id = ?1 AND expires > ?2",
	[READ_VALUES] = "SELECT secret, family, revision, created, seen, expires, absolute, idle,"
		" renew, offered, login, persist, level, user, address, agent,"
		" json_extract(data, '$.cart'), json_extract(data, '$.count'),"
		" json_extract(data, '$.language'), json_extract(data, '$.member'),"
		" json_extract(data, '$.name') FROM session WHERE id = ?1 AND expires > ?2",
	[CHANGE] = "UPDATE session SET data = ?2, revision = revision + 1"
		" WHERE id = ?1 AND revision = ?3 AND expires > ?4",
	[TOUCH] = "UPDATE session SET seen = ?2, expires = ?3 WHERE id = ?1",
	[START] = "INSERT INTO session (id, secret, family, revision, created, seen, expires,"
		" absolute, idle, renew, offered, login, persist, level, user, address, agent, data)"
		" VALUES (?1, ?2, ?3, 1, ?4, ?4, ?5, 0, 2592000, 0, 0, 0, 0, 0, NULL, ?6, ?7, ?8)",
	[END_TRACE] = "INSERT INTO trace (id, kind, at, keep, why) VALUES (?1, 3, ?2, ?3, ?4)",
	[END_ALIASES] = "UPDATE trace SET kind = 3, session = NULL, secret = NULL, at = ?2,"
		" keep = ?3, why = ?4 WHERE session = ?1",
	[ROTATE] = "UPDATE session SET id = ?2, secret = ?3, family = ?4, seen = ?5, expires = ?6,"
		" revision = revision + 1, data = ?7 WHERE id = ?1 AND revision = ?8",
	[REMOVE] = "DELETE FROM session WHERE id = ?1",
};

static void
expect(raw *r, int rc, int wanted)
{
	if (rc != wanted)
		bench_die("hand-written SQL: %s", sqlite3_errmsg(r->db));
}

static int
count_frames(void *arg, sqlite3 *db, const char *name, int frames)
{
	(void)db;
	(void)name;
	((raw *)arg)->frames = frames;
	return SQLITE_OK;
}

raw *
raw_open(const char *path, int kind)
{
	raw *r = calloc(1, sizeof(*r));

	if (r == NULL)
		bench_die("out of memory");
	expect(r, sqlite3_open_v2(path, &r->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL),
		SQLITE_OK);
	sqlite3_busy_timeout(r->db, 5000);
	/* As the library sets them. */
	expect(r, sqlite3_db_config(r->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL), SQLITE_OK);
	expect(r, sqlite3_exec(r->db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
		" PRAGMA cell_size_check = ON; PRAGMA secure_delete = FAST", NULL, NULL, NULL),
		SQLITE_OK);
	if (kind == RAW_PLAIN)
		sqlite3_wal_hook(r->db, count_frames, r);
	for (int i = 0; i < STATEMENTS; i++)
		expect(r, sqlite3_prepare_v3(r->db, text[i], -1, SQLITE_PREPARE_PERSISTENT,
			&r->statement[i], NULL), SQLITE_OK);
	return r;
}

void
raw_close(raw *r)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(r->statement[i]);
	sqlite3_close(r->db);
	free(r);
}

void
raw_list(raw *r, visitors *v)
{
	sqlite3_stmt *all;

	expect(r, sqlite3_prepare_v2(r->db, "SELECT id FROM session", -1, &all, NULL), SQLITE_OK);
	for (size_t i = 0; i < v->count; i++) {
		expect(r, sqlite3_step(all), SQLITE_ROW);
		memcpy(v->id[i], sqlite3_column_blob(all, 0), ID_BYTES);
	}
	sqlite3_finalize(all);
}

static sqlite3_stmt *
bind_id(raw *r, int which, const unsigned char *id)
{
	sqlite3_bind_blob(r->statement[which], 1, id, ID_BYTES, SQLITE_STATIC);
	return r->statement[which];
}

static void
run(raw *r, sqlite3_stmt *statement)
{
	expect(r, sqlite3_step(statement), SQLITE_DONE);
	sqlite3_reset(statement);
}

static void
run_guarded(raw *r, sqlite3_stmt *statement)
{
	run(r, statement);
	if (sqlite3_changes(r->db) != 1)
		bench_die("hand-written SQL: a row is missing");
}

/* Ids and secrets, times, and the three texts. */
static int64_t
read_columns(sqlite3_stmt *s)
{
	int64_t sum = *(const unsigned char *)sqlite3_column_blob(s, 0) +
		*(const unsigned char *)sqlite3_column_blob(s, 1);

	for (int i = 3; i < 13; i++)
		sum += sqlite3_column_int64(s, i);
	for (int i = 13; i < 16; i++)
		sum += sqlite3_column_text(s, i) != NULL;
	return sum;
}

static int64_t
read_row(raw *r, const unsigned char *id)
{
	sqlite3_stmt *s = bind_id(r, READ, id);
	int64_t revision;
	const void *data;

	sqlite3_bind_int64(s, 2, BENCH_NOW);
	expect(r, sqlite3_step(s), SQLITE_ROW);
	if (read_columns(s) == 0)
		bench_die("hand-written SQL: an empty row");
	revision = sqlite3_column_int64(s, 2);
	data = sqlite3_column_text(s, 16);
	memcpy(r->copy, data, (size_t)sqlite3_column_bytes(s, 16));
	sqlite3_reset(s);
	return revision;
}

int64_t
raw_read(raw *r, const unsigned char *id)
{
	return read_row(r, id);
}

int64_t
raw_read_values(raw *r, const unsigned char *id)
{
	sqlite3_stmt *s = bind_id(r, READ_VALUES, id);
	int64_t sum;

	sqlite3_bind_int64(s, 2, BENCH_NOW);
	expect(r, sqlite3_step(s), SQLITE_ROW);
	sum = read_columns(s) + sqlite3_column_int64(s, 16) + sqlite3_column_int64(s, 17) +
		sqlite3_column_text(s, 18)[0] + sqlite3_column_int64(s, 19) +
		sqlite3_column_text(s, 20)[0];
	sqlite3_reset(s);
	return sum;
}

void
raw_change(raw *r, const unsigned char *id)
{
	/* Again, when another writer was faster. */
	do {
		int64_t revision = read_row(r, id);
		sqlite3_stmt *s = bind_id(r, CHANGE, id);

		sqlite3_bind_text(s, 2, bench_json, -1, SQLITE_STATIC);
		sqlite3_bind_int64(s, 3, revision);
		sqlite3_bind_int64(s, 4, BENCH_NOW);
		run(r, s);
	} while (sqlite3_changes(r->db) == 0);
}

void
raw_touch(raw *r, const unsigned char *id, int64_t now)
{
	sqlite3_stmt *s;

	read_row(r, id);
	s = bind_id(r, TOUCH, id);
	sqlite3_bind_int64(s, 2, now);
	sqlite3_bind_int64(s, 3, now + 31 * BENCH_TOUCH);
	run_guarded(r, s);
}

void
raw_start(raw *r, unsigned char *id)
{
	unsigned char secret[ID_BYTES];
	sqlite3_stmt *s = bind_id(r, START, id);

	bench_random(id, ID_BYTES);
	bench_random(secret, ID_BYTES);
	sqlite3_bind_blob(s, 2, secret, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, secret, 16, SQLITE_STATIC);
	sqlite3_bind_int64(s, 4, BENCH_NOW);
	sqlite3_bind_int64(s, 5, BENCH_NOW + 31 * BENCH_TOUCH);
	sqlite3_bind_text(s, 6, "127.0.0.1", -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 7, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101", -1,
		SQLITE_STATIC);
	sqlite3_bind_text(s, 8, bench_json, -1, SQLITE_STATIC);
	run(r, s);
}

/* What was committed is on disk when this returns, as logins and logouts need it. */
static void
sync_log(raw *r)
{
	sqlite3_file *log;

	expect(r, sqlite3_file_control(r->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log), SQLITE_OK);
	expect(r, log->pMethods->xSync(log, SQLITE_SYNC_NORMAL), SQLITE_OK);
}

static void
leave_trace(raw *r, const unsigned char *id, int64_t why)
{
	for (int i = END_TRACE; i <= END_ALIASES; i++) {
		sqlite3_stmt *s = bind_id(r, i, id);

		sqlite3_bind_int64(s, 2, BENCH_NOW);
		sqlite3_bind_int64(s, 3, BENCH_NOW + 21600);
		sqlite3_bind_int64(s, 4, why);
		run(r, s);
	}
}

void
raw_rotate(raw *r, unsigned char *id)
{
	unsigned char next[ID_BYTES], secret[ID_BYTES];
	int64_t revision = read_row(r, id);
	sqlite3_stmt *s;

	bench_random(next, ID_BYTES);
	bench_random(secret, ID_BYTES);
	run(r, r->statement[BEGIN]);
	s = bind_id(r, ROTATE, id);
	sqlite3_bind_blob(s, 2, next, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(s, 3, secret, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(s, 4, secret, 16, SQLITE_STATIC);
	sqlite3_bind_int64(s, 5, BENCH_NOW);
	sqlite3_bind_int64(s, 6, BENCH_NOW + 31 * BENCH_TOUCH);
	sqlite3_bind_text(s, 7, bench_json, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 8, revision);
	run_guarded(r, s);
	leave_trace(r, id, SESS_ROTATED);
	run(r, r->statement[COMMIT]);
	sync_log(r);
	memcpy(id, next, ID_BYTES);
}

void
raw_destroy(raw *r, const unsigned char *id)
{
	read_row(r, id);
	run(r, r->statement[BEGIN]);
	leave_trace(r, id, SESS_LOGGED_OUT);
	run_guarded(r, bind_id(r, REMOVE, id));
	run(r, r->statement[COMMIT]);
	sync_log(r);
}

void
raw_idle(raw *r)
{
	if (r->frames >= 1000)
		sqlite3_wal_checkpoint_v2(r->db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	r->frames = 0;
}

int64_t
raw_latest(raw *r)
{
	sqlite3_stmt *latest;
	int64_t seen;

	expect(r, sqlite3_prepare_v2(r->db, "SELECT max(seen) FROM session", -1, &latest, NULL),
		SQLITE_OK);
	expect(r, sqlite3_step(latest), SQLITE_ROW);
	seen = sqlite3_column_int64(latest, 0);
	sqlite3_finalize(latest);
	return seen;
}
