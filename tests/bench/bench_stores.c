/* SPDX-License-Identifier: ISC */
/*
 * bench_stores.c - what a session costs on each store, beside what the client library alone needs
 * for the same commands; all stores in turn, in one process.
 *
 *   bench_stores time MODULES ROUNDS SESSIONS [NAME URL PLACE]...   a table of times and ratios
 *   bench_stores fill MODULES SESSIONS URL      that many sessions, and no more
 *   bench_stores pages MODULES PAGES URL        that many pages, each of which changes its session
 *
 * PLACE is where the client library finds the same server, "" if there is nothing to compare with.
 */
#include "bench_stores.h"
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 1000
#define EACH 40                 /* operations of a round; few, as what disturbs hits few rounds */

enum { READ, CHANGE, START, ROTATE, DESTROY, OPERATIONS };

static const struct operation {
	const char *what;
	size_t count;           /* of a round; as many end as start */
} operations[OPERATIONS] = {
	{ "read", EACH }, { "change", EACH / 2 }, { "start", EACH / 5 }, { "rotate", EACH / 5 },
	{ "destroy", EACH / 5 },
};

typedef struct subject {
	const char *name;
	library library;
	const bare_client *client;      /* NULL: none */
	void *bare;
	size_t own, others;             /* sessions there are, on each side */
	char (*token)[COOKIE_TEXT + 1];
	unsigned char (*id)[ID_BYTES];
	double took[OPERATIONS][3][ROUNDS_MAX];         /* library, client, ratio */
} subject;

static const bare_client *
client_of(const char *url)
{
	static const bare_client *const all[] = { &bare_sqlite, &bare_file, &bare_redis,
		&bare_mysql };
	size_t len = strcspn(url, ":+");

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strlen(all[i]->scheme) == len && strncmp(all[i]->scheme, url, len) == 0)
			return all[i];
	bench_die("%s: there is nothing to compare it with", url);
}

static void
library_do(subject *s, int operation, size_t i)
{
	switch (operation) {
	case READ:
		library_read(&s->library, s->token[i]);
		break;
	case CHANGE:
		library_change(&s->library, s->token[i]);
		break;
	case START:
		library_start(&s->library, s->token[s->own++]);
		break;
	case ROTATE:
		library_rotate(&s->library, s->token[i]);
		break;
	default:
		library_destroy(&s->library, s->token[--s->own]);
	}
}

static void
client_do(subject *s, int operation, size_t i)
{
	switch (operation) {
	case READ:
		s->client->read(s->bare, s->id[i]);
		break;
	case CHANGE:
		s->client->change(s->bare, s->id[i]);
		break;
	case START:
		s->client->start(s->bare, s->id[s->others++]);
		break;
	case ROTATE:
		s->client->rotate(s->bare, s->id[i]);
		break;
	default:
		s->client->destroy(s->bare, s->id[--s->others]);
	}
}

/* What would be done between requests. */
static void
rest(subject *s)
{
	library_idle(&s->library);
	if (s->client != NULL && s->client->idle != NULL)
		s->client->idle(s->bare);
}

static void
subject_open(subject *s, char *const arg[3], size_t sessions)
{
	s->name = arg[0];
	s->token = calloc(sessions + EACH, sizeof(*s->token));
	s->id = calloc(sessions + EACH, sizeof(*s->id));
	if (s->token == NULL || s->id == NULL)
		bench_die("out of memory");
	library_open_at(&s->library, arg[1]);
	if (arg[2][0] != '\0') {
		s->client = client_of(arg[1]);
		s->bare = s->client->open(arg[2]);
	}
	for (size_t i = 0; i < sessions; i++) {
		library_do(s, START, i);
		if (s->client != NULL)
			client_do(s, START, i);
		rest(s);
	}
}

static void
subject_close(subject *s)
{
	sess_kit_close(s->library.kit);
	if (s->client != NULL)
		s->client->close(s->bare);
	free(s->token);
	free(s->id);
}

