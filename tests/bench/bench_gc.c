/* SPDX-License-Identifier: ISC */
/*
 * bench_gc.c - what it costs to delete expired sessions: alone and by hand-written SQL, by the size
 * of the store, and to requests meanwhile.
 *
 *   bench_gc DIRECTORY [LIVE [EXPIRED [SECONDS]]]    of which the directory gets a few copies
 */
#include "bench_gc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIVE 80000
#define EXPIRED 20000
#define SECONDS 5
#define SMALL 10000             /* live sessions of the store that a larger one is compared with */
#define SMALL_RUNS 9
#define LOOKS 20000
#define LOG_MOST ((int64_t)64 << 20)
#define MIB 1048576.0

static const gc_way by_hand[] = {
	{ "oldest 1000", 1000, false, 2000 },
	{ "oldest 4000, 32 MiB cache", 4000, false, 32000 },
	{ "by id 1000", 1000, true, 2000 },
	{ "by id 4000, 32 MiB cache", 4000, true, 32000 },
	{ "one DELETE", 0, false, 2000 },
};

static void
by_library(const char *store, gc_cost *cost)
{
	int64_t began;
	library l;

	*cost = (gc_cost){ 0 };
	library_open(&l, store);
	began = bench_ns();
	if (sess_collect(l.kit, NULL, NULL) != SESS_OK)
		bench_die("%s", sess_kit_error(l.kit));
	sess_kit_close(l.kit);
	cost->seconds = (double)(bench_ns() - began) / 1e9;
}

static double
micros(struct timeval t)
{
	return (double)t.tv_sec * 1e6 + (double)t.tv_usec;
}

static void
note_usage(gc_cost *cost)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	cost->cpu_us = micros(usage.ru_utime) + micros(usage.ru_stime);
	cost->written = (int64_t)usage.ru_oublock * 512;
	cost->rss_kib = usage.ru_maxrss;
}

/* In a process of its own, whose memory is its own. way NULL: by the library. */
static gc_cost
measure(const char *directory, const char *from, const gc_way *way, size_t live)
{
	gc_cost *cost = mmap(NULL, sizeof(*cost), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		-1, 0), result;
	char *store = gc_copy(directory, from, "work");
	int status;
	pid_t pid;

	if (cost == MAP_FAILED || (pid = fork()) < 0)
		bench_die("no more processes");
	if (pid == 0) {
		if (way != NULL)
			gc_by_hand(store, way, cost);
		else
			by_library(store, cost);
		note_usage(cost);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0)
		bench_die("a process failed");
	if (gc_count(store) != live + GC_VISITORS)
		bench_die("the wrong sessions were deleted");
	result = *cost;
	munmap(cost, sizeof(*cost));
	free(store);
	return result;
}

static void
show(const char *name, const gc_cost *cost, size_t rows)
{
	printf("%-28s %9.0f %9.1f %9.1f %9.2f", name, (double)rows / cost->seconds, cost->seconds,
		cost->cpu_us / (double)rows, (double)cost->written / 4096 / (double)rows);
	if (cost->log != 0)
		printf(" %9.1f %9.1f", (double)cost->log / MIB, cost->longest_ms);
	else
		printf(" %9s %9s", "", "");
	printf(" %9.1f\n", (double)cost->rss_kib / 1024);
}

static gc_cost
show_ways(const char *directory, size_t live, size_t expired)
{
	gc_cost ours, bounded = { .seconds = 1e9 }, best = bounded;

	printf("%-28s %9s %9s %9s %9s %9s %9s %9s\n", "alone", "rows/s", "seconds", "us of CPU",
		"pages/row", "log MiB", "hold ms", "RSS MiB");
	for (size_t i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
		gc_cost cost = measure(directory, "full", &by_hand[i], live);

		show(by_hand[i].name, &cost, expired);
		if (cost.seconds < best.seconds)
			best = cost;
		if (cost.log <= LOG_MOST && cost.seconds < bounded.seconds)
			bounded = cost;
	}
	ours = measure(directory, "full", NULL, live);
	show("sesskit", &ours, expired);
	printf("sesskit, of the best by hand: %.2f (at least 0.90); of the best with a log of at most "
		"64 MiB: %.2f\n\n", best.seconds / ours.seconds, bounded.seconds / ours.seconds);
	return ours;
}

