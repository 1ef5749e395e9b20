/* SPDX-License-Identifier: ISC */
/* syscalls.c - lets a test decide which of SQLite's system calls fail, and how: SQLite has a table
 * of those it makes, for just that. */
#define _GNU_SOURCE
#include "syscalls.h"

#include "faults.h"

#include <errno.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static decide_fn *decide;
static void *decide_arg;

/* SQLite's own entries, called when the call is let through. */
static int (*real_open)(const char *, int, int);
static int (*real_fstat)(int, struct stat *);
static int (*real_ftruncate)(int, off_t);
static int (*real_fcntl)(int, int, ...);
static ssize_t (*real_pread)(int, void *, size_t, off_t);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_fallocate)(int, off_t, off_t);
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);

/* True, with errno, if this call is to fail. */
static bool
fails(const char *call, int fd, int64_t size)
{
	struct stat st;
	int error;

	if (decide == NULL)
		return false;
	if (size > 0 && fstat(fd, &st) == 0 && st.st_size >= size)
		size = 0;
	error = decide(decide_arg, call, fd, size);
	if (error != 0)
		errno = error;
	return error != 0;
}

static int
my_open(const char *path, int flags, int mode)
{
	return fails("open", -1, 0) ? -1 : real_open(path, flags, mode);
}

static int
my_fstat(int fd, struct stat *st)
{
	return fails("fstat", fd, 0) ? -1 : real_fstat(fd, st);
}

static int
my_ftruncate(int fd, off_t size)
{
	return fails("ftruncate", fd, size) ? -1 : real_ftruncate(fd, size);
}

/* All that SQLite asks for with it has a pointer or a number as its third argument. */
static int
my_fcntl(int fd, int command, void *arg)
{
	return fails("fcntl", fd, 0) ? -1 : real_fcntl(fd, command, arg);
}

static ssize_t
my_pread(int fd, void *bytes, size_t n, off_t at)
{
	return fails("pread", fd, 0) ? -1 : real_pread(fd, bytes, n, at);
}

static ssize_t
my_pwrite(int fd, const void *bytes, size_t n, off_t at)
{
	return fails("pwrite", fd, at + (off_t)n) ? -1 : real_pwrite(fd, bytes, n, at);
}

static int
my_fallocate(int fd, off_t at, off_t n)
{
	return fails("fallocate", fd, at + n) ? errno : real_fallocate(fd, at, n);
}

static void *
my_mmap(void *where, size_t n, int protection, int flags, int fd, off_t at)
{
	return fails("mmap", fd, 0) ? MAP_FAILED : real_mmap(where, n, protection, flags, fd, at);
}

/* Put mine in place of SQLite's; false if this SQLite has no such call. */
static bool
replace(const char *name, sqlite3_syscall_ptr mine, sqlite3_syscall_ptr *real)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find("unix");
	sqlite3_syscall_ptr was = vfs != NULL ? vfs->xGetSystemCall(vfs, name) : NULL;

	if (was == NULL)
		return false;
	*real = was;
	return vfs->xSetSystemCall(vfs, name, mine) == SQLITE_OK;
}

#define REPLACE(name, call) \
	replace(name, (sqlite3_syscall_ptr)my_##call, (sqlite3_syscall_ptr *)(void *)&real_##call)

void
syscalls_ask(decide_fn *fn, void *arg)
{
	static bool replaced;

	decide = NULL;
	if (!replaced) {
		/* Which of the two names depends on how SQLite was built. */
		bool reads = REPLACE("pread64", pread) || REPLACE("pread", pread);
		bool writes = REPLACE("pwrite64", pwrite) || REPLACE("pwrite", pwrite);

		if (!reads || !writes || !REPLACE("open", open) || !REPLACE("fstat", fstat) ||
			!REPLACE("ftruncate", ftruncate) || !REPLACE("fcntl", fcntl) ||
			!REPLACE("mmap", mmap))
			bail("this SQLite lets nobody replace its system calls");
		/* Not all are built to use it. */
		(void)REPLACE("fallocate", fallocate);
		replaced = true;
	}
	decide = fn;
	decide_arg = arg;
}
