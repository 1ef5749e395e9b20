/* SPDX-License-Identifier: ISC */
/* move_many.c - many sessions at once, of which some have moved and some have not; and what
 * only one of the two stores does. */
#include "internal.h"
#include "store_move.h"

#include <stdlib.h>
#include <string.h>

/* -- many -------------------------------------------------------------------------------------- */

static int
keep_id(void *arg, const sess_record *rec)
{
	return buffer_put(arg, rec->id, sizeof(rec->id));
}

/* Append the ids of all that a query means in FROM. */
static int
ids_of(const move_store *m, const sess_query *query, buffer *ids, sess_error *err)
{
	const move_end *from = &m->pair.from;
	int rc = from->store->list(from->self, query, keep_id, ids, err);

	return rc == SESS_NOMEM ? sess_fail(err, rc, "store move: out of memory") : rc;
}

/* -- end all ----------------------------------------------------------------------------------- */

/* The arguments of a call, and what was met. */
typedef struct ending {
	const sess_query *query;
	const unsigned char *except;
	sess_status why;
	int64_t keep;
	buffer ids;                     /* of what may be in FROM, or was there at first */
	size_t n;
} ending;

/* Whether an id is the one to spare, which may be named by another that leads to it. */
static bool
is_spared(const move_store *m, const ending *e, const unsigned char *id)
{
	const move_end *from = &m->pair.from;
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec;
	sess_error ignored;
	int rc;

	if (e->except == NULL)
		return false;
	rc = from->store->load(from->self, e->except, MOVE_EPOCH, &rec, &sink, &ignored);
	arena_free(&sink.memory);
	/* Who cannot be asked is not said to be another. */
	return rc < 0 || memcmp(rc == 1 ? rec.id : e->except, id, SESS_ID_BYTES) == 0;
}

/* Bring over all of them, so that TO can end them. What cannot be is ended where it is; the first
 * failure is told when all had their turn. */
static int
pull_to_end(const move_store *m, ending *e, sess_error *err)
{
	int result = SESS_OK;

	for (size_t at = 0; at < e->ids.len; at += SESS_ID_BYTES) {
		const unsigned char *id = (const unsigned char *)e->ids.at + at;
		sess_error failure = { 0 };
		int rc = move_pull(&m->pair, id, &failure);

		if ((move_refused(rc) || rc == SESS_BUSY) && !is_spared(m, e, id)) {
			rc = move_end_left(&m->pair, id, e->why, e->query->now, e->keep, &failure);
			e->n += rc == SESS_OK;
		} else if (move_refused(rc))
			rc = SESS_OK;
		if (rc != SESS_OK && result == SESS_OK) {
			*err = failure;
			result = rc;
		}
	}
	return result;
}

/* Those in FROM, when the move has not begun. If it has by then, one of them may be on its way: that
 * it is over must be in TO first, so it is among the ids. */
static int
end_in_from(move_store *m, const sess_query *ever, ending *e, sess_error *err)
{
	const move_end *from = &m->pair.from;
	int rc = ids_of(m, ever, &e->ids, err);

	if (rc == SESS_OK)
		rc = from->store->end_all(from->self, e->query, e->except, e->why, e->keep, &e->n, err);
	return rc == SESS_OK ? move_look(m, err) : rc;
}

/* Those in TO, and before DONE those in FROM as well. */
static int
end_in_to(move_store *m, bool pull, const sess_query *ever, ending *e, sess_error *err)
{
	const move_end *to = &m->pair.to;
	sess_error failure;
	size_t n = 0;
	int pulled = SESS_OK, rc = pull ? ids_of(m, ever, &e->ids, err) : SESS_OK;

	if (rc != SESS_OK)
		return rc;
	if (pull)
		pulled = pull_to_end(m, e, err);
	rc = to->store->end_all(to->self, e->query, e->except, e->why, e->keep, &n,
		pulled == SESS_OK ? err : &failure);
	e->n += n;
	return pulled == SESS_OK ? rc : pulled;
}

