/* SPDX-License-Identifier: ISC */
/*
 * store_cookie.c - cookie:URL, sessions that the browser keeps. The core brings here what a browser
 * brought, and takes from here what it is to bring next. The store below knows only what no browser
 * can be trusted with: what has ended, and which tickets were used.
 *
 * An id ends with its record, and there are no candidates: that a copied cookie is of no use for
 * long, which renewal is for, the limits inside see to.
 */
#include "carried.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

typedef struct cookie_store {
	carried mine;
	ended over;
} cookie_store;

/* -- one session ------------------------------------------------------------------------------- */

/* 0 this id, or what is in hand under it, has ended, as out tells; 1 nothing says so, and what is in
 * hand is in home.one. */
static int
check(cookie_store *c, const unsigned char *id, int64_t now, sess_record *out, sess_error *err)
{
	home *h = &c->mine.home.one;
	int rc = ended_find(&c->over, id, now, out, err);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	if (!carried_has(&c->mine, id))
		return 1;
	if ((rc = home_look(&c->mine.home, h, id, err)) != SESS_OK)
		return rc;
	rc = h->live ? epochs_check(&c->over, id, h->rec.user, c->mine.epoch, &c->mine.changed, err) : 1;
	if (rc == 0)
		out->ended = SESS_REVOKED;
	return rc;
}

static int
gone(const cookie_store *c, sess_error *err)
{
	return sess_fail(err, SESS_GONE, "%s: the session has ended", c->mine.home.name);
}

/* SESS_OK if this is in hand, live, and of this revision. */
static int
own(cookie_store *c, const unsigned char *id, int64_t now, const uint64_t *revision, sess_error *err)
{
	sess_record why;
	int rc = check(c, id, now, &why, err);

	if (rc == 1 && carried_has(&c->mine, id))
		return home_own(&c->mine.home, &c->mine.home.one, id, now, revision, err);
	return rc < 0 ? rc : gone(c, err);
}

static int
cookie_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	int rc = check(self, id, now, out, err);

	return rc == 1 ? home_load(self, id, now, out, sink, err) : rc;
}

static int
cookie_insert(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	cookie_store *c = self;
	int64_t epoch[EPOCHS];
	sess_record why;
	int rc = ended_find(&c->over, rec->id, now, &why, err);

	(void)flags;
	if (rc == 1 || (rc == 0 && carried_has(&c->mine, rec->id)))
		rc = sess_fail(err, SESS_CONFLICT, "%s: this id was given out before", c->mine.home.name);
	if (rc == SESS_OK)
		rc = epochs_read(&c->over, rec->user, epoch, err);
	if (rc == SESS_OK)
		rc = carried_write(&c->mine, rec, 1, err);
	return rc == SESS_OK ? carried_take(&c->mine, rec->id, epoch, err) : rc;
}

static int
cookie_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	int rc = own(self, rec->id, now, &rec->revision, err);

	return rc == SESS_OK ? home_update(self, rec, now, part, err) : rc;
}

static int
cookie_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	int rc = own(self, id, seen, NULL, err);

	return rc == SESS_OK ? home_touch(self, id, seen, expires, err) : rc;
}

/* As if there were one already. */
static int
cookie_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	(void)candidate;
	(void)secret;
	(void)free_since;
	(void)keep;
	return own(self, id, now, NULL, err);
}

static int
cookie_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew, int64_t keep,
	sess_error *err)
{
	(void)renew;
	(void)keep;
	return own(self, candidate, now, NULL, err);
}

/* The end of an id, whose session is in h if that is given. */
static sess_trace
end_of(const home *h, const unsigned char *id, sess_status why, int64_t now, int64_t keep)
{
	sess_trace t = { .kind = SESS_TRACE_ENDED, .at = now, .why = why,
		.keep = ended_until(h != NULL && h->live ? &h->rec : NULL, now, keep) };

	memcpy(t.id, id, sizeof(t.id));
	return t;
}

static int
cookie_replace(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	cookie_store *c = self;
	const home *h = &c->mine.home.one;
	int64_t epoch[EPOCHS];
	sess_trace end;
	int rc = own(c, old, now, &rec->revision, err);

	if (rc == SESS_OK)
		rc = epochs_read(&c->over, rec->user, epoch, err);
	if (rc == SESS_OK)
		rc = carried_write(&c->mine, rec, rec->revision + 1, err);
	if (rc != SESS_OK)
		return rc;
	/* What ended the old session since own looked must find the new one as well. */
	epoch[EPOCH_EVERYONE] = c->mine.epoch[EPOCH_EVERYONE];
	if (h->rec.user == NULL ? rec->user == NULL :
		rec->user != NULL && strcmp(h->rec.user, rec->user) == 0)
		epoch[EPOCH_USER] = c->mine.epoch[EPOCH_USER];
	end = end_of(h, old, why, now, keep);
	memcpy(end.next, rec->id, sizeof(end.next));
	rc = ended_put(&c->over, &end, err);
	if (rc == 0)
		return gone(c, err);
	return rc == 1 ? carried_take(&c->mine, rec->id, epoch, err) : rc;
}

