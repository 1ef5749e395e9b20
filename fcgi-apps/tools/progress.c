/* SPDX-License-Identifier: ISC */
/* progress.c - a bar for long work, with rate and time left, on a terminal only. */
#include "tool.h"

#include <inttypes.h>
#include <string.h>

#define BAR_MAX 40
#define DRAW_MS 100

static void
draw(const progress *p, int64_t now)
{
	int64_t ms = now - p->started_ms;
	int64_t rate = ms > 0 ? (int64_t)((double)p->done * 1000 / (double)ms) : 0;
	int width = term_width_of(stderr), share, full, room;
	char left[TERM_TIME_MAX], bar[BAR_MAX + 1];

	if (p->total <= 0) {
		fprintf(stderr, "\r%s %" PRId64 ", %" PRId64 "/s\033[K", p->label, p->done, rate);
		return;
	}
	share = p->done >= p->total ? 100 : (int)((double)p->done * 100 / (double)p->total);
	/* Beside the bar stand the share, the rate and the time left. */
	room = width - (int)strlen(p->label) - 38;
	room = room < 0 ? 0 : room > BAR_MAX ? BAR_MAX : room;
	full = room * share / 100;
	memset(bar, '#', (size_t)full);
	memset(bar + full, '.', (size_t)(room - full));
	bar[room] = '\0';
	term_span(left, rate > 0 ? (p->total - p->done) / rate : -1);
	fprintf(stderr, "\r%s [%s] %3d%% %" PRId64 "/s, %s left\033[K", p->label, bar, share, rate,
		left);
}

void
progress_begin(progress *p, const tool *t, const char *label, int64_t total)
{
	*p = (progress){ .label = label, .total = total, .started_ms = clock_monotonic_ms() };
	p->on = term_is(stderr) && !t->quiet && !t->json;
}

void
progress_at(progress *p, int64_t done)
{
	int64_t now;

	p->done = done;
	if (!p->on || (now = clock_monotonic_ms()) - p->drawn_ms < DRAW_MS)
		return;
	p->drawn_ms = now;
	draw(p, now);
}

void
progress_end(progress *p)
{
	if (p->on && p->drawn_ms != 0)
		fputs("\r\033[K", stderr);
	p->on = false;
}