int
move_end_all(void *self, const sess_query *query, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *err)
{
	move_store *m = self;
	/* Expired ones, too. */
	sess_query ever = { .user = query->user, .now = MOVE_EPOCH, .since = query->since };
	ending e = { .query = query, .except = except, .why = why, .keep = keep };
	int rc = move_look(m, err);
	bool pull = m->phase != MOVE_DONE, there = m->phase != MOVE_NOT;

	if (rc == SESS_OK && !there)
		rc = end_in_from(m, &ever, &e, err);
	if (rc == SESS_OK && (there || m->phase != MOVE_NOT))
		rc = end_in_to(m, pull, &ever, &e, err);
	buffer_free(&e.ids);
	*n = rc == SESS_OK ? e.n : 0;
	return rc;
}

/* -- list and count ---------------------------------------------------------------------------- */

typedef struct listing {
	sess_record_fn *fn;
	void *arg;
	buffer ids;                     /* handed on from FROM */
	size_t left;                    /* may still be handed on */
	bool again;                     /* this is TO, after FROM */
} listing;

static int
compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, SESS_ID_BYTES);
}

static int
hand_on(void *arg, const sess_record *rec)
{
	listing *l = arg;
	sess_record copy = *rec;
	int rc;

	if (l->left == 0 || (l->again && l->ids.len > 0 && bsearch(rec->id, l->ids.at,
		l->ids.len / SESS_ID_BYTES, SESS_ID_BYTES, compare_ids) != NULL))
		return 0;
	rc = l->again ? SESS_OK : buffer_put(&l->ids, rec->id, SESS_ID_BYTES);
	if (rc != SESS_OK)
		return rc;
	l->left--;
	copy.persist = move_persist(copy.persist);
	return l->fn(l->arg, &copy);
}

/* What cannot move is not shown; that it stays behind is for sesskit copy --live to say. */
static int
list_to(const move_store *m, bool pull, const sess_query *query, listing *l, sess_error *err)
{
	const move_end *to = &m->pair.to;
	buffer ids = { .len = 0 };
	int rc = pull ? ids_of(m, query, &ids, err) : SESS_OK;

	for (size_t at = 0; rc == SESS_OK && at < ids.len; at += SESS_ID_BYTES) {
		sess_error failure = { 0 };

		rc = move_pull(&m->pair, (const unsigned char *)ids.at + at, &failure);
		if (move_refused(rc))
			rc = SESS_OK;
		else if (rc != SESS_OK)
			*err = failure;
	}
	buffer_free(&ids);
	return rc == SESS_OK ? to->store->list(to->self, query, hand_on, l, err) : rc;
}

static int
list_from(move_store *m, const sess_query *query, listing *l, sess_error *err)
{
	const move_end *from = &m->pair.from;
	int rc = from->store->list(from->self, query, hand_on, l, err);

	if (rc == SESS_NOMEM)
		(void)sess_fail(err, rc, "store move: out of memory");
	if (rc == SESS_OK)
		rc = move_look(m, err);
	if (rc != SESS_OK || m->phase == MOVE_NOT)
		return rc;
	/* Some may have left FROM before their turn came. */
	if (l->ids.len > 0)
		qsort(l->ids.at, l->ids.len / SESS_ID_BYTES, SESS_ID_BYTES, compare_ids);
	l->again = true;
	return list_to(m, true, query, l, err);
}

int
move_list(void *self, const sess_query *query, sess_record_fn *fn, void *arg, sess_error *err)
{
	move_store *m = self;
	listing l = { .fn = fn, .arg = arg, .left = query->limit > 0 ? query->limit : SIZE_MAX };
	int rc = move_look(m, err);

	if (rc != SESS_OK)
		return rc;
	l.again = m->phase != MOVE_NOT;
	rc = l.again ? list_to(m, m->phase == MOVE_BEGUN, query, &l, err) :
		list_from(m, query, &l, err);
	buffer_free(&l.ids);
	return rc;
}

/* In the phase that was read last; one on its way counts twice. */
static int
count_now(const move_store *m, const sess_query *query, size_t *n, sess_error *err)
{
	const move_end *from = &m->pair.from, *to = &m->pair.to;
	size_t behind = 0;
	int rc = SESS_OK;

	if (m->phase != MOVE_DONE)
		rc = from->store->count(from->self, query, &behind, err);
	if (rc == SESS_OK && m->phase != MOVE_NOT)
		rc = to->store->count(to->self, query, n, err);
	*n += behind;
	return rc;
}

