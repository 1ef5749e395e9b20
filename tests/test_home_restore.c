/* SPDX-License-Identifier: ISC */
/* test_home_restore.c - what is put back while others put back another state of the session, end it
 * or collect it. */
#include "home_shelf.h"
#include "store_contract.h"
#include "tap.h"

#define NOW CONTRACT_NOW
#define STEPS_MAX 20

static void
ignore_check(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	(void)sentence;
	(void)number;
	(void)passed;
	(void)text;
}

/* The session before and after a renewal, or two: what is a candidate first has replaced the old id
 * later. A third id was retired long ago. */
typedef struct states {
	sess_record old, new;
	sess_trace before[1], after[2];
	sess_item first, later;
} states;

static sess_trace
trace_of(int kind, const unsigned char *id)
{
	sess_trace t = { .kind = kind, .at = NOW, .keep = CONTRACT_KEEP };

	memcpy(t.id, id, sizeof(t.id));
	return t;
}

/* With twice, the old id is forgotten by the time of the later state. */
static void
make_states(contract *c, states *s, bool twice, bool turned)
{
	unsigned char retired[SESS_ID_BYTES], candidate[SESS_ID_BYTES];

	s->old = fresh_record(c);
	s->new = s->old;
	fresh_id(c, s->new.id);
	fresh_id(c, retired);
	fresh_id(c, candidate);
	if (!twice)
		memcpy(candidate, s->new.id, sizeof(candidate));
	s->before[0] = trace_of(SESS_TRACE_CANDIDATE, candidate);
	s->after[turned] = trace_of(SESS_TRACE_RETIRED, retired);
	s->after[!turned] = trace_of(SESS_TRACE_RETIRED, twice ? candidate : s->old.id);
	s->first = (sess_item){ .rec = &s->old, .traces = s->before, .count = 1 };
	s->later = (sess_item){ .rec = &s->new, .traces = s->after, .count = 2 };
}

static struct {
	contract c;
	const states *s;
	int step;                       /* 0: it came to that */
} others;

/* Before that many swaps of the one who puts back the later state. */
static void
others_end_it(void)
{
	if (--others.step > 0) {
		shelf_faulty.before_swap = others_end_it;
		return;
	}
	if (others.c.provider->restore(others.c.self, &others.s->first, &others.c.err) < 0 ||
		do_end(&others.c, others.s->old.id, SESS_LOGGED_OUT) != SESS_OK)
		diag("the other one: %s", others.c.err.text);
}

/* Ended at that step, it has ended for good: false, it does not come to that step. */
static bool
ends_at(int step, bool twice, bool turned, int *faults)
{
	contract c = { .provider = &home_shelf, .report = ignore_check,
		.limits = { .max_bytes = 1000, .busy_ms = 200 } };
	states s;
	int rc, alive;

	snprintf(c.here, sizeof(c.here), "ends-%d-%d-%d", step, twice, turned);
	c.self = open_handle(&c);
	others.c = c;
	others.c.self = open_handle(&c);
	make_states(&c, &s, twice, turned);
	others.s = &s;
	others.step = step;
	shelf_faulty.before_swap = others_end_it;
	rc = c.provider->restore(c.self, &s.later, &c.err);
	shelf_faulty.before_swap = NULL;
	alive = do_load(&c, s.old.id, NOW) == 1;
	alive += do_load(&c, s.new.id, NOW) == 1;
	if (others.step == 0 && (alive || rc != 0) && (*faults)++ < 5)
		diag("step %d%s%s: %d, %d ids lead to the session%s", step, twice ? ", twice" : "",
			turned ? ", turned" : "", rc, alive, rc < 0 ? c.err.text : "");
	c.provider->close(others.c.self);
	c.provider->close(c.self);
	arena_free(&c.sink.memory);
	return others.step == 0;
}

static void
ends_meanwhile(void)
{
	int faults = 0, steps = 0;

	for (int turned = 0; turned < 2; turned++)
		for (int step = 1; step < STEPS_MAX && ends_at(step, false, turned, &faults); step++)
			steps++;
	ok(faults == 0 && steps >= 6, "put back while it ends at any of %d steps, it has ended", steps);
}

/* Home and former id of the two have nothing in common but what leads there. */
static void
ends_elsewhere(void)
{
	int faults = 0, steps = 0;

	for (int step = 1; step <= 2 && ends_at(step, true, false, &faults); step++)
		steps++;
	ok(faults == 0 && steps == 2, "and so if it ends by an id that is forgotten");
}

static void
others_collect(void)
{
	is_int((int64_t)do_collect(&others.c, NOW + 2 * CONTRACT_LIFE, 9), 1,
		"the other one collects it");
}

/* What is on disk already may go before it is put there once more. */
static void
goes_meanwhile(void)
{
	contract c = { .provider = &home_shelf, .report = ignore_check, .here = "goes",
		.limits = { .max_bytes = 1000, .busy_ms = 200 } };
	sess_record rec;
	sess_item item = { .rec = &rec, .sync = true };

	c.self = open_handle(&c);
	rec = stored_record(&c);
	rec.revision = 1;
	others.c = c;
	others.c.self = open_handle(&c);
	is_int(c.provider->restore(c.self, &item, &c.err), 0, "a session that is there stays");
	shelf_faulty.before_swap = others_collect;
	is_int(c.provider->restore(c.self, &item, &c.err), 1, "it is put there, then");
	is_int(do_load(&c, rec.id, NOW), 1, "and is there");
	c.provider->close(others.c.self);
	c.provider->close(c.self);
	arena_free(&c.sink.memory);
}

int
main(void)
{
	ends_meanwhile();
	ends_elsewhere();
	goes_meanwhile();
	return done();
}
