/* SPDX-License-Identifier: ISC */
/* test_config_file.c - settings from a file and from the environment, and what may be wrong there. */
#include "internal.h"
#include "support.h"
#include "tap.h"

#include <stdlib.h>

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

static void
write_file(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(text, 1, len, f) != len || fclose(f) != 0)
		bail("cannot write %s", path);
}

/* The error of a file of these bytes without its path, "" for none. */
static const char *
file(sess_config *config, const char *text, size_t len, sess_error *err)
{
	char *path = temp_path("sesskit.conf");
	size_t before = strlen(path);
	int rc;

	write_file(path, text, len);
	*config = (sess_config)SESS_CONFIG_INIT;
	*err = (sess_error){ 0 };
	rc = sess_config_file(config, path, err);
	if (rc != SESS_OK && (rc != SESS_CONFIG || strncmp(err->text, path, before) != 0))
		before = 0;
	free(path);
	return rc == SESS_OK ? "" : err->text + before;
}

static void
file_reads(void)
{
	static const char text[] = "# ours\r\n\r\n  idle = 1h  # short\r\nstore=\"sqlite:/a b#c.db\" # x\n"
		"\tquery\t=\tsid\t\ncookie_domain =\ncookie_path = /a#b\ncookie_secure=yes";
	sess_error err;
	sess_config c;

	is_str(file(&c, text, strlen(text), &err), "", "a file with all kinds of lines");
	is_int(c.idle, 3600, "blanks and a comment around a value");
	is_str(c.store, "sqlite:/a b#c.db", "a quoted value");
	is_str(c.query, "sid", "tabs");
	is_str(c.cookie_domain, "", "an empty value");
	is_str(c.cookie_path, "/a#b", "'#' inside a value");
	is_int(c.cookie_secure, SESS_YES, "a last line without an end");
	is_str(file(&c, "", 0, &err), "", "an empty file");
}

static void
file_refuses(void)
{
	static const struct {
		const char *text, *says;
		int line, column;
	} cases[] = {
		{ "\n\nidle = soon\n", ":3:8: idle: expected a time such as 30m, got \"soon\"", 3, 8 },
		{ "idle = \"soon\"", ":1:9: idle: expected a time such as 30m, got \"soon\"", 1, 9 },
		{ "idle =", ":1:7: idle: expected a time such as 30m, got \"\"", 1, 7 },
		{ " idel = 1h", ":1:2: idel: no such setting; did you mean idle?", 1, 2 },
		{ "idle 1h", ":1:6: expected '=' behind the name of the setting", 1, 6 },
		{ "idle", ":1:5: expected '=' behind the name of the setting", 1, 5 },
		{ "idle # = 1h", ":1:6: expected '=' behind the name of the setting", 1, 6 },
		{ "= 1h", ":1:1: expected the name of a setting", 1, 1 },
		{ "[life]", ":1:7: expected '=' behind the name of the setting", 1, 7 },
		{ "store = \"a", ":1:9: expected a closing quote", 1, 9 },
		{ "store = \"a\" b", ":1:13: expected nothing behind the closing quote", 1, 13 },
		{ "idle = 1h\nidle = 2h", ":2:1: idle: given already in line 1", 2, 1 },
		{ "cookie_path = x", ":1:15: cookie_path: must start with /", 1, 15 },
		{ "store = a\x1b[m", ":1:9: store: has a control character", 1, 9 },
		{ "\x1b[2J = 1", ":1:1: ?[2J: no such setting; sesskit.conf(5) lists them", 1, 1 },
	};
	sess_config c;
	sess_error err;
	size_t i;

	for (i = 0; i < PARTS(cases); i++) {
		is_str(file(&c, cases[i].text, strlen(cases[i].text), &err), cases[i].says,
			"file %zu is refused", i);
		ok(err.line == cases[i].line && err.column == cases[i].column,
			"line and column are those of the text");
	}
	file(&c, "idle = 1h\nrenew = soon\ngrace = 5", 33, &err);
	ok(c.idle == 3600 && c.grace == 0, "what came before the fault is kept");
	is_str(file(&c, "idle = 1\0h", 10, &err), ":1:9: a NUL byte; this is no text file", "a NUL");
}

static void
file_limits(void)
{
	static char text[70000];
	sess_config c;
	sess_error err;
	char *path = temp_path("none.conf");

	memset(text, '#', sizeof(text));
	is_str(file(&c, text, 1024, &err), "", "a line of 1024 bytes");
	is_str(file(&c, text, 1025, &err), ":1:1025: the line is longer than 1024 bytes",
		"a longer one");
	memset(text, '\n', sizeof(text));
	is_str(file(&c, text, 65536, &err), "", "a file of 64 KiB");
	is_str(file(&c, text, 65537, &err), ": larger than 64 KiB", "a larger one");
	is_int(sess_config_file(&c, path, &err), SESS_CONFIG, "a missing file is an error");
	ok(strstr(err.text, "none.conf: cannot open: No such file") != NULL, "that says so");
	is_int(sess_config_file(&c, temp_dir(), &err), SESS_CONFIG, "a directory is an error");
	ok(strstr(err.text, ": is a directory") != NULL, "that says so");
	is_int(sess_config_file(&c, "/dev/zero", &err), SESS_CONFIG, "so is a device");
	ok(strstr(err.text, ": is not a regular file") != NULL, "that says so");
	is_int(sess_config_file(NULL, path, NULL), SESS_INVALID, "no config: SESS_INVALID");
	is_int(sess_config_file(&c, NULL, NULL), SESS_INVALID, "no path: SESS_INVALID");
	free(path);
}

