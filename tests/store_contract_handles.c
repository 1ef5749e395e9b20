/* SPDX-License-Identifier: ISC */
/* store_contract_handles.c - sentence 22 of the contract: handles, threads, processes. */
#include "store_contract.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW CONTRACT_NOW

void reopen_in_child(contract *c)
{
	if (c->provider->forked)
		c->provider->forked(c->self);
	c->self = open_handle(c);
}

void swap_handle(contract *c, void **other)
{
	void *self = c->self;

	c->self = *other;
	*other = self;
}

/* -- 22 several handles ---------------------------------------------------------------------- */

#define THREADS 8
#define ADDITIONS 50

struct adder {
	contract c;                     /* a copy with its own handle and sink */
	unsigned char id[SESS_ID_BYTES];
	bool failed;
};

/* Add to the number in data until it worked so many times. */
static void *add_often(void *arg)
{
	struct adder *a = arg;
	int done = 0;

	while (done < ADDITIONS && !a->failed) {
		int64_t sum;
		sess_record rec;
		int rc = do_load(&a->c, a->id, NOW);

		if (rc == 1) {
			memcpy(&sum, a->c.got.data, sizeof(sum));
			sum++;
			rec = a->c.got;
			rec.data = &sum;
			rc = do_update(&a->c, &rec, NOW, SESS_PART_DATA);
		}
		done += rc == SESS_OK;
		a->failed = rc != SESS_OK && rc != SESS_CONFLICT && rc != SESS_BUSY;
	}
	arena_free(&a->c.sink.memory);
	return NULL;
}

static struct adder adder_make(const contract *c, const sess_record *rec)
{
	struct adder a = { .c = *c };

	memcpy(a.id, rec->id, sizeof(a.id));
	memset(&a.c.sink, 0, sizeof(a.c.sink));
	a.c.limits.busy_ms = 5000;
	return a;
}

static void check_sum(contract *c, const sess_record *rec, int failed, const char *what)
{
	int64_t sum = 0;

	check_int(c, failed, 0, "%s: failures", what);
	if (do_load(c, rec->id, NOW) == 1)
		memcpy(&sum, c->got.data, sizeof(sum));
	check_int(c, sum, THREADS * ADDITIONS, "%s: no addition is lost", what);
}

static void threads_add(contract *c, const sess_record *rec)
{
	struct adder adders[THREADS];
	pthread_t threads[THREADS];
	int failed = 0;

	for (int i = 0; i < THREADS; i++) {
		adders[i] = adder_make(c, rec);
		adders[i].c.self = open_handle(&adders[i].c);
		if (pthread_create(&threads[i], NULL, add_often, &adders[i]))
			abort();
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		c->provider->close(adders[i].c.self);
		failed += adders[i].failed;
	}
	check_sum(c, rec, failed, "threads");
}

static void processes_add(contract *c, const sess_record *rec)
{
	pid_t children[THREADS];
	int failed = 0;

	for (int i = 0; i < THREADS; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			struct adder a = adder_make(c, rec);

			reopen_in_child(&a.c);
			add_often(&a);
			c->provider->close(a.c.self);
			_exit(a.failed);
		}
	}
	for (int i = 0; i < THREADS; i++) {
		int status = -1;

		failed += waitpid(children[i], &status, 0) < 0 || status != 0;
	}
	check_sum(c, rec, failed, "processes");
}

/* A store that lives with its process is another one in a child. */
static void child_is_apart(contract *c, const sess_record *rec)
{
	sess_query all = { .now = NOW };
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		size_t found, made;

		reopen_in_child(c);
		found = do_count(c, &all);
		do_insert(c, rec);
		do_end(c, rec->id, SESS_REVOKED);
		stored_record(c);
		made = do_count(c, &all);
		c->provider->close(c->self);
		_exit(found == 0 && made == 1 ? 0 : 1);
	}
	check(c, waitpid(child, &status, 0) == child && status == 0, "a child starts empty");
	check_sum(c, rec, 0, "what it did is not seen by its parent");
}

static sess_record stored_number(contract *c)
{
	static const int64_t zero;
	sess_record rec = fresh_record(c);

	rec.data = &zero;
	rec.len = sizeof(zero);
	rec.sealed = true;
	do_insert(c, &rec);
	return rec;
}

static void two_handles(contract *c)
{
	void *other = open_handle(c);
	unsigned char first[SESS_ID_BYTES], second[SESS_ID_BYTES];
	sess_record rec = stored_for(c, "olga", NOW, NOW + 100);
	sess_query q = { .user = "olga", .now = NOW };
	int64_t found;

	fresh_id(c, first);
	fresh_id(c, second);
	do_cas(c, "shared", 0, 4, &found);
	swap_handle(c, &other);
	check_found(c, &rec, NOW, 1, "what one handle stored another one finds");
	check_int(c, do_update(c, &rec, NOW, SESS_PART_DATA), SESS_OK, "it updates");
	check_int(c, do_offer(c, rec.id, first, NOW, NOW - 60), 1, "it offers");
	check_int(c, do_cas(c, "shared", 4, 5, &found), 1, "it counts on");
	rec.offered = NOW;
	swap_handle(c, &other);
	check_int(c, do_update(c, &rec, NOW, SESS_PART_DATA), SESS_CONFLICT, "the first is stale");
	check_int(c, do_offer(c, rec.id, second, NOW, NOW - 60), 0, "and may not offer as well");
	check_int(c, do_cas(c, "shared", 4, 6, &found), 0, "nor count");
	check_found(c, &rec, NOW, 2, "it sees the update");
	check_int(c, (int64_t)do_end_all(c, &q, NULL, SESS_REVOKED), 1, "it ends");
	swap_handle(c, &other);
	check_ended(c, rec.id, NOW, SESS_REVOKED, "the other one learns why");
	check_int(c, do_touch(c, rec.id, NOW + 1, NOW + 999), SESS_GONE, "and brings nothing back");
	check_int(c, (int64_t)do_count(c, &q), 0, "and counts none");
	c->provider->close(other);
	check_ended(c, rec.id, NOW, SESS_REVOKED, "also when the first is closed");
}

void contract_handles(contract *c)
{
	sess_record rec;

	two_handles(c);
	rec = stored_number(c);
	threads_add(c, &rec);
	if (c->provider->flags & SESS_STORE_PROCESS) {
		child_is_apart(c, &rec);
		return;
	}
	rec = stored_number(c);
	processes_add(c, &rec);
}
