/* SPDX-License-Identifier: ISC */
/* bench_alloc.c - counts the calls of the allocator: glibc lets a program have its own in front,
 * which the shared libraries use too if they can see it. */
#include "bench.h"

#include <sqlite3.h>

#include <stdlib.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

#define SEEN __attribute__((visibility("default")))

static allocations calls;
static sqlite3_mem_methods usual;

SEEN void *
malloc(size_t size)
{
	calls.all++;
	return __libc_malloc(size);
}

SEEN void *
calloc(size_t count, size_t size)
{
	calls.all++;
	return __libc_calloc(count, size);
}

SEEN void *
realloc(void *old, size_t size)
{
	calls.all++;
	return __libc_realloc(old, size);
}

static void *
sqlite_malloc(int size)
{
	calls.sqlite++;
	return usual.xMalloc(size);
}

static void *
sqlite_realloc(void *old, int size)
{
	calls.sqlite++;
	return usual.xRealloc(old, size);
}

void
allocations_watch(void)
{
	sqlite3_mem_methods counted;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual) != SQLITE_OK)
		bench_die("SQLite does not tell its allocator");
	counted = usual;
	counted.xMalloc = sqlite_malloc;
	counted.xRealloc = sqlite_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &counted) != SQLITE_OK)
		bench_die("SQLite does not take another allocator");
}

allocations
allocations_now(void)
{
	return calls;
}
