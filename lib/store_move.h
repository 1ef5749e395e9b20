/* SPDX-License-Identifier: ISC */
/*
 * store_move.h - how sessions move from one store to another while programs use them. Two stores
 * cannot be changed in one step, and with writes to both a crash between the two would leave two
 * truths. So each session is in one store at a time, and moves when it is asked for: nobody goes on
 * with the old one before the new one has it on disk.
 */
#ifndef SESSKIT_STORE_MOVE_H
#define SESSKIT_STORE_MOVE_H

#include "sesskit_store.h"

/* How far it is, as a number in the store that sessions move from: the phase, and above it the name
 * of the store that they move to. So both change in one step. */
#define MOVE_NUMBER "sesskit: moved to another store"
enum { MOVE_NOT,                /* not begun: that store has all */
	MOVE_BEGUN,                 /* what is not in the new one yet is in the old one */
	MOVE_DONE };                /* the old one is asked no more */
#define MOVE_NAME_SHIFT 2
/* A random number in the store that sessions move to, which it keeps for ever: URLs may be mistaken,
 * and one store may have two. Below 2^50, so that no store takes it for a fraction. */
#define MOVE_NAME "sesskit: name of this store"
#define MOVE_NAME_BITS 50

/* When a session was over that has moved: no call is so early, and so nothing more happens to it
 * where it was. */
#define MOVE_EPOCH INT64_C(1)

/* One of the two stores. */
typedef struct move_end {
	const sess_provider *store;
	void *self;
	const char *url;                /* for messages */
} move_end;

typedef struct move_pair {
	move_end from, to;
	int busy_ms;
} move_pair;

/* -- move_pull.c ------------------------------------------------------------------------------- */

static inline int64_t
move_phase_of(int64_t number)
{
	return number & ((1 << MOVE_NAME_SHIFT) - 1);
}

static inline int64_t
move_name_of(int64_t number)
{
	return number >> MOVE_NAME_SHIFT;
}

/* The number of the store that sessions move from. */
int move_number(const move_end *from, int64_t *number, sess_error *);
/* The name of a store; 0: it has none. */
int move_name(const move_end *, int64_t *name, sess_error *);
/* Let what an id leads to be in the new store: what it was replaced by as well, if it was. Nothing
 * is done if the old one has none that is still there. SESS_OK or negative. */
int move_pull(const move_pair *, const unsigned char *id, sess_error *);
/* The same with just this id, for who goes through all of them. */
int move_pull_one(const move_pair *, const unsigned char *id, sess_error *);
/* That failed because it cannot move: the new store does not take it, or it is damaged. */
bool move_refused(int rc);
/* End what cannot be pulled: in the old store, and in the new one. */
int move_end_left(const move_pair *, const unsigned char *id, sess_status why, int64_t now,
	int64_t keep, sess_error *);
/* persist as it was, of a record that is on its way. */
int64_t move_persist(int64_t);

/* -- store_move.c ------------------------------------------------------------------------------ */

typedef struct move_store {
	move_pair pair;
	int64_t phase;                  /* as it was read last; MOVE_DONE is for ever */
	int64_t name;                   /* of the new store; below 0: not read yet */
	const move_end *walked;         /* the one that the walk in hand began on */
} move_store;

/* Read the phase, unless nothing can come after it. SESS_CONFIG: FROM moves to another store. */
int move_look(move_store *, sess_error *);
/* The same, and the store that has what is not about one session. */
int move_lead(move_store *, const move_end **, sess_error *);

/* -- move_many.c: slots ------------------------------------------------------------------------ */

int move_end_all(void *self, const sess_query *, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *);
int move_list(void *self, const sess_query *, sess_record_fn *, void *arg, sess_error *);
int move_count(void *self, const sess_query *, size_t *n, sess_error *);
int move_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *);
int move_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *);
int move_walk(void *self, sess_cursor *, size_t limit, sess_item_fn *, void *arg, sess_error *);
int move_restore(void *self, const sess_item *, sess_error *);
int move_item(void *self, const unsigned char *id, sess_item_fn *, void *arg, sess_error *);
int move_stats(void *self, int64_t now, sess_stats *, sess_error *);

#endif
