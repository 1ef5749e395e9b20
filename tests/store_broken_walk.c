/* SPDX-License-Identifier: ISC */
/* store_broken_walk.c - broken promises of sentences 26 and 27: walk, restore. */
#include "store_broken.h"

#include <string.h>

#define WALK_ARGS void *self, sess_cursor *cursor, size_t limit, sess_item_fn *fn, void *arg, \
	sess_error *err
#define RESTORE_ARGS void *self, const sess_item *item, sess_error *err

/* -- 26 walk ----------------------------------------------------------------------------------- */

/* Items on their way to the function, which some break. */
typedef struct way {
	sess_item_fn *fn;
	void *arg;
	int swallowed;
} way;

static int
without_traces(void *arg, const sess_item *item)
{
	const way *w = arg;
	sess_item bare = *item;

	if (bare.rec != NULL)
		bare.count = 0;
	return w->fn(w->arg, &bare);
}

static int walk_without_traces(WALK_ARGS)
{
	return real->walk(self, cursor, limit, without_traces, &(way){ fn, arg, 0 }, err);
}

static int
without_ended(void *arg, const sess_item *item)
{
	const way *w = arg;

	return item->rec != NULL ? w->fn(w->arg, item) : 0;
}

static int walk_without_ended(WALK_ARGS)
{
	return real->walk(self, cursor, limit, without_ended, &(way){ fn, arg, 0 }, err);
}

static int
twice(void *arg, const sess_item *item)
{
	const way *w = arg;
	int rc = w->fn(w->arg, item);

	return rc != 0 ? rc : w->fn(w->arg, item);
}

static int walk_twice(WALK_ARGS)
{
	return real->walk(self, cursor, limit, twice, &(way){ fn, arg, 0 }, err);
}

static int walk_never_ends(WALK_ARGS)
{
	int rc = real->walk(self, cursor, limit, fn, arg, err);

	return rc == 0 ? 1 : rc;
}

static int walk_from_the_start(WALK_ARGS)
{
	memset(cursor, 0, sizeof(*cursor));
	return real->walk(self, cursor, limit, fn, arg, err);
}

static int
swallow(void *arg, const sess_item *item)
{
	way *w = arg;

	w->swallowed = w->fn(w->arg, item);
	return 0;
}

static int walk_cannot_stop(WALK_ARGS)
{
	return real->walk(self, cursor, limit, swallow, &(way){ fn, arg, 0 }, err);
}

static int
without_next(void *arg, const sess_item *item)
{
	const way *w = arg;
	sess_trace t = item->traces[0];

	if (item->rec != NULL)
		return w->fn(w->arg, item);
	memset(t.next, 0, sizeof(t.next));
	return w->fn(w->arg, &(sess_item){ .traces = &t, .count = 1 });
}

static int walk_forgets_next(WALK_ARGS)
{
	return real->walk(self, cursor, limit, without_next, &(way){ fn, arg, 0 }, err);
}

#define ITEM_ARGS void *self, const unsigned char *id, sess_item_fn *fn, void *arg, sess_error *err

static int item_without_traces(ITEM_ARGS)
{
	return real->item(self, id, without_traces, &(way){ fn, arg, 0 }, err);
}

static int item_never_there(ITEM_ARGS)
{
	(void)self, (void)id, (void)fn, (void)arg, (void)err;
	return 0;
}

static int item_cannot_stop(ITEM_ARGS)
{
	return real->item(self, id, swallow, &(way){ fn, arg, 0 }, err);
}

/* -- 27 restore -------------------------------------------------------------------------------- */

static int restore_nothing(RESTORE_ARGS)
{
	(void)self, (void)item, (void)err;
	return 1;
}

static int restore_as_new(RESTORE_ARGS)
{
	sess_record rec;
	sess_item new = *item;

	if (item->rec == NULL)
		return real->restore(self, item, err);
	rec = *item->rec;
	rec.revision = 1;
	new.rec = &rec;
	return real->restore(self, &new, err);
}

static int restore_whatever(RESTORE_ARGS)
{
	sess_record rec;
	sess_item new = *item;

	if (item->rec == NULL)
		return real->restore(self, item, err);
	rec = *item->rec;
	rec.revision += 1000;
	new.rec = &rec;
	return real->restore(self, &new, err);
}

static int restore_without_traces(RESTORE_ARGS)
{
	sess_item bare = *item;

	if (bare.rec != NULL)
		bare.count = 0;
	return real->restore(self, &bare, err);
}

/* The record that it should end lives on. */
static int restore_spares(RESTORE_ARGS)
{
	if (item->rec == NULL && real_revision(self, item->traces[0].id, item->traces[0].at) != 0)
		return 1;
	return real->restore(self, item, err);
}

/* What ended makes room for what comes back, under another id: nobody can ask for the old one. */
static int restore_revives(RESTORE_ARGS)
{
	sess_record rec;
	sess_item new = *item;
	int rc = real->restore(self, item, err);

	if (rc != 0 || item->rec == NULL
		|| real_revision(self, item->rec->id, item->rec->seen) != 0)
		return rc;
	rec = *item->rec;
	rec.id[0] ^= 1;
	new.rec = &rec;
	new.count = 0;
	return real->restore(self, &new, err);
}

static int restore_says_done(RESTORE_ARGS)
{
	int rc = real->restore(self, item, err);

	return rc == 0 ? 1 : rc;
}

static int restore_ignores_conflict(RESTORE_ARGS)
{
	int rc = real->restore(self, item, err);

	return rc == SESS_CONFLICT ? 0 : rc;
}

const struct breakage broken_walk[] = {
	{ 26, "walk leaves out candidates and retired ids", { .walk = walk_without_traces } },
	{ 26, "walk leaves out what ended", { .walk = walk_without_ended } },
	{ 26, "walk forgets what took the place", { .walk = walk_forgets_next } },
	{ 26, "walk hands on each item twice", { .walk = walk_twice } },
	{ 26, "walk does not come to an end", { .walk = walk_never_ends } },
	{ 26, "walk knows no cursor", { .walk = walk_from_the_start } },
	{ 26, "walk cannot be stopped", { .walk = walk_cannot_stop } },
	{ 26, "item leaves out candidates and retired ids", { .item = item_without_traces } },
	{ 26, "item finds nothing", { .item = item_never_there } },
	{ 26, "item cannot be stopped", { .item = item_cannot_stop } },
	{ 27, "restore does nothing", { .restore = restore_nothing } },
	{ 27, "restore begins with the first revision", { .restore = restore_as_new } },
	{ 27, "restore minds no revision", { .restore = restore_whatever } },
	{ 27, "restore leaves out candidates and retired ids", { .restore = restore_without_traces } },
	{ 27, "restore spares what ended elsewhere", { .restore = restore_spares } },
	{ 27, "restore revives what ended", { .restore = restore_revives } },
	{ 27, "restore never says that nothing was done", { .restore = restore_says_done } },
	{ 27, "restore hides a conflict", { .restore = restore_ignores_conflict } },
	{ .sentence = 0 },
};
