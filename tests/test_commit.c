/* SPDX-License-Identifier: ISC */
/* test_commit.c - what is written, when, and what becomes of two requests that overlap. */
#include "session.h"

#define TOUCH 90

/* -- how often the store is written to ------------------------------------------------------- */

static const sess_provider *real;
static struct {
	int inserts, updates, touches, part;
} calls;

static int
count_insert(void *self, const sess_record *r, int64_t now, int flags, sess_error *err)
{
	calls.inserts++;
	return real->insert(self, r, now, flags, err);
}

static int
count_update(void *self, const sess_record *r, int64_t now, int part, sess_error *err)
{
	calls.updates++;
	calls.part = part;
	return real->update(self, r, now, part, err);
}

static int
count_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	calls.touches++;
	return real->touch(self, id, seen, expires, err);
}

static void
count_calls(world *w)
{
	static sess_provider counting;

	real = w->kit->store.provider;
	counting = *real;
	counting.insert = count_insert;
	counting.update = count_update;
	counting.touch = count_touch;
	w->kit->store.provider = &counting;
	memset(&calls, 0, sizeof(calls));
}

static void
is_calls(int inserts, int updates, int touches, const char *what)
{
	if (!ok(calls.inserts == inserts && calls.updates == updates && calls.touches == touches,
		"%s", what))
		diag("%d inserts, %d updates, %d touches", calls.inserts, calls.updates,
			calls.touches);
	memset(&calls, 0, sizeof(calls));
}

static void
commit_writes_what_is_needed(const char *kind)
{
	jar j = { 0 };
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .renew = -1 });
	count_calls(&w);
	(void)look(&w, &j);
	is_calls(0, 0, 0, "a stranger who stores nothing: no write");
	(void)store_text(&w, &j, "a", "b");
	is_calls(1, 0, 0, "the first value: one insert");
	(void)look(&w, &j);
	*w.clock += TOUCH - 1;
	(void)look(&w, &j);
	is_calls(0, 0, 0, "looking within a touch interval: no write");
	(void)store_text(&w, &j, "a", "c");
	ok(calls.part == SESS_PART_DATA, "a change within it leaves the indexed columns alone");
	is_calls(0, 1, 0, "and is one update");
	*w.clock += 1;
	(void)look(&w, &j);
	is_calls(0, 0, 1, "looking after it: one touch");
	*w.clock += TOUCH;
	(void)store_text(&w, &j, "a", "d");
	ok(calls.part == SESS_PART_ALL, "a change after it takes the touch along");
	is_calls(0, 1, 0, "in one update");
	(void)look(&w, &j);
	is_calls(0, 0, 0, "which counts as one");
	world_close(&w);
}

static void
commit_with_options(const char *kind)
{
	sess_options poll = { .flags = SESS_NO_TOUCH }, read = { .flags = SESS_READ_ONLY };
	jar j = { 0 };
	world w;
	visit v;

	world_open(&w, kind, NULL);
	count_calls(&w);
	(void)store_text(&w, &j, "a", "b");
	memset(&calls, 0, sizeof(calls));
	*w.clock += 1000;
	(void)visit_try(&v, &w, &j, NULL, &poll);
	is_int(visit_end(&v), SESS_OK, "a poll");
	is_calls(0, 0, 0, "does not touch");
	is_str(strstr(v.headers, "Set-Cookie"), NULL, "and is offered no id");
	(void)visit_try(&v, &w, &j, NULL, &poll);
	(void)sess_set_int(v.s, "n", 1);
	is_int(visit_end(&v), SESS_OK, "a poll that stores");
	ok(calls.part == SESS_PART_DATA, "does not touch either");
	is_calls(0, 1, 0, "but stores");
	(void)visit_try(&v, &w, &j, NULL, &read);
	is_str(sess_get_str(v.s, "a", NULL), "b", "read-only: reads");
	is_int(sess_commit(v.s), SESS_OK, "commit of nothing is fine");
	is_int(sess_set_int(v.s, "n", 1), SESS_DENIED, "a setter is refused");
	is_int(sess_login(v.s, "eve"), SESS_DENIED, "and a login");
	is_int(sess_logout(v.s), SESS_DENIED, "and a logout");
	is_int(sess_rotate(v.s), SESS_DENIED, "and a rotation");
	is_int(sess_remember(v.s, 60), SESS_DENIED, "and remembering");
	is_int(visit_end(&v), SESS_DENIED, "commit says so");
	is_calls(0, 0, 0, "and nothing is written");
	is_int(look(&w, &j), SESS_LIVE, "the session lives");
	*w.clock += 1800 + TOUCH - 1;
	is_int(add_one(&w, &j), 2, "the touch of that look counted");
	world_close(&w);
}

/* -- two requests at once -------------------------------------------------------------------- */

