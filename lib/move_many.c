/* SPDX-License-Identifier: ISC */
/* move_many.c - many sessions at once, of which some have moved and some have not; and what
 * only one of the two stores does. */
#include "internal.h"
#include "store_move.h"

/* -- many -------------------------------------------------------------------------------------- */

static int
keep_id(void *arg, const sess_record *rec)
{
	return buffer_put(arg, rec->id, sizeof(rec->id));
}

/* All that a query means, if FROM may still have some of it: so no record is in both. */
static int
pull_all(const move_store *m, const sess_query *query, sess_error *err)
{
	const move_end *from = &m->pair.from;
	buffer ids = { .len = 0 };
	int rc = from->store->list(from->self, query, keep_id, &ids, err);

	if (rc == SESS_NOMEM)
		(void)sess_fail(err, rc, "store move: out of memory");
	for (size_t at = 0; rc == SESS_OK && at < ids.len; at += SESS_ID_BYTES)
		rc = move_pull(&m->pair, (const unsigned char *)ids.at + at, err);
	buffer_free(&ids);
	return rc;
}

int
move_end_all(void *self, const sess_query *query, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *err)
{
	move_store *m = self;
	const move_end *from = &m->pair.from, *to = &m->pair.to;
	/* Expired ones, too. */
	sess_query ever = { .user = query->user, .now = MOVE_EPOCH, .since = query->since };
	size_t before = 0;
	int rc = move_look(m, err);
	bool pull = m->phase != MOVE_DONE;

	*n = 0;
	if (rc == SESS_OK && m->phase == MOVE_NOT) {
		rc = from->store->end_all(from->self, query, except, why, keep, &before, err);
		if (rc == SESS_OK)
			rc = move_look(m, err);
		if (rc == SESS_OK && m->phase == MOVE_NOT) {
			*n = before;
			return rc;
		}
	}
	if (rc == SESS_OK && pull)
		rc = pull_all(m, &ever, err);
	if (rc == SESS_OK)
		rc = to->store->end_all(to->self, query, except, why, keep, n, err);
	*n += rc == SESS_OK ? before : 0;
	return rc;
}

int
move_list(void *self, const sess_query *query, sess_record_fn *fn, void *arg, sess_error *err)
{
	move_store *m = self;
	const move_end *at;
	int rc = move_lead(m, &at, err);

	if (rc == SESS_OK && m->phase == MOVE_BEGUN)
		rc = pull_all(m, query, err);
	return rc == SESS_OK ? at->store->list(at->self, query, fn, arg, err) : rc;
}

/* One on its way counts twice. */
int
move_count(void *self, const sess_query *query, size_t *n, sess_error *err)
{
	move_store *m = self;
	const move_end *at, *from = &m->pair.from;
	size_t behind = 0;
	int rc = move_lead(m, &at, err);

	*n = 0;
	if (rc == SESS_OK && m->phase == MOVE_BEGUN)
		rc = from->store->count(from->self, query, &behind, err);
	if (rc == SESS_OK)
		rc = at->store->count(at->self, query, n, err);
	*n += behind;
	return rc;
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

int
move_walk(void *self, sess_cursor *cursor, size_t limit, sess_item_fn *fn, void *arg,
	sess_error *err)
{
	const move_end *at;
	int rc = move_lead(self, &at, err);

	return rc == SESS_OK ? at->store->walk(at->self, cursor, limit, fn, arg, err) : rc;
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

	return rc == SESS_OK ? at->store->item(at->self, id, fn, arg, err) : rc;
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
