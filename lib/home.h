/* SPDX-License-Identifier: ISC */
/*
 * home.h - the core of all stores that can get and swap one value by its key, and no more.
 *
 * A session lives at its home: the first id it had stays its key over renewals and logins. The
 * value there holds the record and all other ids of the session, each with what it is: a candidate,
 * retired, or ended. So each change of a session is one swap of one value, done again if somebody
 * else was first. Every further id is the key of a pointer to the home, written before the home
 * lists it. Only that list is believed: what a crash leaves behind leads nowhere.
 *
 * Marks are how a store finds many values: by the time when they are due to be collected, and by
 * user. A mark is made before the value that it is for, and removed after it: a crash leaves one
 * too many, and whoever meets that one removes it.
 */
#ifndef SESSKIT_HOME_H
#define SESSKIT_HOME_H

#include "sesskit_store.h"

/* -- what a store gives ------------------------------------------------------------------------ */

/* Bytes that grow and are wiped before their memory goes back. */
typedef struct home_value {
	unsigned char *bytes;
	size_t len, room;
	uint64_t version;       /* the store's own: what swap knows the value by */
} home_value;

enum { HOME_ANONYMOUS = 'a', HOME_USER = 'u', HOME_TRACES = 't', HOME_POINTER = 'p' };

/* What a value is marked by. */
typedef struct home_mark {
	int kind;               /* 0: no mark by time */
	int64_t due;            /* when to look at it for collection */
	const char *user;       /* NULL: no mark by user */
	bool home;              /* one of those that each hands on: no pointer, no number */
} home_mark;

/* Nonzero stops and is returned. */
typedef int home_key_fn(void *arg, const unsigned char *key);
typedef int home_due_fn(void *arg, const unsigned char *key, const home_mark *);

typedef struct home_ops {
	/* 1 found, 0 there is none, negative on failure */
	int (*get)(void *self, const unsigned char *key, home_value *, sess_error *);
	/* put next (NULL: nothing) in the place of what was got (NULL: of nothing); 1 done, 0 something
	 * else is there by now. With SESS_SYNC it is on disk when it returns. due is when the value may
	 * be forgotten, unless it is swapped again. */
	int (*swap)(void *self, const unsigned char *key, const home_value *got,
		const home_value *next, int64_t due, int flags, sess_error *);
	/* make marks, which may be there already, or remove them, which may be gone already */
	int (*mark)(void *self, const unsigned char *key, const home_mark *, bool on, int flags,
		sess_error *);
	/* at most so many marks by time that are due, the earliest first */
	int (*due)(void *self, int64_t now, size_t rows, home_due_fn *, void *arg, sess_error *);
	/* all keys of a user's marks */
	int (*of_user)(void *self, const char *user, home_key_fn *, void *arg, sess_error *);
	/* about as many keys of homes as limit (others do no harm), in any order that lasts, going on
	 * behind the last one for which the function returned 0; 1: there are more, 0: that was all.
	 * The cursor's first HOME_PLACE bytes are the store's own. */
	int (*each)(void *self, sess_cursor *, size_t limit, home_key_fn *, void *arg, sess_error *);
	/* may be NULL: add to what stats tells */
	int (*tally)(void *self, int64_t now, const sess_tally *, sess_error *);
	/* add live, signed in and waiting ones, and set the oldest, as the marks by time tell; and add
	 * what tally was told: all are 0 */
	int (*stats)(void *self, int64_t now, sess_stats *, sess_error *);
	/* may be NULL: put on disk all that was swapped without SESS_SYNC */
	int (*settle)(void *self, sess_error *);
	/* may be NULL: keep other handles from swapping the value of a key. If one has it, SESS_BUSY
	 * after a wait, or HOME_AGAIN at once. A handle may lock the same key twice, and two more
	 * besides: what it holds, a home, and what is to lead there. Without it, swap finds out. */
	int (*lock)(void *self, const unsigned char *key, bool wait, sess_error *);
	void (*unlock)(void *self, const unsigned char *key);
} home_ops;

#define HOME_PLACE 38

/* What a value is. */
enum { HOME_NOTHING, HOME_SESSION, HOME_LINK, HOME_NUMBER, HOME_DAMAGED };