/* Do what a list says: "a=1" set, "a+2" add, "-a" unset, "!" clear, "f" flash. */
static void
act(sess *s, const char *list)
{
	char key[2] = "";
	int number;

	for (const char *at = list; *at; at += strcspn(at, " "), at += *at == ' ') {
		key[0] = *at == '-' ? at[1] : *at;
		if (*at == '-')
			(void)sess_unset(s, key);
		else if (*at == '!')
			(void)sess_clear(s);
		else if (at[1] == '=' && sscanf(at + 2, "%d", &number) == 1)
			(void)sess_set_int(s, key, number);
		else if (at[1] == '+' && sscanf(at + 2, "%d", &number) == 1)
			(void)sess_add_int(s, key, number);
		else
			(void)sess_flash(s, key, key);
	}
}

/* The values as such a list, then the flash messages of kind f. */
static void
show(world *w, jar *j, char *out, size_t size)
{
	visit v;

	visit_begin(&v, w, j);
	out[0] = '\0';
	for (const char *key = NULL; (key = sess_next(v.s, key)) != NULL;)
		snprintf(out + strlen(out), size - strlen(out), "%s%s=%lld", *out ? " " : "", key,
			(long long)sess_get_int(v.s, key, -1));
	while (sess_flash_take(v.s, "f") != NULL)
		snprintf(out + strlen(out), size - strlen(out), "%sf", *out ? " " : "");
	(void)visit_lose(&v);
}

static const struct overlap {
	const char *before, *first, *second, *after;
} overlaps[] = {
	{ "z=0", "a=1", "b=2", "a=1 b=2 z=0" },
	{ "z=0", "a=1", "a=2", "a=2 z=0" },
	{ "a=5", "a=1", "a+2", "a=3" },
	{ "a=5", "a+1", "a=2", "a=2" },
	{ "a=5", "a+1", "a+2", "a=8" },
	{ "z=0", "a+1", "a+2", "a=3 z=0" },
	{ "a=5", "-a", "a=2", "a=2" },
	{ "a=5 z=0", "a=2", "-a", "z=0" },
	{ "a=5 z=0", "-a", "-a", "z=0" },
	{ "a=5", "-a", "a+2", "a=2" },
	{ "a=5", "!", "b=2", "b=2" },
	{ "a=5", "b=2", "!", "" },
	{ "a=5", "b=2", "! c=3", "c=3" },
	{ "a=5", "a+1", "! a+2", "a=2" },
	{ "a=5", "!", "a+2", "a=2" },
	{ "a=5", "!", "!", "" },
	{ "a=5", "a=1 a+3", "a+2 a+2", "a=8" },
	{ "z=0", "f", "f", "z=0 f f" },
	{ "z=0", "!", "f", "f" },
	{ "z=0 f", "f", "! a=1", "a=1 f f" },
};

static void
overlap_all(const char *kind, bool hold)
{
	sess_provider plain;
	world w;

	world_open(&w, kind, NULL);
	plain = *w.kit->store.provider;
	if (!hold) {
		plain.hold = NULL;
		plain.release = NULL;
	}
	w.kit->store.provider = &plain;
	for (size_t i = 0; i < PARTS(overlaps); i++) {
		const struct overlap *o = &overlaps[i];
		visit one, two;
		char got[200];
		jar j = { 0 };
		int rc;

		act(visit_begin(&one, &w, &j), o->before);
		(void)visit_end(&one);
		visit_begin(&two, &w, &j);
		act(visit_begin(&one, &w, &j), o->first);
		act(two.s, o->second);
		rc = visit_end(&one);
		rc = rc == SESS_OK ? visit_end(&two) : rc;
		show(&w, &j, got, sizeof(got));
		ok(rc == SESS_OK && strcmp(got, o->after) == 0,
			"\"%s\", then \"%s\" and \"%s\" at once: \"%s\"", o->before, o->first,
			o->second, got);
	}
	world_close(&w);
}

static void
commit_overlapping(const char *kind)
{
	overlap_all(kind, true);
}

static void
commit_overlapping_without_hold(const char *kind)
{
	overlap_all(kind, false);
}

static void
commit_many_overlapping(const char *kind)
{
	enum { MANY = 64 };
	visit v[MANY];
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	for (int i = 0; i < MANY; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%d", i);
		visit_begin(&v[i], &w, &j);
		(void)sess_add_int(v[i].s, "n", 1);
		(void)sess_set_int(v[i].s, key, i);
	}
	for (int i = 0; i < MANY; i++)
		if (visit_end(&v[MANY - 1 - i]) != SESS_OK)
			ok(false, "request %d commits", i);
	visit_begin(&v[0], &w, &j);
	is_int(sess_get_int(v[0].s, "n", -1), MANY, "every addition of 64 requests counts");
	for (int i = 0, found = 0; i < MANY; i++) {
		char key[8];

		snprintf(key, sizeof(key), "k%d", i);
		found += sess_get_int(v[0].s, key, -1) == i;
		if (i == MANY - 1)
			is_int(found, MANY, "and every key is there");
	}
	(void)visit_end(&v[0]);
	world_close(&w);
}

