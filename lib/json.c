/* SPDX-License-Identifier: ISC */
/*
 * json.c - values <-> JSON text (RFC 8259), strict both ways.
 *
 * A session is one object of scalars, so that the sqlite3 shell's JSON functions read it. Two kinds
 * of content have no JSON form and are written as an object with one member, in base64url: bytes as
 * {"bytes":"..."} and text that is not UTF-8 as {"text":"..."}. Reading unescapes in place and
 * allocates nothing.
 */
#include "internal.h"

#include <errno.h>
#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- reading: each function moves at behind what it read, or returns a failure ----------------- */

typedef struct reader {
	char *at, *end;                 /* *end may be written, and is NUL while reading */
} reader;

static void
skip_blanks(reader *r)
{
	while (*r->at == ' ' || *r->at == '\t' || *r->at == '\n' || *r->at == '\r')
		r->at++;
}

/* True, and behind it, when c comes next. */
static bool
take(reader *r, char c)
{
	skip_blanks(r);
	if (*r->at != c)
		return false;
	r->at++;
	skip_blanks(r);
	return true;
}

/* Four hexadecimal digits, or -1. */
static int32_t
read_hex(const char *p)
{
	int32_t value = 0;

	for (int i = 0; i < 4; i++) {
		int c = (unsigned char)p[i], lower = c | 0x20;

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if (lower >= 'a' && lower <= 'f')
			value = value * 16 + lower - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* What stands behind a backslash at r->at; false when that is no escape or means NUL. */
static bool
read_escape(reader *r, char **to)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	const char *simple = *r->at != '\0' ? strchr(from, *r->at) : NULL;
	int32_t c, low;

	if (simple != NULL) {
		*(*to)++ = into[simple - from];
		r->at++;
		return true;
	}
	if (*r->at != 'u' || (c = read_hex(r->at + 1)) <= 0)
		return false;
	r->at += 5;
	if (c >= 0xd800 && c <= 0xdfff) {
		/* A surrogate must be the first of a pair. */
		if (c > 0xdbff || r->at[0] != '\\' || r->at[1] != 'u')
			return false;
		low = read_hex(r->at + 2);
		if (low < 0xdc00 || low > 0xdfff)
			return false;
		r->at += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
	}
	*to = utf8_put(*to, (uint32_t)c);
	return true;
}

/* A string, in place: the result has a NUL where its closing quote was, or earlier. */
static int
read_string(reader *r, const char **text, size_t *len)
{
	char *to = r->at + 1;

	if (*r->at != '"')
		return SESS_INVALID;
	*text = to;
	/* Most strings have nothing but plain ASCII, and stay as they are. A char of 128 and more is
	 * negative here. */
	while ((signed char)*to >= ' ' && *to != '"' && *to != '\\')
		to++;
	r->at = to;
	while (*r->at != '"') {
		unsigned char c = (unsigned char)*r->at;
		size_t n = 1;

		if (c < ' ')            /* also the NUL at the end */
			return SESS_INVALID;
		if (c == '\\') {
			r->at++;
			if (!read_escape(r, &to))
				return SESS_INVALID;
			continue;
		}
		if (c >= 0x80 && (n = utf8_sequence(r->at, (size_t)(r->end - r->at))) == 0)
			return SESS_INVALID;
		/* Before the first escape, to and at are the same. */
		if (to != r->at)
			memmove(to, r->at, n);
		to += n;
		r->at += n;
	}
	*len = (size_t)(to - *text);
	*to = '\0';
	r->at++;
	return SESS_OK;
}

static int
read_real(const char *from, char **stop, entry *e)
{
	/* The program's locale may want a comma where JSON has a point. */
	locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0);

	if (c == (locale_t)0)
		return SESS_NOMEM;
	e->is.real = strtod_l(from, stop, c);
	freelocale(c);
	e->type = SESS_REAL;
	return e->is.real - e->is.real == 0 ? SESS_OK : SESS_INVALID;
}

static int
read_number(reader *r, entry *e)
{
	char *from = r->at, *digits = from + (*from == '-'), *stop;
	size_t n = strspn(digits, "0123456789");
	int rc;

	if (n == 0 || (n > 1 && *digits == '0'))
		return SESS_INVALID;
	stop = digits + n;
	if (*stop == '.' || *stop == 'e' || *stop == 'E') {
		/* strtod takes "1." and "1.e5", JSON does not. */
		if (*stop == '.' && (stop[1] < '0' || stop[1] > '9'))
			return SESS_INVALID;
		if ((rc = read_real(from, &stop, e)) != SESS_OK)
			return rc;
	} else {
		errno = 0;
		e->is.num = strtoll(from, NULL, 10);
		e->type = SESS_INT;
		if (errno != 0)
			return SESS_INVALID;
	}
	r->at = stop;
	return SESS_OK;
}

