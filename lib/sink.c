/* SPDX-License-Identifier: ISC */
/* sink.c - where a store puts what its record points to. Apart from the arena, of which a module has
 * its own copy: of this one, a module uses that of the library. */
#include "internal.h"

void *
sess_sink_put(sess_sink *sink, const void *data, size_t len)
{
	return arena_copy(&sink->memory, data, len);
}
