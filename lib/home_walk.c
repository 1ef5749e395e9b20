/* SPDX-License-Identifier: ISC */
/* home_walk.c - all that is stored, home by home, or one item of it. A session never leaves its home,
 * so that a walk cannot miss one. */
#include "examine.h"
#include "home.h"
#include "internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PIECE 256               /* keys of an examination at a time */

/* In a cursor, behind the store's place: how many items of the next home were handed on already,
 * and which value that was. */
#define SUM_AT (HOME_PLACE + 2)

typedef struct walk {
	home_store *b;
	sess_cursor *cursor;
	size_t limit, n;                /* n: keys so far */
	sess_item_fn *fn;
	void *arg;
	sess_trace *traces;             /* those of the record */
	size_t room;
	int rc;                         /* what the function said */
	bool damaged;                   /* err tells; the piece ends there */
	sess_error *err;
} walk;

/* The record with what leads to it: what the function returned, or a failure. */
static int
hand_on_record(walk *w, const home *h)
{
	sess_item item = { .rec = &h->rec };

	if (w->room < h->count) {
		free(w->traces);
		w->room = 0;
		w->traces = calloc(h->count, sizeof(*w->traces));
		if (!w->traces)
			return home_full(w->err);
		w->room = h->count;
	}
	for (size_t i = 0; i < h->count; i++)
		if (h->ids[i].kind != SESS_TRACE_ENDED)
			w->traces[item.count++] = h->ids[i];
	item.traces = w->traces;
	return w->fn(w->arg, &item);
}

static int
hand_on(walk *w, const home *h)
{
	unsigned char *at = w->cursor->at + HOME_PLACE, sum[sizeof(w->cursor->at) - SUM_AT];
	size_t skip, n = 0;

	/* What was changed since then comes from its beginning. */
	memcpy(sum, h->value.bytes + 4, sizeof(sum));
	skip = memcmp(at + 2, sum, sizeof(sum)) == 0 ? (size_t)at[0] << 8 | at[1] : 0;
	if (h->live && ++n > skip)
		w->rc = hand_on_record(w, h);
	for (size_t i = 0; i < h->count && !w->rc; i++)
		if (h->ids[i].kind == SESS_TRACE_ENDED && ++n > skip)
			w->rc = w->fn(w->arg, &(sess_item){ .traces = &h->ids[i], .count = 1 });
	at[0] = w->rc ? (unsigned char)(n >> 8) : 0;
	at[1] = w->rc ? (unsigned char)n : 0;
	memcpy(at + 2, sum, sizeof(sum));
	return w->rc;
}

static void
tell_damaged(walk *w, const unsigned char *id)
{
	w->damaged = true;
	(void)sess_fail(w->err, SESS_OK, "%s: the session x'%02x%02x%02x%02x...' is damaged, and "
		"was left out", w->b->name, id[0], id[1], id[2], id[3]);
}

static int
walk_key(void *arg, const unsigned char *key)
{
	walk *w = arg;
	home *h = &w->b->one;
	int rc;

	if (w->damaged || (w->n && w->n >= w->limit))
		return 1;
	rc = home_look(w->b, h, key, w->err);
	if (rc != SESS_OK)
		return rc;
	if (h->what == HOME_DAMAGED)
		tell_damaged(w, key);
	w->n += h->what == HOME_SESSION;
	return h->what == HOME_SESSION ? hand_on(w, h) : SESS_OK;
}

static void
forget_traces(walk *w)
{
	if (w->traces)
		sodium_memzero(w->traces, w->room * sizeof(*w->traces));
	free(w->traces);
}

int
home_walk(void *self, sess_cursor *cursor, size_t limit, sess_item_fn *fn, void *arg,
	sess_error *err)
{
	home_store *b = self;
	walk w = { .b = b, .cursor = cursor, .limit = limit, .fn = fn, .arg = arg, .err = err };
	int rc;

	home_call_many(b, INT64_MIN);
	rc = b->ops->each(b, cursor, limit, walk_key, &w, err);
	forget_traces(&w);
	return w.rc ? w.rc : rc < 0 ? rc : rc || w.damaged;
}

int
home_item(void *self, const unsigned char *id, sess_item_fn *fn, void *arg, sess_error *err)
{
	home_store *b = self;
	home *h = &b->one;
	walk w = { .b = b, .fn = fn, .arg = arg, .err = err };
	const sess_trace *t;
	int rc;

	home_call(b, INT64_MIN);
	rc = home_find(b, h, id, err);
	if (rc != SESS_OK)
		return rc;
	t = home_trace(h, id);
	if (h->what == HOME_DAMAGED) {
		tell_damaged(&w, id);
		return 0;
	}
	if (h->what != HOME_SESSION || (!t && !home_is_own(h, id)))
		return 0;
	rc = t && t->kind == SESS_TRACE_ENDED ? fn(arg, &(sess_item){ .traces = t, .count = 1 })
		: hand_on_record(&w, h);
	forget_traces(&w);
	return rc ? rc : 1;
}

static int
count_item(void *arg, const sess_item *item)
{
	(void)item;
	++*(size_t *)arg;
	return 0;
}

/* A piece ends behind what is damaged. */
void
home_examine(home_store *b, const examination *x)
{
	sess_cursor cursor = { { 0 } };
	size_t items = 0;
	sess_error err;
	int rc;

	do {
		err.text[0] = '\0';
		rc = home_walk(b, &cursor, PIECE, count_item, &items, &err);
		if (err.text[0])
			examine_say(x, SESS_FAULT, rc < 0 ? "" : "end it, or let it expire", "%s", err.text);
	} while (rc == 1);
	if (rc == 0)
		examine_say(x, SESS_FINE, "", "%zu sessions and traces read", items);
}
