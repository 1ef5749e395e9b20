/* SPDX-License-Identifier: ISC */
/* home.c - finds what an id leads to, and changes it in one swap, again if others were first. */
#include "home.h"
#include "internal.h"

#include <string.h>
#include <time.h>

#define WAIT_FIRST_US 20        /* about what a swap takes */
#define WAIT_LAST_US 2000
#define IDS_ROOM ((size_t)1 << 20)      /* what a value may have beside max_bytes */
#define UNBOUNDED ((size_t)64 << 20)    /* for max_bytes 0 */

int
home_full(sess_error *err)
{
	return sess_fail(err, SESS_NOMEM, "out of memory");
}

void
home_open(home_store *b, const home_ops *ops, const char *name, const sess_limits *limits)
{
	*b = (home_store){ .ops = ops, .name = name, .limits = *limits, .now = INT64_MIN };
}

void
home_call(home_store *b, int64_t now)
{
	b->now = now;
	b->calls++;
	b->many = false;
}

void
home_call_many(home_store *b, int64_t now)
{
	home_call(b, now);
	b->many = true;
}

void
home_close(home_store *b)
{
	home_free(&b->one);
	home_free(&b->other);
	home_value_free(&b->next);
}

size_t
home_most(const home_store *b)
{
	return (b->limits.max_bytes ? b->limits.max_bytes : UNBOUNDED) + IDS_ROOM;
}

/* Nobody's turn comes twice as often because they all wait the same time. */
bool
home_wait_more(home_wait *w, int ms)
{
	unsigned us = WAIT_FIRST_US << (w->tries < 8 ? w->tries : 8);
	uint16_t dice;

	if (w->tries++ == 0)
		w->until = clock_monotonic_ms() + ms;
	else if (clock_monotonic_ms() >= w->until)
		return false;
	random_bytes(&dice, sizeof(dice));
	us = us > WAIT_LAST_US ? WAIT_LAST_US : us;
	us = us / 2 + us * dice / UINT16_MAX;
	(void)nanosleep(&(struct timespec){ .tv_nsec = us * 1000L }, NULL);
	return true;
}

int64_t
home_ms(void)
{
	return clock_monotonic_ms();
}

void
home_nonce(void *to, size_t len)
{
	random_bytes(to, len);
}

/* -- what an id leads to ----------------------------------------------------------------------- */

bool
home_is_own(const home *h, const unsigned char *id)
{
	return h->live && memcmp(h->rec.id, id, SESS_ID_BYTES) == 0;
}

sess_trace *
home_trace(const home *h, const unsigned char *id)
{
	for (size_t i = 0; i < h->count; i++)
		if (memcmp(h->ids[i].id, id, SESS_ID_BYTES) == 0)
			return &h->ids[i];
	return NULL;
}

int
home_look(home_store *b, home *h, const unsigned char *key, sess_error *err)
{
	int rc;

	memcpy(h->key, key, sizeof(h->key));
	h->value.len = 0;
	rc = b->ops->get(b, key, &h->value, err);
	h->got = rc == 1;
	return rc < 0 ? rc : home_read(h, b->limits.max_bytes, err);
}

/* Whether a pointer of this id to what was looked at means anything. What is damaged cannot tell,
 * and must not be taken for no session at all. */
static bool
agrees(const home *h, const unsigned char *id)
{
	return h->what == HOME_DAMAGED ||
		(h->what == HOME_SESSION && (home_is_own(h, id) || home_trace(h, id)));
}

int
home_find(home_store *b, home *h, const unsigned char *id, sess_error *err)
{
	unsigned char target[SESS_ID_BYTES];
	int rc = home_look(b, h, id, err);

	if (rc == SESS_OK && h->what == HOME_LINK) {
		memcpy(target, h->target, sizeof(target));
		rc = home_look(b, h, target, err);
		if (rc == SESS_OK && !agrees(h, id))
			h->what = HOME_NOTHING;
	}
	return rc;
}

/* -- changes ----------------------------------------------------------------------------------- */

static int
lock(home_store *b, const unsigned char *key, bool wait, sess_error *err)
{
	return b->ops->lock ? b->ops->lock(b, key, wait, err) : SESS_OK;
}

