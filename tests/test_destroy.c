/* SPDX-License-Identifier: ISC */
/* test_destroy.c - the end of a session: at once, for good, and in the browser as well. */
#include "session.h"

static void
destroy_ends_it(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	(void)store_text(&w, &j, "a", "b");
	old = j;
	visit_begin(&v, &w, &j);
	is_int(sess_logout(v.s), SESS_OK, "logout");
	is_int(world_records(&w), 0, "acts at once");
	ok(!sess_user(v.s) && !sess_next(v.s, NULL) && !*sess_ref(v.s), "nothing is left of it");
	is_int(sess_state(v.s), SESS_LOGGED_OUT, "as its state says");
	is_int(visit_end(&v), SESS_OK, "commit");
	ok(has_line(v.headers, "Clear-Site-Data: \"cache\""), "what the browser kept is to go");
	is_str(strtok(v.headers, "\r"), "Set-Cookie: " NAME "=; Path=/; Max-Age=0; "
		"Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
		"the cookie is deleted with the attributes it had");
	is_int((int64_t)j.count, 0, "the jar is empty");
	is_int(look(&w, &old), SESS_LOGGED_OUT, "a copy of the cookie is worth nothing");
	*w.clock += 6 * 3600 - 1;
	is_int(look(&w, &old), SESS_LOGGED_OUT, "and says why for as long as traces are kept");
	*w.clock += 1;
	is_int(look(&w, &old), SESS_UNKNOWN, "after that it is unknown");
	world_close(&w);
}

static void
destroy_by_plain_http(const char *kind)
{
	static const char *const plain[] = { "HTTPS=off", NULL };
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)visit_try(&v, &w, &j, plain, NULL);
	(void)sess_login(v.s, "ann");
	is_int(visit_end(&v), SESS_OK, "a login by plain HTTP");
	(void)visit_try(&v, &w, &j, plain, NULL);
	(void)sess_logout(v.s);
	is_int(visit_end(&v), SESS_OK, "and its logout");
	ok(has_line(v.headers, "Clear-Site-Data: \"cache\""), "clear what the browser kept as well");
	world_close(&w);
}

static void
destroy_without_commit(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	visit_begin(&v, &w, &j);
	(void)sess_destroy(v.s);
	sess_end(v.s);
	v.s = NULL;
	(void)visit_lose(&v);
	is_int(look(&w, &j), SESS_LOGGED_OUT, "a program that dies after it has logged out");
	world_close(&w);
}

static void
destroy_then_store(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	old = j;
	visit_begin(&v, &w, &j);
	(void)sess_logout(v.s);
	(void)sess_flash(v.s, "note", "Good bye");
	is_int(visit_end(&v), SESS_OK, "a message after logout");
	is_int(set_cookies(v.headers, NAME), 1, "one cookie");
	ok(strcmp(jar_get(&j, NAME), jar_get(&old, NAME)) != 0, "a new id");
	visit_begin(&v, &w, &j);
	is_str(sess_flash_take(v.s, "note"), "Good bye", "the message arrives");
	is_str(sess_user(v.s), NULL, "nobody is logged in");
	(void)visit_end(&v);
	is_int(look(&w, &old), SESS_LOGGED_OUT, "the old id stays dead");
	world_close(&w);
}

/* Ended from elsewhere between two commits of one request. */
static void
destroy_between_commits(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_set_int(v.s, "a", 1);
	is_int(sess_commit(v.s), SESS_OK, "a session begins");
	is_int(sess_end_ref(w.kit, sess_ref(v.s)), SESS_OK, "is ended from elsewhere");
	(void)sess_set_int(v.s, "a", 2);
	is_int(visit_end(&v), SESS_GONE, "and another commit is told");
	is_int(set_cookies(v.headers, NULL), 0, "no cookie goes out for it");
	world_close(&w);
}

static void
destroy_nothing(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_set_int(v.s, "a", 1);
	is_int(sess_logout(v.s), SESS_OK, "a fresh session");
	is_int(visit_end(&v), SESS_OK, "forgets what it was told");
	ok(j.count == 0 && world_records(&w) == 0, "and nothing is stored or sent");
	is_int(sess_destroy(NULL), SESS_INVALID, "no session");
	world_close(&w);
}

/* Two windows: the stale one must not log out the fresh login of the other. */
static void
destroy_is_not_for_unknown_ids(const char *kind)
{
	static const char *const forged[] = { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "x" };
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(forged); i++) {
		jar_set(&j, NAME, forged[i]);
		visit_begin(&v, &w, &j);
		(void)visit_end(&v);
		is_int(set_cookies(v.headers, NULL), 0, "an unknown id: no cookie is deleted");
		visit_begin(&v, &w, &j);
		(void)sess_logout(v.s);
		(void)visit_end(&v);
		is_int(set_cookies(v.headers, NAME), 1, "unless logout is asked for");
	}
	(void)log_in(&w, &j, "ann");
	*w.clock += 43200;
	visit_begin(&v, &w, &j);
	is_int(sess_state(v.s), SESS_AGED, "an expired session");
	(void)visit_end(&v);
	is_int(set_cookies(v.headers, NULL), 0, "deletes no cookie either");
	world_close(&w);
}

