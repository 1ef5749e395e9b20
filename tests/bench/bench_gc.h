/* SPDX-License-Identifier: ISC */
/* bench_gc.h - what the files of bench_gc share: stores with many expired sessions, ways to delete
 * them, and requests meanwhile. */
#ifndef BENCH_GC_H
#define BENCH_GC_H

#include "bench.h"

#include <sqlite3.h>

#define GC_VISITORS 4000        /* sessions that the library made, for the requests */

/* -- bench_gc_fill.c --------------------------------------------------------------------------- */

/* Make a store in directory/name with so many live and expired sessions beside those of the
 * visitors, in pages as full as those of a store that has grown by itself. A tenth has an older id
 * that leads to it. */
void gc_fill(const char *directory, const char *name, size_t live, size_t expired);
/* directory/to becomes as directory/from is, and is on disk. The path, for the caller to free. */
char *gc_copy(const char *directory, const char *from, const char *to);
/* The database of a store, as the library opens it. */
sqlite3 *gc_open(const char *store);
void gc_run(sqlite3 *, const char *sql);
sqlite3_stmt *gc_prepare(sqlite3 *, const char *sql);
size_t gc_count(const char *store);              /* sessions, expired ones too */

/* -- bench_gc_hand.c: by hand-written SQL ------------------------------------------------------ */

typedef struct gc_way {
	const char *name;
	size_t batch;                            /* rows in one transaction; 0: all */
	bool by_id;                              /* in the order of the table, not of expiry */
	int cache_kib;
} gc_way;

/* cpu_us and written are of the whole process; log is the longest, longest_ms how long a writer may
 * have had to wait. */
typedef struct gc_cost {
	double seconds, longest_ms, cpu_us;
	int64_t log, written;                    /* bytes */
	long rss_kib;
} gc_cost;

/* Delete all that expired, and empty the log at the end. */
void gc_by_hand(const char *store, const gc_way *, gc_cost *);

/* -- bench_gc_traffic.c: requests at a fixed rate by several processes ------------------------- */

typedef struct gc_traffic {
	size_t requests;
	double median, p99, worst;               /* milliseconds from when each was due */
	int64_t log;                             /* longest, in bytes */
	double seconds;                          /* of the collection; 0 without */
	size_t rows;
	long rss_before, rss_after;              /* of the collector, KiB */
} gc_traffic;

/* For so many seconds or, when collecting, until that is done. */
void gc_requests(const char *store, size_t seconds, bool collect, gc_traffic *);

#endif
