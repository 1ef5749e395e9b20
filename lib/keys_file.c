/* SPDX-License-Identifier: ISC */
/* keys_file.c - writing key files: a new one, and one with a new key before the others. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_LINES "# sesskit keys, newest first. Whoever reads this file can read the session " \
	"store.\n"

static int
fail_write(const char *path, const char *what, sess_error *err)
{
	return sess_fail(err, SESS_CONFIG, "%s: cannot %s the key file: %s", path, what,
		strerror(errno));
}

/* A line with a new key. */
static int
put_key(buffer *text, const char *name)
{
	unsigned char raw[KEY_BYTES];
	char key[TOKEN_CHARS + 1];
	int rc = SESS_OK;

	random_bytes(raw, sizeof(raw));
	token_encode(key, raw);
	if (buffer_text(text, name) != SESS_OK || buffer_char(text, ' ') != SESS_OK ||
		buffer_text(text, key) != SESS_OK || buffer_char(text, '\n') != SESS_OK)
		rc = SESS_NOMEM;
	sodium_memzero(raw, sizeof(raw));
	sodium_memzero(key, sizeof(key));
	return rc;
}

/* Whoever comes first wins; the losers read what the winner wrote. */
int
key_file_make(const char *path, bool *made, sess_error *err)
{
	buffer text = { 0 };
	int rc = buffer_text(&text, FIRST_LINES);

	*made = false;
	if (rc == SESS_OK)
		rc = put_key(&text, "1");
	if (rc != SESS_OK)
		rc = sess_fail(err, rc, "no memory for the keys");
	else if (file_put(path, text.at, text.len, 0600, link) == 0)
		*made = true;
	else if (errno != EEXIST)
		rc = fail_write(path, "make", err);
	buffer_free(&text);
	return rc;
}

/* The text of the file with a new key before the first line of one, and without those after keep. */
static int
text_rotate(buffer *to, const char *from, size_t len, const char *name, size_t keep)
{
	const char *end = from + len, *stop;
	size_t keys = 0;
	int rc = SESS_OK;

	for (; rc == SESS_OK && from < end; from = stop) {
		stop = memchr(from, '\n', (size_t)(end - from));
		stop = stop != NULL ? stop + 1 : end;
		/* As keys.c tells them, which has read this file already. */
		if (*from != '#' && from + strspn(from, " \t\r\n") < stop) {
			if (keys++ == 0)
				rc = put_key(to, name);
			if (keys >= keep)
				continue;
		}
		if (rc == SESS_OK)
			rc = buffer_put(to, from, (size_t)(stop - from));
	}
	return rc;
}

/* The checked file, locked, so that of two rotations none is lost. */
static int
rotate_locked(int fd, const char *path, const char *name, size_t keep, sess_error *err)
{
	char old[KEY_FILE_MAX + 1] = "";
	struct stat st, now;
	buffer text = { 0 };
	ssize_t len;
	int rc;

	if (fstat(fd, &st) != 0 || lstat(path, &now) != 0 || (len = read(fd, old, KEY_FILE_MAX)) < 0)
		return fail_write(path, "read", err);
	if (st.st_ino != now.st_ino || st.st_dev != now.st_dev)
		return sess_fail(err, SESS_BUSY, "%s: was replaced just now; look at it first", path);
	rc = text_rotate(&text, old, (size_t)len, name, keep);
	if (rc != SESS_OK)
		(void)sess_fail(err, rc, "no memory for the keys");
	else if (text.len > KEY_FILE_MAX)
		rc = sess_fail(err, SESS_CONFIG, "%s: would become larger than 4 KiB; remove comments",
			path);
	else if (file_put(path, text.at, text.len, st.st_mode & 0777, rename) != 0)
		rc = fail_write(path, "write", err);
	sodium_memzero(old, sizeof(old));
	buffer_free(&text);
	return rc;
}

int
key_file_rotate(const char *path, const char *name, size_t keep, sess_error *err)
{
	int fd = secret_file_open(path), rc;
	keyring ring;

	/* Whatever is wrong with it, keyring_open says it best. */
	rc = keyring_open(&ring, path, false, err);
	for (size_t i = 0; rc == SESS_OK && i < ring.count; i++)
		if (strcmp(ring.name[i], name) == 0)
			rc = sess_fail(err, SESS_BUSY, "%s: a key of the name %s was put there just now",
				path, name);
	keyring_close(&ring);
	if (rc == SESS_OK && fd < 0)
		rc = fail_write(path, "open", err);
	if (rc == SESS_OK && flock(fd, LOCK_EX | LOCK_NB) != 0)
		rc = sess_fail(err, SESS_BUSY, "%s: is being rotated just now", path);
	if (rc == SESS_OK)
		rc = rotate_locked(fd, path, name, keep, err);
	if (fd >= 0)
		close(fd);
	return rc;
}
