/* SPDX-License-Identifier: ISC */
/* store_memory_many.c - how sessions leave the memory store, one or many; list, count, numbers. */
#include "store_memory.h"

#include <stdlib.h>
#include <string.h>

/* The record that an id leads to, or that took its place since. Expired or outdated makes no
 * difference: the clock may be ahead, and go back. */
int
memory_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	memory_key *key;

	if (!m)
		return err->code;
	key = memory_find(m, id);
	while (key && !key->session->body && key->session->replaced)
		key = memory_find(m, key->session->next);
	if (key && key->session->body) {
		memory_session_end(m, key->session, why, now, keep);
		memory_tally(m, now, &(sess_tally){ .ended = 1 });
	}
	return memory_leave(self, SESS_OK);
}

/* The next session that a query means. */
static memory_session *
next_meant(const memory_store *m, const sess_query *query, const memory_session *after)
{
	memory_session *at = memory_next(m, after);

	for (; at; at = memory_next(m, at)) {
		const sess_record *rec = &at->body->rec;

		if (rec->expires > query->now && (!query->since || rec->seen >= query->since) &&
			(!query->user || !strcmp(query->user, rec->user ? rec->user : "")))
			break;
	}
	return at;
}

int
memory_end_all(void *self, const sess_query *query, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	memory_session *at = NULL;
	const memory_key *spared;
	sess_query ever = *query;

	*n = 0;
	if (!m)
		return err->code;
	/* Expired ones as well. */
	ever.now = INT64_MIN;
	spared = except ? memory_find(m, except) : NULL;
	while ((at = next_meant(m, &ever, at))) {
		if (spared && spared->session == at)
			continue;
		memory_session_end(m, at, why, query->now, keep);
		++*n;
	}
	memory_tally(m, query->now, &(sess_tally){ .ended = (int64_t)*n });
	return memory_leave(self, SESS_OK);
}

int
memory_count(void *self, const sess_query *query, size_t *n, sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	const memory_session *at = NULL;

	*n = 0;
	if (!m)
		return err->code;
	while ((at = next_meant(m, query, at)))
		++*n;
	return memory_leave(self, SESS_OK);
}

static int
last_seen_first(const void *a, const void *b)
{
	const memory_session *const *x = a, *const *y = b;
	int64_t seen_x = (*x)->body->rec.seen, seen_y = (*y)->body->rec.seen;

	return (seen_x < seen_y) - (seen_x > seen_y);
}

/* The function runs behind the lock, as it must not use the kit. */
int
memory_list(void *self, const sess_query *query, sess_record_fn *fn, void *arg, sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	memory_session **found, *at = NULL;
	size_t n = 0;
	int rc = SESS_OK;

	if (!m)
		return err->code;
	found = malloc((m->count[TREE_ANONYMOUS] + m->count[TREE_USERS] + 1) * sizeof(*found));
	if (!found)
		return memory_leave(self, memory_full(err));
	while ((at = next_meant(m, query, at)))
		found[n++] = at;
	qsort(found, n, sizeof(*found), last_seen_first);
	for (size_t i = 0; i < n && !rc && (!query->limit || i < query->limit); i++) {
		sess_record rec = found[i]->body->rec;

		rec.data = NULL;
		rc = fn(arg, &rec);
	}
	free(found);
	return memory_leave(self, rc);
}

void
memory_session_drop(memory_store *m, memory_session *session)
{
	memory_key *key = session->keys, *next;

	for (; key; key = next) {
		next = key->sibling;
		memory_key_drop(m, key);
	}
}

/* What goes next, NULL if nothing is outdated. */
static memory_key *
next_outdated(const memory_store *m, int64_t now)
{
	memory_key *next = NULL;

	for (int i = 0; i < TREES; i++) {
		memory_key *key = memory_first(m, i);

		if (key && key->until <= now && (!next || key->until < next->until))
			next = key;
	}
	return next;
}

/* Others are kept out for as long as it takes. */
#define COLLECT_MOST 8192

int
memory_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	sess_tally t = { .expired = 0 };
	memory_key *key;

	*n = 0;
	if (!m)
		return err->code;
	if (rows > COLLECT_MOST)
		rows = COLLECT_MOST;
	for (; *n < rows && (key = next_outdated(m, now)); ++*n) {
		if (key == key->session->own && key->session->body) {
			memory_session_drop(m, key->session);
			t.expired++;
		} else {
			memory_key_drop(m, key);
		}
	}
	memory_tally(m, now, &t);
	return memory_leave(self, SESS_OK);
}

static memory_number *
find_number(memory_store *m, const char *name)
{
	memory_number *number = m->numbers;

	while (number && strcmp(number->name, name) != 0)
		number = number->next;
	if (number || !(number = calloc(1, sizeof(*number) + strlen(name) + 1)))
		return number;
	memcpy(number->name, name, strlen(name));
	number->next = m->numbers;
	return m->numbers = number;
}

int
memory_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *err)
{
	memory_store *m = memory_enter(self, err);
	memory_number *number;

	if (!m)
		return err->code;
	number = find_number(m, name);
	if (!number)
		return memory_leave(self, memory_full(err));
	*found = number->value;
	if (*found == expected)
		number->value = value;
	return memory_leave(self, *found == expected);
}
