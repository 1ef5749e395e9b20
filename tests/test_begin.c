/* SPDX-License-Identifier: ISC */
/* test_begin.c - which session a request gets, and why: nothing for nothing, ids that are not ours,
 * and how long a session lives without and with requests. */
#include "session.h"

#define IDLE 1800
#define TOUCH 90
#define ABSOLUTE 43200

static void
begin_without_storing(const char *kind)
{
	world w;
	char https[] = "HTTPS=on", address[] = "REMOTE_ADDR=192.0.2.1";
	char *const env[] = { https, address, NULL };
	size_t headers = 0;

	world_open(&w, kind, NULL);
	for (int i = 0; i < 100000; i++) {
		sess *s;
		int rc = sess_begin(w.kit, env, &s);

		if (rc != SESS_OK || sess_state(s) != SESS_FRESH || sess_get_int(s, "n", 7) != 7 ||
			sess_commit(s) != SESS_OK)
			bail("a request without cookie failed");
		headers += strstr(sess_headers(s), "Set-Cookie") != NULL;
		sess_end(s);
	}
	is_int(world_records(&w), 0, "100000 requests that store nothing leave no record");
	is_int((int64_t)headers, 0, "and get no cookie");
	world_close(&w);
}

/* One request with this cookie value; it stores something, so a session must be begun. */
static void
try_foreign(world *w, const char *value, sess_status want, const char *what)
{
	jar j = { 0 };
	visit v;

	jar_set(&j, NAME, value);
	visit_begin(&v, w, &j);
	ok(sess_state(v.s) == want && !sess_ref(v.s)[0], "%s: a fresh session that says why", what);
	(void)sess_set_int(v.s, "a", 1);
	ok(visit_end(&v) == SESS_OK && strcmp(jar_get(&j, NAME), value) != 0,
		"%s: another id is given out", what);
}

static void
begin_with_foreign_ids(const char *kind)
{
	static const struct {
		const char *value, *what;
		sess_status want;
	} cases[] = {
		{ "", "empty", SESS_FORGED },
		{ "abc", "short", SESS_FORGED },
		{ "../../../etc/passwd", "a path", SESS_FORGED },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA*", "a star", SESS_FORGED },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", "not canonical", SESS_FORGED },
		{ "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "quoted", SESS_FORGED },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "long", SESS_FORGED },
		{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "unknown", SESS_UNKNOWN },
	};
	world w;

	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(cases); i++)
		try_foreign(&w, cases[i].value, cases[i].want, cases[i].what);
	is_int(world_logged(&w, "forged"), 7, "malformed ids are logged");
	world_close(&w);
}

static void
begin_with_chosen_ids(const char *kind)
{
	int adopted = 0;
	world w;

	world_open(&w, kind, NULL);
	for (int i = 0; i < 1000; i++) {
		unsigned char raw[TOKEN_BYTES];
		char text[TOKEN_CHARS + 1];
		jar j = { 0 }, again = { 0 };

		random_bytes(raw, sizeof(raw));
		token_encode(text, raw);
		jar_set(&j, NAME, text);
		(void)store_text(&w, &j, "a", "b");
		jar_set(&again, NAME, text);
		adopted += strcmp(jar_get(&j, NAME), text) == 0 || look(&w, &again) != SESS_UNKNOWN;
	}
	is_int(adopted, 0, "none of 1000 chosen ids is adopted");
	is_int(world_records(&w), 1000, "the sessions are under ids of ours");
	world_close(&w);
}

static sess_status
state_with(world *w, const char *line, const char *second)
{
	visit v;
	sess_status state;

	if (visit_try(&v, w, NULL, (const char *const[]){ line, second, NULL }, NULL) != SESS_OK)
		bail("sess_begin: %s", sess_kit_error(w->kit));
	state = sess_state(v.s);
	(void)visit_end(&v);
	return state;
}

static void
begin_with_odd_headers(const char *kind)
{
	char line[40000], good[128];
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	snprintf(good, sizeof(good), "HTTP_COOKIE=" NAME "=%s", jar_get(&j, NAME));
	is_int(state_with(&w, good, NULL), SESS_LIVE, "alone it works");
	snprintf(line, sizeof(line), "%s; " NAME "=x", good);
	is_int(state_with(&w, line, NULL), SESS_DOUBLED, "good then bad: neither is believed");
	snprintf(line, sizeof(line), "HTTP_COOKIE=" NAME "=x; %s", good + 12);
	is_int(state_with(&w, line, NULL), SESS_DOUBLED, "bad then good: the same");
	snprintf(line, sizeof(line), "%s; %s", good, good + 12);
	is_int(state_with(&w, line, NULL), SESS_DOUBLED, "the good one twice: the same");
	is_int(state_with(&w, good, "HTTP_COOKIE=other=1"), SESS_DOUBLED, "two Cookie variables");
	snprintf(line, sizeof(line), "%s; pad=%020000d", good, 0);
	is_int(state_with(&w, line, NULL), SESS_FORGED, "an oversized header");
	snprintf(line, sizeof(line), "HTTP_COOKIE=sid=%s", jar_get(&j, NAME));
	is_int(state_with(&w, line, NULL), SESS_FRESH, "without its prefix it is not our cookie");
	snprintf(line, sizeof(line), "HTTP_COOKIE==" NAME "=%s", jar_get(&j, NAME));
	is_int(state_with(&w, line, NULL), SESS_FRESH, "nor in a nameless cookie");
	is_int(look(&w, &j), SESS_LIVE, "none of that ended the session");
	world_close(&w);
}