/* Microseconds each. */
static double
run(subject *s, void (*side)(subject *, int, size_t), int operation, size_t first, size_t sessions)
{
	size_t count = operations[operation].count;
	int64_t begin = bench_ns(), end;

	for (size_t i = 0; i < count; i++)
		side(s, operation, bench_scatter(first + i, sessions));
	end = bench_ns();
	rest(s);
	return (double)(end - begin) / 1000 / (double)count;
}

/* Both sides in turn, on the same places; who is first changes from round to round. */
static void
run_round(subject *s, size_t round, size_t sessions)
{
	for (int o = 0; o < OPERATIONS; o++) {
		size_t first = round * EACH;
		double *to[2] = { &s->took[o][0][round], &s->took[o][1][round] };

		for (size_t k = 0; k < 2; k++) {
			size_t side = (k + round) % 2;

			if (side == 0)
				*to[0] = run(s, library_do, o, first, sessions);
			else if (s->client != NULL)
				*to[1] = run(s, client_do, o, first, sessions);
		}
		s->took[o][2][round] = *to[1] > 0 ? *to[0] / *to[1] : 0;
	}
}

static void
show_line(subject *s, const char *name, const char *what, int which, int digits, size_t rounds)
{
	printf("%-24s %-10s", name, what);
	for (int o = 0; o < OPERATIONS; o++)
		printf(" %10.*f", digits, bench_median(s->took[o][which], rounds));
	putchar('\n');
}

static void
show(subject *s, size_t rounds)
{
	show_line(s, s->name, "sesskit", 0, 1, rounds);
	if (s->client == NULL)
		return;
	show_line(s, "", s->client->name, 1, 1, rounds);
	show_line(s, "", "ratio", 2, 2, rounds);
}

static void
time_all(size_t rounds, size_t sessions, char *const *arg, size_t stores)
{
	subject *all = calloc(stores, sizeof(*all));

	if (all == NULL)
		bench_die("out of memory");
	for (size_t i = 0; i < stores; i++)
		subject_open(&all[i], arg + 3 * i, sessions);
	for (size_t round = 0; round < rounds; round++)
		for (size_t i = 0; i < stores; i++)
			run_round(&all[i], round, sessions);
	printf("%-35s", "medians, microseconds");
	for (int o = 0; o < OPERATIONS; o++)
		printf(" %10s", operations[o].what);
	putchar('\n');
	for (size_t i = 0; i < stores; i++) {
		show(&all[i], rounds);
		subject_close(&all[i]);
	}
	free(all);
}

static void
fill(library *l, size_t sessions)
{
	char token[COOKIE_TEXT + 1];

	for (size_t i = 0; i < sessions; i++) {
		library_start(l, token);
		library_idle(l);
	}
}

/* With the id of a session that has taken a new one, as most have. */
static void
pages(library *l, size_t count)
{
	char token[COOKIE_TEXT + 1];

	library_start(l, token);
	library_rotate(l, token);
	for (size_t i = 0; i < count; i++)
		library_page(l, token, 5);
}

int
main(int argc, char **argv)
{
	bool time = argc > 5 && strcmp(argv[1], "time") == 0;
	size_t rounds, stores = argc > 5 ? (size_t)(argc - 5) / 3 : 0;
	library l;

	if (argc > 2)
		store_module_folder = argv[2];
	if (argc == 5 && (strcmp(argv[1], "fill") == 0 || strcmp(argv[1], "pages") == 0)) {
		library_open_at(&l, argv[4]);
		(argv[1][0] == 'p' ? pages : fill)(&l, bench_number(argv[3]));
		sess_kit_close(l.kit);
		return 0;
	}
	if (!time || (argc - 5) % 3 != 0)
		bench_die("usage: bench_stores time MODULES ROUNDS SESSIONS [NAME URL PLACE]..., "
			"or fill|pages MODULES NUMBER URL");
	rounds = bench_number(argv[3]);
	/* An id that was replaced leads to its session by another one, which costs more. */
	if (rounds > ROUNDS_MAX || rounds * EACH > bench_number(argv[4]))
		bench_die("at most %d rounds, and %d sessions for each", ROUNDS_MAX, EACH);
	time_all(rounds, bench_number(argv[4]), argv + 5, stores);
	return 0;
}
