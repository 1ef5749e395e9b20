/* SPDX-License-Identifier: ISC */
/*
 * sesskit_store.h - what a session store must do. A store includes this header and nothing else
 * of ours; programs never do.
 *
 * A store keeps records under 32-byte ids. It never sees a cookie, never decodes data and never
 * decides how long something lives: times come from the core, in unix seconds.
 *
 * Traces. Beside the live records a store remembers ids that are no longer, or not yet, the id of
 * a record:
 *   candidate  offered to the browser, not yet seen back; leads to its record
 *   retired    replaced by a confirmed candidate; leads to the id that replaced it
 *   ended      leads nowhere, says why
 * Each trace lives until its own time and then may vanish.
 *
 * The contract. store_contract.c checks each sentence under its number.
 *  1 load finds a record by its id, with every field as it was stored, any bytes in data.
 *  2 A missing record is not an error: load returns 0.
 *  3 An expired record (expires <= now) is never returned, collected or not; ended says IDLE or AGED.
 *  4 load never creates or changes anything.
 *  5 insert refuses an id that is there already, as a record or as a trace: SESS_CONFLICT.
 *  6 update stores if the revision is the one given, and moves it on by one; else SESS_CONFLICT,
 *    and nothing is changed.
 *  7 update, touch and offer of a missing, expired or ended record, or under an id that is not the
 *    record's own: SESS_GONE; nothing is created.
 *  8 update with SESS_PART_DATA changes data and sealed, and no other field but the revision;
 *    SESS_PART_ALL also expires, absolute, idle, persist, address and agent, and seen if that is
 *    later. User, login and level change by replace only; secret, family, created, renew and
 *    offered never by update.
 *  9 touch moves seen and expires forward, never back, and leaves the revision alone; expires never
 *    goes past absolute.
 * 10 offer makes the candidate unless one was offered since the time given; of parallel offers
 *    exactly one returns 1, the others 0. The record's own id goes on working.
 * 11 load by a candidate gives the record with via CANDIDATE, since = when it was offered, and the
 *    secret that came with the candidate; id is the record's.
 * 12 confirm moves the record to the candidate's id and secret, and retires the old id and all
 *    other candidates, in one step; data and revision stay. Repeating it, or confirming one that
 *    is retired, is SESS_OK and changes nothing; an unknown one is SESS_GONE. What it retires
 *    is kept until the time given, or less if it was to be kept less.
 * 13 load by a retired id gives the record with via RETIRED, since = when it was retired, and the
 *    secret of that id, over any number of renewals.
 * 14 replace, guarded by revision as update is, puts the new record in place of the old one in one
 *    step; the old id, its candidates and retired ids lead nowhere from then on and say why.
 * 15 end removes the record, whether named by its id, a candidate, a retired id or an id that was
 *    replaced, and leaves a trace that says why; a missing record is SESS_OK. An expired one is
 *    ended as well: the clock may be ahead.
 * 16 A record once ended is never brought back by update, touch, offer, confirm or replace.
 * 17 end_all ends the records of a user (NULL: of everyone), expired ones too, but one, and counts
 *    them; that one may be named by a candidate or a retired id.
 * 18 list gives live records of a user, "" the anonymous, NULL all, last seen first, at most limit.
 * 19 count counts the same records.
 * 20 collect deletes expired records, with the traces that lead to them, and outdated traces, at
 *    most rows, oldest first, and nothing that load would still return or explain.
 * 21 cas sets a named number if it still has the value expected; a missing one counts as 0.
 * 22 Several handles, threads and processes at once: every call is atomic.
 * 23 Between hold and release no other handle changes the record held.
 * 24 replace, end, end_all, offer, an insert with SESS_SYNC and a restore with sync are on disk when
 *    they return, where the store has a disk; and all that was done before is when settle returns.
 * 25 A failure changes nothing, is returned as a code, and says what and why through sess_fail.
 *    Only when what 24 asks for fails, the change may have been made.
 * 26 walk hands on every record, expired ones too, with its data and all candidates and retired ids
 *    that lead to it, and every ended id; in pieces, each going on from the cursor of the one
 *    before. What is there throughout the walk comes at least once, and once if nothing changes. A
 *    damaged record is left out: the piece ends behind it, and err says so with code SESS_OK. item
 *    hands on the same, of just the record or the ended id that an id leads to, outdated or not.
 * 27 restore puts an item back as walk gave it, revision and traces and all, in one step. What was
 *    ended stays ended, and a record of the same or a later revision stays as it is, unless the item
 *    was renewed since: returns 0. An ended item ends what its id leads to.
 *    Of ids that lead elsewhere already none is taken: SESS_CONFLICT, and nothing is changed.
 * 28 stats counts live, signed in and waiting records exactly; and each start, login, end and
 *    collection once, in its minute.
 */
