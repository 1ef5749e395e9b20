/* SPDX-License-Identifier: ISC */
/* query.c - parameters of a query string, and percent escapes. */
#include "internal.h"

#include <string.h>

int
query_find(const char *query, const char *name, const char **value, size_t *len)
{
	size_t name_len = strlen(name);
	int found = 0;

	while (query != NULL && *query != '\0') {
		size_t part = strcspn(query, "&");

		if (part > name_len && query[name_len] == '=' && memcmp(query, name, name_len) == 0 &&
			found++ == 0) {
			*value = query + name_len + 1;
			*len = part - name_len - 1;
		}
		query += part + (query[part] == '&');
	}
	return found;
}

static int
digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

ssize_t
percent_decode(char *to, const char *from, size_t len)
{
	char *start = to;

	for (size_t i = 0; i < len; i++) {
		char c = from[i];

		if (c == '%') {
			if (len - i < 3 || digit(from[i + 1]) < 0 || digit(from[i + 2]) < 0)
				return -1;
			c = (char)(digit(from[i + 1]) * 16 + digit(from[i + 2]));
			i += 2;
		}
		if ((unsigned char)c < ' ' || c == 0x7F)
			return -1;
		*to++ = c;
	}
	return to - start;
}
