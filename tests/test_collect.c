/* SPDX-License-Identifier: ISC */
/* test_collect.c - expired records go, live ones stay, whatever the clock does. */
#include "session.h"

#include <time.h>

#define DAY 86400

static void
begin_many(world *w, int n)
{
	for (int i = 0; i < n; i++) {
		jar j = { 0 };

		(void)store_text(w, &j, "a", "b");
	}
}

static int
collect(world *w, size_t rows, bool force, size_t *n)
{
	sess_budget b = { .rows = rows, .force = force };

	return sess_collect(w->kit, &b, n);
}

static void
collect_what_expired(const char *kind)
{
	jar j = { 0 };
	size_t n = 99;
	world w;

	world_open(&w, kind, NULL);
	begin_many(&w, 600);
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "collect");
	is_int((int64_t)n, 0, "nothing live");
	*w.clock += 1889;
	(void)store_text(&w, &j, "a", "b");
	is_int(collect(&w, 0, false, &n), SESS_OK, "collect a second before they expire");
	is_int((int64_t)n, 0, "still nothing");
	*w.clock += 1;
	is_int(collect(&w, 100, false, &n), SESS_OK, "collect a hundred");
	is_int((int64_t)n, 100, "a hundred");
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "collect the rest");
	is_int((int64_t)n, 500, "in more than one batch");
	is_int(look(&w, &j), SESS_LIVE, "the live one lives");
	is_int(sess_collect(NULL, NULL, &n), SESS_INVALID, "no kit");
	world_close(&w);
}

static void
collect_traces(const char *kind)
{
	jar j = { 0 }, old;
	size_t n = 0;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	old = j;
	visit_begin(&v, &w, &j);
	(void)sess_logout(v.s);
	(void)visit_end(&v);
	*w.clock += 6 * 3600 - 1;
	(void)sess_collect(w.kit, NULL, &n);
	is_int(look(&w, &old), SESS_LOGGED_OUT, "why a session ended is not collected early");
	*w.clock += 1;
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "collect");
	is_int((int64_t)n, 1, "but in time");
	is_int(look(&w, &old), SESS_UNKNOWN, "and is forgotten");
	world_close(&w);
}

/* Whatever is noted of the clock, it must do no harm. */
static void
collect_despite_damaged_marks(const char *kind)
{
	static const int64_t noted[] = { INT64_MIN, -1, INT64_MAX };
	int64_t found;
	size_t n;
	world w;

	for (size_t i = 0; i < PARTS(noted); i++) {
		const sess_provider *p;

		world_open(&w, kind, NULL);
		p = w.kit->store.provider;
		(void)p->cas(w.kit->store.self, "clock", 0, noted[i], &found, &w.err);
		(void)p->cas(w.kit->store.self, "clock_doubt", 0, noted[i], &found, &w.err);
		begin_many(&w, 3);
		*w.clock += 1890;
		is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "collect, %lld noted", (long long)noted[i]);
		is_int((int64_t)n, 3, "all of them");
		(void)p->cas(w.kit->store.self, "clock", -99, 0, &found, &w.err);
		is_int(found, *w.clock, "and the time is noted");
		world_close(&w);
	}
}

#define STOPPED 42

typedef struct watcher {
	size_t calls, last, stop_at;
	int nap_ms;
} watcher;

static int
watch(void *arg, size_t n)
{
	watcher *watch = arg;

	watch->calls++;
	ok(n > watch->last, "progress: %zu", n);
	watch->last = n;
	if (watch->nap_ms != 0)
		nanosleep(&(struct timespec){ .tv_nsec = watch->nap_ms * 1000000L }, NULL);
	return watch->stop_at != 0 && n >= watch->stop_at ? STOPPED : 0;
}

static void
collect_tells_progress(const char *kind)
{
	watcher seen = { .stop_at = 1 };
	sess_budget b = { .progress = watch, .arg = &seen };
	size_t n = 0, first;
	world w;

	world_open(&w, kind, NULL);
	is_int(sess_collect(w.kit, &b, &n), SESS_OK, "nothing to do");
	is_int((int64_t)seen.calls, 0, "is no progress");
	begin_many(&w, 600);
	*w.clock += 1890;
	is_int(sess_collect(w.kit, &b, &n), STOPPED, "the function stops it");
	is_int((int64_t)seen.calls, 1, "at once");
	first = n;
	ok(first > 0 && first < 600 && first == seen.last, "some are done: %zu", first);
	seen = (watcher){ .stop_at = 0 };
	is_int(sess_collect(w.kit, &b, &n), SESS_OK, "the next one goes on");
	is_int((int64_t)(first + n), 600, "with the rest");
	is_int((int64_t)seen.last, (int64_t)n, "of which all was told");
	ok(seen.calls > 1, "in steps: %zu", seen.calls);
	world_close(&w);
}

