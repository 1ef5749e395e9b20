/* SPDX-License-Identifier: ISC */
/* bench_gc_fill.c - stores of any size for bench_gc, made in minutes. */
#include "bench_gc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PARTS 20                /* a tree filled in so many passes has pages as full as a grown one */
#define LIFE 1890

static uint64_t state = 1;

/* The next of a sequence of numbers that look random (splitmix64). */
static uint64_t
dice(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* As the library makes them: two bytes of the time at which it was minted, then a hash. */
static void
dice_id(unsigned char *id, int64_t minted)
{
	for (size_t i = 0; i < ID_BYTES; i += sizeof(uint64_t)) {
		uint64_t number = dice();

		memcpy(id + i, &number, sizeof(number));
	}
	id[0] = (unsigned char)(minted / 16 >> 8);
	id[1] = (unsigned char)(minted / 16);
}

typedef struct planned {
	unsigned char id[ID_BYTES];
	int64_t seen, minted;
	bool expired;
} planned;

/* Of those that live, some were left alone for days by visitors who will be remembered. The rest,
 * like those that expired while nobody collected for six hours, took a new id within the quarter
 * of an hour before they were last seen. */
static planned
plan(bool expired)
{
	planned p = { .expired = expired, .seen = BENCH_NOW - (int64_t)(dice() % 1800) };

	if (expired)
		p.seen -= 2 * LIFE + (int64_t)(dice() % (6 * 3600));
	else if (dice() % 5 == 0)
		p.seen -= (int64_t)(dice() % (10 * 86400));
	p.minted = p.seen - (int64_t)(dice() % 900);
	dice_id(p.id, p.minted);
	return p;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(((const planned *)a)->id, ((const planned *)b)->id, ID_BYTES);
}

sqlite3 *
gc_open(const char *store)
{
	char *path = bench_path(store, "library.db");
	sqlite3 *db = NULL;

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		bench_die("%s: %s", path, sqlite3_errmsg(db));
	free(path);
	sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	gc_run(db, "PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON;"
		" PRAGMA secure_delete = ON");
	return db;
}

void
gc_run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		bench_die("%s: %s", sql, sqlite3_errmsg(db));
}

sqlite3_stmt *
gc_prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK)
		bench_die("%s: %s", sql, sqlite3_errmsg(db));
	return statement;
}

size_t
gc_count(const char *store)
{
	sqlite3 *db = gc_open(store);
	sqlite3_stmt *row = gc_prepare(db, "SELECT count(*) FROM session");
	size_t n;

	if (sqlite3_step(row) != SQLITE_ROW)
		bench_die("%s", sqlite3_errmsg(db));
	n = (size_t)sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return n;
}

static void
add(sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		bench_die("%s", sqlite3_errmsg(sqlite3_db_handle(statement)));
	sqlite3_reset(statement);
}

