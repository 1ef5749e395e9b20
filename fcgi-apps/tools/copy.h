/* SPDX-License-Identifier: ISC */
/* copy.h - what copying all sessions and moving them have in common. */
#ifndef SESSKIT_COPY_H
#define SESSKIT_COPY_H

#include "tool.h"

/* Before sessions are copied from the store of t->kit: it must still have them, and what moved out
 * of the other one must not be in the way there. EX_OK, or an exit code with a message. */
int copy_begin(const tool *, sess_kit *to);
/* Move all sessions of t->kit, whose programs use move:FROM TO. An exit code. */
int copy_live(tool *, sess_kit *to);

#endif
