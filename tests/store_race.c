/* SPDX-License-Identifier: ISC */
/* store_race.c - the course of a race: starts threads or processes at once, collects what they
 * gave. Only the process that began prints. */
#include "store_races.h"

#include "servers/address.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_USEC 100

static void *open_store(const race *r)
{
	sess_address address = address_of(r->provider, r->path);
	sess_limits limits = { .max_bytes = 1 << 20, .max_sessions = 10000, .busy_ms = 20000 };
	void *self = NULL;
	sess_error err;

	return r->provider->open(&self, &address, &limits, &err) == SESS_OK ? self : NULL;
}

/* All start when the last one has opened the store. */
static void race_alone(race *r, int number)
{
	void *self = open_store(r);

	r->gave[number] = RACE_STALLED;
	atomic_fetch_add(&r->ready, 1);
	while (!atomic_load(&r->go))
		usleep(POLL_USEC);
	if (!self)
		return;
	r->gave[number] = r->run(r, self, number);
	r->provider->close(self);
}

static void start_all(race *r, int racers)
{
	while (atomic_load(&r->ready) < racers)
		usleep(POLL_USEC);
	atomic_store(&r->go, true);
}

struct thread {
	pthread_t thread;
	race *r;
	int number;
};

static void *race_in_thread(void *arg)
{
	struct thread *t = arg;

	race_alone(t->r, t->number);
	return NULL;
}

/* How many were started. */
static int race_threads(race *r)
{
	struct thread threads[RACERS_MAX];
	int started = 0;

	for (; started < r->racers; started++) {
		struct thread *t = &threads[started];

		*t = (struct thread){ .r = r, .number = started };
		if (pthread_create(&t->thread, NULL, race_in_thread, t))
			break;
	}
	start_all(r, started);
	for (int i = 0; i < started; i++)
		pthread_join(threads[i].thread, NULL);
	return started;
}

static int race_processes(race *r)
{
	pid_t children[RACERS_MAX];
	int started = 0;

	for (; started < r->racers; started++) {
		children[started] = fork();
		if (children[started] < 0)
			break;
		if (children[started] == 0) {
			if (r->provider->forked)
				r->provider->forked(r->self);
			race_alone(r, started);
			_exit(0);
		}
	}
	start_all(r, started);
	for (int i = 0; i < started; i++) {
		int status = -1;

		if (waitpid(children[i], &status, 0) < 0 || status != 0)
			r->gave[i] = RACE_STALLED;
	}
	return started;
}

bool race_run(race *r, racer_fn *run, int racers)
{
	atomic_store(&r->ready, 0);
	atomic_store(&r->go, false);
	atomic_store(&r->over, false);
	r->run = run;
	r->racers = racers;
	return (r->provider->flags & SESS_STORE_PROCESS ? race_threads(r) : race_processes(r)) ==
		racers;
}

int race_count(const race *r, int64_t gave)
{
	int n = 0;

	for (int i = 0; i < r->racers; i++)
		n += r->gave[i] == gave;
	return n;
}

void race_derive_id(const race *r, const char *purpose, int number, unsigned char *id)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %d", purpose, number);
	crypto_generichash(id, SESS_ID_BYTES, (const unsigned char *)text, strlen(text), r->id,
		SESS_ID_BYTES);
}

sess_record race_record(const race *r)
{
	static const int64_t zero;
	sess_record rec = { .revision = 1, .created = RACE_NOW, .seen = RACE_NOW,
		.expires = RACE_END, .idle = RACE_END - RACE_NOW, .data = &zero,
		.len = sizeof(zero), .sealed = true };

	memcpy(rec.id, r->id, sizeof(rec.id));
	return rec;
}

void race_next_id(race *r)
{
	unsigned char id[SESS_ID_BYTES];

	race_derive_id(r, "next", 0, id);
	memcpy(r->id, id, sizeof(id));
}

bool race_next_record(race *r)
{
	sess_record rec;
	sess_error err;

	race_next_id(r);
	rec = race_record(r);
	return r->provider->insert(r->self, &rec, RACE_NOW, 0, &err) == SESS_OK;
}

int race_look(const race *r, void *self, const unsigned char *id, sess_record *rec, int64_t *sum)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_error err;
	int rc = r->provider->load(self, id, RACE_NOW, rec, &sink, &err);

	if (rc == 1 && sum && rec->len == sizeof(*sum))
		memcpy(sum, rec->data, sizeof(*sum));
	rec->data = NULL;
	rec->user = rec->address = rec->agent = NULL;
	arena_free(&sink.memory);
	return rc;
}

race *race_make(const sess_provider *provider, const char *path, const char **why)
{
	race *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	*why = "no shared memory";
	if (r == MAP_FAILED)
		return NULL;
	*why = "no store";
	r->provider = provider;
	snprintf(r->path, sizeof(r->path), "%s", path);
	r->self = open_store(r);
	if (r->self)
		return r;
	munmap(r, sizeof(*r));
	return NULL;
}

void race_free(race *r)
{
	r->provider->close(r->self);
	munmap(r, sizeof(*r));
}
