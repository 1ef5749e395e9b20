/* SPDX-License-Identifier: ISC */
/* rotate.c - a new id because the program says so; commit.c puts the session under it. */
#include "internal.h"

int
sess_rotate(sess *s)
{
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	if ((rc = session_change(s)) != SESS_OK)
		return session_stick(s, rc, "sess_rotate");
	if (s->stored)
		session_mint(s);
	return SESS_OK;
}
