/* SPDX-License-Identifier: ISC */
/* watch.h - what the two files of the verb watch share. */
#ifndef SESSKIT_WATCH_H
#define SESSKIT_WATCH_H

#include "tool.h"

/* One screenful. */
typedef struct screen {
	const char *store;              /* URL */
	const char *note;               /* "" or what went wrong at the last look */
	int64_t now, interval;          /* seconds */
	int width, height;              /* of the terminal */
	const sess_stats *sums;
} screen;

/* Draw over whatever the terminal shows. False when out of memory. */
bool screen_draw(const screen *, FILE *to);

#endif
