/* SPDX-License-Identifier: ISC */
/*
 * store_move.c - move:FROM TO, a store that takes sessions from one store to another while programs
 * use them; see store_move.h. sesskit copy --live says when that begins and when it is done. Until
 * then a number in FROM is read at each call, before and, where that matters, after what is done
 * there.
 */
#include "store_move.h"

#include <stdlib.h>
#include <string.h>

int
move_look(move_store *m, sess_error *err)
{
	const move_pair *p = &m->pair;
	int64_t number;
	int rc;

	if (m->phase == MOVE_DONE)
		return SESS_OK;
	rc = move_number(&p->from, &number, err);
	if (rc == SESS_OK && number != MOVE_NOT && move_name_of(number) != m->name)
		rc = move_name(&p->to, &m->name, err);
	if (rc != SESS_OK)
		return rc;
	if (number != MOVE_NOT && move_name_of(number) != m->name)
		return sess_fail(err, SESS_CONFIG, "%s moves to another store than %s: set store = "
			"move:FROM TO with the two that sesskit copy --live was given", p->from.url,
			p->to.url);
	m->phase = move_phase_of(number);
	return SESS_OK;
}

int
move_lead(move_store *m, const move_end **out, sess_error *err)
{
	int rc = move_look(m, err);

	*out = m->phase == MOVE_NOT ? &m->pair.from : &m->pair.to;
	return rc;
}

/* -- one session ------------------------------------------------------------------------------- */

/* The arguments of a call. */
typedef struct call {
	const unsigned char *id, *candidate, *secret;
	const sess_record *rec;
	int64_t now, keep, expires, free_since, renew;
	int part;
	sess_status why;
	sess_record *out;               /* load */
	sess_sink *sink;
} call;

typedef int call_fn(const move_end *, const call *, sess_error *);

enum { FENCED = 0, UNFENCED = 1,        /* whether a fence in FROM keeps the call out */
	PULL_FIRST = 2 };               /* nothing of the session may stay behind in FROM: what a crash
	                                 * left there would be alive once TO forgot that it is over */

/* In FROM until the move begins, then in TO. What says SESS_GONE may be where it is not looked for
 * yet. */
static int
do_call(move_store *m, call_fn *fn, const call *c, int how, sess_error *err)
{
	int rc = move_look(m, err), pulled;
	bool pull = m->phase != MOVE_DONE;

	if (rc != SESS_OK)
		return rc;
	if (m->phase == MOVE_NOT) {
		rc = fn(&m->pair.from, c, err);
		if (rc >= 0 ? !(how & UNFENCED) : rc != SESS_GONE && rc != SESS_CONFLICT)
			return rc;
		if ((pulled = move_look(m, err)) != SESS_OK)
			return pulled;
		if (m->phase == MOVE_NOT)
			return rc;
	}
	if (!pull || !(how & PULL_FIRST)) {
		rc = fn(&m->pair.to, c, err);
		if (!pull || rc != SESS_GONE)
			return rc;
	}
	pulled = move_pull(&m->pair, c->id, err);
	return pulled == SESS_OK ? fn(&m->pair.to, c, err) : pulled;
}

static int
call_load(const move_end *at, const call *c, sess_error *err)
{
	int rc = at->store->load(at->self, c->id, c->now, c->out, c->sink, err);

	if (rc == 1)
		c->out->persist = move_persist(c->out->persist);
	return rc == 0 ? SESS_GONE : rc;
}

static int
move_load(void *self, const unsigned char *id, int64_t now, sess_record *rec, sess_sink *sink,
	sess_error *err)
{
	call c = { .id = id, .now = now, .out = rec, .sink = sink };
	int rc = do_call(self, call_load, &c, FENCED, err);

	return rc == SESS_GONE ? 0 : rc;
}

/* One that came to FROM when the move had begun goes along at once: nobody else may ask for it
 * there any more. */
static int
move_insert(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	move_store *m = self;
	const move_end *at;
	int rc = move_lead(m, &at, err);

	if (rc == SESS_OK)
		rc = at->store->insert(at->self, rec, now, flags, err);
	if (rc != SESS_OK || at == &m->pair.to)
		return rc;
	rc = move_look(m, err);
	return rc == SESS_OK && m->phase != MOVE_NOT ? move_pull(&m->pair, rec->id, err) : rc;
}

static int
call_update(const move_end *at, const call *c, sess_error *err)
{
	return at->store->update(at->self, c->rec, c->now, c->part, err);
}

static int
move_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	call c = { .id = rec->id, .rec = rec, .now = now, .part = part };

	return do_call(self, call_update, &c, FENCED, err);
}

static int
call_touch(const move_end *at, const call *c, sess_error *err)
{
	return at->store->touch(at->self, c->id, c->now, c->expires, err);
}

static int
move_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	call c = { .id = id, .now = seen, .expires = expires };

	return do_call(self, call_touch, &c, UNFENCED, err);
}

static int
call_offer(const move_end *at, const call *c, sess_error *err)
{
	return at->store->offer(at->self, c->id, c->candidate, c->secret, c->now, c->free_since,
		c->keep, err);
}