static int
cookie_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	cookie_store *c = self;
	const home *h = carried_has(&c->mine, id) ? &c->mine.home.one : NULL;
	int rc = h != NULL ? home_look(&c->mine.home, &c->mine.home.one, id, err) : SESS_OK;
	sess_trace end;

	if (rc != SESS_OK)
		return rc;
	end = end_of(h, id, why, now, keep);
	return ended_put_all(&c->over, &end, err);
}

/* How many those are nobody can tell. */
static int
cookie_end_all(void *self, const sess_query *query, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *err)
{
	static const unsigned char nobody[SESS_ID_BYTES];
	cookie_store *c = self;
	const home *h = except != NULL && carried_has(&c->mine, except) ? &c->mine.home.one : NULL;
	int rc = h != NULL ? home_look(&c->mine.home, &c->mine.home.one, except, err) : SESS_OK;
	sess_trace t;

	*n = 0;
	if (rc != SESS_OK)
		return rc;
	t = end_of(h, except != NULL ? except : nobody, why, query->now, keep);
	return epochs_next(&c->over, query, except, t.keep, err);
}

static int
cookie_count(void *self, const sess_query *query, size_t *n, sess_error *err)
{
	const cookie_store *c = self;

	(void)query;
	*n = 0;
	return sess_fail(err, SESS_UNSUPPORTED, "%s: sessions are in the browsers, and nobody can list "
		"or count them; those of a user can be ended together", c->mine.home.name);
}

static int
cookie_list(void *self, const sess_query *query, sess_record_fn *fn, void *arg, sess_error *err)
{
	size_t n;

	(void)fn;
	(void)arg;
	return cookie_count(self, query, &n, err);
}

static int
cookie_claim(void *self, const unsigned char *id, int64_t now, int64_t keep, sess_error *err)
{
	cookie_store *c = self;
	sess_trace t = { .kind = SESS_TRACE_ENDED, .at = now, .keep = keep, .why = SESS_LOGGED_OUT };

	memcpy(t.id, id, sizeof(t.id));
	return ended_put(&c->over, &t, err);
}

/* -- what the store below does ----------------------------------------------------------------- */

static int
cookie_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *err)
{
	const ended *below = &((cookie_store *)self)->over;

	return below->store->collect(below->self, now, rows, n, err);
}

static int
cookie_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *err)
{
	const ended *below = &((cookie_store *)self)->over;

	return below->store->cas(below->self, name, expected, value, found, err);
}

static int
cookie_idle(void *self, sess_error *err)
{
	const ended *below = &((cookie_store *)self)->over;

	return below->store->idle != NULL ? below->store->idle(below->self, err) : SESS_OK;
}

/* Of that store: what it counts of sessions are not these. */
static int
cookie_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	const ended *below = &((cookie_store *)self)->over;
	int rc = below->store->stats != NULL ? below->store->stats(below->self, now, out, err) : SESS_OK;

	out->live = out->signed_in = -1;
	memset(out->minute, 0xff, sizeof(out->minute));
	memset(out->hour, 0xff, sizeof(out->hour));
	return rc;
}

static void
cookie_examine(const sess_address *address, const sess_limits *limits, bool deep,
	sess_finding_fn *fn, void *arg)
{
	const sess_base *below = address->base;

	if (below->provider->examine != NULL)
		below->provider->examine(below->address, limits, deep, fn, arg);
}

static void
cookie_close(void *self)
{
	cookie_store *c = self;

	c->over.store->close(c->over.self);
	carried_close(&c->mine);
	free(c);
}

static void
cookie_forked(void *self)
{
	cookie_store *c = self;

	if (c->over.store->forked != NULL)
		c->over.store->forked(c->over.self);
	carried_close(&c->mine);
	free(c);
}

static int
cookie_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	const sess_base *below = address->base;
	cookie_store *c;
	int rc;

	if (address->bases != 1 || below->provider->restore == NULL || below->provider->item == NULL)
		return sess_fail(err, SESS_CONFIG, "%s: write cookie:URL with the URL of one store that "
			"remembers what has ended, such as cookie:sqlite:ended.db", address->url);
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return home_full(err);
	c->over = (ended){ .store = below->provider };
	rc = carried_open(&c->mine, address->url, limits) ?
		below->provider->open(&c->over.self, below->address, limits, err) : home_full(err);
	if (rc == SESS_OK) {
		*self = c;
		return SESS_OK;
	}
	carried_close(&c->mine);
	free(c);
	return rc;
}

const sess_provider sess_provider_cookie = {
	.abi = SESS_STORE_ABI,
	.scheme = "cookie",
	.flags = SESS_STORE_OVER,
	.open = cookie_open,
	.close = cookie_close,
	.load = cookie_load,
	.insert = cookie_insert,
	.update = cookie_update,
	.touch = cookie_touch,
	.offer = cookie_offer,
	.confirm = cookie_confirm,
	.replace = cookie_replace,
	.end = cookie_end,
	.end_all = cookie_end_all,
	.list = cookie_list,
	.count = cookie_count,
	.collect = cookie_collect,
	.cas = cookie_cas,
	.idle = cookie_idle,
	.forked = cookie_forked,
	.stats = cookie_stats,
	.examine = cookie_examine,
	.bring = carried_bring,
	.carry = carried_carry,
	.claim = cookie_claim,
};
