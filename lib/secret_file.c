/* SPDX-License-Identifier: ISC */
/* secret_file.c - reading files with keys and passwords: none that others could have read, and thus
 * know, or have written. */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
secret_file_open(const char *path)
{
	return open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

int
secret_file_missing(const secret_kind *k, const char *path, sess_error *err)
{
	int why = errno;

	if (why == ELOOP)
		return sess_fail(err, SESS_CONFIG, "%s: is a symbolic link; let %s name the file "
			"itself", path, k->setting);
	if (why == ENOENT)
		return sess_fail(err, SESS_CONFIG, "%s: there is no %s; %s", path, k->name, k->make);
	return sess_fail(err, SESS_CONFIG, "%s: cannot open the %s: %s", path, k->name,
		strerror(why));
}

/* SESS_OK if nobody else can read or write what fd has open. */
static int
check(const secret_kind *k, int fd, const char *path, sess_error *err)
{
	struct stat st;
	mode_t mode;

	if (fstat(fd, &st) != 0)
		return sess_fail(err, SESS_CONFIG, "%s: %s", path, strerror(errno));
	mode = st.st_mode & 07777;
	if (!S_ISREG(st.st_mode))
		return sess_fail(err, SESS_CONFIG, "%s: is not a regular file", path);
	if (st.st_uid != geteuid())
		return sess_fail(err, SESS_CONFIG, "%s: belongs to user %ld, but this program runs as "
			"%ld; run it as the owner, or chown the file", path, (long)st.st_uid,
			(long)geteuid());
	if (mode != 0400 && mode != 0600)
		return sess_fail(err, SESS_CONFIG, "%s: has mode %04o, which must be 0600 or 0400; run "
			"chmod 600 on it, and %s if others could read it", path, (unsigned)mode,
			k->renew);
	if (st.st_size > (off_t)SECRET_FILE_MAX)
		return sess_fail(err, SESS_CONFIG, "%s: larger than 4 KiB; this is no %s", path,
			k->name);
	return SESS_OK;
}

int
secret_file_read(const secret_kind *k, int fd, const char *path, char text[SECRET_FILE_MAX + 1],
	size_t *len, sess_error *err)
{
	int rc = check(k, fd, path, err);
	ssize_t n;

	if (rc != SESS_OK)
		return rc;
	do
		n = read(fd, text, SECRET_FILE_MAX);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return sess_fail(err, SESS_CONFIG, "%s: cannot read: %s", path, strerror(errno));
	*len = (size_t)n;
	text[n] = '\0';
	return SESS_OK;
}

static const secret_kind password_file = { .name = "password file", .setting = "password_file",
	.make = "make it, with mode 0600 and the password as its only line",
	.renew = "choose a new password" };

/* A copy of the only line in guarded memory. */
static int
take_line(char **password, const char *path, const char *text, size_t len, sess_error *err)
{
	len -= len > 0 && text[len - 1] == '\n';
	len -= len > 0 && text[len - 1] == '\r';
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7F)
			return sess_fail(err, SESS_CONFIG, "%s: has more than one line, or a control "
				"character; write the password as its only line", path);
	if (len == 0)
		return sess_fail(err, SESS_CONFIG, "%s: is empty; write the password as its only "
			"line", path);
	return password_take(password, text, len, err);
}

int
password_take(char **password, const char *text, size_t len, sess_error *err)
{
	if ((*password = sodium_malloc(len + 1)) == NULL)
		return sess_fail(err, SESS_NOMEM, "no memory for the password");
	memcpy(*password, text, len);
	(*password)[len] = '\0';
	return SESS_OK;
}

int
password_read(char **password, const char *path, sess_error *err)
{
	int rc, fd = secret_file_open(path);
	char text[SECRET_FILE_MAX + 1];
	size_t len = 0;

	if (fd < 0)
		return secret_file_missing(&password_file, path, err);
	rc = secret_file_read(&password_file, fd, path, text, &len, err);
	if (rc == SESS_OK)
		rc = take_line(password, path, text, len, err);
	sodium_memzero(text, sizeof(text));
	close(fd);
	return rc;
}
