/* SPDX-License-Identifier: ISC */
/* test_cookie_write.c - what leaves as Set-Cookie is one header that a browser keeps; the rest is
 * refused. */
#include "alloc.h"
#include "internal.h"
#include "tap.h"

#include <strings.h>

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))
#define TOKEN "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"

static const cookie_shape usual = {
	.path = "/", .domain = "", .samesite = SESS_LAX, .secure = true, .httponly = true
};

/* The line that is written, else the code as a text; lent until the next call. */
static const char *
written(const char *name, const char *value, int64_t life, const cookie_shape *shape)
{
	static buffer out;
	static char code[16];
	int rc;

	buffer_free(&out);
	rc = cookie_write(&out, name, value, life, shape);
	if (rc == SESS_OK && buffer_end(&out) == SESS_OK)
		return out.at;
	snprintf(code, sizeof(code), "%s%d", out.len != 0 ? "rest, " : "", rc);
	return code;
}

#define AS(...) (&(cookie_shape){ __VA_ARGS__ })
#define DELETED "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"

static void
golden_lines(void)
{
	is_str(written("__Host-sid", TOKEN, 0, &usual),
		"__Host-sid=" TOKEN "; Path=/; Secure; HttpOnly; SameSite=Lax", "the usual one");
	is_str(written("sid", "", -1, &usual),
		"sid=; Path=/" DELETED "; Secure; HttpOnly; SameSite=Lax", "its deletion");
	is_str(written("sid", "v", 3600,
		       AS(.path = "/app", .domain = "example.org", .samesite = SESS_STRICT)),
		"sid=v; Path=/app; Domain=example.org; Max-Age=3600; "
		"SameSite=Strict",
		"with path, domain and lifetime");
	is_str(written("sid", "v", 0,
		       AS(.path = "/", .domain = "", .samesite = SESS_CROSS_SITE, .secure = true,
			       .partitioned = true)),
		"sid=v; Path=/; Secure; SameSite=None; Partitioned", "across sites");
	is_str(written("sid", "", -1,
		       AS(.path = "/a b", .domain = "x.y", .samesite = SESS_CROSS_SITE,
			       .secure = true, .httponly = true, .partitioned = true)),
		"sid=; Path=/a b; Domain=x.y" DELETED
		"; Secure; HttpOnly; SameSite=None; Partitioned",
		"a deletion with everything");
}

static void
life_at_limits(void)
{
	static const struct {
		int64_t life;
		const char *want;
	} cases[] = { { 1, "1" }, { 34559999, "34559999" }, { 34560000, "34560000" },
		{ 34560001, "34560000" }, { INT64_MAX, "34560000" } };
	char want[100];

	for (size_t i = 0; i < PARTS(cases); i++) {
		snprintf(
			want, sizeof(want), "s=v; Path=/; Max-Age=%s; SameSite=Lax", cases[i].want);
		is_str(written("s", "v", cases[i].life, AS(.path = "/", .domain = "")), want,
			"a life of %" PRId64, cases[i].life);
	}
	is_str(written("s", "", INT64_MIN, AS(.path = "/", .domain = "")),
		"s=; Path=/" DELETED "; SameSite=Lax", "the least one deletes");
}

/* -- all products of attributes against the rules, as the drafts put them ---------------------- */

