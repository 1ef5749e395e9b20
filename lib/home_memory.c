/* SPDX-License-Identifier: ISC */
/* home_memory.c - the memory of values and homes, wiped before it goes back. */
#include "home.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void
home_value_free(home_value *v)
{
	if (v->bytes)
		sodium_memzero(v->bytes, v->room);
	free(v->bytes);
	*v = (home_value){ .len = 0 };
}

bool
home_room(home_value *v, size_t len)
{
	size_t room = 1024;

	if (len <= v->room && v->bytes)
		return true;
	while (room < len && room <= SIZE_MAX / 2)
		room *= 2;
	home_value_free(v);
	v->bytes = room < len ? NULL : malloc(room);
	v->room = v->bytes ? room : 0;
	return v->bytes != NULL;
}

void
home_free(home *h)
{
	home_value_free(&h->value);
	if (h->ids)
		sodium_memzero(h->ids, h->room * sizeof(*h->ids));
	free(h->ids);
	*h = (home){ .what = HOME_NOTHING };
}

sess_trace *
home_add_id(home *h, int kind, const unsigned char *id, sess_error *err)
{
	size_t room = h->room * 2 + 8;
	sess_trace *ids;

	if (h->count == h->room) {
		ids = calloc(room, sizeof(*ids));
		if (!ids) {
			home_full(err);
			return NULL;
		}
		if (h->ids) {
			memcpy(ids, h->ids, h->count * sizeof(*ids));
			sodium_memzero(h->ids, h->room * sizeof(*ids));
			free(h->ids);
		}
		h->ids = ids;
		h->room = room;
	}
	ids = &h->ids[h->count++];
	*ids = (sess_trace){ .kind = kind };
	memcpy(ids->id, id, sizeof(ids->id));
	return ids;
}
