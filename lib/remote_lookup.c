/* SPDX-License-Identifier: ISC */
/*
 * remote_lookup.c - addresses of hosts by their names, by the clock of the call. getaddrinfo(3)
 * waits half a minute for a name server that is dead, and cannot be called off. So it has a thread
 * of its own, which is left behind when the time is over, and asked again by the next call.
 * getaddrinfo_a(3) has threads as well, but in a child process it waits for those of the parent.
 */
#include "internal.h"
#include "remote.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define FRESH_MS 10000          /* what came too late for one call is good for the next ones */

struct remote_lookup {
	remote_lookup *next;
	char name[REMOTE_NAME];
	int64_t begun;
	pid_t process;                  /* the one that has the thread */
	pthread_mutex_t lock;           /* of what follows */
	pthread_cond_t change;
	bool done, left;                /* by the thread, by who asked; the last of them frees */
	int failed;                     /* getaddrinfo's code */
	remote_address found;
};

static void
release(remote_lookup *l)
{
	(void)pthread_cond_destroy(&l->change);
	(void)pthread_mutex_destroy(&l->lock);
	free(l);
}

/* -- the thread -------------------------------------------------------------------------------- */

/* The first one of IPv4, if there is any: many a server listens for nothing else. */
static int
choose(remote_address *out, const struct addrinfo *found)
{
	const struct addrinfo *best = found;

	if (!found)
		return EAI_NONAME;
	for (const struct addrinfo *at = found->ai_next; at; at = at->ai_next) {
		if (best->ai_family != AF_INET && at->ai_family == AF_INET)
			best = at;
		out->others++;
	}
	return getnameinfo(best->ai_addr, best->ai_addrlen, out->text, sizeof(out->text), NULL, 0,
		NI_NUMERICHOST);
}

static void *
look_up(void *arg)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	remote_lookup *l = arg;
	struct addrinfo *found = NULL;
	remote_address address = { .others = 0 };
	int failed = getaddrinfo(l->name, NULL, &hints, &found);
	bool left;

	if (failed == 0) {
		failed = choose(&address, found);
		freeaddrinfo(found);
	}
	(void)pthread_mutex_lock(&l->lock);
	l->failed = failed;
	l->found = address;
	l->done = true;
	left = l->left;
	(void)pthread_cond_signal(&l->change);
	(void)pthread_mutex_unlock(&l->lock);
	if (left)
		release(l);
	return NULL;
}

/* -- who asks ---------------------------------------------------------------------------------- */

/* By the clock that nobody sets. */
static bool
prepare(remote_lookup *l)
{
	pthread_condattr_t attributes;
	bool fine = pthread_condattr_init(&attributes) == 0;

	if (!fine)
		return false;
	fine = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
		pthread_mutex_init(&l->lock, NULL) == 0;
	if (fine && pthread_cond_init(&l->change, &attributes) != 0) {
		(void)pthread_mutex_destroy(&l->lock);
		fine = false;
	}
	(void)pthread_condattr_destroy(&attributes);
	return fine;
}

/* Signals are the program's, whose handlers need not expect another thread. */
static bool
run(remote_lookup *l)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	pthread_t thread;
	bool runs;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	runs = pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
		pthread_create(&thread, &attributes, look_up, l) == 0;
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	return runs;
}

static remote_lookup *
start(remote *r, const char *name)
{
	remote_lookup *l = calloc(1, sizeof(*l));

	if (!l || !prepare(l)) {
		free(l);
		return NULL;
	}
	memcpy(l->name, name, strlen(name) + 1);
	l->begun = r->clock();
	l->process = getpid();
	if (!run(l)) {
		release(l);
		return NULL;
	}
	l->next = r->lookups;
	r->lookups = l;
	return l;
}

static bool
is_done(remote_lookup *l)
{
	bool done;

	(void)pthread_mutex_lock(&l->lock);
	done = l->done;
	(void)pthread_mutex_unlock(&l->lock);
	return done;
}

/* Take from the list what has ended without an answer that is of use, and find this name in what is
 * left of it; *threads is how many have not ended. */
static remote_lookup *
find(remote *r, const char *name, size_t *threads)
{
	remote_lookup **at = &r->lookups, *l, *found = NULL;

	for (*threads = 0; (l = *at) != NULL; ) {
		bool done = is_done(l);

		if (done && (l->failed || r->clock() - l->begun > FRESH_MS)) {
			*at = l->next;
			release(l);
			continue;
		}
		found = strcmp(l->name, name) == 0 ? l : found;
		at = &l->next;
		*threads += !done;
	}
	return found;
}

/* False: the time is over. */
static bool
await(remote_lookup *l, int ms)
{
	struct timespec end;
	bool done;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += (end.tv_nsec / 1000000 + ms) / 1000;
	end.tv_nsec = (end.tv_nsec / 1000000 + ms) % 1000 * 1000000;
	(void)pthread_mutex_lock(&l->lock);
	while (!l->done && pthread_cond_timedwait(&l->change, &l->lock, &end) == 0)
		;
	done = l->done;
	(void)pthread_mutex_unlock(&l->lock);
	return done;
}

static void
forget(remote *r, remote_lookup *l)
{
	remote_lookup **at = &r->lookups;

	while (*at != l)
		at = &(*at)->next;
	*at = l->next;
	release(l);
}

static bool
is_address(const char *name)
{
	struct in_addr address;

	return strchr(name, ':') != NULL || inet_pton(AF_INET, name, &address) == 1;
}

int
remote_look_up(remote *r, const char *name, int ms, remote_address *out, sess_error *err)
{
	remote_lookup *l;
	size_t threads;
	int failed;

	*out = (remote_address){ .others = 0 };
	if (is_address(name) && strlen(name) < sizeof(out->text)) {
		memcpy(out->text, name, strlen(name) + 1);
		return SESS_OK;
	}
	l = find(r, name, &threads);
	if (!l && (threads == REMOTE_HOSTS || !(l = start(r, name))))
		return sess_fail(err, SESS_STORE, "store \"%s\": the name %s cannot be looked up, for want "
			"of threads or memory; use addresses in the URL", r->url, name);
	if (!await(l, ms))
		return sess_fail(err, SESS_STORE, "store \"%s\": no name server has told the address of %s "
			"in time; see that one runs, or put the name into /etc/hosts", r->url, name);
	failed = l->failed;
	*out = l->found;
	forget(r, l);
	return failed == 0 ? SESS_OK : sess_fail(err, SESS_STORE, "store \"%s\": the name %s has no "
		"address: %s; check the URL and the name server", r->url, name, gai_strerror(failed));
}

void
remote_close(remote *r)
{
	remote_lookup *l;

	while ((l = r->lookups) != NULL) {
		bool done = false;

		r->lookups = l->next;
		/* In a child process there is no thread, and its lock may be held for ever. */
		if (l->process != getpid()) {
			free(l);
			continue;
		}
		(void)pthread_mutex_lock(&l->lock);
		done = l->done;
		l->left = true;
		(void)pthread_mutex_unlock(&l->lock);
		if (done)
			release(l);
	}
}
