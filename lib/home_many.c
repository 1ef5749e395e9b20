/* SPDX-License-Identifier: ISC */
/* home_many.c - many homes at once: list, count, stats; and numbers. */
#include "home.h"
#include "internal.h"
#include "minutes.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 256               /* keys asked for at a time */

/* -- which ones -------------------------------------------------------------------------------- */

bool
home_by_user(const sess_query *query)
{
	return query->user && *query->user;
}

bool
home_is_meant(const home *h, const sess_query *query)
{
	const sess_record *rec = &h->rec;

	return h->live && rec->expires > query->now && (!query->since || rec->seen >= query->since) &&
		(!query->user || strcmp(query->user, rec->user ? rec->user : "") == 0);
}

int
home_each_key(home_store *b, const sess_query *query, home_key_fn *fn, void *arg, sess_error *err)
{
	sess_cursor cursor = { { 0 } };
	int rc = 1;

	if (home_by_user(query))
		return b->ops->of_user(b, query->user, fn, arg, err);
	while (rc == 1)
		rc = b->ops->each(b, &cursor, PIECE, fn, arg, err);
	return rc;
}

/* A mark by user that a crash left behind. */
static int
unmark_user(home_store *b, home *h, void *arg, sess_error *err)
{
	(void)b;
	(void)err;
	if (h->live && h->rec.user && strcmp(h->rec.user, arg) == 0)
		return HOME_STAYS;
	h->was.user = arg;
	return HOME_MARKS;
}

/* -- list, count ------------------------------------------------------------------------------- */

typedef struct listing {
	home_store *b;
	const sess_query *query;
	size_t n, room;
	sess_record *found;
	bool keep;                      /* else only count */
	arena memory;
	sess_error *err;
} listing;

static int
keep_record(listing *l, const sess_record *rec)
{
	sess_record *to = l->found;
	const char **text[3];

	if (l->n == l->room) {
		to = reallocarray(l->found, l->room * 2 + 16, sizeof(*to));
		if (!to)
			return home_full(l->err);
		l->found = to;
		l->room = l->room * 2 + 16;
	}
	to += l->n;
	*to = *rec;
	sodium_memzero(to->secret, sizeof(to->secret));
	to->data = NULL;
	text[0] = &to->user;
	text[1] = &to->address;
	text[2] = &to->agent;
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (*text[i] && !(*text[i] = arena_copy(&l->memory, *text[i], strlen(*text[i]))))
			return home_full(l->err);
	return SESS_OK;
}

static int
list_key(void *arg, const unsigned char *key)
{
	listing *l = arg;
	home *h = &l->b->one;
	int rc = home_look(l->b, h, key, l->err);

	if (rc == SESS_OK && home_by_user(l->query) && h->what != HOME_DAMAGED &&
		(!h->live || !h->rec.user || strcmp(h->rec.user, l->query->user) != 0)) {
		rc = home_change_key(l->b, key, unmark_user, (void *)(uintptr_t)l->query->user, 0, l->err);
		return rc < 0 ? rc : SESS_OK;
	}
	if (rc != SESS_OK || !home_is_meant(h, l->query))
		return rc;
	rc = l->keep ? keep_record(l, &h->rec) : SESS_OK;
	l->n += rc == SESS_OK;
	return rc;
}

static int
last_seen_first(const void *a, const void *b)
{
	const sess_record *x = a, *y = b;

	return (x->seen < y->seen) - (x->seen > y->seen);
}

int
home_list(void *self, const sess_query *query, sess_record_fn *fn, void *arg, sess_error *err)
{
	listing l = { .b = self, .query = query, .keep = true, .err = err };
	int rc;

	home_call_many(self, query->now);
	rc = home_each_key(self, query, list_key, &l, err);

	if (rc == SESS_OK && l.n)
		qsort(l.found, l.n, sizeof(*l.found), last_seen_first);
	for (size_t i = 0; i < l.n && rc == SESS_OK && (!query->limit || i < query->limit); i++)
		rc = fn(arg, &l.found[i]);
	free(l.found);
	arena_free(&l.memory);
	return rc;
}