/* {"bytes":"..."} or {"text":"..."}. */
static int
read_encoded(reader *r, entry *e)
{
	const char *kind, *text;
	size_t len;
	ssize_t n;

	if (!take(r, '{') || read_string(r, &kind, &len) != SESS_OK || !take(r, ':') ||
		read_string(r, &text, &len) != SESS_OK || !take(r, '}'))
		return SESS_INVALID;
	if (strcmp(kind, "bytes") == 0)
		e->type = SESS_BYTES;
	else if (strcmp(kind, "text") == 0)
		e->type = SESS_STR;
	else
		return SESS_INVALID;
	/* Decoding shrinks, so it can go into the place of the text, which is ours to write. */
	n = base64_decode((char *)(uintptr_t)text, len, text, len);
	if (n < 0)
		return SESS_INVALID;
	((char *)(uintptr_t)text)[n] = '\0';
	e->bytes = text;
	e->len = (size_t)n;
	return e->type == SESS_STR && strlen(text) != e->len ? SESS_INVALID : SESS_OK;
}

static int
read_scalar(reader *r, entry *e)
{
	switch (*r->at) {
	case '"':
		e->type = SESS_STR;
		return read_string(r, &e->bytes, &e->len);
	case '{':
		return read_encoded(r, e);
	case 't':
	case 'f':
		e->type = SESS_BOOL;
		e->is.yes = *r->at == 't';
		if (strncmp(r->at, e->is.yes ? "true" : "false", e->is.yes ? 4 : 5) != 0)
			return SESS_INVALID;
		r->at += e->is.yes ? 4 : 5;
		return SESS_OK;
	default:
		return read_number(r, e);
	}
}

static int
read_members(reader *r, json_member_fn *each, void *arg)
{
	size_t len;
	int rc;

	do {
		entry e = { .type = SESS_NOTHING };

		if (read_string(r, &e.key, &len) != SESS_OK || len == 0 || !take(r, ':'))
			return SESS_INVALID;
		if ((rc = read_scalar(r, &e)) != SESS_OK || (rc = each(arg, &e)) != 0)
			return rc;
	} while (take(r, ','));
	return take(r, '}') ? SESS_OK : SESS_INVALID;
}

int
json_read(char *text, size_t len, json_member_fn *each, void *arg, size_t *where)
{
	reader r = { text, text + len };
	int rc = SESS_INVALID;

	*r.end = '\0';
	if (take(&r, '{'))
		rc = *r.at == '}' ? (take(&r, '}'), SESS_OK) : read_members(&r, each, arg);
	if (rc == SESS_OK && r.at != r.end)
		rc = SESS_INVALID;
	*where = (size_t)(r.at - text);
	return rc;
}

/* -- writing ----------------------------------------------------------------------------------- */

static int
write_string(buffer *out, const char *text, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	char *to;

	if (len > SIZE_MAX / 8 || buffer_room(out, len * 6 + 2) != SESS_OK)
		return SESS_NOMEM;
	to = out->at + out->len;
	*to++ = '"';
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c == '"' || c == '\\') {
			*to++ = '\\';
			*to++ = (char)c;
		} else if (c < ' ') {
			memcpy(to, "\\u00", 4);
			to[4] = hex[c >> 4];
			to[5] = hex[c & 15];
			to += 6;
		} else {
			*to++ = (char)c;
		}
	}
	*to++ = '"';
	out->len = (size_t)(to - out->at);
	return SESS_OK;
}

static int
write_encoded(buffer *out, const char *kind, const entry *e)
{
	if (buffer_text(out, kind) != SESS_OK || e->len > SIZE_MAX / 4 ||
		buffer_room(out, e->len / 3 * 4 + 5) != SESS_OK)
		return SESS_NOMEM;
	out->len += base64_encode(out->at + out->len, e->bytes, e->len);
	return buffer_text(out, "\"}");
}

/* The shortest form that reads back as the same number, always with a point or an exponent. */
static int
write_real(buffer *out, double number)
{
	locale_t c = newlocale(LC_NUMERIC_MASK, "C", (locale_t)0), before;
	char text[40];

	if (c == (locale_t)0)
		return SESS_NOMEM;
	before = uselocale(c);
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text) - 2, "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	(void)uselocale(before);
	freelocale(c);
	if (strpbrk(text, ".e") == NULL)
		memcpy(text + strlen(text), ".0", 3);
	return buffer_text(out, text);
}

static int
write_scalar(buffer *out, const entry *e)
{
	char number[24];

	switch (e->type) {
	case SESS_STR:
		if (utf8_span(e->bytes, e->len) != e->len)
			return write_encoded(out, "{\"text\":\"", e);
		return write_string(out, e->bytes, e->len);
	case SESS_BYTES:
		return write_encoded(out, "{\"bytes\":\"", e);
	case SESS_INT:
		(void)snprintf(number, sizeof(number), "%" PRId64, e->is.num);
		return buffer_text(out, number);
	case SESS_REAL:
		return write_real(out, e->is.real);
	default:
		return buffer_text(out, e->is.yes ? "true" : "false");
	}
}

int
json_write(buffer *out, const values *v)
{
	char before = '{';

	for (size_t i = 0; i < v->count; i++) {
		const entry *e = &v->at[i];

		if (e->type == SESS_NOTHING)
			continue;
		if (buffer_char(out, before) != SESS_OK ||
			write_string(out, e->key, strlen(e->key)) != SESS_OK ||
			buffer_char(out, ':') != SESS_OK || write_scalar(out, e) != SESS_OK)
			return SESS_NOMEM;
		before = ',';
	}
	return buffer_text(out, before == '{' ? "{}" : "}");
}
