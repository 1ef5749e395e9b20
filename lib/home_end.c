/* SPDX-License-Identifier: ISC */
/* home_end.c - how ids and sessions come to their end: replace, end, end of many, collection. */
#include "home.h"
#include "internal.h"

#include <sodium.h>
#include <string.h>

/* What the oldest of many former ids loses is the reason why it ended. */
#define ENDED_MAX 256
/* Homes that a late logout follows, where a session was put back in pieces. */
#define HOPS_MAX 64

int
home_end_ids(home *h, sess_status why, int64_t now, int64_t keep, const unsigned char *next,
	sess_error *err)
{
	if (h->live && !home_add_id(h, 0, h->rec.id, err))
		return err->code;
	for (size_t i = 0; i < h->count; i++) {
		sess_trace *t = &h->ids[i];

		if (t->kind == SESS_TRACE_ENDED)
			continue;
		t->kind = SESS_TRACE_ENDED;
		t->why = why;
		t->at = now;
		t->keep = keep;
		sodium_memzero(t->secret, sizeof(t->secret));
		if (next)
			memcpy(t->next, next, sizeof(t->next));
	}
	h->live = false;
	return SESS_OK;
}

/* The oldest come first. */
void
home_prune(home *h, int64_t now)
{
	size_t n = 0, ended = 0;

	for (size_t i = 0; i < h->count; i++)
		ended += h->ids[i].kind == SESS_TRACE_ENDED && h->ids[i].keep > now;
	for (size_t i = 0; i < h->count; i++) {
		const sess_trace *t = &h->ids[i];

		if (t->keep > now && (t->kind != SESS_TRACE_ENDED || ended-- <= ENDED_MAX))
			h->ids[n++] = *t;
	}
	h->count = n;
}

typedef struct ending {
	const unsigned char *id;
	const sess_record *rec;                 /* replace: what takes its place */
	sess_status why;
	int64_t now, keep;
	bool login, onward, bare;
	unsigned char next[SESS_ID_BYTES];      /* onward: what took its place, at another home */
} ending;

/* -- replace ----------------------------------------------------------------------------------- */

static int
replace_it(home_store *b, home *h, void *arg, sess_error *err)
{
	ending *e = arg;
	int rc = home_own(b, h, e->id, e->now, &e->rec->revision, err);

	if (rc == SESS_OK)
		rc = home_unused(b, e->rec->id, err);
	if (rc == SESS_OK)
		rc = home_point(b, e->rec->id, h, expiry_add(e->now, HOME_DAY), SESS_SYNC, err);
	/* A rotation moves the login along. */
	e->login = e->rec->user && e->rec->login != h->rec.login;
	if (rc == SESS_OK)
		rc = home_end_ids(h, e->why, e->now, e->keep, e->rec->id, err);
	if (rc != SESS_OK)
		return rc;
	h->rec = *e->rec;
	h->rec.revision++;
	h->live = true;
	home_prune(h, e->now);
	return HOME_CHANGED;
}

int
home_replace(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	ending e = { .id = old, .rec = rec, .why = why, .now = now, .keep = keep };
	int rc;

	home_call(self, now);
	rc = home_change(self, old, replace_it, &e, SESS_SYNC, err);
	if (rc < 0)
		return rc;
	home_tally(self, now, &(sess_tally){ .logins = e.login });
	return SESS_OK;
}

/* -- end --------------------------------------------------------------------------------------- */

/* What cannot be read must be ended as well, should somebody put the file right. */
static int
end_damaged(home *h, const ending *e, sess_error *err)
{
	h->what = HOME_SESSION;
	h->live = true;
	memcpy(h->rec.id, h->key, sizeof(h->rec.id));
	if (memcmp(e->id, h->key, sizeof(h->key)) != 0 && !home_add_id(h, 0, e->id, err))
		return err->code;
	return home_end_ids(h, e->why, e->now, e->keep, NULL, err);
}

static int
end_it(home_store *b, home *h, void *arg, sess_error *err)
{
	static const unsigned char nothing[SESS_ID_BYTES];
	ending *e = arg;
	const sess_trace *t = home_trace(h, e->id);
	int rc;

	(void)b;
	if (h->what != HOME_DAMAGED && !h->live) {
		e->onward = t && !home_trace(h, t->next) && memcmp(t->next, nothing, sizeof(nothing));
		if (e->onward)
			memcpy(e->next, t->next, sizeof(e->next));
		return HOME_STAYS;
	}
	if (e->bare) {
		h->what = HOME_NOTHING;
		return HOME_CHANGED;
	}
	rc = h->what == HOME_DAMAGED ? end_damaged(h, e, err)
		: home_end_ids(h, e->why, e->now, e->keep, NULL, err);
	home_prune(h, e->now);
	return rc == SESS_OK ? HOME_CHANGED : rc;
}

