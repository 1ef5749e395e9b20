/* SPDX-License-Identifier: ISC */
/* bench_gc_hand.c - expired sessions deleted by hand-written SQL, in several ways. */
#include "bench_gc.h"

#include <stdlib.h>
#include <string.h>

#define FRAMES_MOST 9000        /* the log is emptied beyond; not within a transaction */

typedef struct hand {
	sqlite3 *db;
	sqlite3_stmt *ids, *aliases, *sessions;
	int frames, most;
} hand;

static int
count_frames(void *arg, sqlite3 *db, const char *name, int frames)
{
	hand *h = arg;

	(void)db;
	(void)name;
	h->frames = frames;
	h->most = frames > h->most ? frames : h->most;
	return SQLITE_OK;
}

static void
empty_log(hand *h, int mode)
{
	if (sqlite3_wal_checkpoint_v2(h->db, NULL, mode, NULL, NULL) != SQLITE_OK)
		bench_die("%s", sqlite3_errmsg(h->db));
	h->frames = 0;
}

static void
step(sqlite3_stmt *statement)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		bench_die("%s", sqlite3_errmsg(sqlite3_db_handle(statement)));
	sqlite3_reset(statement);
}

static void
begin(hand *h, int64_t *began)
{
	*began = bench_ns();
	gc_run(h->db, "BEGIN IMMEDIATE");
}

static void
end(hand *h, int64_t began, gc_cost *cost)
{
	double ms;

	gc_run(h->db, "COMMIT");
	ms = (double)(bench_ns() - began) / 1e6;
	if (ms > cost->longest_ms)
		cost->longest_ms = ms;
	if (h->frames >= FRAMES_MOST)
		empty_log(h, SQLITE_CHECKPOINT_RESTART);
}

/* Always the oldest so many. */
#define OLDEST "(SELECT id FROM session WHERE expires <= ?1 ORDER BY expires LIMIT ?2)"

static void
oldest_first(hand *h, size_t batch, gc_cost *cost)
{
	sqlite3_stmt *both[] = { gc_prepare(h->db, "DELETE FROM trace WHERE session IN " OLDEST),
		gc_prepare(h->db, "DELETE FROM session WHERE id IN " OLDEST) };
	int64_t limit = batch != 0 ? (int64_t)batch : INT64_MAX, began;

	for (int i = 0; i < 2; i++) {
		sqlite3_bind_int64(both[i], 1, BENCH_NOW);
		sqlite3_bind_int64(both[i], 2, limit);
	}
	do {
		begin(h, &began);
		step(both[0]);
		step(both[1]);
		end(h, began, cost);
	} while (sqlite3_changes64(h->db) == limit);
	sqlite3_finalize(both[0]);
	sqlite3_finalize(both[1]);
}

/* The ids of all that expired, in their order. */
static unsigned char *
list_ids(hand *h, size_t *count)
{
	sqlite3_stmt *row = gc_prepare(h->db, "SELECT id FROM session WHERE expires <= ?1 ORDER BY id");
	size_t cap = 1 << 16;
	unsigned char *ids = malloc(cap * ID_BYTES);

	*count = 0;
	sqlite3_bind_int64(row, 1, BENCH_NOW);
	while (ids != NULL && sqlite3_step(row) == SQLITE_ROW) {
		if (*count == cap)
			ids = realloc(ids, (cap *= 2) * ID_BYTES);
		if (ids != NULL)
			memcpy(ids + (*count)++ * ID_BYTES, sqlite3_column_blob(row, 0), ID_BYTES);
	}
	if (ids == NULL)
		bench_die("out of memory");
	sqlite3_finalize(row);
	return ids;
}

static void
by_id(hand *h, size_t batch, gc_cost *cost)
{
	sqlite3_stmt *aliases = gc_prepare(h->db, "DELETE FROM trace WHERE session = ?1");
	sqlite3_stmt *session = gc_prepare(h->db, "DELETE FROM session WHERE id = ?1 AND expires <= ?2");
	size_t count;
	unsigned char *ids = list_ids(h, &count);
	int64_t began;

	sqlite3_bind_int64(session, 2, BENCH_NOW);
	for (size_t i = 0; i < count;) {
		begin(h, &began);
		for (size_t last = i + batch; i < count && i < last; i++) {
			sqlite3_bind_blob(aliases, 1, ids + i * ID_BYTES, ID_BYTES, SQLITE_STATIC);
			sqlite3_bind_blob(session, 1, ids + i * ID_BYTES, ID_BYTES, SQLITE_STATIC);
			step(aliases);
			step(session);
		}
		end(h, began, cost);
	}
	free(ids);
	sqlite3_finalize(aliases);
	sqlite3_finalize(session);
}

void
gc_by_hand(const char *store, const gc_way *way, gc_cost *cost)
{
	hand h = { .db = gc_open(store) };
	int64_t began = bench_ns();
	char cache[64];

	sqlite3_snprintf(sizeof(cache), cache, "PRAGMA cache_size = -%d", way->cache_kib);
	gc_run(h.db, cache);
	sqlite3_wal_hook(h.db, count_frames, &h);
	*cost = (gc_cost){ 0 };
	(way->by_id ? by_id : oldest_first)(&h, way->batch, cost);
	empty_log(&h, SQLITE_CHECKPOINT_TRUNCATE);
	sqlite3_close(h.db);
	cost->seconds = (double)(bench_ns() - began) / 1e9;
	cost->log = (int64_t)h.most * 4120;
}
