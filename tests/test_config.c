/* SPDX-License-Identifier: ISC */
/* test_config.c - the settings table: values, defaults, older structs, exact errors. */
#include "internal.h"
#include "support.h"
#include "tap.h"

#include <stdlib.h>

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

/* One value for one setting into a new config; the text of the error, "" for none. */
static const char *
set(sess_config *config, const char *name, const char *value)
{
	static sess_error err;

	*config = (sess_config)SESS_CONFIG_INIT;
	err = (sess_error){ .line = 9, .column = 9 };
	if (sess_config_set(config, name, value, &err) == SESS_OK)
		return "";
	return err.code == SESS_CONFIG && err.line == 0 && err.column == 0 ? err.text : "wrong error";
}

static void
set_numbers(void)
{
	static const struct {
		const char *value;
		int64_t seconds;
	} times[] = { { "90", 90 }, { "90s", 90 }, { "30m", 1800 }, { "12h", 43200 },
		{ "2d", 172800 }, { "007", 7 }, { "3650d", 315360000 } };
	sess_config c;
	size_t i;

	for (i = 0; i < PARTS(times); i++) {
		is_str(set(&c, "idle", times[i].value), "", "idle = %s is taken", times[i].value);
		is_int(c.idle, times[i].seconds, "as that many seconds");
	}
	set(&c, "absolute", "never");
	is_int(c.absolute, -1, "absolute = never switches the limit off");
	set(&c, "max_bytes", "64K");
	is_int((int64_t)c.max_bytes, 65536, "64K is 65536");
	set(&c, "max_bytes", "1M");
	is_int((int64_t)c.max_bytes, 1048576, "1M is 1048576");
	set(&c, "max_bytes", "2000");
	is_int((int64_t)c.max_bytes, 2000, "a size may be plain bytes");
	set(&c, "busy_ms", "250");
	is_int(c.busy_ms, 250, "a count is a plain number");
	set(&c, "collect", "never");
	is_int(c.collect, -1, "collect = never switches collection off");
	is_str(set(&c, "cookie_lifetime", "0"), "", "a lifetime of 0 may be said");
}

static void
set_choices_and_texts(void)
{
	sess_config c;

	set(&c, "cookie_samesite", "cross_site");
	is_int(c.cookie_samesite, SESS_CROSS_SITE, "cookie_samesite = cross_site");
	set(&c, "cookie_prefix", "none");
	is_int(c.cookie_prefix, SESS_PREFIX_NONE, "cookie_prefix = none");
	set(&c, "reuse", "refuse");
	is_int(c.reuse, SESS_REUSE_REFUSE, "reuse = refuse");
	set(&c, "seal", "yes");
	is_int(c.seal, SESS_YES, "seal = yes");
	set(&c, "record_client", "no");
	is_int(c.record_client, SESS_NO, "record_client = no");
	set(&c, "store", "memory:");
	is_str(c.store, "memory:", "a text is copied");
	is_str(set(&c, "cookie_domain", ""), "", "an empty text is the default");
}

static void
set_refuses(void)
{
	static const char *const cases[][3] = {
		{ "idle", "soon", "idle: expected a time such as 30m, got \"soon\"" },
		{ "idle", "", "idle: expected a time such as 30m, got \"\"" },
		{ "idle", "-1", "idle: expected a time such as 30m, got \"-1\"" },
		{ "idle", "1.5h", "idle: expected a time such as 30m, got \"1.5h\"" },
		{ "idle", "1h30m", "idle: expected a time such as 30m, got \"1h30m\"" },
		{ "idle", " 30m", "idle: expected a time such as 30m, got \" 30m\"" },
		{ "idle", "30M", "idle: expected a time such as 30m, got \"30M\"" },
		{ "idle", "never", "idle: expected a time such as 30m, got \"never\"" },
		{ "idle", "0", "idle: expected 1s to 3650d, got 0s" },
		{ "idle", "3651d", "idle: expected 1s to 3650d, got 3651d" },
		{ "idle", "9223372036854775808",
			"idle: expected a time such as 30m, got \"9223372036854775808\"" },
		{ "idle", "9223372036854775807d",
			"idle: expected a time such as 30m, got \"9223372036854775807d\"" },
		{ "renew", "Never", "renew: expected a time such as 30m or never, got \"Never\"" },
		{ "renew", "0", "renew: expected 1s to 3650d or never, got 0s" },
		{ "cookie_lifetime", "401d", "cookie_lifetime: expected 0s to 400d, got 401d" },
		{ "max_bytes", "64k", "max_bytes: expected a size such as 64K, got \"64k\"" },
		{ "max_bytes", "1", "max_bytes: expected 1K to 16M, got 1" },
		{ "busy_ms", "5s", "busy_ms: expected a whole number, got \"5s\"" },
		{ "busy_ms", "4294967297", "busy_ms: expected 1 to 600000, got 4294967297" },
		{ "seal", "on", "seal: expected one of auto|yes|no, got \"on\"" },
		{ "seal", "YES", "seal: expected one of auto|yes|no, got \"YES\"" },
		{ "seal", "auto|yes", "seal: expected one of auto|yes|no, got \"auto|yes\"" },
		{ "seal", "", "seal: expected one of auto|yes|no, got \"\"" },
		{ "idel", "1h", "idel: no such setting; did you mean idle?" },
		{ "cookie-name", "x", "cookie-name: no such setting; did you mean cookie_name?" },
		{ "IDLE", "1h", "IDLE: no such setting; sesskit.conf(5) lists them" },
		{ "gc_probability", "1",
			"gc_probability: no such setting; sesskit.conf(5) lists them" },
		{ "", "1", ": no such setting; sesskit.conf(5) lists them" },
	};
	sess_config c;
	size_t i;

	for (i = 0; i < PARTS(cases); i++)
		is_str(set(&c, cases[i][0], cases[i][1]), cases[i][2], "%s = '%s' is refused",
			cases[i][0], cases[i][1]);
	is_int(sess_config_set(NULL, "idle", "1", NULL), SESS_INVALID, "no config: SESS_INVALID");
	is_int(sess_config_set(&c, NULL, "1", NULL), SESS_INVALID, "no name: SESS_INVALID");
	is_int(sess_config_set(&c, "idle", NULL, NULL), SESS_INVALID, "no value: SESS_INVALID");
	is_int(sess_config_set(&c, "idle", "x", NULL), SESS_CONFIG, "the error may be NULL");
}

