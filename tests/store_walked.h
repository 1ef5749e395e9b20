/* SPDX-License-Identifier: ISC */
/* store_walked.h - what a walk through a store handed on, kept to be compared and put back. */
#ifndef STORE_WALKED_H
#define STORE_WALKED_H

#include "store_contract.h"

#define WALKED_MAX 400
#define WALKED_TRACES 8

typedef struct walked_item {
	bool ended;
	sess_record rec;                /* its pointers lead into memory */
	sess_trace traces[WALKED_TRACES];
	size_t count;
} walked_item;

typedef struct walked {
	walked_item at[WALKED_MAX];
	size_t n;
	size_t full;                    /* stop with 7 when there are so many; 0: never */
	bool overrun;                   /* there was more than fits */
	arena memory;
} walked;

void walked_free(walked *);
/* One piece, added to what there is: what walk returned. */
int walk_piece(contract *, walked *, sess_cursor *, size_t limit);
/* Just what an id leads to: what item returned. */
int walk_item(contract *, walked *, const unsigned char *id);
/* All of it; false if it failed, or did not come to an end. */
bool walk_all(contract *, walked *, size_t limit);
/* How many items have this as their id; *last is one of them, unless NULL. */
size_t walked_find(const walked *, const unsigned char *id, const walked_item **last);
/* How many records have this family. */
size_t walked_family(const walked *, const unsigned char *family);
sess_item walked_as_item(const walked_item *);
/* In what two items differ; NULL: in nothing. */
const char *walked_difference(const walked_item *, const walked_item *);

#endif