#ifndef SESSKIT_STORE_H
#define SESSKIT_STORE_H

#include "sesskit.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SESS_STORE_ABI 1
#define SESS_ID_BYTES 32
#define SESS_FAMILY_BYTES 16

/* How load came to the record. */
enum { SESS_VIA_ID, SESS_VIA_CANDIDATE, SESS_VIA_RETIRED };

/* Which part of a record update writes. */
enum { SESS_PART_DATA, SESS_PART_ALL };

enum { SESS_SYNC = 1 };                    /* insert: on disk before it returns */

typedef struct sess_record {
	unsigned char id[SESS_ID_BYTES];
	unsigned char secret[SESS_ID_BYTES];     /* opaque; belongs to the id presented */
	unsigned char family[SESS_FAMILY_BYTES]; /* opaque; stays over renewals */
	uint64_t revision;                       /* 1 when inserted */
	int64_t created, seen;
	int64_t expires;                         /* load refuses from this second on */
	int64_t absolute;                        /* 0: no absolute limit */
	int64_t idle;                            /* seconds */
	int64_t renew;                           /* when a new id is due; 0: never */
	int64_t offered;                         /* when the last candidate was made; 0: none */
	int64_t login;                           /* 0: anonymous */
	int64_t persist;                         /* seconds the cookie outlives the browser */
	int64_t level;
	const char *user, *address, *agent;      /* NULL: none */
	const void *data;
	size_t len;
	bool sealed;                             /* data is ciphertext, else JSON text */
	/* filled by load only */
	int via;
	int64_t since;                           /* offered, retired or ended at */
	sess_status ended;                       /* load returned 0: why; SESS_UNKNOWN if not known */
} sess_record;

/* The store URL, split and unescaped by the core; "" when absent. For what lies on other machines
 * scheme[+kind]://[user@]host[:port][,host[:port]...][/path][?query], or scheme+unix:///path; else
 * scheme:path. What stands on other stores: scheme:URL[ URL]. */
typedef struct sess_address {
	const char *url;                         /* for messages; without any password */
	const char *kind;                        /* what stands behind the '+' of the scheme */
	const char *host;                        /* all of them, as they stand there */
	const char *user, *path;
	const char *query;                       /* as it stands there: a value may have an escaped '&' */
	const char *password;                    /* from a file or the environment */
	const struct sess_base *base;            /* the stores that it stands on, */
	size_t bases;                            /* so many */
} sess_address;

/* A store below another one, which opens and closes it. */
typedef struct sess_base {
	const struct sess_provider *provider;
	const sess_address *address;
} sess_base;

/* What a store may need to know of the settings. */
typedef struct sess_limits {
	size_t max_bytes, max_sessions;
	int busy_ms;
	size_t carried;                          /* bytes that a browser takes; 0: any number */
} sess_limits;

/* Where load puts what its record points to; the core owns and wipes it. Returns the copy, with a
 * NUL behind it, or NULL when out of memory. data may be NULL when len is 0. */
typedef struct sess_sink sess_sink;
SESS_API void *sess_sink_put(sess_sink *, const void *data, size_t len);

