/* SPDX-License-Identifier: ISC */
/* test_renewal.c - the regular change of the id: offer, confirm, retire; nobody is logged out by
 * it, and who kept an old id is found out. */
#include "session.h"

#define RENEW 900
#define GRACE 60

/* A session in the jar at the time when its renewal is due. */
static void
open_due(world *w, jar *j, const char *kind, const sess_config *with)
{
	world_open(w, kind, with);
	(void)store_text(w, j, "a", "b");
	*w->clock += RENEW;
}

static void
renewal_step_by_step(const char *kind)
{
	jar j = { 0 }, old;
	world w;

	open_due(&w, &j, kind, NULL);
	*w.clock -= 1;
	old = j;
	(void)look(&w, &j);
	is_str(jar_get(&j, NAME), jar_get(&old, NAME), "a second early: no new id");
	*w.clock += 1;
	is_int(look(&w, &j), SESS_LIVE, "when it is due");
	ok(strcmp(jar_get(&j, NAME), jar_get(&old, NAME)) != 0, "a new id is offered");
	is_int(look(&w, &old), SESS_LIVE, "the old one goes on working");
	is_int(world_logged(&w, "renewed"), 0, "nothing is confirmed yet");
	is_int(store_text(&w, &j, "c", "d"), SESS_OK, "the new one works too");
	is_int(world_logged(&w, "renewed"), 1, "and is confirmed by that");
	*w.clock += GRACE;
	is_int(store_text(&w, &old, "e", "f"), SESS_OK, "the old one serves within its grace");
	is_int(world_logged(&w, "offered"), 1, "without an offer");
	ok(look(&w, &j) == SESS_LIVE && world_records(&w) == 1, "there is one session");
	*w.clock += 1;
	is_int(look(&w, &old), SESS_REUSED, "after the grace it is an alarm");
	is_int(look(&w, &j), SESS_REUSED, "that ends the session");
	is_int(look(&w, &old), SESS_REUSED, "and says so again");
	is_int(world_logged(&w, "reuse"), 1, "there was one alarm");
	is_int(world_records(&w), 0, "nothing is left");
	world_close(&w);
}

static void
renewal_refusing(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	open_due(&w, &j, kind, &(sess_config){ .size = sizeof(sess_config),
		.reuse = SESS_REUSE_REFUSE });
	(void)log_in(&w, &j, "ann");
	*w.clock += RENEW;
	old = j;
	(void)look(&w, &j);
	(void)look(&w, &j);
	*w.clock += GRACE + 1;
	visit_begin(&v, &w, &old);
	is_int(sess_state(v.s), SESS_REUSED, "reuse = refuse: the old id is refused");
	ok(!sess_user(v.s) && !sess_next(v.s, NULL) && !*sess_ref(v.s), "with all that it led to");
	(void)visit_end(&v);
	is_int(look(&w, &j), SESS_LIVE, "and the session lives on");
	is_int(world_logged(&w, "reuse"), 1, "with an alarm");
	world_close(&w);
}

static void
renewal_with_lost_responses(const char *kind)
{
	jar j = { 0 }, first;
	world w;
	visit v;
	int offers = 0;

	open_due(&w, &j, kind, NULL);
	first = j;
	for (int i = 0; i < 600; i++) {
		visit_begin(&v, &w, &j);
		if (sess_state(v.s) != SESS_LIVE)
			break;
		(void)visit_lose(&v);
		offers += set_cookies(v.headers, NAME);
		*w.clock += 1;
	}
	is_int(*w.clock, START + RENEW + 600, "ten minutes of lost responses cost nothing");
	is_int(offers, 10, "one id was offered in each grace");
	(void)look(&w, &j);
	(void)look(&w, &j);
	is_int(world_logged(&w, "renewed"), 1, "the first that arrives renews");
	is_int(look(&w, &first), SESS_LIVE, "the old id serves as ever");
	world_close(&w);
}

