/* SPDX-License-Identifier: ISC */
/* home_life.c - one session at its home: load, insert, update, touch, and renewal. */
#include "home.h"
#include "internal.h"

#include <sodium.h>
#include <string.h>

/* A browser that is offered ids and never brings one goes on with the one that it has. */
#define IDS_MAX 1024

static int
gone(const home_store *b, sess_error *err)
{
	return sess_fail(err, SESS_GONE, "%s: the session has ended", b->name);
}

static bool
expired(const home *h, int64_t now)
{
	return h->rec.expires <= now;
}

int
home_own(const home_store *b, const home *h, const unsigned char *id, int64_t now,
	const uint64_t *revision, sess_error *err)
{
	if (!home_is_own(h, id) || expired(h, now))
		return gone(b, err);
	if (revision && h->rec.revision != *revision)
		return sess_fail(err, SESS_CONFLICT, "%s: the session was changed meanwhile", b->name);
	return SESS_OK;
}

int
home_unused(home_store *b, const unsigned char *id, sess_error *err)
{
	int rc = home_find(b, &b->other, id, err);

	if (rc == SESS_OK && b->other.what != HOME_NOTHING)
		rc = sess_fail(err, SESS_CONFLICT, "%s: this id was given out before", b->name);
	return rc;
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* -- load -------------------------------------------------------------------------------------- */

static int
give(const home *h, const sess_trace *by, sess_record *out, sess_sink *sink, sess_error *err)
{
	sess_record rec = h->rec;
	const char **text[] = { &rec.user, &rec.address, &rec.agent };

	if (by) {
		memcpy(rec.secret, by->secret, sizeof(rec.secret));
		rec.via = by->kind == SESS_TRACE_CANDIDATE ? SESS_VIA_CANDIDATE : SESS_VIA_RETIRED;
		rec.since = by->at;
	}
	rec.data = sess_sink_put(sink, rec.data, rec.len);
	if (!rec.data)
		return home_full(err);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (*text[i] && !(*text[i] = sess_sink_put(sink, *text[i], strlen(*text[i]))))
			return home_full(err);
	*out = rec;
	return 1;
}

int
home_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	home_store *b = self;
	home *h = &b->one;
	const sess_trace *by;
	int rc;

	home_call(b, now);
	rc = home_find(b, h, id, err);
	if (rc != SESS_OK)
		return rc;
	by = home_trace(h, id);
	if (h->what == HOME_DAMAGED) {
		(void)sess_fail(err, SESS_OK, "%s: the session x'%02x%02x%02x%02x...' is damaged", b->name,
			id[0], id[1], id[2], id[3]);
		out->ended = SESS_DAMAGED;
	} else if (by ? by->keep <= now : !home_is_own(h, id)) {
		out->ended = SESS_UNKNOWN;
	} else if (by && by->kind == SESS_TRACE_ENDED) {
		out->ended = by->why;
		out->since = by->at;
	} else if (expired(h, now)) {
		out->ended = h->rec.absolute && h->rec.absolute <= now ? SESS_AGED : SESS_IDLE;
	} else {
		rc = give(h, by, out, sink, err);
	}
	return rc;
}

/* -- insert, update, touch --------------------------------------------------------------------- */

static int
make(home_store *b, home *h, void *arg, sess_error *err)
{
	if (h->what != HOME_NOTHING)
		return sess_fail(err, SESS_CONFLICT, "%s: this id was given out before", b->name);
	h->what = HOME_SESSION;
	h->live = true;
	h->rec = *(const sess_record *)arg;
	h->rec.revision = 1;
	return HOME_CHANGED;
}

int
home_insert(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	sess_record copy = *rec;
	int rc;

	home_call(self, now);
	rc = home_change(self, rec->id, make, &copy, flags, err);
	if (rc < 0)
		return rc;
	home_tally(self, now, &(sess_tally){ .started = 1, .logins = rec->user != NULL });
	return SESS_OK;
}

typedef struct update {
	const sess_record *rec;
	int64_t now;
	int part;
} update;

static int
update_it(home_store *b, home *h, void *arg, sess_error *err)
{
	const update *u = arg;
	const sess_record *rec = u->rec;
	int rc = home_own(b, h, rec->id, u->now, &rec->revision, err);

	if (rc != SESS_OK)
		return rc;
	h->rec.revision++;
	h->rec.data = rec->data;
	h->rec.len = rec->len;
	h->rec.sealed = rec->sealed;
	if (u->part == SESS_PART_ALL) {
		h->rec.seen = later(h->rec.seen, rec->seen);
		h->rec.expires = rec->expires;
		h->rec.absolute = rec->absolute;
		h->rec.idle = rec->idle;
		h->rec.persist = rec->persist;
		h->rec.address = rec->address;
		h->rec.agent = rec->agent;
	}
	home_prune(h, u->now);
	return HOME_CHANGED;
}

