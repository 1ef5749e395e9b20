/* SPDX-License-Identifier: ISC */
/* test_remember.c - sessions and cookies that outlive the browser. */
#include "session.h"

#define DAY 86400

static void
remember_for(world *w, jar *j, int64_t seconds)
{
	visit v;

	(void)sess_remember(visit_begin(&v, w, j), seconds);
	is_int(visit_end(&v), SESS_OK, "remember for %lld seconds", (long long)seconds);
}

static void
remember_extends(const char *kind)
{
	sess_info info;
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .renew = -1 });
	remember_for(&w, &j, 30 * DAY);
	is_int(jar_life_of(&j), 30 * DAY, "a visitor can be remembered");
	*w.clock += 20 * DAY;
	visit_begin(&v, &w, &j);
	is_int(sess_state(v.s), SESS_LIVE, "it lives longer than idle and absolute");
	(void)sess_about(v.s, &info);
	is_int(info.absolute, START + 30 * DAY, "up to a limit of its own");
	(void)visit_end(&v);
	is_int(jar_life_of(&j), 10 * DAY, "the cookie never outlives that");
	*w.clock = START + 30 * DAY - 1;
	is_int(look(&w, &j), SESS_LIVE, "a second before");
	is_int(jar_life_of(&j), 1, "the cookie has a second left");
	*w.clock += 1;
	is_int(look(&w, &j), SESS_AGED, "at the limit");
	world_close(&w);
}

static void
remember_resends(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .renew = -1 });
	remember_for(&w, &j, 30 * DAY);
	*w.clock += 89;
	visit_begin(&v, &w, &j);
	(void)visit_end(&v);
	is_int(set_cookies(v.headers, NULL), 0, "between touches the cookie is not sent");
	*w.clock += 1;
	visit_begin(&v, &w, &j);
	(void)visit_end(&v);
	is_int(set_cookies(v.headers, NAME), 1, "with a touch it is");
	is_int(jar_life_of(&j), 30 * DAY - 90, "for what is left");
	world_close(&w);
}

static void
remember_forgets(const char *kind)
{
	sess_info info;
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	remember_for(&w, &j, 30 * DAY);
	*w.clock += 100;
	remember_for(&w, &j, 0);
	is_int(jar_life_of(&j), 0, "0 makes it a session cookie again");
	visit_begin(&v, &w, &j);
	(void)sess_about(v.s, &info);
	is_int(info.absolute, START + 43200, "with the limits that were configured");
	is_int(info.expires, START + 100 + 1890, "both of them");
	(void)visit_end(&v);
	*w.clock += 1890;
	is_int(look(&w, &j), SESS_IDLE, "so that it ends as any other");
	world_close(&w);
}

/* A request that began while the session was remembered touches it when it no longer is. */
static void
remember_forgets_for_all(const char *kind)
{
	jar j = { 0 };
	visit slow, v;
	world w;

	world_open(&w, kind, NULL);
	remember_for(&w, &j, 30 * DAY);
	*w.clock += 100;
	visit_begin(&slow, &w, &j);
	visit_begin(&v, &w, &j);
	(void)sess_remember(v.s, 0);
	(void)visit_end(&v);
	(void)visit_end(&slow);
	*w.clock = START + 43200;
	is_int(look(&w, &j), SESS_AGED, "the absolute limit holds whatever a slow request did");
	world_close(&w);
}

static void
remember_within_bounds(const char *kind)
{
	jar j = { 0 };
	sess_info info;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	remember_for(&w, &j, 1000 * DAY);
	is_int(jar_life_of(&j), 400 * DAY, "more than 400 days are cut");
	visit_begin(&v, &w, &j);
	(void)sess_about(v.s, &info);
	is_int(info.absolute, START + 400 * DAY, "for the session as well");
	is_int(sess_remember(v.s, -1), SESS_INVALID, "less than none");
	is_int(visit_end(&v), SESS_INVALID, "is refused");
	is_int(sess_remember(NULL, 1), SESS_INVALID, "no session");
	world_close(&w);
}

static void
remember_configured(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .renew = -1,
		.cookie_lifetime = 3600, .absolute = 7200, .idle = 7000 });
	(void)store_text(&w, &j, "a", "b");
	is_int(jar_life_of(&j), 3600, "cookie_lifetime");
	*w.clock += 5000;
	visit_begin(&v, &w, &j);
	(void)visit_end(&v);
	is_int(jar_life_of(&j), 2200, "is cut at the absolute limit");
	world_close(&w);
}

/* Asked for in the midst of a renewal: no cookie may bring the old id back. */
static void
remember_while_renewing(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	*w.clock += 900;
	old = j;
	(void)look(&w, &j);
	remember_for(&w, &old, DAY);
	is_str(strcmp(jar_get(&old, NAME), jar_get(&j, NAME)) == 0 ? "new" : "old", "old",
		"while an id is on offer no other is sent");
	*w.clock += 100;
	visit_begin(&v, &w, &j);
	(void)visit_end(&v);
	*w.clock += 100;
	(void)look(&w, &j);
	ok(jar_life_of(&j) > 0, "the next touch sends the longer life");
	remember_for(&w, &j, 2 * DAY);
	is_int(jar_life_of(&j), 2 * DAY, "as does the next time it is asked for");
	*w.clock += 900;
	remember_for(&w, &j, 3 * DAY);
	is_int(jar_life_of(&j), 3 * DAY, "with a new id when one is due");
	is_int(world_logged(&w, "offered"), 2, "which was the second");
	world_close(&w);
}

/* The request that confirms a new id may ask for it as well as any other. */
static void
remember_while_confirming(const char *kind)
{
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	*w.clock += 900;
	(void)look(&w, &j);
	remember_for(&w, &j, DAY);
	is_int(world_logged(&w, "renewed"), 1, "with a new id");
	is_int(jar_life_of(&j), DAY, "the cookie comes at once");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { remember_extends, remember_resends, remember_forgets,
		remember_forgets_for_all, remember_within_bounds, remember_configured,
		remember_while_renewing, remember_while_confirming };

	return world_run(tests, PARTS(tests));
}
