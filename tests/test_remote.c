/* SPDX-License-Identifier: ISC */
/* test_remote.c - hosts of a URL, deadlines and the breaker on a fake clock, options. */
#include "internal.h"
#include "remote.h"
#include "tap.h"

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))
#define URL "redis://somewhere"

static int64_t now;

static const sess_error dead = { .code = SESS_STORE, .text = "store \"" URL "\": it is dead" };

static int64_t
test_clock(void)
{
	return now;
}

/* A remote of these hosts; the text of the error, "" for none. */
static const char *
opened(remote *r, const char *kind, const char *host)
{
	static sess_error err;
	const sess_address address = { .url = URL, .kind = kind, .host = host, .user = "",
		.path = "/x", .query = "", .password = "" };
	const sess_limits limits = { .busy_ms = 1000 };
	int rc;

	err = (sess_error){ 0 };
	rc = remote_open(r, &address, &limits, 6379, &err);
	r->clock = test_clock;
	return rc == SESS_OK ? "" : rc == SESS_CONFIG ? err.text : "wrong code";
}

/* All hosts as one text. */
static const char *
shown(const remote *r)
{
	static char text[REMOTE_HOSTS * (REMOTE_NAME + 8)];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < r->hosts; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s|%d", i > 0 ? " " : "",
			r->host[i].name, r->host[i].port);
	return text;
}

static void
hosts_are_read(void)
{
	static const char *const cases[][2] = {
		{ "h", "h|6379" }, { "h:1", "h|1" }, { "h:65535", "h|65535" }, { "h:00080", "h|80" },
		{ "a.example,b-2.example:7", "a.example|6379 b-2.example|7" },
		{ "10.0.0.1:6380,10.0.0.2", "10.0.0.1|6380 10.0.0.2|6379" },
		{ "[::1]", "::1|6379" }, { "[::1]:6380", "::1|6380" },
		{ "[fe80::1%eth0]:5,x", "fe80::1%eth0|5 x|6379" },
		{ "h01,h02,h03,h04,h05,h06,h07,h08,h09,h10,h11,h12,h13,h14,h15,h16:9",
			"h01|6379 h02|6379 h03|6379 h04|6379 h05|6379 h06|6379 h07|6379 h08|6379 "
			"h09|6379 h10|6379 h11|6379 h12|6379 h13|6379 h14|6379 h15|6379 h16|9" } };
	remote r;

	for (size_t i = 0; i < PARTS(cases); i++) {
		is_str(opened(&r, "", cases[i][0]), "", "hosts %s are taken", cases[i][0]);
		is_str(shown(&r), cases[i][1], "one by one");
	}
	is_str(opened(&r, "unix", ""), "", "a socket needs no host");
	is_int((int64_t)r.hosts, 0, "and has none");
}

static void
hosts_are_refused(void)
{
	static const char *const cases[][2] = {
		{ "", "empty host" }, { ",", "empty host" }, { "a,", "empty host" },
		{ "a,,b", "empty host" }, { ":1", "empty host" }, { "::1", "empty host" },
		{ "[]", "empty host" }, { "[", "empty host" }, { "[::1", "not closed" },
		{ "[::1,b", "not closed" }, { "[::1]x", "a character" }, { "a b", "a character" },
		{ "a@b", "a character" }, { "\xc3\xa4", "a character" }, { "a\n", "a character" },
		{ "h:", "a port" }, { "h:0", "a port" }, { "h:65536", "a port" },
		{ "h:99999999999", "a port" }, { "h:1x", "a port" }, { "h:-1", "a port" },
		{ "h: 1", "a port" }, { "[::1]:", "a port" },
		{ "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", "more than 16" } };
	char name[REMOTE_NAME + 1];
	remote r;

	for (size_t i = 0; i < PARTS(cases); i++)
		ok(strstr(opened(&r, "", cases[i][0]), cases[i][1]) != NULL,
			"case %zu of hosts is refused: %s", i, cases[i][1]);
	memset(name, 'a', sizeof(name));
	name[REMOTE_NAME] = '\0';
	ok(strstr(opened(&r, "", name), "too long") != NULL, "so is a name of 256 bytes");
	name[REMOTE_NAME - 1] = '\0';
	is_str(opened(&r, "", name), "", "255 are not too many");
	is_str(shown(&r) + REMOTE_NAME - 1, "|6379", "and all are kept");
}

static void
hosts_go_round(void)
{
	remote r;

	(void)opened(&r, "", "a,b,c");
	is_int((int64_t)r.at, 0, "the first host is tried first");
	remote_next(&r);
	remote_next(&r);
	is_int((int64_t)r.at, 2, "then the others");
	remote_next(&r);
	is_int((int64_t)r.at, 0, "and the first again");
	(void)opened(&r, "unix", "");
	remote_next(&r);
	is_int((int64_t)r.at, 0, "a socket has no other");
}

static void
calls_have_an_end(void)
{
	sess_error err;
	remote r;

	(void)opened(&r, "", "h");
	now = 5000;
	is_int(remote_left_ms(&r), 0, "before a call there is no time for one");
	is_int(remote_begin(&r, &err), SESS_OK, "a call begins");
	is_int(remote_left_ms(&r), 1000, "and has all of busy_ms");
	now += 999;
	is_int(remote_left_ms(&r), 1, "which goes by");
	now += 1;
	is_int(remote_left_ms(&r), 0, "until nothing is left");
	now += 100000;
	is_int(remote_left_ms(&r), 0, "nor later");
	is_int(remote_begin(&r, &err), SESS_OK, "the next call");
	is_int(remote_left_ms(&r), 1000, "has its own time");
}