/* Half of them have a user, a tenth an older id that leads to it. */
static void
add_session(sqlite3_stmt *session, sqlite3_stmt *trace, const planned *p)
{
	unsigned char other[ID_BYTES];
	char user[24];

	dice_id(other, p->minted - 900);
	snprintf(user, sizeof(user), "user%07u", (unsigned)(dice() % 3000000));
	sqlite3_bind_blob(session, 1, p->id, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(session, 2, p->seen);
	/* Live ones stay for long: what is resumed must not expire during the bench. */
	sqlite3_bind_int64(session, 3, p->expired ? p->seen + LIFE : BENCH_NOW + 30 * BENCH_TOUCH +
		(int64_t)(dice() % 1800));
	sqlite3_bind_text(session, 4, dice() % 2 ? user : NULL, -1, SQLITE_STATIC);
	sqlite3_bind_blob(session, 5, other, ID_BYTES, SQLITE_STATIC);
	add(session);
	if (dice() % 10 != 0)
		return;
	sqlite3_bind_blob(trace, 1, other, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_blob(trace, 2, p->id, ID_BYTES, SQLITE_STATIC);
	sqlite3_bind_int64(trace, 3, BENCH_NOW + 3600);
	add(trace);
}

static void
fill_rows(sqlite3 *db, size_t live, size_t expired)
{
	sqlite3_stmt *session = gc_prepare(db, "INSERT INTO session SELECT ?1, ?5, zeroblob(16), 1,"
		" ?2 - 600, ?2, ?3, 0, 1800, 0, 0, iif(?4 IS NULL, 0, ?2 - 600), 0, 0, ?4, '192.0.2.17',"
		" 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101', ?6");
	sqlite3_stmt *trace = gc_prepare(db, "INSERT INTO trace (id, kind, session, secret, at, keep,"
		" why) VALUES (?1, 2, ?2, ?1, ?3 - 4200, ?3, 0)");
	size_t all = live + expired, part = (all + PARTS - 1) / PARTS, made = 0;
	planned *p = calloc(part, sizeof(*p));

	if (p == NULL)
		bench_die("out of memory");
	sqlite3_bind_text(session, 6, bench_json, -1, SQLITE_STATIC);
	while (made < all) {
		if (part > all - made)
			part = all - made;
		/* The expired ones are spread evenly, and are just so many. */
		for (size_t k = 0; k < part; k++, made++)
			p[k] = plan(made * expired / all != (made + 1) * expired / all);
		qsort(p, part, sizeof(*p), compare);
		gc_run(db, "BEGIN");
		for (size_t k = 0; k < part; k++)
			add_session(session, trace, &p[k]);
		gc_run(db, "COMMIT");
	}
	free(p);
	sqlite3_finalize(session);
	sqlite3_finalize(trace);
}

void
gc_fill(const char *directory, const char *name, size_t live, size_t expired)
{
	char *store = bench_path(directory, name);
	visitors v = { .count = GC_VISITORS, .token = calloc(GC_VISITORS, sizeof(*v.token)) };
	library l;
	sqlite3 *db;

	if (v.token == NULL || mkdir(store, 0700) != 0)
		bench_die("%s cannot be made", store);
	library_open(&l, store);
	for (size_t i = 0; i < v.count; i++)
		library_start(&l, v.token[i]);
	sess_kit_close(l.kit);
	visitors_save(&v, store);
	visitors_free(&v);
	db = gc_open(store);
	gc_run(db, "PRAGMA journal_mode = DELETE; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
		" PRAGMA cache_size = -2000000");
	fill_rows(db, live, expired);
	gc_run(db, "UPDATE tally SET anonymous = (SELECT count(*) - count(user) FROM session)"
		" - (SELECT sum(anonymous) FROM tally WHERE minute > 0), signed_in ="
		" (SELECT count(user) FROM session) WHERE minute = 0; PRAGMA journal_mode = WAL");
	sqlite3_close(db);
	free(store);
}

static void
copy_file(const char *from, const char *to)
{
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t got;

	if (in < 0 || out < 0)
		bench_die("%s cannot be copied", from);
	while ((got = copy_file_range(in, NULL, out, NULL, (size_t)1 << 30, 0)) > 0)
		;
	if (got < 0 || fsync(out) != 0)
		bench_die("%s cannot be copied", from);
	close(in);
	close(out);
}

char *
gc_copy(const char *directory, const char *from, const char *to)
{
	static const char *const names[] = { "library.db", "library.db.key", "tokens" };
	static const char *const stale[] = { "library.db-wal", "library.db-shm", "library.db-gate" };
	char *source = bench_path(directory, from), *target = bench_path(directory, to);

	if (mkdir(target, 0700) != 0)
		for (size_t i = 0; i < sizeof(stale) / sizeof(stale[0]); i++) {
			char *path = bench_path(target, stale[i]);

			unlink(path);
			free(path);
		}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *old = bench_path(source, names[i]), *new = bench_path(target, names[i]);

		copy_file(old, new);
		free(old);
		free(new);
	}
	free(source);
	return target;
}
