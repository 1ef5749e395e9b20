/* SPDX-License-Identifier: ISC */
/* test_page.c - the samples' pages: no text becomes markup or a header line, and what commit says
 * is what the visitor reads. */
#include "app.h"
#include "tap.h"

static sess_kit *kit;
static char cookie[200] = "HTTP_COOKIE=", script[100] = "SCRIPT_NAME=/sample";
static char *env[] = { cookie, script, NULL };

/* A request, and what it is answered. */
typedef struct visit {
	app_request r;
	char *text;
	size_t len;
} visit;

static app_request *
begin(visit *v)
{
	*v = (visit){ .r = { .kit = kit, .env = env, .method = "GET", .path = "" } };
	v->r.name = "test_page";
	v->r.out = open_memstream(&v->text, &v->len);
	if (!v->r.out || sess_begin(kit, env, &v->r.s) != SESS_OK)
		bail("no request");
	return &v->r;
}

/* The page, or with the header lines behind it; for free. */
static char *
end(visit *v, bool headers)
{
	if (headers)
		page_headers(&v->r, v->r.out);
	if (fclose(v->r.out) != 0)
		bail("out of memory");
	sess_end(v->r.s);
	app_forget(&v->r);
	return v->text;
}

static void
is_page(visit *v, const char *want, const char *what)
{
	char *got = end(v, false);

	is_str(got, want, "%s", what);
	free(got);
}

static void
test_text(void)
{
	visit v;
	app_request *r = begin(&v);

	page_text(r, "<a href=\"x\">&amp;'\xc3\xbc");
	is_page(&v, "&lt;a href=&quot;x&quot;&gt;&amp;amp;&#39;\xc3\xbc", "text_is_no_markup");
	r = begin(&v);
	page_text(r, NULL);
	is_page(&v, "", "text_null_is_empty");
	r = begin(&v);
	page_print(r, "<p>%s %d %lld %zu 100%%%s</p>", "<b>", -5, -6000000000LL, (size_t)7, "");
	is_page(&v, "<p>&lt;b&gt; -5 -6000000000 7 100%</p>", "print_escapes_text_only");
	r = begin(&v);
	page_time(r, 0);
	page_time(r, 86399);
	page_time(r, INT64_MAX);
	is_page(&v, "never<time datetime=\"1970-01-01T23:59:59Z\">1970-01-01 23:59 UTC</time>never",
		"time_known_and_unknown");
}

/* A program that seems to be at base sends the browser to a page of its own. */
static void
leads(const char *base, const char *page, const char *want)
{
	char line[200], *got;
	visit v;
	app_request *r;

	snprintf(script, sizeof(script), "SCRIPT_NAME=%s", base);
	r = begin(&v);
	page_form(r, page);
	app_go(r, page);
	got = end(&v, true);
	snprintf(line, sizeof(line), "\r\nLocation: %s\r\n", want);
	ok(strstr(got, "Status: 303 See Other\r\n") && strstr(got, line),
		"at \"%s\", \"%s\" is %s", base, page, want);
	ok(!strstr(got, "elsewhere"), "and no form leads elsewhere");
	free(got);
}

static void
test_go(void)
{
	static const char *const bad[] = { "", "elsewhere", "//elsewhere", "/\\elsewhere",
		"https://elsewhere", "/a\r\nSet-Cookie: elsewhere=b", "/elsewhere b",
		"/elsewhere\xc3\xbc", "/elsewhere\x7f", "/" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		leads(bad[i], "", "/");
		leads(bad[i], "/devices", "/devices");
	}
	leads("/login", "", "/login");
	leads("/cgi-bin/login", "/devices?a=b&c=%20", "/cgi-bin/login/devices?a=b&c=%20");
	leads("", "//a.example/", "/");
	leads("/shop", "/a\r\nSet-Cookie: a=b", "/");
	strcpy(script, "SCRIPT_NAME=/sample");
}

/* How often a header line is there. */
static int
lines(const char *headers, const char *name)
{
	int n = 0;

	for (const char *at = headers; (at = strstr(at, name)) != NULL; at++)
		n++;
	return n;
}

static void
test_headers(void)
{
	visit v;
	app_request *r = begin(&v);
	char *got;

	sess_set_int(r->s, "a", 1);
	ok(page_begin(r, "200 OK", "A <title>"), "begin_commits");
	page_end(r);
	got = end(&v, true);
	is_int(lines(got, "<title>A &lt;title&gt; - sesskit</title>"), 1, "begin_title");
	is_int(lines(got, "<h1>A &lt;title&gt;</h1>"), 1, "begin_heading");
	is_int(lines(got, "\r\nCache-Control: "), 1, "headers_cache_once");
	is_int(lines(got, "\r\nReferrer-Policy: same-origin"), 1, "headers_referrer");
	is_int(lines(got, "\r\nSet-Cookie: "), 1, "headers_cookie");
	is_int(lines(got, "script"), 0, "headers_allow_no_script");
	/* From here on all requests bring this cookie. */
	snprintf(cookie + strlen(cookie), sizeof(cookie) - strlen(cookie), "%.*s",
		(int)strcspn(strstr(got, "sid="), ";"), strstr(got, "sid="));
	free(got);
}

static void
test_form(void)
{
	visit v;
	app_request *r = begin(&v);
	char *got, *token;

	ok(page_begin(r, "200 OK", "Form"), "token_page");
	page_form(r, "/there");
	got = end(&v, false);
	ok(strstr(got, "<form method=\"post\" action=\"/sample/there\">") != NULL,
		"form_posts_to_the_program");
	token = strstr(got, "name=\"token\" value=\"");
	if (!token)
		bail("no token on the page");
	token += strlen("name=\"token\" value=\"");
	token[strcspn(token, "\"")] = '\0';
	r = begin(&v);
	is_int(sess_csrf_check(r->s, token), SESS_OK, "token_of_the_page_is_good");
	free(end(&v, false));
	free(got);
}

static void
test_gone(void)
{
	visit elsewhere, late;
	app_request *r = begin(&late);
	char *got;

	is_int(sess_destroy(begin(&elsewhere)->s), SESS_OK, "gone_elsewhere");
	free(end(&elsewhere, false));
	sess_set_int(r->s, "a", 2);
	ok(!page_begin(r, "200 OK", "Never shown"), "gone_stops_the_page");
	got = end(&late, true);
	is_int(lines(got, "Status: 409 Conflict\r\n"), 1, "gone_status");
	is_int(lines(got, "<h1>Your session has ended</h1>"), 1, "gone_page_says_so");
	is_int(lines(got, "Never shown"), 0, "gone_shows_nothing_else");
	is_int(lines(got, "Set-Cookie: "), 0, "gone_sets_no_cookie");
	free(got);
}

int
main(void)
{
	sess_config config = SESS_CONFIG_INIT;

	sess_config_set(&config, "store", "memory:", NULL);
	if (sess_kit_open(&kit, &config, NULL) != SESS_OK)
		bail("no kit");
	test_text();
	test_go();
	test_headers();
	test_form();
	test_gone();
	sess_kit_close(kit);
	return done();
}
