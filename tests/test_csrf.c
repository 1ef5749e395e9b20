/* SPDX-License-Identifier: ISC */
/* test_csrf.c - the hidden form token: whose it is, and what the browser says of its origin. */
#include "session.h"

#define FORM NAME "-form"

/* The token of a page shown to this browser, for the caller to free. */
static char *
render(world *w, jar *j)
{
	visit v;
	char *token = strdup(sess_csrf_token(visit_begin(&v, w, j)));

	if (!token || visit_end(&v) != SESS_OK)
		bail("no form token");
	return token;
}

static int
post_with(world *w, jar *j, const char *token, const char *line, const char *second)
{
	const char *const more[] = { "REQUEST_METHOD=POST", line ? line : second,
		line ? second : NULL, NULL };
	visit v;
	int rc;

	if (visit_try(&v, w, j, more, NULL) != SESS_OK)
		bail("sess_begin: %s", sess_kit_error(w->kit));
	rc = sess_csrf_check(v.s, token);
	(void)visit_end(&v);
	return rc;
}

static int
post(world *w, jar *j, const char *token)
{
	return post_with(w, j, token, NULL, NULL);
}

static void
csrf_in_a_session(const char *kind)
{
	jar j = { 0 }, other = { 0 };
	char *token, *foreign, cut[100], header[120];
	int denied = 0;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	(void)log_in(&w, &other, "bob");
	token = render(&w, &j);
	foreign = render(&w, &other);
	is_int(post(&w, &j, token), SESS_OK, "the token of a page is accepted");
	is_int(post(&w, &j, token), SESS_OK, "more than once");
	is_int(post(&w, &j, foreign), SESS_DENIED, "another session's is not");
	is_int(post(&w, &other, token), SESS_DENIED, "nor the other way round");
	is_int(post(&w, NULL, token), SESS_DENIED, "nor without a cookie");
	is_int(post(&w, &j, NULL), SESS_DENIED, "none at all");
	is_int(post(&w, &j, ""), SESS_DENIED, "an empty one");
	snprintf(cut, sizeof(cut), "%.85s", token);
	is_int(post(&w, &j, cut), SESS_DENIED, "a short one");
	snprintf(cut, sizeof(cut), "%sA", token);
	is_int(post(&w, &j, cut), SESS_DENIED, "a long one");
	for (size_t i = 0; i < strlen(token); i++) {
		snprintf(cut, sizeof(cut), "%s", token);
		cut[i] = cut[i] == 'A' ? 'B' : 'A';
		denied += post(&w, &j, cut) == SESS_DENIED;
	}
	is_int(denied, (int64_t)strlen(token), "a change of any character");
	snprintf(header, sizeof(header), "HTTP_X_CSRF_TOKEN=%s", token);
	is_int(post_with(&w, &j, NULL, header, NULL), SESS_OK, "the header is as good");
	snprintf(header, sizeof(header), "QUERY_STRING=csrf=%s", token);
	is_int(post_with(&w, &j, NULL, header, NULL), SESS_DENIED, "a parameter is not");
	jar_set(&j, "csrf", token);
	is_int(post(&w, &j, NULL), SESS_DENIED, "nor a cookie");
	ok(jar_get(&j, FORM) == NULL, "a session needs no second cookie");
	is_int(sess_csrf_check(NULL, token), SESS_INVALID, "no session");
	free(token);
	free(foreign);
	world_close(&w);
}

static void
csrf_masks(const char *kind)
{
	enum { MANY = 1000 };
	static char token[MANY][96];
	jar j = { 0 };
	int same = 0, denied = 0;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	visit_begin(&v, &w, &j);
	for (int i = 0; i < MANY; i++)
		snprintf(token[i], sizeof(token[i]), "%s", sess_csrf_token(v.s));
	for (int i = 0; i < MANY; i++) {
		denied += sess_csrf_check(v.s, token[i]) != SESS_OK;
		for (int k = 0; k < i; k++)
			same += memcmp(token[i], token[k], 40) == 0 ||
				memcmp(token[i] + 44, token[k] + 44, 40) == 0;
	}
	(void)visit_end(&v);
	is_int(same, 0, "no two of 1000 tokens look alike");
	is_int(denied, 0, "and all are accepted");
	world_close(&w);
}

static void
csrf_over_a_life(const char *kind)
{
	char *token[4];
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	token[0] = render(&w, &j);
	*w.clock += 900;
	(void)look(&w, &j);
	(void)look(&w, &j);
	is_int(world_logged(&w, "renewed"), 1, "a renewal");
	is_int(post(&w, &j, token[0]), SESS_OK, "leaves open forms alone");
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	is_int(sess_csrf_check(v.s, token[0]), SESS_OK, "before it is stored so does a rotation");
	token[1] = strdup(sess_csrf_token(v.s));
	(void)sess_elevate(v.s, 2);
	(void)visit_end(&v);
	is_int(post(&w, &j, token[0]), SESS_DENIED, "after it they are void");
	is_int(post(&w, &j, token[1]), SESS_OK, "and the form on its own page is good");
	token[2] = render(&w, &j);
	(void)log_in(&w, &j, "ann");
	is_int(post(&w, &j, token[2]), SESS_DENIED, "a login voids them as well");
	token[3] = render(&w, &j);
	visit_begin(&v, &w, &j);
	(void)sess_logout(v.s);
	is_int(sess_csrf_check(v.s, token[3]), SESS_DENIED, "and so does a logout");
	(void)visit_end(&v);
	for (size_t i = 0; i < PARTS(token); i++)
		free(token[i]);
	world_close(&w);
}

