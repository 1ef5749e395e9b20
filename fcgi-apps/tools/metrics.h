/* SPDX-License-Identifier: ISC */
/* metrics.h - a file of numbers for Prometheus, as its node exporter's textfile collector reads. */
#ifndef SESSKIT_METRICS_H
#define SESSKIT_METRICS_H

#include "tool.h"

typedef struct metrics {
	FILE *to;               /* NULL: out of memory, which metrics_save says */
	char *text;
	size_t len;
} metrics;

enum { METRIC_GAUGE, METRIC_COUNTER };

void metrics_begin(metrics *);
/* A number below 0 is one that is not known, and left out. The name has no "sesskit_" in front. */
void metrics_number(metrics *, const char *name, int kind, int64_t number, const char *help);
void metrics_seconds(metrics *, const char *name, int kind, double seconds, const char *help);
/* Put all of it in the place of the file, at once: a reader finds the old numbers or the new ones.
 * EX_OK, or an exit code with a message, and the old file as it was. Ends what metrics_begin began. */
int metrics_save(const tool *, metrics *, const char *path);

#endif
