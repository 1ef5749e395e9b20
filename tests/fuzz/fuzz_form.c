/* SPDX-License-Identifier: ISC */
/* fuzz_form.c - any bytes as the body of a form: what comes out is text, and names find what was
 * put in. */
#include "../../fcgi-apps/app.h"
#include "internal.h"

#include "fuzz.h"

#include <string.h>

const char *const fuzz_words[] = { "a", "name", "=", "&", "+", "%", "%4", "%41", "%00", "%c3%a9",
	"%ff", "%26", "%3d", "\xe2\x82\xac", "\xed\xa0\x80", "a=1&", "token=", "%6eame=", NULL };

static void
look_up(app_request *r, const char *name)
{
	const char *text = app_field(r, name);

	fuzz_check(text == NULL || strlen(text) <= r->body_len);
	fuzz_check(text == NULL || utf8_span(text, strlen(text)) == strlen(text));
}

/* Encode all of it, as a browser may: the same text comes back, unless it is none. */
static void
round_trip(const uint8_t *data, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	app_request r = { .body_len = 3 * size + 2 };
	char *plain = fuzz_copy(data, size);
	const char *text;
	bool valid = memchr(data, 0, size) == NULL && utf8_span(plain, size) == size;

	r.body = malloc(r.body_len + 1);
	fuzz_check(r.body != NULL);
	memcpy(r.body, "v=", 2);
	for (size_t i = 0; i < size; i++) {
		r.body[2 + 3 * i] = '%';
		r.body[3 + 3 * i] = digits[data[i] >> 4];
		r.body[4 + 3 * i] = digits[data[i] & 15];
	}
	r.body[r.body_len] = '\0';
	text = app_field(&r, "v");
	fuzz_check(valid ? text != NULL && strcmp(text, plain) == 0 : text == NULL);
	app_forget(&r);
	free(r.body);
	free(plain);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	app_request r = { .body_len = size };

	r.body = fuzz_copy(data, size);
	look_up(&r, "a");
	look_up(&r, "name");
	look_up(&r, "");
	app_forget(&r);
	free(r.body);
	if (size > 0)
		round_trip(data, size);
	return 0;
}
