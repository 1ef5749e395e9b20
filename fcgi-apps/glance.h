/* SPDX-License-Identifier: ISC */
/* glance.h - what browser and store hold of a session at one moment, to show before and after. */
#ifndef SESSKIT_GLANCE_H
#define SESSKIT_GLANCE_H

#include "app.h"

typedef struct glance {
	char cookies[400];              /* names and how their values begin; "" if there is none */
	char ref[64];                   /* name of the record in the store; "" if there is none */
	int64_t created, seen, expires;
	bool user;                      /* somebody is logged in */
} glance;

/* Before the session is changed: what came with the request. */
void glance_before(glance *, app_request *);
/* After page_begin: what the store has now, and the browser once it has this answer. */
void glance_after(glance *, app_request *);

/* A table with a column for each; after may be NULL. */
void glance_table(app_request *, const glance *before, const glance *after);

#endif
