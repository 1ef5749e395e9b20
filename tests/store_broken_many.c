/* SPDX-License-Identifier: ISC */
/* store_broken_many.c - broken promises of sentences 18 to 25: queries, collection, numbers,
 * several handles, hold, failures. */
#include "store_broken.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define LIST_ARGS void *self, const sess_query *query, sess_record_fn *fn, void *arg, \
	sess_error *err
#define COUNT_ARGS void *self, const sess_query *query, size_t *n, sess_error *err
#define COLLECT_ARGS void *self, int64_t now, size_t rows, size_t *n, sess_error *err
#define CAS_ARGS void *self, const char *name, int64_t expected, int64_t value, \
	int64_t *found, sess_error *err

/* -- 18 list, 19 count ----------------------------------------------------------------------- */

static int list_without_limit(LIST_ARGS)
{
	sess_query all = *query;

	all.limit = 0;
	return real->list(self, &all, fn, arg, err);
}

static int list_expired(LIST_ARGS)
{
	sess_query all = *query;

	all.now = INT64_MIN;
	return real->list(self, &all, fn, arg, err);
}

static int list_cannot_stop(LIST_ARGS)
{
	int rc = real->list(self, query, fn, arg, err);

	return rc == 7 ? 0 : rc;
}

#define REVERSED_MAX 64

struct reversed {
	sess_record rec[REVERSED_MAX];
	size_t n;
};

static int keep_for_later(void *arg, const sess_record *rec)
{
	struct reversed *r = arg;

	if (r->n < REVERSED_MAX) {
		r->rec[r->n] = *rec;
		r->rec[r->n].user = r->rec[r->n].agent = r->rec[r->n].address = NULL;
		r->n++;
	}
	return 0;
}

static int list_backwards(LIST_ARGS)
{
	static struct reversed r;
	int rc;

	r.n = 0;
	rc = real->list(self, query, keep_for_later, &r, err);
	while (rc == 0 && r.n)
		rc = fn(arg, &r.rec[--r.n]);
	return rc;
}

static int count_expired(COUNT_ARGS)
{
	sess_query all = *query;

	all.now = INT64_MIN;
	return real->count(self, &all, n, err);
}

static int count_everyone(COUNT_ARGS)
{
	sess_query all = *query;

	all.user = NULL;
	return real->count(self, &all, n, err);
}

static int count_since_ever(COUNT_ARGS)
{
	sess_query all = *query;

	all.since = 0;
	return real->count(self, &all, n, err);
}

/* -- 20 collect ------------------------------------------------------------------------------ */

static int collect_too_early(COLLECT_ARGS)
{
	return real->collect(self, now < INT64_MAX ? now + 1 : now, rows, n, err);
}

static int collect_without_limit(COLLECT_ARGS)
{
	(void)rows;
	return real->collect(self, now, SIZE_MAX, n, err);
}

static int collect_nothing(COLLECT_ARGS)
{
	(void)now;
	return real->collect(self, INT64_MIN, rows, n, err);
}

static unsigned char offered[SESS_ID_BYTES];    /* last; all NULs: none */

static int offer_noted(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	int rc = real->offer(self, id, candidate, secret, now, free_since, keep, err);

	if (rc == 1)
		memcpy(offered, candidate, sizeof(offered));
	return rc;
}

/* The id of the candidate stays taken when the record that it led to is collected. */
static int collect_leaves_trace(COLLECT_ARGS)
{
	sess_record rec = { .expires = INT64_MAX };
	sess_error ignored;
	int rc = real->collect(self, now, rows, n, err);

	memcpy(rec.id, offered, sizeof(rec.id));
	if (rc == SESS_OK && real->insert(self, &rec, now, 0, &ignored) == SESS_OK)
		real->end(self, rec.id, SESS_UNKNOWN, now, INT64_MAX, &ignored);
	return rc;
}

/* -- 21 cas ---------------------------------------------------------------------------------- */

static int cas_always(CAS_ARGS)
{
	int rc = real->cas(self, name, expected, value, found, err);

	return rc == 0 ? real->cas(self, name, *found, value, found, err) : rc;
}

static int cas_tells_nothing(CAS_ARGS)
{
	int64_t hidden;

	*found = expected;
	return real->cas(self, name, expected, value, &hidden, err);
}

static int cas_one_number(CAS_ARGS)
{
	(void)name;
	return real->cas(self, "the one", expected, value, found, err);
}

