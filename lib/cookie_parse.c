/* SPDX-License-Identifier: ISC */
/*
 * cookie_parse.c - our cookie out of a Cookie header, as slices, without allocation.
 *
 * Browsers serialise "name=value" pairs joined by "; " (RFC 6265 section 5.4). Names are compared
 * byte by byte: whoever decodes percent signs or folds case lets "%5f_Host-sid" stand for
 * "__Host-sid". A pair without "=" is a nameless cookie, and never ours.
 */
#include "internal.h"

#include <string.h>

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

int
cookie_find(const char *header, const char *name, const char **value, size_t *len)
{
	size_t name_len = strlen(name), size = strnlen(header, COOKIE_HEADER_MAX + 1);
	const char *end = header + size, *at = header;
	int found = 0, pairs = 0;

	if (size > COOKIE_HEADER_MAX)
		return -1;
	while (at < end) {
		const char *stop = memchr(at, ';', (size_t)(end - at));
		const char *next = stop != NULL ? stop + 1 : end;

		if (++pairs > COOKIE_PAIRS_MAX)
			return -1;
		if (stop == NULL)
			stop = end;
		while (at < stop && is_blank(*at))
			at++;
		while (stop > at && is_blank(stop[-1]))
			stop--;
		/* Blanks around "=" belong to name and value on the wire, where no browser puts any. */
		if ((size_t)(stop - at) > name_len && at[name_len] == '=' &&
			memcmp(at, name, name_len) == 0 && found++ == 0) {
			*value = at + name_len + 1;
			*len = (size_t)(stop - *value);
		}
		at = next;
	}
	return found;
}
