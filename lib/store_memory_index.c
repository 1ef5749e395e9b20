/* SPDX-License-Identifier: ISC */
/* store_memory_index.c - what the memory store keeps and how it finds it: ids in a hash table and
 * in trees by the time they are outdated, stores in a list. Whatever is freed is wiped first. */
#include "store_memory.h"

#include <sched.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS_MIN 64
#define BUCKETS_MAX ((size_t)1 << 20)

/* -- trees and buckets ------------------------------------------------------------------------- */

/* Ids are keyed hashes that no client can choose, but for the time they begin with: their last bytes
 * are as good as random. */
static uint64_t
dice(const unsigned char *id)
{
	uint64_t number;

	memcpy(&number, id + SESS_ID_BYTES - sizeof(number), sizeof(number));
	return number;
}

static bool
goes_before(const memory_key *a, const memory_key *b)
{
	if (a->until != b->until)
		return a->until < b->until;
	return memcmp(a->id, b->id, sizeof(a->id)) < 0;
}

/* The trees are treaps: whoever has the higher dice is nearer to the root, which keeps them flat.
 * Unlike a heap in an array they take no memory, so that a change of the order cannot fail. */
static void
tree_add(memory_store *m, memory_key *key)
{
	const memory_session *session = key->session;
	memory_key **at, *rest, **end[] = { &key->child[0], &key->child[1] };

	key->tree = !session->body ? TREE_TRACES : key != session->own ? TREE_ALIASES :
		session->body->rec.user ? TREE_USERS : TREE_ANONYMOUS;
	m->count[key->tree]++;
	at = &m->tree[key->tree];
	while (*at && dice((*at)->id) >= dice(key->id))
		at = &(*at)->child[goes_before(*at, key)];
	rest = *at;
	*at = key;
	/* What was here is split: what goes before the key, and what comes after it. */
	while (rest) {
		int side = !goes_before(rest, key);

		*end[side] = rest;
		end[side] = &rest->child[!side];
		rest = *end[side];
	}
	*end[0] = *end[1] = NULL;
}

static void
tree_remove(memory_store *m, memory_key *key)
{
	memory_key **at = &m->tree[key->tree], *rest[] = { key->child[0], key->child[1] };

	m->count[key->tree]--;
	while (*at != key)
		at = &(*at)->child[goes_before(*at, key)];
	while (rest[0] && rest[1]) {
		int side = dice(rest[0]->id) < dice(rest[1]->id);

		*at = rest[side];
		at = &rest[side]->child[!side];
		rest[side] = *at;
	}
	*at = rest[0] ? rest[0] : rest[1];
}

memory_key *
memory_first(const memory_store *m, int tree)
{
	memory_key *key = m->tree[tree];

	while (key && key->child[0])
		key = key->child[0];
	return key;
}

static memory_key **
bucket_of(const memory_store *m, const unsigned char *id)
{
	return &m->buckets[dice(id) & m->mask];
}

memory_key *
memory_find(const memory_store *m, const unsigned char *id)
{
	memory_key *key = *bucket_of(m, id);

	while (key && memcmp(key->id, id, SESS_ID_BYTES) != 0)
		key = key->chain;
	return key;
}

/* To look at all takes some 30 ms for 100,000 sessions, but is rare: to keep a list for each user
 * would cost more. */
memory_session *
memory_next(const memory_store *m, const memory_session *after)
{
	memory_key **bucket = after ? bucket_of(m, after->own->id) : m->buckets;
	memory_key *key = after ? after->own->chain : *bucket;

	for (;;) {
		for (; key; key = key->chain)
			if (key == key->session->own && key->session->body)
				return key->session;
		if (bucket == &m->buckets[m->mask])
			return NULL;
		key = *++bucket;
	}
}

/* -- sessions and their ids -------------------------------------------------------------------- */

static memory_body *
body_make(sess_record rec)
{
	const char **text[] = { &rec.user, &rec.address, &rec.agent };
	const size_t texts = sizeof(text) / sizeof(text[0]);
	size_t size = sizeof(memory_body) + rec.len;
	memory_body *body;
	char *at;

	for (size_t i = 0; i < texts; i++)
		size += *text[i] ? strlen(*text[i]) + 1 : 0;
	body = malloc(size);
	if (!body)
		return NULL;
	rec.data = rec.len ? memcpy(body->bytes, rec.data, rec.len) : NULL;
	at = body->bytes + rec.len;
	for (size_t i = 0; i < texts; i++) {
		size_t len = *text[i] ? strlen(*text[i]) + 1 : 0;

		*text[i] = len ? memcpy(at, *text[i], len) : NULL;
		at += len;
	}
	body->rec = rec;
	body->size = size;
	return body;
}

static void
body_free(memory_body *body)
{
	if (!body)
		return;
	sodium_memzero(body, body->size);
	free(body);
}

int
memory_full(sess_error *err)
{
	sess_fail(err, SESS_NOMEM, "memory: out of memory");
	return SESS_NOMEM;
}

int
memory_key_add(memory_store *m, memory_session *session, const memory_key *like, sess_error *err)
{
	memory_key **bucket = bucket_of(m, like->id), *key;

	if (memory_find(m, like->id)) {
		sess_fail(err, SESS_CONFLICT, "memory: this id was given out before");
		return SESS_CONFLICT;
	}
	key = malloc(sizeof(*key));
	if (!key)
		return memory_full(err);
	*key = *like;
	if (!session->keys)
		memory_link(m, session);
	if (key->via == SESS_VIA_ID)
		session->own = key;
	key->session = session;
	key->chain = *bucket;
	*bucket = key;
	key->sibling = session->keys;
	session->keys = key;
	tree_add(m, key);
	return SESS_OK;
}

