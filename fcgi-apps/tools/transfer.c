/* SPDX-License-Identifier: ISC */
/* transfer.c - what import and copy have in common: keys, and the end of the work. */
#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

bool
transfer_has_keys(const keyring *ring, const char *fingerprints)
{
	char ours[LINE_KEYS_MAX];

	line_keys(ours, ring);
	for (const char *at = fingerprints; *at != '\0';) {
		size_t len = strcspn(at, " ");

		if (len != LINE_KEY_CHARS || memmem(ours, strlen(ours), at, len) == NULL)
			return false;
		at += len + strspn(at + len, " ");
	}
	return true;
}

/* Bytes read, at most size, or -1 and errno. */
static ssize_t
read_keys(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, size);
	close(fd);
	return n;
}

/* Complete under another name first, and never in the place of one that is there. 0, or -1. */
static int
write_keys(const char *path, const char *text, size_t len)
{
	char name[TOOL_PATH_MAX];
	int fd, rc = -1, why;

	if ((size_t)snprintf(name, sizeof(name), "%s.copy", path) >= sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	errno = ENOSPC;
	if (write(fd, text, len) == (ssize_t)len && fsync(fd) == 0)
		rc = link(name, path) == 0 || errno == EEXIST ? 0 : -1;
	why = errno;
	unlink(name);
	close(fd);
	errno = why;
	return rc;
}

int
transfer_keys(const tool *t, const char *from, const char *to)
{
	char text[KEY_FILE_MAX];
	ssize_t len;
	int rc = 0;

	if (access(to, F_OK) == 0)
		return EX_OK;
	len = read_keys(from, text, sizeof(text));
	if (len < 0)
		return tool_fail(t, EX_NOINPUT, "cannot read %s: %s", from, strerror(errno));
	rc = write_keys(to, text, (size_t)len);
	sodium_memzero(text, sizeof(text));
	if (rc != 0)
		return tool_fail(t, EX_CANTCREAT, "cannot make %s, a copy of %s: %s", to, from,
			strerror(errno));
	return EX_OK;
}

int
transfer_settle(const tool *t, const sess_kit *kit)
{
	const sess_provider *p = kit->store.provider;
	sess_error err = { 0 };
	int64_t freed = 0;
	int rc = 1;

	while (rc == 1 && p->tidy != NULL && !tool_stopping())
		rc = p->tidy(kit->store.self, SESS_TIDY_LOG, 1000, &freed, &err);
	/* Busy: who reads or writes there will empty the log. */
	return rc >= 0 || rc == SESS_BUSY ? EX_OK : tool_fail_code(t, rc, &err);
}
