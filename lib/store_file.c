/* SPDX-License-Identifier: ISC */
/*
 * store_file.c - "file:FOLDER", one file per session. A file is written under another name and then
 * renamed, so that who reads without a lock finds the old one or the new one. Who writes has a lock
 * on the group of its key, which the kernel gives back when a process dies.
 */
#include "examine.h"
#include "gate.h"
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int
file_failed(file_store *s, const char *what, sess_error *err)
{
	int failed = errno;

	s->home.full = failed == ENOSPC || failed == EDQUOT;
	return sess_fail(err, SESS_STORE, "%s: %s: %s%s", s->path, what, strerror(failed),
		s->home.full ? "; make room on the disk" : "");
}

/* -- locks ------------------------------------------------------------------------------------- */

/* The last bytes of a key are those of a hash, as good as random. */
static int
group_of(const unsigned char *key)
{
	return key[SESS_ID_BYTES - 2] << 8 | key[SESS_ID_BYTES - 1];
}

static int
lock_group(const file_store *s, int group, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = group, .l_len = 1 };

	return fcntl(s->lock, F_OFD_SETLK, &lock);
}

int
file_lock(void *self, const unsigned char *key, bool wait, sess_error *err)
{
	file_store *s = self;
	home_wait waited = { .tries = 0 };
	int group = group_of(key), free = 0;

	for (int i = 0; i < FILE_LOCKS; i++) {
		if (s->locked[i].depth && s->locked[i].group == group) {
			s->locked[i].depth++;
			return SESS_OK;
		}
		if (!s->locked[i].depth)
			free = i;
	}
	while (lock_group(s, group, F_WRLCK) != 0) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR)
			return file_failed(s, "cannot be locked", err);
		if (!wait)
			return HOME_AGAIN;
		if (!home_wait_more(&waited, s->home.limits.busy_ms))
			return sess_fail(err, SESS_BUSY, "%s: locked by another handle for %d ms", s->path,
				s->home.limits.busy_ms);
	}
	s->locked[free].group = group;
	s->locked[free].depth = 1;
	return SESS_OK;
}

void
file_unlock(void *self, const unsigned char *key)
{
	file_store *s = self;
	int group = group_of(key);

	for (int i = 0; i < FILE_LOCKS; i++)
		if (s->locked[i].depth && s->locked[i].group == group && --s->locked[i].depth == 0)
			(void)lock_group(s, group, F_UNLCK);
}

static bool
locked(const file_store *s, const unsigned char *key)
{
	for (int i = 0; i < FILE_LOCKS; i++)
		if (s->locked[i].depth && s->locked[i].group == group_of(key))
			return true;
	return false;
}

/* -- values ------------------------------------------------------------------------------------ */

/* What there is of so many bytes. */
static size_t
read_all(int fd, unsigned char *to, size_t len)
{
	size_t have = 0;
	ssize_t n;

	while (have < len && ((n = read(fd, to + have, len - have)) > 0 || (n < 0 && errno == EINTR)))
		have += n > 0 ? (size_t)n : 0;
	return have;
}

static bool
write_all(int fd, const unsigned char *from, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, from, len);
		if (n < 0 && errno != EINTR)
			return false;
		from += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* What is no file of ours, or too large, comes out empty, which is no value. */
static int
read_file(file_store *s, int fd, home_value *v, sess_error *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return file_failed(s, "cannot be read", err);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (size_t)st.st_size > home_most(&s->home))
		return 1;
	if (!home_room(v, (size_t)st.st_size))
		return home_full(err);
	v->len = read_all(fd, v->bytes, (size_t)st.st_size);
	return 1;
}