/* Each text with what it must not be; every one is refused, and the good one is not. */
static void
set_checks_texts(void)
{
	static const char *const cases[][2] = {
		{ "cookie_name", "a b" }, { "cookie_name", "a;b" }, { "cookie_name", "a=b" },
		{ "cookie_name", "__Host-sid" }, { "cookie_name", "__secure-sid" },
		{ "cookie_name", "s\xc3\xad" "d" }, { "cookie_path", "app" },
		{ "cookie_path", "/a;Domain=x" }, { "cookie_path", "/\xc3\xa4" },
		{ "cookie_domain", ".example.org" }, { "cookie_domain", "example.org." },
		{ "cookie_domain", "a..b" }, { "cookie_domain", "a b" }, { "cookie_domain", "a;b" },
		{ "header", "Cookie" }, { "header", "authorization" }, { "header", "X-Forwarded-For" },
		{ "header", "X_Session" }, { "header", "X Session" }, { "query", "a&b" },
		{ "query", "a b" }, { "query", "a=b" }, { "store", "sqlite:a\nb" },
		{ "trusted_proxies", "\x7f" },
	};
	static const char *const good[][2] = {
		{ "cookie_name", "sid" }, { "cookie_path", "/app dir/" },
		{ "cookie_domain", "a-b.example.org" }, { "header", "X-Session" },
		{ "query", "sid" }, { "store", "sqlite:/srv/\xc3\xa4/s.db" },
	};
	char text[600];
	sess_config c;
	size_t i;

	for (i = 0; i < PARTS(cases); i++)
		ok(strncmp(set(&c, cases[i][0], cases[i][1]), cases[i][0], strlen(cases[i][0])) == 0,
			"%s refuses what case %zu says", cases[i][0], i);
	for (i = 0; i < PARTS(good); i++)
		is_str(set(&c, good[i][0], good[i][1]), "", "%s takes a good value", good[i][0]);
	memset(text, 'a', sizeof(text));
	text[64] = '\0';
	is_str(set(&c, "cookie_name", text), "cookie_name: longer than 63 bytes",
		"64 bytes of cookie name are too many");
	text[63] = '\0';
	is_str(set(&c, "cookie_name", text), "", "63 are not");
	is_int((int64_t)strlen(c.cookie_name), 63, "and all are kept");
	set(&c, "idle", "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		"\xe2\x82\xac\xe2\x82\xac");
	is_str(set(&c, "idle", "\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"),
		"idle: expected a time such as 30m, got \"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac"
		"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\"",
		"a long value is shown in whole characters");
}

static void
table_covers_struct(void)
{
	size_t i, end = offsetof(sess_config, store);
	bool dense = true;

	for (i = 0; i < settings_count; i++) {
		dense = dense && settings[i].offset >= end && settings[i].offset - end < 8;
		end = settings[i].offset + settings[i].size;
		ok(setting_find(settings[i].name) == &settings[i], "%s is found", settings[i].name);
		ok(settings[i].help != NULL && settings[i].help[0] != '\0', "and has a help line");
	}
	ok(dense, "settings follow the struct, none left out");
	ok(offsetof(sess_config, now) - end < 8, "up to the hooks");
}

static void
complete_defaults(void)
{
	sess_config c, from = SESS_CONFIG_INIT;
	sess_error err;

	is_int(config_complete(&c, NULL, &err), SESS_OK, "NULL means all defaults");
	is_str(c.store, "sqlite:sessions.db", "store");
	is_str(c.key_file, "", "key_file is left to the kit");
	is_int(c.idle, 1800, "idle");
	is_int(c.absolute, 43200, "absolute");
	is_int(c.touch, 90, "touch is a twentieth of idle");
	is_int(c.renew, 900, "renew");
	is_int(c.grace, 60, "grace");
	is_int(c.trace, 21600, "trace");
	is_str(c.cookie_name, "sid", "cookie_name");
	is_str(c.cookie_path, "/", "cookie_path");
	is_int(c.cookie_lifetime, 0, "cookie_lifetime");
	is_int((int64_t)c.max_bytes, 65536, "max_bytes");
	is_int((int64_t)c.max_sessions, 100000, "max_sessions");
	is_int(c.busy_ms, 5000, "busy_ms");
	is_int(c.collect, 50, "collect");
	from.idle = 10;
	from.absolute = -1;
	from.now = fake_now;
	from.arg = &from;
	is_int(config_complete(&c, &from, &err), SESS_OK, "a struct with some members set");
	ok(c.idle == 10 && c.absolute == -1 && c.renew == 900, "they stay, the others are filled in");
	is_int(c.touch, 1, "touch is at least a second");
	ok(c.now == fake_now && c.arg == &from, "hooks are kept");
}

/* Change one member of a good struct; config_complete must name it. */
static void
complete_refuses(void)
{
	sess_config c, base = SESS_CONFIG_INIT, from;
	sess_error err;

#define REFUSED(member, value, says) do { \
	from = base; \
	from.member = (value); \
	err.text[0] = '\0'; \
	is_int(config_complete(&c, &from, &err), SESS_CONFIG, #member " = " #value); \
	is_str(err.text, says, "and the error says so"); \
} while (0)
	REFUSED(idle, -1, "idle: expected 1s to 3650d, got -1s");
	REFUSED(absolute, -2, "absolute: expected 1s to 3650d or never, got -2s");
	REFUSED(touch, 1800, "touch: must be shorter than idle, or sessions in use would expire; "
		"leave it out for a twentieth of idle");
	REFUSED(seal, (sess_switch)3, "seal: 3 is not one of its constants");
	REFUSED(reuse, (sess_reuse)-1, "reuse: -1 is not one of its constants");
	REFUSED(max_sessions, SIZE_MAX, "max_sessions: expected 1 to 1000000000, got -1");
	REFUSED(busy_ms, -1, "busy_ms: expected 1 to 600000, got -1");
	REFUSED(size, 0, "sess_config: its size is not set; begin with SESS_CONFIG_INIT");
	REFUSED(size, sizeof(c) + 1, "sess_config: the program was built for a newer sesskit than "
		SESS_VERSION "; install that one");
#undef REFUSED
	from = base;
	memset(from.cookie_name, 'a', sizeof(from.cookie_name));
	is_int(config_complete(&c, &from, &err), SESS_CONFIG, "a name without an end");
	is_str(err.text, "cookie_name: longer than 63 bytes", "is too long");
	from = base;
	memcpy(from.cookie_path, "x", 2);
	is_int(config_complete(&c, &from, NULL), SESS_CONFIG, "texts in a struct are checked as well");
}

/* A program built when sess_config ended behind cookie_name. */
static void
older_program(void)
{
	/* Volatile, as the compiler would warn of a struct that is not all there. */
	volatile size_t size = offsetof(sess_config, cookie_prefix);
	sess_config c, *from = malloc(size);
	sess_error err;

	if (from == NULL)
		bail("out of memory");
	memset(from, 0, size);
	from->size = size;
	is_int(sess_config_set(from, "cookie_name", "old", &err), SESS_OK, "its settings can be set");
	is_int(sess_config_set(from, "cookie_path", "/", &err), SESS_CONFIG, "later ones cannot");
	is_str(err.text, "cookie_path: the program was built for an older sesskit, which has no such "
		"setting", "and the error says why");
	is_int(config_complete(&c, from, &err), SESS_OK, "the shorter struct is completed");
	is_str(c.cookie_name, "old", "with what it has");
	is_str(c.cookie_path, "/", "and with defaults");
	is_int((int64_t)c.size, sizeof(c), "into a whole one");
	free(from);
}

int
main(void)
{
	set_numbers();
	set_choices_and_texts();
	set_refuses();
	set_checks_texts();
	table_covers_struct();
	complete_defaults();
	complete_refuses();
	older_program();
	return done();
}
