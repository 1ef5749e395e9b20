/* SPDX-License-Identifier: ISC */
/* store_memory.h - what the files of the memory store share; nobody else includes it. */
#ifndef SESSKIT_STORE_MEMORY_H
#define SESSKIT_STORE_MEMORY_H

#include "sesskit_store.h"

#include <pthread.h>
#include <sys/types.h>

typedef struct memory_session memory_session;

/* Each key is in the tree of its kind, in the order in which keys are outdated: own ids of records,
 * other ids that lead to one, ids that lead to none. */
enum { TREE_ANONYMOUS, TREE_USERS, TREE_ALIASES, TREE_TRACES, TREES };

/* An id that means something: the own id of a record, or a trace. */
typedef struct memory_key memory_key;
struct memory_key {
	unsigned char id[SESS_ID_BYTES], secret[SESS_ID_BYTES];
	int via, tree;                  /* SESS_VIA_ID: the own id */
	int64_t since, until;           /* offered or retired at; outdated from this second on */
	memory_session *session;
	memory_key *chain, *sibling;    /* next in the same bucket; next of the same session */
	memory_key *child[2];           /* in the tree: those before it, those after it */
};

/* A record in one block of memory, which its pointers lead into. */
typedef struct memory_body {
	sess_record rec;
	size_t size;                    /* of the block, to be wiped */
	char bytes[];
} memory_body;

/* A session outlives its record for as long as one of its ids is remembered. */
struct memory_session {
	memory_body *body;              /* NULL: there is none any more, why says why */
	sess_status why;
	int64_t ended;                  /* when */
	bool replaced;                  /* by the record of this id */
	unsigned char next[SESS_ID_BYTES];
	memory_key *keys, *own;
	uint64_t number;                /* in the order in which they were made */
	memory_session *older, *newer;  /* than this one */
};

typedef struct memory_number {
	struct memory_number *next;
	int64_t value;
	char name[];
} memory_number;

/* What began and ended within one minute or hour, which unix time counts so. */
typedef struct memory_period {
	int64_t number;
	sess_tally tally;
} memory_period;

typedef struct memory_store {
	struct memory_store *next;
	pid_t pid;                      /* that made it; a child leaves it alone */
	size_t handles;
	pthread_mutex_t lock;           /* around each call, and from hold to release */
	memory_key **buckets;           /* mask + 1 chains */
	size_t mask;
	memory_key *tree[TREES];
	size_t count[TREES];            /* of keys in each */
	size_t max_sessions;
	memory_session *oldest, *newest;
	uint64_t made;                  /* sessions, ever */
	memory_number *numbers;
	memory_period minute[60], hour[24];     /* each in the place of its number, modulo */
	char name[];
} memory_store;

typedef struct memory_handle {
	memory_store *store;
	int busy_ms;
	bool holds;
} memory_handle;

/* store_memory.c */
memory_store *memory_enter(memory_handle *, sess_error *);      /* NULL: SESS_BUSY */
bool memory_is_full(const memory_store *, size_t more); /* with so many more traces */
int memory_leave(memory_handle *, int rc);              /* due after enter; returns rc */

/* store_memory_walk.c */
/* Into the list of all sessions, the oldest first, and out of it. */
void memory_link(memory_store *, memory_session *);
void memory_unlink(memory_store *, memory_session *);
int memory_walk(void *self, sess_cursor *, size_t limit, sess_item_fn *, void *arg, sess_error *);
int memory_restore(void *self, const sess_item *, sess_error *);
int memory_item(void *self, const unsigned char *id, sess_item_fn *, void *arg, sess_error *);

/* store_memory_stats.c */
void memory_tally(memory_store *, int64_t now, const sess_tally *);
int memory_stats(void *self, int64_t now, sess_stats *, sess_error *);

/* store_memory_many.c */
void memory_session_drop(memory_store *, memory_session *);     /* forget it and all its ids */
int memory_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *);
int memory_end_all(void *self, const sess_query *, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *);
int memory_list(void *self, const sess_query *, sess_record_fn *, void *arg, sess_error *);
int memory_count(void *self, const sess_query *, size_t *n, sess_error *);
int memory_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *);
int memory_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *);

/* store_memory_index.c */
/* The store of this name in this process, made if there is none; NULL when out of memory. */
memory_store *memory_store_get(const char *name, size_t max_sessions);
void memory_store_drop(memory_store *);         /* the last to do so frees it */

int memory_full(sess_error *);                          /* out of memory: SESS_NOMEM */

/* NULL if there is none. */
memory_key *memory_find(const memory_store *, const unsigned char *id);
memory_key *memory_first(const memory_store *, int tree);       /* to be outdated */
/* The next session that has a record, in no order; NULL comes before the first and after the last.
 * The present one may have been ended, but not dropped. */
memory_session *memory_next(const memory_store *, const memory_session *);

/* SESS_CONFLICT: the id is there already. */
int memory_session_add(memory_store *, const sess_record *, uint64_t revision, sess_error *);
int memory_key_add(memory_store *, memory_session *, const memory_key *like, sess_error *);
int memory_session_set(memory_store *, memory_session *, const sess_record *, sess_error *);
void memory_key_move(memory_store *, memory_key *, int64_t until);
/* Forget an id; with the own one goes the record, with the last one the session. */
void memory_key_drop(memory_store *, memory_key *);
/* All ids lead nowhere from now on, and say why until keep. */
void memory_session_end(memory_store *, memory_session *, sess_status why, int64_t now,
	int64_t keep);

#endif
