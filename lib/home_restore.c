/* SPDX-License-Identifier: ISC */
/* home_restore.c - puts back what a walk handed on. */
#include "home.h"
#include "internal.h"

#include <string.h>

enum { UNLISTED = 4 };          /* beside the kinds of a trace, and 0 for the own id */
enum { ENDED = 1 };             /* of find_there */

typedef struct restoring {
	const sess_item *item;
	bool there;                             /* ids of it lead to this home */
	bool ended;                             /* where one of them ended */
	unsigned char home[SESS_ID_BYTES];
	bool stays;                             /* what is there was put there once more */
	bool again;                             /* somebody else was first */
} restoring;

static const unsigned char *
id_of(const sess_item *item, size_t i)
{
	return i == 0 ? item->rec->id : item->traces[i - 1].id;
}

static int
flags_of(const sess_item *item)
{
	return item->sync ? SESS_SYNC : 0;
}

/* What an id goes through while its session is renewed; it never goes back. */
static int
rank(int kind)
{
	return kind == SESS_TRACE_CANDIDATE ? 1 : kind == 0 ? 2 : kind == UNLISTED ? 4 : 3;
}

/* What an id is at this home; it leads there. */
static int
kind_at(const home *h, const unsigned char *id)
{
	const sess_trace *t = home_trace(h, id);

	return t ? t->kind : home_is_own(h, id) ? 0 : UNLISTED;
}

static int
taken(const home_store *b, const unsigned char *id, sess_error *err)
{
	return sess_fail(err, SESS_CONFLICT, "%s: the id x'%02x%02x%02x%02x...' belongs to another "
		"session there, or is damaged", b->name, id[0], id[1], id[2], id[3]);
}

/* The one home that all ids of an item lead to, if any: SESS_OK, ENDED if one of them ended, or
 * SESS_CONFLICT if they lead to several, or worse. */
static int
find_there(home_store *b, restoring *r, sess_error *err)
{
	home *h = &b->other;

	for (size_t i = 0; i <= r->item->count; i++) {
		const unsigned char *id = id_of(r->item, i);
		int rc = home_find(b, h, id, err);

		if (rc != SESS_OK)
			return rc;
		if (h->what == HOME_NOTHING)
			continue;
		r->ended = h->what == HOME_SESSION && (kind_at(h, id) == SESS_TRACE_ENDED || !h->live);
		if (r->ended) {
			r->there = true;
			memcpy(r->home, h->key, sizeof(h->key));
			return ENDED;
		}
		if (h->what != HOME_SESSION || (r->there && memcmp(r->home, h->key, sizeof(h->key)) != 0) ||
			memcmp(h->rec.family, r->item->rec->family, sizeof(h->rec.family)) != 0)
			return taken(b, id, err);
		r->there = true;
		memcpy(r->home, h->key, sizeof(h->key));
	}
	return SESS_OK;
}

/* True if the item is a later state of the session. A renewal does not move the revision. */
static bool
is_later(const sess_item *item, const home *h)
{
	if (item->rec->revision != h->rec.revision)
		return item->rec->revision > h->rec.revision;
	for (size_t i = 0; i <= item->count; i++) {
		const unsigned char *id = id_of(item, i);
		bool known = home_is_own(h, id) || home_trace(h, id);

		if (known && rank(i == 0 ? 0 : item->traces[i - 1].kind) > rank(kind_at(h, id)))
			return true;
	}
	return false;
}

/* Let an id lead to h. If it leads elsewhere by now, all ids are to be looked for again. */
static int
point(home_store *b, restoring *r, const unsigned char *id, const home *h, sess_error *err)
{
	const sess_item *item = r->item;
	int rc = home_point(b, id, h, item->rec ? item->rec->expires : item->traces[0].keep,
		flags_of(item), err);

	r->again = rc == HOME_AGAIN;
	return rc;
}

/* Who put it there may have died before it was on disk. If it is to be there, it is put there once
 * more, with all that leads to it. */
