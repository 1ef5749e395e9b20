/* SPDX-License-Identifier: ISC */
/* store_memory_walk.c - all that is stored, session by session, and how it is put back. */
#include "store_memory.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char nothing[SESS_ID_BYTES];

/* The order of this list is that of a walk, which so misses nothing, whatever becomes of the ids of
 * a session meanwhile. */
void
memory_link(memory_store *m, memory_session *session)
{
	session->number = ++m->made;
	session->newer = NULL;
	session->older = m->newest;
	*(m->newest ? &m->newest->newer : &m->oldest) = session;
	m->newest = session;
}

void
memory_unlink(memory_store *m, memory_session *session)
{
	*(session->older ? &session->older->newer : &m->oldest) = session->newer;
	*(session->newer ? &session->newer->older : &m->newest) = session->older;
}

/* -- walk -------------------------------------------------------------------------------------- */

static int
ended_hand_on(const memory_session *session, const memory_key *key, sess_item_fn *fn, void *arg)
{
	sess_trace t = { .kind = SESS_TRACE_ENDED, .at = session->ended, .keep = key->until,
		.why = session->why };

	memcpy(t.id, key->id, sizeof(t.id));
	if (session->replaced)
		memcpy(t.next, session->next, sizeof(t.next));
	return fn(arg, &(sess_item){ .traces = &t, .count = 1 });
}

/* Each id of a session without a record is an item. */
static int
all_ended_hand_on(const memory_session *session, sess_item_fn *fn, void *arg)
{
	int rc = SESS_OK;

	for (const memory_key *key = session->keys; key && !rc; key = key->sibling)
		rc = ended_hand_on(session, key, fn, arg);
	return rc;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(((const sess_trace *)a)->id, ((const sess_trace *)b)->id, SESS_ID_BYTES);
}

static int
record_hand_on(const memory_session *session, sess_item_fn *fn, void *arg, sess_error *err)
{
	sess_record rec = session->body->rec;
	sess_trace *traces;
	size_t n = 0;
	int rc;

	for (const memory_key *key = session->keys; key; key = key->sibling)
		n++;
	traces = calloc(n, sizeof(*traces));
	if (!traces)
		return memory_full(err);
	n = 0;
	for (const memory_key *key = session->keys; key; key = key->sibling) {
		sess_trace *t = &traces[n];

		if (key == session->own)
			continue;
		t->kind = key->via == SESS_VIA_CANDIDATE ? SESS_TRACE_CANDIDATE : SESS_TRACE_RETIRED;
		t->at = key->since;
		t->keep = key->until;
		memcpy(t->id, key->id, sizeof(t->id));
		memcpy(t->secret, key->secret, sizeof(t->secret));
		n++;
	}
	memcpy(rec.secret, session->own->secret, sizeof(rec.secret));
	qsort(traces, n, sizeof(*traces), by_id);
	rc = fn(arg, &(sess_item){ .rec = &rec, .traces = traces, .count = n });
	free(traces);
	return rc;
}

/* The cursor is the number of the session handed on last. */
int
memory_walk(void *self, sess_cursor *cursor, size_t limit, sess_item_fn *fn, void *arg,
	sess_error *err)
{
	const memory_store *m = memory_enter(self, err);
	const memory_session *at;
	uint64_t after;
	int rc = SESS_OK;

	if (!m)
		return err->code;
	memcpy(&after, cursor->at, sizeof(after));
	at = m->oldest;
	while (at && at->number <= after)
		at = at->newer;
	for (size_t n = 0; at && !rc && (n == 0 || n < limit); at = at->newer, n++) {
		rc = at->body ? record_hand_on(at, fn, arg, err) : all_ended_hand_on(at, fn, arg);
		memcpy(cursor->at, &at->number, sizeof(at->number));
	}
	return memory_leave(self, rc ? rc : at != NULL);
}

int
memory_item(void *self, const unsigned char *id, sess_item_fn *fn, void *arg, sess_error *err)
{
	const memory_store *m = memory_enter(self, err);
	const memory_key *key = m ? memory_find(m, id) : NULL;
	int rc;

	if (!m)
		return err->code;
	if (!key)
		return memory_leave(self, 0);
	rc = key->session->body ? record_hand_on(key->session, fn, arg, err) :
		ended_hand_on(key->session, key, fn, arg);
	return memory_leave(self, rc ? rc : 1);
}

/* -- restore ----------------------------------------------------------------------------------- */

/* What an id goes through while its session is renewed; it never goes back. */
static int
rank(int kind)
{
	return kind == SESS_TRACE_CANDIDATE ? 1 : kind == 0 ? 2 : 3;
}

static int
rank_of(const memory_key *key)
{
	return rank(key->via == SESS_VIA_ID ? 0 : key->via == SESS_VIA_CANDIDATE ?
		SESS_TRACE_CANDIDATE : SESS_TRACE_RETIRED);
}

/* True if the item is a later state of the session that is there. */
static bool
is_later(const memory_store *m, const sess_item *item, const memory_session *there)
{
	uint64_t revision = there->body->rec.revision;

	if (item->rec->revision != revision)
		return item->rec->revision > revision;
	for (size_t i = 0; i <= item->count; i++) {
		const sess_trace *t = i ? &item->traces[i - 1] : NULL;
		const memory_key *key = memory_find(m, t ? t->id : item->rec->id);

		if (key && rank(t ? t->kind : 0) > rank_of(key))
			return true;
	}
	return false;
}

/* The session that all ids of an item lead to: *there is NULL if there is none. SESS_OK, 1 if one
 * of them ended, or SESS_CONFLICT. */