/* A value that was read. All that it points to is in its bytes. */
typedef struct home {
	unsigned char key[SESS_ID_BYTES];
	home_value value;
	bool got;                       /* there was a value */
	int what;                       /* HOME_NOTHING and its like */
	bool live;                      /* a session with a record; else there are traces alone */
	unsigned char target[SESS_ID_BYTES];    /* HOME_LINK: the home it leads to, if that agrees */
	int64_t look;                   /* HOME_LINK: when to see whether it still does */
	int64_t number;                 /* HOME_NUMBER */
	sess_record rec;
	sess_trace *ids;                /* all but the record's own */
	size_t count, room;
	home_mark was;                  /* its marks, as it was read */
} home;

/* The first member of a store's self: made by home_open, released by home_close. What the core
 * calls ops with is a pointer to it, and so to the store's self. */
typedef struct home_store {
	const home_ops *ops;
	const char *name;               /* for messages; the store's own */
	sess_limits limits;
	bool full;                      /* set by the store: what failed may work with more room */
	int64_t now;                    /* as the call in hand was told; INT64_MIN: it was not */
	unsigned calls;                 /* so many: what may take so long in all is one of them */
	bool many;                      /* the call in hand is about many: each step has its own time */
	home one, other;                /* the home in hand, and one looked at meanwhile */
	home_value next;                /* what is put in its place */
	bool holds;
	unsigned char held[SESS_ID_BYTES];      /* key of the home that is held */
} home_store;

void home_open(home_store *, const home_ops *, const char *name, const sess_limits *);
void home_close(home_store *);

/* What a value has at most; one of ours that was larger was never stored. */
size_t home_most(const home_store *);
/* Room for so many bytes in all; false: out of memory. What was there is lost. */
bool home_room(home_value *, size_t len);

/* Waiting for others: sleep a little, longer each time; false once ms are over. */
typedef struct home_wait {
	int64_t until;          /* 0: this is the first time */
	unsigned tries;
} home_wait;
bool home_wait_more(home_wait *, int ms);
int64_t home_ms(void);          /* milliseconds that only go forward */
/* Bytes that nobody else ever has. */
void home_nonce(void *, size_t len);

/* -- the slots of a provider ------------------------------------------------------------------- */

int home_load(void *self, const unsigned char *id, int64_t now, sess_record *, sess_sink *,
	sess_error *);
int home_insert(void *self, const sess_record *, int64_t now, int flags, sess_error *);
int home_update(void *self, const sess_record *, int64_t now, int part, sess_error *);
int home_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *);
int home_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *);
int home_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew,
	int64_t keep, sess_error *);
int home_replace(void *self, const unsigned char *old, const sess_record *, sess_status why,
	int64_t now, int64_t keep, sess_error *);
int home_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *);
int home_end_all(void *self, const sess_query *, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *);
int home_list(void *self, const sess_query *, sess_record_fn *, void *arg, sess_error *);
int home_count(void *self, const sess_query *, size_t *n, sess_error *);
int home_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *);
int home_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *);
int home_hold(void *self, const unsigned char *id, sess_error *);       /* with lock only */
int home_release(void *self, sess_error *);
int home_walk(void *self, sess_cursor *, size_t limit, sess_item_fn *, void *arg, sess_error *);
int home_restore(void *self, const sess_item *, sess_error *);
int home_item(void *self, const unsigned char *id, sess_item_fn *, void *arg, sess_error *);
int home_stats(void *self, int64_t now, sess_stats *, sess_error *);
int home_settle(void *self, sess_error *);
/* For the stats of home_ops: so many have marks of this kind, and the earliest is due then. */
void home_sum(sess_stats *, int64_t now, int kind, int64_t due, int64_t n);
/* For examine: tell what is damaged of all that is there, and how much that is. */
struct examination;
void home_examine(home_store *, const struct examination *);

/* All but those two that take a lock: what a provider has beside these is the store's own. */
#define HOME_SLOTS \
	.load = home_load, .insert = home_insert, .update = home_update, .touch = home_touch, \
	.offer = home_offer, .confirm = home_confirm, .replace = home_replace, .end = home_end, \
	.end_all = home_end_all, .list = home_list, .count = home_count, .collect = home_collect, \
	.cas = home_cas, .walk = home_walk, .restore = home_restore, .stats = home_stats, \
	.item = home_item, .settle = home_settle