int
memory_session_add(memory_store *m, const sess_record *record, uint64_t revision, sess_error *err)
{
	memory_session *session = calloc(1, sizeof(*session));
	memory_key own = { .via = SESS_VIA_ID, .until = record->expires };
	sess_record rec = *record;
	int rc;

	if (!session)
		return memory_full(err);
	memcpy(own.id, rec.id, sizeof(own.id));
	memcpy(own.secret, rec.secret, sizeof(own.secret));
	rec.revision = revision;
	rec.via = SESS_VIA_ID;
	rec.since = 0;
	rec.ended = session->why = SESS_UNKNOWN;
	session->body = body_make(rec);
	if (!session->body) {
		free(session);
		return memory_full(err);
	}
	rc = memory_key_add(m, session, &own, err);
	if (rc) {
		body_free(session->body);
		free(session);
	}
	return rc;
}

int
memory_session_set(memory_store *m, memory_session *session, const sess_record *rec,
	sess_error *err)
{
	memory_body *body = body_make(*rec);

	if (!body)
		return memory_full(err);
	body_free(session->body);
	session->body = body;
	if (session->own->until != body->rec.expires)
		memory_key_move(m, session->own, body->rec.expires);
	return SESS_OK;
}

void
memory_session_end(memory_store *m, memory_session *session, sess_status why, int64_t now,
	int64_t keep)
{
	body_free(session->body);
	session->body = NULL;
	session->why = why;
	session->ended = now;
	for (memory_key *key = session->keys; key; key = key->sibling) {
		sodium_memzero(key->secret, sizeof(key->secret));
		memory_key_move(m, key, keep);
	}
}

void
memory_key_move(memory_store *m, memory_key *key, int64_t until)
{
	tree_remove(m, key);
	key->until = until;
	tree_add(m, key);
}

void
memory_key_drop(memory_store *m, memory_key *key)
{
	memory_session *session = key->session;
	memory_key **at = bucket_of(m, key->id);

	tree_remove(m, key);
	while (*at != key)
		at = &(*at)->chain;
	*at = key->chain;
	for (at = &session->keys; *at != key; at = &(*at)->sibling)
		continue;
	*at = key->sibling;
	if (key == session->own) {
		body_free(session->body);
		session->body = NULL;
		session->own = NULL;
	}
	sodium_memzero(key, sizeof(*key));
	free(key);
	if (!session->keys) {
		memory_unlink(m, session);
		free(session);
	}
}

/* -- the stores of this process ---------------------------------------------------------------- */

/* With those that this process inherited: they may have been in the middle of a change at the fork,
 * behind a lock that nobody here will ever open. So they are never touched, and never freed. */
static memory_store *stores;
static _Atomic pid_t stores_user;       /* the process that is at the list, 0: none */

/* This lock is void in a child, where no thread is left to open it. */
static void
stores_enter(void)
{
	pid_t self = getpid(), user = 0;

	while (!atomic_compare_exchange_weak(&stores_user, &user, self)) {
		if (user != self)
			continue;
		sched_yield();
		user = 0;
	}
}

static void
stores_leave(void)
{
	atomic_store(&stores_user, 0);
}

static void
store_free(memory_store *m)
{
	memory_key *key, *next;

	for (size_t i = 0; m->buckets && i <= m->mask; i++) {
		for (key = m->buckets[i]; key; key = next) {
			next = key->chain;
			memory_key_drop(m, key);
		}
	}
	while (m->numbers) {
		memory_number *number = m->numbers;

		m->numbers = number->next;
		free(number);
	}
	free(m->buckets);
	free(m);
}

/* The table never grows: untouched pages of a cleared block cost no memory. */
static memory_store *
store_make(const char *name, size_t max_sessions)
{
	memory_store *m = calloc(1, sizeof(*m) + strlen(name) + 1);
	size_t buckets = BUCKETS_MIN;

	if (!m)
		return NULL;
	while (buckets < max_sessions && buckets < BUCKETS_MAX)
		buckets *= 2;
	memcpy(m->name, name, strlen(name));
	m->pid = getpid();
	m->mask = buckets - 1;
	m->max_sessions = max_sessions;
	m->buckets = calloc(buckets, sizeof(*m->buckets));
	if (m->buckets && pthread_mutex_init(&m->lock, NULL) == 0)
		return m;
	store_free(m);
	return NULL;
}

memory_store *
memory_store_get(const char *name, size_t max_sessions)
{
	pid_t self = getpid();
	memory_store *m;

	stores_enter();
	m = stores;
	while (m && (m->pid != self || strcmp(m->name, name) != 0))
		m = m->next;
	if (!m && (m = store_make(name, max_sessions))) {
		m->next = stores;
		stores = m;
	}
	if (m)
		m->handles++;
	stores_leave();
	return m;
}

void
memory_store_drop(memory_store *m)
{
	memory_store **at = &stores;
	bool last;

	stores_enter();
	last = --m->handles == 0;
	while (last && *at != m)
		at = &(*at)->next;
	if (last)
		*at = m->next;
	stores_leave();
	if (!last)
		return;
	pthread_mutex_destroy(&m->lock);
	store_free(m);
}
