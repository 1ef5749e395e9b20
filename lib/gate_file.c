/* SPDX-License-Identifier: ISC */
/* gate_file.c - the file behind the gate: made complete, checked, shared, and healed by who is alone. */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GATE_BYTES 4096
/* Programs whose mutex differs in size, as 32 and 64 bit do, must not share a gate; nor those that
 * know another layout. */
#define GATE_READY (0x67620100u + (unsigned)sizeof(pthread_mutex_t))
#define OPEN_WAIT_MS 5000

_Static_assert(sizeof(gate_page) <= GATE_BYTES, "the gate does not fit its file");

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int
private_file(char *template, const char *path)
{
	int fd;

	strcpy(template, path);
	strcat(template, PRIVATE_SUFFIX);
	fd = mkostemp(template, O_CLOEXEC);
	/* The umask may have taken the owner's bits away as well. */
	if (fd >= 0 && fchmod(fd, S_IRUSR | S_IWUSR) != 0) {
		int failed = errno;

		close(fd);
		unlink(template);
		errno = failed;
		return -1;
	}
	return fd;
}

int
private_check(const struct stat *st, const char *path, sess_error *err)
{
	if (!S_ISREG(st->st_mode))
		return sess_fail(err, SESS_STORE, "%s is not a plain file (a symbolic link, perhaps): "
			"name the file itself", path);
	if (st->st_uid != geteuid())
		return sess_fail(err, SESS_STORE, "%s belongs to user %lu, but this program runs as "
			"user %lu: run it as the owner, or change the owner", path,
			(unsigned long)st->st_uid, (unsigned long)geteuid());
	if (st->st_mode & (S_IRWXG | S_IRWXO))
		return sess_fail(err, SESS_STORE, "%s is open to other users (mode %04o): "
			"chmod 600 it", path, (unsigned)st->st_mode & 07777u);
	return SESS_OK;
}

/* Make the file complete under another name, so that nobody meets it with another mode or size. */
static int
gate_make(const char *path)
{
	char *template = malloc(strlen(path) + sizeof(PRIVATE_SUFFIX));
	int fd, failed = 0;

	if (template == NULL)
		return ENOMEM;
	fd = private_file(template, path);
	if (fd < 0)
		failed = errno;
	/* Blocks and not a hole: a full disk must show here, not as SIGBUS later. */
	if (failed == 0)
		failed = posix_fallocate(fd, 0, GATE_BYTES);
	if (failed == 0 && link(template, path) != 0 && errno != EEXIST)
		failed = errno;
	if (fd >= 0) {
		close(fd);
		unlink(template);
	}
	free(template);
	return failed;
}

static int
gate_file(gate *g, const char *path, sess_error *err)
{
	const int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	int failed = 0;
	struct stat st;

	g->fd = open(path, flags);
	if (g->fd < 0 && errno == ENOENT) {
		failed = gate_make(path);
		if (failed == 0)
			g->fd = open(path, flags);
	}
	if (g->fd < 0) {
		failed = failed != 0 ? failed : errno;
		if (lstat(path, &st) == 0 && private_check(&st, path, err) != SESS_OK)
			return SESS_STORE;
		return sess_fail(err, SESS_STORE, "%s cannot be opened or made: %s; %s", path,
			strerror(failed), failed == ENOSPC || failed == EDQUOT ? "make room on its disk" :
			"the store's folder must be writable for this program");
	}
	if (fstat(g->fd, &st) != 0)
		return sess_fail(err, SESS_STORE, "%s: %s", path, strerror(errno));
	if (private_check(&st, path, err) != SESS_OK)
		return SESS_STORE;
	if (st.st_size != GATE_BYTES)
		return sess_fail(err, SESS_STORE, "%s is damaged: stop all programs that use this "
			"store, then remove the file", path);
	return SESS_OK;
}

static int
gate_lock(const gate *g, int command, short type)
{
	struct flock lock = { .l_type = type, .l_whence = SEEK_SET };
	int rc;

	do {
		rc = fcntl(g->fd, command, &lock);
	} while (rc != 0 && errno == EINTR);
	return rc;
}

static int
gate_init(gate_page *page)
{
	pthread_mutexattr_t attr;
	int rc;

	/* The counts outlast the programs, but not rubbish or another layout. */
	if (atomic_load(&page->ready) != GATE_READY) {
		atomic_store(&page->waits, 0);
		atomic_store(&page->longest_us, 0);
		atomic_store(&page->busy, 0);
	}
	atomic_store(&page->ready, 0);
	atomic_store(&page->closed, 0);
	atomic_store(&page->kept_until, 0);
	rc = pthread_mutexattr_init(&attr);
	if (rc != 0)
		return rc;
	rc = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (rc == 0)
		rc = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (rc == 0)
		rc = pthread_mutex_init(&page->inner, &attr);
	/* Mutexes of this protocol are handed over by the kernel, in the order of arrival. */
	if (rc == 0)
		rc = pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	if (rc == 0)
		rc = pthread_mutex_init(&page->queue, &attr);
	pthread_mutexattr_destroy(&attr);
	if (rc == 0)
		atomic_store(&page->ready, GATE_READY);
	return rc;
}

/* Everybody keeps a shared lock on the file while it is open. Who gets the exclusive one is alone,
 * and makes the mutexes anew: that heals what a crash or a reboot left behind. */
static int
gate_join(gate *g, const char *path, sess_error *err)
{
	int64_t end = now_ms() + OPEN_WAIT_MS;
	int rc = 0;

	do {
		if (gate_lock(g, F_OFD_SETLK, F_WRLCK) == 0)
			rc = gate_init(g->page);
		if (rc != 0)
			break;
		if (gate_lock(g, F_OFD_SETLKW, F_RDLCK) != 0) {
			rc = errno;
			break;
		}
		if (atomic_load(&g->page->ready) == GATE_READY)
			return SESS_OK;
		if (atomic_load(&g->page->ready) != 0)
			return sess_fail(err, SESS_STORE, "%s is in use by programs with another version of "
				"this library: restart them", path);
		/* Who was to make them died over it: let go, and try to be the one. */
		gate_lock(g, F_OFD_SETLK, F_UNLCK);
		sched_yield();
	} while (now_ms() < end);
	return sess_fail(err, SESS_STORE, "%s cannot be shared (%s): stop all programs that use this "
		"store, then remove the file", path, rc != 0 ? strerror(rc) : "damaged");
}

int
gate_open(gate *g, const char *path, sess_error *err)
{
	void *page = MAP_FAILED;
	cpu_set_t processors;
	int rc;

	*g = (gate){ .fd = -1 };
	rc = gate_file(g, path, err);
	if (rc == SESS_OK) {
		page = mmap(NULL, GATE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, g->fd, 0);
		if (page == MAP_FAILED)
			rc = sess_fail(err, SESS_STORE, "%s cannot be mapped: %s", path, strerror(errno));
	}
	if (rc == SESS_OK) {
		g->spins = sched_getaffinity(0, sizeof(processors), &processors) == 0 &&
			CPU_COUNT(&processors) > 1;
		g->page = page;
		rc = gate_join(g, path, err);
	}
	if (rc != SESS_OK)
		gate_close(g);
	return rc;
}

/* Also right in a child, whose descriptor is a copy: the lock stays until the last one closes. */
void
gate_close(gate *g)
{
	if (g->page != NULL)
		munmap(g->page, GATE_BYTES);
	if (g->fd >= 0)
		close(g->fd);
	*g = (gate){ .fd = -1 };
}

bool
gate_alone(const gate *g)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(g->fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}
