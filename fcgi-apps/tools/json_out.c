/* SPDX-License-Identifier: ISC */
/* json_out.c - JSON text on a stream. What a terminal would obey is escaped as well. */
#include "tool.h"

#include <inttypes.h>
#include <string.h>

void
json_start(json_out *o, FILE *to)
{
	o->to = to;
	o->first = true;
}

/* A string that is valid JSON and one line, whatever bytes there are. */
static void
quote(FILE *to, const char *text, size_t len)
{
	putc('"', to);
	while (len > 0) {
		uint32_t c = 0;
		size_t step = term_character(text, len, &c);

		if (step == 0) {
			fputs("\xef\xbf\xbd", to);
			step = 1;
		} else if (c == '"' || c == '\\') {
			fprintf(to, "\\%c", (char)c);
		} else if (term_obeys(c)) {
			fprintf(to, "\\u%04" PRIx32, c);
		} else {
			fwrite(text, 1, step, to);
		}
		text += step;
		len -= step;
	}
	putc('"', to);
}

/* What stands before a value. */
static void
begin(json_out *o, const char *key)
{
	if (!o->first)
		putc(',', o->to);
	o->first = false;
	if (key == NULL)
		return;
	quote(o->to, key, strlen(key));
	putc(':', o->to);
}

void
json_open(json_out *o, const char *key, char bracket)
{
	begin(o, key);
	putc(bracket, o->to);
	o->first = true;
}

void
json_close(json_out *o, char bracket)
{
	putc(bracket, o->to);
	o->first = false;
}

void
json_text(json_out *o, const char *key, const char *text)
{
	begin(o, key);
	if (text == NULL)
		fputs("null", o->to);
	else
		quote(o->to, text, strlen(text));
}

void
json_int(json_out *o, const char *key, int64_t n)
{
	begin(o, key);
	fprintf(o->to, "%" PRId64, n);
}

void
json_bool(json_out *o, const char *key, bool yes)
{
	begin(o, key);
	fputs(yes ? "true" : "false", o->to);
}

void
json_raw(json_out *o, const char *key, const char *json, size_t len)
{
	begin(o, key);
	/* Outside of strings JSON may have line ends, which would end the line too early. */
	for (size_t i = 0; i < len; i++)
		putc(json[i] == '\n' || json[i] == '\r' ? ' ' : json[i], o->to);
}

void
json_line(json_out *o)
{
	putc('\n', o->to);
	o->first = true;
}