/* -- home_value.c: a home as bytes ------------------------------------------------------------- */

/* Read h->value, got under h->key; anything wrong with it makes it HOME_DAMAGED. SESS_NOMEM. */
int home_read(home *, size_t max_bytes, sess_error *);
/* What h is by now, as bytes; none if it is nothing any more. SESS_NOMEM. */
int home_write(const home *, home_value *, sess_error *);
/* The marks that it should have; lends its user. */
home_mark home_marks(const home *);

/* -- home_memory.c ----------------------------------------------------------------------------- */

void home_value_free(home_value *);
void home_free(home *);
/* One more id, to be filled in; NULL: out of memory. */
sess_trace *home_add_id(home *, int kind, const unsigned char *id, sess_error *);

/* -- home.c: finding and changing one ---------------------------------------------------------- */

int home_full(sess_error *);            /* out of memory: SESS_NOMEM */
void home_call(home_store *, int64_t now);      /* a call begins; INT64_MIN: it is not told */
void home_call_many(home_store *, int64_t now); /* one that is about many */
/* Look at the value of just this key: SESS_OK or negative. */
int home_look(home_store *, home *, const unsigned char *key, sess_error *);
/* Look at the home that this id leads to: HOME_SESSION, HOME_DAMAGED or HOME_NOTHING. */
int home_find(home_store *, home *, const unsigned char *id, sess_error *);
/* What an id is to its home. */
bool home_is_own(const home *, const unsigned char *id);
sess_trace *home_trace(const home *, const unsigned char *id);

enum { HOME_STAYS, HOME_CHANGED, HOME_MARKS, HOME_AGAIN };

/* Change what an id leads to, which is b->one, HOME_NOTHING if there is nothing. The function
 * returns HOME_CHANGED; HOME_STAYS when there is nothing to do; HOME_MARKS when only its marks are
 * to be put right; HOME_AGAIN to be called again, as it is when somebody else was first; or a
 * failure. So does this, once that is done. */
typedef int home_change_fn(home_store *b, home *h, void *arg, sess_error *);
int home_change(home_store *, const unsigned char *id, home_change_fn *fn, void *arg, int flags,
	sess_error *);
/* The same with the value of just this key, whatever it is. */
int home_change_key(home_store *, const unsigned char *key, home_change_fn *fn, void *arg, int flags,
	sess_error *);
/* Let an id lead to h, which is b->one, before h lists it; look is when to see whether it does.
 * HOME_AGAIN if somebody else is at it, or it leads elsewhere by now. b->other is lost. */
int home_point(home_store *, const unsigned char *id, const home *h, int64_t look, int flags,
	sess_error *);
void home_tally(home_store *, int64_t now, const sess_tally *);

/* -- home_life.c ------------------------------------------------------------------------------- */

#define HOME_DAY 86400          /* how often a pointer is looked at */

/* SESS_OK if this is the own id of a live record, with this revision (NULL: any); SESS_GONE or
 * SESS_CONFLICT. */
int home_own(const home_store *, const home *, const unsigned char *id, int64_t now,
	const uint64_t *revision, sess_error *);
/* SESS_OK if nothing is known of an id, else SESS_CONFLICT or worse. */
int home_unused(home_store *, const unsigned char *id, sess_error *);

/* -- home_end.c -------------------------------------------------------------------------------- */

/* The record is no more; its ids have ended, for this reason. next may be NULL. */
int home_end_ids(home *, sess_status why, int64_t now, int64_t keep, const unsigned char *next,
	sess_error *);
/* Forget outdated ids, and of those that ended the oldest if they are too many. */
void home_prune(home *, int64_t now);

/* -- home_many.c ------------------------------------------------------------------------------- */

bool home_by_user(const sess_query *);          /* it means one user's records */
bool home_is_meant(const home *, const sess_query *);
/* Keys of homes among which are all that a query means. */
int home_each_key(home_store *, const sess_query *, home_key_fn *, void *arg, sess_error *);

#endif