/* Seconds to find and read a session anywhere in the store. */
static double
look_up(const char *directory, const char *name)
{
	char *store = bench_path(directory, name);
	sqlite3 *db = gc_open(store);
	sqlite3_stmt *row = gc_prepare(db, "SELECT * FROM session WHERE id >= ?1 LIMIT 1");
	unsigned char id[ID_BYTES] = { 0 };
	int64_t began = 0;

	for (uint64_t i = 0; i < 2 * LOOKS; i++) {
		uint64_t place = i * 0x9e3779b97f4a7c15;

		if (i == LOOKS)
			began = bench_ns();
		memcpy(id, &place, sizeof(place));
		sqlite3_bind_blob(row, 1, id, sizeof(id), SQLITE_STATIC);
		if (sqlite3_step(row) == SQLITE_ERROR)
			bench_die("%s", sqlite3_errmsg(db));
		sqlite3_reset(row);
	}
	began = bench_ns() - began;
	sqlite3_finalize(row);
	sqlite3_close(db);
	free(store);
	return (double)began / 1e9 / LOOKS;
}

static void
show_growth(const char *directory, size_t live, size_t expired, const gc_cost *full)
{
	size_t dead = (size_t)((double)SMALL / (double)live * (double)expired);
	double runs[SMALL_RUNS], small, large = full->seconds / (double)expired, look[2];

	gc_fill(directory, "small", SMALL, dead);
	for (size_t i = 0; i < SMALL_RUNS; i++)
		runs[i] = measure(directory, "small", NULL, SMALL).seconds / (double)dead;
	small = bench_median(runs, SMALL_RUNS);
	look[0] = look_up(directory, "small");
	look[1] = look_up(directory, "full");
	printf("%-28s %9s %9s\n", "live sessions", "us/row", "us/look-up");
	printf("%-28d %9.1f %9.1f\n", SMALL, small * 1e6, look[0] * 1e6);
	printf("%-28zu %9.1f %9.1f\n", live, large * 1e6, look[1] * 1e6);
	printf("a row costs %.2f times as much, a look-up %.2f times\n\n", large / small,
		look[1] / look[0]);
}

static void
show_traffic(const char *name, const gc_traffic *t)
{
	printf("%-28s %9zu %9.3f %9.3f %9.1f %9.1f\n", name, t->requests, t->median, t->p99, t->worst,
		(double)t->log / MIB);
}

static void
show_requests(const char *directory, size_t seconds)
{
	char *store = gc_copy(directory, "full", "work");
	gc_traffic before, during, after;

	printf("%-28s %9s %9s %9s %9s %9s\n", "4 processes, 800 a second", "requests", "median ms",
		"p99", "worst", "log MiB");
	gc_requests(store, seconds, false, &before);
	show_traffic("before", &before);
	gc_requests(store, 0, true, &during);
	show_traffic("while sesskit collects", &during);
	gc_requests(store, seconds, false, &after);
	show_traffic("after", &after);
	printf("p99: %.2f of that without (at most 2.00); %.0f rows a second; RSS %.1f, then %.1f MiB; "
		"no request was refused\n", during.p99 * 2 / (before.p99 + after.p99),
		(double)during.rows / during.seconds, (double)during.rss_before / 1024,
		(double)during.rss_after / 1024);
	free(store);
}

int
main(int argc, char **argv)
{
	size_t live = argc > 2 ? bench_number(argv[2]) : LIVE;
	size_t expired = argc > 3 ? bench_number(argv[3]) : EXPIRED;
	gc_cost ours;

	if (argc < 2 || argc > 5)
		bench_die("usage: bench_gc DIRECTORY [LIVE [EXPIRED [SECONDS]]]");
	setvbuf(stdout, NULL, _IOLBF, 0);
	gc_fill(argv[1], "full", live, expired);
	ours = show_ways(argv[1], live, expired);
	show_growth(argv[1], live, expired, &ours);
	show_requests(argv[1], argc > 4 ? bench_number(argv[4]) : SECONDS);
	return 0;
}
