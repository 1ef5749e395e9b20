/* SPDX-License-Identifier: ISC */
/* oom_alloc.c - an allocator that refuses: the linker leads the usual names to the functions here,
 * and SQLite is told by its own configuration. */
#include "oom.h"

#include <sodium.h>
#include <sqlite3.h>

/* How the linker names the real ones, and those that take their place. */
void *__real_malloc(size_t);
void *__real_calloc(size_t, size_t);
void *__real_realloc(void *, size_t);
void *__real_reallocarray(void *, size_t, size_t);
char *__real_strdup(const char *);
char *__real_strndup(const char *, size_t);
void *__real_sodium_allocarray(size_t, size_t);
void __real_free(void *);
void __real_sodium_free(void *);
void *__wrap_malloc(size_t);
void *__wrap_calloc(size_t, size_t);
void *__wrap_realloc(void *, size_t);
void *__wrap_reallocarray(void *, size_t, size_t);
char *__wrap_strdup(const char *);
char *__wrap_strndup(const char *, size_t);
void *__wrap_sodium_allocarray(size_t, size_t);
void __wrap_free(void *);
void __wrap_sodium_free(void *);

bool refusing, refuse_rest;
int asked, refuse_at, blocks;

static bool
refused(void)
{
	if (!refusing)
		return false;
	asked++;
	return asked == refuse_at || (refuse_rest && asked > refuse_at);
}

static void *
given(void *block)
{
	blocks += block != NULL;
	return block;
}

void *
__wrap_malloc(size_t size)
{
	return refused() ? NULL : given(__real_malloc(size));
}

void *
__wrap_calloc(size_t n, size_t size)
{
	return refused() ? NULL : given(__real_calloc(n, size));
}

void *
__wrap_realloc(void *block, size_t size)
{
	void *at = refused() ? NULL : __real_realloc(block, size);

	return block == NULL ? given(at) : at;
}

void *
__wrap_reallocarray(void *block, size_t n, size_t size)
{
	void *at = refused() ? NULL : __real_reallocarray(block, n, size);

	return block == NULL ? given(at) : at;
}

char *
__wrap_strdup(const char *text)
{
	return refused() ? NULL : given(__real_strdup(text));
}

char *
__wrap_strndup(const char *text, size_t len)
{
	return refused() ? NULL : given(__real_strndup(text, len));
}

void *
__wrap_sodium_allocarray(size_t n, size_t size)
{
	return refused() ? NULL : given(__real_sodium_allocarray(n, size));
}

void
__wrap_free(void *block)
{
	blocks -= block != NULL;
	__real_free(block);
}

void
__wrap_sodium_free(void *block)
{
	blocks -= block != NULL;
	__real_sodium_free(block);
}

static sqlite3_mem_methods sqlite_memory;

static void *
sqlite_take(int size)
{
	return refused() ? NULL : given(sqlite_memory.xMalloc(size));
}

static void *
sqlite_resize(void *block, int size)
{
	return refused() ? NULL : sqlite_memory.xRealloc(block, size);
}

static void
sqlite_give_back(void *block)
{
	blocks -= block != NULL;
	sqlite_memory.xFree(block);
}

/* The private stores of small blocks are switched off: what they give could not be refused. */
void
take_over_sqlite(void)
{
	sqlite3_mem_methods methods;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &sqlite_memory) != SQLITE_OK)
		bail("SQLite does not tell its allocator");
	methods = sqlite_memory;
	methods.xMalloc = sqlite_take;
	methods.xRealloc = sqlite_resize;
	methods.xFree = sqlite_give_back;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) != SQLITE_OK ||
		sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 0, 0) != SQLITE_OK ||
		sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) != SQLITE_OK)
		bail("SQLite takes no other allocator");
}
