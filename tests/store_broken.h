/* SPDX-License-Identifier: ISC */
/* store_broken.h - ways in which a store can break its contract; store_broken.c runs them all. */
#ifndef STORE_BROKEN_H
#define STORE_BROKEN_H

#include "internal.h"

/* What is broken: the slots given here take the place of those of the store that works. */
struct breakage {
	int sentence;           /* that must notice it; 0 ends a list */
	const char *text;
	sess_provider slots;
};

extern const struct breakage broken_record[];   /* sentences 1 to 9 */
extern const struct breakage broken_life[];     /* sentences 10 to 17 */
extern const struct breakage broken_many[];     /* sentences 18 to 25 */
extern const struct breakage broken_walk[];     /* sentences 26 and 27 */
extern const struct breakage broken_stats[];    /* sentence 28 */

/* The store that works. */
extern const sess_provider sess_provider_memory;
static const sess_provider *const real = &sess_provider_memory;

/* The revision of a record that is there now, 0 if there is none. */
uint64_t real_revision(void *self, const unsigned char *id, int64_t now);
/* Change a record without changing anything in it but its revision. */
void real_bump(void *self, const unsigned char *id, int64_t now);

#endif