static void
collect_within_its_budget(const char *kind)
{
	watcher slow = { .nap_ms = 3 };
	sess_budget b = { .ms = 2, .progress = watch, .arg = &slow };
	size_t n = 0, first;
	world w;

	world_open(&w, kind, NULL);
	begin_many(&w, 600);
	*w.clock += 1890;
	is_int(sess_collect(w.kit, &b, &n), SESS_OK, "two milliseconds");
	is_int((int64_t)slow.calls, 1, "are over after the first batch");
	first = n;
	is_int(collect(&w, 333, false, &n), SESS_OK, "a number of rows that no batch divides");
	is_int((int64_t)n, 333, "is kept");
	is_int(sess_collect(w.kit, &(sess_budget){ .ms = -1 }, &n), SESS_INVALID, "no time at all");
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "the rest");
	is_int((int64_t)(first + 333 + n), 600, "all in all");
	world_close(&w);
}

static void
collect_in_idle(const char *kind)
{
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .collect = 7 });
	begin_many(&w, 20);
	is_int(sess_idle(w.kit), SESS_OK, "idle: nothing to do");
	*w.clock += 1890;
	is_int(sess_idle(w.kit), SESS_OK, "idle: a slice");
	is_int(sess_idle(w.kit), SESS_OK, "idle: not again within ten seconds");
	is_int(sess_collect(w.kit, &(sess_budget){ .rows = 100 }, &(size_t){ 0 }), SESS_OK,
		"the rest");
	*w.clock += 10;
	is_int(sess_idle(w.kit), SESS_OK, "idle: nothing is left");
	is_int(sess_idle(NULL), SESS_INVALID, "no kit");
	world_close(&w);
}

/* A slice takes what its setting says. */
static void
collect_slices(const char *kind)
{
	size_t n = 0;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .collect = 7 });
	begin_many(&w, 20);
	(void)sess_idle(w.kit);
	*w.clock += 1890;
	if (sess_idle(w.kit) != SESS_OK)
		bail("sess_idle: %s", sess_kit_error(w.kit));
	(void)sess_collect(w.kit, &(sess_budget){ .rows = 1 }, &n);
	is_int((int64_t)n, 1, "one slice left some");
	for (int i = 0; i < 2; i++)
		(void)sess_idle(w.kit);
	(void)sess_collect(w.kit, NULL, &n);
	is_int((int64_t)n, 0, "while there is more, each call takes a slice: 7, 7 and 5 of twenty");
	begin_many(&w, 1);
	*w.clock += 1890;
	(void)sess_idle(w.kit);
	begin_many(&w, 2);
	*w.clock += 9;
	(void)sess_idle(w.kit);
	*w.clock += 1890;
	(void)sess_collect(w.kit, NULL, &n);
	is_int((int64_t)n, 2, "else it waits ten seconds");
	world_close(&w);
	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .collect = -1 });
	begin_many(&w, 3);
	*w.clock += 1890;
	(void)sess_idle(w.kit);
	(void)sess_collect(w.kit, NULL, &n);
	is_int((int64_t)n, 3, "collect = never leaves it to sess_collect");
	world_close(&w);
}