/* Random bytes from pieces that the parser knows. An error must be one line, with a place inside
 * the file, and what was read before it must make a good config. */
static void
file_any_bytes(void)
{
	static const char *const pieces[] = { "idle", "store", "=", " ", "\"", "#", "\n", "\r\n", "30m",
		"never", "\t", "\xff", "\x01", "cookie_path", "/", "seal", "yes", "64K", "9999999999" };
	unsigned seed = 7, i, j, bad = 0, read_well = 0;
	char text[400], *path = temp_path("random.conf");
	sess_error err;
	size_t len, n;

	for (i = 0; i < 3000; i++) {
		sess_config c = SESS_CONFIG_INIT, whole;

		for (j = 0, len = 0; j < i % 24; j++) {
			seed = seed * 1103515245 + 12345;
			n = strlen(pieces[(seed >> 16) % PARTS(pieces)]);
			memcpy(text + len, pieces[(seed >> 16) % PARTS(pieces)], n);
			len += n;
		}
		write_file(path, text, len);
		err = (sess_error){ 0 };
		if (sess_config_file(&c, path, &err) == SESS_OK)
			read_well++;
		else if (err.line < 1 || err.column < 1 || err.column > (int)len + 1 ||
			strpbrk(err.text, "\r\n\t\x01") != NULL)
			bad++;
		if (config_complete(&whole, &c, NULL) != SESS_OK)
			bad++;
	}
	is_int(bad, 0, "3000 files of random pieces: every error has its place");
	ok(read_well > 100 && read_well < 2900, "and some are read (%u)", read_well);
	free(path);
}

static void
env_reads(void)
{
	char *path = temp_path("env.conf"), from_file[600];
	char *env[] = { (char[]){ "SESSKIT_IDLE=2h" }, (char[]){ "HTTP_SESSKIT_GRACE=1" },
		(char[]){ "PATH=/bin" }, from_file, (char[]){ "SESSKIT" }, (char[]){ "" }, NULL };
	char *none[] = { NULL };
	sess_config c = SESS_CONFIG_INIT;
	sess_error err;

	snprintf(from_file, sizeof(from_file), "SESSKIT_CONFIG=%s", path);
	write_file(path, "idle = 1h\nrenew = never\n", 24);
	c.idle = 5;
	c.trace = 77;
	is_int(sess_config_env(&c, env, &err), SESS_OK, "an environment with a file");
	is_int(c.idle, 7200, "a variable wins over the file");
	is_int(c.renew, -1, "the file wins over the struct");
	is_int(c.trace, 77, "the struct stays where nothing else is said");
	is_int(c.grace, 0, "a request header is not configuration");
	is_int(sess_config_env(&c, NULL, &err), SESS_OK, "NULL reads nothing");
	is_int(sess_config_env(&c, none, &err), SESS_OK, "nor does an empty environment");
	is_int(sess_config_env(NULL, env, NULL), SESS_INVALID, "no config: SESS_INVALID");
	free(path);
}

static void
env_refuses(void)
{
	static const char *const cases[][2] = {
		{ "SESSKIT_IDEL=1h",
			"environment: SESSKIT_IDEL: idel: no such setting; did you mean idle?" },
		{ "SESSKIT_IDLE=soon", "environment: SESSKIT_IDLE: idle: expected a time such as 30m, "
			"got \"soon\"" },
		{ "SESSKIT_=1", "environment: SESSKIT_: : no such setting; sesskit.conf(5) lists them" },
		{ "SESSKIT_idle=1h", "environment: SESSKIT_idle: IDLE: no such setting; "
			"sesskit.conf(5) lists them" },
		{ "SESSKIT_CONFIG=", ": cannot open: No such file or directory" },
	};
	char variable[64], *env[] = { variable, NULL };
	size_t i;

	for (i = 0; i < PARTS(cases); i++) {
		sess_config c = SESS_CONFIG_INIT;
		sess_error err = { .line = 4 };

		snprintf(variable, sizeof(variable), "%s", cases[i][0]);
		is_int(sess_config_env(&c, env, &err), SESS_CONFIG, "%s is refused", cases[i][0]);
		is_str(err.text, cases[i][1], "and the error names it");
		is_int(err.line, 0, "without a line");
	}
}

int
main(void)
{
	file_reads();
	file_refuses();
	file_limits();
	file_any_bytes();
	env_reads();
	env_refuses();
	return done();
}