static void
unlock(home_store *b, const unsigned char *key)
{
	if (b->ops->unlock)
		b->ops->unlock(b, key);
}

/* Lock and look; SESS_OK: locked. */
static int
enter_key(home_store *b, const unsigned char *key, sess_error *err)
{
	int rc = lock(b, key, true, err);

	if (rc != SESS_OK)
		return rc;
	rc = home_look(b, &b->one, key, err);
	if (rc != SESS_OK)
		unlock(b, key);
	return rc;
}

/* The same with what an id leads to. A pointer that leads nowhere counts as nothing, but remains
 * what was got. */
static int
enter(home_store *b, const unsigned char *id, sess_error *err)
{
	unsigned char target[SESS_ID_BYTES];
	home *h = &b->one;
	int rc = enter_key(b, id, err);

	if (rc != SESS_OK || h->what != HOME_LINK)
		return rc;
	memcpy(target, h->target, sizeof(target));
	unlock(b, id);
	rc = enter_key(b, target, err);
	if (rc != SESS_OK || agrees(h, id))
		return rc;
	unlock(b, target);
	rc = enter_key(b, id, err);
	if (rc == SESS_OK && h->what == HOME_LINK) {
		h->what = HOME_NOTHING;
		h->was = (home_mark){ .kind = HOME_POINTER, .due = h->look };
	}
	return rc;
}