static int
find_there(const memory_store *m, const sess_item *item, memory_session **there, sess_error *err)
{
	*there = NULL;
	for (size_t i = 0; i <= item->count; i++) {
		memory_key *key = memory_find(m, i ? item->traces[i - 1].id : item->rec->id);

		if (!key)
			continue;
		if (!key->session->body)
			return 1;
		if ((*there && *there != key->session) || memcmp(key->session->body->rec.family,
				item->rec->family, SESS_FAMILY_BYTES) != 0)
			return sess_fail(err, SESS_CONFLICT,
				"memory: an id of this session belongs to another one there");
		*there = key->session;
	}
	return SESS_OK;
}

static int
add_id(memory_store *m, memory_session *session, const unsigned char *id, sess_error *err)
{
	memory_key key = { .via = SESS_VIA_RETIRED };

	if (memory_find(m, id))
		return SESS_OK;
	memcpy(key.id, id, sizeof(key.id));
	return memory_key_add(m, session, &key, err);
}

static const sess_trace *
trace_of(const sess_item *item, const memory_key *key)
{
	for (size_t i = 0; i < item->count; i++)
		if (memcmp(item->traces[i].id, key->id, sizeof(key->id)) == 0)
			return &item->traces[i];
	return NULL;
}

/* All ids of the item are there: each becomes what it is in the item. */
static void
settle_ids(memory_store *m, memory_session *session, const sess_item *item)
{
	const sess_record *rec = item->rec;

	session->own = memory_find(m, rec->id);
	for (memory_key *key = session->keys, *next; key; key = next) {
		const sess_trace *t = trace_of(item, key);

		next = key->sibling;
		if (key == session->own) {
			key->via = SESS_VIA_ID;
			key->since = 0;
			memcpy(key->secret, rec->secret, sizeof(key->secret));
			memory_key_move(m, key, rec->expires);
		} else if (t) {
			key->via = t->kind == SESS_TRACE_CANDIDATE ? SESS_VIA_CANDIDATE : SESS_VIA_RETIRED;
			key->since = t->at;
			memcpy(key->secret, t->secret, sizeof(key->secret));
			memory_key_move(m, key, t->keep);
		} else {
			memory_key_drop(m, key);
		}
	}
}

/* Give the session all ids and the record of the item: SESS_OK, or it is as it was. */
static int
set_session(memory_store *m, memory_session *session, const sess_item *item,
	const sess_record *rec, sess_error *err)
{
	memory_key *before = session->keys;
	int rc = add_id(m, session, rec->id, err);

	for (size_t i = 0; !rc && i < item->count; i++)
		rc = add_id(m, session, item->traces[i].id, err);
	if (!rc)
		rc = memory_session_set(m, session, rec, err);
	if (!rc)
		settle_ids(m, session, item);
	/* New ones come first. */
	while (rc && session->keys != before)
		memory_key_drop(m, session->keys);
	return rc;
}

static memory_session *
add_record(memory_store *m, const sess_record *rec, sess_error *err)
{
	if (m->count[TREE_ANONYMOUS] + m->count[TREE_USERS] >= m->max_sessions)
		(void)sess_fail(err, SESS_STORE, "memory: max_sessions = %zu sessions are held, and no "
			"more; raise it or use sqlite:", m->max_sessions);
	else if (memory_session_add(m, rec, rec->revision, err) == SESS_OK)
		return memory_find(m, rec->id)->session;
	return NULL;
}

/* 1 put there, 0 what is there stays, or negative. */
static int
restore_record(memory_store *m, const sess_item *item, sess_error *err)
{
	memory_session *there, *added = NULL;
	sess_record rec = *item->rec;
	int rc = find_there(m, item, &there, err);

	if (rc)
		return rc == 1 ? 0 : rc;
	if (there && !is_later(m, item, there))
		return 0;
	if (!there && !(there = added = add_record(m, &rec, err)))
		return err->code;
	rec.via = SESS_VIA_ID;
	rec.since = 0;
	rec.ended = SESS_UNKNOWN;
	rc = set_session(m, there, item, &rec, err);
	if (rc && added)
		memory_session_drop(m, added);
	return rc ? rc : 1;
}

/* An end is final: what the id leads to ends as well. */
static int
restore_ended(memory_store *m, const sess_trace *t, bool sync, sess_error *err)
{
	memory_key *there = memory_find(m, t->id), key = { .via = SESS_VIA_RETIRED, .until = t->keep };
	memory_session *session = there ? there->session : calloc(1, sizeof(*session));
	int rc;

	if (!session)
		return memory_full(err);
	if (there && !session->body)
		return 0;
	/* What must last must not be the one that goes when there are too many. */
	if (sync && memory_is_full(m, 1)) {
		if (!there)
			free(session);
		return sess_fail(err, SESS_STORE, "memory: there is no room to remember what has ended; "
			"collect, raise max_sessions or use sqlite:");
	}
	memcpy(key.id, t->id, sizeof(key.id));
	session->replaced = memcmp(t->next, nothing, sizeof(t->next)) != 0;
	memcpy(session->next, t->next, sizeof(session->next));
	if (there) {
		memory_session_end(m, session, t->why, t->at, t->keep);
		return 1;
	}
	session->why = t->why;
	session->ended = t->at;
	rc = memory_key_add(m, session, &key, err);
	if (rc)
		free(session);
	return rc ? rc : 1;
}

int
memory_restore(void *self, const sess_item *item, sess_error *err)
{
	memory_store *m = memory_enter(self, err);

	if (!m)
		return err->code;
	return memory_leave(self, item->rec ? restore_record(m, item, err) :
		restore_ended(m, item->traces, item->sync, err));
}
