/* SPDX-License-Identifier: ISC */
/*
 * find.c - the sessions that list means. Live ones in the order in which they were last seen come
 * out of an index, and nothing is read beyond the limit. For anything else the whole store is
 * walked through, and no more is remembered than the limit.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 1000
#define STOP 1                          /* of a callback; failures are negative */

/* A record that outlives the call which lent it. */
typedef struct kept {
	sess_record rec;
	char text[];
} kept;

typedef struct search {
	const tool *t;
	const find *f;
	char (*user)[TOKEN_CHARS + 1];  /* sealed: as each key of the ring stores it */
	size_t users;
	sess_record_fn *each;
	void *arg;
	size_t passed;                  /* handed on as they came */
	kept **heap;                    /* limit: the worst of them first */
	size_t count, cap;
	bool more;
} search;

/* -- which -------------------------------------------------------------------------------------- */

static bool
user_matches(const search *s, const char *user)
{
	if (s->f->user == NULL)
		return true;
	if (*s->f->user == '\0' || user == NULL)
		return user == NULL && *s->f->user == '\0';
	for (size_t i = 0; i < s->users; i++)
		if (strcmp(user, s->user[i]) == 0)
			return true;
	return s->users == 0 && strcmp(user, s->f->user) == 0;
}

static bool
matches(const search *s, const sess_record *rec)
{
	const find *f = s->f;
	bool live = rec->expires > f->now;

	if ((f->state == FIND_LIVE && !live) || (f->state == FIND_EXPIRED && live))
		return false;
	if (f->idle != 0 && rec->seen > expiry_add(f->now, -f->idle))
		return false;
	if (f->active != 0 && rec->seen < expiry_add(f->now, -f->active))
		return false;
	if (f->address != NULL && (rec->address == NULL || strcmp(rec->address, f->address) != 0))
		return false;
	return user_matches(s, rec->user);
}

/* -- in which order ---------------------------------------------------------------------------- */

static int
compare_numbers(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_users(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a == NULL) - (b == NULL);       /* the anonymous ones last */
	return strcmp(a, b);
}

/* Negative when a comes first. */
static int
compare(int order, const sess_record *a, const sess_record *b)
{
	int rc = order == ORDER_CREATED ? compare_numbers(b->created, a->created) :
		order == ORDER_EXPIRES ? compare_numbers(a->expires, b->expires) :
		order == ORDER_USER ? compare_users(a->user, b->user) :
		order == ORDER_BYTES ? compare_numbers((int64_t)b->len, (int64_t)a->len) : 0;

	if (rc == 0)
		rc = compare_numbers(b->seen, a->seen);
	return rc != 0 ? rc : memcmp(a->id, b->id, sizeof(a->id));
}

static int
compare_kept(const void *a, const void *b, void *order)
{
	return compare(*(int *)order, &(*(kept *const *)a)->rec, &(*(kept *const *)b)->rec);
}

/* -- what is kept ------------------------------------------------------------------------------ */

static const char *
keep_text(char **to, const char *text)
{
	char *start = *to;

	if (text == NULL)
		return NULL;
	*to = stpcpy(start, text) + 1;
	return start;
}

static kept *
keep(const sess_record *rec)
{
	const char *texts[] = { rec->user, rec->address, rec->agent };
	size_t size = 0;
	kept *k;
	char *to;

	for (size_t i = 0; i < 3; i++)
		size += texts[i] != NULL ? strlen(texts[i]) + 1 : 0;
	if ((k = malloc(sizeof(*k) + size)) == NULL)
		return NULL;
	k->rec = *rec;
	k->rec.data = NULL;
	to = k->text;
	k->rec.user = keep_text(&to, rec->user);
	k->rec.address = keep_text(&to, rec->address);
	k->rec.agent = keep_text(&to, rec->agent);
	return k;
}

/* Move the first of the heap down to its place. */
static void
sink(search *s)
{
	size_t at = 0, child;

	while ((child = 2 * at + 1) < s->count) {
		kept *moved = s->heap[at];

		if (child + 1 < s->count &&
			compare(s->f->order, &s->heap[child]->rec, &s->heap[child + 1]->rec) < 0)
			child++;
		if (compare(s->f->order, &moved->rec, &s->heap[child]->rec) >= 0)
			return;
		s->heap[at] = s->heap[child];
		s->heap[child] = moved;
		at = child;
	}
}

/* Put it in at the end; with a limit, move it up to its place. */
static int
append(search *s, kept *k)
{
	size_t at = s->count, above;
	kept **bigger;

	if (s->count == s->cap) {
		s->cap = s->cap == 0 ? 64 : 2 * s->cap;
		bigger = reallocarray(s->heap, s->cap, sizeof(*bigger));
		if (bigger == NULL)
			return SESS_NOMEM;
		s->heap = bigger;
	}
	s->heap[s->count++] = k;
	while (s->f->limit != 0 && at > 0) {
		above = (at - 1) / 2;
		if (compare(s->f->order, &s->heap[above]->rec, &k->rec) >= 0)
			break;
		s->heap[at] = s->heap[above];
		s->heap[above] = k;
		at = above;
	}
	return SESS_OK;
}

