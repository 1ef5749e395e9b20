/* SPDX-License-Identifier: ISC */
/*
 * bench_session.c - what a session costs, against hand-written prepared statements that do the same
 * on the same schema in the same process.
 *
 *   bench_session make DIRECTORY SESSIONS   prepare the stores
 *   bench_session time DIRECTORY ROUNDS     a table of times and ratios
 *   bench_session count DIRECTORY NUMBER    each operation so often, for callgrind
 *   bench_session memory DIRECTORY          allocations of a request
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 1000
#define SPARE 4096              /* sessions that a round may start */

typedef struct bench {
	library library;
	raw *raw;
	visitors visitors;
	size_t step;                /* counts operations, to choose the next session */
	size_t own, raws;           /* sessions there are, on each side */
} bench;

/* One operation of each side; noinline, so that callgrind can tell them apart. */
#define OPERATION __attribute__((noinline)) static void

OPERATION
op_read(bench *b, size_t i)
{
	library_read(&b->library, b->visitors.token[i]);
}

OPERATION
raw_op_read(bench *b, size_t i)
{
	b->library.sum += raw_read(b->raw, b->visitors.id[i]);
}

OPERATION
raw_op_json(bench *b, size_t i)
{
	b->library.sum += raw_read_values(b->raw, b->visitors.id[i]);
}

OPERATION
op_change(bench *b, size_t i)
{
	library_change(&b->library, b->visitors.token[i]);
}

OPERATION
raw_op_change(bench *b, size_t i)
{
	raw_change(b->raw, b->visitors.id[i]);
}

OPERATION
op_touch(bench *b, size_t i)
{
	library_touch(&b->library, b->visitors.token[i]);
}

OPERATION
raw_op_touch(bench *b, size_t i)
{
	raw_touch(b->raw, b->visitors.id[i], BENCH_NOW + BENCH_TOUCH + b->library.touches);
}

/* Started ones go behind the others, from where op_destroy takes them. */
OPERATION
op_start(bench *b, size_t i)
{
	(void)i;
	library_start(&b->library, b->visitors.token[b->own++]);
}

OPERATION
raw_op_start(bench *b, size_t i)
{
	(void)i;
	raw_start(b->raw, b->visitors.id[b->raws++]);
}

OPERATION
op_rotate(bench *b, size_t i)
{
	library_rotate(&b->library, b->visitors.token[i]);
}

OPERATION
raw_op_rotate(bench *b, size_t i)
{
	raw_rotate(b->raw, b->visitors.id[i]);
}

OPERATION
op_destroy(bench *b, size_t i)
{
	(void)i;
	library_destroy(&b->library, b->visitors.token[--b->own]);
}

OPERATION
raw_op_destroy(bench *b, size_t i)
{
	(void)i;
	raw_destroy(b->raw, b->visitors.id[--b->raws]);
}

