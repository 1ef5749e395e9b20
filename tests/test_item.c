/* SPDX-License-Identifier: ISC */
/* test_item.c - nothing goes into a store that no store could have held. */
#include "internal.h"
#include "support.h"
#include "tap.h"

#include <string.h>

#define NOW INT64_C(1700000000)

static store to;
static sess_error error;

static sess_record record(unsigned char number)
{
	sess_record rec = { .revision = 1, .created = NOW, .seen = NOW, .expires = NOW + 1800,
		.idle = 1800, .data = "{}", .len = 2 };

	memset(rec.id, number, sizeof(rec.id));
	memset(rec.secret, number + 100, sizeof(rec.secret));
	memset(rec.family, number, sizeof(rec.family));
	return rec;
}

static sess_trace trace(int kind, unsigned char number)
{
	sess_trace t = { .kind = kind, .at = NOW, .keep = NOW + 60, .why = SESS_LOGGED_OUT };

	memset(t.id, number, sizeof(t.id));
	return t;
}

static size_t there(void)
{
	size_t n = 99;

	if (to.provider->count(to.self, &(sess_query){ .now = NOW }, &n, &error) != SESS_OK)
		bail("%s", error.text);
	return n;
}

static void refused(const sess_record *rec, const sess_trace *traces, size_t count,
	const char *what)
{
	is_int(item_restore(&to, &(sess_item){ .rec = rec, .traces = traces, .count = count }, &error),
		SESS_INVALID, "%s is refused", what);
	ok(error.text[0] != '\0', "and said so");
	is_int(there(), 0, "nothing is there");
}

static void what_no_walk_gives_is_refused(void)
{
	sess_record rec = record(1);
	sess_trace t = trace(SESS_TRACE_CANDIDATE, 2);

	rec.revision = 0;
	refused(&rec, NULL, 0, "revision 0");
	rec.revision = (uint64_t)INT64_MAX + 1;
	refused(&rec, NULL, 0, "a revision that no store can count to");
	rec = record(1);
	rec.login = -1;
	refused(&rec, NULL, 0, "a login before all time");
	rec = record(1);
	t.kind = SESS_TRACE_ENDED;
	refused(&rec, &t, 1, "a live session that has an ended id");
	t.kind = 9;
	refused(&rec, &t, 1, "an id of a kind that there is not");
	t = trace(SESS_TRACE_RETIRED, 1);
	refused(&rec, &t, 1, "a retired id that is the session's own");
	refused(NULL, &t, 1, "a retired id that leads to no session");
	refused(NULL, (sess_trace[]){ trace(SESS_TRACE_ENDED, 3), trace(SESS_TRACE_ENDED, 4) }, 2,
		"two ended ids in one");
	refused(NULL, NULL, 0, "nothing");
}

static void what_a_walk_gives_is_taken(void)
{
	sess_record rec = record(1);
	sess_trace t = trace(SESS_TRACE_CANDIDATE, 2);
	sess_trace ended = trace(SESS_TRACE_ENDED, 3);

	is_int(item_restore(&to, &(sess_item){ .rec = &rec, .traces = &t, .count = 1 }, &error), 1,
		"a session with a candidate");
	is_int(there(), 1, "is there");
	is_int(item_restore(&to, &(sess_item){ .traces = &ended, .count = 1 }, &error), 1,
		"an ended id");
}

int main(void)
{
	const sess_limits limits = { .max_bytes = 4096, .max_sessions = 10, .busy_ms = 1000 };

	if (store_find(&to, "memory:", &limits, &error) != SESS_OK ||
		store_check(&to, &error) != SESS_OK)
		bail("%s", error.text);
	what_no_walk_gives_is_refused();
	what_a_walk_gives_is_taken();
	store_close(&to);
	return done();
}