static void
renewal_with_parallel_requests(const char *kind)
{
	enum { MANY = 64 };
	visit v[MANY];
	jar j = { 0 }, now;
	int offers = 0, served = 0;
	world w;

	open_due(&w, &j, kind, NULL);
	now = j;
	for (int i = 0; i < MANY; i++) {
		jar copy = j;

		visit_begin(&v[i], &w, &copy);
		v[i].cookies = &now;
		served += sess_state(v[i].s) == SESS_LIVE;
		(void)sess_add_int(v[i].s, "n", 1);
	}
	for (int i = 0; i < MANY; i++) {
		served += visit_end(&v[i]) == SESS_OK;
		offers += set_cookies(v[i].headers, NAME);
		/* In the midst of them the new id is used already. */
		if (i == MANY / 2)
			served += look(&w, &now) == SESS_LIVE;
	}
	is_int(served, 2 * MANY + 1, "64 requests across a renewal are all served");
	is_int(offers, 1, "and get one new id in all");
	is_int(add_one(&w, &now), MANY + 1, "which leads to what all of them stored");
	is_int(world_logged(&w, "renewed"), 1, "one lineage");
	is_int(add_one(&w, &j), MANY + 2, "also by the old id, within its grace");
	world_close(&w);
}

static void
renewal_read_only(const char *kind)
{
	sess_options read = { .flags = SESS_READ_ONLY };
	jar j = { 0 };
	visit v;
	world w;

	open_due(&w, &j, kind, NULL);
	(void)look(&w, &j);
	for (int i = 0; i < 2; i++) {
		(void)visit_try(&v, &w, &j, NULL, &read);
		is_str(sess_get_str(v.s, "a", NULL), "b", "a read-only request with the new id");
		(void)visit_end(&v);
	}
	is_int(world_logged(&w, "renewed"), 0, "confirms nothing");
	(void)look(&w, &j);
	is_int(world_logged(&w, "renewed"), 1, "and leaves it to the next");
	world_close(&w);
}

/* Requests that only look write nothing that would tell them of a renewal in between. */
static void
renewal_seen_by_idle_requests(const char *kind)
{
	visit early, slow, other;
	jar j = { 0 }, old;
	world w;

	open_due(&w, &j, kind, &(sess_config){ .size = sizeof(sess_config), .touch = 1799 });
	old = j;
	visit_begin(&early, &w, &j);
	visit_begin(&slow, &w, &old);
	visit_begin(&other, &w, &old);
	(void)visit_end(&early);
	(void)visit_end(&other);
	is_int(set_cookies(early.headers, NAME), 1, "of two requests at once one is offered an id");
	is_int(set_cookies(other.headers, NULL), 0, "and the other is not");
	is_int(look(&w, &j), SESS_LIVE, "a new id was offered and confirmed");
	(void)visit_end(&slow);
	is_int(set_cookies(slow.headers, NULL), 0, "a slow request is offered none after that");
	world_close(&w);
}

/* A retired id is never sent again, whatever the request that came with it meets. */
static void
renewal_of_stale_request(const char *kind)
{
	visit stale, other;
	jar j = { 0 }, old;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&other, &w, &j);
	(void)sess_remember(other.s, 86400);
	(void)visit_end(&other);
	for (int i = 0; i < 2; i++) {
		*w.clock += RENEW;
		old = j;
		(void)look(&w, &j);
		if (i == 0)
			(void)look(&w, &j);
		visit_begin(&stale, &w, &old);
		if (i == 1)
			(void)look(&w, &j);
		(void)sess_add_int(stale.s, "n", 1);
		(void)sess_remember(stale.s, 86400);
		/* It conflicts twice: first it learns of its successor, then it meets that one. */
		(void)add_one(&w, &j);
		is_int(sess_commit(stale.s), SESS_OK, "a request that outlived its id commits");
		(void)sess_add_int(stale.s, "n", 1);
		(void)add_one(&w, &j);
		is_int(visit_end(&stale), SESS_OK, "and again");
		is_int(set_cookies(stale.headers, NULL), 0, "and is sent no cookie");
		*w.clock += GRACE + 1;
		is_int(look(&w, &j), SESS_LIVE, "nobody is logged out");
	}
	is_int(add_one(&w, &j), 9, "all of it was stored");
	world_close(&w);
}

/* -- a renewal at the worst of moments ------------------------------------------------------- */

static const sess_provider *real;
static struct {
	world w;                /* another process */
	jar with;
	int loads;
} bystander;

/* As the store's own, but right after the second time another request confirms a new id. */
static int
load_and_move(void *self, const unsigned char *id, int64_t now, sess_record *r, sess_sink *sink,
	sess_error *err)
{
	int rc = real->load(self, id, now, r, sink, err);

	if (++bystander.loads == 2)
		(void)look(&bystander.w, &bystander.with);
	return rc;
}

