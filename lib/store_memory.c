/* SPDX-License-Identifier: ISC */
/* store_memory.c - sessions in the memory of one process, shared by its threads. "memory:" and
 * "memory:NAME" are stores that last until the last handle is closed. */
#include "store_memory.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRACES_PER_SESSION 4

static int
memory_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	memory_handle *h = calloc(1, sizeof(*h));

	if (!h || !(h->store = memory_store_get(address->path, limits->max_sessions))) {
		free(h);
		return memory_full(err);
	}
	h->busy_ms = limits->busy_ms;
	*self = h;
	return SESS_OK;
}

/* The parent's store stays as it was at the fork: to free it could mean to wait for a thread that
 * is not here. */
static void
memory_forked(void *self)
{
	free(self);
}

/* -- one call at a time ------------------------------------------------------------------------ */

/* Whoever got in leaves again. Should somebody set the clock while we wait, the worst is that we
 * give up early: nobody keeps the lock for long. */
memory_store *
memory_enter(memory_handle *h, sess_error *err)
{
	struct timespec until;

	if (h->holds || pthread_mutex_trylock(&h->store->lock) == 0)
		return h->store;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += h->busy_ms % 1000 * 1000000L;
	until.tv_sec += h->busy_ms / 1000 + until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	if (pthread_mutex_timedlock(&h->store->lock, &until) == 0)
		return h->store;
	sess_fail(err, SESS_BUSY, "memory: locked by another handle for %d ms", h->busy_ms);
	return NULL;
}

bool
memory_is_full(const memory_store *m, size_t more)
{
	return (m->count[TREE_TRACES] + more) / TRACES_PER_SESSION >= m->max_sessions;
}

/* Returns rc. Of sessions that ended, traces beyond the limit go, first those that would have been
 * outdated first. What this costs is the reason why a session ended. An id that leads to a record
 * stays: it may be the only one that its visitor has. */
int
memory_leave(memory_handle *h, int rc)
{
	memory_store *m = h->store;

	while (memory_is_full(m, 0))
		memory_key_drop(m, memory_first(m, TREE_TRACES));
	if (!h->holds)
		pthread_mutex_unlock(&m->lock);
	return rc;
}

/* The whole store is held: what the core does meanwhile takes microseconds. */
static int
memory_hold(void *self, const unsigned char *id, sess_error *err)
{
	memory_handle *h = self;

	(void)id;
	h->holds = memory_enter(h, err) != NULL;
	return h->holds ? SESS_OK : err->code;
}

static int
memory_release(void *self, sess_error *err)
{
	memory_handle *h = self;

	if (!h->holds)
		return sess_fail(err, SESS_INVALID, "memory: this handle holds no record");
	h->holds = false;
	return memory_leave(h, SESS_OK);
}

static void
memory_close(void *self)
{
	memory_handle *h = self;

	if (h->holds)
		pthread_mutex_unlock(&h->store->lock);
	memory_store_drop(h->store);
	free(h);
}

/* -- load -------------------------------------------------------------------------------------- */

static int
give(const memory_key *key, sess_record *out, sess_sink *sink, sess_error *err)
{
	sess_record rec = key->session->body->rec;
	const char **text[] = { &rec.user, &rec.address, &rec.agent };

	memcpy(rec.secret, key->secret, sizeof(rec.secret));
	rec.via = key->via;
	rec.since = key->since;
	rec.data = sess_sink_put(sink, rec.data, rec.len);
	if (!rec.data)
		return memory_full(err);
	for (size_t i = 0; i < sizeof(text) / sizeof(text[0]); i++)
		if (*text[i] && !(*text[i] = sess_sink_put(sink, *text[i], strlen(*text[i]))))
			return memory_full(err);
	*out = rec;
	return 1;
}