static int
stays(home_store *b, home *h, restoring *r, sess_error *err)
{
	const sess_item *item = r->item;
	int rc = SESS_OK;

	if (!item->sync)
		return HOME_STAYS;
	for (size_t i = item->rec ? 0 : 1; i <= item->count && rc == SESS_OK; i++)
		if (kind_at(h, id_of(item, i)) != UNLISTED)
			rc = point(b, r, id_of(item, i), h, err);
	h->was = (home_mark){ .kind = 0 };
	r->stays = true;
	return rc == SESS_OK ? HOME_CHANGED : r->again ? HOME_STAYS : rc;
}

/* Ids that ended stay; all others are those of the item. */
static int
take_over(home_store *b, home *h, restoring *r, sess_error *err)
{
	const sess_item *item = r->item;
	size_t n = 0;
	int rc = SESS_OK;

	for (size_t i = 0; i <= item->count && rc == SESS_OK; i++)
		rc = point(b, r, id_of(item, i), h, err);
	for (size_t i = 0; i < h->count; i++)
		if (h->ids[i].kind == SESS_TRACE_ENDED)
			h->ids[n++] = h->ids[i];
	h->count = n;
	for (size_t i = 0; i < item->count && rc == SESS_OK; i++) {
		const sess_trace *from = &item->traces[i];
		sess_trace *t = home_add_id(h, from->kind, from->id, err);

		if (!t)
			return err->code;
		*t = *from;
	}
	h->what = HOME_SESSION;
	h->live = true;
	h->rec = *item->rec;
	return rc == SESS_OK ? HOME_CHANGED : r->again ? HOME_STAYS : rc;
}

static int
restore_record(home_store *b, home *h, void *arg, sess_error *err)
{
	restoring *r = arg;

	r->stays = false;
	if (h->what == HOME_NOTHING)
		return r->ended ? HOME_STAYS : take_over(b, h, r, err);
	if (h->what != HOME_SESSION)
		return taken(b, h->key, err);
	/* It may have moved on since we looked. */
	for (size_t i = 0; i <= r->item->count; i++)
		if (!h->live || kind_at(h, id_of(r->item, i)) == SESS_TRACE_ENDED)
			return stays(b, h, r, err);
	if (memcmp(h->rec.family, r->item->rec->family, sizeof(h->rec.family)) != 0)
		return taken(b, h->key, err);
	return is_later(r->item, h) ? take_over(b, h, r, err) : stays(b, h, r, err);
}

/* An end is final: what the id leads to ends as well. */
static int
restore_ended(home_store *b, home *h, void *arg, sess_error *err)
{
	restoring *r = arg;
	const sess_trace *from = r->item->traces;
	sess_trace *t = home_trace(h, from->id);

	r->stays = false;
	if (h->what == HOME_NUMBER)
		return HOME_STAYS;
	if (t && t->kind == SESS_TRACE_ENDED)
		return stays(b, h, r, err);
	if (h->live && home_end_ids(h, from->why, from->at, from->keep, NULL, err) != SESS_OK)
		return err->code;
	t = home_trace(h, from->id);
	if (!t)
		t = home_add_id(h, SESS_TRACE_ENDED, from->id, err);
	if (!t)
		return err->code;
	*t = *from;
	h->what = HOME_SESSION;
	return HOME_CHANGED;
}

static int
restore(home_store *b, restoring *r, sess_error *err)
{
	const sess_item *item = r->item;
	int rc;

	if (!item->rec)
		return home_change(b, item->traces[0].id, restore_ended, r, flags_of(item), err);
	rc = find_there(b, r, err);
	if (rc < 0 || (rc == ENDED && !item->sync))
		return rc < 0 ? rc : 0;
	return home_change(b, r->there ? r->home : item->rec->id, restore_record, r, flags_of(item), err);
}

int
home_restore(void *self, const sess_item *item, sess_error *err)
{
	home_wait wait = { .tries = 0 };
	home_store *b = self;
	restoring r;
	int rc;

	home_call(b, INT64_MIN);
	do {
		r = (restoring){ .item = item };
		rc = restore(b, &r, err);
	} while (r.again && home_wait_more(&wait, b->limits.busy_ms));
	if (r.again)
		return sess_fail(err, SESS_BUSY, "%s: others changed this session for %d ms", b->name,
			b->limits.busy_ms);
	return rc == HOME_CHANGED && r.stays ? 0 : rc;
}
