/* SPDX-License-Identifier: ISC */
/* home_shelf.h - the least that the core of stores stands on: values by key in the memory of a
 * test, without locks, with faults to order. */
#ifndef HOME_SHELF_H
#define HOME_SHELF_H

#include "home.h"

extern const sess_provider home_shelf;

/* Shared by all handles of all such stores, and zero at first. */
typedef struct shelf_faults {
	unsigned conflicts;             /* every so many swaps somebody else was first; 0: never */
	int fail_after;                 /* calls that change something until one fails; 0: none does */
	bool stay_down;                 /* all later ones fail as well */
	size_t swaps;                   /* that were asked for */
	void (*before_swap)(void);      /* once: what others do meanwhile */
	void (*before_unmark)(void);
} shelf_faults;
extern shelf_faults shelf_faulty;

/* The bytes of a value, to be looked at and damaged; NULL: there is none. */
home_value *shelf_value(void *self, const unsigned char *key);
size_t shelf_marks(void *self); /* how many there are, by time and by user */
size_t shelf_values(void *self);

#endif
