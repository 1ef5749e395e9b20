/* SPDX-License-Identifier: ISC */
/* powerplant.h - traffic on a store, and power cuts at any moment of it. */
#ifndef POWERPLANT_H
#define POWERPLANT_H

#include "faults.h"

#define POWER_SLOTS 40
#define POWER_GRAVES 60

typedef struct power_slot {
	int told, user;
	jar cookie;
} power_slot;

typedef struct plant plant;
struct plant {
	/* The store: settings for it and for what a cut leaves, which leave writes, nonzero if it
	 * cannot. May be NULL: "ok" or what is wrong with that; what an operator does now and then. */
	sess_config config, after;
	int (*leave)(plant *);
	const char *(*form)(plant *);
	void (*tidy)(plant *);

	sess_kit *kit[2];
	int64_t now;
	uint64_t seed;
	power_slot slots[POWER_SLOTS];
	jar graves[POWER_GRAVES];       /* ids that ended */
	unsigned buried;
	int images, one_in, faults;
	const char *doing;
};

/* Settings for both; the rest of a plant is 0. */
void power_settings(plant *, const char *store, const char *after);
/* Open the store; one session is there for good. */
void power_open(plant *);
/* Perhaps cut the power, and look at what is left: at each moment when something may be lost. */
void power_maybe_cut(plant *);
/* Traffic until there were so many cuts, with its checks; both kits are closed. */
void power_run(plant *, int cuts);

#endif
