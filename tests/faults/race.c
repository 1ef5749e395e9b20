/* SPDX-License-Identifier: ISC */
/* race.c - a field on which processes or threads race for the same sessions, round by round. */
#include "race.h"

void
meet(field *a)
{
	pthread_barrier_wait(&a->start);
}

bool
race(field *a, int n, job *work)
{
	pthread_barrierattr_t attr;
	int failed;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&a->start, &attr, (unsigned)n);
	a->n = n;
	a->done = a->lost = a->revived = a->wrong = 0;
	a->sum = 0;
	a->ended = false;
	failed = a->crowd(n, work, a);
	pthread_barrier_destroy(&a->start);
	if (failed != 0)
		diag("%d of %d could not take part", failed, n);
	return failed == 0;
}

bool
fill_jars(field *a, sess_kit *kit, int n, const char *user)
{
	for (int i = 0; i < n; i++)
		if (new_session(kit, &a->jars[i], user) != SESS_OK)
			return false;
	return true;
}

static void
run_on(const char *name, int (*crowd)(int, job *, void *), const char *store, race_fn *const *races)
{
	field *a = shared(sizeof(*a));
	sess_kit *kit;

	a->name = name;
	a->crowd = crowd;
	a->now = 1700000000;
	a->config = store_settings(store, &a->now);
	/* Of 64 on a busy machine the last may wait longer than is right for a page. */
	a->config.busy_ms = 60000;
	if ((kit = open_kit(&a->config)) == NULL)
		bail("%s: no store", name);
	for (; *races != NULL; races++)
		(*races)(a, kit);
	sess_kit_close(kit);
}

static void
run_on_sqlite(const char *name, int (*crowd)(int, job *, void *), const char *file,
	race_fn *const *races)
{
	char *url = sqlite_url(file);

	run_on(name, crowd, url, races);
	is_str(integrity(url + sizeof("sqlite:") - 1), "ok", "%s: the database is sound", name);
	free(url);
}

void
run_races(race_fn *const *races)
{
	time_limit((unsigned)scale(120, 900));
	run_on_sqlite("sqlite, processes", in_processes, "processes.db", races);
	run_on_sqlite("sqlite, threads", in_threads, "threads.db", races);
	run_on("memory, threads", in_threads, "memory:races", races);
}
