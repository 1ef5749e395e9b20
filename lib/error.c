/* SPDX-License-Identifier: ISC */
/* error.c - texts of the result codes, and the one way in which a failure gets its text. */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* The table is indexed by -code, so each code must stand at its own place in errors.def. */
enum {
#define SESS_ERROR(code, text) AT_##code,
#include "errors.def"
#undef SESS_ERROR
	CODES
};

#define SESS_ERROR(code, text) \
	_Static_assert((int)AT_##code == -(int)(code), #code " is out of order in errors.def");
#include "errors.def"
#undef SESS_ERROR

_Static_assert((int)CODES == -(int)SESS_CONFIG + 1, "errors.def lacks the last codes");

const char *
sess_strerror(int code)
{
	static const char *const texts[] = {
#define SESS_ERROR(code, text) text,
#include "errors.def"
#undef SESS_ERROR
	};

	if (code > 0 || code <= -(int)CODES)
		return "unknown code";
	return texts[-code];
}

/* Length of text without a UTF-8 sequence that was cut off at its end. */
static size_t
whole_characters(const char *text, size_t len)
{
	size_t start = len, need;
	unsigned char lead;

	while (start > 0 && len - start < 3 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return len;
	lead = (unsigned char)text[start - 1];
	need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	return len - start + 1 < need ? start - 1 : len;
}

/* A text may quote hostile input and end up in a log or on a terminal: it must stay one line. The
 * C1 controls, which terminals obey as well, are two bytes in UTF-8. */
static void
escape_controls(char *text)
{
	unsigned char *p;

	for (p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7F)
			*p = '?';
		else if (p[0] == 0xC2 && p[1] >= 0x80 && p[1] < 0xA0)
			p[0] = p[1] = '?';
	}
}

int
sess_fail(sess_error *err, int code, const char *text, ...)
{
	char line[sizeof(((sess_error *)0)->text)]; /* apart: an argument may be err->text */
	va_list args;
	int len;

	if (err == NULL)
		return code;
	va_start(args, text);
	len = vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	if (len < 0)
		snprintf(line, sizeof(line), "%s", sess_strerror(code));
	else if ((size_t)len >= sizeof(line))
		line[whole_characters(line, sizeof(line) - 1)] = '\0';
	escape_controls(line);
	err->code = code;
	memcpy(err->text, line, strlen(line) + 1);
	return code;
}