static int
memory_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	const memory_store *m = memory_enter(self, err);
	const memory_key *key;
	const sess_record *rec;
	int rc = 0;

	if (!m)
		return err->code;
	key = memory_find(m, id);
	/* The own id of an expired record is outdated as well, but still says why. */
	if (key && key->until <= now && (key != key->session->own || !key->session->body))
		key = NULL;
	rec = key && key->session->body ? &key->session->body->rec : NULL;
	if (rec && rec->expires > now)
		rc = give(key, out, sink, err);
	else if (rec)
		out->ended = rec->absolute && rec->absolute <= now ? SESS_AGED : SESS_IDLE;
	else
		out->ended = key ? key->session->why : SESS_UNKNOWN;
	if (key && !rec)
		out->since = key->session->ended;
	return memory_leave(self, rc);
}

/* -- one record -------------------------------------------------------------------------------- */

/* The key by which an id leads to a live record, NULL if it does not. Outdated traces count as gone
 * and so do expired records, collected or not. */
static memory_key *
find_live(const memory_store *m, const unsigned char *id, int64_t now)
{
	memory_key *key = memory_find(m, id);

	if (!key || key->until <= now || !key->session->body)
		return NULL;
	return key->session->body->rec.expires > now ? key : NULL;
}

static int
gone(sess_error *err)
{
	return sess_fail(err, SESS_GONE, "memory: the session has ended");
}

/* Enter, and find the live session that has this as its own id. NULL with SESS_GONE if there is
 * none, with SESS_CONFLICT if its revision is not the one expected (NULL: any). */
static memory_session *
enter_own(memory_handle *h, const unsigned char *id, const sess_record *expected, int64_t now,
	sess_error *err)
{
	memory_store *m = memory_enter(h, err);
	memory_key *key;

	if (!m)
		return NULL;
	key = find_live(m, id, now);
	if (!key || key != key->session->own)
		memory_leave(h, gone(err));
	else if (expected && key->session->body->rec.revision != expected->revision)
		memory_leave(h, sess_fail(err, SESS_CONFLICT,
			"memory: the session was changed meanwhile"));
	else
		return key->session;
	return NULL;
}

/* What must go for one more record: an expired one, else the anonymous one that expires first. NULL
 * if all are logged in, for they never go. */
static memory_key *
dispensable(const memory_store *m, int64_t now)
{
	memory_key *user = memory_first(m, TREE_USERS);

	return user && user->until <= now ? user : memory_first(m, TREE_ANONYMOUS);
}

static int
memory_insert(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	memory_key *victim = NULL;
	sess_tally t = { .started = 1, .logins = rec->user != NULL };
	bool crowded;
	int rc;

	(void)flags;
	if (!m)
		return err->code;
	crowded = m->count[TREE_ANONYMOUS] + m->count[TREE_USERS] >= m->max_sessions;
	if (crowded)
		victim = dispensable(m, now);
	if (crowded && !victim)
		rc = sess_fail(err, SESS_STORE, "memory: max_sessions = %zu logged-in sessions are "
			"held, and no more; raise it or use sqlite:", m->max_sessions);
	else
		rc = memory_session_add(m, rec, 1, err);
	if (!rc && victim) {
		t.ended = victim->until > now;
		t.expired = !t.ended;
		memory_session_drop(m, victim->session);
	}
	if (!rc)
		memory_tally(m, now, &t);
	return memory_leave(self, rc);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int
memory_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	memory_handle *h = self;
	memory_session *session = enter_own(h, rec->id, rec, now, err);
	sess_record to;

	if (!session)
		return err->code;
	to = session->body->rec;
	to.revision++;
	to.data = rec->data;
	to.len = rec->len;
	to.sealed = rec->sealed;
	if (part == SESS_PART_ALL) {
		to.seen = later(to.seen, rec->seen);
		to.expires = rec->expires;
		to.absolute = rec->absolute;
		to.idle = rec->idle;
		to.persist = rec->persist;
		to.address = rec->address;
		to.agent = rec->agent;
	}
	return memory_leave(h, memory_session_set(h->store, session, &to, err));
}

