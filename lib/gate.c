/* SPDX-License-Identifier: ISC */
/*
 * gate.c - writers queue here before they write. SQLite lets a blocked writer poll, so that the
 * lucky ones overtake the others for seconds; here the kernel wakes them in turn.
 */
#include "gate.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* How long the first in the queue lets others overtake. A writer that is running already writes
 * sooner than a sleeping one wakes, so a little overtaking keeps the disk busy; without any, the
 * throughput halves. */
#define PATIENCE_NS 100000
/* A write takes microseconds, but to sleep and be woken takes longer: with another processor for
 * the one who writes, it pays to look again for a while before standing in the queue. */
#define SPIN_NS 60000
#define SECOND_NS 1000000000L

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

void
gate_keep(gate *g, int ms)
{
	atomic_store_explicit(&g->page->kept_until, ms != 0 ? now_ns() + (int64_t)ms * 1000000 : 0,
		memory_order_relaxed);
}

/* The clock starts anew with the machine, where a time left behind may lie far ahead. */
bool
gate_kept(const gate *g)
{
	int64_t until = atomic_load_explicit(&g->page->kept_until, memory_order_relaxed), now;

	if (until == 0)
		return false;
	now = now_ns();
	return now < until && until - now <= KEEP_MOST_MS * (int64_t)1000000;
}
