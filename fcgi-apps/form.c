/* SPDX-License-Identifier: ISC */
/* form.c - what a request says: its variables, the fields of its form, and memory for them. */
#include "app.h"

#include <stdlib.h>
#include <string.h>

struct app_lent {
	struct app_lent *next;
	size_t size;
	char bytes[];
};

void *
app_memory(app_request *r, size_t size)
{
	struct app_lent *lent = malloc(sizeof(*lent) + size);

	if (!lent)
		return NULL;
	lent->next = r->lent;
	lent->size = size;
	r->lent = lent;
	return lent->bytes;
}

/* A field may have been a password. */
void
app_forget(app_request *r)
{
	while (r->lent) {
		struct app_lent *lent = r->lent;

		r->lent = lent->next;
		explicit_bzero(lent->bytes, lent->size);
		free(lent);
	}
}

const char *
app_env(const app_request *r, const char *name)
{
	size_t len = strlen(name);

	for (char **at = r->env; at && *at; at++)
		if (strncmp(*at, name, len) == 0 && (*at)[len] == '=')
			return *at + len + 1;
	return "";
}

/* -- application/x-www-form-urlencoded --------------------------------------------------------- */

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte at *at, which moves behind it; -1 for a "%" that no two digits follow. */
static int
next_byte(const char **at, const char *end)
{
	int high, low;

	if (**at != '%') {
		char c = *(*at)++;

		return c == '+' ? ' ' : (unsigned char)c;
	}
	if (end - *at < 3 || (high = hex((*at)[1])) < 0 || (low = hex((*at)[2])) < 0)
		return -1;
	*at += 3;
	return high << 4 | low;
}

/* How many bytes the character here has, 0 if it is none (Unicode, table 3-7). The text ends in a
 * NUL, which continues nothing. */
static size_t
character(const unsigned char *p)
{
	unsigned char low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
	size_t len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;

	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4 || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

static bool
is_utf8(const char *text)
{
	for (size_t step; *text; text += step)
		if ((step = character((const unsigned char *)text)) == 0)
			return false;
	return true;
}

static bool
is_named(const char *at, const char *end, const char *name)
{
	while (at < end && *name)
		if (next_byte(&at, end) != (unsigned char)*name++)
			return false;
	return at == end && *name == '\0';
}

static const char *
decode(app_request *r, const char *at, const char *end)
{
	char *text = app_memory(r, (size_t)(end - at) + 1), *to = text;

	while (text && at < end) {
		int byte = next_byte(&at, end);

		if (byte <= 0)
			return NULL;
		*to++ = (char)byte;
	}
	if (!text)
		return NULL;
	*to = '\0';
	return is_utf8(text) ? text : NULL;
}

/* In name=value&name=value: the first of this name. A name without "=" has an empty value. */
static const char *
find(app_request *r, const char *at, size_t len, const char *name)
{
	const char *end = at + len;

	for (;;) {
		const char *stop = memchr(at, '&', (size_t)(end - at)), *equals;

		stop = stop ? stop : end;
		equals = memchr(at, '=', (size_t)(stop - at));
		if (is_named(at, equals ? equals : stop, name))
			return decode(r, equals ? equals + 1 : stop, stop);
		if (stop == end)
			return NULL;
		at = stop + 1;
	}
}

const char *
app_field(app_request *r, const char *name)
{
	return r->body ? find(r, r->body, r->body_len, name) : NULL;
}

const char *
app_query(app_request *r, const char *name)
{
	const char *query = app_env(r, "QUERY_STRING");

	return find(r, query, strlen(query), name);
}