static bool
same_user(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What is in a but not in b. */
static home_mark
marks_without(const home_mark *a, const home_mark *b)
{
	home_mark rest = *a;

	if (a->kind == b->kind && a->due == b->due)
		rest.kind = 0;
	if (same_user(a->user, b->user))
		rest.user = NULL;
	rest.home = a->home && !b->home;
	return rest;
}

static bool
any_mark(const home_mark *m)
{
	return m->kind || m->user || m->home;
}

/* Without locks, somebody may have put back what these marks are for before they were removed; and
 * whoever does so marks it once more afterwards, see put. So one of the two comes last. */
static void
unmark(home_store *b, const unsigned char *key, const home_mark *less)
{
	home *h = &b->other;
	home_mark lost;
	sess_error ignored;

	if (b->ops->mark(b, key, less, false, 0, &ignored) != SESS_OK || b->ops->lock ||
		(!less->user && !less->home) || home_look(b, h, key, &ignored) != SESS_OK)
		return;
	lost = home_marks(h);
	lost.kind = 0;
	lost.user = same_user(less->user, lost.user) ? lost.user : NULL;
	lost.home = lost.home && less->home;
	if (any_mark(&lost))
		(void)b->ops->mark(b, key, &lost, true, 0, &ignored);
}

/* Put h in the place of what was got: 1, 0 somebody else was first, or negative. */
static int
put(home_store *b, home *h, bool marks_only, int flags, sess_error *err)
{
	home_mark now, more, less;
	sess_error ignored;
	int rc = SESS_OK;

	if (h->what == HOME_SESSION && !h->live && !h->count)
		h->what = HOME_NOTHING;
	now = home_marks(h);
	more = marks_without(&now, &h->was);
	less = marks_without(&h->was, &now);
	if (h->what != HOME_NOTHING && !marks_only)
		rc = home_write(h, &b->next, err);
	if (rc == SESS_OK && any_mark(&more))
		rc = b->ops->mark(b, h->key, &more, true, flags, err);
	if (rc != SESS_OK)
		return rc;
	if (!marks_only && (h->got || h->what != HOME_NOTHING)) {
		rc = b->ops->swap(b, h->key, h->got ? &h->value : NULL,
			h->what == HOME_NOTHING ? NULL : &b->next, now.due, flags, err);
		if (rc <= 0)
			return rc;
	}
	/* The change is made; a mark too many is removed by whoever meets it. */
	more.kind = 0;
	more.home = false;
	if (more.user && !b->ops->lock)
		(void)b->ops->mark(b, h->key, &more, true, 0, &ignored);
	if (any_mark(&less))
		unmark(b, h->key, &less);
	return 1;
}

static int
change(home_store *b, const unsigned char *id, int (*enter_by)(home_store *,
	const unsigned char *, sess_error *), home_change_fn *fn, void *arg, int flags, sess_error *err)
{
	home_wait wait = { .tries = 0 };
	home *h = &b->one;
	int rc, stored;

	do {
		rc = enter_by(b, id, err);
		if (rc != SESS_OK)
			return rc;
		rc = fn(b, h, arg, err);
		stored = rc == HOME_AGAIN ? 0 : rc <= 0 ? 1 : put(b, h, rc == HOME_MARKS, flags, err);
		unlock(b, h->key);
		if (stored < 0)
			return stored;
		if (stored)
			return rc;
	} while (home_wait_more(&wait, b->limits.busy_ms));
	return sess_fail(err, SESS_BUSY, "%s: others changed this session for %d ms", b->name,
		b->limits.busy_ms);
}

int
home_change(home_store *b, const unsigned char *id, home_change_fn *fn, void *arg, int flags,
	sess_error *err)
{
	return change(b, id, enter, fn, arg, flags, err);
}

int
home_change_key(home_store *b, const unsigned char *key, home_change_fn *fn, void *arg, int flags,
	sess_error *err)
{
	return change(b, key, enter_key, fn, arg, flags, err);
}

/* See whether an id may lead to h: nothing is there, or what leads nowhere, or to h already, which
 * is *got. Anything else came after callers looked, and must not be lost: HOME_AGAIN. */
static int
vacant(home_store *b, const unsigned char *id, const home *h, home_value *got, sess_error *err)
{
	unsigned char target[SESS_ID_BYTES];
	home *there = &b->other;
	int rc = home_look(b, there, id, err);

	if (rc != SESS_OK || there->what == HOME_NOTHING)
		return rc;
	if (there->what != HOME_LINK)
		return HOME_AGAIN;
	memcpy(target, there->target, sizeof(target));
	*got = there->value;
	there->value = (home_value){ .len = 0 };
	if (memcmp(target, h->key, sizeof(target)) == 0)
		return SESS_OK;
	rc = home_look(b, there, target, err);
	return rc == SESS_OK && agrees(there, id) ? HOME_AGAIN : rc;
}

/* Two who lock the homes of each other must not wait for each other: one of them begins again. */
int
home_point(home_store *b, const unsigned char *id, const home *h, int64_t look, int flags,
	sess_error *err)
{
	home_value got = { .len = 0 };
	home link = { .what = HOME_LINK, .look = look };
	home_mark mark = home_marks(&link);
	int rc;

	memcpy(link.key, id, sizeof(link.key));
	memcpy(link.target, h->key, sizeof(link.target));
	if (memcmp(id, h->key, sizeof(link.key)) == 0)
		return SESS_OK;
	rc = lock(b, id, false, err);
	if (rc != SESS_OK)
		return rc;
	rc = vacant(b, id, h, &got, err);
	if (rc == SESS_OK)
		rc = home_write(&link, &b->next, err);
	if (rc == SESS_OK)
		rc = b->ops->mark(b, id, &mark, true, flags, err);
	if (rc == SESS_OK) {
		rc = b->ops->swap(b, id, got.bytes ? &got : NULL, &b->next, look, flags, err);
		rc = rc == 1 ? SESS_OK : rc == 0 ? HOME_AGAIN : rc;
	}
	unlock(b, id);
	home_value_free(&got);
	return rc;
}

/* -- hold, tally ------------------------------------------------------------------------------- */

int
home_hold(void *self, const unsigned char *id, sess_error *err)
{
	home_store *b = self;
	int rc = enter(b, id, err);

	if (rc == SESS_OK) {
		b->holds = true;
		memcpy(b->held, b->one.key, sizeof(b->held));
	}
	return rc;
}

int
home_release(void *self, sess_error *err)
{
	home_store *b = self;

	if (!b->holds)
		return sess_fail(err, SESS_INVALID, "%s: this handle holds no record", b->name);
	b->holds = false;
	unlock(b, b->held);
	return SESS_OK;
}

/* What was counted has happened: that the count is one too low must not undo it. */
void
home_tally(home_store *b, int64_t now, const sess_tally *t)
{
	sess_error ignored;

	if (b->ops->tally && (t->started || t->logins || t->ended || t->expired))
		(void)b->ops->tally(b, now, t, &ignored);
}
