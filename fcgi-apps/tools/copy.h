/* SPDX-License-Identifier: ISC */
/* copy.h - what copying all sessions and moving them have in common. */
#ifndef SESSKIT_COPY_H
#define SESSKIT_COPY_H

#include "tool.h"

/* Refuse a store whose sessions move to another, or have done so; a message ends with the remedy.
 * EX_OK, or an exit code with a message. */
int copy_at_home(const tool *, const sess_kit *, const char *remedy);
/* Move all sessions of t->kit, whose programs use move:FROM TO. An exit code. */
int copy_live(tool *, sess_kit *to);

#endif