static void
collect_after_a_jump(const char *kind)
{
	size_t n = 0;
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	(void)sess_collect(w.kit, NULL, &n);
	(void)store_text(&w, &j, "a", "b");
	*w.clock += 3650 * DAY;
	is_int(sess_collect(w.kit, NULL, &n), SESS_DENIED, "ten years ahead: nothing is collected");
	is_int((int64_t)n, 0, "nothing at all");
	*w.clock += 3599;
	is_int(sess_collect(w.kit, NULL, &n), SESS_DENIED, "nor within the hour");
	ok(strstr(sess_kit_error(w.kit), "jumped") != NULL, "and it says why");
	*w.clock = START + 60;
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "the clock was set right");
	is_int(look(&w, &j), SESS_LIVE, "nobody was logged out");
	*w.clock += 3650 * DAY;
	is_int(sess_collect(w.kit, NULL, &n), SESS_DENIED, "ahead again");
	is_int(collect(&w, 0, true, &n), SESS_OK, "forced");
	is_int((int64_t)n, 1, "it collects");
	(void)store_text(&w, &j, "a", "b");
	*w.clock += 3 * DAY;
	is_int(sess_collect(w.kit, NULL, &n), SESS_DENIED, "three days without a look at the clock");
	*w.clock += 1800 + 3650 * DAY;
	is_int(sess_collect(w.kit, NULL, &n), SESS_DENIED, "a second jump is no proof of the first");
	*w.clock += 30 * DAY;
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "but a collector that comes once a month is");
	(void)store_text(&w, &j, "a", "b");
	*w.clock += 5 * DAY;
	is_int(sess_collect(w.kit, NULL, &n), SESS_DENIED, "five days without a look at the clock");
	*w.clock += 3600;
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "an hour later it is believed");
	is_int((int64_t)n, 1, "and collects");
	*w.clock += DAY;
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "a day is no jump");
	world_close(&w);
}

/* As if another process were at it until then. */
static void
pretend_collector(world *w, int64_t until)
{
	store *st = &w->kit->store;
	sess_error err;
	int64_t found;

	if (st->provider->cas(st->self, "collector", 0, until, &found, &err) != 1)
		bail("cas: %s", err.text);
}

static void
collect_one_at_a_time(const char *kind)
{
	size_t n = 0;
	world w, other;

	world_open(&w, kind, NULL);
	if (world_clone(&other, &w, NULL) != SESS_OK)
		bail("%s", other.err.text);
	pretend_collector(&w, START + 60);
	is_int(sess_collect(other.kit, NULL, &n), SESS_BUSY, "one collector at a time");
	is_int(sess_idle(other.kit), SESS_OK, "which is no trouble of a visitor");
	*w.clock += 60;
	is_int(sess_collect(other.kit, NULL, &n), SESS_OK, "a dead one is replaced");
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "and all is given back");
	pretend_collector(&w, START + DAY);
	is_int(sess_collect(w.kit, NULL, &n), SESS_OK, "so is one of a wrong clock");
	world_close(&other);
	world_close(&w);
}

static void
life_with_a_wrong_clock(const char *kind)
{
	static const struct {
		int64_t step;
		sess_status state;
	} cases[] = {
		{ -3600, SESS_LIVE },
		{ 3600, SESS_LIVE },
		{ -START, SESS_AGED },
		{ INT64_C(315360000), SESS_AGED },
		{ INT64_C(2147483648) - START, SESS_AGED },
		{ -START - INT64_C(2147483649), SESS_AGED },
	};
	world w;

	for (size_t i = 0; i < PARTS(cases); i++) {
		jar j = { 0 };

		world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .idle = 7200 });
		(void)log_in(&w, &j, "ann");
		*w.clock += cases[i].step;
		is_int(look(&w, &j), cases[i].state, "the clock steps by %lld seconds",
			(long long)cases[i].step);
		is_int(look(&w, &j), cases[i].state, "again");
		*w.clock = START + 43200;
		is_int(look(&w, &j), SESS_AGED, "at the absolute limit it is over");
		world_close(&w);
	}
	/* Begun under a clock far ahead, a session has limits that nobody meant. */
	for (int64_t ahead = 3600; ahead <= 315360000; ahead *= 87600) {
		jar j = { 0 };

		world_open(&w, kind, NULL);
		*w.clock += ahead;
		(void)log_in(&w, &j, "ann");
		*w.clock -= ahead;
		is_int(look(&w, &j), ahead == 3600 ? SESS_LIVE : SESS_AGED,
			"the clock was %lld seconds ahead", (long long)ahead);
		world_close(&w);
	}
}

int
main(void)
{
	static world_test *const tests[] = { collect_what_expired, collect_traces,
		collect_despite_damaged_marks, collect_tells_progress,
		collect_within_its_budget, collect_in_idle, collect_slices, collect_after_a_jump, collect_one_at_a_time,
		life_with_a_wrong_clock };

	return world_run(tests, PARTS(tests));
}
