/* SPDX-License-Identifier: ISC */
/*
 * renew.c - a new id every so often, in three steps: one request is offered a candidate, the first
 * request that brings it confirms it, and the old id retires. Until then the old id works, so that a
 * lost response costs nothing; parallel requests are offered no second candidate. A retired id that
 * comes back after its grace means that somebody has a copy of the cookie.
 */
#include "internal.h"

#include <sodium.h>
#include <string.h>

#define TRACE_MAX (400 * 86400) /* how long a candidate waits, if nothing ends the session before */
#define RETIRED_KEPT 86400      /* how long a retired id is known, to raise the alarm */

/* Offer a new id when one is due. That this fails, or that another request was first, costs the
 * visitor nothing: the present id goes on working. */
void
session_offer(sess *s)
{
	sess_kit *kit = s->kit;
	unsigned char secret[KEY_BYTES];
	int rc;

	if (carry_is_on(kit) || s->flags & SESS_NO_TOUCH || s->rec.via != SESS_VIA_ID ||
		(s->from != FROM_COOKIE && s->from != FROM_HEADER) ||
		!expiry_renewal_due(s->now, s->rec.renew, s->rec.offered, kit->config.grace))
		return;
	session_mint(s);
	s->minted = false;
	identity_secret(secret, &s->current);
	secret_wrap(s->next.wrapped, secret, s->next.raw);
	sodium_memzero(secret, sizeof(secret));
	rc = kit->store.provider->offer(kit->store.self, s->current.id, s->next.id, s->next.wrapped,
		s->now, expiry_add(s->now, -kit->config.grace),
		s->rec.absolute != 0 ? s->rec.absolute : expiry_add(s->now, TRACE_MAX), &kit->error);
	if (rc == 1) {
		s->rec.offered = s->now;
		session_send(s, &s->next);
		kit_log(kit, "offered", s->current.id, "a new id was offered");
	} else if (rc < 0 && rc != SESS_GONE) {
		(void)kit_fail(kit, rc);
	}
}

/* The first request with a candidate makes it the id. A failure here is not the visitor's: the
 * candidate goes on working, and the next request tries again. */
int
session_confirm(sess *s)
{
	sess_kit *kit = s->kit;
	int64_t renew = kit->config.renew < 0 ? 0 : expiry_add(s->now, kit->config.renew);
	int rc;

	if (s->flags & SESS_READ_ONLY)
		return SESS_OK;
	rc = kit->store.provider->confirm(kit->store.self, s->current.id, s->now, renew,
		expiry_add(s->now, RETIRED_KEPT), &kit->error);
	if (rc == SESS_OK) {
		memcpy(s->rec.id, s->current.id, sizeof(s->rec.id));
		s->rec.via = SESS_VIA_ID;
		s->rec.renew = renew;
		s->rec.offered = 0;
		kit_log(kit, "renewed", s->rec.id, "the new id was confirmed");
	} else if (rc != SESS_GONE) {
		(void)kit_fail(kit, rc);
		rc = SESS_OK;
	}
	return rc;
}

/* A retired id after its grace: thief or owner, one of the two holds a copy. */
int
session_reused(sess *s)
{
	sess_kit *kit = s->kit;
	bool end = kit->config.reuse == SESS_REUSE_END;
	int rc = SESS_OK;

	s->state = SESS_REUSED;
	kit_log(kit, "reuse", s->rec.id, end ? "a retired id came back; the session is ended" :
		"a retired id came back; it was refused");
	if (end)
		rc = kit->store.provider->end(kit->store.self, s->rec.id, SESS_REUSED, s->now,
			expiry_add(s->now, kit->config.trace), &kit->error);
	return rc == SESS_OK ? SESS_OK : kit_fail(kit, rc);
}
