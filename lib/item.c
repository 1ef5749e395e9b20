/* SPDX-License-Identifier: ISC */
/*
 * item.c - what one store's walk handed on goes into another store. It may have come by way of a
 * file that somebody edited.
 */
#include "internal.h"

#include <string.h>

#define TRACES_MOST 4096        /* of one session */

/* No walk hands on anything else. */
static bool
sound(const sess_item *item)
{
	const sess_record *rec = item->rec;

	if (rec == NULL)
		return item->count == 1 && item->traces[0].kind == SESS_TRACE_ENDED;
	for (size_t i = 0; i < item->count; i++) {
		const sess_trace *t = &item->traces[i];

		if ((t->kind != SESS_TRACE_CANDIDATE && t->kind != SESS_TRACE_RETIRED) ||
			memcmp(t->id, rec->id, sizeof(t->id)) == 0)
			return false;
	}
	return rec->revision >= 1 && rec->revision <= INT64_MAX && rec->login >= 0 &&
		item->count <= TRACES_MOST;
}

int
item_restore(store *to, const sess_item *item, sess_error *err)
{
	if (!sound(item))
		return sess_fail(err, SESS_INVALID, "this is no session that a store could have held");
	return to->provider->restore(to->self, item, err);
}