static int
move_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	call c = { .id = id, .candidate = candidate, .secret = secret, .now = now,
		.free_since = free_since, .keep = keep };

	return do_call(self, call_offer, &c, UNFENCED, err);
}

static int
call_confirm(const move_end *at, const call *c, sess_error *err)
{
	return at->store->confirm(at->self, c->id, c->now, c->renew, c->keep, err);
}

static int
move_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew, int64_t keep,
	sess_error *err)
{
	call c = { .id = candidate, .now = now, .renew = renew, .keep = keep };

	return do_call(self, call_confirm, &c, UNFENCED, err);
}

static int
call_replace(const move_end *at, const call *c, sess_error *err)
{
	return at->store->replace(at->self, c->id, c->rec, c->why, c->now, c->keep, err);
}

static int
move_replace(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	call c = { .id = old, .rec = rec, .why = why, .now = now, .keep = keep };

	return do_call(self, call_replace, &c, FENCED | PULL_FIRST, err);
}

static int
call_end(const move_end *at, const call *c, sess_error *err)
{
	return at->store->end(at->self, c->id, c->why, c->now, c->keep, err);
}

static int
move_end_one(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	call c = { .id = id, .why = why, .now = now, .keep = keep };
	int rc = do_call(self, call_end, &c, UNFENCED | PULL_FIRST, err);

	/* A logout does not depend on whether the session can move. */
	if (!move_refused(rc))
		return rc;
	return move_end_left(&((move_store *)self)->pair, id, why, now, keep, err);
}

/* -- both -------------------------------------------------------------------------------------- */

static int
idle_at(const move_end *at, sess_error *err)
{
	return at->store->idle != NULL ? at->store->idle(at->self, err) : SESS_OK;
}

/* What is left of FROM once all has moved may be gone, and TO does not wait for FROM. */
static int
move_idle(void *self, sess_error *err)
{
	const move_store *m = self;
	sess_error other = { 0 };
	int rc = m->phase != MOVE_DONE ? idle_at(&m->pair.from, err) : SESS_OK;
	int to = idle_at(&m->pair.to, rc == SESS_OK ? err : &other);

	return rc == SESS_OK ? to : rc;
}

static void
move_forked(void *self)
{
	const move_pair *p = &((move_store *)self)->pair;

	if (p->from.store->forked != NULL)
		p->from.store->forked(p->from.self);
	if (p->to.store->forked != NULL)
		p->to.store->forked(p->to.self);
	free(self);
}

static void
move_close(void *self)
{
	const move_pair *p = &((move_store *)self)->pair;

	p->from.store->close(p->from.self);
	p->to.store->close(p->to.self);
	free(self);
}

static int
move_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	const sess_base *base = address->base;
	move_store *m;
	int rc;

	*self = NULL;
	if (address->bases != 2 || strcmp(base[0].address->url, base[1].address->url) == 0)
		return sess_fail(err, SESS_CONFIG, "store: move: needs two stores, as in "
			"move:sqlite:sessions.db redis://localhost");
	for (int i = 0; i < 2; i++)
		if (base[i].provider->item == NULL || base[i].provider->restore == NULL)
			return sess_fail(err, SESS_CONFIG, "store: sessions cannot move from or to %s:...",
				base[i].provider->scheme);
	if ((m = calloc(1, sizeof(*m))) == NULL)
		return sess_fail(err, SESS_NOMEM, "store move: out of memory");
	m->pair = (move_pair){ { base[0].provider, NULL, base[0].address->url },
		{ base[1].provider, NULL, base[1].address->url }, limits->busy_ms };
	m->name = -1;
	rc = base[0].provider->open(&m->pair.from.self, base[0].address, limits, err);
	if (rc == SESS_OK) {
		rc = base[1].provider->open(&m->pair.to.self, base[1].address, limits, err);
		if (rc != SESS_OK)
			base[0].provider->close(m->pair.from.self);
	}
	if (rc == SESS_OK)
		*self = m;
	else
		free(m);
	return rc;
}

static void
move_examine(const sess_address *address, const sess_limits *limits, bool deep,
	sess_finding_fn *fn, void *arg)
{
	for (size_t i = 0; i < address->bases; i++)
		if (address->base[i].provider->examine != NULL)
			address->base[i].provider->examine(address->base[i].address, limits, deep, fn, arg);
}

const sess_provider sess_provider_move = {
	.abi = SESS_STORE_ABI,
	.scheme = "move",
	.flags = SESS_STORE_OVER,
	.open = move_open,
	.close = move_close,
	.load = move_load,
	.insert = move_insert,
	.update = move_update,
	.touch = move_touch,
	.offer = move_offer,
	.confirm = move_confirm,
	.replace = move_replace,
	.end = move_end_one,
	.end_all = move_end_all,
	.list = move_list,
	.count = move_count,
	.collect = move_collect,
	.cas = move_cas,
	.idle = move_idle,
	.forked = move_forked,
	.walk = move_walk,
	.restore = move_restore,
	.stats = move_stats,
	.examine = move_examine,
	.item = move_item,
};
