/* SPDX-License-Identifier: ISC */
/* load_url.h - workers, each with some browsers of its own, and what they were answered. */
#ifndef LOAD_URL_H
#define LOAD_URL_H

#include "../faults/faults.h"

#include <stdatomic.h>

#define WORKERS 4
#define SLOTS 4                 /* browsers of one worker */
#define DEAD 200                /* ended sessions that are looked at again */
#define VANISHED 50
#define BUCKET_MS 20
#define BUCKETS 3000            /* a minute */

/* A browser. Its session counts in "n", and says in "who" whose it is. */
typedef struct slot {
	jar cookie;
	int64_t who, born;
	int64_t adds;                   /* answered */
	int64_t unclear;                /* tried, not answered: may have been made or not */
	int adds_at[BUCKETS];           /* when they were answered */
} slot;

typedef struct grave {
	jar cookie;
	int64_t at;
} grave;

typedef struct worker {
	slot slots[SLOTS];
	grave dead[DEAD];
	slot vanished[VANISHED];        /* sessions that were not there any more */
	int dead_count, vanished_count;
	_Atomic int doing;              /* a slot, counted from 1, and its request; 0: none */
	_Atomic int what;
	int64_t answered, failed, foreign, made;
	int64_t stale;                  /* begun with less than what was answered before */
	int64_t odd;                    /* failures by other codes than a server that is gone gives */
	int64_t longest, gap;           /* of a call, between two answers; in ms */
	int64_t last_answer, last_failure;
	char text[200];                 /* of the last failure */
} worker;

typedef struct load {
	sess_config config;
	uint64_t seed;
	int64_t begun, window, struck, struck_end;
	_Atomic int over;
	bool logins;                    /* now and then somebody logs in, under a new id */
	worker workers[WORKERS];
	int killed;
	bool silent;                    /* there was no answer in the end */
	int64_t lost, lost_late, revived, revived_late, foreign, extra;
} load;

typedef struct found {
	sess_status state;
	int64_t n, who;
} found;

int work(void *arg, int who);
/* A worker was killed: what it was doing may have been done or not. */
void forget_doing(worker *);
/* What a browser's session holds; false if the store did not answer. */
bool find(sess_kit *, jar *, found *);

#endif
