/* SPDX-License-Identifier: ISC */
/* term.c - the terminal: its size, and text that cannot do anything to it. */
#include "tool.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#define WIDTH_FALLBACK 80
#define WIDTH_MAX 1000

static bool utf8_terminal;

void
term_begin(void)
{
	/* Only characters: numbers are written as JSON and scripts want them. */
	utf8_terminal = setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

bool
term_is(FILE *stream)
{
	return isatty(fileno(stream)) == 1;
}

int
term_width_of(FILE *stream)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = 0;

	if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0)
		width = size.ws_col;
	if (width == 0 && columns != NULL)
		width = strtol(columns, NULL, 10);
	return width > 0 && width <= WIDTH_MAX ? (int)width : WIDTH_FALLBACK;
}

int
term_width(void)
{
	return term_width_of(stdout);
}

size_t
term_character(const char *text, size_t left, uint32_t *out)
{
	static const unsigned char lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	size_t len = utf8_sequence(text, left);
	uint32_t c;

	if (len == 0)
		return 0;
	c = (unsigned char)text[0] & lead[len];
	for (size_t i = 1; i < len; i++)
		c = c << 6 | ((unsigned char)text[i] & 0x3f);
	*out = c;
	return len;
}

bool
term_obeys(uint32_t c)
{
	if (c < ' ' || (c >= 0x7f && c < 0xa0))
		return true;
	/* Line ends, and marks that turn the direction of what is read. */
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
		(c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* Columns of a character; -1 when it should not be sent. */
static int
columns_of(uint32_t c)
{
	if (c >= 0x80 && !utf8_terminal)
		return -1;
	return term_obeys(c) ? -1 : wcwidth((wchar_t)c);
}

const char *
term_clean(char *buf, size_t size, const char *text, int columns)
{
	size_t left = strlen(text), used = 0, cut = 0, step;
	int at = 0;

	while (left > 0) {
		uint32_t c = 0;
		int width;

		step = term_character(text, left, &c);
		width = step > 0 ? columns_of(c) : -1;
		/* Room for the mark of a cut, and for the NUL. */
		if ((columns > 0 && at + (width < 0 ? 1 : width) > columns) || used + step + 2 > size) {
			used = cut;
			buf[used++] = '~';
			break;
		}
		if (width < 0)
			buf[used++] = '?';
		else
			memcpy(buf + used, text, step);
		used += width < 0 ? 0 : step;
		at += width < 0 ? 1 : width;
		if (columns == 0 || at < columns)
			cut = used;
		step += step == 0;
		text += step;
		left -= step;
	}
	buf[used] = '\0';
	return buf;
}

int
term_columns(const char *clean)
{
	size_t left = strlen(clean), step;
	int columns = 0;

	for (; left > 0; clean += step, left -= step) {
		uint32_t c = 0;

		if ((step = term_character(clean, left, &c)) == 0)
			step = 1;
		columns += columns_of(c) < 0 ? 1 : columns_of(c);
	}
	return columns;
}

const char *
term_time(char buf[TERM_TIME_MAX], int64_t unix_seconds)
{
	time_t t = (time_t)unix_seconds;
	struct tm tm;

	if (unix_seconds == 0)
		return strcpy(buf, "-");
	if (gmtime_r(&t, &tm) == NULL || strftime(buf, TERM_TIME_MAX, "%Y-%m-%d %H:%M:%S", &tm) == 0)
		snprintf(buf, TERM_TIME_MAX, "%lld", (long long)unix_seconds);
	return buf;
}

const char *
term_span(char buf[TERM_TIME_MAX], int64_t seconds)
{
	static const struct {
		int64_t seconds, part;
		char name, part_name;
	} units[] = { { 86400, 3600, 'd', 'h' }, { 3600, 60, 'h', 'm' }, { 60, 1, 'm', 's' } };

	if (seconds < 0)
		return strcpy(buf, "-");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		int64_t rest = seconds % units[i].seconds / units[i].part;

		if (seconds < units[i].seconds)
			continue;
		if (rest == 0)
			snprintf(buf, TERM_TIME_MAX, "%lld%c",
				(long long)(seconds / units[i].seconds), units[i].name);
		else
			snprintf(buf, TERM_TIME_MAX, "%lld%c %lld%c",
				(long long)(seconds / units[i].seconds), units[i].name,
				(long long)rest, units[i].part_name);
		return buf;
	}
	snprintf(buf, TERM_TIME_MAX, "%llds", (long long)seconds);
	return buf;
}

const char *
term_size(char buf[TERM_TIME_MAX], int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double size = (double)bytes;
	size_t i = 0;

	/* 1023.95 would be shown as 1024.0. */
	while (size >= (i == 0 ? 1024 : 1023.95) && i + 1 < sizeof(units) / sizeof(units[0])) {
		size /= 1024;
		i++;
	}
	snprintf(buf, TERM_TIME_MAX, "%.*f %s", i > 0 && size < 99.95 ? 1 : 0, size, units[i]);
	return buf;
}