/* Where a store says what failed: returns code. err may be NULL. Text as for printf. */
SESS_API int sess_fail(sess_error *err, int code, const char *text, ...)
#if defined(__GNUC__)
	__attribute__((format(printf, 3, 4)))
#endif
	;

typedef int sess_record_fn(void *arg, const sess_record *); /* nonzero stops and is returned */

/* Which records list, count and end_all mean. */
typedef struct sess_query {
	const char *user;                        /* NULL: all; "": anonymous */
	int64_t now;
	int64_t since;                           /* seen at or after; 0: all */
	size_t limit;                            /* list: at most; 0: all */
} sess_query;

/* An id that is not the id of a record, as walk and restore have it. */
enum { SESS_TRACE_CANDIDATE = 1, SESS_TRACE_RETIRED, SESS_TRACE_ENDED };

typedef struct sess_trace {
	int kind;
	unsigned char id[SESS_ID_BYTES];
	unsigned char secret[SESS_ID_BYTES];     /* candidate, retired */
	unsigned char next[SESS_ID_BYTES];       /* ended: what took its place; zeros: nothing did */
	int64_t at, keep;                        /* offered, retired or ended; forgotten from then on */
	sess_status why;                         /* ended */
} sess_trace;

/* A record with the candidates and retired ids that lead to it; or an ended id, without record. */
typedef struct sess_item {
	const sess_record *rec;                  /* NULL: ended */
	const sess_trace *traces;
	size_t count;                            /* ended: 1 */
	bool sync;                               /* for restore: on disk before it returns */
} sess_item;

typedef int sess_item_fn(void *arg, const sess_item *); /* nonzero stops and is returned */

/* Where a walk goes on; all zeros is the start. The bytes are the store's own, and may be kept in a
 * file and come back damaged. */
typedef struct sess_cursor {
	unsigned char at[48];
} sess_cursor;

/* What examine found, one line each, with the remedy where there is one ("" else). */
enum { SESS_FINE, SESS_WARNING, SESS_FAULT };
typedef void sess_finding_fn(void *arg, int level, const char *text, const char *remedy);

/* What tidy does. */
enum { SESS_TIDY_LOG = 1,                        /* empty the write log into the store */
	SESS_TIDY_SHRINK = 2 };                      /* give unused room back to the system */

enum { SESS_STORE_LOCAL = 1,                    /* its path is a file or folder on this machine */
	SESS_STORE_PROCESS = 2,                      /* lives and dies with the process */
	SESS_STORE_REMOTE = 4,                       /* a server: the URL has hosts, or a socket */
	SESS_STORE_OVER = 8 };                       /* stands on other stores */

