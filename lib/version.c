/* SPDX-License-Identifier: ISC */
/* version.c - which library a program runs with, as opposed to which header it was built with. */
#include "internal.h"

const char *
sess_version(void)
{
	return SESS_VERSION;
}