static int
collect(search *s, const sess_record *rec)
{
	bool full = s->f->limit != 0 && s->count == s->f->limit;
	kept *k;

	s->more = s->more || full;
	if (full && compare(s->f->order, rec, &s->heap[0]->rec) >= 0)
		return SESS_OK;
	if ((k = keep(rec)) == NULL)
		return SESS_NOMEM;
	if (!full) {
		int rc = append(s, k);

		if (rc != SESS_OK)
			free(k);
		return rc;
	}
	free(s->heap[0]);
	s->heap[0] = k;
	sink(s);
	return SESS_OK;
}

/* -- where they come from ---------------------------------------------------------------------- */

static int
on_record(void *arg, const sess_record *rec)
{
	search *s = arg;

	if (tool_stopping())
		return STOP;
	return matches(s, rec) ? collect(s, rec) : SESS_OK;
}

static int
on_item(void *arg, const sess_item *item)
{
	return item->rec != NULL ? on_record(arg, item->rec) : tool_stopping() ? STOP : SESS_OK;
}

/* In the right order already. */
static int
on_next(void *arg, const sess_record *rec)
{
	search *s = arg;

	if (tool_stopping())
		return STOP;
	if (!matches(s, rec))
		return SESS_OK;
	if (s->f->limit != 0 && s->passed == s->f->limit) {
		s->more = true;
		return STOP;
	}
	s->passed++;
	return s->each(s->arg, rec) == 0 ? SESS_OK : STOP;
}

static int
from_list(search *s, bool in_order, sess_error *err)
{
	store *from = &s->t->kit->store;
	sess_query q = { .user = s->f->user, .now = s->f->now };
	int rc = SESS_OK;

	if (s->f->active != 0)
		q.since = expiry_add(q.now, -s->f->active);
	for (size_t i = 0; rc == SESS_OK && i < (s->users > 0 ? s->users : 1); i++) {
		if (s->users > 0)
			q.user = s->user[i];
		rc = from->provider->list(from->self, &q, in_order ? on_next : on_record, s, err);
	}
	return rc;
}

static int
from_walk(search *s, sess_error *err)
{
	store *from = &s->t->kit->store;
	sess_cursor cursor = { { 0 } };
	int rc = 1;

	if (from->provider->walk == NULL)
		return sess_fail(err, SESS_UNSUPPORTED, "%s: this kind of store can only list live "
			"sessions by the time they were seen", from->address.url);
	while (rc == 1 && !tool_stopping())
		rc = from->provider->walk(from->self, &cursor, PIECE, on_item, s, err);
	return rc;
}

/* Hand on what was collected. */
static void
hand_on(search *s)
{
	int order = s->f->order;

	if (s->count > 0)
		qsort_r(s->heap, s->count, sizeof(*s->heap), compare_kept, &order);
	for (size_t i = 0; i < s->count && !tool_stopping(); i++)
		if (s->each(s->arg, &s->heap[i]->rec) != 0)
			break;
}

static int
sealed_users(search *s)
{
	const sess_kit *kit = s->t->kit;

	if (kit->config.seal != SESS_YES || s->f->user == NULL || *s->f->user == '\0')
		return SESS_OK;
	s->user = calloc(kit->keys.count, sizeof(*s->user));
	if (s->user == NULL)
		return SESS_NOMEM;
	for (s->users = 0; s->users < kit->keys.count; s->users++)
		(void)record_user(kit, s->users, s->f->user, s->user[s->users]);
	return SESS_OK;
}

int
find_each(const tool *t, const find *f, sess_record_fn *each, void *arg, bool *more)
{
	search s = { .t = t, .f = f, .each = each, .arg = arg };
	sess_error err = { 0 };
	int rc = sealed_users(&s);
	/* A user has few sessions; of everybody's, only this order needs no sorting. */
	bool in_order = f->state == FIND_LIVE && f->order == ORDER_SEEN && s.users < 2;
	bool listed = f->state == FIND_LIVE && (f->order == ORDER_SEEN ||
		(f->user != NULL && *f->user != '\0'));

	if (rc == SESS_OK)
		rc = listed ? from_list(&s, in_order, &err) : from_walk(&s, &err);
	if (rc >= 0 && !in_order)
		hand_on(&s);
	*more = s.more;
	for (size_t i = 0; i < s.count; i++)
		free(s.heap[i]);
	free(s.heap);
	free(s.user);
	if (rc < 0)
		return tool_fail_code(t, rc, &err);
	return tool_stopping() ? tool_stopped(t, "not all sessions were looked at") : EX_OK;
}
