/* SPDX-License-Identifier: ISC */
/* ended.c - what has ended, kept as the ended ids and the named numbers of any store. */
#include "ended.h"
#include "internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_BYTES 64                       /* of a number */
#define HOPS_MAX 64                             /* logins that one late logout follows */
#define TRIES_MAX 100
/* What no copy of a session outlives its last use by: twice what idle may be set to, and a day for
 * clocks that differ. */
#define LONGEST INT64_C(630806400)

/* -- ids --------------------------------------------------------------------------------------- */

int
ended_find(const ended *e, const unsigned char *id, int64_t now, sess_record *out, sess_error *err)
{
	sess_record rec = { .ended = SESS_UNKNOWN };
	sess_sink sink = { { NULL, NULL } };
	int rc = e->store->load(e->self, id, now, &rec, &sink, err);

	arena_free(&sink.memory);
	/* A session that is really in that store is none of these. */
	if (rc != 0 || rec.ended == SESS_UNKNOWN)
		return rc < 0 ? rc : 0;
	out->ended = rec.ended;
	out->since = rec.since;
	return 1;
}

int
ended_put(const ended *e, const sess_trace *t, sess_error *err)
{
	return e->store->restore(e->self, &(sess_item){ .traces = t, .count = 1, .sync = true }, err);
}

typedef struct found {
	bool ended;
	unsigned char next[SESS_ID_BYTES];
} found;

static int
note_end(void *arg, const sess_item *item)
{
	found *f = arg;

	f->ended = item->rec == NULL;
	if (f->ended)
		memcpy(f->next, item->traces[0].next, sizeof(f->next));
	return 0;
}

/* What is known of the end of this id: SESS_OK or negative. */
static int
look_for(const ended *e, const unsigned char *id, found *f, sess_error *err)
{
	int rc;

	memset(f, 0, sizeof(*f));
	rc = e->store->item(e->self, id, note_end, f, err);
	return rc < 0 ? rc : SESS_OK;
}

int
ended_put_all(const ended *e, const sess_trace *first, sess_error *err)
{
	static const unsigned char nothing[SESS_ID_BYTES];
	sess_trace t = *first;
	found f;
	int rc;

	for (int hops = 0; hops < HOPS_MAX; hops++) {
		if ((rc = ended_put(e, &t, err)) != 0)
			return rc < 0 ? rc : SESS_OK;
		if ((rc = look_for(e, t.id, &f, err)) != SESS_OK ||
			memcmp(f.next, nothing, sizeof(f.next)) == 0)
			return rc;
		memcpy(t.id, f.next, sizeof(t.id));
		t.keep = ended_until(NULL, t.at, t.keep);
	}
	return sess_fail(err, SESS_STORE, "this id is more than %d logins old; name a later one",
		HOPS_MAX);
}

int64_t
ended_until(const sess_record *rec, int64_t now, int64_t keep)
{
	int64_t life = LONGEST, until;

	/* The limits of an id never change, and a touch comes sooner than idle is over. */
	if (rec != NULL && rec->idle >= 0 && rec->idle < LONGEST / 2)
		life = 2 * rec->idle + CLOCKS_DIFFER;
	until = expiry_add(now, life);
	if (rec != NULL && rec->absolute != 0 && expiry_add(rec->absolute, CLOCKS_DIFFER) < until)
		until = expiry_add(rec->absolute, CLOCKS_DIFFER);
	return until > keep ? until : keep;
}

/* -- epochs ------------------------------------------------------------------------------------ */

/* The name of a number. Users are hashed to make all names one size; who reads the store can still
 * try names. */
static void
epoch_name(char name[NAME_MAX_BYTES], int which, const char *user)
{
	unsigned char hash[KEY_BYTES];
	char text[TOKEN_CHARS + 1] = "";

	if (user == NULL)
		user = "";
	if (which == EPOCH_USER) {
		(void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)user, strlen(user),
			NULL, 0);
		token_encode(text, hash);
	}
	(void)snprintf(name, NAME_MAX_BYTES, "ended together %s", text);
}

/* A number that no epoch has had: else a cookie from before this store was lost, or from another
 * one, might be of the present epoch by chance. */
static int64_t
epoch_new(void)
{
	uint64_t n;

	random_bytes(&n, sizeof(n));
	return (int64_t)(n & INT64_MAX) | 1;
}