typedef struct sess_provider {
	unsigned abi;                            /* SESS_STORE_ABI; new slots only at the end */
	const char *scheme;                      /* "sqlite": the URL before ':' */
	unsigned flags;

	/* must provide; err is never NULL. Calls for one self come from one thread. */
	int (*open)(void **self, const sess_address *, const sess_limits *, sess_error *err);
	void (*close)(void *self);
	/* 1 found, 0 not, negative on failure; on 0 only ended is set, and since if a trace said why */
	int (*load)(void *self, const unsigned char *id, int64_t now, sess_record *, sess_sink *,
		sess_error *err);
	/* the record's revision is ignored and becomes 1 */
	int (*insert)(void *self, const sess_record *, int64_t now, int flags, sess_error *err);
	/* record->revision is the one expected; part is SESS_PART_... */
	int (*update)(void *self, const sess_record *, int64_t now, int part, sess_error *err);
	int (*touch)(void *self, const unsigned char *id, int64_t seen, int64_t expires,
		sess_error *err);
	/* 1 offered, 0 there is one offered after the time free_since, negative on failure. now becomes
	 * the record's offered. The trace lives until keep. */
	int (*offer)(void *self, const unsigned char *id, const unsigned char *candidate,
		const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep,
		sess_error *err);
	/* renew becomes the record's renew, offered becomes 0; what retires is kept until keep */
	int (*confirm)(void *self, const unsigned char *candidate, int64_t now, int64_t renew,
		int64_t keep, sess_error *err);
	/* record->revision is the one expected of the old record; the new one has revision + 1. The
	 * traces live until keep and say why. */
	int (*replace)(void *self, const unsigned char *old, const sess_record *, sess_status why,
		int64_t now, int64_t keep, sess_error *err);
	int (*end)(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
		sess_error *err);
	int (*end_all)(void *self, const sess_query *, const unsigned char *except, sess_status why,
		int64_t keep, size_t *n, sess_error *err);
	/* records passed on have no data, but its len */
	int (*list)(void *self, const sess_query *, sess_record_fn *, void *arg, sess_error *err);
	int (*count)(void *self, const sess_query *, size_t *n, sess_error *err);
	int (*collect)(void *self, int64_t now, size_t rows, size_t *n, sess_error *err);
	/* 1 set, 0 it had another value, negative on failure; *found is the value before, always */
	int (*cas)(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
		sess_error *err);

	/* may provide */
	/* lock one record, so that load and write of it cannot meet a conflict; if NULL, the core
	 * tries again and again. What was done in between counts once release has returned. */
	int (*hold)(void *self, const unsigned char *id, sess_error *err);
	int (*release)(void *self, sess_error *err);
	/* housekeeping between requests; if NULL, there is none */
	int (*idle)(void *self, sess_error *err);
	/* this is a child process, self belongs to the parent: let go of it without touching what the
	 * two share; if NULL, self is left as it is and forgotten */
	void (*forked)(void *self);
	/* about as many items as limit; 1: there is more, 0: that was all, negative on failure. What
	 * the items point to is lent to the function, which must not use self; for NULL, it cannot be
	 * walked */
	int (*walk)(void *self, sess_cursor *, size_t limit, sess_item_fn *, void *arg,
		sess_error *err);
	/* 1 put there, 0 what is there stays, negative on failure. No item is given but one that a walk
	 * could have handed on */
	int (*restore)(void *self, const sess_item *, sess_error *err);
	/* all that it can tell; the rest is -1 already */
	int (*stats)(void *self, int64_t now, sess_stats *, sess_error *err);
	/* some of the work that flags ask for, as long as about so many milliseconds; 1: there is more,
	 * 0: done; *freed bytes went back to the system */
	int (*tidy)(void *self, int flags, int ms, int64_t *freed, sess_error *err);
	/* look for faults without opening the store, which may be damaged, and change nothing; deep also
	 * reads all that is stored */
	void (*examine)(const sess_address *, const sess_limits *, bool deep, sess_finding_fn *,
		void *arg);
	/* put on disk what cas, or anything else, has left for later; if NULL, that is nothing */
	int (*settle)(void *self, sess_error *err);
	/* The next three are for a store whose records the browser keeps. What it brought under this id
	 * and nobody else can have made; NULL: nothing. What is done from now on is done to that. */
	int (*bring)(void *self, const unsigned char *id, const void *bytes, size_t len,
		sess_error *err);
	/* 1 what it is to bring next time, lent until the next call; 0 the same again, or nothing */
	int (*carry)(void *self, const void **bytes, size_t *len);
	/* 1 nobody claimed this id before, which is on disk; 0 somebody did; negative on failure. A
	 * record cannot tell, for an older state of it may be brought again. */
	int (*claim)(void *self, const unsigned char *id, int64_t now, int64_t keep, sess_error *err);
	/* hand on the one item that an id leads to, as walk does: 0 there is none, or it is damaged,
	 * which err says with code SESS_OK; 1 the function has had it, and returned 0; else what the
	 * function returned, or negative on failure */
	int (*item)(void *self, const unsigned char *id, sess_item_fn *, void *arg, sess_error *err);
} sess_provider;

#ifdef __cplusplus
}
#endif
#endif
