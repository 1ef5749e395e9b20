/* SPDX-License-Identifier: ISC */
/* buffer.h - memory that is wiped before it goes back: growing buffers, arenas of copies, the sink. */
#ifndef SESSKIT_BUFFER_H
#define SESSKIT_BUFFER_H

#include "sesskit_store.h"

typedef struct buffer {
	char *at;               /* NULL while cap is 0 */
	size_t len, cap;
} buffer;

/* All of these: SESS_OK or SESS_NOMEM. What at points to may move. */
int buffer_room(buffer *, size_t more);
int buffer_put(buffer *, const void *, size_t);
int buffer_text(buffer *, const char *);
int buffer_char(buffer *, char);
int buffer_end(buffer *);               /* a NUL behind the last byte, not counted in len */
void buffer_wipe(buffer *);             /* empty, contents wiped, memory kept */
void buffer_free(buffer *);             /* empty, contents wiped, memory released */

/* An arena: copies that do not move until it is reset. */
typedef struct chunk chunk;
typedef struct arena {
	chunk *first, *last;
} arena;

void *arena_take(arena *, size_t len);                  /* aligned, not cleared; NULL: no memory */
void *arena_copy(arena *, const void *, size_t len);    /* with a NUL behind; NULL: no memory */
void arena_reset(arena *);                              /* wiped; one chunk is kept for next time */
void arena_free(arena *);

/* sess_sink of the provider contract */
struct sess_sink {
	arena memory;
};

#endif
