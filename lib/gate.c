/* SPDX-License-Identifier: ISC */
/*
 * gate.c - writers queue here before they write. SQLite lets a blocked writer poll, so that the
 * lucky ones overtake the others for seconds; here the kernel wakes them in turn.
 */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define GATE_BYTES 4096
/* Programs whose mutex differs in size, as 32 and 64 bit do, must not share a gate. */
#define GATE_READY (0x67620000u + (unsigned)sizeof(pthread_mutex_t))
/* How long the first in the queue lets others overtake. A writer that is running already writes
 * sooner than a sleeping one wakes, so a little overtaking keeps the disk busy; without any, the
 * throughput halves. */
#define PATIENCE_NS 100000
/* A write takes microseconds, but to sleep and be woken takes longer: with another processor for
 * the one who writes, it pays to look again for a while before standing in the queue. */
#define SPIN_NS 60000
#define SECOND_NS 1000000000L
#define OPEN_WAIT_MS 5000

struct gate_page {
	_Atomic unsigned ready;         /* GATE_READY once the mutexes are made */
	_Atomic unsigned closed;        /* the first in the queue lost patience: no overtaking */
	pthread_mutex_t inner;          /* held by the one who writes */
	pthread_mutex_t queue;          /* held by the one who is next */
	_Atomic unsigned turns;         /* how often somebody came in */
	_Atomic int64_t waits, longest_us, busy; /* as sess_stats has them */
};

_Static_assert(sizeof(gate_page) <= GATE_BYTES, "the gate does not fit its file");

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SECOND_NS + t.tv_nsec;
}

static struct timespec
after_ns(int64_t ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	ns += t.tv_nsec;
	t.tv_sec += ns / SECOND_NS;
	t.tv_nsec = ns % SECOND_NS;
	return t;
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
		return sess_fail(err, SESS_STORE, "%s cannot be opened or made: %s; the store's folder "
			"must be writable for this program", path, strerror(failed));
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
	struct timespec now, end = after_ns((int64_t)OPEN_WAIT_MS * 1000000);
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
		now = after_ns(0);
	} while (now.tv_sec < end.tv_sec);
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

/* A holder that died left nothing half done: SQLite drops what was not committed. */
static int
owned(pthread_mutex_t *m, int rc)
{
	return rc == EOWNERDEAD ? pthread_mutex_consistent(m) : rc;
}

static int
take(pthread_mutex_t *m, const struct timespec *until)
{
	int rc = pthread_mutex_clocklock(m, CLOCK_MONOTONIC, until);
	struct timespec now, wall;

	/* Before Linux 5.14, mutexes that the kernel hands over know the wall clock only. */
	if (rc == EINVAL) {
		now = after_ns(0);
		clock_gettime(CLOCK_REALTIME, &wall);
		wall.tv_sec += until->tv_sec - now.tv_sec;
		wall.tv_nsec += until->tv_nsec - now.tv_nsec;
		if (wall.tv_nsec < 0 || wall.tv_nsec >= SECOND_NS) {
			wall.tv_sec += wall.tv_nsec < 0 ? -1 : 1;
			wall.tv_nsec += wall.tv_nsec < 0 ? SECOND_NS : -SECOND_NS;
		}
		rc = pthread_mutex_timedlock(m, &wall);
	}
	return owned(m, rc);
}

/* Stand in the queue, then wait for the writer: first while others may overtake, then without. */
static int
gate_queue(gate_page *page, int wait_ms)
{
	struct timespec end = after_ns((int64_t)wait_ms * 1000000), soon;
	int rc;

	rc = take(&page->queue, &end);
	if (rc != 0)
		return rc;
	soon = after_ns(PATIENCE_NS);
	rc = take(&page->inner, &soon);
	if (rc == ETIMEDOUT) {
		atomic_store_explicit(&page->closed, 1, memory_order_relaxed);
		rc = take(&page->inner, &end);
	}
	/* Always: the one before may have died with the gate closed. */
	atomic_store_explicit(&page->closed, 0, memory_order_relaxed);
	pthread_mutex_unlock(&page->queue);
	return rc;
}

/* EBUSY: somebody is inside, or first in the queue and out of patience. */
static int
gate_try(gate_page *page)
{
	if (atomic_load_explicit(&page->closed, memory_order_relaxed) != 0)
		return EBUSY;
	return owned(&page->inner, pthread_mutex_trylock(&page->inner));
}

static int
gate_spin(gate_page *page)
{
	int64_t end = now_ns() + SPIN_NS;
	int rc;

	do {
		rc = gate_try(page);
	} while (rc == EBUSY && now_ns() < end);
	return rc;
}

/* For those who had to queue: the others should not pay for being counted. */
static void
gate_count(gate_page *page, int64_t began, int rc)
{
	int64_t took = (now_ns() - began) / 1000, longest;

	atomic_fetch_add_explicit(&page->waits, 1, memory_order_relaxed);
	if (rc == ETIMEDOUT)
		atomic_fetch_add_explicit(&page->busy, 1, memory_order_relaxed);
	longest = atomic_load_explicit(&page->longest_us, memory_order_relaxed);
	while (took > longest && !atomic_compare_exchange_weak_explicit(&page->longest_us, &longest,
		took, memory_order_relaxed, memory_order_relaxed))
		;
}

int
gate_enter(gate *g, int wait_ms, sess_error *err)
{
	gate_page *page = g->page;
	int rc = gate_try(page);

	if (rc == EBUSY) {
		int64_t began = now_ns();

		if (g->spins)
			rc = gate_spin(page);
		if (rc == EBUSY) {
			rc = gate_queue(page, wait_ms);
			gate_count(page, began, rc);
		}
	}
	if (rc == 0) {
		/* Who is inside is alone: this needs no locked instruction. */
		atomic_store_explicit(&page->turns, gate_turns(g) + 1, memory_order_relaxed);
		return SESS_OK;
	}
	if (rc == ETIMEDOUT)
		return sess_fail(err, SESS_BUSY, "the store was busy with other writers for %d ms",
			wait_ms);
	return sess_fail(err, SESS_STORE, "the writers' gate failed: %s", strerror(rc));
}

unsigned
gate_turns(const gate *g)
{
	return atomic_load_explicit(&g->page->turns, memory_order_relaxed);
}

void
gate_stats(const gate *g, int64_t *waits, int64_t *longest_us, int64_t *busy)
{
	*waits = atomic_load_explicit(&g->page->waits, memory_order_relaxed);
	*longest_us = atomic_load_explicit(&g->page->longest_us, memory_order_relaxed);
	*busy = atomic_load_explicit(&g->page->busy, memory_order_relaxed);
}

void
gate_leave(gate *g)
{
	pthread_mutex_unlock(&g->page->inner);
}
