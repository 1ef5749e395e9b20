/* SPDX-License-Identifier: ISC */
/* home_shelf.c - a store of the least that the core needs. Everything is looked for from the start,
 * so that there is nothing in it to be wrong. */
#include "home_shelf.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define MOST 8192
#define MINUTES 512

typedef struct mark {
	unsigned char key[SESS_ID_BYTES];
	int kind;                       /* 0: by user */
	int64_t due;
	char user[1100];
} mark;

typedef struct shelf {
	struct shelf *next;
	char name[512];
	unsigned char key[MOST][SESS_ID_BYTES];
	home_value value[MOST];
	size_t values, marks;
	mark mark[MOST];
	uint64_t versions;
	struct { int64_t minute; sess_tally tally; } counted[MINUTES];
	size_t minutes;
} shelf;

typedef struct handle {
	home_store home;
	shelf *on;
} handle;

shelf_faults shelf_faulty;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;        /* around each call */
static shelf *shelves;

static shelf *
enter(void *self)
{
	pthread_mutex_lock(&lock);
	return ((handle *)self)->on;
}

static int
leave(int rc)
{
	pthread_mutex_unlock(&lock);
	return rc;
}

/* Whether the one to fail is this one. */
static bool
fails(sess_error *err)
{
	if (!shelf_faulty.fail_after || --shelf_faulty.fail_after)
		return false;
	shelf_faulty.fail_after = shelf_faulty.stay_down;
	(void)sess_fail(err, SESS_STORE, "shelf: a fault to order");
	return true;
}

static home_value *
find(shelf *s, const unsigned char *key)
{
	for (size_t i = 0; i < s->values; i++)
		if (memcmp(s->key[i], key, SESS_ID_BYTES) == 0)
			return &s->value[i];
	return NULL;
}

/* A copy in memory of its own; abort is fine in a test. */
static void
fill(home_value *to, const home_value *from, uint64_t version)
{
	if (!home_room(to, from->len ? from->len : 1))
		abort();
	memcpy(to->bytes, from->bytes, from->len);
	to->len = from->len;
	to->version = version;
}

static int
shelf_get(void *self, const unsigned char *key, home_value *out, sess_error *err)
{
	const home_value *v = find(enter(self), key);

	(void)err;
	if (v)
		fill(out, v, v->version);
	return leave(v != NULL);
}

static int
swap(shelf *s, const unsigned char *key, const home_value *got, const home_value *next,
	sess_error *err)
{
	home_value *v = find(s, key);
	size_t last;

	shelf_faulty.swaps++;
	if (fails(err))
		return err->code;
	if (got ? !v || v->version != got->version : v != NULL)
		return 0;
	if (shelf_faulty.conflicts && shelf_faulty.swaps % shelf_faulty.conflicts == 0) {
		if (v)
			v->version = ++s->versions;
		return 0;
	}
	if (next && !v) {
		memcpy(s->key[s->values], key, SESS_ID_BYTES);
		v = &s->value[s->values++];
		*v = (home_value){ .len = 0 };
	}
	if (next) {
		fill(v, next, ++s->versions);
	} else if (v) {
		last = --s->values;
		home_value_free(v);
		memcpy(s->key[v - s->value], s->key[last], SESS_ID_BYTES);
		*v = s->value[last];
	}
	return 1;
}

static void
meanwhile(void (**others)(void))
{
	void (*fn)(void) = *others;

	*others = NULL;
	fn ? fn() : (void)0;
}

static int
shelf_swap(void *self, const unsigned char *key, const home_value *got, const home_value *next,
	int64_t due, int flags, sess_error *err)
{
	(void)due;
	(void)flags;
	meanwhile(&shelf_faulty.before_swap);
	return leave(swap(enter(self), key, got, next, err));
}

/* -- marks ------------------------------------------------------------------------------------- */

static bool
same_mark(const mark *m, const unsigned char *key, int kind, int64_t due, const char *user)
{
	return memcmp(m->key, key, SESS_ID_BYTES) == 0 && m->kind == kind && m->due == due &&
		strcmp(m->user, user) == 0;
}

static void
set_mark(shelf *s, const unsigned char *key, int kind, int64_t due, const char *user, bool on)
{
	size_t i = 0;

	while (i < s->marks && !same_mark(&s->mark[i], key, kind, due, user))
		i++;
	if (on && i == s->marks) {
		s->mark[i] = (mark){ .kind = kind, .due = due };
		memcpy(s->mark[i].key, key, SESS_ID_BYTES);
		strcpy(s->mark[i].user, user);
		s->marks++;
	} else if (!on && i < s->marks) {
		s->mark[i] = s->mark[--s->marks];
	}
}

static int
shelf_mark(void *self, const unsigned char *key, const home_mark *m, bool on, int flags,
	sess_error *err)
{
	shelf *s;

	(void)flags;
	if (!on)
		meanwhile(&shelf_faulty.before_unmark);
	s = enter(self);
	if (fails(err))
		return leave(err->code);
	if (m->kind)
		set_mark(s, key, m->kind, m->due, "", on);
	if (m->user)
		set_mark(s, key, 0, 0, m->user, on);
	return leave(SESS_OK);
}

