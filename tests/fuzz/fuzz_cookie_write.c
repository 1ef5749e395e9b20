/* SPDX-License-Identifier: ISC */
/* fuzz_cookie_write.c - any bytes as the parts of a cookie: what is written is one line of just
 * these parts, and what is refused has a part that must be. */
#include "internal.h"

#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#define PARTS 4

/* How the cookie is shaped, then its name, value, path and domain, with a line end behind each. */
const char *const fuzz_words[] = { "\x05", "\x01sid\nvalue\n/\n\n", "\x3f", "\nexample.org\n",
	"\x0f__Host-sid\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n/app\nexample.org\n", "\r",
	"\n", ";", "=", "\"", "; HttpOnly", "Path=/", "\x7f", "\x80", "xxxxxxxxxxxxxxxxxxxxxxxxxxx",
	",", " ", "\t", "/", "__Secure-", NULL };

/* Parts end at line ends here, so that a NUL cannot hide what is behind it. */
static void
take_parts(char *text, const char *part[PARTS])
{
	for (int i = 0; i < PARTS; i++) {
		char *end = strchr(text, '\n');

		part[i] = text;
		if (end == NULL) {
			text += strlen(text);
			continue;
		}
		*end = '\0';
		text = end + 1;
	}
}

static bool
only(const char *text, const char *refused)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e || strchr(refused, *text) != NULL)
			return false;
	return true;
}

static bool
may_be_written(const char *const part[PARTS])
{
	return strlen(part[0]) + strlen(part[1]) <= 4096 && part[0][0] != '\0' &&
	       only(part[0], " \t()<>@,;:\\\"/[]?={}") && only(part[1], " \",;\\") &&
	       strlen(part[2]) <= 1024 && only(part[2], ";") && strlen(part[3]) <= 1024 &&
	       only(part[3], ";");
}

/* The line as it must be, in one format. */
static void
expected(char *line, size_t size, const char *const part[PARTS], int64_t life,
	const cookie_shape *shape)
{
	static const char *const samesite[] = { "Lax", "Strict", "None" };
	char age[80] = "";

	if (life < 0)
		snprintf(age, sizeof(age), "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
	else if (life > 0)
		snprintf(age, sizeof(age), "; Max-Age=%ld",
			(long)(life > 34560000 ? 34560000 : life));
	snprintf(line, size, "%s=%s; Path=%s%s%s%s%s%s; SameSite=%s%s", part[0], part[1], part[2],
		part[3][0] != '\0' ? "; Domain=" : "", part[3], age,
		shape->secure ? "; Secure" : "", shape->httponly ? "; HttpOnly" : "",
		samesite[shape->samesite], shape->partitioned ? "; Partitioned" : "");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t lives[] = { 0, -1, 3600, INT64_MAX };
	char *text = fuzz_copy(data, size), line[8000];
	unsigned bits = (unsigned char)text[0];
	const char *part[PARTS];
	cookie_shape shape = { .samesite = (sess_samesite)(bits % 3),
		.secure = bits & 4,
		.httponly = bits & 8,
		.partitioned = bits & 16 };
	int64_t life = lives[bits >> 5 & 3];
	buffer out = { 0 };
	int rc;

	take_parts(text + (text[0] != '\0'), part);
	shape.path = part[2];
	shape.domain = part[3];
	fuzz_check(buffer_text(&out, "before") == SESS_OK);
	rc = cookie_write(&out, part[0], part[1], life, &shape);
	fuzz_check((rc == SESS_OK) == may_be_written(part));
	fuzz_check(buffer_end(&out) == SESS_OK && memcmp(out.at, "before", 6) == 0);
	if (rc == SESS_OK) {
		expected(line, sizeof(line), part, life, &shape);
		fuzz_check(strcmp(out.at + 6, line) == 0);
	} else {
		fuzz_check((rc == SESS_INVALID || rc == SESS_TOOBIG) && out.len == 6);
		fuzz_check(only(part[2], ";") || cookie_check("sid", &shape) != NULL);
	}
	buffer_free(&out);
	free(text);
	return 0;
}
