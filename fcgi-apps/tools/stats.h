/* SPDX-License-Identifier: ISC */
/* stats.h - what the verbs stats and watch share. */
#ifndef SESSKIT_STATS_H
#define SESSKIT_STATS_H

#include "tool.h"

/* All numbers that are known as members of one object, which is one line. */
void stats_json(const sess_stats *, int64_t now);
/* The sum of so many tallies; a member is -1 unless all of them are known. */
sess_tally stats_sum(const sess_tally *, size_t count);

#endif
