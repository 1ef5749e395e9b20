/* SPDX-License-Identifier: ISC */
/* watch_screen.c - what "sesskit watch" shows: numbers, and bar charts of the last hour. */
#include "watch.h"

#include <stdlib.h>
#include <string.h>

#define MINUTES 60
#define AXIS 10                 /* columns before the bars */
#define BAR_WIDTH_MAX 3
#define OTHER_LINES 10          /* of the screen that are no bars */
#define CHART_MAX 10            /* lines of bars */

typedef struct chart {
	int64_t value[MINUTES];         /* [0] stands rightmost */
	int bars, width;                /* how many, and columns of each */
	int64_t most;
} chart;

/* As wide as there is room, or with several minutes in a bar, of which the largest shows. */
static void
chart_fit(chart *c, const int64_t *minute, int room)
{
	int each;

	room = room < 1 ? 1 : room;
	each = (MINUTES + room - 1) / room;
	*c = (chart){ .bars = (MINUTES + each - 1) / each };
	c->width = room / c->bars < BAR_WIDTH_MAX ? room / c->bars : BAR_WIDTH_MAX;
	for (int i = 0; i < MINUTES; i++) {
		int64_t *bar = &c->value[i / each];

		*bar = minute[i] > *bar ? minute[i] : *bar;
		c->most = minute[i] > c->most ? minute[i] : c->most;
	}
}

static void
chart_draw(FILE *to, const char *title, const int64_t *minute, const screen *s, int lines)
{
	chart c;

	if (minute[0] < 0)
		return;
	chart_fit(&c, minute, s->width - AXIS);
	fprintf(to, "\n%s each minute: %lld in the last one, at most %lld within the hour\n", title,
		(long long)minute[1], (long long)c.most);
	for (int line = lines; line > 0; line--) {
		if (line == lines)
			fprintf(to, "%8lld |", (long long)c.most);
		else
			fprintf(to, "%8s |", line == 1 ? "0" : "");
		for (int i = c.bars; i-- > 0; ) {
			/* What is there at all shows in the lowest line. */
			bool full = c.value[i] > 0 && (line == 1 ||
				(double)c.value[i] * lines > (double)c.most * (line - 1));

			for (int column = 0; column < c.width; column++)
				putc(full ? '#' : ' ', to);
		}
		putc('\n', to);
	}
}

static void
number(FILE *to, const char *name, int64_t n)
{
	if (n >= 0)
		fprintf(to, "%s %lld   ", name, (long long)n);
}

static void
size(FILE *to, const char *name, int64_t bytes)
{
	char text[TERM_TIME_MAX];

	if (bytes >= 0)
		fprintf(to, "%s %s   ", name, term_size(text, bytes));
}

static void
write_numbers(FILE *to, const screen *s)
{
	const sess_stats *n = s->sums;
	char text[TERM_TIME_MAX];

	number(to, "live", n->live);
	number(to, "signed in", n->signed_in);
	number(to, "waiting", n->waiting);
	if (n->oldest > 0)
		fprintf(to, "oldest %s", term_span(text, s->now > n->oldest ? s->now - n->oldest : 0));
	putc('\n', to);
	size(to, "size", n->bytes);
	size(to, "log", n->log);
	number(to, "waits", n->waits);
	if (n->longest_us >= 0)
		fprintf(to, "longest %.1f ms   ", (double)n->longest_us / 1000);
	number(to, "busy", n->busy);
	putc('\n', to);
}

static void
write_screen(FILE *to, const screen *s)
{
	int lines = (s->height - OTHER_LINES) / 2;
	int64_t started[MINUTES], ended[MINUTES];
	char time[TERM_TIME_MAX], every[TERM_TIME_MAX];

	lines = lines < 1 ? 1 : lines > CHART_MAX ? CHART_MAX : lines;
	for (int i = 0; i < MINUTES; i++) {
		started[i] = s->sums->minute[i].started;
		ended[i] = s->sums->minute[i].ended;
	}
	fprintf(to, "q quits   %s UTC   every %s\n%s\n\n", term_time(time, s->now),
		term_span(every, s->interval), s->store);
	write_numbers(to, s);
	fprintf(to, "%s\n", s->note);
	chart_draw(to, "started", started, s, lines);
	chart_draw(to, "ended", ended, s, lines);
}

/* Lines cut to the width, and not more of them than there is room for: the terminal never scrolls. */
static void
show(FILE *to, const screen *s, char *text)
{
	size_t room = 4 * strlen(text) + 4;
	char *clean = malloc(room), *next;
	int line = 0;

	fputs("\033[H", to);
	for (; clean != NULL && text != NULL && *text != '\0' && line < s->height; text = next, line++) {
		bool last;

		next = strchr(text, '\n');
		if (next != NULL)
			*next++ = '\0';
		last = next == NULL || *next == '\0' || line + 1 == s->height;
		/* Cleared first: behind a line of full width, it would take the last character away. */
		fprintf(to, "%s%s%s", line > 0 ? "\n" : "", last ? "\033[J" : "\033[K",
			term_clean(clean, room, text, s->width));
	}
	free(clean);
}

bool
screen_draw(const screen *s, FILE *to)
{
	char *text = NULL;
	size_t len;
	FILE *page = open_memstream(&text, &len);
	bool whole;

	if (page == NULL)
		return false;
	write_screen(page, s);
	whole = fclose(page) == 0;
	if (whole)
		show(to, s, text);
	free(text);
	return whole;
}
