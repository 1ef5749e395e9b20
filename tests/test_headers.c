/* SPDX-License-Identifier: ISC */
/* test_headers.c - the header lines of a response, and the roads by which an id may come. */
#include "session.h"

/* The lines of a response to a request that stores something, or not. */
static const char *
respond(visit *v, world *w, jar *j, const char *const *more, bool stores)
{
	size_t n = 0;
	int rc;

	if (visit_try(v, w, j, more, NULL) != SESS_OK)
		bail("sess_begin: %s", sess_kit_error(w->kit));
	if (stores)
		(void)sess_set_int(v->s, "a", 1);
	rc = visit_end(v);
	if (rc == SESS_UNSUPPORTED) {
		is_int(sess_count(w->kit, NULL, 0, &n), SESS_OK, "no cookie can carry it");
		is_int((int64_t)n, 0, "so nothing is stored");
	} else if (rc != SESS_OK)
		bail("commit: %s", sess_kit_error(w->kit));
	return v->headers;
}

static const char *const plain[] = { "HTTPS=off", NULL };

static void
headers_for_caches(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	is_str(respond(&v, &w, &j, NULL, false), "Vary: Cookie\r\n",
		"a page that has no session varies on it");
	respond(&v, &w, &j, NULL, true);
	ok(has_line(v.headers, "Cache-Control: no-store") && has_line(v.headers, "Vary: Cookie"),
		"one that begins a session is not to be kept");
	is_str(respond(&v, &w, &j, NULL, false), "Cache-Control: no-store\r\nVary: Cookie\r\n",
		"nor one that reads it");
	jar_set(&j, NAME, "forged");
	is_str(respond(&v, &w, &j, NULL, false), "Cache-Control: no-store\r\nVary: Cookie\r\n",
		"nor one that says that a session is over");
	world_close(&w);
}

#define OPEN "; HttpOnly; SameSite=Lax"
#define SECURE "; Secure" OPEN

static void
headers_golden(const char *kind)
{
	static const struct {
		sess_switch secure;
		sess_prefix prefix;
		const char *https, *want;
	} cases[] = {
		{ SESS_AUTO, SESS_PREFIX_AUTO, "on", "__Host-sid=T; Path=/" SECURE },
		{ SESS_AUTO, SESS_PREFIX_AUTO, "off", "sid=T; Path=/" OPEN },
		{ SESS_YES, SESS_PREFIX_AUTO, "off", "__Host-sid=T; Path=/" SECURE },
		{ SESS_NO, SESS_PREFIX_AUTO, "on", "sid=T; Path=/" OPEN },
		{ SESS_AUTO, SESS_PREFIX_SECURE, "on", "__Secure-sid=T; Path=/" SECURE },
		{ SESS_AUTO, SESS_PREFIX_NONE, "on", "sid=T; Path=/" SECURE },
		{ SESS_AUTO, SESS_PREFIX_HOST, "on", "__Host-sid=T; Path=/" SECURE },
		{ SESS_AUTO, SESS_PREFIX_HOST, "off", NULL },
		{ SESS_AUTO, SESS_PREFIX_SECURE, "off", NULL },
	};

	for (size_t i = 0; i < PARTS(cases); i++) {
		char line[32], got[200] = "", *at, *end;
		jar j = { 0 };
		visit v;
		world w;

		world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config),
			.cookie_secure = cases[i].secure, .cookie_prefix = cases[i].prefix });
		snprintf(line, sizeof(line), "HTTPS=%s", cases[i].https);
		respond(&v, &w, &j, (const char *const[]){ line, NULL }, true);
		at = strstr(v.headers, "Set-Cookie: ");
		if (at && (at = strchr(at + 12, '=')) != NULL && (end = strchr(at, '\r')) != NULL)
			snprintf(got, sizeof(got), "%.*s=T%.*s",
				(int)(at - strstr(v.headers, ": ") - 2),
				strstr(v.headers, ": ") + 2, (int)(end - at - 1 - TOKEN_CHARS),
				at + 1 + TOKEN_CHARS);
		is_str(*got ? got : NULL, cases[i].want, "secure %d, prefix %d, HTTPS %s",
			cases[i].secure, cases[i].prefix, cases[i].https);
		world_close(&w);
	}
}

