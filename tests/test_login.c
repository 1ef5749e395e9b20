/* SPDX-License-Identifier: ISC */
/* test_login.c - logging in, stepping up, and what the old id is worth after that. */
#include "session.h"

static void
login_takes_a_new_id(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "basket", "3 apples");
	old = j;
	*w.clock += 5;
	visit_begin(&v, &w, &j);
	is_str(sess_user(v.s), NULL, "before, nobody is logged in");
	is_int(sess_login_age(v.s), -1, "with no age");
	is_int(sess_login(v.s, "ann"), SESS_OK, "login");
	is_str(sess_user(v.s), "ann", "the user is known at once");
	is_int(visit_end(&v), SESS_OK, "and stored");
	ok(strcmp(jar_get(&j, NAME), jar_get(&old, NAME)) != 0, "under a new id");
	is_int(set_cookies(v.headers, NULL), 1, "in one cookie");
	is_int(look(&w, &old), SESS_ROTATED, "the old id is dead within the same second");
	*w.clock += 10;
	visit_begin(&v, &w, &j);
	is_str(sess_user(v.s), "ann", "the next request knows the user");
	is_str(sess_get_str(v.s, "basket", NULL), "3 apples", "and what was there before");
	is_int(sess_login_age(v.s), 10, "and how long ago it was");
	is_int(sess_require(v.s, 1, 10), SESS_OK, "which is recent enough");
	is_int(sess_require(v.s, 1, 9), SESS_DENIED, "or a second too old");
	is_int(sess_require(v.s, 2, 0), SESS_DENIED, "and not of a higher level");
	(void)visit_end(&v);
	is_int(world_records(&w), 1, "there is one session");
	is_int(world_logged(&w, "login"), 1, "and one login in the log");
	world_close(&w);
}

static void
login_of_another_user(const char *kind)
{
	jar j = { 0 }, anns;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	(void)store_text(&w, &j, "diary", "secret");
	anns = j;
	visit_begin(&v, &w, &j);
	(void)sess_flash(v.s, "note", "for ann");
	(void)sess_remember(v.s, 86400);
	(void)sess_login(v.s, "bob");
	is_str(sess_get_str(v.s, "diary", NULL), NULL, "what ann stored is not bob's");
	is_str(sess_flash_take(v.s, "note"), NULL, "nor her messages");
	is_int(visit_end(&v), SESS_OK, "bob is in");
	is_int(jar_life_of(&j), 86400, "and remembered, as this request asked");
	visit_begin(&v, &w, &j);
	is_str(sess_user(v.s), "bob", "it is bob");
	is_str(sess_next(v.s, NULL), NULL, "with nothing stored");
	(void)visit_end(&v);
	is_int(look(&w, &anns), SESS_LOGGED_OUT, "ann's session is over");
	is_int(world_records(&w), 1, "one session");
	world_close(&w);
}

static void
login_again(const char *kind)
{
	jar j = { 0 }, old;
	sess_info info;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_login(v.s, "ann");
	(void)sess_remember(v.s, 30 * 86400);
	(void)visit_end(&v);
	is_int(jar_life_of(&j), 30 * 86400, "ann is remembered");
	(void)store_text(&w, &j, "diary", "secret");
	old = j;
	*w.clock += 1000;
	(void)log_in(&w, &j, "ann");
	is_int(look(&w, &old), SESS_ROTATED, "the same user again: a new id");
	is_int(jar_life_of(&j), 0, "\"keep me signed in\" is not taken over");
	visit_begin(&v, &w, &j);
	is_str(sess_get_str(v.s, "diary", NULL), "secret", "but the values are");
	(void)sess_about(v.s, &info);
	is_int(info.created, START + 1000, "the clocks begin anew");
	is_int(info.absolute, START + 1000 + 43200, "with the absolute limit");
	is_int(info.login, START + 1000, "and the login");
	(void)visit_end(&v);
	world_close(&w);
}

static void
login_while_others_run(const char *kind)
{
	jar j = { 0 };
	visit slow, idle, v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	visit_begin(&slow, &w, &j);
	(void)sess_set_str(slow.s, "planted", "by the old id");
	visit_begin(&idle, &w, &j);
	(void)log_in(&w, &j, "ann");
	slow.cookies = idle.cookies = &j;
	is_int(visit_end(&slow), SESS_GONE, "a request on the old id cannot write");
	is_int(visit_end(&idle), SESS_OK, "one that only looked ends well");
	is_int(set_cookies(idle.headers, NULL), 0, "and gets no cookie");
	visit_begin(&v, &w, &j);
	is_str(sess_user(v.s), "ann", "the login stands");
	is_str(sess_get_str(v.s, "planted", NULL), NULL, "nothing was planted");
	(void)visit_end(&v);
	/* Two logins at once: one of them wins, the other is told. */
	visit_begin(&slow, &w, &j);
	visit_begin(&idle, &w, &j);
	(void)sess_login(slow.s, "ann");
	(void)sess_elevate(idle.s, 2);
	is_int(visit_end(&idle), SESS_OK, "of two changes of rights one wins");
	is_int(visit_end(&slow), SESS_GONE, "and the other is told");
	is_int(world_records(&w), 1, "there is one session");
	world_close(&w);
}

