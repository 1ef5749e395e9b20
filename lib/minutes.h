/* SPDX-License-Identifier: ISC */
/* minutes.h - what happened, told by minutes and hours as the clock counts them, in UTC. */
#ifndef SESSKIT_MINUTES_H
#define SESSKIT_MINUTES_H

#include "sesskit.h"

/* Of seconds the minute, of minutes the hour; rounds down, before 1970 as well. */
int64_t sixtieth(int64_t n);
/* Nothing happened so far. */
void minutes_none(sess_stats *);
/* Add what happened in this minute to what sess_stats tells at this time, unless that is too long
 * ago, or yet to come. */
void minutes_add(sess_stats *, int64_t now, int64_t minute, const sess_tally *);
/* The same for stores that count each event by itself, under its letter here, in the order of
 * sess_tally. */
#define MINUTES_EVENTS "slex"
void minutes_add_events(sess_stats *, int64_t now, int64_t minute, char event, int64_t n);

#endif
