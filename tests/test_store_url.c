/* SPDX-License-Identifier: ISC */
/* test_store_url.c - store URLs taken apart, and that no message repeats a password. */
#include "internal.h"
#include "tap.h"

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

static buffer text;

/* The parts of a URL with blanks between, "-" for an empty one; or the text of the error. */
static const char *
split(const char *url, unsigned flags)
{
	static char shown[600];
	static sess_error err;
	sess_address a;
	int rc = url_split(&a, &text, url, flags, &err);
	const char *parts[] = { a.kind, a.user, a.host, a.path, a.query, a.password };
	size_t len = 0;

	if (rc != SESS_OK)
		return rc == SESS_CONFIG && err.code == rc ? err.text : "wrong code";
	if (strcmp(a.url, url) != 0)
		return "another URL";
	shown[0] = '\0';
	for (size_t i = 0; i < PARTS(parts); i++)
		len += (size_t)snprintf(shown + len, sizeof(shown) - len, "%s%s", i > 0 ? " " : "",
			*parts[i] != '\0' ? parts[i] : "-");
	return shown;
}

static void
splits_local(void)
{
	is_str(split("sqlite:/a/b.db", SESS_STORE_LOCAL), "- - - /a/b.db - -", "a path");
	is_str(split("file:a b%20?x=y@z:1", SESS_STORE_LOCAL), "- - - a b%20?x=y@z:1 - -",
		"a path is taken as it stands there");
	is_str(split("file://a", SESS_STORE_LOCAL), "- - - //a - -", "also with //");
	is_str(split("memory:", SESS_STORE_PROCESS), "- - - - - -", "a path may be empty");
}

static void
splits_remote(void)
{
	static const char *const cases[][2] = {
		{ "redis://h", "- - h - - -" },
		{ "redis://h:6380/2", "- - h:6380 /2 - -" },
		{ "redis://ann@h/2?prefix=x:&wait=1", "- ann h /2 prefix=x:&wait=1 -" },
		{ "redis://h?prefix=x", "- - h - prefix=x -" },
		{ "redis://h/?prefix=x/y?z", "- - h / prefix=x/y?z -" },
		{ "redis://@h", "- - h - - -" },
		{ "redis://[::1]:6379/0", "- - [::1]:6379 /0 - -" },
		{ "redis+unix:///run/redis/redis.sock", "unix - - /run/redis/redis.sock - -" },
		{ "redis+unix://ann@/run/r.sock?db=2", "unix ann - /run/r.sock db=2 -" },
		{ "redis+sentinel://h1,h2:26379/master", "sentinel - h1,h2:26379 /master - -" },
		{ "redis+cluster://ann@h1,h2,h3", "cluster ann h1,h2,h3 - - -" },
		{ "mysql://a%40b@h1,h2/d%62%2F?ca=%2Fx%26y", "- a@b h1,h2 /db/ ca=%2Fx%26y -" },
		{ "mysql+unix:///run/my%20sql.sock/db", "unix - - /run/my sql.sock/db - -" },
		{ "mysql://h/d\xc3\xa4", "- - h /d\xc3\xa4 - -" } };

	for (size_t i = 0; i < PARTS(cases); i++)
		is_str(split(cases[i][0], SESS_STORE_REMOTE), cases[i][1], "%s", cases[i][0]);
}

static void
refuses(void)
{
	static const char *const cases[][2] = {
		{ "redis:", "must go on with //" }, { "redis", "must go on with //" },
		{ "redis:/a", "must go on with //" }, { "redis:h:6379", "must go on with //" },
		{ "redis://", "empty host" }, { "redis:///2", "empty host" },
		{ "redis://h,,g", "empty host" }, { "redis://ann@", "empty host" },
		{ "redis+cluster:///x", "empty host" }, { "redis://h:0", "a port" },
		{ "redis://h:65536/2", "a port" }, { "redis://h:x", "a port" },
		{ "redis+unix://h/run/sock", "has a host" }, { "redis+unix://", "no path" },
		{ "redis+unix:///", "no path" }, { "redis://h/%", "hexadecimal" },
		{ "redis://h/%4", "hexadecimal" }, { "redis://h/%4g", "hexadecimal" },
		{ "redis://a%0ab@h", "control" }, { "redis://h/%00", "control" },
		{ "redis://h/\x1b[2J", "control" }, { "redis://h?x=%7f", "control" },
		{ "redis://h/\x7f", "control" }, { "redis://h\n", "a character" },
		{ "redis://a%3Ab@h", "':'" },
		{ "redis://1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "more than 16" } };

	for (size_t i = 0; i < PARTS(cases); i++) {
		const char *says = split(cases[i][0], SESS_STORE_REMOTE);

		if (!ok(strstr(says, cases[i][1]) != NULL, "case %zu: %s", i, cases[i][1]))
			diag("got '%s'", says);
		ok(strstr(says, "redis") != NULL, "and its scheme is named");
	}
}

/* Wherever a password might be put, and whatever it might have in it. */
static void
keeps_passwords_to_itself(void)
{
	static const char *const cases[] = { "redis://ann:secret@h", "redis://:secret@h/2",
		"redis://ann:sec/secret@h", "redis://ann:sec?secret@h", "redis://ann:sec@secret@h",
		"redis://ann:secret:1@h:6379", "redis+unix://ann:secret@/run/sock",
		"redis+unix://secret/run/sock@", "redis://ann:secret", "redis://ann%3Asecret@h",
		"redis:ann:secret@h", "redis://h:secret/2", "redis://sec\tsecret@h", "redis://h/secret%",
		"redis:///secret@h", "redis://ann:#secret@h", "redis://ann:1/secret@h:6379/2" };

	for (size_t i = 0; i < PARTS(cases); i++) {
		const char *says = split(cases[i], SESS_STORE_REMOTE);

		if (!ok(strncmp(says, "store: its URL, redis", 21) == 0 && !strstr(says, "secret"),
			"case %zu of a password is refused, and not repeated", i))
			diag("got '%s'", says);
	}
	ok(strstr(split(cases[0], SESS_STORE_REMOTE), "password_file") != NULL,
		"the message says where it belongs");
}

static void
takes_another(void)
{
	(void)split("redis+cluster://ann@h1,h2/x?y=z", SESS_STORE_REMOTE);
	is_str(split("redis://h", SESS_STORE_REMOTE), "- - h - - -",
		"of the URL before, nothing is left");
}

int
main(void)
{
	splits_local();
	splits_remote();
	refuses();
	keeps_passwords_to_itself();
	takes_another();
	buffer_free(&text);
	return done();
}