static void
destroy_with_attributes(const char *kind)
{
	sess_config c = SESS_CONFIG_INIT;
	sess_options at = { .path = "/app", .domain = "example.org" };
	jar j = { 0 };
	visit v;
	world w;

	c.cookie_samesite = SESS_CROSS_SITE;
	c.cookie_partitioned = SESS_YES;
	c.cookie_httponly = SESS_NO;
	world_open(&w, kind, &c);
	(void)visit_try(&v, &w, &j, NULL, &at);
	(void)sess_set_int(v.s, "a", 1);
	(void)visit_end(&v);
	ok(jar_get(&j, "__Secure-sid") != NULL, "a cookie for one path and all hosts of a domain");
	(void)visit_try(&v, &w, &j, NULL, &at);
	(void)sess_destroy(v.s);
	(void)visit_end(&v);
	is_str(strtok(v.headers, "\r"), "Set-Cookie: __Secure-sid=; Path=/app; Domain=example.org; "
		"Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; SameSite=None; "
		"Partitioned",
		"is deleted by the same path, domain and flags");
	world_close(&w);
}

static void
destroy_after_headers(const char *kind)
{
	jar j = { 0 };
	const char *lines;
	char before[512];
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	world_close(&w);
	world_open(&w, kind, NULL);
	(void)visit_begin(&v, &w, &j);
	lines = sess_headers(v.s);
	snprintf(before, sizeof(before), "%s", lines);
	is_int(sess_logout(v.s), SESS_OK, "a logout after the header lines");
	is_str(lines, before, "leaves them as they are");
	(void)visit_end(&v);
	world_close(&w);
}

/* What is left when the session ended while the page ran. */
static void
destroy_under_a_page(const char *kind)
{
	jar j = { 0 }, same;
	sess_info info;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	same = j;
	(void)sess_set_int(visit_begin(&v, &w, &same), "a", 1);
	(void)sess_end_user(w.kit, "ann", NULL, NULL);
	is_int(sess_commit(v.s), SESS_GONE, "ended while the page ran");
	is_int(sess_about(v.s, &info), SESS_GONE, "there is nothing to tell about");
	is_str(sess_ref(v.s), "", "and no name for it");
	is_int(sess_require(v.s, 0, 0), SESS_DENIED, "nobody is logged in");
	is_int(sess_destroy(v.s), SESS_OK, "if it is to end anyway");
	(void)sess_set_int(v.s, "a", 2);
	is_int(visit_end(&v), SESS_OK, "a new one may begin");
	is_int(look(&w, &same), SESS_LIVE, "and does");
	world_close(&w);
}

/* The record expires under the page: what was lent of it stays readable. */
static void
destroy_by_the_clock(const char *kind)
{
	jar j = { 0 };
	const char *user;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	(void)sess_set_int(visit_begin(&v, &w, &j), "a", 1);
	user = sess_user(v.s);
	*w.clock += 100000;
	is_int(sess_commit(v.s), SESS_GONE, "it expired while the page ran");
	is_str(user, "ann", "the name is lent until the end");
	is_str(sess_user(v.s), "ann", "and asked for again");
	(void)visit_end(&v);
	world_close(&w);
}

/* Who logs out means the session, whatever id a parallel request has put it under meanwhile. */
static void
destroy_after_rotation(const char *kind)
{
	jar j = { 0 }, same;
	visit v, late;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	same = j;
	visit_begin(&late, &w, &same);
	(void)sess_rotate(visit_begin(&v, &w, &j));
	is_int(visit_end(&v), SESS_OK, "one request takes a new id");
	is_int(sess_logout(late.s), SESS_OK, "a slower one logs out under the old one");
	is_int(visit_end(&late), SESS_OK, "and commits");
	is_int(look(&w, &j), SESS_LOGGED_OUT, "the session has ended");
	is_int(world_records(&w), 0, "and nothing is left");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { destroy_ends_it, destroy_by_plain_http,
		destroy_without_commit, destroy_then_store, destroy_between_commits, destroy_nothing,
		destroy_is_not_for_unknown_ids,
		destroy_with_attributes, destroy_after_headers, destroy_after_rotation,
		destroy_under_a_page, destroy_by_the_clock };

	return world_run(tests, PARTS(tests));
}
