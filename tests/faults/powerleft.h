/* SPDX-License-Identifier: ISC */
/* powerleft.h - what a power cut leaves of a folder that powerpreload.c watches. */
#ifndef POWERLEFT_H
#define POWERLEFT_H

#include <stdint.h>

/* Make the shadow of a folder anew: all that is in it counts as synced. Nonzero if that fails. */
int power_begin(const char *folder, const char *shadow);
/* Write a folder as it might be found after a power cut now, in the place of one that is there:
 * what was synced and, unless seed is NULL, some of what was done later. Nonzero if that fails. */
int power_leave(const char *folder, const char *shadow, const char *to, uint64_t *seed);
/* With all that is in it; nonzero if that fails. */
int power_remove(const char *folder);

#endif