static void
begin_after_idle(const char *kind)
{
	jar j = { 0 }, twin;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .renew = -1 });
	(void)store_text(&w, &j, "a", "b");
	/* A request that came just before a touch was due is not written down, and still counts. */
	*w.clock += TOUCH - 1;
	is_int(look(&w, &j), SESS_LIVE, "a request before the first touch");
	*w.clock += IDLE;
	twin = j;
	is_int(look(&w, &twin), SESS_LIVE, "idle after that untouched request: still alive");
	*w.clock += IDLE + TOUCH - 1;
	is_int(look(&w, &j), SESS_LIVE, "a second before one touch more than idle: alive");
	*w.clock += IDLE + TOUCH;
	is_int(look(&w, &j), SESS_IDLE, "one touch more than idle: refused, uncollected");
	is_int(look(&w, &j), SESS_IDLE, "and again");
	world_close(&w);
}

static void
begin_after_absolute(const char *kind)
{
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	/* Used and renewed all the time, which must not extend it. */
	for (*w.clock += 60; *w.clock < START + ABSOLUTE; *w.clock += 60)
		if (add_one(&w, &j) < 1)
			break;
	is_int(*w.clock, START + ABSOLUTE, "used each minute it lives until the limit");
	ok(world_logged(&w, "renewed") > 40, "and is renewed meanwhile");
	*w.clock = START + ABSOLUTE - 1;
	is_int(look(&w, &j), SESS_LIVE, "a second before the limit: alive");
	*w.clock = START + ABSOLUTE;
	is_int(look(&w, &j), SESS_AGED, "at the limit: refused");
	world_close(&w);
}

static void
begin_without_limits(const char *kind)
{
	jar j = { 0 };
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .absolute = -1,
		.renew = -1 });
	(void)store_text(&w, &j, "a", "b");
	for (int i = 0; i < 2000; i++) {
		*w.clock += IDLE;
		if (look(&w, &j) != SESS_LIVE)
			break;
	}
	is_int(look(&w, &j), SESS_LIVE, "without an absolute limit use keeps it alive");
	is_int(world_logged(&w, "offered"), 0, "without renewal no id is offered");
	world_close(&w);
}

static void
begin_leaves_nothing_behind(const char *kind)
{
	jar who[2] = { 0 };
	int leaks = 0;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &who[0], "secret", "0");
	(void)log_in(&w, &who[0], "user0");
	(void)store_text(&w, &who[1], "secret", "1");
	(void)log_in(&w, &who[1], "user1");
	for (int i = 0; i < 50000; i++) {
		visit v;
		char want[2] = { (char)('0' + i % 2), '\0' };

		visit_begin(&v, &w, &who[i % 2]);
		leaks += strcmp(sess_get_str(v.s, "secret", "?"), want) != 0 ||
			sess_user(v.s)[4] != want[0] || sess_get_str(v.s, "dirty", NULL) != NULL;
		/* Each second page ends before its commit, with changes of all sorts. */
		if (i % 4 < 2) {
			(void)sess_set_str(v.s, "dirty", want);
			(void)sess_flash(v.s, "note", "dirty");
			(void)sess_elevate(v.s, 9);
			(void)sess_set_int(v.s, "@", 0);
			sess_end(v.s);
			v.s = NULL;
		}
		(void)visit_end(&v);
		visit_begin(&v, &w, NULL);
		leaks += sess_next(v.s, NULL) != NULL || sess_user(v.s) != NULL || *sess_ref(v.s) ||
			sess_flash_take(v.s, "note") != NULL || sess_commit(v.s) != SESS_OK;
		leaks += set_cookies(sess_headers(v.s), NULL);
		(void)visit_end(&v);
	}
	is_int(leaks, 0, "100000 requests of two users and strangers: nothing leaks over");
	world_close(&w);
}

static void
begin_with_nothing(const char *kind)
{
	world w;
	sess *s;

	world_open(&w, kind, NULL);
	is_int(sess_begin(w.kit, NULL, &s), SESS_OK, "no environment at all: a session");
	is_int(sess_state(s), SESS_FRESH, "that is fresh");
	sess_end(s);
	is_int(sess_begin(NULL, NULL, &s), SESS_INVALID, "no kit");
	ok(s == NULL, "and nothing to end");
	is_int(sess_begin(w.kit, NULL, NULL), SESS_INVALID, "nowhere to put it");
	is_int(sess_state(NULL), SESS_FRESH, "state of NULL");
	is_int(sess_commit(NULL), SESS_INVALID, "commit of NULL");
	is_str(sess_headers(NULL), "", "headers of NULL");
	sess_end(NULL);
	for (int i = SESS_FRESH; i <= SESS_DAMAGED + 1; i++)
		if (!*sess_state_text((sess_status)i))
			ok(false, "state %d has a text", i);
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { begin_without_storing, begin_with_foreign_ids,
		begin_with_chosen_ids, begin_with_odd_headers, begin_after_idle,
		begin_after_absolute,
		begin_without_limits, begin_leaves_nothing_behind, begin_with_nothing };

	return world_run(tests, PARTS(tests));
}