int
home_count(void *self, const sess_query *query, size_t *n, sess_error *err)
{
	listing l = { .b = self, .query = query, .err = err };
	int rc;

	home_call_many(self, query->now);
	rc = home_each_key(self, query, list_key, &l, err);

	*n = l.n;
	return rc;
}

/* -- stats ------------------------------------------------------------------------------------- */

typedef struct sample {
	home_store *b;
	int64_t records, values, bytes;
	sess_error *err;
} sample;

static int
sample_key(void *arg, const unsigned char *key)
{
	sample *s = arg;
	const home *h = &s->b->one;
	int rc = home_look(s->b, &s->b->one, key, s->err);

	if (rc == SESS_OK && h->live) {
		s->records++;
		s->values += (int64_t)h->rec.len;
		s->bytes += (int64_t)h->value.len;
	}
	return rc;
}

void
home_sum(sess_stats *out, int64_t now, int kind, int64_t due, int64_t n)
{
	if (n <= 0 || (kind != HOME_ANONYMOUS && kind != HOME_USER))
		return;
	if (due > now) {
		out->live += n;
		out->signed_in += kind == HOME_USER ? n : 0;
	} else {
		out->oldest = out->waiting == 0 || due < out->oldest ? due : out->oldest;
		out->waiting += n;
	}
}

/* Sizes are those of the first some hundred values. */
int
home_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	home_store *b = self;
	sample s = { .b = b, .err = err };
	sess_cursor cursor = { { 0 } };
	int rc;

	home_call_many(b, now);
	out->live = out->signed_in = out->waiting = out->oldest = 0;
	minutes_none(out);
	rc = b->ops->stats(b, now, out, err);
	if (rc == SESS_OK)
		rc = b->ops->each(b, &cursor, PIECE, sample_key, &s, err);
	out->value_bytes = s.records ? s.values / s.records : 0;
	out->bytes = s.records ? s.bytes / s.records * (out->live + out->waiting) : 0;
	return rc < 0 ? rc : SESS_OK;
}

/* -- numbers ----------------------------------------------------------------------------------- */

typedef struct numbering {
	int64_t expected, value, *found;
} numbering;

static int
set_number(home_store *b, home *h, void *arg, sess_error *err)
{
	const numbering *n = arg;

	if (h->what != HOME_NUMBER && h->what != HOME_NOTHING)
		return sess_fail(err, SESS_STORE, "%s: the number x'%02x%02x%02x%02x...' is damaged; "
			"remove it", b->name, h->key[0], h->key[1], h->key[2], h->key[3]);
	*n->found = h->what == HOME_NUMBER ? h->number : 0;
	if (*n->found != n->expected)
		return HOME_STAYS;
	h->what = HOME_NUMBER;
	h->number = n->value;
	return HOME_CHANGED;
}

/* Numbers live among the homes, under a hash of their names that no id can equal. Who lost already,
 * or only reads, does so without a lock: every request may, and nobody is to wait for it. */
int
home_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *err)
{
	static const unsigned char purpose[] = "sesskit: a number";
	home_store *b = self;
	numbering n = { expected, value, found };
	unsigned char key[SESS_ID_BYTES];
	int rc;

	home_call(b, INT64_MIN);
	*found = 0;
	(void)crypto_generichash(key, sizeof(key), (const unsigned char *)name, strlen(name), purpose,
		sizeof(purpose) - 1);
	if (b->ops->lock || value == expected) {
		rc = home_look(b, &b->one, key, err);
		if (rc == SESS_OK)
			rc = set_number(b, &b->one, &n, err);
		if (rc != HOME_CHANGED || value == expected)
			return rc;
	}
	/* Servers see to what they write. Elsewhere a number that a power cut left half on disk would be
	 * damaged for ever, and collection with it. */
	return home_change_key(b, key, set_number, &n, b->ops->lock ? SESS_SYNC : 0, err);
}

int
home_settle(void *self, sess_error *err)
{
	home_store *b = self;

	home_call_many(b, INT64_MIN);
	return b->ops->settle ? b->ops->settle(b, err) : SESS_OK;
}
