/* SPDX-License-Identifier: ISC */
/* minutes.c - the sums behind stats: of each minute of the last hour, of each hour of the last day. */
#include "minutes.h"

#include <string.h>

#define MINUTES ((int64_t)(sizeof(((sess_stats *)0)->minute) / sizeof(sess_tally)))
#define HOURS ((int64_t)(sizeof(((sess_stats *)0)->hour) / sizeof(sess_tally)))

int64_t
sixtieth(int64_t n)
{
	return n / 60 - (n % 60 < 0);
}

void
minutes_none(sess_stats *out)
{
	memset(out->minute, 0, sizeof(out->minute));
	memset(out->hour, 0, sizeof(out->hour));
}

/* A store that was tampered with may hold any number. */
static void
add_number(int64_t *to, int64_t n)
{
	if (n > 0 && __builtin_add_overflow(*to, n, to))
		*to = INT64_MAX;
}

static void
add(sess_tally *to, const sess_tally *t)
{
	add_number(&to->started, t->started);
	add_number(&to->logins, t->logins);
	add_number(&to->ended, t->ended);
	add_number(&to->expired, t->expired);
}

void
minutes_add(sess_stats *out, int64_t now, int64_t minute, const sess_tally *t)
{
	int64_t minutes = sixtieth(now) - minute;
	int64_t hours = sixtieth(sixtieth(now)) - sixtieth(minute);

	if (minutes >= 0 && minutes < MINUTES)
		add(&out->minute[minutes], t);
	if (minutes >= 0 && hours < HOURS)
		add(&out->hour[hours], t);
}

void
minutes_add_events(sess_stats *out, int64_t now, int64_t minute, char event, int64_t n)
{
	sess_tally t = { 0 };

	*(event == 's' ? &t.started : event == 'l' ? &t.logins : event == 'e' ? &t.ended
		: &t.expired) = n;
	minutes_add(out, now, minute, &t);
}
