/* SPDX-License-Identifier: ISC */
/* shelf.h - a small database with four sessions, and the requests that tests let fail on it. */
#ifndef SHELF_H
#define SHELF_H

#include "faults.h"

typedef struct shelf {
	sess_config config;
	int64_t now;
	sess_kit *kit;
	jar jars[4];                    /* the first two of one user */
	int64_t budget;                 /* disk: bytes that files may still grow; negative: any */
	int asked, refused;             /* system calls */
	int refuse_at, error;           /* environment: which one, and how */
	bool refuse_rest;
} shelf;

/* A new one in the test's directory, with its kit open. Ends the test if that fails. */
void shelf_fill(shelf *, const char *name);
const char *shelf_path(const shelf *);          /* of the database */
int shelf_live(shelf *);                        /* how many of the four are served */

/* One request of this browser: the code of its commit, SESS_DAMAGED if it could not begin. */
int shelf_store(shelf *, jar *);
int shelf_log_out(shelf *, jar *);

typedef struct shelf_request {
	const char *name;
	int (*act)(shelf *, jar *);
} shelf_request;
extern const shelf_request shelf_requests[];    /* the last one has no act */

#endif
