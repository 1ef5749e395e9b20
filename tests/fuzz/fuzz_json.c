/* SPDX-License-Identifier: ISC */
/* fuzz_json.c - any bytes as stored values: what is read can be written, and that is read as the
 * same values and written as the same text. */
#include "internal.h"

#include "fuzz.h"

#include <string.h>

const char *const fuzz_words[] = { "{\"a\":1,\"b\":\"x\",\"c\":true,\"d\":-1.5e3}", "{\"a\":\"b\"}",
	"{\"k\":{\"bytes\":\"AAEC\"},\"t\":{\"text\":\"_w\"}}",
	"{\"\\u0061\":\"\\ud83c\\udf6a\\n\"}",
	"{\"e\":1e308,\"f\":0.1,\"g\":9223372036854775807,\"h\":false}", "{", "}", "\"", ":", ",",
	"\\", "\\u00", "\\ud83c", "\\udf6a", "\\u0000", "\xf0\x9f\x8d\xaa", "\xc3",
	"\"z\":", "null", "true", "e", "-", ".", "0", "9999999999", "{\"bytes\":\"", "\"text\"",
	" ", "\t\n", "[", "]", NULL };

/* Names are refused twice, as for a record. */
static int
keep(void *arg, const entry *e)
{
	fuzz_check(e->key[0] != '\0' && e->type != SESS_NOTHING);
	fuzz_check((e->type != SESS_STR && e->type != SESS_BYTES) || e->bytes[e->len] == '\0');
	fuzz_check(e->type != SESS_STR || strlen(e->bytes) == e->len);
	return values_find(arg, e->key) != NULL ? SESS_INVALID : values_put(arg, e);
}

static bool
equal(const values *a, const values *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const entry *x = &a->at[i], *y = &b->at[i];

		if (strcmp(x->key, y->key) != 0 || x->type != y->type || x->len != y->len)
			return false;
		if (x->type == SESS_BOOL ? x->is.yes != y->is.yes
					 : memcmp(&x->is, &y->is, sizeof(x->is)) != 0)
			return false;
		if (x->len > 0 && memcmp(x->bytes, y->bytes, x->len) != 0)
			return false;
	}
	return true;
}

static void
write_again(const values *v)
{
	buffer first = { 0 }, second = { 0 };
	values back = { 0 };
	size_t where, len;
	char *text;

	fuzz_check(json_write(&first, v) == SESS_OK);
	len = first.len;
	text = fuzz_copy(first.at, len);
	fuzz_check(json_read(text, len, keep, &back, &where) == SESS_OK && where == len);
	fuzz_check(equal(v, &back));
	fuzz_check(json_write(&second, &back) == SESS_OK && second.len == len);
	fuzz_check(memcmp(first.at, second.at, len) == 0);
	/* The size that setters go by never refuses what fits. */
	fuzz_check(v->bytes <= len);
	values_free(&back);
	buffer_free(&first);
	buffer_free(&second);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size);
	size_t where = SIZE_MAX;
	values v = { 0 };
	int rc = json_read(text, size, keep, &v, &where);

	fuzz_check(rc == SESS_OK || rc == SESS_INVALID);
	fuzz_check(where <= size);
	if (rc == SESS_OK)
		write_again(&v);
	values_free(&v);
	free(text);
	return 0;
}
