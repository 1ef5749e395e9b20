/* SPDX-License-Identifier: ISC */
/* buffer.c - memory that is wiped before it goes back: growing buffers and arenas of copies. */
#include "internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST 512
#define CHUNK_FIRST 4096

int
buffer_room(buffer *b, size_t more)
{
	size_t cap = b->cap != 0 ? b->cap : BUFFER_FIRST;
	char *at;

	if (more <= b->cap - b->len)
		return SESS_OK;
	if (more > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		return SESS_NOMEM;
	while (cap - b->len < more)
		cap *= 2;
	/* Not realloc: it may leave an unwiped copy behind. */
	if ((at = malloc(cap)) == NULL)
		return SESS_NOMEM;
	if (b->at != NULL) {
		memcpy(at, b->at, b->len);
		sodium_memzero(b->at, b->len);
		free(b->at);
	}
	b->at = at;
	b->cap = cap;
	return SESS_OK;
}

int
buffer_put(buffer *b, const void *data, size_t len)
{
	if (buffer_room(b, len) != SESS_OK)
		return SESS_NOMEM;
	if (len > 0)
		memcpy(b->at + b->len, data, len);
	b->len += len;
	return SESS_OK;
}

int
buffer_text(buffer *b, const char *text)
{
	return buffer_put(b, text, strlen(text));
}

int
buffer_char(buffer *b, char c)
{
	return buffer_put(b, &c, 1);
}

int
buffer_end(buffer *b)
{
	if (buffer_room(b, 1) != SESS_OK)
		return SESS_NOMEM;
	b->at[b->len] = '\0';
	return SESS_OK;
}

void
buffer_wipe(buffer *b)
{
	/* One more for the NUL of buffer_end. */
	if (b->at != NULL)
		sodium_memzero(b->at, b->len < b->cap ? b->len + 1 : b->len);
	b->len = 0;
}

void
buffer_free(buffer *b)
{
	buffer_wipe(b);
	free(b->at);
	b->at = NULL;
	b->cap = 0;
}

struct chunk {
	chunk *next;
	size_t used, size;
	_Alignas(max_align_t) unsigned char memory[];
};

void *
arena_take(arena *a, size_t len)
{
	const size_t align = _Alignof(max_align_t);
	chunk *c = a->last;
	size_t size = CHUNK_FIRST;

	if (len > SIZE_MAX / 4)
		return NULL;
	len = (len + align - 1) / align * align;
	if (c == NULL || c->size - c->used < len) {
		if (size < len)
			size = len;
		if ((c = malloc(sizeof(*c) + size)) == NULL)
			return NULL;
		c->next = NULL;
		c->used = 0;
		c->size = size;
		if (a->last != NULL)
			a->last->next = c;
		else
			a->first = c;
		a->last = c;
	}
	c->used += len;
	return c->memory + c->used - len;
}

void *
arena_copy(arena *a, const void *data, size_t len)
{
	char *copy = len < SIZE_MAX / 4 ? arena_take(a, len + 1) : NULL;

	if (copy == NULL)
		return NULL;
	if (len > 0)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

static void
chunks_free(chunk *c)
{
	chunk *next;

	for (; c != NULL; c = next) {
		next = c->next;
		sodium_memzero(c->memory, c->used);
		free(c);
	}
}

void
arena_reset(arena *a)
{
	if (a->first == NULL)
		return;
	chunks_free(a->first->next);
	sodium_memzero(a->first->memory, a->first->used);
	a->first->next = NULL;
	a->first->used = 0;
	a->last = a->first;
}

void
arena_free(arena *a)
{
	chunks_free(a->first);
	a->first = a->last = NULL;
}
