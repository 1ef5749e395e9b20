/* SPDX-License-Identifier: ISC */
/* move_fixture.h - move: between any two stores of this machine, in a phase that a test wants. */
#ifndef MOVE_FIXTURE_H
#define MOVE_FIXTURE_H

#include "store_move.h"

/* The provider move:, whose open takes one path, for FROM, and the same with ".to" behind it for
 * TO, and sets the phase unless that was done before. */
sess_provider move_between(const sess_provider *from, const sess_provider *to, int64_t phase);

#endif
