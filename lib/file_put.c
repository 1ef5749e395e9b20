/* SPDX-License-Identifier: ISC */
/* file_put.c - writing small files: whole under another name first, so that nobody ever meets a
 * part of one, and the old one is not lost when the disk is full. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
directory_sync(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX] = ".";
	int fd, rc;

	if (slash != NULL)
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path) + 1, path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* 0, or -1 and errno. The mode is set apart, as the umask may have taken too much away. */
static int
text_write(int fd, const char *text, size_t len, mode_t mode)
{
	ssize_t n = fchmod(fd, mode) == 0 ? write(fd, text, len) : -1;

	if (n >= 0 && (size_t)n != len) {
		errno = ENOSPC;
		n = -1;
	}
	return n < 0 ? -1 : fsync(fd);
}

int
file_put(const char *path, const char *text, size_t len, mode_t mode,
	int (*put)(const char *from, const char *to))
{
	char name[PATH_MAX], random[16];
	unsigned char raw[9];
	int fd, rc, why;

	random_bytes(raw, sizeof(raw));
	base64_encode(random, raw, sizeof(raw));
	if ((size_t)snprintf(name, sizeof(name), "%s.%s", path, random) >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	rc = text_write(fd, text, len, mode);
	if (rc == 0)
		rc = put(name, path);
	why = errno;
	unlink(name);           /* a renamed one has no such name any more */
	close(fd);
	errno = why;
	return rc == 0 ? directory_sync(path) : rc;
}