static bool
begins(const char *name, const char *prefix)
{
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* RFC 6265bis 4.1.3 and 5.7, CHIPS, and the layered cookies draft for the Http prefixes. */
static bool
browser_keeps(const char *name, const cookie_shape *c)
{
	bool host = begins(name, "__Host-");

	if (begins(name, "__Secure-") && !c->secure)
		return false;
	if (host && (!c->secure || c->domain[0] != '\0' || strcmp(c->path, "/") != 0))
		return false;
	if (begins(name, "__Http-") && !(c->secure && c->httponly))
		return false;
	if (begins(name, "__Host-Http-") && !c->httponly)
		return false;
	return c->secure || (c->samesite != SESS_CROSS_SITE && !c->partitioned);
}

static void
every_product(void)
{
	static const char *const names[] = { "sid", "__Host-sid", "__host-sid", "__HOST-SID",
		"__Secure-sid", "__sEcUrE-sid", "__Http-sid", "__Host-Http-sid", "__host-hTTP-sid",
		"__Hostsid", "_Host-sid", "__Host-", "x__Host-sid" };
	static const char *const paths[] = { "/", "/app", "//" };
	static const char *const domains[] = { "", "example.org" };
	size_t wrong = 0, kept = 0, n = PARTS(names) * PARTS(paths) * PARTS(domains) * 24;

	for (size_t i = 0; i < n; i++) {
		size_t rest = i / 24;
		cookie_shape c = { .samesite = (sess_samesite)(i % 3),
			.secure = i / 3 % 2,
			.httponly = i / 6 % 2,
			.partitioned = i / 12 % 2 };
		const char *name = names[rest % PARTS(names)];
		bool keeps;

		rest /= PARTS(names);
		c.path = paths[rest % PARTS(paths)];
		c.domain = domains[rest / PARTS(paths)];
		keeps = browser_keeps(name, &c);
		kept += keeps;
		if ((cookie_check(name, &c) == NULL) == keeps)
			continue;
		if (wrong++ == 0)
			diag("%s is %s", written(name, "v", 0, &c), keeps ? "refused" : "taken");
	}
	is_int((int64_t)wrong, 0, "of %zu products what browsers drop is refused", n);
	ok(kept > 100 && kept < n - 100, "and %zu are taken", kept);
}

static void
name_takes_prefix(void)
{
	cookie_shape plain = { .path = "/", .domain = "" }, sub = usual, wide = usual;
	char name[128];

	sub.path = "/app";
	wide.domain = "example.org";
	(void)cookie_name(name, sizeof(name), "sid", SESS_PREFIX_AUTO, &usual);
	is_str(name, "__Host-sid", "auto takes the strictest prefix");
	(void)cookie_name(name, sizeof(name), "sid", SESS_PREFIX_AUTO, &sub);
	is_str(name, "__Secure-sid", "another path the second");
	(void)cookie_name(name, sizeof(name), "sid", SESS_PREFIX_AUTO, &wide);
	is_str(name, "__Secure-sid", "a domain as well");
	(void)cookie_name(name, sizeof(name), "sid", SESS_PREFIX_AUTO, &plain);
	is_str(name, "sid", "none without Secure");
	(void)cookie_name(name, sizeof(name), "sid", SESS_PREFIX_NONE, &usual);
	is_str(name, "sid", "nor when none is asked for");
	ok(cookie_name(name, sizeof(name), "sid", SESS_PREFIX_NONE, &usual) == NULL,
		"that is fine");
	ok(cookie_name(name, sizeof(name), "sid", SESS_PREFIX_HOST, &sub) != NULL,
		"host and a path");
	ok(cookie_name(name, sizeof(name), "sid", SESS_PREFIX_HOST, &wide) != NULL,
		"or domain are not");
	ok(cookie_name(name, sizeof(name), "sid", SESS_PREFIX_HOST, &plain) != NULL,
		"nor without Secure");
	ok(cookie_name(name, sizeof(name), "sid", SESS_PREFIX_SECURE, &plain) != NULL,
		"secure neither");
	ok(cookie_name(name, 11, "sid", SESS_PREFIX_HOST, &usual) == NULL, "a name that just fits");
	ok(cookie_name(name, 10, "sid", SESS_PREFIX_HOST, &usual) != NULL, "and one that does not");
}

/* -- bytes ------------------------------------------------------------------------------------- */

/* Each byte but NUL in the middle of each part: what may leave is what the grammar has. */
static void
every_byte(void)
{
	static const char tchar[] = "!#$%&'*+-.^_`|~0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
	bool name = true, value = true, path = true, domain = true, told = true;
	char text[] = "/a?b", in_name[] = "a?b";

	for (int c = 1; c < 256; c++) {
		bool octet = c == 0x21 || (c >= 0x23 && c <= 0x2b) || (c >= 0x2d && c <= 0x3a) ||
			     (c >= 0x3c && c <= 0x5b) || (c >= 0x5d && c <= 0x7e);
		bool attribute = c >= ' ' && c <= '~' && c != ';';

		text[2] = in_name[1] = (char)c;
		name = name &&
		       (*written(in_name, "v", 0, &usual) == 'a') == (strchr(tchar, c) != NULL);
		value = value && (*written("s", text, 0, &usual) == 's') == octet;
		path = path &&
		       (*written("s", "v", 0, AS(.path = text, .domain = "")) == 's') == attribute;
		domain = domain && (*written("s", "v", 0, AS(.path = "/", .domain = text)) ==
					   's') == attribute;
		told = told &&
		       (cookie_check("s", AS(.path = text, .domain = "")) == NULL) == attribute;
	}
	ok(name, "of 255 bytes a name takes those of a token");
	ok(value, "a value cookie-octets");
	ok(path, "a path printable ASCII but ;");
	ok(domain, "a domain too");
	ok(told, "and a bad path is told before there is anything to write");
	is_str(written("", "v", 0, &usual), "-5", "a cookie needs a name");
	is_str(written("s", "v\r\nX: y", 0, &usual), "-5", "no second header line");
}

static void
check_tells_path_and_domain(void)
{
	char text[1027];

	memset(text, 'x', sizeof(text));
	text[0] = '/';
	text[1025] = '\0';
	ok(cookie_check("s", AS(.path = text, .domain = "")) != NULL, "too long a path is told");
	ok(cookie_check("s", AS(.path = "/", .domain = text + 1)) == NULL,
		"a domain at the limit is not");
	text[1024] = '\0';
	ok(cookie_check("s", AS(.path = text, .domain = "")) == NULL, "nor a path");
	ok(cookie_check("s", AS(.path = "app", .domain = "")) != NULL, "a path begins with /");
	ok(cookie_check("s", AS(.path = "", .domain = "")) != NULL, "and is not empty");
	ok(cookie_check("s", AS(.path = "/", .domain = "a;b")) != NULL, "a bad domain is told");
	ok(cookie_check("s", AS(.path = "/", .domain = "\r\n")) != NULL, "and a line end in it");
}

/* -- sizes, memory ----------------------------------------------------------------------------- */

static char *
filled(size_t len, char first)
{
	static char text[5000];

	memset(text, 'x', sizeof(text));
	text[0] = first;
	text[len] = '\0';
	return text;
}

static void
sizes_at_limits(void)
{
	ok(*written("sid", filled(4093, 'x'), 0, &usual) == 's', "name and value of 4096 bytes");
	is_str(written("sid", filled(4094, 'x'), 0, &usual), "-6", "are all there may be");
	is_str(written(filled(4096, 'x'), "v", 0, &usual), "-6", "whichever of the two it is");
	ok(*written("s", "v", 0, AS(.path = filled(1024, '/'), .domain = "")) == 's',
		"1024 in a path");
	is_str(written("s", "v", 0, AS(.path = filled(1025, '/'), .domain = "")), "-6", "no more");
	ok(*written("s", "v", 0, AS(.path = "/", .domain = filled(1024, 'x'))) == 's',
		"in a domain");
	is_str(written("s", "v", 0, AS(.path = "/", .domain = filled(1025, 'x'))), "-6", "no more");
}

/* A refused cookie leaves what was in the buffer, and nothing of its own for anybody to find. */
static void
failure_leaves_nothing(void)
{
	buffer out = { 0 };
	char before[500];

	memset(before, 'b', sizeof(before));
	alloc_watch(TOKEN);
	(void)buffer_put(&out, before, sizeof(before));
	alloc_fail(1, true);
	is_int(cookie_write(&out, "s", TOKEN, 0, &usual), SESS_NOMEM,
		"without memory it is refused");
	alloc_fail(0, false);
	(void)buffer_room(&out, 4000);
	is_int(cookie_write(&out, "s", TOKEN, 0, AS(.path = "/;", .domain = "")), SESS_INVALID,
		"so it is for its path");
	is_int(cookie_write(&out, "s", TOKEN, 0, AS(.path = "/", .domain = filled(1025, 'x'))),
		SESS_TOOBIG, "and for its domain");
	ok(out.len == sizeof(before) && memcmp(out.at, before, out.len) == 0,
		"what was there before stays");
	buffer_free(&out);
	is_int((int64_t)alloc_unwiped(), 0, "and no refused token stays in memory");
	alloc_watch(NULL);
}

int
main(void)
{
	golden_lines();
	life_at_limits();
	every_product();
	name_takes_prefix();
	every_byte();
	check_tells_path_and_domain();
	sizes_at_limits();
	failure_leaves_nothing();
	return done();
}