static void
csrf_without_a_session(const char *kind)
{
	jar j = { 0 }, other = { 0 }, third = { 0 };
	char *token, *foreign;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	token = render(&w, &j);
	foreign = render(&w, &other);
	ok(jar_get(&j, FORM) != NULL && j.count == 1, "a login form brings one cookie of its own");
	is_int(post(&w, &j, token), SESS_OK, "with which its token is good");
	is_int(post(&w, &other, token), SESS_DENIED, "but not with another browser's");
	is_int(post(&w, &third, token), SESS_DENIED, "nor with none");
	free(foreign);
	foreign = render(&w, &j);
	is_int(post(&w, &j, foreign), SESS_OK, "a second form");
	is_int(post(&w, &j, token), SESS_OK, "leaves the first alone");
	for (int i = 0; i < 1000; i++) {
		visit_begin(&v, &w, NULL);
		(void)sess_csrf_token(v.s);
		(void)visit_end(&v);
	}
	ok(has_line(v.headers, "Cache-Control: no-store"), "the page is not to be cached");
	is_int(world_records(&w), 0, "a flood of login pages leaves no record");
	(void)store_text(&w, &j, "a", "b");
	is_int(post(&w, &j, token), SESS_OK, "a session that began meanwhile changes nothing");
	(void)log_in(&w, &j, "ann");
	is_int(post(&w, &j, token), SESS_DENIED, "a login does");
	free(token);
	free(foreign);
	world_close(&w);
}

static void
csrf_without_emitting(const char *kind)
{
	jar j = { 0 };
	char *token;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .cookie_emit = SESS_NO });
	token = render(&w, &j);
	is_int(post(&w, &j, token), SESS_OK, "cookie_emit = no leaves login forms as they were");
	free(token);
	world_close(&w);
}

static void
csrf_by_origin(const char *kind)
{
	static const struct {
		const char *line, *second;
		int want;
	} cases[] = {
		{ NULL, NULL, SESS_OK },
		{ "HTTP_SEC_FETCH_SITE=same-origin", NULL, SESS_OK },
		{ "HTTP_SEC_FETCH_SITE=none", NULL, SESS_OK },
		{ "HTTP_SEC_FETCH_SITE=same-site", NULL, SESS_DENIED },
		{ "HTTP_SEC_FETCH_SITE=cross-site", NULL, SESS_DENIED },
		{ "HTTP_SEC_FETCH_SITE=", NULL, SESS_DENIED },
		{ "HTTP_SEC_FETCH_SITE=cross-site", "HTTP_ORIGIN=https://example.org",
			SESS_DENIED },
		{ "HTTP_SEC_FETCH_SITE=same-origin", "HTTP_ORIGIN=https://evil.org", SESS_OK },
		{ "HTTP_ORIGIN=https://example.org", NULL, SESS_OK },
		{ "HTTP_ORIGIN=https://EXAMPLE.org", NULL, SESS_OK },
		{ "HTTP_ORIGIN=https://evil.org", NULL, SESS_DENIED },
		{ "HTTP_ORIGIN=https://example.org.evil.org", NULL, SESS_DENIED },
		{ "HTTP_ORIGIN=https://example.org:8443", NULL, SESS_DENIED },
		{ "HTTP_ORIGIN=https://example.org:8443", "HTTP_HOST=example.org:8443", SESS_OK },
		{ "HTTP_ORIGIN=null", NULL, SESS_DENIED },
		{ "HTTP_ORIGIN=", NULL, SESS_DENIED },
		{ "HTTP_SEC_FETCH_SITE=cross-site", "REQUEST_METHOD=GET", SESS_OK },
		{ "HTTP_SEC_FETCH_SITE=cross-site", "REQUEST_METHOD=HEAD", SESS_OK },
		{ "HTTP_SEC_FETCH_SITE=cross-site", "REQUEST_METHOD=PUT", SESS_DENIED },
		{ "HTTP_ORIGIN=https://evil.org", "REQUEST_METHOD=get", SESS_DENIED },
	};
	jar j = { 0 };
	char *token;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	token = render(&w, &j);
	for (size_t i = 0; i < PARTS(cases); i++) {
		const char *const more[] = { cases[i].line ? cases[i].line : "X=1",
			cases[i].second ? cases[i].second : "Y=1", "REQUEST_METHOD=POST", NULL };
		visit v;

		if (visit_try(&v, &w, &j, more, NULL) != SESS_OK)
			bail("sess_begin: %s", sess_kit_error(w.kit));
		is_int(sess_csrf_check(v.s, token), cases[i].want, "%s %s", more[0], more[1]);
		(void)visit_end(&v);
	}
	ok(world_logged(&w, "forgery") > 0, "what was refused is logged");
	free(token);
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { csrf_in_a_session, csrf_masks, csrf_over_a_life,
		csrf_without_a_session, csrf_without_emitting, csrf_by_origin };

	return world_run(tests, PARTS(tests));
}
