/* SPDX-License-Identifier: ISC */
/* stats.c - how the store does, in numbers. */
#include "internal.h"

#include <string.h>

/* For a store that keeps no numbers: what it can count. */
static int
count_live(sess_kit *kit, int64_t now, sess_stats *out)
{
	sess_query q = { .user = NULL, .now = now };
	size_t all = 0, anonymous = 0;
	int rc = kit->store.provider->count(kit->store.self, &q, &all, &kit->error);

	q.user = "";
	if (rc == SESS_OK)
		rc = kit->store.provider->count(kit->store.self, &q, &anonymous, &kit->error);
	if (rc != SESS_OK)
		return rc;
	out->live = (int64_t)all;
	/* Between the two others may have come and gone. */
	out->signed_in = all > anonymous ? (int64_t)(all - anonymous) : 0;
	return SESS_OK;
}

int
sess_summary(sess_kit *kit, sess_stats *out)
{
	const sess_provider *p;
	int rc;

	if (kit == NULL || out == NULL)
		return SESS_INVALID;
	/* Each member is an int64_t, and of those -1 has all bits set. */
	memset(out, 0xff, sizeof(*out));
	kit->error.text[0] = '\0';
	rc = store_check(&kit->store, &kit->error);
	if (rc != SESS_OK)
		return kit_fail(kit, rc);
	p = kit->store.provider;
	rc = p->stats != NULL ? p->stats(kit->store.self, kit_now(kit), out, &kit->error)
		: count_live(kit, kit_now(kit), out);
	return rc == SESS_OK ? rc : kit_fail(kit, rc);
}
