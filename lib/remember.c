/* SPDX-License-Identifier: ISC */
/* remember.c - "keep me signed in": longer limits and a cookie that outlives the browser. */
#include "internal.h"

int
sess_remember(sess *s, int64_t seconds)
{
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	if ((rc = session_change(s)) != SESS_OK)
		return session_stick(s, rc, "sess_remember");
	if (seconds < 0)
		return session_stick(s, SESS_INVALID, "sess_remember");
	s->pending.remember = true;
	s->pending.seconds = seconds < REMEMBER_MAX ? seconds : REMEMBER_MAX;
	/* The end of an id is remembered for as long as the limits in the cookies that carry it: these
	 * must not change. */
	if (s->stored && carry_is_on(s->kit))
		session_mint(s);
	return SESS_OK;
}