/* -- 22 several handles ---------------------------------------------------------------------- */

static int open_apart(void **self, const sess_address *address, const sess_limits *limits,
	sess_error *err)
{
	static atomic_int serial;
	sess_address own = *address;
	char path[600];

	snprintf(path, sizeof(path), "%s-%d", address->path, atomic_fetch_add(&serial, 1));
	own.path = path;
	return real->open(self, &own, limits, err);
}

static int update_loses(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	sess_record any = *rec;

	any.revision = real_revision(self, rec->id, now);
	return real->update(self, &any, now, part, err);
}

/* -- 23 hold --------------------------------------------------------------------------------- */

static int hold_nothing(void *self, const unsigned char *id, sess_error *err)
{
	(void)self;
	(void)id;
	(void)err;
	return SESS_OK;
}

static int release_nothing(void *self, sess_error *err)
{
	(void)self;
	(void)err;
	return SESS_OK;
}

static bool held;               /* a broken store runs in one process and one thread */

static int hold_noted(void *self, const unsigned char *id, sess_error *err)
{
	int rc = real->hold(self, id, err);

	held = rc == SESS_OK;
	return rc;
}

static int release_noted(void *self, sess_error *err)
{
	held = false;
	return real->release(self, err);
}

static int update_undone(void *self, const sess_record *rec, int64_t now, int part,
	sess_error *err)
{
	return held ? SESS_OK : real->update(self, rec, now, part, err);
}

static int touch_undone(void *self, const unsigned char *id, int64_t seen, int64_t expires,
	sess_error *err)
{
	return held ? SESS_OK : real->touch(self, id, seen, expires, err);
}

/* -- 25 failures ----------------------------------------------------------------------------- */

static int touch_silent(void *self, const unsigned char *id, int64_t seen, int64_t expires,
	sess_error *err)
{
	int rc = real->touch(self, id, seen, expires, err);

	err->text[0] = '\0';
	return rc;
}

static int insert_wrong_code(void *self, const sess_record *rec, int64_t now, int flags,
	sess_error *err)
{
	int rc = real->insert(self, rec, now, flags, err);

	err->code = SESS_OK;
	return rc;
}

static int insert_changes(void *self, const sess_record *rec, int64_t now, int flags,
	sess_error *err)
{
	int rc = real->insert(self, rec, now, flags, err);

	if (rc == SESS_CONFLICT)
		real_bump(self, rec->id, now);
	return rc;
}

const struct breakage broken_many[] = {
	{ 18, "list knows no limit", { .list = list_without_limit } },
	{ 18, "list tells of expired records", { .list = list_expired } },
	{ 18, "list swallows what the function returns", { .list = list_cannot_stop } },
	{ 18, "list goes the other way round", { .list = list_backwards } },
	{ 19, "count counts expired records", { .count = count_expired } },
	{ 19, "count counts everyone", { .count = count_everyone } },
	{ 19, "count ignores since", { .count = count_since_ever } },
	{ 20, "collect takes what lives for another second", { .collect = collect_too_early } },
	{ 20, "collect knows no limit", { .collect = collect_without_limit } },
	{ 20, "collect does nothing", { .collect = collect_nothing } },
	{ 20, "collect leaves what led to a record",
		{ .offer = offer_noted, .collect = collect_leaves_trace } },
	{ 21, "cas sets whatever was there", { .cas = cas_always } },
	{ 21, "cas does not tell what was there", { .cas = cas_tells_nothing } },
	{ 21, "cas knows one number only", { .cas = cas_one_number } },
	{ 22, "each handle has a store of its own", { .open = open_apart } },
	{ 22, "updates by other handles are lost", { .update = update_loses } },
	{ 23, "hold does nothing", { .hold = hold_nothing, .release = release_nothing } },
	{ 23, "an update while held does not count",
		{ .hold = hold_noted, .release = release_noted, .update = update_undone } },
	{ 23, "a touch while held does not count",
		{ .hold = hold_noted, .release = release_noted, .touch = touch_undone } },
	{ 23, "release does not let go", { .release = release_nothing } },
	{ 25, "a failure without a text", { .touch = touch_silent } },
	{ 25, "a failure with another code", { .insert = insert_wrong_code } },
	{ 25, "a failure that changes something", { .insert = insert_changes } },
	{ .sentence = 0 },
};