static int
memory_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	memory_handle *h = self;
	memory_session *session = enter_own(h, id, NULL, seen, err);
	sess_record *rec;

	if (!session)
		return err->code;
	rec = &session->body->rec;
	rec->seen = later(rec->seen, seen);
	if (rec->absolute && expires > rec->absolute)
		expires = rec->absolute;
	rec->expires = later(rec->expires, expires);
	memory_key_move(h->store, session->own, rec->expires);
	return memory_leave(h, SESS_OK);
}

static int
memory_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	memory_handle *h = self;
	memory_key key = { .via = SESS_VIA_CANDIDATE, .since = now, .until = keep };
	memory_session *session = enter_own(h, id, NULL, now, err);
	sess_record *rec;
	int rc;

	if (!session)
		return err->code;
	rec = &session->body->rec;
	if (rec->offered && rec->offered > free_since)
		return memory_leave(h, 0);
	memcpy(key.id, candidate, sizeof(key.id));
	memcpy(key.secret, secret, sizeof(key.secret));
	rc = memory_key_add(h->store, session, &key, err);
	if (rc)
		return memory_leave(h, rc);
	rec->offered = now;
	return memory_leave(h, 1);
}

static int
memory_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew,
	int64_t keep, sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	memory_session *session;
	memory_key *key, *old;
	sess_record *rec;

	if (!m)
		return err->code;
	key = find_live(m, candidate, now);
	if (!key)
		return memory_leave(self, gone(err));
	/* What is no candidate was confirmed before, or lost to one that was. */
	if (key->via != SESS_VIA_CANDIDATE)
		return memory_leave(self, SESS_OK);
	session = key->session;
	old = session->own;
	for (memory_key *at = session->keys; at; at = at->sibling) {
		if (at->via == SESS_VIA_CANDIDATE && at->until > keep)
			memory_key_move(m, at, keep);
		if (at->via != SESS_VIA_RETIRED)
			at->since = now;
		at->via = at == key ? SESS_VIA_ID : SESS_VIA_RETIRED;
	}
	rec = &session->body->rec;
	memcpy(rec->id, key->id, sizeof(rec->id));
	rec->renew = renew;
	rec->offered = 0;
	session->own = key;
	memory_key_move(m, old, keep);
	memory_key_move(m, key, rec->expires);
	return memory_leave(self, SESS_OK);
}

static int
memory_replace(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	memory_handle *h = self;
	memory_session *session = enter_own(h, old, rec, now, err);
	sess_tally t = { .started = 0 };
	int rc;

	if (!session)
		return err->code;
	/* A rotation moves the login along. */
	t.logins = rec->user && rec->login != session->body->rec.login;
	rc = memory_session_add(h->store, rec, rec->revision + 1, err);
	if (!rc) {
		memory_session_end(h->store, session, why, now, keep);
		session->replaced = true;
		memcpy(session->next, rec->id, sizeof(session->next));
		memory_tally(h->store, now, &t);
	}
	return memory_leave(h, rc);
}

const sess_provider sess_provider_memory = {
	.abi = SESS_STORE_ABI,
	.scheme = "memory",
	.flags = SESS_STORE_PROCESS,
	.open = memory_open,
	.close = memory_close,
	.load = memory_load,
	.insert = memory_insert,
	.update = memory_update,
	.touch = memory_touch,
	.offer = memory_offer,
	.confirm = memory_confirm,
	.replace = memory_replace,
	.end = memory_end,
	.end_all = memory_end_all,
	.list = memory_list,
	.count = memory_count,
	.collect = memory_collect,
	.cas = memory_cas,
	.hold = memory_hold,
	.release = memory_release,
	.forked = memory_forked,
	.stats = memory_stats,
	.walk = memory_walk,
	.restore = memory_restore,
	.item = memory_item,
};
