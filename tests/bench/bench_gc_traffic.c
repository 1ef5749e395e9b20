/* SPDX-License-Identifier: ISC */
/*
 * bench_gc_traffic.c - requests at a fixed rate, with and without a collector beside them. Each is
 * due at its time whether the one before is done or not, and is measured from then: a stall counts
 * for all that it holds up.
 */
#include "bench_gc.h"
#include "patience.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WRITERS 4
#define PERIOD_NS 5000000       /* of each writer */
#define SAMPLES_MAX ((size_t)1 << 18)
#define NEW_EVERY 10            /* requests of which one is of a new visitor */

typedef struct shared {
	_Atomic size_t ready;
	_Atomic int64_t begin, until;   /* 0: not yet known */
	size_t count[WRITERS];
	float took[WRITERS][SAMPLES_MAX];       /* milliseconds */
	size_t rows;                    /* the collector's */
	double seconds;
	long rss_before, rss_after;
} shared;

static void
sleep_until(int64_t at)
{
	struct timespec t = { .tv_sec = at / 1000000000, .tv_nsec = at % 1000000000 };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void
nap(void)
{
	sleep_until(bench_ns() + 10000000);
}

static void
wait_for_start(shared *all)
{
	atomic_fetch_add(&all->ready, 1);
	while (atomic_load(&all->begin) == 0)
		nap();
}

static bool
over(shared *all, int64_t now)
{
	int64_t until = atomic_load(&all->until);

	return until != 0 && now >= until;
}

/* A request that fails, for instance because the store was busy, ends the bench. */
static void
serve(const char *store, size_t writer, shared *all)
{
	char token[TOKEN_TEXT + 1];
	visitors v;
	library l;
	int64_t due;

	prctl(PR_SET_TIMERSLACK, 1);
	visitors_load(&v, store, 0);
	library_open(&l, store);
	wait_for_start(all);
	due = atomic_load(&all->begin) + (int64_t)writer * PERIOD_NS / WRITERS;
	for (size_t i = 0; !over(all, due) && i < SAMPLES_MAX; i++, due += PERIOD_NS) {
		sleep_until(due);
		if (i % NEW_EVERY == 0)
			library_start(&l, token);
		else
			library_change(&l, v.token[bench_scatter(i + (writer << 20), v.count)]);
		all->took[writer][all->count[writer]++] = (float)(bench_ns() - due) / 1e6f;
		library_idle(&l);
	}
	sess_kit_close(l.kit);
	visitors_free(&v);
}

static long
rss_kib(void)
{
	FILE *f = fopen("/proc/self/statm", "r");
	long size = 0, pages = 0;

	if (f == NULL || fscanf(f, "%ld %ld", &size, &pages) != 2)
		bench_die("/proc/self/statm cannot be read");
	fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int
first_batches(void *arg, size_t n)
{
	shared *all = arg;

	if (all->rss_before == 0 && n > 10000)
		all->rss_before = rss_kib();
	return 0;
}

static void
collect(const char *store, shared *all)
{
	sess_budget budget = { .progress = first_batches, .arg = all };
	int64_t began;
	library l;

	library_open(&l, store);
	wait_for_start(all);
	be_patient();           /* as sesskit gc is */
	began = bench_ns();
	if (sess_collect(l.kit, &budget, &all->rows) != SESS_OK)
		bench_die("%s", sess_kit_error(l.kit));
	all->seconds = (double)(bench_ns() - began) / 1e9;
	all->rss_after = rss_kib();
	sess_kit_close(l.kit);
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

static void
sum_up(shared *all, gc_traffic *out)
{
	float *list = all->took[0];
	size_t n = 0;

	for (size_t i = 0; i < WRITERS; i++) {
		memmove(list + n, all->took[i], all->count[i] * sizeof(*list));
		n += all->count[i];
	}
	if (n == 0)
		bench_die("no request was served");
	qsort(list, n, sizeof(*list), compare);
	*out = (gc_traffic){ .requests = n, .median = list[n / 2], .p99 = list[n * 99 / 100],
		.worst = list[n - 1], .seconds = all->seconds, .rows = all->rows,
		.rss_before = all->rss_before, .rss_after = all->rss_after, .log = out->log };
}

static void
start(const char *store, size_t which, shared *all)
{
	pid_t pid = fork();

	if (pid < 0)
		bench_die("no more processes");
	if (pid > 0)
		return;
	/* Nobody goes on when this program has ended. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (which < WRITERS)
		serve(store, which, all);
	else
		collect(store, all);
	_exit(0);
}

/* Until all have ended; with a collector, the requests end when it has. */
static int64_t
watch(const char *store, shared *all, size_t running, bool collects)
{
	char *log = bench_path(store, "library.db-wal");
	int64_t largest = 0;
	int status;

	while (running > 0) {
		int64_t bytes = bench_file_bytes(log);
		pid_t done = waitpid(-1, &status, WNOHANG);

		largest = bytes > largest ? bytes : largest;
		if (done < 0 || (done > 0 && status != 0))
			bench_die("a process failed");
		running -= done > 0;
		if (collects && done > 0 && atomic_load(&all->until) == 0)
			atomic_store(&all->until, bench_ns());
		nap();
	}
	free(log);
	return largest;
}

void
gc_requests(const char *store, size_t seconds, bool collects, gc_traffic *out)
{
	size_t processes = WRITERS + (collects ? 1 : 0);
	shared *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int64_t begin;

	if (all == MAP_FAILED)
		bench_die("out of memory");
	fflush(stdout);
	for (size_t i = 0; i < processes; i++)
		start(store, i, all);
	while (atomic_load(&all->ready) < processes) {
		if (waitpid(-1, NULL, WNOHANG) != 0)
			bench_die("a process failed");
		nap();
	}
	begin = bench_ns() + 20000000;
	if (!collects)
		atomic_store(&all->until, begin + (int64_t)seconds * 1000000000);
	atomic_store(&all->begin, begin);
	out->log = watch(store, all, processes, collects);
	sum_up(all, out);
	munmap(all, sizeof(*all));
}
