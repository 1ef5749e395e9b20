/* SPDX-License-Identifier: ISC */
/* alloc.h - counts what a test allocates, lets chosen allocations fail, and sees what is given back
 * unwiped. The program is linked with $(wrap_alloc), which puts these in front of malloc. */
#ifndef ALLOC_H
#define ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* Calls of malloc and calloc so far, those that failed included. */
size_t alloc_count(void);

/* Let the n-th allocation from now fail (1: the next), and all after it too if onwards; 0: none. */
void alloc_fail(size_t n, bool onwards);

/* Look for this text in every block that is freed from now on; NULL: stop looking. */
void alloc_watch(const char *text);

/* How many blocks were freed with the text still in them, since alloc_watch. */
size_t alloc_unwiped(void);

#endif