static int
settle(const ended *e, sess_error *err)
{
	return e->store->settle != NULL ? e->store->settle(e->self, err) : SESS_OK;
}

/* The present one. Everyone's is never 0, so that every store has an epoch of its own. */
static int
epoch_read(const ended *e, const char *name, int which, int64_t *n, sess_error *err)
{
	/* It never has this value, so nothing is written. */
	int rc = e->store->cas(e->self, name, INT64_MIN, INT64_MIN, n, err);
	int64_t first;

	if (rc < 0 || *n != 0 || which != EPOCH_EVERYONE)
		return rc < 0 ? rc : SESS_OK;
	first = epoch_new();
	rc = e->store->cas(e->self, name, 0, first, n, err);
	if (rc == 1)
		*n = first;
	return rc < 0 ? rc : settle(e, err);
}

int
epochs_read(const ended *e, const char *user, int64_t epoch[EPOCHS], sess_error *err)
{
	char name[NAME_MAX_BYTES];
	int rc = SESS_OK;

	for (int which = 0; rc == SESS_OK && which < EPOCHS; which++) {
		epoch_name(name, which, user);
		rc = epoch_read(e, name, which, &epoch[which], err);
	}
	return rc;
}

/* Under which id it is known that this one was spared when an epoch began; what took its place there
 * is the epoch before, the lowest byte first. */
static void
spared_id(unsigned char spared[SESS_ID_BYTES], const unsigned char *id, const char *name, int64_t n)
{
	char text[NAME_MAX_BYTES + 24];
	int len = snprintf(text, sizeof(text), "%s %lld", name, (long long)n);

	token_hash(spared, id, "spared", text, (size_t)len);
}

/* Whether the session was spared at each epoch from its own to the present one: 1, 0 or negative. */
static int
was_spared(const ended *e, const unsigned char *id, const char *name, int64_t own, int64_t now,
	sess_error *err)
{
	unsigned char spared[SESS_ID_BYTES];
	uint64_t before;
	found f;
	int rc;

	for (int hops = 0; now != own; hops++) {
		spared_id(spared, id, name, now);
		if (hops == HOPS_MAX || (rc = look_for(e, spared, &f, err)) != SESS_OK)
			return hops == HOPS_MAX ? 0 : rc;
		if (!f.ended)
			return 0;
		before = 0;
		for (size_t i = 8; i-- > 0;)
			before = before << 8 | f.next[i];
		now = (int64_t)before;
	}
	return 1;
}

int
epochs_check(const ended *e, const unsigned char *id, const char *user, int64_t epoch[EPOCHS],
	bool *moved, sess_error *err)
{
	char name[NAME_MAX_BYTES];
	int64_t n;
	int rc;

	for (int which = 0; which < EPOCHS; which++) {
		epoch_name(name, which, user);
		if ((rc = epoch_read(e, name, which, &n, err)) != SESS_OK)
			return rc;
		if (n == epoch[which])
			continue;
		if ((rc = was_spared(e, id, name, epoch[which], n, err)) != 1)
			return rc;
		epoch[which] = n;
		*moved = true;
	}
	return 1;
}

int
epochs_next(const ended *e, const sess_query *query, const unsigned char *except, int64_t keep,
	sess_error *err)
{
	int which = query->user == NULL ? EPOCH_EVERYONE : EPOCH_USER;
	sess_trace spared = { .kind = SESS_TRACE_ENDED, .at = query->now, .why = SESS_ROTATED,
		.keep = keep };
	char name[NAME_MAX_BYTES];
	int64_t epoch, later;
	int rc = 0;

	epoch_name(name, which, query->user);
	for (int tries = 0; rc == 0 && tries < TRIES_MAX; tries++) {
		later = epoch_new();
		rc = epoch_read(e, name, which, &epoch, err);
		/* First, so that at no moment it is among the others. */
		if (rc == SESS_OK && except != NULL) {
			spared_id(spared.id, except, name, later);
			for (size_t i = 0; i < 8; i++)
				spared.next[i] = (unsigned char)((uint64_t)epoch >> 8 * i);
			rc = ended_put(e, &spared, err);
		}
		if (rc >= 0)
			rc = e->store->cas(e->self, name, epoch, later, &epoch, err);
	}
	if (rc == 0)
		return sess_fail(err, SESS_BUSY, "others end the same sessions all the time");
	return rc < 0 ? rc : settle(e, err);
}
