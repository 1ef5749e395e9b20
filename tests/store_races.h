/* SPDX-License-Identifier: ISC */
/* store_races.h - many at once against one record of a provider. */
#ifndef STORE_RACES_H
#define STORE_RACES_H

#include "internal.h"

#include <stdatomic.h>

/* The test program of one store: racers are processes, or threads for a store that lives with its
 * process. Prints each check, returns the exit status. */
int store_races_main(const sess_provider *, const char *path);

/* -- the course, for the cases --------------------------------------------------------------- */

#define RACE_NOW INT64_C(1700000000)
#define RACE_END (RACE_NOW + 1800)
#define RACE_KEEP (RACE_END + 20000)
#define RACERS_MAX 64
#define RACE_STALLED INT64_MAX  /* what a racer gives when a call failed that must not */

typedef struct race race;
typedef int64_t racer_fn(race *, void *self, int number);

/* What racers share; between processes it is mapped memory. */
struct race {
	const sess_provider *provider;
	void *self;                     /* of the process that started */
	char path[512];
	racer_fn *run;
	unsigned char id[SESS_ID_BYTES];
	atomic_int ready;
	atomic_bool go, over;
	int racers;
	int64_t gave[RACERS_MAX];       /* by racer */
};

/* NULL, and *why, if it cannot be set up. */
race *race_make(const sess_provider *, const char *path, const char **why);
void race_free(race *);
/* All start at once, each with a handle of its own; false if not all could be started. */
bool race_run(race *, racer_fn *, int racers);
/* How many racers gave this. */
int race_count(const race *, int64_t gave);

/* The id that a racer gets for a purpose, the same in every process. */
void race_derive_id(const race *, const char *purpose, int number, unsigned char *id);
/* A record under the id of the race, whose data is the number 0. */
sess_record race_record(const race *);
/* The next race gets an id of its own; with a record, or without. */
bool race_next_record(race *);
void race_next_id(race *);
/* Load by an id; the number in data goes to *sum if that is not NULL. What load returned. */
int race_look(const race *, void *self, const unsigned char *id, sess_record *, int64_t *sum);

#endif