/* How long calls are refused after a failure just now, as far as so many milliseconds. */
static int
refused_ms(remote *r, int most)
{
	int64_t start = now;
	sess_error err;

	for (; now - start < most && remote_begin(r, &err) == SESS_STORE; now++)
		;
	return (int)(now - start);
}

static void
breaker_opens_and_closes(void)
{
	static const int pauses[] = { 100, 200, 400, 800, 1600, 3200, 5000, 5000 };
	sess_error err = { 0 };
	remote r;

	(void)opened(&r, "", "h");
	now = 5000;
	is_int(refused_ms(&r, 10), 0, "a new store is not refused");
	for (size_t i = 0; i < PARTS(pauses); i++) {
		remote_failed(&r, &dead);
		is_int(refused_ms(&r, 20000), pauses[i], "failure %zu", i + 1);
		is_int(remote_left_ms(&r), 1000, "then a call is let through, with all of its time");
	}
	remote_failed(&r, &dead);
	is_int(remote_begin(&r, &err), SESS_STORE, "a refusal is a failure of the store");
	is_int(err.code, SESS_STORE, "in its error as well");
	is_str(err.text, "store \"" URL "\": it is dead (tried again in 5000 ms)",
		"which has the reason of the last failure, and when it is tried again");
	remote_worked(&r);
	is_int(refused_ms(&r, 10), 0, "success lets all calls through");
	remote_failed(&r, &dead);
	is_int(refused_ms(&r, 20000), 100, "and the next failure is a first one");
}

/* A server that hangs takes the whole time of a call to fail. */
static void
breaker_spares_time(void)
{
	sess_error err;
	remote r;

	(void)opened(&r, "", "h");
	now = 5000;
	(void)remote_begin(&r, &err);
	now += 1000;
	remote_failed(&r, &dead);
	is_int(refused_ms(&r, 20000), 1000, "what took a second to fail is let alone for as long");
	now += 1000;
	remote_failed(&r, &dead);
	is_int(refused_ms(&r, 20000), 2000, "and then for longer");
	now += 90000;
	remote_failed(&r, &dead);
	is_int(refused_ms(&r, 20000), 5000, "but never for more than five seconds");
}

/* Value of an option, or "none", or the text of the error. */
static const char *
option(const char *query, const char *name, size_t room)
{
	static char value[64];
	static sess_error err;
	const sess_address address = { .query = query };
	int rc;

	memset(value, 'X', sizeof(value));
	rc = remote_option(&address, name, value, room, &err);
	if (room < sizeof(value) && value[room] != 'X')
		return "room exceeded";
	return rc == 1 ? value : rc == 0 ? "none" : rc == SESS_CONFIG ? err.text : "wrong code";
}

static void
options_are_read(void)
{
	is_str(option("prefix=x&tls=yes", "prefix", 8), "x", "an option");
	is_str(option("prefix=x&tls=yes", "tls", 8), "yes", "another one");
	is_str(option("prefix=x&tls=yes", "db", 8), "none", "one that is not there");
	is_str(option("", "db", 8), "none", "nor in no query");
	is_str(option("xdb=1", "db", 8), "none", "nor as the end of another name");
	is_str(option("ca=%2Fa%26b%3d+c", "ca", 32), "/a&b=+c", "escapes are undone");
	is_str(option("db=", "db", 8), "", "an empty value is one");
	is_str(option("db=1234567", "db", 8), "1234567", "a value that fits");
	ok(strstr(option("db=12345678", "db", 8), "longer than 7 bytes") != NULL,
		"one that does not fit is refused");
	ok(strstr(option("db=1&db=2", "db", 8), "db twice") != NULL, "so is one given twice");
	ok(strstr(option("db=%zz", "db", 8), "escape") != NULL, "and a bad escape");
	ok(strstr(option("db=1%", "db", 8), "escape") != NULL, "also a short one");
	ok(strstr(option("db=a%00b", "db", 8), "control") != NULL, "and a hidden NUL");
}

static void
options_are_known(void)
{
	static const char *const names[] = { "prefix", "db", NULL };
	static const char *const bad[][2] = { { "dbx=1", "\"dbx\"" }, { "d=1", "\"d\"" },
		{ "db=1&password=secret", "\"password\"" }, { "=1", "\"\"" }, { "&", "\"\"" },
		{ "db", "needs a value" }, { "db=1&prefix", "needs a value" } };
	const sess_address none = { .query = "" }, both = { .query = "db=1&prefix=x" };
	sess_error err;

	is_int(remote_options_known(&none, names, &err), SESS_OK, "no parameters are known");
	is_int(remote_options_known(&both, names, &err), SESS_OK, "so are those");
	for (size_t i = 0; i < PARTS(bad); i++) {
		const sess_address address = { .query = bad[i][0] };

		err = (sess_error){ 0 };
		is_int(remote_options_known(&address, names, &err), SESS_CONFIG, "%s is not", bad[i][0]);
		ok(strstr(err.text, bad[i][1]) != NULL, "and named");
		ok(strstr(err.text, "secret") == NULL, "without its value");
	}
}

int
main(void)
{
	hosts_are_read();
	hosts_are_refused();
	hosts_go_round();
	calls_have_an_end();
	breaker_opens_and_closes();
	breaker_spares_time();
	options_are_read();
	options_are_known();
	return done();
}
