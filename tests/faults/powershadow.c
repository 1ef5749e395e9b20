/* SPDX-License-Identifier: ISC */
/* powershadow.c - a shadow of a folder: what of its files and names was synced. Used within servers,
 * by any of their threads: no memory, and little of the stack. */
#define _GNU_SOURCE
#include "powershadow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BLOCK 16384

void
shadow_name(char name[SHADOW_NAME], const char *shadow, int kind, ino_t inode)
{
	snprintf(name, SHADOW_NAME, "%s/%c%ju", shadow, kind, (uintmax_t)inode);
}

/* As many bytes as there are, up to a block; -1: errno. */
static ssize_t
read_block(int fd, char *block, off_t at)
{
	ssize_t have = 0, n = 1;

	while (n > 0 && have < BLOCK) {
		n = pread(fd, block + have, (size_t)(BLOCK - have), at + have);
		have += n > 0 ? n : 0;
	}
	return n < 0 ? -1 : have;
}

/* Only what differs is written: most of a large file is what it was. */
static int
copy_changes(int from, int to)
{
	char now[BLOCK], was[BLOCK];
	ssize_t n, old;
	off_t at = 0;

	while ((n = read_block(from, now, at)) > 0) {
		old = read_block(to, was, at);
		if (old < n || memcmp(now, was, (size_t)n) != 0)
			if (old < 0 || pwrite(to, now, (size_t)n, at) != n)
				return -1;
		at += n;
	}
	return n < 0 ? -1 : ftruncate(to, at);
}

int
shadow_file(const char *shadow, int fd)
{
	char name[SHADOW_NAME], self[40];
	int from, to, rc = -1;
	struct stat st;

	/* It may be open for writing alone. */
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	from = open(self, O_RDONLY | O_CLOEXEC);
	if (from < 0 || fstat(from, &st) != 0)
		return -1;
	shadow_name(name, shadow, SHADOW_DATA, st.st_ino);
	to = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (to >= 0)
		rc = copy_changes(from, to);
	if (to >= 0)
		close(to);
	close(from);
	return rc;
}

int
shadow_list(int fd, const char *path)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), out;
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;
	struct stat st;
	int rc = 0;

	out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	while (out >= 0 && d != NULL && rc == 0 && (entry = readdir(d)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
			fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
			rc = dprintf(out, "%c %ju %s\n", S_ISDIR(st.st_mode) ? 'd' : 'f',
				(uintmax_t)st.st_ino, entry->d_name) < 0 ? -1 : 0;
	rc = out < 0 || d == NULL ? -1 : rc;
	if (out >= 0)
		close(out);
	if (d != NULL)
		closedir(d);
	return rc;
}

/* Whoever is killed meanwhile leaves the old names. */
int
shadow_folder(const char *shadow, int fd)
{
	char name[SHADOW_NAME], new[SHADOW_NAME];
	struct stat st;

	if (fstat(fd, &st) != 0)
		return -1;
	shadow_name(name, shadow, SHADOW_NAMES, st.st_ino);
	snprintf(new, sizeof(new), "%s/new", shadow);
	if (shadow_list(fd, new) != 0)
		return -1;
	return (int)syscall(SYS_renameat2, AT_FDCWD, new, AT_FDCWD, name, 0);
}

/* A file by another name for it, a folder, which can have none, by a descriptor that stays open. */
int
shadow_keep(const char *shadow, int dir, const char *name)
{
	char known[SHADOW_NAME], kept[SHADOW_NAME];
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT ? 0 : -1;
	shadow_name(known, shadow, S_ISDIR(st.st_mode) ? SHADOW_NAMES : SHADOW_DATA, st.st_ino);
	if (access(known, F_OK) != 0)
		return 0;
	if (S_ISDIR(st.st_mode))
		return openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC) < 0 ? -1 : 0;
	shadow_name(kept, shadow, SHADOW_GONE, st.st_ino);
	return linkat(dir, name, AT_FDCWD, kept, 0) == 0 || errno == EEXIST ? 0 : -1;
}

/* Other than a mutex, it is let go when a process is killed, and bears a fork. */
int
shadow_lock(const char *shadow)
{
	char name[SHADOW_NAME];
	int fd;

	snprintf(name, sizeof(name), "%s/lock", shadow);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	while (fd >= 0 && flock(fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			close(fd);
			return -1;
		}
	return fd;
}

void
shadow_unlock(int lock)
{
	(void)flock(lock, LOCK_UN);
	close(lock);
}
