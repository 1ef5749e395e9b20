/* SPDX-License-Identifier: ISC */
/* fuzz_token.c - any bytes as base64url: the same verdict and bytes as libsodium's, one text for
 * the same bytes, and a token only of 43 characters. */
#include "internal.h"

#include "fuzz.h"

#include <sodium.h>
#include <string.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

const char *const fuzz_words[] = { "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE", "A", "AA", "AAA",
	"_-", "+/", "=", "==", "az09", "\n", "Q", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzw",
	NULL };

/* libsodium 1.0.18 takes some bytes from 0x80 on for digits, where char has a sign. */
static bool
ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] & 0x80)
			return false;
	return true;
}

static void
decode(const char *text, size_t len)
{
	unsigned char *ours = malloc(len + 1), *theirs = malloc(len + 1), raw[TOKEN_BYTES];
	char *again = malloc(len + 5), *place = fuzz_copy(text, len);
	size_t n = 0;
	ssize_t got;

	fuzz_check(ours != NULL && theirs != NULL && again != NULL);
	got = base64_decode(ours, len, text, len);
	if (!ascii(text, len) ||
		sodium_base642bin(theirs, len, text, len, NULL, &n, NULL, VARIANT) != 0) {
		fuzz_check(got == -1);
	} else {
		fuzz_check(got == (ssize_t)n && memcmp(ours, theirs, n) == 0);
		fuzz_check(base64_encode(again, ours, n) == len && memcmp(again, text, len) == 0);
		fuzz_check(n == 0 || base64_decode(theirs, n - 1, text, len) == -1);
	}
	fuzz_check(base64_decode(place, len, place, len) == got);
	fuzz_check(got <= 0 || memcmp(place, ours, (size_t)got) == 0);
	fuzz_check(token_decode(raw, text, len) == (len == TOKEN_CHARS && got == TOKEN_BYTES));
	free(ours);
	free(theirs);
	free(again);
	free(place);
}

static void
encode(const uint8_t *data, size_t size)
{
	char *text = malloc(4 * ((size + 2) / 3) + 1);
	uint8_t *back = malloc(size + 1);
	size_t len;

	fuzz_check(text != NULL && back != NULL);
	len = base64_encode(text, data, size);
	fuzz_check(len == strlen(text));
	fuzz_check(base64_decode(back, size, text, len) == (ssize_t)size);
	fuzz_check(size == 0 || memcmp(back, data, size) == 0);
	free(text);
	free(back);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	decode((const char *)data, size);
	encode(data, size);
	return 0;
}