static void
headers_of_impossible_cookies(const char *kind)
{
	static const sess_config bad[] = {
		{ .size = sizeof(sess_config), .cookie_secure = SESS_NO,
			.cookie_prefix = SESS_PREFIX_HOST },
		{ .size = sizeof(sess_config), .cookie_prefix = SESS_PREFIX_HOST,
			.cookie_path = "/app" },
		{ .size = sizeof(sess_config), .cookie_prefix = SESS_PREFIX_HOST,
			.cookie_domain = "example.org" },
		{ .size = sizeof(sess_config), .cookie_secure = SESS_NO,
			.cookie_samesite = SESS_CROSS_SITE },
		{ .size = sizeof(sess_config), .cookie_secure = SESS_NO,
			.cookie_partitioned = SESS_YES },
	};
	static const sess_options odd[] = {
		{ 0, "/a;b", NULL }, { 0, "/a\r\nX: y", NULL }, { 0, NULL, "a;b" },
		{ 0, "/\x80", NULL },
	};
	world w;
	visit v;

	for (size_t i = 0; i < PARTS(bad); i++) {
		is_int(world_try(&w, kind, &bad[i]), SESS_CONFIG, "settings %zu are refused", i);
		world_close(&w);
	}
	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(odd); i++)
		is_int(visit_try(&v, &w, NULL, NULL, &odd[i]), SESS_INVALID,
			"so are options %zu of a request", i);
	world_close(&w);
	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config),
		.cookie_prefix = SESS_PREFIX_HOST });
	is_int(visit_try(&v, &w, NULL, NULL, &(sess_options){ 0, "/app", NULL }), SESS_INVALID,
		"and a path with __Host-");
	world_close(&w);
}

static void
headers_behind_a_proxy(const char *kind)
{
	static const struct {
		const char *address, *proto, *https;
		bool secure;
	} cases[] = {
		{ "192.0.2.1", "https", "off", false },
		{ "10.1.2.3", "https", "off", true },
		{ "10.1.2.3", "http", "on", false },
		{ "11.1.2.3", "https", "off", false },
		{ "::1", "HTTPS", "off", true },
		{ "::2", "https", "off", false },
		{ "nonsense", "https", "off", false },
	};
	sess_config c = SESS_CONFIG_INIT;
	world w;

	strcpy(c.trusted_proxies, "10.0.0.0/8, ::1");
	world_open(&w, kind, &c);
	for (size_t i = 0; i < PARTS(cases); i++) {
		char address[40], proto[40], https[16];
		const char *const more[] = { address, proto, https, NULL };
		jar j = { 0 };
		visit v;

		snprintf(address, sizeof(address), "REMOTE_ADDR=%s", cases[i].address);
		snprintf(proto, sizeof(proto), "HTTP_X_FORWARDED_PROTO=%s", cases[i].proto);
		snprintf(https, sizeof(https), "HTTPS=%s", cases[i].https);
		ok((strstr(respond(&v, &w, &j, more, true), "; Secure") != NULL) == cases[i].secure,
			"%s says %s, HTTPS %s", cases[i].address, cases[i].proto, cases[i].https);
	}
	world_close(&w);
	world_open(&w, kind, NULL);
	{
		const char *const more[] = { "HTTPS=off", "HTTP_X_FORWARDED_PROTO=https",
			"HTTP_HTTPS=on", "HTTP_REQUEST_SCHEME=https", NULL };
		jar j = { 0 };
		visit v;

		ok(!strstr(respond(&v, &w, &j, more, true), "; Secure"),
			"without trusted proxies no header counts");
	}
	is_int(world_logged(&w, "plain"), 1, "plain HTTP is warned of");
	(void)look(&w, NULL);
	world_close(&w);
}

static void
headers_by_https_and_http(const char *kind)
{
	jar secure = { 0 }, open = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	respond(&v, &w, &secure, NULL, true);
	respond(&v, &w, &open, plain, true);
	jar_set(&open, NAME, jar_get(&open, "sid"));
	visit_begin(&v, &w, &open);
	is_int(sess_state(v.s), SESS_UNKNOWN, "an id from plain HTTP is worth nothing by HTTPS");
	(void)visit_end(&v);
	jar_set(&secure, "sid", jar_get(&secure, NAME));
	(void)visit_try(&v, &w, &secure, plain, NULL);
	is_int(sess_state(v.s), SESS_UNKNOWN, "nor the other way round");
	(void)visit_end(&v);
	world_close(&w);
	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config),
		.cookie_prefix = SESS_PREFIX_NONE });
	open = (jar){ 0 };
	respond(&v, &w, &open, plain, true);
	is_int(look(&w, &open), SESS_UNKNOWN, "also when both have one name");
	world_close(&w);
}

static void
headers_without_emitting(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config), .cookie_emit = SESS_NO });
	visit_begin(&v, &w, &j);
	is_str(sess_cookie(v.s), NULL, "no cookie before there is a session");
	(void)sess_set_int(v.s, "a", 1);
	is_int(sess_commit(v.s), SESS_OK, "commit");
	ok(sess_cookie(v.s) && strncmp(sess_cookie(v.s), NAME "=", sizeof(NAME)) == 0,
		"sess_cookie has the text");
	is_str(sess_headers(v.s), "Cache-Control: no-store\r\nVary: Cookie\r\n",
		"with cookie_emit = no the lines do not");
	ok(sess_cookie(v.s) && strncmp(sess_cookie(v.s), NAME "=", sizeof(NAME)) == 0,
		"also after them");
	is_str(sess_cookie(NULL), NULL, "no session");
	(void)visit_end(&v);
	world_close(&w);
}

