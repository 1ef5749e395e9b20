/* SPDX-License-Identifier: ISC */
/* test_remote_lookup.c - addresses of names, from a name server that may be dead. */
#include "internal.h"
#include "remote.h"
#include "tap.h"

#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define URL "redis://somewhere"
#define PATIENCE 20000
#define LATE "store \"" URL "\": no name server has told the address of dead.test in time; see " \
	"that one runs, or put the name into /etc/hosts"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t change = PTHREAD_COND_INITIALIZER;
static bool name_server_dead;
static int asked;
static int64_t now;

static int64_t
test_clock(void)
{
	return now;
}

static void
opened(remote *r)
{
	const sess_address address = { .url = URL, .kind = "", .host = "h" };
	const sess_limits limits = { .busy_ms = 1000 };
	sess_error err;

	if (remote_open(r, &address, &limits, 6379, &err) != SESS_OK)
		bail("%s", err.text);
	r->clock = test_clock;
}

int __real_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);
int __wrap_getaddrinfo(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* A name server that knows three names, and while it is dead answers nobody who asks for others. */
int
__wrap_getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
	struct addrinfo **out)
{
	int rc;

	pthread_mutex_lock(&lock);
	asked++;
	pthread_cond_broadcast(&change);
	while (name_server_dead && strcmp(name, "one.test") != 0)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
	if (strcmp(name, "none.test") == 0)
		return EAI_NONAME;
	if (strcmp(name, "two.test") != 0)
		return __real_getaddrinfo("127.0.0.7", service, hints, out);
	rc = __real_getaddrinfo("::1", service, hints, out);
	return rc != 0 ? rc : __real_getaddrinfo("127.0.0.2", service, hints, &(*out)->ai_next);
}

static void
name_server(bool dead)
{
	pthread_mutex_lock(&lock);
	name_server_dead = dead;
	asked = 0;
	pthread_cond_broadcast(&change);
	pthread_mutex_unlock(&lock);
}

static int
times_asked(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = asked;
	pthread_mutex_unlock(&lock);
	return n;
}

/* A thread may be late to ask. */
static void
await_asked(int times)
{
	pthread_mutex_lock(&lock);
	while (asked < times)
		pthread_cond_wait(&change, &lock);
	pthread_mutex_unlock(&lock);
}

/* -- threads ----------------------------------------------------------------------------------- */

#define THREADS 64

static pthread_t begun[THREADS];
static int threads;
static bool no_more_threads;

int __real_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
int __wrap_pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* They are to be left alone, but a test has to see their end. */
int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *),
	void *arg)
{
	int detached = 0, rc;

	if (no_more_threads || threads == THREADS)
		return EAGAIN;
	if (pthread_attr_getdetachstate(attributes, &detached) != 0 ||
		detached != PTHREAD_CREATE_DETACHED)
		bail("a thread is made for which somebody would have to wait");
	rc = __real_pthread_create(thread, NULL, run, arg);
	if (rc == 0)
		begun[threads++] = *thread;
	return rc;
}

static void
await_threads(void)
{
	while (threads > 0)
		(void)pthread_join(begun[--threads], NULL);
}

/* -- cases ------------------------------------------------------------------------------------- */

/* What a name leads to: "ADDRESS OTHERS", or the text of the error. */
static const char *
looked_up(remote *r, const char *name, int ms)
{
	static char text[sizeof(((sess_error *)0)->text)];
	remote_address at;
	sess_error err;
	int rc = remote_look_up(r, name, ms, &at, &err);

	if (rc == SESS_OK)
		snprintf(text, sizeof(text), "%s %d", at.text, at.others);
	else
		snprintf(text, sizeof(text), "%s", rc == SESS_STORE ? err.text : "wrong code");
	return text;
}

static void
names_have_addresses(void)
{
	remote r;

	opened(&r);
	name_server(false);
	is_str(looked_up(&r, "10.1.2.3", 0), "10.1.2.3 0", "an address is one");
	is_str(looked_up(&r, "fe80::1%eth0", 0), "fe80::1%eth0 0", "so is one of IPv6, with a zone");
	is_int(times_asked(), 0, "for which nobody is asked");
	is_str(looked_up(&r, "one.test", PATIENCE), "127.0.0.7 0", "a name has an address");
	is_str(looked_up(&r, "two.test", PATIENCE), "127.0.0.2 1", "the one of IPv4 among several");
	is_str(looked_up(&r, "none.test", PATIENCE), "store \"" URL "\": the name none.test has no "
		"address: Name or service not known; check the URL and the name server",
		"a name without one is a failure");
	is_int(times_asked(), 3, "each was asked for once");
	is_str(looked_up(&r, "one.test", PATIENCE), "127.0.0.7 0", "the next time it is looked up");
	is_int(times_asked(), 4, "again");
	remote_close(&r);
}

