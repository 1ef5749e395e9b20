/* SPDX-License-Identifier: ISC */
/* test_store_memory.c - what is the memory store's own: names, limits, forks. The rest is in the
 * contract, which contract_memory runs. */
#include "internal.h"
#include "tap.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW INT64_C(1700000000)
#define MOST 4                  /* max_sessions of the small stores */
#define PLENTY 1000

extern const sess_provider sess_provider_memory;
static const sess_provider *const p = &sess_provider_memory;
static sess_error err;

static void *open_named(const char *name, size_t max_sessions)
{
	sess_address address = { .url = "memory:", .host = "", .user = "", .path = name,
		.query = "" };
	sess_limits limits = { .max_bytes = 65536, .max_sessions = max_sessions, .busy_ms = 20 };
	void *self = NULL;

	if (p->open(&self, &address, &limits, &err) != SESS_OK)
		bail("cannot open: %s", err.text);
	return self;
}

static sess_record record_of(int number, const char *user, int64_t seen, int64_t expires)
{
	sess_record rec = { .user = user, .created = NOW, .seen = seen, .expires = expires,
		.data = "{}", .len = 2 };

	memcpy(rec.id, &number, sizeof(number));
	return rec;
}

static int insert(void *self, int number, const char *user, int64_t seen, int64_t expires)
{
	sess_record rec = record_of(number, user, seen, expires);

	return p->insert(self, &rec, NOW, 0, &err);
}

static int load(void *self, int number, int64_t now, sess_record *rec)
{
	sess_record key = record_of(number, NULL, 0, 0);
	sess_sink sink = { .memory = { NULL, NULL } };
	int rc = p->load(self, key.id, now, rec, &sink, &err);

	arena_free(&sink.memory);
	return rc;
}

static bool there(void *self, int number)
{
	sess_record rec;

	return load(self, number, NOW, &rec) == 1;
}

static void test_names(void)
{
	void *one = open_named("one", PLENTY), *same = open_named("one", PLENTY);
	void *none = open_named("", PLENTY);

	insert(one, 1, NULL, NOW, NOW + 9);
	ok(there(same, 1), "names: handles of one name share a store");
	ok(!there(none, 1), "names: another name is another store");
	p->close(one);
	ok(there(same, 1), "names: it lasts while there is a handle");
	p->close(same);
	one = open_named("one", PLENTY);
	ok(!there(one, 1), "names: and no longer");
	p->close(one);
	p->close(none);
}

static void test_eviction(void)
{
	void *self = open_named("small", MOST);

	insert(self, 1, NULL, NOW - 99, NOW + 70);
	insert(self, 2, "user", NOW - 90, NOW + 20);
	insert(self, 3, NULL, NOW - 50, NOW + 60);
	insert(self, 4, "user", NOW - 99, NOW);
	is_int(insert(self, 5, "user", NOW, NOW + 10), SESS_OK, "full: an expired one goes first");
	ok(there(self, 1) && there(self, 2) && there(self, 3), "full: and no other");
	is_int(insert(self, 6, NULL, NOW, NOW + 50), SESS_OK, "full: then an anonymous one");
	ok(!there(self, 3) && there(self, 1) && there(self, 2), "full: the one that expires first");
	is_int(insert(self, 6, NULL, NOW, NOW + 99), SESS_CONFLICT, "full: an insert that fails");
	ok(there(self, 1) && there(self, 6), "full: costs nobody the session");
	insert(self, 7, "user", NOW, NOW + 99);
	ok(there(self, 1) && !there(self, 6), "full: a new one has no privilege");
	insert(self, 8, "user", NOW, NOW + 99);
	is_int(insert(self, 9, "user", NOW, NOW + 99), SESS_STORE, "full: of logged-in sessions");
	ok(strstr(err.text, "max_sessions = 4") && strstr(err.text, "sqlite:"),
		"full: says what to do: %s", err.text);
	ok(there(self, 2) && there(self, 5) && there(self, 7) && there(self, 8),
		"full: nobody was logged out");
	p->close(self);
}

/* The order of many that expire in any order, and are touched in between. */
static void test_order(void)
{
	void *self = open_named("order", PLENTY);
	size_t n, right = 0;

	for (int i = 0; i < PLENTY; i++)
		insert(self, i, i % 3 ? NULL : "user", NOW, NOW + 1);
	for (int i = 0; i < PLENTY; i++) {
		sess_record key = record_of(i, NULL, 0, 0);

		p->touch(self, key.id, NOW, NOW + 1 + i * 7 % PLENTY, &err);
	}
	for (int i = 1; i <= PLENTY; i++)
		right += p->collect(self, NOW + i, 2, &n, &err) == SESS_OK && n == 1;
	is_int((int64_t)right, PLENTY, "order: one of %d goes each second", PLENTY);
	p->close(self);
}

