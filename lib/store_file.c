/* SPDX-License-Identifier: ISC */
/*
 * store_file.c - "file:FOLDER", one file per session. A file is written under another name and then
 * renamed, so that who reads without a lock finds the old one or the new one. Who writes has a lock
 * on the group of its key, which the kernel gives back when a process dies.
 */
#include "gate.h"
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define IDS_ROOM ((size_t)1 << 20)      /* what a value may have beside max_bytes */
#define UNBOUNDED ((size_t)64 << 20)    /* for max_bytes 0 */

int
file_failed(file_store *s, const char *what, sess_error *err)
{
	int failed = errno;

	s->home.full = failed == ENOSPC || failed == EDQUOT;
	return sess_fail(err, SESS_STORE, "%s: %s: %s%s", s->path, what, strerror(failed),
		s->home.full ? "; make room on the disk" : "");
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
	size_t most = (s->home.limits.max_bytes ? s->home.limits.max_bytes : UNBOUNDED) + IDS_ROOM;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return file_failed(s, "cannot be read", err);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (size_t)st.st_size > most)
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
	dir = file_folder(s, &p, false, 0);
	if (dir < 0)
		return errno == ENOENT ? 0 : file_failed(s, "cannot be read", err);
	fd = openat(dir, p.name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	rc = fd >= 0 ? read_file(s, fd, v, err) : errno == ENOENT ? 0 : errno == ELOOP ? 1
		: file_failed(s, "a session cannot be read", err);
	if (fd >= 0)
		close(fd);
	close(dir);
	return rc;
}

/* A file of this name, left by a process that died, is in the way: nobody else is at this key. */
static int
create(int dir, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dir, name, flags, S_IRUSR | S_IWUSR);

	if (fd < 0 && errno == EEXIST && unlinkat(dir, name, 0) == 0)
		fd = openat(dir, name, flags, S_IRUSR | S_IWUSR);
	return fd;
}

/* Made whole under another name, then renamed; 0, or -1 with errno. */
static int
put_file(int dir, const char *name, const home_value *v, int flags)
{
	char new[FILE_NAME + sizeof(".new")];
	int fd, failed = 0;

	snprintf(new, sizeof(new), "%s.new", name);
	fd = create(dir, new);
	if (fd < 0)
		return -1;
	if (!write_all(fd, v->bytes, v->len) || (flags & SESS_SYNC && fsync(fd) != 0))
		failed = errno;
	if (close(fd) != 0 && !failed)
		failed = errno;
	if (!failed && renameat(dir, new, dir, name) == 0)
		return 0;
	failed = failed ? failed : errno;
	(void)unlinkat(dir, new, 0);
	errno = failed;
	return -1;
}

/* The lock keeps what was got in its place. */
static int
file_swap(void *self, const unsigned char *key, const home_value *got, const home_value *next,
	int64_t due, int flags, sess_error *err)
{
	file_store *s = self;
	int dir, rc;
	place p;

	(void)due;
	(void)got;
	file_place(&p, key);
	dir = file_folder(s, &p, next != NULL, flags);
	rc = dir < 0 ? -1 : next ? put_file(dir, p.name, next, flags) : unlinkat(dir, p.name, 0);
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

/* -- locks ------------------------------------------------------------------------------------- */

static int
lock_group(const file_store *s, int group, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET, .l_start = group, .l_len = 1 };

	return fcntl(s->lock, F_OFD_SETLK, &lock);
}

/* The last bytes of a key are those of a hash, as good as random. */
static int
group_of(const unsigned char *key)
{
	return key[SESS_ID_BYTES - 2] << 8 | key[SESS_ID_BYTES - 1];
}

static int
file_lock(void *self, const unsigned char *key, sess_error *err)
{
	file_store *s = self;
	home_wait wait = { .tries = 0 };
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
		if (!home_wait_more(&wait, s->home.limits.busy_ms))
			return sess_fail(err, SESS_BUSY, "%s: locked by another handle for %d ms", s->path,
				s->home.limits.busy_ms);
	}
	s->locked[free].group = group;
	s->locked[free].depth = 1;
	return SESS_OK;
}

static void
file_unlock(void *self, const unsigned char *key)
{
	file_store *s = self;
	int group = group_of(key);

	for (int i = 0; i < FILE_LOCKS; i++)
		if (s->locked[i].depth && s->locked[i].group == group && --s->locked[i].depth == 0)
			(void)lock_group(s, group, F_UNLCK);
}

/* -- open and close ---------------------------------------------------------------------------- */

static const home_ops ops = {
	.get = file_get,
	.swap = file_swap,
	.mark = file_mark,
	.unmark = file_unmark,
	.due = file_due,
	.of_user = file_of_user,
	.each = file_each,
	.tally = file_tally,
	.settle = file_settle,
	.lock = file_lock,
	.unlock = file_unlock,
};

static bool
is_remote(int dir)
{
	static const uint32_t remote[] = { 0x6969 /* NFS */, 0x517b /* SMB */, 0xff534d42 /* CIFS */,
		0xfe534d42 /* SMB2 */, 0x5346414f /* AFS */, 0x01021997 /* 9P */, 0x00c36400 /* Ceph */ };
	struct statfs fs;

	for (size_t i = 0; fstatfs(dir, &fs) == 0 && i < sizeof(remote) / sizeof(remote[0]); i++)
		if ((uint32_t)fs.f_type == remote[i])
			return true;
	return false;
}

static int
check_folder(file_store *s, sess_error *err)
{
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
	if (is_remote(s->dir))
		return sess_fail(err, SESS_STORE, "%s is on a network file system, where locks do not "
			"hold: use a local disk, or redis: or mysql: for several machines", s->path);
	return SESS_OK;
}

static int
open_files(file_store *s, sess_error *err)
{
	struct stat st;
	int rc;

	if (mkdir(s->path, S_IRWXU) != 0 && errno != EEXIST)
		return file_failed(s, "cannot be made", err);
	s->dir = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->dir < 0)
		return file_failed(s, "cannot be opened", err);
	rc = check_folder(s, err);
	if (rc != SESS_OK)
		return rc;
	s->lock = openat(s->dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK,
		S_IRUSR | S_IWUSR);
	if (s->lock < 0 || fstat(s->lock, &st) != 0)
		return file_failed(s, "its lock cannot be opened", err);
	return private_check(&st, "lock", err);
}

/* A child has copies of the descriptors; what is locked stays so until the parent lets go. */
static void
file_close(void *self)
{
	file_store *s = self;

	if (s->lock >= 0)
		close(s->lock);
	if (s->dir >= 0)
		close(s->dir);
	home_close(&s->home);
	free(s);
}

static int
file_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	size_t size = strlen(address->path) + 1;
	file_store *s = calloc(1, sizeof(*s) + size);
	int rc;

	if (!s)
		return home_full(err);
	s->path = memcpy(s + 1, address->path, size);
	s->dir = s->lock = -1;
	home_open(&s->home, &ops, s->path, limits);
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
	.load = home_load,
	.insert = home_insert,
	.update = home_update,
	.touch = home_touch,
	.offer = home_offer,
	.confirm = home_confirm,
	.replace = home_replace,
	.end = home_end,
	.end_all = home_end_all,
	.list = home_list,
	.count = home_count,
	.collect = home_collect,
	.cas = home_cas,
	.hold = home_hold,
	.release = home_release,
	.forked = file_close,
	.walk = home_walk,
	.restore = home_restore,
	.stats = file_stats,
};
