/* SPDX-License-Identifier: ISC */
/* store_walked.c - what a walk through a store handed on, kept to be compared and put back. */
#include "store_walked.h"

#include "tap.h"

#include <string.h>

/* A store that never comes to an end is a finding, not a reason to wait. */
#define PIECES_MAX (4 * WALKED_MAX)

void
walked_free(walked *w)
{
	arena_free(&w->memory);
	w->n = 0;
}

static void *
copy(walked *w, const void *data, size_t len)
{
	void *to = arena_copy(&w->memory, data, len);

	if (to == NULL)
		bail("out of memory");
	return to;
}

static int
keep(void *arg, const sess_item *item)
{
	walked *w = arg;
	walked_item *to = &w->at[w->n];

	if (w->n == WALKED_MAX || item->count > WALKED_TRACES) {
		w->overrun = true;
		return SESS_TOOBIG;
	}
	memset(to, 0, sizeof(*to));
	to->ended = item->rec == NULL;
	to->count = item->count;
	if (item->count > 0)
		memcpy(to->traces, item->traces, item->count * sizeof(*to->traces));
	if (item->rec != NULL) {
		const char **const text[] = { &to->rec.user, &to->rec.address, &to->rec.agent };

		to->rec = *item->rec;
		to->rec.data = copy(w, to->rec.data, to->rec.len);
		for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
			if (*text[i] != NULL)
				*text[i] = copy(w, *text[i], strlen(*text[i]));
	} else if (item->count == 1) {
		memcpy(to->rec.id, item->traces[0].id, SESS_ID_BYTES);
	}
	w->n++;
	return w->full != 0 && w->n == w->full ? 7 : 0;
}

int
walk_piece(contract *c, walked *w, sess_cursor *cursor, size_t limit)
{
	return result(c, c->provider->walk(c->self, cursor, limit, keep, w, &c->err));
}

int
walk_item(contract *c, walked *w, const unsigned char *id)
{
	return result(c, c->provider->item(c->self, id, keep, w, &c->err));
}

bool
walk_all(contract *c, walked *w, size_t limit)
{
	sess_cursor cursor = { { 0 } };

	for (int pieces = 0; pieces < PIECES_MAX; pieces++) {
		int rc = walk_piece(c, w, &cursor, limit);

		if (rc != 1)
			return rc == 0;
	}
	return false;
}

size_t
walked_find(const walked *w, const unsigned char *id, const walked_item **last)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (memcmp(w->at[i].rec.id, id, SESS_ID_BYTES) != 0)
			continue;
		n++;
		if (last != NULL)
			*last = &w->at[i];
	}
	return n;
}

size_t
walked_family(const walked *w, const unsigned char *family)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		n += !w->at[i].ended && memcmp(w->at[i].rec.family, family, SESS_FAMILY_BYTES) == 0;
	return n;
}

sess_item
walked_as_item(const walked_item *item)
{
	return (sess_item){ .rec = item->ended ? NULL : &item->rec, .traces = item->traces,
		.count = item->count };
}

static bool
has_trace(const walked_item *item, const sess_trace *t)
{
	for (size_t i = 0; i < item->count; i++) {
		const sess_trace *u = &item->traces[i];

		if (u->kind == t->kind && u->at == t->at && u->keep == t->keep && u->why == t->why
			&& memcmp(u->id, t->id, sizeof(t->id)) == 0
			&& memcmp(u->secret, t->secret, sizeof(t->secret)) == 0
			&& memcmp(u->next, t->next, sizeof(t->next)) == 0)
			return true;
	}
	return false;
}

const char *
walked_difference(const walked_item *a, const walked_item *b)
{
	const char *differs = NULL;

	if (a->ended != b->ended)
		return "whether it ended";
	if (!a->ended)
		differs = record_difference(&a->rec, &b->rec);
	if (differs == NULL && a->rec.revision != b->rec.revision)
		differs = "revision";
	if (differs == NULL && a->count != b->count)
		differs = "the number of traces";
	for (size_t i = 0; differs == NULL && i < a->count; i++)
		if (!has_trace(b, &a->traces[i]))
			differs = "a trace";
	return differs;
}