static void
headers_by_other_roads(const char *kind)
{
	sess_config c = SESS_CONFIG_INIT;
	char header[100], query[80];
	const char *const by_header[] = { header, NULL }, *const by_query[] = { query, NULL };
	jar j = { 0 }, none = { 0 };
	const char *at = NULL;
	visit v;
	world off, on;

	world_open(&off, kind, NULL);
	respond(&v, &off, &j, NULL, true);
	snprintf(header, sizeof(header), "HTTP_X_SESSION=%s", jar_get(&j, NAME));
	snprintf(query, sizeof(query), "QUERY_STRING=a=b&sid=%s", jar_get(&j, NAME));
	(void)visit_try(&v, &off, &none, by_header, NULL);
	is_int(sess_state(v.s), SESS_FRESH, "no header brings an id");
	(void)visit_end(&v);
	(void)visit_try(&v, &off, &none, by_query, NULL);
	is_int(sess_state(v.s), SESS_FRESH, "nor does a query");
	is_str(sess_url(v.s, "/next"), "/next", "and no link gets one");
	(void)visit_end(&v);
	strcpy(c.header, "X-Session");
	strcpy(c.query, "sid");
	if (world_clone(&on, &off, &c) != SESS_OK)
		bail("%s", on.err.text);
	(void)visit_try(&v, &on, &none, by_header, NULL);
	is_int(sess_state(v.s), SESS_LIVE, "unless it is switched on: header");
	(void)sess_rotate(v.s);
	(void)visit_end(&v);
	ok(!strstr(v.headers, "Set-Cookie") && (at = strstr(v.headers, "X-Session: ")) != NULL,
		"which then brings the new id as well");
	snprintf(query, sizeof(query), "QUERY_STRING=a=b&sid=%.43s", at ? at + 11 : "");
	(void)visit_try(&v, &on, &none, by_query, NULL);
	is_int(sess_state(v.s), SESS_LIVE, "query");
	(void)visit_end(&v);
	ok(!strstr(v.headers, "Set-Cookie") && has_line(v.headers, "Referrer-Policy: no-referrer"),
		"whose pages keep their address to themselves");
	*on.clock += 900;
	(void)visit_try(&v, &on, &none, by_query, NULL);
	(void)visit_end(&v);
	is_int(world_logged(&on, "offered"), 0, "and get no new id, for links keep the old one");
	snprintf(header, sizeof(header), "%s&sid=x", query);
	(void)visit_try(&v, &on, &none, by_header, NULL);
	is_int(sess_state(v.s), SESS_DOUBLED, "two ids in a query");
	(void)visit_end(&v);
	world_close(&on);
	world_close(&off);
}

static void
url_with_id(const char *kind)
{
	static const char *const elsewhere[] = { "https://evil.org/", "//evil.org/", "/\\evil.org",
		"javascript:alert(1)", "/\t/evil.org", " //evil.org", "\n//evil.org" };
	sess_config c = SESS_CONFIG_INIT;
	char want[200];
	jar none = { 0 };
	sess_info info;
	visit v;
	world w;

	strcpy(c.query, "sid");
	world_open(&w, kind, &c);
	visit_begin(&v, &w, &none);
	is_str(sess_url(v.s, "/next"), "/next", "without session links stay as they are");
	(void)sess_set_int(v.s, "a", 1);
	is_int(sess_commit(v.s), SESS_OK, "commit");
	(void)sess_about(v.s, &info);
	ok(sscanf(sess_url(v.s, "/next"), "/next?sid=%99s", want) == 1 &&
		strlen(want) == TOKEN_CHARS && strcmp(want, info.ref) != 0,
		"then they bring the id");
	memmove(want + 5, want, TOKEN_CHARS + 1);
	memcpy(want, "&sid=", 5);
	ok(strstr(sess_url(v.s, "p?a=b#top"), want) != NULL, "behind other parameters");
	ok(strcmp(strchr(sess_url(v.s, "p?a=b#top"), '#'), "#top") == 0, "before the fragment");
	for (size_t i = 0; i < PARTS(elsewhere); i++)
		is_str(sess_url(v.s, elsewhere[i]), elsewhere[i], "elsewhere (%zu) without", i);
	is_str(sess_url(NULL, "/x"), "/x", "no session");
	(void)visit_end(&v);
	visit_begin(&v, &w, &none);
	is_str(sess_url(v.s, "/next"), "/next", "with a cookie links stay as they are");
	(void)visit_end(&v);
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { headers_for_caches, headers_golden,
		headers_of_impossible_cookies, headers_behind_a_proxy, headers_by_https_and_http,
		headers_without_emitting, headers_by_other_roads, url_with_id };

	return world_run(tests, PARTS(tests));
}