/* A replace needs no more room than it gives back. */
static void test_replace_when_full(void)
{
	void *self = open_named("full", MOST);
	sess_record old = record_of(1, NULL, NOW, NOW + 99), new;

	for (int i = 1; i <= MOST; i++)
		insert(self, i, "user", NOW, NOW + 99);
	new = record_of(9, "user", NOW, NOW + 99);
	new.revision = 1;
	is_int(p->replace(self, old.id, &new, SESS_ROTATED, NOW, NOW + 9, &err), SESS_OK,
		"replace when full");
	ok(there(self, 9) && !there(self, 1) && there(self, 2), "replace when full: in its place");
	p->close(self);
}

/* A visitor who logs in and out without end fills nothing. */
static void test_traces_bounded(void)
{
	void *self = open_named("traces", MOST);
	sess_record rec;
	int said = 0;

	for (int i = 1; i <= 1000; i++) {
		rec = record_of(i, NULL, NOW, NOW + 99);
		p->insert(self, &rec, NOW, 0, &err);
		p->end(self, rec.id, SESS_LOGGED_OUT, NOW, NOW + 1000 + i, &err);
	}
	for (int i = 1; i <= 1000; i++)
		said += load(self, i, NOW, &rec) == 0 && rec.ended == SESS_LOGGED_OUT;
	is_int(said, 4 * MOST - 1, "traces: fewer than four for each session that may be");
	load(self, 1000, NOW + 1999, &rec);
	is_int(rec.ended, SESS_LOGGED_OUT, "traces: those that have the longest to live");
	load(self, 1000, NOW + 2000, &rec);
	is_int(rec.ended, SESS_UNKNOWN, "traces: say nothing when their time is over");
	p->close(self);
}

/* Nor does he take from others the only id that they may have. */
static void test_traces_of_live(void)
{
	void *self = open_named("live", 2);
	sess_record alice = record_of(1, "alice", NOW, NOW + 99), mallory;
	sess_record candidate = record_of(2, NULL, 0, 0), next = record_of(3, NULL, 0, 0);

	insert(self, 1, "alice", NOW, NOW + 99);
	p->offer(self, alice.id, candidate.id, candidate.secret, NOW, 0, NOW + 50, &err);
	p->confirm(self, candidate.id, NOW, 0, NOW + 50, &err);
	p->offer(self, candidate.id, next.id, next.secret, NOW, 0, NOW + 50, &err);
	for (int i = 10; i < 1010; i++) {
		mallory = record_of(i, "mallory", NOW, NOW + 99);
		p->insert(self, &mallory, NOW, 0, &err);
		p->end(self, mallory.id, SESS_LOGGED_OUT, NOW, NOW + 1000, &err);
	}
	ok(there(self, 3), "traces: a candidate outlasts the logouts of others");
	ok(there(self, 1), "traces: and so does a retired id");
	p->end(self, next.id, SESS_LOGGED_OUT, NOW, NOW + 9, &err);
	mallory = record_of(9, NULL, NOW, NOW + 99);
	p->insert(self, &mallory, NOW, 0, &err);
	ok(!there(self, 2) && !there(self, 3), "traces: that end with the record");
	p->close(self);
}

/* An evicted record takes along what led to it. */
static void test_evicted_aliases(void)
{
	void *self = open_named("evicted", 1);
	sess_record old = record_of(1, NULL, NOW, NOW + 99), candidate = record_of(2, NULL, 0, 0);

	insert(self, 1, NULL, NOW, NOW + 99);
	p->offer(self, old.id, candidate.id, candidate.secret, NOW, 0, NOW + 50, &err);
	insert(self, 3, "user", NOW, NOW + 99);
	ok(!there(self, 1) && !there(self, 2), "evicted: by id and by candidate");
	old = record_of(3, NULL, 0, 0);
	is_int(p->offer(self, old.id, candidate.id, candidate.secret, NOW, 0, NOW + 50, &err), 1,
		"evicted: nothing is left of the candidate");
	p->close(self);
}

/* Each id of a session that ended is a row of its own. */
static void test_collect_by_rows(void)
{
	void *self = open_named("rows", MOST);
	sess_record rec = record_of(1, NULL, NOW, NOW + 99), candidate = record_of(2, NULL, 0, 0);
	size_t n;

	insert(self, 1, NULL, NOW, NOW + 99);
	p->offer(self, rec.id, candidate.id, candidate.secret, NOW, 0, NOW + 50, &err);
	p->end(self, rec.id, SESS_LOGGED_OUT, NOW, NOW + 9, &err);
	for (int i = 0; i < 2; i++) {
		p->collect(self, NOW + 9, 1, &n, &err);
		is_int((int64_t)n, 1, "rows: of two traces one at a time");
		is_int(load(self, 1, NOW, &rec) + load(self, 2, NOW, &candidate), 0, "rows: none leads on");
		is_int((rec.ended == SESS_LOGGED_OUT) + (candidate.ended == SESS_LOGGED_OUT), 1 - i,
			"rows: the other one still says why");
	}
	p->close(self);
}

