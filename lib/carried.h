/* SPDX-License-Identifier: ISC */
/*
 * carried.h - the one session that a browser brought, to the core of stores: what is in hand is all
 * that there is.
 */
#ifndef SESSKIT_CARRIED_H
#define SESSKIT_CARRIED_H

#include "ended.h"
#include "home.h"

/* The first member of a store's self. */
typedef struct carried {
	home_store home;                        /* of one value, the one in hand */
	unsigned char id[SESS_ID_BYTES];        /* of what is in hand */
	home_value hand;                        /* epochs and value, as bytes; len 0: nothing */
	int64_t epoch[EPOCHS];                  /* that it is in */
	bool changed;                           /* since it was brought: by a load, if its epochs moved */
} carried;

bool carried_open(carried *, const char *name, const sess_limits *);     /* false: out of memory */
void carried_close(carried *);
bool carried_has(const carried *, const unsigned char *id);
/* Make the value of a record, if it is not more than a browser keeps: SESS_OK or negative. */
int carried_write(carried *, const sess_record *, uint64_t revision, sess_error *);
/* What was made comes into the hand, in place of what is there: SESS_OK or negative. */
int carried_take(carried *, const unsigned char *id, const int64_t epoch[EPOCHS], sess_error *);
/* Slots of a provider. */
int carried_bring(void *self, const unsigned char *id, const void *bytes, size_t len, sess_error *);
int carried_carry(void *self, const void **bytes, size_t *len);

#endif
