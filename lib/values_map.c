/* SPDX-License-Identifier: ISC */
/* values_map.c - values sorted by key, each with what this request did to it. */
#include "internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The least that an entry takes once encoded, with its quotes, colon and comma. */
static size_t
entry_bytes(const entry *e)
{
	size_t least = strlen(e->key) + 4;

	switch (e->type) {
	case SESS_NOTHING:
		return 0;
	case SESS_STR:
	case SESS_BYTES:
		return least + 2 + e->len;
	case SESS_INT:
		return least + 1;
	case SESS_REAL:
		return least + 3;
	default:
		return least + 4;
	}
}

/* Where key is, or would go. */
static size_t
values_place(const values *v, const char *key, bool *found)
{
	size_t low = 0, high = v->count;

	*found = false;
	/* What we wrote comes back in order, so that appending is the common case. */
	if (high > 0 && strcmp(v->at[high - 1].key, key) < 0)
		return high;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(v->at[middle].key, key);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The slot of key, unset ones included; NULL when there never was one. */
static entry *
values_slot(const values *v, const char *key)
{
	bool found;
	size_t place = values_place(v, key, &found);

	return found ? &v->at[place] : NULL;
}

entry *
values_find(const values *v, const char *key)
{
	entry *e = key != NULL ? values_slot(v, key) : NULL;

	return e != NULL && e->type != SESS_NOTHING ? e : NULL;
}

static int
values_grow(values *v)
{
	size_t cap = v->cap != 0 ? v->cap * 2 : 16;
	entry *at = calloc(cap, sizeof(*at));

	if (at == NULL)
		return SESS_NOMEM;
	if (v->at != NULL) {
		memcpy(at, v->at, v->count * sizeof(*at));
		sodium_memzero(v->at, v->count * sizeof(*at));
		free(v->at);
	}
	v->at = at;
	v->cap = cap;
	return SESS_OK;
}

int
values_put(values *v, const entry *e)
{
	bool found;
	size_t place = values_place(v, e->key, &found);

	if (found && v->at != NULL) {
		v->bytes -= entry_bytes(&v->at[place]);
	} else {
		if ((v->at == NULL || v->count == v->cap) && values_grow(v) != SESS_OK)
			return SESS_NOMEM;
		memmove(&v->at[place + 1], &v->at[place], (v->count - place) * sizeof(*e));
		v->count++;
	}
	v->at[place] = *e;
	v->bytes += entry_bytes(e);
	return SESS_OK;
}

void
values_unset(values *v, entry *e)
{
	v->bytes -= entry_bytes(e);
	e->type = SESS_NOTHING;
	e->change = CHANGE_UNSET;
	v->changed = true;
}

void
values_clear(values *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->at[i].key[0] != '@' && v->at[i].type != SESS_NOTHING)
			values_unset(v, &v->at[i]);
	v->cleared = v->changed = true;
}

int
values_add(values *v, const char *key, int64_t delta)
{
	entry *now = values_slot(v, key);
	entry e = { .key = key, .type = SESS_INT, .change = CHANGE_ADD, .delta = delta };

	e.is.num = delta;
	if (now != NULL) {
		e.key = now->key;
		if (now->type == SESS_INT)
			e.is.num = expiry_add(now->is.num, delta);
		if (now->change == CHANGE_ADD)
			e.delta = expiry_add(now->delta, delta);
		else if (now->change != CHANGE_NONE)
			e.change = CHANGE_SET;
	}
	v->changed = true;
	return values_put(v, &e);
}

int
values_replay(values *onto, const values *mine)
{
	int rc = SESS_OK;

	if (mine->cleared)
		values_clear(onto);
	for (size_t i = 0; i < mine->count && rc == SESS_OK; i++) {
		const entry *e = &mine->at[i];

		/* What was unset is put as well: the next replay needs its mark. */
		if (e->change == CHANGE_ADD)
			rc = values_add(onto, e->key, e->delta);
		else if (e->change != CHANGE_NONE)
			rc = values_put(onto, e);
	}
	onto->changed = mine->changed;
	return rc;
}

void
values_settle(values *v)
{
	for (size_t i = 0; i < v->count; i++) {
		v->at[i].change = CHANGE_NONE;
		v->at[i].delta = 0;
	}
	v->cleared = v->changed = false;
}

void
values_reset(values *v)
{
	if (v->at != NULL)
		sodium_memzero(v->at, v->count * sizeof(*v->at));
	v->count = v->bytes = 0;
	v->cleared = v->changed = false;
}

void
values_free(values *v)
{
	values_reset(v);
	free(v->at);
	v->at = NULL;
	v->cap = 0;
}

const entry *
values_after(const values *v, const char *key)
{
	bool found;
	size_t i = values_place(v, key, &found);

	for (i += found; i < v->count; i++)
		if (v->at[i].type != SESS_NOTHING)
			return &v->at[i];
	return NULL;
}