static int64_t
real_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000;
}

static void
dead_name_server_costs_no_time(void)
{
	int64_t start = real_ms(), took;
	remote r;

	opened(&r);
	name_server(true);
	is_str(looked_up(&r, "dead.test", 50), LATE, "a name server is dead");
	is_str(looked_up(&r, "dead.test", 50), LATE, "it still is");
	took = real_ms() - start;
	ok(took >= 99 && took < 10000, "both calls end when their time does (%d ms)", (int)took);
	await_asked(1);
	is_int(times_asked(), 1, "it is asked once");
	is_str(looked_up(&r, "one.test", PATIENCE), "127.0.0.7 0", "another name is answered");
	name_server(false);
	is_str(looked_up(&r, "dead.test", PATIENCE), "127.0.0.7 0", "when it is back, it answers");
	is_int(times_asked(), 0, "what it was asked before");
	remote_close(&r);
}

static void
late_answers_grow_old(void)
{
	remote r;

	opened(&r);
	name_server(true);
	(void)looked_up(&r, "dead.test", 0);
	(void)looked_up(&r, "none.test", 0);
	await_asked(2);
	name_server(false);
	await_threads();
	is_str(looked_up(&r, "dead.test", 0), "127.0.0.7 0", "an answer that came late is good");
	ok(strstr(looked_up(&r, "none.test", PATIENCE), "not known") != NULL, "a failure is not:");
	is_int(times_asked(), 1, "that was asked for again");
	name_server(true);
	(void)looked_up(&r, "dead.test", 0);
	await_asked(1);
	name_server(false);
	await_threads();
	now += 10001;
	is_str(looked_up(&r, "dead.test", PATIENCE), "127.0.0.7 0", "an address of long ago");
	is_int(times_asked(), 1, "was asked for again");
	remote_close(&r);
}

static void
lookups_are_few(void)
{
	char name[32];
	remote r;

	opened(&r);
	name_server(true);
	for (int i = 0; i < REMOTE_HOSTS; i++) {
		snprintf(name, sizeof(name), "dead%d.test", i);
		ok(strstr(looked_up(&r, name, 0), "in time") != NULL, "%s is late", name);
	}
	ok(strstr(looked_up(&r, "dead.test", PATIENCE), "for want of threads") != NULL,
		"no more are begun");
	name_server(false);
	await_threads();
	is_str(looked_up(&r, "dead.test", PATIENCE), "127.0.0.7 0", "until the others have an end");
	remote_close(&r);
}

static void
lookups_need_threads(void)
{
	remote r;

	opened(&r);
	no_more_threads = true;
	is_str(looked_up(&r, "one.test", PATIENCE), "store \"" URL "\": the name one.test cannot be "
		"looked up, for want of threads or memory; use addresses in the URL",
		"without a thread there is no answer");
	no_more_threads = false;
	is_str(looked_up(&r, "one.test", PATIENCE), "127.0.0.7 0", "with one there is");
	remote_close(&r);
}

/* What is left behind is freed by the thread: sanitizers and valgrind see to that. */
static void
lookups_are_left_behind(void)
{
	int status = -1;
	remote r;
	pid_t pid;

	opened(&r);
	name_server(true);
	(void)looked_up(&r, "dead.test", 0);
	(void)looked_up(&r, "one.test", PATIENCE);
	await_asked(2);
	pid = fork();
	if (pid == 0) {
		remote_close(&r);
		_exit(r.lookups != NULL);
	}
	ok(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "a child lets go of them");
	remote_close(&r);
	ok(r.lookups == NULL, "so does who asked");
	name_server(false);
	await_threads();
	opened(&r);
	is_str(looked_up(&r, "dead.test", PATIENCE), "127.0.0.7 0", "and who comes next asks anew");
	remote_close(&r);
}

int
main(void)
{
	/* Nothing here takes long, unless it hangs. */
	alarm(120);
	names_have_addresses();
	dead_name_server_costs_no_time();
	late_answers_grow_old();
	lookups_are_few();
	lookups_need_threads();
	lookups_are_left_behind();
	await_threads();
	return done();
}
