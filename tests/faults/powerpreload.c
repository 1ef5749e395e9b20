/* SPDX-License-Identifier: ISC */
/*
 * powerpreload.c - stands between a program and its files, preloaded or linked, and notes in a
 * shadow what was synced of the folder POWER_FOLDER, whose path has no links in it. Nothing is
 * really synced: no test of this machine's disk is intended.
 *
 * What counts is less than file systems with a journal give. A file's bytes are safe when the file
 * was synced, its name when the folder was; msync, syncfs and sync_file_range count for nothing. In
 * one point it is what ext4 and btrfs give: bytes of a file that takes another's name are safe
 * before the name is. POWER_FORGETS lets syncs of files count for nothing either, for tests that
 * must fail then.
 */
#define _GNU_SOURCE
#include "powerpreload.h"

#include "powershadow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void (*power_moment)(void);

static const char *
shadow(void)
{
	return getenv("POWER_SHADOW");
}

static bool
is_watched(int fd)
{
	const char *folder = getenv("POWER_FOLDER");
	size_t len = folder != NULL ? strlen(folder) : 0;
	char self[40], path[SHADOW_NAME];
	ssize_t n;

	if (len == 0 || shadow() == NULL)
		return false;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, path, sizeof(path) - 1);
	path[n > 0 ? n : 0] = '\0';
	return strncmp(path, folder, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

static void
tell_moment(void)
{
	int was = errno;

	if (power_moment != NULL)
		power_moment();
	errno = was;
}

/* -- syncs ------------------------------------------------------------------------------------- */

static int
note_sync(int fd)
{
	struct stat st;
	int lock, rc;

	if (fstat(fd, &st) != 0)
		return -1;
	if (!is_watched(fd))
		return 0;
	tell_moment();
	if (getenv("POWER_FORGETS") != NULL && S_ISREG(st.st_mode))
		return 0;
	lock = shadow_lock(shadow());
	if (lock < 0)
		return -1;
	rc = S_ISDIR(st.st_mode) ? shadow_folder(shadow(), fd) : shadow_file(shadow(), fd);
	shadow_unlock(lock);
	return rc;
}

int
fsync(int fd)
{
	return note_sync(fd);
}

int
fdatasync(int fd)
{
	return note_sync(fd);
}

/* -- names that go ----------------------------------------------------------------------------- */

/* Open, to be closed, if it is there and watched; else -1. */
static int
open_watched(int dir, const char *name, int how)
{
	int was = errno, fd = openat(dir, name, how | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && !is_watched(fd)) {
		close(fd);
		fd = -1;
	}
	errno = was;
	return fd;
}

static int
keep(int dir, const char *name)
{
	int fd = open_watched(dir, name, O_PATH), lock, rc;

	if (fd < 0)
		return 0;
	close(fd);
	lock = shadow_lock(shadow());
	if (lock < 0)
		return -1;
	rc = shadow_keep(shadow(), dir, name);
	shadow_unlock(lock);
	return rc;
}

/* What takes the name of another file. */
static int
note_bytes(int dir, const char *name)
{
	int fd = open_watched(dir, name, O_RDONLY), lock, rc = 0;
	struct stat st;

	if (fd < 0)
		return 0;
	tell_moment();
	lock = shadow_lock(shadow());
	if (lock < 0 || fstat(fd, &st) != 0)
		rc = -1;
	else if (S_ISREG(st.st_mode))
		rc = shadow_file(shadow(), fd);
	if (lock >= 0)
		shadow_unlock(lock);
	close(fd);
	return rc;
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	if (faccessat(to_dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		if (note_bytes(from_dir, from) != 0 || keep(to_dir, to) != 0)
			return -1;
	return (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, 0);
}

int
rename(const char *from, const char *to)
{
	return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int
unlinkat(int dir, const char *name, int flags)
{
	int fd = open_watched(dir, name, O_PATH);

	if (fd >= 0) {
		tell_moment();
		close(fd);
	}
	if (keep(dir, name) != 0)
		return -1;
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int
unlink(const char *name)
{
	return unlinkat(AT_FDCWD, name, 0);
}

int
rmdir(const char *name)
{
	return unlinkat(AT_FDCWD, name, AT_REMOVEDIR);
}