/* -- commits that come too late or that fail ------------------------------------------------- */

typedef enum { BY_LOGOUT, BY_REF, BY_USER, BY_TIME, BY_LOGIN } ending;

static void
end_by(world *w, jar *j, ending how)
{
	char ref[TOKEN_CHARS + 1];
	visit v;

	visit_begin(&v, w, j);
	snprintf(ref, sizeof(ref), "%s", sess_ref(v.s));
	if (how == BY_LOGOUT)
		(void)sess_logout(v.s);
	if (how == BY_LOGIN)
		(void)sess_login(v.s, "ann");
	(void)visit_lose(&v);
	if (how == BY_REF && sess_end_ref(w->kit, ref) != SESS_OK)
		bail("sess_end_ref: %s", sess_kit_error(w->kit));
	if (how == BY_USER && sess_end_user(w->kit, "ann", NULL, NULL) != SESS_OK)
		bail("sess_end_user: %s", sess_kit_error(w->kit));
	if (how == BY_TIME)
		*w->clock += 1800 + TOUCH;
}

static void
commit_after_the_end(const char *kind)
{
	static const struct {
		ending how;
		const char *what;
		sess_status state;
	} cases[] = {
		{ BY_LOGOUT, "a logout", SESS_LOGGED_OUT },
		{ BY_REF, "an end by ref", SESS_REVOKED },
		{ BY_USER, "an end of the user", SESS_REVOKED },
		{ BY_TIME, "expiry", SESS_IDLE },
		{ BY_LOGIN, "a login", SESS_ROTATED },
	};

	for (size_t i = 0; i < PARTS(cases); i++) {
		jar j = { 0 };
		visit v, rotating;
		world w;

		world_open(&w, kind, NULL);
		(void)log_in(&w, &j, "ann");
		visit_begin(&v, &w, &j);
		(void)sess_set_int(v.s, "late", 1);
		visit_begin(&rotating, &w, &j);
		(void)sess_rotate(rotating.s);
		end_by(&w, &j, cases[i].how);
		is_int(visit_end(&v), SESS_GONE, "a commit after %s is refused", cases[i].what);
		is_int(set_cookies(v.headers, NULL), 0, "without a cookie");
		is_int(visit_end(&rotating), SESS_GONE, "and so is a rotation");
		is_int(set_cookies(rotating.headers, NULL), 0, "without a cookie");
		is_int(look(&w, &j), cases[i].state, "the old id says why");
		is_int(world_records(&w), cases[i].how == BY_LOGIN, "nothing came back to life");
		world_close(&w);
	}
}

static void
commit_late_touch(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	*w.clock += TOUCH;
	visit_begin(&v, &w, &j);
	end_by(&w, &j, BY_LOGOUT);
	is_int(visit_end(&v), SESS_GONE, "a touch after logout is refused as well");
	is_int(look(&w, &j), SESS_LOGGED_OUT, "and brings nothing back");
	world_close(&w);
}

static void
commit_reports_setters(const char *kind)
{
	static char big[70000];
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	memset(big, 'x', sizeof(big) - 1);
	visit_begin(&v, &w, &j);
	(void)sess_set_int(v.s, "good", 1);
	is_int(sess_set_int(v.s, "@user", 1), SESS_INVALID, "a reserved key is refused");
	is_int(sess_set_str(v.s, "big", big), SESS_TOOBIG, "and too much");
	is_int(sess_commit(v.s), SESS_INVALID, "commit returns the first failure");
	is_str(sess_headers(v.s), "Vary: Cookie\r\n", "nothing is sent");
	is_int(sess_set_int(v.s, "good", 2), SESS_LATE, "after the headers a change is late");
	(void)visit_end(&v);
	is_int(world_records(&w), 0, "and nothing is stored");
	ok(world_logged(&w, "dropped") == 1, "the log tells of dropped changes");
	visit_begin(&v, &w, &j);
	(void)sess_set_int(v.s, "a", 1);
	is_int(sess_commit(v.s), SESS_OK, "a commit");
	(void)sess_set_int(v.s, "b", 2);
	is_int(visit_end(&v), SESS_OK, "and another with more changes");
	is_int(set_cookies(v.headers, NULL), 1, "one cookie for both");
	visit_begin(&v, &w, &j);
	is_int(sess_get_int(v.s, "a", 0) + sess_get_int(v.s, "b", 0), 3, "both are stored");
	(void)visit_end(&v);
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { commit_writes_what_is_needed, commit_with_options,
		commit_overlapping, commit_overlapping_without_hold, commit_many_overlapping,
		commit_after_the_end, commit_late_touch, commit_reports_setters };

	return world_run(tests, PARTS(tests));
}
