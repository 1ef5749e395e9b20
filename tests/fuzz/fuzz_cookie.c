/* SPDX-License-Identifier: ISC */
/* fuzz_cookie.c - any bytes as a Cookie header, against a reader that takes each pair apart on its
 * own. */
#include "internal.h"

#include "fuzz.h"

#include <string.h>

#define NAME "__Host-sid"

const char *const fuzz_words[] = { NAME "=AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE", NAME "=",
	NAME, "; ", ";", "=", "a=b", " ", "\t", ", ", "\"", "__host-sid=x", "%5f_Host-sid=x",
	"\xc2\xa0", NULL };

static bool
blank(char c)
{
	return c == ' ' || c == '\t';
}

/* True if the pair, which it writes into, is ours; then with its value. */
static bool
pair_is_ours(char *pair, const char **value)
{
	char *equals;
	size_t len;

	while (blank(*pair))
		pair++;
	for (len = strlen(pair); len > 0 && blank(pair[len - 1]);)
		pair[--len] = '\0';
	if ((equals = strchr(pair, '=')) == NULL)
		return false;
	*equals = '\0';
	*value = equals + 1;
	return strcmp(pair, NAME) == 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *header = fuzz_copy(data, size), *rest = fuzz_copy(data, size), *at = rest, *next;
	const char *value = NULL, *want, *first = NULL;
	size_t len = 0, pairs = 0;
	int found = cookie_find(header, NAME, &value, &len), wanted = 0;

	for (; at != NULL && *at != '\0'; at = next, pairs++) {
		if ((next = strchr(at, ';')) != NULL)
			*next++ = '\0';
		if (pair_is_ours(at, &want) && wanted++ == 0)
			first = want;
	}
	if (strlen(header) > COOKIE_HEADER_MAX || pairs > COOKIE_PAIRS_MAX)
		wanted = -1;
	fuzz_check(found == wanted);
	if (found > 0) {
		fuzz_check(value >= header && value + len <= header + strlen(header));
		fuzz_check(len == strlen(first) && memcmp(value, first, len) == 0);
	}
	free(header);
	free(rest);
	return 0;
}
