/* SPDX-License-Identifier: ISC */
/*
 * test_thief.c - the promise of renewal, by simulation: a browser with up to eight parallel
 * requests, a slow network and lost responses is never logged out, and a thief with a copy of its
 * cookie is found out. Hours pass on the fake clock, in tenths of seconds; the rules are those of
 * the library.
 */
#include "session.h"

#define HOURS 4
#define TENTHS ((int64_t)HOURS * 36000)
#define EVENTS 20000

typedef enum { SEND, ARRIVE, ANSWER, STEAL, THIEF_SENDS } event_kind;

typedef struct event {
	int64_t at;             /* tenths of a second */
	int64_t serial;         /* order of what happens at once */
	event_kind kind;
	bool thief;             /* whose request it is */
	jar with;               /* ARRIVE, ANSWER: the cookies it carries */
} event;

typedef struct run {
	world w;
	jar browser, stolen;
	event *queue;           /* a heap, the earliest first */
	size_t waiting;
	int64_t serial, now, theft;
	uint64_t dice;
	int64_t delay;          /* longest way in one direction, in tenths */
	int loss;               /* responses lost, percent */
	bool remember;
	int served, refused;    /* requests of the browser */
	int64_t caught;         /* when the session was ended as reused, -1: never */
} run;

/* -- chance and time, the same in each run of the program ------------------------------------ */

static int64_t
roll(run *r, int64_t below)
{
	/* Marsaglia's xorshift: all that is wanted is that runs differ. */
	r->dice ^= r->dice << 13;
	r->dice ^= r->dice >> 7;
	r->dice ^= r->dice << 17;
	return (int64_t)(r->dice % (uint64_t)below);
}

static bool
earlier(const event *a, const event *b)
{
	return a->at != b->at ? a->at < b->at : a->serial < b->serial;
}

static void
swap(event *a, event *b)
{
	event c = *a;

	*a = *b;
	*b = c;
}

static void
plan(run *r, int64_t at, event_kind kind, bool thief, const jar *with)
{
	size_t i = r->waiting++;

	if (i == EVENTS)
		bail("too many events");
	r->queue[i] = (event){ .at = at, .serial = r->serial++, .kind = kind, .thief = thief };
	if (with)
		r->queue[i].with = *with;
	for (; i > 0 && earlier(&r->queue[i], &r->queue[(i - 1) / 2]); i = (i - 1) / 2)
		swap(&r->queue[i], &r->queue[(i - 1) / 2]);
}

static event
next_event(run *r)
{
	event first = r->queue[0];
	size_t i = 0, least = 0;

	r->queue[0] = r->queue[--r->waiting];
	do {
		swap(&r->queue[i], &r->queue[least]);
		i = least;
		for (size_t k = 2 * i + 1; k <= 2 * i + 2 && k < r->waiting; k++)
			if (earlier(&r->queue[k], &r->queue[least]))
				least = k;
	} while (least != i);
	return first;
}

/* -- what happens ---------------------------------------------------------------------------- */

static void
serve(run *r, const event *e)
{
	jar cookies = e->with, before = e->with;
	visit v;
	sess_status state = sess_state(visit_begin(&v, &r->w, &cookies));

	if (state == SESS_LIVE)
		(void)sess_add_int(v.s, "n", 1);
	if (visit_end(&v) != SESS_OK)
		bail("commit: %s", sess_kit_error(r->w.kit));
	if (state == SESS_REUSED && r->caught < 0)
		r->caught = r->now;
	if (!e->thief)
		*(state == SESS_LIVE ? &r->served : &r->refused) += 1;
	if (strcmp(jar_get(&cookies, NAME), jar_get(&before, NAME)) != 0 &&
		roll(r, 100) >= r->loss)
		plan(r, r->now + roll(r, r->delay + 1), ANSWER, e->thief, &cookies);
	else if (set_cookies(v.headers, NAME) > 0 && r->remember && roll(r, 100) >= r->loss)
		plan(r, r->now + roll(r, r->delay + 1), ANSWER, e->thief, &cookies);
}

