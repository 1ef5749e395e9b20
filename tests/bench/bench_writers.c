/* SPDX-License-Identifier: ISC */
/*
 * bench_writers.c - how long writers wait for each other: through the library, and by hand-written
 * SQL with SQLite's busy_timeout alone and its own checkpoints.
 *
 *   bench_writers DIRECTORY SECONDS    for 1, 2, 4, 8 and 16 processes; "bench_session make"
 *                                      prepared the directory
 */
#include "bench.h"

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

#define WRITERS_MAX 16
#define SAMPLES_MAX ((size_t)1 << 20)   /* of each process; pages are taken as they are used */
#define WAL_MOST ((int64_t)64 << 20)
#define WAIT_SHARE 5                    /* the library's worst wait, of that without a gate */

typedef struct result {
	double median, p99, p999, worst;        /* milliseconds */
	double rate;                            /* requests a second */
	int64_t wal;                            /* largest size of the log, in bytes */
} result;

/* What the processes of one run share. */
typedef struct shared {
	_Atomic size_t ready;
	_Atomic int64_t until;                  /* 0: not yet begun */
	size_t count[WRITERS_MAX];
	float took[WRITERS_MAX][SAMPLES_MAX];   /* milliseconds */
} shared;

static void
nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
}

/* A writer is ready; when to end, once all are. */
static int64_t
wait_for_start(shared *all)
{
	atomic_fetch_add(&all->ready, 1);
	while (atomic_load(&all->until) == 0)
		nap();
	return atomic_load(&all->until);
}

static void
note(shared *all, size_t writer, int64_t begin)
{
	if (all->count[writer] < SAMPLES_MAX)
		all->took[writer][all->count[writer]++] = (float)(bench_ns() - begin) / 1e6f;
}

static void
write_library(const char *directory, size_t writer, shared *all)
{
	size_t step = writer << 24;
	int64_t until;
	visitors v;
	library l;

	visitors_load(&v, directory, 0);
	library_open(&l, directory);
	until = wait_for_start(all);
	while (bench_ns() < until) {
		int64_t begin = bench_ns();

		library_change(&l, v.token[bench_scatter(step++, v.count)]);
		note(all, writer, begin);
		library_idle(&l);
	}
	sess_kit_close(l.kit);
	visitors_free(&v);
}

static void
write_raw(const char *directory, size_t writer, shared *all)
{
	char *path = bench_path(directory, "raw.db");
	size_t step = writer << 24;
	raw *r = raw_open(path, RAW_AUTOCHECKPOINT);
	int64_t until;
	visitors v;

	visitors_load(&v, directory, 0);
	raw_list(r, &v);
	until = wait_for_start(all);
	while (bench_ns() < until) {
		int64_t begin = bench_ns();

		raw_change(r, v.id[bench_scatter(step++, v.count)]);
		note(all, writer, begin);
	}
	raw_close(r);
	visitors_free(&v);
	free(path);
}

static int
compare(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x > y) - (x < y);
}

/* Wait for the writers, and watch the log meanwhile. */
static int64_t
watch(size_t writers, const char *log)
{
	int64_t largest = 0;
	int status;

	while (writers > 0) {
		int64_t bytes = bench_file_bytes(log);
		pid_t done = waitpid(-1, &status, WNOHANG);

		largest = bytes > largest ? bytes : largest;
		if (done < 0 || (done > 0 && status != 0))
			bench_die("a writer failed");
		writers -= done > 0;
		nap();
	}
	return largest;
}

/* All samples in order, at the front of the first. */
static result
sum_up(shared *all, size_t writers, double seconds)
{
	float *list = all->took[0];
	size_t n = 0;
	result r;

	for (size_t i = 0; i < writers; i++) {
		memmove(list + n, all->took[i], all->count[i] * sizeof(*list));
		n += all->count[i];
	}
	if (n == 0)
		bench_die("nothing was written");
	qsort(list, n, sizeof(*list), compare);
	r = (result){ .median = list[n / 2], .p99 = list[n * 99 / 100], .p999 = list[n * 999 / 1000],
		.worst = list[n - 1], .rate = (double)n / seconds };
	return r;
}

static result
run(const char *directory, size_t writers, size_t seconds, bool gate)
{
	char *log = bench_path(directory, gate ? "library.db-wal" : "raw.db-wal");
	shared *all = mmap(NULL, sizeof(*all), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int64_t largest;
	result r;

	if (all == MAP_FAILED)
		bench_die("out of memory");
	fflush(stdout);
	for (size_t i = 0; i < writers; i++) {
		pid_t pid = fork();

		if (pid < 0)
			bench_die("no more processes");
		if (pid == 0) {
			/* Nobody writes on when this program has ended. */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			(gate ? write_library : write_raw)(directory, i, all);
			_exit(0);
		}
	}
	while (atomic_load(&all->ready) < writers) {
		if (waitpid(-1, NULL, WNOHANG) != 0)
			bench_die("a writer failed");
		nap();
	}
	atomic_store(&all->until, bench_ns() + (int64_t)seconds * 1000000000);
	largest = watch(writers, log);
	r = sum_up(all, writers, (double)seconds);
	r.wal = largest;
	munmap(all, sizeof(*all));
	free(log);
	return r;
}

static void
show(size_t writers, const char *how, const result *r)
{
	printf("%7zu  %-12s %9.0f %9.3f %9.3f %9.3f %9.1f %9.1f\n", writers, how, r->rate, r->median,
		r->p99, r->p999, r->worst, (double)r->wal / (1 << 20));
}

int
main(int argc, char **argv)
{
	result ours, raws;

	if (argc != 3)
		bench_die("usage: bench_writers DIRECTORY SECONDS");
	printf("%7s  %-12s %9s %9s %9s %9s %9s %9s\n", "writers", "", "per sec", "median ms", "p99",
		"p99.9", "worst", "log MiB");
	for (size_t writers = 1; writers <= WRITERS_MAX; writers *= 2) {
		ours = run(argv[1], writers, bench_number(argv[2]), true);
		show(writers, "sesskit", &ours);
		raws = run(argv[1], writers, bench_number(argv[2]), false);
		show(writers, "busy_timeout", &raws);
	}
	printf("worst wait of %d writers: %.2f of that with busy_timeout alone (at most %.2f); "
		"log %.1f MiB (at most %d)\n", WRITERS_MAX, ours.worst / raws.worst, 1.0 / WAIT_SHARE,
		(double)ours.wal / (1 << 20), (int)(WAL_MOST >> 20));
	return 0;
}