/* Collected or not. */
static void test_outdated_candidate(void)
{
	void *self = open_named("candidate", MOST);
	sess_record rec = record_of(1, NULL, NOW, NOW + 99), candidate = record_of(2, NULL, 0, 0);

	insert(self, 1, NULL, NOW, NOW + 99);
	p->offer(self, rec.id, candidate.id, candidate.secret, NOW, 0, NOW + 9, &err);
	is_int(p->confirm(self, candidate.id, NOW + 9, 0, NOW + 99, &err), SESS_GONE,
		"candidate: not confirmed when its time is over");
	ok(there(self, 1), "candidate: the record stays under its id");
	p->end(self, candidate.id, SESS_REVOKED, NOW + 9, NOW + 99, &err);
	ok(!there(self, 1), "candidate: but a logout is one by any clock");
	p->close(self);
}

static int call_another(void *arg, const sess_record *rec)
{
	(void)rec;
	return there(arg, 1) ? 1 : err.code;
}

/* What keeps the store locked ends, or is told of, but never hangs. */
static void test_locked(void)
{
	void *self = open_named("lock", MOST), *other = open_named("lock", MOST);
	sess_record rec = record_of(1, NULL, NOW, NOW + 99);
	sess_query all = { .now = NOW };

	insert(self, 1, NULL, NOW, NOW + 99);
	is_int(p->release(self, &err), SESS_INVALID, "locked: release without hold");
	is_int(p->hold(self, rec.id, &err), SESS_OK, "locked: hold");
	ok(!there(other, 1) && err.code == SESS_BUSY, "locked: another handle hears of it: %s",
		err.text);
	is_int(p->list(self, &all, call_another, other, &err), SESS_BUSY,
		"locked: by list while held");
	ok(there(self, 1), "locked: the holder goes on");
	p->release(self, &err);
	is_int(p->list(self, &all, call_another, other, &err), SESS_BUSY, "locked: by list");
	ok(there(other, 1), "locked: no more");
	p->close(self);
	p->close(other);
}

/* -- fork ------------------------------------------------------------------------------------- */

#define BUSY 2

static atomic_bool enough;
static void *busy[BUSY];        /* handles of the threads; children inherit and forget them */

/* With a store that comes and goes, so that forks meet the list of stores in any state. */
static void *keep_busy(void *arg)
{
	sess_query all = { .now = NOW };
	sess_error mine;
	size_t n;

	while (!atomic_load(&enough)) {
		p->count(arg, &all, &n, &mine);
		for (int i = 0; i < 20; i++)
			p->close(open_named("brief", PLENTY));
	}
	return NULL;
}

/* What a child does with its parent's kit: give it up, open anew, use it. */
static bool child_works(void *inherited)
{
	sess_query all = { .now = NOW };
	size_t n = 1, made = 0;
	void *self;

	alarm(20);
	p->forked(inherited);
	self = open_named("forks", PLENTY);
	p->count(self, &all, &n, &err);
	insert(self, 1, NULL, NOW, NOW + 99);
	p->count(self, &all, &made, &err);
	p->close(self);
	return n == 0 && made == 1;
}

/* A child never inherits a lock that nobody can open any more. It kills itself when all is well: in
 * a plain exit, leak checkers would find what the parent's threads had in their hands. */
static void test_fork_while_busy(void)
{
	void *self = open_named("forks", PLENTY);
	pthread_t threads[BUSY];
	int good = 0;

	for (int i = 1; i <= 100; i++)
		insert(self, i, NULL, NOW, NOW + 99);
	for (int i = 0; i < BUSY; i++) {
		busy[i] = open_named("forks", PLENTY);
		if (pthread_create(&threads[i], NULL, keep_busy, busy[i]))
			bail("cannot start a thread");
	}
	for (int i = 0; i < 50 && good == i; i++) {
		int status = -1;
		pid_t child = fork();

		if (child == 0) {
			if (child_works(self))
				raise(SIGKILL);
			_exit(1);
		}
		good += waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
			WTERMSIG(status) == SIGKILL;
	}
	atomic_store(&enough, true);
	for (int i = 0; i < BUSY; i++) {
		pthread_join(threads[i], NULL);
		p->close(busy[i]);
	}
	is_int(good, 50, "fork: 50 children of a busy process start empty and work");
	ok(there(self, 100), "fork: the parent goes on");
	p->close(self);
}

int main(void)
{
	test_names();
	test_eviction();
	test_order();
	test_replace_when_full();
	test_traces_bounded();
	test_traces_of_live();
	test_evicted_aliases();
	test_collect_by_rows();
	test_outdated_candidate();
	test_locked();
	test_fork_while_busy();
	return done();
}