int
home_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	home_store *b = self;
	ending e = { .id = id, .why = why, .now = now, .keep = keep, .onward = true };
	unsigned char at[SESS_ID_BYTES];
	int rc = SESS_OK;

	home_call(b, now);
	for (int hops = 0; hops < HOPS_MAX && rc == SESS_OK && e.onward; hops++) {
		e.onward = false;
		rc = home_change(self, e.id, end_it, &e, SESS_SYNC, err);
		/* A logout must not fail because nobody could be told why: to remove takes no room. */
		e.bare = rc == SESS_STORE && b->full;
		if (e.bare)
			rc = home_change(self, e.id, end_it, &e, SESS_SYNC, err);
		memcpy(at, e.next, sizeof(at));
		e.id = at;
	}
	if (rc < 0)
		return rc;
	home_tally(self, now, &(sess_tally){ .ended = rc == HOME_CHANGED });
	return SESS_OK;
}

/* -- end of many ------------------------------------------------------------------------------- */

typedef struct ending_all {
	home_store *b;
	const sess_query *query;
	const unsigned char *spared;    /* key of its home */
	sess_status why;
	int64_t keep;
	size_t n;
	sess_error *err;
} ending_all;

/* Expired ones too, for the clock may be ahead. */
static int
end_meant(home_store *b, home *h, void *arg, sess_error *err)
{
	const ending_all *e = arg;
	sess_query ever = *e->query;
	int rc;

	(void)b;
	ever.now = INT64_MIN;
	if (!home_is_meant(h, &ever))
		return HOME_STAYS;
	rc = home_end_ids(h, e->why, e->query->now, e->keep, NULL, err);
	home_prune(h, e->query->now);
	return rc == SESS_OK ? HOME_CHANGED : rc;
}

static int
end_key(void *arg, const unsigned char *key)
{
	ending_all *e = arg;
	int rc;

	if (e->spared && memcmp(key, e->spared, SESS_ID_BYTES) == 0)
		return SESS_OK;
	/* Many are put on disk together. */
	rc = home_change_key(e->b, key, end_meant, e, home_by_user(e->query) ? SESS_SYNC : 0, e->err);
	e->n += rc == HOME_CHANGED;
	return rc < 0 ? rc : SESS_OK;
}

int
home_end_all(void *self, const sess_query *query, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *err)
{
	home_store *b = self;
	ending_all e = { .b = b, .query = query, .why = why, .keep = keep, .err = err };
	unsigned char spared[SESS_ID_BYTES];
	int rc;

	home_call_many(b, query->now);
	rc = except ? home_find(b, &b->one, except, err) : SESS_OK;

	*n = 0;
	if (except && rc == SESS_OK && b->one.what == HOME_SESSION)
		e.spared = memcpy(spared, b->one.key, sizeof(spared));
	if (rc == SESS_OK)
		rc = home_each_key(b, query, end_key, &e, err);
	if (rc == SESS_OK && !home_by_user(query) && b->ops->settle)
		rc = b->ops->settle(b, err);
	home_tally(b, query->now, &(sess_tally){ .ended = (int64_t)e.n });
	*n = rc == SESS_OK ? e.n : 0;
	return rc;
}

/* -- collection -------------------------------------------------------------------------------- */

typedef struct collecting {
	home_store *b;
	int64_t now;
	const home_mark *met;
	size_t n;
	sess_tally tally;
	bool expired;
	sess_error *err;
} collecting;

/* A pointer stays for as long as its home lists the id. */
static int
collect_link(home_store *b, home *h, int64_t now, sess_error *err)
{
	int rc = home_find(b, &b->other, h->key, err);

	if (rc != SESS_OK)
		return rc;
	if (b->other.what == HOME_NOTHING)
		h->what = HOME_NOTHING;
	h->look = expiry_add(now, HOME_DAY);
	return HOME_CHANGED;
}

static int
collect_it(home_store *b, home *h, void *arg, sess_error *err)
{
	collecting *c = arg;
	size_t n = 0;

	c->expired = false;
	if (h->what != HOME_DAMAGED && (h->was.kind != c->met->kind || h->was.due != c->met->due)) {
		/* Left over: the value has another mark, or is gone. */
		h->was.kind = c->met->kind;
		h->was.due = c->met->due;
		h->was.home = h->was.home || h->what == HOME_NOTHING;
		return HOME_MARKS;
	}
	if (h->what == HOME_LINK)
		return collect_link(b, h, c->now, err);
	if (h->what == HOME_DAMAGED) {
		h->was = *c->met;
		h->was.home = true;
		h->what = HOME_NOTHING;
		return HOME_CHANGED;
	}
	c->expired = h->live;
	h->live = false;
	for (size_t i = 0; i < h->count; i++)
		if (h->ids[i].kind == SESS_TRACE_ENDED)
			h->ids[n++] = h->ids[i];
	h->count = n;
	home_prune(h, c->now);
	return HOME_CHANGED;
}

static int
collect_key(void *arg, const unsigned char *key, const home_mark *met)
{
	collecting *c = arg;
	int rc;

	c->met = met;
	rc = home_change_key(c->b, key, collect_it, c, 0, c->err);
	if (rc < 0)
		return rc;
	c->n++;
	c->tally.expired += c->expired;
	return SESS_OK;
}

int
home_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *err)
{
	home_store *b = self;
	collecting c = { .b = b, .now = now, .err = err };
	int rc;

	home_call_many(b, now);
	rc = b->ops->due(b, now, rows, collect_key, &c, err);
	home_tally(b, now, &c.tally);
	*n = c.n;
	return rc;
}
