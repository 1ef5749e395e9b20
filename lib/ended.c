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

static int
next_of(void *arg, const sess_item *item)
{
	if (item->rec == NULL)
		memcpy(arg, item->traces[0].next, SESS_ID_BYTES);
	return 0;
}

int
ended_put_all(const ended *e, const sess_trace *first, sess_error *err)
{
	static const unsigned char nothing[SESS_ID_BYTES];
	unsigned char next[SESS_ID_BYTES];
	sess_trace t = *first;
	int rc = 0;

	for (int hops = 0; hops < HOPS_MAX && (rc = ended_put(e, &t, err)) == 0; hops++) {
		memset(next, 0, sizeof(next));
		rc = e->store->item(e->self, t.id, next_of, next, err);
		if (rc < 0 || memcmp(next, nothing, sizeof(next)) == 0)
			break;
		memcpy(t.id, next, sizeof(t.id));
		t.keep = ended_until(e, t.at, t.keep);
	}
	return rc < 0 ? rc : SESS_OK;
}

int64_t
ended_until(const ended *e, int64_t now, int64_t keep)
{
	int64_t until = expiry_add(now, e->longest);

	return until > keep ? until : keep;
}

/* -- epochs ------------------------------------------------------------------------------------ */

/* Users are hashed, because numbers stay for ever, and users do not. */
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

static int
epoch_read(const ended *e, const char *name, int64_t *n, sess_error *err)
{
	/* It never has this value, so nothing is written. */
	int rc = e->store->cas(e->self, name, INT64_MIN, INT64_MIN, n, err);

	return rc < 0 ? rc : SESS_OK;
}

int
epochs_read(const ended *e, const char *user, int64_t epoch[EPOCHS], sess_error *err)
{
	char name[NAME_MAX_BYTES];
	int rc = SESS_OK;

	for (int which = 0; rc == SESS_OK && which < EPOCHS; which++) {
		epoch_name(name, which, user);
		rc = epoch_read(e, name, &epoch[which], err);
	}
	return rc;
}

/* Under which id it is known that this one was spared. */
static void
spared_id(unsigned char spared[SESS_ID_BYTES], const unsigned char *id, const char *name, int64_t n)
{
	char text[NAME_MAX_BYTES + 24];
	int len = snprintf(text, sizeof(text), "%s %lld", name, (long long)n);

	token_hash(spared, id, "spared", text, (size_t)len);
}

int
epochs_check(const ended *e, const unsigned char *id, const char *user, int64_t now,
	int64_t epoch[EPOCHS], bool *moved, sess_error *err)
{
	unsigned char spared[SESS_ID_BYTES];
	char name[NAME_MAX_BYTES];
	sess_record ignored;
	int64_t n;
	int rc;

	for (int which = 0; which < EPOCHS; which++) {
		epoch_name(name, which, user);
		if ((rc = epoch_read(e, name, &n, err)) != SESS_OK)
			return rc;
		if (n == epoch[which])
			continue;
		spared_id(spared, id, name, n);
		if ((rc = ended_find(e, spared, now, &ignored, err)) != 1)
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
	sess_trace spared = { .kind = SESS_TRACE_ENDED, .at = query->now, .why = SESS_ROTATED,
		.keep = ended_until(e, query->now, keep) };
	char name[NAME_MAX_BYTES];
	int64_t epoch;
	int rc = 0;

	epoch_name(name, query->user == NULL ? EPOCH_EVERYONE : EPOCH_USER, query->user);
	for (int tries = 0; rc == 0 && tries < TRIES_MAX; tries++) {
		rc = epoch_read(e, name, &epoch, err);
		/* First, so that at no moment it is among the others. */
		if (rc == SESS_OK && except != NULL) {
			spared_id(spared.id, except, name, epoch + 1);
			rc = ended_put(e, &spared, err);
		}
		if (rc >= 0)
			rc = e->store->cas(e->self, name, epoch, epoch + 1, &epoch, err);
	}
	if (rc == 0)
		return sess_fail(err, SESS_BUSY, "others end the same sessions all the time");
	return rc < 0 ? rc : SESS_OK;
}