static void
renewal_between_load_and_update(const char *kind)
{
	sess_provider moving;
	jar j = { 0 }, old;
	visit v;
	world w;

	open_due(&w, &j, kind, NULL);
	if (world_clone(&bystander.w, &w, NULL) != SESS_OK)
		bail("%s", bystander.w.err.text);
	old = j;
	(void)look(&w, &j);
	bystander.with = j;
	bystander.loads = 0;
	real = w.kit->store.provider;
	moving = *real;
	moving.load = load_and_move;
	moving.hold = NULL;
	moving.release = NULL;
	w.kit->store.provider = &moving;
	visit_begin(&v, &w, &old);
	(void)sess_add_int(v.s, "n", 1);
	is_int(add_one(&bystander.w, &old), 1, "another request changes what this one has read");
	is_int(visit_end(&v), SESS_OK, "the record moves while it tries again, and is found");
	is_int(world_logged(&bystander.w, "renewed"), 1, "under its new id");
	is_int(add_one(&bystander.w, &j), 3, "with all that was stored");
	world_close(&bystander.w);
	world_close(&w);
}

static void
renewal_then_change_of_rights(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	open_due(&w, &j, kind, NULL);
	old = j;
	(void)look(&w, &j);
	visit_begin(&v, &w, &old);
	(void)sess_login(v.s, "ann");
	is_int(visit_end(&v), SESS_OK, "a login while an id is on offer");
	is_int(look(&w, &j), SESS_ROTATED, "kills the offered one");
	(void)look(&w, &old);
	*w.clock += RENEW;
	j = old;
	(void)look(&w, &j);
	(void)look(&w, &j);
	visit_begin(&v, &w, &old);
	(void)sess_logout(v.s);
	is_int(visit_end(&v), SESS_OK, "a logout by a retired id within its grace");
	is_int(look(&w, &j), SESS_LOGGED_OUT, "ends the session");
	is_int(world_records(&w), 0, "altogether");
	world_close(&w);
}

static void
rotation_restarts_renewal(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	open_due(&w, &j, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	(void)visit_end(&v);
	is_int(set_cookies(v.headers, NULL), 1, "a rotation when a renewal is due");
	(void)look(&w, &j);
	is_int(world_logged(&w, "offered"), 0, "takes its place");
	*w.clock += RENEW;
	(void)look(&w, &j);
	is_int(world_logged(&w, "offered"), 1, "until the next is due");
	world_close(&w);
}

/* A cookie that outlives the browser is sent with each touch; ids must change all the same. */
static void
renewal_of_remembered(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;
	int alive = 0;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_remember(v.s, 30 * 86400);
	(void)visit_end(&v);
	for (int i = 0; i < 100; i++) {
		*w.clock += 300;
		alive += look(&w, &j) == SESS_LIVE;
	}
	is_int(alive, 100, "a remembered session in use");
	ok(world_logged(&w, "renewed") >= 20, "is renewed as any other (%zu times)",
		world_logged(&w, "renewed"));
	world_close(&w);
}

/* The response to a request just before the renewal is slow: the id in it must not replace the new
 * one that the browser has got meanwhile. */
static void
renewal_and_slow_remembered(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_remember(v.s, 86400);
	(void)visit_end(&v);
	*w.clock = START + RENEW - 1;
	visit_begin(&v, &w, &j);
	(void)visit_lose(&v);
	*w.clock += 1;
	(void)look(&w, &j);
	(void)look(&w, &j);
	is_int(world_logged(&w, "renewed"), 1, "a renewal overtakes a slow response");
	jar_take(&j, v.headers);
	*w.clock += GRACE + 2;
	is_int(look(&w, &j), SESS_LIVE, "which does not bring the retired id back");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { renewal_step_by_step, renewal_refusing,
		renewal_with_lost_responses, renewal_with_parallel_requests,
		renewal_read_only, renewal_seen_by_idle_requests, renewal_of_stale_request,
		renewal_between_load_and_update, renewal_then_change_of_rights,
		rotation_restarts_renewal, renewal_of_remembered, renewal_and_slow_remembered };

	return world_run(tests, PARTS(tests));
}
