/* SPDX-License-Identifier: ISC */
/*
 * store_contract.h - the contract of sesskit_store.h as a suite that runs against any provider.
 * A test program for a store is one call of store_contract_main. The rest is for the parts of the
 * suite and for the programs that prove the suite itself.
 */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include "internal.h"

#define CONTRACT_SENTENCES 28
#define CONTRACT_BUSY_MS 40             /* how long a case waits for a store that stays locked */
#define CONTRACT_REMOTE_MS 5000         /* and for a server, whose disk may be slow */
#define CONTRACT_NOW INT64_C(1700000000)
#define CONTRACT_LIFE 1800              /* of a record made by fresh_record */

/* One check: sentence and number as in "12.3", and what was checked. */
typedef void contract_report(void *arg, int sentence, int number, bool passed, const char *text);

typedef struct contract {
	const sess_provider *provider;
	contract_report *report;
	void *arg;
	int sentence, number, failures;
	int silent;                     /* failures that came without code or text */
	unsigned serial;                /* of ids */
	sess_limits limits;
	void *self;                     /* the handle that most cases use */
	char here[512];                 /* path of the store of this sentence */
	sess_sink sink;
	sess_record got;                /* what load gave */
	sess_error err;
} contract;

/* Run the whole suite, or one sentence if only is not 0; the number of failures. Each sentence has
 * a store of its own, whose path begins with the path given. */
int store_contract(const sess_provider *, const char *path, int only, contract_report *, void *arg);

/* The test program of one store: prints each check, returns the exit status. */
int store_contract_main(const sess_provider *, const char *path);

/* The sentences, each in the file named after its subject. */
void contract_load(contract *);         /* 1 */
void contract_missing(contract *);
void contract_expired(contract *);
void contract_load_only(contract *);
void contract_insert(contract *);       /* 5 */
void contract_update(contract *);
void contract_gone(contract *);
void contract_parts(contract *);
void contract_touch(contract *);
void contract_offer(contract *);        /* 10 */
void contract_candidate(contract *);
void contract_confirm(contract *);
void contract_retired(contract *);
void contract_replace(contract *);
void contract_end(contract *);          /* 15 */
void contract_stays_ended(contract *);
void contract_end_all(contract *);
void contract_list(contract *);
void contract_count(contract *);
void contract_collect(contract *);      /* 20 */
void contract_cas(contract *);
void contract_handles(contract *);
void contract_hold(contract *);
void contract_durable(contract *);
void contract_failures(contract *);     /* 25 */
void contract_walk(contract *);
void contract_item(contract *);         /* the second half of 26 */
void contract_restore(contract *);
void contract_stats(contract *);

/* -- checks; each returns whether it passed -------------------------------------------------- */

bool check(contract *, bool passed, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
bool check_int(contract *, int64_t got, int64_t want, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The first field of two records that differs, but for the revision; NULL if none does. */
const char *record_difference(const sess_record *, const sess_record *);
/* load gives this record, but for its revision, in every field that was stored. */
bool check_found(contract *, const sess_record *, int64_t now, uint64_t revision,
	const char *what);
/* load gives nothing, says why, and leaves the record given to it alone but for that. */
bool check_ended(contract *, const unsigned char *id, int64_t now, sess_status why,
	const char *what);
/* load by this id leads to a record by this way; since, if not 0, is compared as well. */
bool check_leads(contract *, const unsigned char *id, int64_t now, int via, int64_t since,
	const unsigned char *record, const char *what);

/* -- calls on c->self; a failure must come with a text, which sentence 25 tells -------------- */

void *open_handle(contract *);          /* another one; ends the test on failure */
/* In a child process: c->self becomes a handle of its own. */
void reopen_in_child(contract *);
void swap_handle(contract *, void **other);     /* with c->self */
int result(contract *, int rc);         /* counts failures without text; returns rc */
int do_load(contract *, const unsigned char *id, int64_t now);
int do_insert(contract *, const sess_record *);
int do_update(contract *, const sess_record *, int64_t now, int part);
int do_touch(contract *, const unsigned char *id, int64_t seen, int64_t expires);
int do_offer(contract *, const unsigned char *id, const unsigned char *candidate, int64_t now,
	int64_t free_since);
int do_confirm(contract *, const unsigned char *candidate, int64_t now);
int do_confirm_until(contract *, const unsigned char *candidate, int64_t now, int64_t keep);
int do_replace(contract *, const unsigned char *old, const sess_record *, int64_t now);
int do_end(contract *, const unsigned char *id, sess_status why);
int do_end_at(contract *, const unsigned char *id, sess_status why, int64_t now);
size_t do_end_all(contract *, const sess_query *, const unsigned char *except, sess_status why);
size_t do_count(contract *, const sess_query *);
size_t do_collect(contract *, int64_t now, size_t rows);
int do_cas(contract *, const char *name, int64_t expected, int64_t value, int64_t *found);

/* -- records --------------------------------------------------------------------------------- */

void fresh_id(contract *, unsigned char id[SESS_ID_BYTES]);
/* The secret that do_offer sends along with a candidate. */
void secret_of(const unsigned char *candidate, unsigned char secret[SESS_ID_BYTES]);
/* An anonymous record under a new id, seen at CONTRACT_NOW, with some data. */
sess_record fresh_record(contract *);
/* The same, inserted. */
sess_record stored_record(contract *);
sess_record stored_for(contract *, const char *user, int64_t seen, int64_t expires);
/* A record with a candidate, or with a retired id; ids go to the last parameter. */
sess_record stored_offered(contract *, unsigned char candidate[SESS_ID_BYTES]);
sess_record stored_renewed(contract *, unsigned char retired[SESS_ID_BYTES]);
/* What end and its like are told to keep their traces until. */
#define CONTRACT_KEEP (CONTRACT_NOW + 20000)
/* Each byte of a record before load. */
#define CONTRACT_POISON 0x5a
#define CONTRACT_UNTOLD INT64_C(0x5a5a5a5a5a5a5a5a)

#endif
