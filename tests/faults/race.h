/* SPDX-License-Identifier: ISC */
/* race.h - a field on which processes or threads race for the same sessions, round by round. */
#ifndef RACE_H
#define RACE_H

#include "faults.h"

#include <pthread.h>
#include <stdatomic.h>

#define JARS 1200

typedef struct field {
	const char *name;               /* of the crowd and the store, for the test's lines */
	int (*crowd)(int n, job *, void *arg);
	sess_config config;
	int64_t now;                    /* changed only while no one is racing */
	pthread_barrier_t start;        /* of a round */
	int n, rounds;
	jar jars[JARS];
	char ticket[32];
	_Atomic int done, lost, revived, wrong; /* what happened to the crowd */
	_Atomic int64_t sum;
	_Atomic bool ended;
} field;

/* Wait until all of the crowd are here. */
void meet(field *);
/* Run a race in which n take part: false if one of them failed. */
bool race(field *, int n, job *);
/* So many new sessions, of this user unless NULL; false if that failed. */
bool fill_jars(field *, sess_kit *, int n, const char *user);

/* Run these races, NULL at the end, between processes on SQLite, and between threads on SQLite and
 * in memory. */
typedef void race_fn(field *, sess_kit *);
void run_races(race_fn *const *);

#endif
