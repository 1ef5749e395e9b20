/* SPDX-License-Identifier: ISC */
/* destroy.c - the end of a session: in the store first, in the browser after. */
#include "internal.h"

int
session_end(sess *s, sess_status why)
{
	sess_kit *kit = s->kit;
	int rc;

	if (s->flags & SESS_READ_ONLY)
		return session_stick(s, SESS_DENIED, "the end of the session");
	if (session_reserve(s) != SESS_OK)
		return session_stick(s, SESS_NOMEM, "the end of the session");
	if (s->stored) {
		s->now = kit_now(kit);
		rc = session_bring(s);
		if (rc == SESS_OK)
			rc = kit->store.provider->end(kit->store.self, s->current.id, why, s->now,
				expiry_add(s->now, kit->config.trace), &kit->error);
		if (rc != SESS_OK) {
			/* Sticks like any other failure, but with the store's own words. */
			s->sticky = s->sticky == SESS_OK ? rc : s->sticky;
			return kit_fail(kit, rc);
		}
		kit_log(kit, "logout", s->current.id, "ended by its owner");
		s->state = why;
	}
	session_forget(s);
	/* What had ended meanwhile has ended now by will: a new session may begin. */
	if (s->sticky == SESS_GONE)
		s->sticky = SESS_OK;
	/* Also for an id that was dead already: whoever logs out wants no cookie left. */
	s->send = s->from == FROM_COOKIE ? SEND_DELETION : SEND_NOTHING;
	return SESS_OK;
}

int
sess_destroy(sess *s)
{
	return s != NULL ? session_end(s, SESS_LOGGED_OUT) : SESS_INVALID;
}

int
sess_logout(sess *s)
{
	return sess_destroy(s);
}
