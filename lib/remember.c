/* SPDX-License-Identifier: ISC */
/* remember.c - "keep me signed in": longer limits and a cookie that outlives the browser. */
#include "internal.h"

#define REMEMBER_MAX (400 * 86400)      /* browsers keep no cookie for longer */

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
	return SESS_OK;
}