static void
happen(run *r, const event *e)
{
	r->now = e->at;
	*r->w.clock = START + e->at / 10;
	switch (e->kind) {
	case SEND:
		plan(r, e->at + roll(r, r->delay + 1), ARRIVE, false, &r->browser);
		break;
	case STEAL:
		r->stolen = r->browser;
		r->theft = e->at;
		break;
	case THIEF_SENDS:
		if (r->stolen.count > 0)
			plan(r, e->at + roll(r, 3), ARRIVE, true, &r->stolen);
		break;
	case ARRIVE:
		serve(r, e);
		break;
	case ANSWER:
		*(e->thief ? &r->stolen : &r->browser) = e->with;
		break;
	}
}

/* A person who reads, and pages that ask for several things at once. */
static void
plan_visits(run *r, bool thief)
{
	for (int64_t at = 0; at < TENTHS;) {
		at += roll(r, 10) < 7 ? roll(r, 800) : roll(r, 6000);
		for (int64_t n = 1 + roll(r, 8); n > 0; n--)
			plan(r, at + roll(r, 6), SEND, false, NULL);
	}
	if (!thief)
		return;
	r->theft = roll(r, 30000);
	plan(r, r->theft, STEAL, false, NULL);
	for (int64_t at = r->theft; at < TENTHS; at += 10 + roll(r, 590))
		plan(r, at + 1, THIEF_SENDS, true, NULL);
}

static void
simulate(run *r, const char *kind, uint64_t seed, bool thief)
{
	visit v;

	r->dice = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
	r->caught = -1;
	world_open(&r->w, kind, NULL);
	visit_begin(&v, &r->w, &r->browser);
	(void)sess_login(v.s, "ann");
	if (r->remember)
		(void)sess_remember(v.s, 86400);
	if (visit_end(&v) != SESS_OK || !(r->queue = calloc(EVENTS, sizeof(event))))
		bail("no session to begin with");
	plan_visits(r, thief);
	while (r->waiting > 0 && r->caught < 0) {
		event e = next_event(r);

		happen(r, &e);
	}
	free(r->queue);
	world_close(&r->w);
}

static void
owner_is_never_logged_out(const char *kind)
{
	/* The way there and back together stays below the grace of 60 seconds. */
	static const int64_t delays[] = { 5, 50, 290 };
	int runs = strcmp(kind, "memory:") == 0 ? 40 : 6;

	for (size_t i = 0; i < PARTS(delays); i++)
		for (int loss = 0; loss <= 30; loss += 30)
			for (int remember = 0; remember < 2; remember++) {
				int refused = 0, alarms = 0, served = 0;

				for (int n = 0; n < runs; n++) {
					run r = { .delay = delays[i], .loss = loss,
						.remember = remember };

					simulate(&r, kind, (uint64_t)n + 1, false);
					refused += r.refused;
					alarms += r.caught >= 0;
					served += r.served;
				}
				if (!ok(refused == 0 && alarms == 0 && served > 250 * runs,
					"ways up to %.1f s, %d %% lost%s: nobody is logged out",
					(double)delays[i] / 10, loss,
					remember ? ", remembered" : ""))
					diag("%d alarms, %d refused", alarms, refused);
			}
}

static int
by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
thief_is_found_out(const char *kind)
{
	enum { MOST = 100 };
	int runs = strcmp(kind, "memory:") == 0 ? MOST : 10, caught = 0;
	int64_t life[MOST];

	for (int n = 0; n < runs; n++) {
		run r = { .delay = 25, .loss = 5 };

		simulate(&r, kind, (uint64_t)n + 1000, true);
		if (r.caught >= 0)
			life[caught++] = (r.caught - r.theft) / 10;
	}
	is_int(caught, runs, "every theft is noticed");
	qsort(life, (size_t)caught, sizeof(life[0]), by_size);
	if (caught > 0) {
		diag("the stolen id served %lld minutes at the median, %lld at most",
			(long long)life[caught / 2] / 60, (long long)life[caught - 1] / 60);
		ok(life[caught / 2] < 20 * 60, "at the median within 20 minutes");
	}
}

int
main(void)
{
	static world_test *const tests[] = { owner_is_never_logged_out, thief_is_found_out };

	return world_run(tests, PARTS(tests));
}
