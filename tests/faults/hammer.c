/* SPDX-License-Identifier: ISC */
/* hammer.c - sixteen processes on one database for a while: nobody is told to wait, no addition is
 * lost, and the write-ahead log stays short, also when half of them never give it idle time. */
#include "faults.h"

#include <stdatomic.h>
#include <time.h>

#define PROCESSES 16
#define JARS 64
#define WAL_MAX (64 << 20)
#define WORST_MS 2000           /* less than half of the default busy_ms */

typedef struct hammer {
	sess_config config;
	int64_t until;
	jar jars[JARS];                 /* of everybody */
	_Atomic int64_t added[JARS], requests, worst_us;
	_Atomic int busy, failed;
} hammer;

static int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* A visitor of one's own: comes, logs in, is given another id, leaves. */
static int
whole_visit(sess_kit *kit)
{
	jar j;
	sess *s;
	int rc = new_session(kit, &j, NULL);

	for (int step = 0; step < 3 && rc == SESS_OK; step++) {
		if ((s = enter(kit, &j)) == NULL)
			return SESS_STORE;
		if (step == 0)
			(void)sess_login(s, "visitor");
		else if (step == 1)
			(void)sess_rotate(s);
		else
			(void)sess_destroy(s);
		rc = leave(s, &j);
	}
	return rc;
}

static int
pound(void *arg, int who)
{
	hammer *h = arg;
	uint64_t seed = 1 + (uint64_t)who;
	sess_kit *kit = open_kit(&h->config);

	while (kit != NULL && clock_ms() < h->until) {
		unsigned at = dice(&seed, JARS);
		jar j = h->jars[at];
		int64_t begun = clock_us(), took;
		bool visit = dice(&seed, 50) == 0;
		int rc = visit ? whole_visit(kit) : add_one(kit, &j, "n");

		took = clock_us() - begun;
		if (took > h->worst_us)
			h->worst_us = took;
		h->requests++;
		h->busy += rc == SESS_BUSY;
		h->failed += rc != SESS_OK;
		h->added[at] += rc == SESS_OK && !visit;
		if (who % 2 == 0 && sess_idle(kit) != SESS_OK)
			h->failed++;
	}
	sess_kit_close(kit);
	return kit == NULL;
}

/* The longest that the log became while they were at it. */
static int64_t
watch_log(const hammer *h, const char *log)
{
	int64_t longest = 0, size;

	while (clock_ms() < h->until) {
		size = file_size(log);
		longest = size > longest ? size : longest;
		(void)nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	size = file_size(log);
	return size > longest ? size : longest;
}

static bool
sums_are_exact(hammer *h, sess_kit *kit)
{
	for (int i = 0; i < JARS; i++) {
		int64_t n;

		if (look(kit, &h->jars[i], "n", &n) != SESS_LIVE || n != h->added[i])
			return false;
	}
	return true;
}

int
main(void)
{
	int seconds = scale(4, 30), late = 0;
	hammer *h = shared(sizeof(*h));
	char *url = sqlite_url("hammer.db"), *log = temp_path("hammer.db-wal");
	pid_t pid[PROCESSES];
	sess_kit *kit;
	int64_t longest;

	time_limit((unsigned)seconds + 60);
	h->config = store_settings(url, NULL);
	kit = open_kit(&h->config);
	for (int i = 0; i < JARS; i++)
		if (new_session(kit, &h->jars[i], NULL) != SESS_OK)
			bail("no sessions");
	h->until = clock_ms() + seconds * 1000;
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = start_process(pound, h, i);
	longest = watch_log(h, log);
	for (int i = 0; i < PROCESSES; i++)
		late += wait_process(pid[i]) != 0;
	is_int(late, 0, "%d processes for %d s: %" PRId64 " requests", PROCESSES, seconds,
		h->requests);
	is_int(h->busy, 0, "none is told that the store is busy");
	is_int(h->failed, 0, "none fails");
	ok(sums_are_exact(h, kit), "no addition is lost");
	ok(longest < WAL_MAX, "the log stays short: at most %.1f MiB", (double)longest / (1 << 20));
	ok(h->worst_us < WORST_MS * 1000, "nobody waits long: at most %.1f ms",
		(double)h->worst_us / 1000);
	sess_kit_close(kit);
	is_str(integrity(url + sizeof("sqlite:") - 1), "ok", "the database is sound");
	free(log);
	free(url);
	return done();
}