int
home_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	update u = { rec, now, part };
	int rc;

	home_call(self, now);
	rc = home_change(self, rec->id, update_it, &u, 0, err);
	return rc < 0 ? rc : SESS_OK;
}

typedef struct step {                   /* of offer, touch, confirm */
	const unsigned char *id, *candidate, *secret;
	int64_t now, free_since, keep, renew, expires;
} step;

static int
touch_it(home_store *b, home *h, void *arg, sess_error *err)
{
	const step *t = arg;
	sess_record *rec = &h->rec;
	int rc = home_own(b, h, t->id, t->now, NULL, err);
	int64_t expires = rec->absolute && t->expires > rec->absolute ? rec->absolute : t->expires;

	if (rc != SESS_OK)
		return rc;
	rec->seen = later(rec->seen, t->now);
	rec->expires = later(rec->expires, expires);
	home_prune(h, t->now);
	return HOME_CHANGED;
}

int
home_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	step t = { .id = id, .now = seen, .expires = expires };
	int rc;

	home_call(self, seen);
	rc = home_change(self, id, touch_it, &t, 0, err);
	return rc < 0 ? rc : SESS_OK;
}

/* -- renewal ----------------------------------------------------------------------------------- */

static int
offer_it(home_store *b, home *h, void *arg, sess_error *err)
{
	const step *o = arg;
	sess_trace *t;
	int rc = home_own(b, h, o->id, o->now, NULL, err);

	if (rc != SESS_OK)
		return rc;
	if ((h->rec.offered && h->rec.offered > o->free_since) || h->count >= IDS_MAX)
		return HOME_STAYS;
	rc = home_unused(b, o->candidate, err);
	if (rc == SESS_OK)
		rc = home_point(b, o->candidate, h, expiry_add(o->now, HOME_DAY), SESS_SYNC, err);
	if (rc != SESS_OK)
		return rc;
	t = home_add_id(h, SESS_TRACE_CANDIDATE, o->candidate, err);
	if (!t)
		return err->code;
	memcpy(t->secret, o->secret, sizeof(t->secret));
	t->at = h->rec.offered = o->now;
	t->keep = o->keep;
	return HOME_CHANGED;
}

int
home_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	step o = { .id = id, .candidate = candidate, .secret = secret, .now = now,
		.free_since = free_since, .keep = keep };

	home_call(self, now);
	return home_change(self, id, offer_it, &o, SESS_SYNC, err);
}

static int
confirm_it(home_store *b, home *h, void *arg, sess_error *err)
{
	const step *c = arg;
	sess_record *rec = &h->rec;
	sess_trace *by = home_trace(h, c->candidate), old = { .kind = SESS_TRACE_RETIRED,
		.at = c->now, .keep = c->keep };

	if (!h->live || expired(h, c->now) || (by ? by->keep <= c->now || by->kind == SESS_TRACE_ENDED
		: !home_is_own(h, c->candidate)))
		return gone(b, err);
	/* What is no candidate was confirmed before, or lost to one that was. */
	if (!by || by->kind != SESS_TRACE_CANDIDATE)
		return HOME_STAYS;
	memcpy(old.id, rec->id, sizeof(old.id));
	memcpy(old.secret, rec->secret, sizeof(old.secret));
	memcpy(rec->id, by->id, sizeof(rec->id));
	memcpy(rec->secret, by->secret, sizeof(rec->secret));
	*by = old;
	for (size_t i = 0; i < h->count; i++) {
		sess_trace *t = &h->ids[i];

		if (t->kind != SESS_TRACE_CANDIDATE)
			continue;
		t->kind = SESS_TRACE_RETIRED;
		t->at = c->now;
		t->keep = t->keep < c->keep ? t->keep : c->keep;
	}
	rec->renew = c->renew;
	rec->offered = 0;
	home_prune(h, c->now);
	sodium_memzero(&old, sizeof(old));
	return HOME_CHANGED;
}

int
home_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew, int64_t keep,
	sess_error *err)
{
	step c = { .candidate = candidate, .now = now, .renew = renew, .keep = keep };
	int rc;

	home_call(self, now);
	rc = home_change(self, candidate, confirm_it, &c, 0, err);
	return rc < 0 ? rc : SESS_OK;
}