int
move_count(void *self, const sess_query *query, size_t *n, sess_error *err)
{
	move_store *m = self;
	int rc = move_look(m, err);
	bool all = m->phase == MOVE_NOT;

	*n = 0;
	if (rc == SESS_OK)
		rc = count_now(m, query, n, err);
	if (rc == SESS_OK && all)
		rc = move_look(m, err);
	if (rc != SESS_OK || !all || m->phase == MOVE_NOT)
		return rc;
	/* Some may have left FROM before they were counted. */
	*n = 0;
	return count_now(m, query, n, err);
}

int
move_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *err)
{
	move_store *m = self;
	const move_end *at, *from = &m->pair.from;
	size_t behind = 0;
	int rc = move_lead(m, &at, err);

	*n = 0;
	if (rc == SESS_OK && m->phase == MOVE_BEGUN)
		rc = from->store->collect(from->self, now, rows, &behind, err);
	if (rc == SESS_OK && behind < rows)
		rc = at->store->collect(at->self, now, rows - behind, n, err);
	*n += behind;
	return rc;
}

/* -- what only one of them does ---------------------------------------------------------------- */

int
move_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *err)
{
	move_store *m = self;
	int rc = move_look(m, err);
	const move_end *at = m->phase == MOVE_DONE ? &m->pair.to : &m->pair.from;

	*found = 0;
	return rc == SESS_OK ? at->store->cas(at->self, name, expected, value, found, err) : rc;
}

/* Whom a walk hands items on to. */
typedef struct walking {
	sess_item_fn *fn;
	void *arg;
} walking;

static int
hand_on_item(void *arg, const sess_item *item)
{
	const walking *w = arg;
	sess_item copy = *item;
	sess_record rec;

	if (item->rec != NULL) {
		rec = *item->rec;
		rec.persist = move_persist(rec.persist);
		copy.rec = &rec;
	}
	return w->fn(w->arg, &copy);
}

/* A walk ends on the store that it began on: the place that it came to means nothing in the other,
 * and what left FROM before its turn is missing. */
static int
check_walk(move_store *m, sess_error *err)
{
	const move_end *at;
	int rc = move_lead(m, &at, err);

	if (rc != SESS_OK || m->walked == at)
		return rc;
	return sess_fail(err, SESS_BUSY, "sessions began to move from %s to %s meanwhile: do this once "
		"more from its beginning", m->pair.from.url, m->pair.to.url);
}

int
move_walk(void *self, sess_cursor *cursor, size_t limit, sess_item_fn *fn, void *arg,
	sess_error *err)
{
	static const sess_cursor start;
	move_store *m = self;
	walking w = { fn, arg };
	sess_error later = { 0 };
	const move_end *at;
	int rc = move_lead(m, &at, err), walked;

	/* Another handle may have begun it. */
	if (rc == SESS_OK && (m->walked == NULL || memcmp(cursor, &start, sizeof(start)) == 0))
		m->walked = at;
	if (rc == SESS_OK)
		rc = check_walk(m, err);
	if (rc != SESS_OK)
		return rc;
	walked = at->store->walk(at->self, cursor, limit, hand_on_item, &w, err);
	/* What is in err already says that something was left out. */
	rc = walked >= 0 ? check_walk(m, &later) : SESS_OK;
	if (rc != SESS_OK)
		*err = later;
	return rc == SESS_OK ? walked : rc;
}

int
move_restore(void *self, const sess_item *item, sess_error *err)
{
	const move_end *at;
	int rc = move_lead(self, &at, err);

	return rc == SESS_OK ? at->store->restore(at->self, item, err) : rc;
}

int
move_item(void *self, const unsigned char *id, sess_item_fn *fn, void *arg, sess_error *err)
{
	const move_end *at;
	int rc = move_lead(self, &at, err);

	return rc == SESS_OK ? at->store->item(at->self, id, hand_on_item, &(walking){ fn, arg }, err) :
		rc;
}

int
move_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	const move_end *at;
	int rc = move_lead(self, &at, err);

	if (rc != SESS_OK || at->store->stats == NULL)
		return rc;
	return at->store->stats(at->self, now, out, err);
}
