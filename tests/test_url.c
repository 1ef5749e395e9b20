/* SPDX-License-Identifier: ISC */
/* test_url.c - links that carry the id: only where that is switched on, only for clients without
 * cookies, and only to here. */
#include "internal.h"
#include "support.h"
#include "tap.h"

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

static int64_t now = 1800000000;
static sess_kit *kit;

static void
open_kit(const char *query, const char *header)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_error err;

	snprintf(config.store, sizeof(config.store), "memory:");
	snprintf(config.query, sizeof(config.query), "%s", query);
	snprintf(config.header, sizeof(config.header), "%s", header);
	config.now = fake_now;
	config.arg = &now;
	sess_kit_close(kit);
	if (sess_kit_open(&kit, &config, &err) != SESS_OK)
		bail("%s", err.text);
}

/* A request with this one variable, "" for none. */
static sess *
begin(char *variable)
{
	char *env[] = { *variable != '\0' ? variable : NULL, NULL };
	sess *s;

	if (sess_begin(kit, env, &s) != SESS_OK)
		bail("%s", sess_kit_error(kit));
	return s;
}

/* Store a session and say how a request comes back to it: "QUERY_STRING=sid=TOKEN". */
static void
store_session(char variable[100], const char *as)
{
	char none[] = "";
	sess *s = begin(none);

	(void)sess_set_int(s, "k", 1);
	if (sess_commit(s) != SESS_OK)
		bail("%s", sess_kit_error(kit));
	snprintf(variable, 100, "%s%s", as, s->current.text);
	sess_end(s);
}

static void
nothing_to_do(void)
{
	char none[] = "", variable[100];
	sess *s;

	is_str(sess_url(NULL, "/a"), "/a", "without a session a link stays");
	open_kit("", "");
	store_session(variable, "HTTP_COOKIE=sid=");
	s = begin(variable);
	is_str(sess_url(s, "/a"), "/a", "so it does when links are switched off");
	is_str(sess_url(s, NULL), NULL, "no link is none");
	sess_end(s);
	open_kit("sid", "X-Session");
	s = begin(none);
	is_str(sess_url(s, "/a"), "/a", "a visitor who stores nothing has no id to carry");
	sess_end(s);
	store_session(variable, "HTTP_COOKIE=sid=");
	s = begin(variable);
	is_str(sess_url(s, "/a"), "/a", "nor has a link of a client with cookies");
	sess_end(s);
	store_session(variable, "HTTP_X_SESSION=");
	s = begin(variable);
	is_int(sess_state(s), SESS_LIVE, "a session by header");
	is_str(sess_url(s, "/a"), "/a", "has its links as they are");
	sess_end(s);
}

/* The link with the id in it shown as ID; as it is when there is no id in it. */
static const char *
shown(sess *s, const char *url)
{
	static char text[300];
	const char *got = sess_url(s, url), *id = strstr(got, s->current.text);

	if (id == NULL)
		return got;
	snprintf(text, sizeof(text), "%.*sID%s", (int)(id - got), got, id + TOKEN_CHARS);
	return text;
}

static void
links_carry_id(void)
{
	static const struct {
		const char *url, *want;
	} cases[] = { { "/a", "/a?sid=ID" }, { "", "?sid=ID" }, { "a/b", "a/b?sid=ID" },
		{ "?x=y", "?x=y&sid=ID" }, { "/a?", "/a?&sid=ID" }, { "#f", "?sid=ID#f" },
		{ "/a?x=y#f", "/a?x=y&sid=ID#f" }, { "/a#f?g", "/a?sid=ID#f?g" },
		{ "/a:b", "/a:b?sid=ID" }, { "/a?u=http://x/", "/a?u=http://x/&sid=ID" },
		{ "?u=//x", "?u=//x&sid=ID" }, { "/a//b", "/a//b?sid=ID" }, { ".", ".?sid=ID" } };
	char variable[100];
	sess *s;

	open_kit("sid", "");
	store_session(variable, "QUERY_STRING=sid=");
	s = begin(variable);
	is_int(sess_state(s), SESS_LIVE, "a session by query");
	for (size_t i = 0; i < PARTS(cases); i++)
		is_str(shown(s, cases[i].url), cases[i].want, "link '%s'", cases[i].url);
	sess_end(s);
}

/* As browsers read them: blanks and controls around are dropped, tabs and line ends also within,
 * and \ is /. */
static void
links_elsewhere_do_not(void)
{
	static const char *const urls[] = { "http://evil.example/", "HTTPS://evil.example",
		"//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
		"\\/evil.example", "/a\\..\\..", "javascript:alert(1)", "mailto:a@b", "x:y", ":",
		" //evil.example", "\t//evil.example", "\n//evil.example", "/\t/evil.example",
		"/\n/evil.example", "/\r\n/evil.example", "\x01//evil.example",
		"\x1f//evil.example", "/a\r\nSet-Cookie: x=y", " http://evil.example",
		"ht\ntp://evil.example", "/ /x", "/\x7f" };
	char variable[100];
	sess *s;

	store_session(variable, "QUERY_STRING=sid=");
	s = begin(variable);
	for (size_t i = 0; i < PARTS(urls); i++)
		ok(sess_url(s, urls[i]) == urls[i], "link %zu leads elsewhere, or is none: no id",
			i);
	sess_end(s);
}

static void
link_follows_id(void)
{
	char none[] = "", variable[100], before[TOKEN_CHARS + 1];
	sess *s;

	store_session(variable, "QUERY_STRING=sid=");
	s = begin(variable);
	memcpy(before, s->current.text, sizeof(before));
	(void)sess_rotate(s);
	ok(strstr(sess_url(s, "/a"), before) == NULL,
		"after a rotation links no longer have the old id");
	is_int(sess_commit(s), SESS_OK, "which is done at commit");
	is_str(shown(s, "/a"), "/a?sid=ID", "and then have the new one");
	(void)sess_destroy(s);
	is_str(sess_url(s, "/a"), "/a", "after the end they have none");
	is_int(sess_commit(s), SESS_OK, "also when that is stored");
	sess_end(s);
	s = begin(none);
	(void)sess_set_int(s, "k", 1);
	is_int(sess_commit(s), SESS_OK, "a first visit is stored");
	is_str(shown(s, "/a"), "/a?sid=ID",
		"and its links carry the id, for want of a cookie so far");
	sess_end(s);
}

int
main(void)
{
	nothing_to_do();
	links_carry_id();
	links_elsewhere_do_not();
	link_follows_id();
	sess_kit_close(kit);
	return done();
}