static const struct operation {
	const char *what;
	void (*library)(bench *, size_t);
	void (*raw)(bench *, size_t);
	size_t share;               /* of a round: one in so many; as many end as start */
	double most;                /* the ratio allowed; 0: only shown */
} operations[] = {
	{ "resume, read five values", op_read, raw_op_read, 1, 1.35 },
	{ "  against json_extract in SQL", op_read, raw_op_json, 1, 0 },
	{ "resume, change one, commit", op_change, raw_op_change, 2, 1.25 },
	{ "resume, touch", op_touch, raw_op_touch, 4, 0 },
	{ "start", op_start, raw_op_start, 20, 0 },
	{ "rotate, on disk", op_rotate, raw_op_rotate, 20, 0 },
	{ "destroy, on disk", op_destroy, raw_op_destroy, 20, 0 },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static void
bench_open(bench *b, const char *directory)
{
	char *path = bench_path(directory, "raw.db");

	*b = (bench){ .step = 0 };
	visitors_load(&b->visitors, directory, SPARE);
	b->own = b->raws = b->visitors.count;
	library_open(&b->library, directory);
	b->raw = raw_open(path, RAW_PLAIN);
	raw_list(b->raw, &b->visitors);
	/* Touches go on from those of runs before this one. */
	if (raw_latest(b->raw) > BENCH_NOW)
		b->library.touches = raw_latest(b->raw) - BENCH_NOW;
	free(path);
}

/* Sessions were rotated: the tokens of the next run. */
static void
bench_close(bench *b, const char *directory)
{
	visitors_save(&b->visitors, directory);
	sess_kit_close(b->library.kit);
	raw_close(b->raw);
	visitors_free(&b->visitors);
}

/* Microseconds each. What is housekeeping is done after the clock was read. */
static double
run(bench *b, void (*operation)(bench *, size_t), size_t first, size_t count)
{
	int64_t begin = bench_ns(), end;

	for (size_t i = 0; i < count; i++)
		operation(b, bench_scatter(first + i, b->visitors.count));
	end = bench_ns();
	library_idle(&b->library);
	raw_idle(b->raw);
	return (double)(end - begin) / 1000 / (double)count;
}

/* Both sides in turn, on the same places; who is first changes from round to round. */
static void
run_pair(bench *b, const struct operation *o, size_t count, size_t round, double took[2])
{
	for (size_t k = 0; k < 2; k++) {
		size_t side = (k + round) % 2;

		took[side] = run(b, side == 0 ? o->library : o->raw, b->step, count);
	}
	b->step += count;
}

static void
show_times(bench *b, size_t rounds)
{
	static double took[OPERATIONS][3][ROUNDS_MAX];
	const size_t each = 400;      /* few: what disturbs hits few rounds, and the median none */

	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < OPERATIONS; i++) {
			double pair[2];

			run_pair(b, &operations[i], each / operations[i].share, round, pair);
			took[i][0][round] = pair[0];
			took[i][1][round] = pair[1];
			took[i][2][round] = pair[0] / pair[1];
		}
	printf("%-32s %10s %10s %8s %8s\n", "medians, microseconds", "sesskit", "raw SQL", "ratio",
		"at most");
	for (size_t i = 0; i < OPERATIONS; i++) {
		printf("%-32s %10.2f %10.2f %8.2f", operations[i].what,
			bench_median(took[i][0], rounds), bench_median(took[i][1], rounds),
			bench_median(took[i][2], rounds));
		printf(operations[i].most > 0 ? " %8.2f\n" : "\n", operations[i].most);
	}
}

/* What callgrind collects; statements were prepared before. */
__attribute__((noinline)) static void
measured(bench *b, const struct operation *o, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t place = bench_scatter(b->step++, b->visitors.count);

		o->library(b, place);
		o->raw(b, place);
	}
}

static void
count_instructions(bench *b, size_t count)
{
	double ignored[2];

	for (size_t i = 0; i < OPERATIONS; i++)
		run_pair(b, &operations[i], 20, 0, ignored);
	for (size_t i = 0; i < OPERATIONS; i++)
		measured(b, &operations[i], count);
}

static allocations
allocations_of(bench *b, size_t reads)
{
	const char *token = b->visitors.token[0];
	allocations before, after;

	library_page(&b->library, token, reads);
	before = allocations_now();
	library_page(&b->library, token, reads);
	after = allocations_now();
	return (allocations){ after.all - before.all, after.sqlite - before.sqlite };
}

static void
show_memory(bench *b)
{
	allocations five = allocations_of(b, 5), none = allocations_of(b, 0);

	printf("allocations of a request that resumes, reads five values, changes one and commits: "
		"%llu, of them %llu by SQLite\n", (unsigned long long)five.all,
		(unsigned long long)five.sqlite);
	printf("of the same without reading: %llu; per value read: %.1f (at most 0)\n",
		(unsigned long long)none.all, (double)(five.all - none.all) / 5);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";
	bench b;

	if (strcmp(what, "make") == 0 && argc == 4) {
		visitors_make(argv[2], bench_number(argv[3]));
		return 0;
	}
	if (strcmp(what, "memory") == 0)
		allocations_watch();
	else if (argc != 4)
		bench_die("usage: bench_session make|time|count|memory DIRECTORY [NUMBER]");
	bench_open(&b, argv[2]);
	if (strcmp(what, "memory") == 0)
		show_memory(&b);
	else if (strcmp(what, "time") == 0)
		show_times(&b, bench_number(argv[3]) < ROUNDS_MAX ? bench_number(argv[3]) : ROUNDS_MAX);
	else
		count_instructions(&b, bench_number(argv[3]));
	bench_close(&b, argv[2]);
	return 0;
}
