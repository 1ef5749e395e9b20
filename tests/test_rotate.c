/* SPDX-License-Identifier: ISC */
/* test_rotate.c - a new id because the program says so. */
#include "session.h"

static void
rotate_takes_a_new_id(const char *kind)
{
	jar j = { 0 }, old;
	char ref[TOKEN_CHARS + 1];
	sess_info before, after;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	(void)log_in(&w, &j, "ann");
	old = j;
	*w.clock += 50;
	visit_begin(&v, &w, &j);
	snprintf(ref, sizeof(ref), "%s", sess_ref(v.s));
	(void)sess_about(v.s, &before);
	(void)sess_set_int(v.s, "n", 1);
	is_int(sess_rotate(v.s), SESS_OK, "rotate");
	is_str(sess_ref(v.s), ref, "before commit the ref stays");
	is_int(sess_commit(v.s), SESS_OK, "commit");
	ok(strcmp(sess_ref(v.s), ref) != 0, "after it there is another");
	is_int(visit_end(&v), SESS_OK, "commit again");
	is_int(set_cookies(v.headers, NULL), 1, "one cookie");
	is_int(look(&w, &old), SESS_ROTATED, "the old id is dead at once");
	visit_begin(&v, &w, &j);
	(void)sess_about(v.s, &after);
	is_str(sess_get_str(v.s, "a", NULL), "b", "the values stay");
	is_int(sess_get_int(v.s, "n", 0), 1, "with the new one");
	is_str(sess_user(v.s), "ann", "and the user");
	ok(after.created == before.created && after.absolute == before.absolute &&
		after.login == before.login, "and the limits: a rotation extends nothing");
	(void)visit_end(&v);
	is_int(world_records(&w), 1, "one session");
	world_close(&w);
}

static void
rotate_nothing(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	is_int(sess_rotate(v.s), SESS_OK, "a fresh session");
	(void)visit_end(&v);
	ok(j.count == 0 && world_records(&w) == 0, "ignores it");
	is_int(sess_rotate(NULL), SESS_INVALID, "no session");
	world_close(&w);
}

static void
rotate_overlapping_changes(const char *kind)
{
	jar j = { 0 };
	visit first, second;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	visit_begin(&second, &w, &j);
	visit_begin(&first, &w, &j);
	(void)sess_set_int(first.s, "first", 1);
	(void)visit_end(&first);
	(void)sess_set_int(second.s, "second", 2);
	(void)sess_rotate(second.s);
	is_int(visit_end(&second), SESS_OK, "a rotation after another request's change");
	visit_begin(&first, &w, &j);
	is_int(sess_get_int(first.s, "first", 0) + sess_get_int(first.s, "second", 0), 3,
		"keeps it");
	(void)visit_end(&first);
	world_close(&w);
}

static void
commit_now(visit *v)
{
	if (sess_commit(v->s) != SESS_OK)
		bail("commit: %s", sess_kit_error(v->w->kit));
}

/* Everything in one request: whatever was done, a response has one cookie of a name. */
static void
rotate_among_everything(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_set_int(v.s, "a", 1);
	commit_now(&v);
	(void)sess_rotate(v.s);
	commit_now(&v);
	(void)sess_logout(v.s);
	is_int(visit_end(&v), SESS_OK, "start, rotate and end in one request");
	is_int(set_cookies(v.headers, NULL), 0, "leave no cookie: the browser never had one");
	is_int(world_records(&w), 0, "and no record");
	(void)store_text(&w, &j, "a", "b");
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	commit_now(&v);
	(void)sess_login(v.s, "ann");
	commit_now(&v);
	(void)sess_destroy(v.s);
	(void)sess_set_int(v.s, "fresh", 1);
	(void)sess_rotate(v.s);
	is_int(visit_end(&v), SESS_OK, "rotate, login, end and start");
	is_int(set_cookies(v.headers, NAME), 1, "give one cookie");
	is_int(world_records(&w), 1, "and one record");
	is_int(look(&w, &j), SESS_LIVE, "that belong together");
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	(void)sess_destroy(v.s);
	(void)visit_end(&v);
	is_int(set_cookies(v.headers, NAME), 1, "rotate and end: one cookie");
	is_int((int64_t)j.count, 0, "which deletes");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { rotate_takes_a_new_id, rotate_nothing,
		rotate_overlapping_changes, rotate_among_everything };

	return world_run(tests, PARTS(tests));
}