static int
shelf_due(void *self, int64_t now, size_t rows, home_due_fn *fn, void *arg, sess_error *err)
{
	int rc = SESS_OK;

	(void)err;
	while (rows-- && rc == SESS_OK) {
		shelf *s = enter(self);
		mark first = { .kind = 0 };

		for (size_t i = 0; i < s->marks; i++)
			if (s->mark[i].kind && s->mark[i].due <= now &&
				(!first.kind || s->mark[i].due < first.due))
				first = s->mark[i];
		leave(0);
		if (!first.kind)
			break;
		rc = fn(arg, first.key, &(home_mark){ .kind = first.kind, .due = first.due });
	}
	return rc;
}

static int
shelf_of_user(void *self, const char *user, home_key_fn *fn, void *arg, sess_error *err)
{
	static _Thread_local unsigned char found[MOST][SESS_ID_BYTES];
	shelf *s = enter(self);
	size_t n = 0;
	int rc = SESS_OK;

	(void)err;
	for (size_t i = 0; i < s->marks; i++)
		if (!s->mark[i].kind && strcmp(s->mark[i].user, user) == 0)
			memcpy(found[n++], s->mark[i].key, SESS_ID_BYTES);
	leave(0);
	for (size_t i = 0; i < n && rc == SESS_OK; i++)
		rc = fn(arg, found[i]);
	return rc;
}

static int
shelf_each(void *self, sess_cursor *cursor, size_t limit, home_key_fn *fn, void *arg,
	sess_error *err)
{
	int rc = SESS_OK;

	(void)err;
	for (size_t n = 0; n < limit && rc == SESS_OK; n++) {
		shelf *s = enter(self);
		unsigned char next[SESS_ID_BYTES];
		bool any = false;

		for (size_t i = 0; i < s->values; i++) {
			if ((cursor->at[0] && memcmp(s->key[i], cursor->at + 1, SESS_ID_BYTES) <= 0) ||
				(any && memcmp(s->key[i], next, SESS_ID_BYTES) > 0))
				continue;
			any = true;
			memcpy(next, s->key[i], sizeof(next));
		}
		leave(0);
		if (!any)
			return SESS_OK;
		rc = fn(arg, next);
		if (rc == SESS_OK) {
			cursor->at[0] = 1;
			memcpy(cursor->at + 1, next, sizeof(next));
		}
	}
	return rc ? rc : 1;
}

/* -- counts ------------------------------------------------------------------------------------ */

static void
add(sess_tally *to, const sess_tally *t)
{
	to->started += t->started;
	to->logins += t->logins;
	to->ended += t->ended;
	to->expired += t->expired;
}

static int
shelf_tally(void *self, int64_t now, const sess_tally *t, sess_error *err)
{
	shelf *s = enter(self);
	size_t i = 0;

	(void)err;
	while (i < s->minutes && s->counted[i].minute != now / 60)
		i++;
	if (i == s->minutes && i < MINUTES)
		s->counted[s->minutes++].minute = now / 60;
	add(&s->counted[i].tally, t);
	return leave(SESS_OK);
}

static int
shelf_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	shelf *s = enter(self);

	(void)err;
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < s->marks; i++) {
		const mark *m = &s->mark[i];

		if (m->kind != HOME_ANONYMOUS && m->kind != HOME_USER)
			continue;
		if (m->due > now) {
			out->live++;
			out->signed_in += m->kind == HOME_USER;
		} else if (!out->waiting++ || m->due < out->oldest) {
			out->oldest = m->due;
		}
	}
	for (size_t i = 0; i < s->minutes; i++) {
		int64_t minutes = now / 60 - s->counted[i].minute;
		int64_t hours = now / 3600 - s->counted[i].minute / 60;

		if (minutes < 60)
			add(&out->minute[minutes], &s->counted[i].tally);
		if (hours < 24)
			add(&out->hour[hours], &s->counted[i].tally);
	}
	return leave(SESS_OK);
}

/* -- handles ----------------------------------------------------------------------------------- */

static const home_ops ops = { .get = shelf_get, .swap = shelf_swap, .mark = shelf_mark,
	.due = shelf_due, .of_user = shelf_of_user, .each = shelf_each,
	.tally = shelf_tally };

/* Shelves last until the program ends; a child gets empty ones. */
static int
shelf_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	handle *h = calloc(1, sizeof(*h));
	shelf *s = shelves;

	(void)err;
	while (s && strcmp(s->name, address->path) != 0)
		s = s->next;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s || !h)
			abort();
		strncpy(s->name, address->path, sizeof(s->name) - 1);
		s->next = shelves;
		shelves = s;
	}
	home_open(&h->home, &ops, "shelf", limits);
	h->on = s;
	*self = h;
	return SESS_OK;
}

static void
shelf_close(void *self)
{
	handle *h = self;

	home_close(&h->home);
	free(h);
}

static void
shelf_forked(void *self)
{
	shelves = NULL;
	shelf_close(self);
}

home_value *
shelf_value(void *self, const unsigned char *key)
{
	return find(((handle *)self)->on, key);
}

size_t
shelf_marks(void *self)
{
	return ((handle *)self)->on->marks;
}

size_t
shelf_values(void *self)
{
	return ((handle *)self)->on->values;
}

const sess_provider home_shelf = { .abi = SESS_STORE_ABI, .scheme = "shelf",
	.flags = SESS_STORE_PROCESS, .open = shelf_open, .close = shelf_close, .load = home_load,
	.insert = home_insert, .update = home_update, .touch = home_touch, .offer = home_offer,
	.confirm = home_confirm, .replace = home_replace, .end = home_end, .end_all = home_end_all,
	.list = home_list, .count = home_count, .collect = home_collect, .cas = home_cas,
	.walk = home_walk, .restore = home_restore, .stats = shelf_stats, .forked = shelf_forked };
