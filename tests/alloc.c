/* SPDX-License-Identifier: ISC */
/* alloc.c - stands in front of malloc, calloc and free of the library under test. */
#define _GNU_SOURCE
#include "alloc.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

/* The linker's names for the functions and for what stands in front of them. */
void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void __real_free(void *at);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *at);

static size_t count, fail_at, unwiped;
static bool fail_onwards;
static const char *watched;

static bool
refused(void)
{
	count++;
	return fail_at != 0 && (fail_onwards ? count >= fail_at : count == fail_at);
}

void *
__wrap_malloc(size_t size)
{
	void *at = refused() ? NULL : __real_malloc(size);

	/* Fresh memory is not zero, so that what relies on that shows. */
	if (at != NULL)
		memset(at, 0xA5, malloc_usable_size(at));
	return at;
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return refused() ? NULL : __real_calloc(n, size);
}

void
__wrap_free(void *at)
{
	if (at != NULL && watched != NULL &&
		memmem(at, malloc_usable_size(at), watched, strlen(watched)) != NULL)
		unwiped++;
	__real_free(at);
}

size_t
alloc_count(void)
{
	return count;
}

void
alloc_fail(size_t n, bool onwards)
{
	fail_at = n != 0 ? count + n : 0;
	fail_onwards = onwards;
}

void
alloc_watch(const char *text)
{
	watched = text;
	unwiped = 0;
}

size_t
alloc_unwiped(void)
{
	return unwiped;
}