static int
file_get(void *self, const unsigned char *key, home_value *v, sess_error *err)
{
	file_store *s = self;
	int dir, fd, rc;
	place p;

	file_place(&p, key);
	dir = file_folder(s, &p, false);
	if (dir < 0)
		return errno == ENOENT ? 0 : file_failed(s, "cannot be read", err);
	fd = openat(dir, p.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	rc = fd >= 0 ? read_file(s, fd, v, err) : errno == ENOENT ? 0 : errno == ELOOP ? 1
		: file_failed(s, "a session cannot be read", err);
	if (rc == 0 && !s->reads && locked(s, key))
		(void)file_sweep(dir, &p);
	if (fd >= 0)
		close(fd);
	close(dir);
	return rc;
}

/* Made whole under another name, then renamed; 0, or -1 with errno. *dir is where. */
static int
put_file(const file_store *s, const place *p, const home_value *v, int flags, int *dir)
{
	place new = *p;
	int fd, failed = 0;

	strcat(new.name, FILE_NEW);
	fd = file_create(s, &new, O_EXCL, dir);
	if (fd < 0)
		return -1;
	if (!write_all(fd, v->bytes, v->len) || (flags & SESS_SYNC && fsync(fd) != 0))
		failed = errno;
	if (close(fd) != 0 && !failed)
		failed = errno;
	if (!failed && renameat(*dir, new.name, *dir, p->name) == 0)
		return 0;
	failed = failed ? failed : errno;
	(void)unlinkat(*dir, new.name, 0);
	errno = failed;
	return -1;
}

/* What a process that died left beside it goes as well. */
static int
remove_file(const file_store *s, const place *p, int *dir)
{
	*dir = file_folder(s, p, false);
	if (*dir >= 0)
		(void)file_sweep(*dir, p);
	return *dir >= 0 ? unlinkat(*dir, p->name, 0) : -1;
}

/* The lock keeps what was got in its place. */
static int
file_swap(void *self, const unsigned char *key, const home_value *got, const home_value *next,
	int64_t due, int flags, sess_error *err)
{
	file_store *s = self;
	int dir = -1, rc;
	place p;

	(void)due;
	(void)got;
	file_place(&p, key);
	rc = next ? put_file(s, &p, next, flags, &dir) : remove_file(s, &p, &dir);
	if (rc == 0 && flags & SESS_SYNC)
		rc = fsync(dir);
	rc = rc == 0 || (!next && errno == ENOENT) ? 1 : file_failed(s, "a session cannot be stored",
		err);
	if (dir >= 0)
		close(dir);
	return rc;
}

static int
file_settle(void *self, sess_error *err)
{
	file_store *s = self;

	return syncfs(s->dir) == 0 ? SESS_OK : file_failed(s, "cannot be put on disk", err);
}

/* -- open and close ---------------------------------------------------------------------------- */

static const home_ops ops = {
	.get = file_get,
	.swap = file_swap,
	.mark = file_mark,
	.due = file_due,
	.of_user = file_of_user,
	.each = file_each,
	.tally = file_tally,
	.stats = file_stats,
	.settle = file_settle,
	.lock = file_lock,
	.unlock = file_unlock,
};

static int
check_folder(file_store *s, sess_error *err)
{
	int level = SESS_FINE;
	struct stat st;

	if (fstat(s->dir, &st) != 0)
		return file_failed(s, "cannot be used", err);
	if (st.st_uid != geteuid())
		return sess_fail(err, SESS_STORE, "%s belongs to user %lu, but this program runs as user "
			"%lu: run it as the owner, or change the owner", s->path, (unsigned long)st.st_uid,
			(unsigned long)geteuid());
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return sess_fail(err, SESS_STORE, "%s is open to other users (mode %04o): chmod 700 it",
			s->path, (unsigned)st.st_mode & 07777u);
	if (remote_disk(s->dir, &level) && level == SESS_FAULT)
		return sess_fail(err, SESS_STORE, "%s is on a network file system, where locks do not "
			"hold: use a local disk, or redis: or mysql: for several machines", s->path);
	return SESS_OK;
}

/* A power cut must not take the whole of it. */
static bool
put_on_disk(int dir)
{
	int parent = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool done = parent >= 0 && fsync(parent) == 0;

	if (parent >= 0)
		close(parent);
	return done;
}

static int
open_files(file_store *s, sess_error *err)
{
	bool made = mkdir(s->path, S_IRWXU) == 0;
	struct stat st;
	int rc;

	if (!made && errno != EEXIST)
		return file_failed(s, "cannot be made", err);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return file_failed(s, "cannot be opened", err);
	if (made && !put_on_disk(s->dir))
		return file_failed(s, "cannot be put on disk", err);
	rc = check_folder(s, err);
	if (rc != SESS_OK)
		return rc;
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		S_IRUSR | S_IWUSR);
	if (s->lock < 0 || fstat(s->lock, &st) != 0)
		return file_failed(s, "its lock cannot be opened", err);
	return private_check(&st, "lock", err);
}

void
file_begin(file_store *s, const char *path, const sess_limits *limits)
{
	s->path = path;
	s->dir = s->lock = -1;
	home_open(&s->home, &ops, path, limits);
}

/* A child has copies of the descriptors; what is locked stays so until the parent lets go. */
void
file_end(file_store *s)
{
	if (s->lock >= 0)
		close(s->lock);
	if (s->dir >= 0)
		close(s->dir);
	home_close(&s->home);
}

static void
file_close(void *self)
{
	file_end(self);
	free(self);
}

static int
file_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	size_t size = strlen(address->path) + 1;
	file_store *s = calloc(1, sizeof(*s) + size);
	int rc;

	if (!s)
		return home_full(err);
	file_begin(s, memcpy(s + 1, address->path, size), limits);
	rc = open_files(s, err);
	if (rc != SESS_OK) {
		file_close(s);
		return rc;
	}
	*self = s;
	return SESS_OK;
}

const sess_provider sess_provider_file = {
	.abi = SESS_STORE_ABI,
	.scheme = "file",
	.flags = SESS_STORE_LOCAL,
	.open = file_open,
	.close = file_close,
	HOME_SLOTS,
	.hold = home_hold,
	.release = home_release,
	.forked = file_close,
	.tidy = file_tidy,
	.examine = file_examine,
};