static void
elevate_takes_a_new_id(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	is_int(sess_elevate(v.s, 2), SESS_DENIED, "nobody cannot step up");
	is_int(visit_end(&v), SESS_DENIED, "and commit says so");
	(void)log_in(&w, &j, "ann");
	*w.clock += 100;
	old = j;
	visit_begin(&v, &w, &j);
	is_int(sess_elevate(v.s, 2), SESS_OK, "ann can");
	is_int(sess_require(v.s, 2, 1), SESS_OK, "which counts at once");
	(void)visit_end(&v);
	is_int(look(&w, &old), SESS_ROTATED, "the old id is dead");
	*w.clock += 7;
	visit_begin(&v, &w, &j);
	is_int(sess_require(v.s, 2, 7), SESS_OK, "it is stored");
	is_int(sess_login_age(v.s), 7, "as a new login");
	(void)sess_elevate(v.s, 1);
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	is_int(sess_require(v.s, 2, 0), SESS_DENIED, "and down again");
	is_int(sess_elevate(v.s, 101), SESS_INVALID, "101 is no level");
	is_int(visit_end(&v), SESS_INVALID, "as commit says");
	world_close(&w);
}

static const sess_provider *real;
static int insert_flags;

static int
note_flags(void *self, const sess_record *r, int64_t now, int flags, sess_error *err)
{
	insert_flags = flags;
	return real->insert(self, r, now, flags, err);
}

static void
login_is_durable(const char *kind)
{
	jar j = { 0 }, other = { 0 };
	sess_provider noting;
	world w;

	world_open(&w, kind, NULL);
	real = w.kit->store.provider;
	noting = *real;
	noting.insert = note_flags;
	w.kit->store.provider = &noting;
	(void)store_text(&w, &j, "a", "b");
	is_int(insert_flags, 0, "a visitor's first value need not be on disk at once");
	(void)log_in(&w, &other, "ann");
	is_int(insert_flags, SESS_SYNC, "a login must");
	world_close(&w);
}

static void
login_with_bad_names(const char *kind)
{
	static char longest[257];
	static const char *const bad[] = { "", "a\nb", "a\x7f", "\xff", "\xc0\xaf", longest };
	jar j = { 0 };
	visit v;
	world w;

	memset(longest, 'x', 256);
	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(bad); i++) {
		visit_begin(&v, &w, &j);
		ok(sess_login(v.s, bad[i]) == SESS_INVALID && sess_user(v.s) == NULL &&
			visit_end(&v) == SESS_INVALID, "a bad name (%zu) is refused", i);
	}
	longest[255] = '\0';
	is_int(log_in(&w, &j, longest), SESS_OK, "255 bytes are a name");
	is_int(log_in(&w, &j, "J\xc3\xbcrgen O'Neil; DROP TABLE session"), SESS_OK, "and UTF-8");
	visit_begin(&v, &w, &j);
	is_str(sess_user(v.s), "J\xc3\xbcrgen O'Neil; DROP TABLE session", "byte for byte");
	(void)visit_end(&v);
	is_int(sess_login(NULL, "ann"), SESS_INVALID, "no session");
	is_int(sess_require(NULL, 0, 0), SESS_DENIED, "nobody");
	is_str(sess_user(NULL), NULL, "has no name");
	world_close(&w);
}

/* A tab that was slow brings the id from before the login, and must not undo it in the browser. */
static void
login_beside_a_slow_tab(const char *kind)
{
	jar j = { 0 }, before;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	before = j;
	(void)log_in(&w, &j, "ann");
	visit_begin(&v, &w, &before);
	is_int(sess_state(v.s), SESS_ROTATED, "a request with the id from before");
	(void)sess_add_int(v.s, "count", 1);
	is_int(visit_end(&v), SESS_GONE, "stores nothing");
	is_int(set_cookies(v.headers, NULL), 0, "and sends no cookie over the new one");
	is_int(look(&w, &j), SESS_LIVE, "the login stands");
	*w.clock += 61;
	(void)sess_add_int(visit_begin(&v, &w, &before), "count", 1);
	is_int(visit_end(&v), SESS_OK, "who lost the new cookie may begin anew after the grace");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { login_takes_a_new_id, login_of_another_user,
		login_again, login_while_others_run, elevate_takes_a_new_id,
		login_is_durable, login_with_bad_names, login_beside_a_slow_tab };

	return world_run(tests, PARTS(tests));
}
