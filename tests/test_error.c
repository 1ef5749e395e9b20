/* SPDX-License-Identifier: ISC */
/* test_error.c - texts of result codes, and what sess_fail makes of hostile bytes. */
#include "internal.h"
#include "tap.h"

static void
strerror_each_code(void)
{
	static const int codes[] = {
#define SESS_ERROR(code, text) code,
#include "errors.def"
#undef SESS_ERROR
	};
	size_t i, j, n = sizeof(codes) / sizeof(codes[0]);
	bool known = true, different = true;

	for (i = 0; i < n; i++) {
		known = known && strcmp(sess_strerror(codes[i]), "unknown code") != 0;
		for (j = 0; j < i; j++)
			different = different && strcmp(sess_strerror(codes[i]),
				sess_strerror(codes[j])) != 0;
	}
	ok(known, "every code has a text");
	ok(different, "no two codes have the same text");
	is_str(sess_strerror(SESS_NOMEM), "out of memory", "a text belongs to its code");
	is_str(sess_strerror(1), "unknown code", "a positive code is unknown");
	is_str(sess_strerror(codes[n - 1] - 1), "unknown code", "so is the code below the last");
	is_str(sess_strerror(INT32_MIN), "unknown code", "so is the least int");
}

static void
fail_fills(void)
{
	sess_error err = { .line = 3, .column = 8 };

	is_int(sess_fail(&err, SESS_BUSY, "%s: %d", "table", 7), SESS_BUSY, "returns the code");
	is_str(err.text, "table: 7", "formats the text");
	is_int(err.code, SESS_BUSY, "keeps the code");
	ok(err.line == 3 && err.column == 8, "leaves line and column alone");
	is_int(sess_fail(NULL, SESS_GONE, "%s", "x"), SESS_GONE, "works without an error");
	sess_fail(&err, SESS_STORE, "open: %s", err.text);
	is_str(err.text, "open: table: 7", "takes its own text as an argument");
}

static void
fail_escapes(void)
{
	sess_error err;

	sess_fail(&err, SESS_STORE, "a\r\nb\tc\x1b[2Jd\x7f");
	is_str(err.text, "a??b?c?[2Jd?", "control characters become '?'");
	sess_fail(&err, SESS_STORE, "x\xc2\x9bz");
	is_str(err.text, "x??z", "so do those of the C1 set");
	sess_fail(&err, SESS_STORE, "%s", "gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac");
	is_str(err.text, "gr\xc3\xb6\xc3\x9f" "e \xe2\x82\xac", "other UTF-8 stays");
	sess_fail(&err, SESS_STORE, "%s", "a\xc2");
	is_str(err.text, "a\xc2", "a sequence that the caller left open is no crash");
}

/* A text of pad letters and then one character over and over. */
static size_t
length_when_cut(size_t pad, const char *character)
{
	char text[1200];
	size_t len = pad;
	sess_error err;

	memset(text, 'x', pad);
	while (len + strlen(character) < sizeof(text)) {
		memcpy(text + len, character, strlen(character));
		len += strlen(character);
	}
	text[len] = '\0';
	sess_fail(&err, SESS_STORE, "%s", text);
	return strlen(err.text);
}

static void
fail_truncates(void)
{
	static const char *const characters[] = { "a", "\xc3\xb6", "\xe2\x82\xac",
		"\xf0\x9f\x8d\xaa" };
	size_t i, pad, size, len, room = sizeof(((sess_error *)0)->text) - 1;

	for (i = 0; i < 4; i++) {
		bool whole = true, full = true;

		size = strlen(characters[i]);
		for (pad = 0; pad < 4; pad++) {
			len = length_when_cut(pad, characters[i]);
			whole = whole && (len - pad) % size == 0;
			full = full && len <= room && len + size > room;
		}
		ok(whole, "characters of %zu bytes are never cut in two", size);
		ok(full, "and as many as fit are kept");
	}
	ok(length_when_cut(0, "\x80") <= room, "stray bytes without a start are cut anywhere");
}

int
main(void)
{
	strerror_each_code();
	fail_fills();
	fail_escapes();
	fail_truncates();
	return done();
}
