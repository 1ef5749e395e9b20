/* SPDX-License-Identifier: ISC */
/* oom.h - what the parts of the out-of-memory test share. */
#ifndef OOM_H
#define OOM_H

#include "faults.h"

/* oom_alloc.c */
extern bool refusing;                   /* what is allocated now is counted */
extern int asked, refuse_at;            /* so far; the one to be refused */
extern bool refuse_rest;                /* and all after it */
extern int blocks;                      /* in use */
void take_over_sqlite(void);            /* before its first use */

/* oom_requests.c */
typedef struct stage {
	sess_config config;
	int64_t now;
	sess_kit *kit, *witness;        /* nothing is refused to the witness */
	jar own, other;                 /* of one user */
	jar candidate;                  /* for the other, to be confirmed */
	char ticket[32];
} stage;

/* Does one request; the code of what failed. Stops refusing when what is tested is over. */
typedef struct scenario {
	const char *name;
	int (*act)(stage *);
	bool others_write;              /* the state changes although this request fails */
	bool shared;                    /* not of sessions that browsers keep */
} scenario;
extern const scenario scenarios[];      /* the last one has no act */

#endif
