/* SPDX-License-Identifier: ISC */
/*
 * ended.h - what has ended, in a store that has nothing else of these sessions: ids one by one, and
 * in which epoch the sessions of a user, and of everyone, are; to end all of them begins a new one. A
 * session remembers the epochs that it began in, and is over when a later one did not spare it.
 */
#ifndef SESSKIT_ENDED_H
#define SESSKIT_ENDED_H

#include "sesskit_store.h"

enum { EPOCH_EVERYONE, EPOCH_USER, EPOCHS };

typedef struct ended {
	const sess_provider *store;
	void *self;                             /* the store's */
} ended;

/* 1 the id has ended, as out says; 0 nothing is known; negative on failure. */
int ended_find(const ended *, const unsigned char *id, int64_t now, sess_record *out, sess_error *);
/* On disk when it returns: 1 it has ended now, 0 it had before, negative on failure. */
int ended_put(const ended *, const sess_trace *, sess_error *);
/* The same with whatever took the place of an id that had ended before. SESS_OK or negative. */
int ended_put_all(const ended *, const sess_trace *, sess_error *);
/* Until when to remember the end of a session, NULL: of which nothing is known: until keep at least,
 * and for as long as any copy of it could be valid. */
int64_t ended_until(const sess_record *, int64_t now, int64_t keep);

/* user may be NULL, which is anonymous. */
int epochs_read(const ended *, const char *user, int64_t epoch[EPOCHS], sess_error *);
/* 1 no later epoch ended the session; those that spared it are taken over, which *moved tells. 0 it
 * is over. Negative on failure. */
int epochs_check(const ended *, const unsigned char *id, const char *user, int64_t epoch[EPOCHS],
	bool *moved, sess_error *);
/* Begin a new one for those that the query means, but spare one id (NULL: none), which is known until
 * keep. */
int epochs_next(const ended *, const sess_query *, const unsigned char *except, int64_t keep,
	sess_error *);

#endif
