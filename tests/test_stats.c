/* SPDX-License-Identifier: ISC */
/* test_stats.c - what sess_summary says of whole requests, and of a store that keeps no numbers. */
#include "session.h"

static sess_stats
summary(world *w)
{
	sess_stats got;

	memset(&got, 0x5a, sizeof(got));
	if (sess_summary(w->kit, &got) != SESS_OK)
		bail("sess_summary: %s", sess_kit_error(w->kit));
	return got;
}

static void
a_day_in_numbers(const char *kind)
{
	jar ann = { 0 }, ben = { 0 }, nobody = { 0 };
	sess_stats got;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)look(&w, &nobody);
	(void)store_text(&w, &ann, "cart", "tea");
	(void)log_in(&w, &ann, "ann");
	(void)log_in(&w, &ben, "ben");
	got = summary(&w);
	is_int(got.live, 2, "who stores nothing is not counted");
	is_int(got.signed_in, 2, "both are signed in");
	is_int(got.minute[0].started, 2, "two began");
	is_int(got.minute[0].logins, 2, "and signed in");
	is_int(got.minute[0].ended, 0, "a login ends nothing");
	visit_begin(&v, &w, &ann);
	is_int(sess_logout(v.s), SESS_OK, "one signs out");
	(void)visit_end(&v);
	*w.clock += 40;                 /* the next minute */
	is_int((int64_t)sess_end_user(w.kit, "ben", NULL, NULL), SESS_OK, "one is ended");
	got = summary(&w);
	is_int(got.live, 0, "none is left");
	is_int(got.minute[1].ended, 1, "one ended a minute ago");
	is_int(got.minute[0].ended, 1, "one now");
	is_int(got.hour[0].ended, 2, "both within the hour");
	world_close(&w);
}

static void
sizes_and_waiting(const char *kind)
{
	jar j = { 0 };
	sess_stats got;
	world w;

	world_open(&w, kind, NULL);
	got = summary(&w);
	is_int(got.value_bytes, 0, "no values");
	is_int(got.oldest, 0, "nothing waits");
	(void)store_text(&w, &j, "a", "0123456789");
	got = summary(&w);
	is_int(got.value_bytes, 18, "size of the values");
	ok(got.bytes > 0 && got.log <= got.bytes && got.free <= got.bytes, "sizes of the store");
	*w.clock += 7200;
	got = summary(&w);
	is_int(got.live, 0, "expired");
	is_int(got.waiting, 1, "but waits");
	is_int(got.oldest, START + 1800 + 90, "since then");
	is_int(sess_collect(w.kit, NULL, NULL), SESS_OK, "collect");
	got = summary(&w);
	is_int(got.waiting, 0, "nothing waits any more");
	is_int(got.minute[0].expired, 1, "it is counted when it is collected");
	world_close(&w);
}

/* An application that is asked by the operator's page for its own numbers must not fall over. */
static void
a_store_without_numbers(const char *kind)
{
	sess_provider plain;
	jar ann = { 0 }, other = { 0 };
	sess_stats got;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &ann, "ann");
	(void)store_text(&w, &other, "a", "b");
	plain = *w.kit->store.provider;
	plain.stats = NULL;
	w.kit->store.provider = &plain;
	got = summary(&w);
	is_int(got.live, 2, "live ones are counted");
	is_int(got.signed_in, 1, "and those signed in");
	is_int(got.waiting, -1, "the rest is not known");
	is_int(got.value_bytes, -1, "sizes");
	is_int(got.minute[0].started, -1, "minutes");
	is_int(got.hour[23].expired, -1, "hours");
	world_close(&w);
}

static void
bad_arguments(const char *kind)
{
	sess_stats got;
	world w;

	world_open(&w, kind, NULL);
	is_int(sess_summary(NULL, &got), SESS_INVALID, "no kit");
	is_int(sess_summary(w.kit, NULL), SESS_INVALID, "nowhere to put it");
	world_close(&w);
}

/* Each way of counting says the same, whichever side of the index it takes. */
static void
counts_agree(const char *kind)
{
	jar all[12];
	size_t n;
	world w;

	memset(all, 0, sizeof(all));
	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(all); i++) {
		if (i % 3 == 0)
			(void)log_in(&w, &all[i], i % 2 == 0 ? "ann" : "ben");
		else
			(void)store_text(&w, &all[i], "a", "b");
		*w.clock += 10;
	}
	for (int64_t within = 0; within <= 130; within += 10) {
		size_t want = within == 0 || within > 120 ? 12 : (size_t)within / 10;

		if (sess_count(w.kit, NULL, within, &n) != SESS_OK)
			bail("%s", sess_kit_error(w.kit));
		is_int((int64_t)n, (int64_t)want, "seen within %lld seconds", (long long)within);
	}
	(void)sess_count(w.kit, "", 100, &n);
	is_int((int64_t)n, 7, "anonymous, seen within 100 seconds");
	(void)sess_count(w.kit, "", 20, &n);
	is_int((int64_t)n, 2, "within 20");
	(void)sess_count(w.kit, "ann", 70, &n);
	is_int((int64_t)n, 1, "one user, within 70");
	*w.clock += 1790;               /* the first eight have expired */
	(void)sess_count(w.kit, NULL, 0, &n);
	is_int((int64_t)n, (int64_t)summary(&w).live, "of those left, all");
	is_int(summary(&w).waiting, 12 - (int64_t)n, "the others wait");
	(void)sess_count(w.kit, NULL, 3000, &n);
	is_int((int64_t)n, (int64_t)summary(&w).live, "seen within a longer time");
	(void)sess_count(w.kit, NULL, 1810, &n);
	is_int((int64_t)n, 2, "seen within a shorter one");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { a_day_in_numbers, sizes_and_waiting,
		a_store_without_numbers, bad_arguments, counts_agree };

	return world_run(tests, PARTS(tests));
}
