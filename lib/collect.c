/* SPDX-License-Identifier: ISC */
/*
 * collect.c - expired records out of the store: in small batches, by one process at a time, and
 * not when the clock looks wrong. Boards without a clock battery wake up years ahead or behind; to
 * delete then what a corrected clock would still accept would log everybody out.
 */
#include "internal.h"

#include <sched.h>

#define BATCH 128               /* rows asked for at first; a store makes it several steps if need be */
#define BATCH_MOST 65536        /* a store may do fewer at a time */
#define BATCH_MS 1000           /* it should take no longer, for progress is told in between */
#define BATCH_SHARE 8           /* nor longer than this part of the time that there is */
#define LEASE 60                /* seconds after which another may take over a dead collector's work */
#define JUMP (2 * 86400)        /* a gap between two looks at the clock that needs a second look */
#define JUMP_HOLD 3600          /* how long to wait for that */
#define JUMP_MOST (35 * 86400)  /* a gap that a monthly cron may leave */
#define CLOCK_EVERY 600         /* how often the time is written down */
#define IDLE_EVERY 10           /* seconds between two slices in sess_idle */
#define IDLE_MS 20

/* A named number in the store. */
static int
mark_get(sess_kit *kit, const char *name, int64_t *number)
{
	int rc;

	*number = 0;
	rc = kit->store.provider->cas(kit->store.self, name, 0, 0, number, &kit->error);

	return rc < 0 ? rc : SESS_OK;
}

static int
mark_move(sess_kit *kit, const char *name, int64_t from, int64_t to)
{
	int64_t found;

	return kit->store.provider->cas(kit->store.self, name, from, to, &found, &kit->error);
}

/* SESS_OK when the time is credible: what was noted last is not too long ago, or an earlier doubt
 * about it was an hour ago. */
static int
clock_check(sess_kit *kit, int64_t now, bool force)
{
	int64_t last, doubt, gap, waited;
	int rc;

	if ((rc = mark_get(kit, "clock", &last)) != SESS_OK ||
		(rc = mark_get(kit, "clock_doubt", &doubt)) != SESS_OK)
		return rc;
	/* Below 0 nothing of ours is noted. */
	gap = last <= 0 || now < last ? 0 : now - last;
	waited = doubt <= 0 || now < doubt ? 0 : now - doubt;
	if (last <= 0 || now < last || gap >= CLOCK_EVERY)
		if ((rc = mark_move(kit, "clock", last, now)) < 0)
			return rc;
	/* Doubt passes with an hour of steady time, or when somebody looks in every few days only. */
	if (force || (gap < JUMP && (doubt <= 0 || now < doubt || waited >= JUMP_HOLD)) ||
		(gap < JUMP_MOST && waited >= JUMP)) {
		rc = doubt != 0 ? mark_move(kit, "clock_doubt", doubt, 0) : SESS_OK;
		return rc < 0 ? rc : SESS_OK;
	}
	if ((doubt <= 0 || gap >= JUMP) && (rc = mark_move(kit, "clock_doubt", doubt, now)) < 0)
		return rc;
	return sess_fail(&kit->error, SESS_DENIED, "the clock jumped ahead by more than %d days since "
		"it was last noted; nothing is collected for an hour, unless forced", JUMP / 86400);
}

/* *lease becomes what to give back; SESS_BUSY while another process collects. */
static int
lease_take(sess_kit *kit, int64_t now, int64_t *lease)
{
	int64_t held;
	int rc = mark_get(kit, "collector", &held);

	if (rc != SESS_OK)
		return rc;
	/* One from the far future was taken before the clock was set back. */
	if (held > now && held <= now + 2 * LEASE)
		return sess_fail(&kit->error, SESS_BUSY, "another process is collecting");
	*lease = expiry_add(now, LEASE);
	rc = mark_move(kit, "collector", held, *lease);
	if (rc == 0)
		return sess_fail(&kit->error, SESS_BUSY, "another process is collecting");
	return rc < 0 ? rc : SESS_OK;
}

/* Give it back, or move it on while the work lasts. */
static int
lease_move(sess_kit *kit, int64_t *lease, int64_t to)
{
	int rc = mark_move(kit, "collector", *lease, to);

	*lease = to;
	if (rc == 0)
		return sess_fail(&kit->error, SESS_BUSY, "another process took over collecting");
	return rc < 0 ? rc : SESS_OK;
}

/* The next number of rows, after so many took so long. */
static size_t
batch_next(size_t rows, int64_t ms, int64_t most_ms)
{
	if (ms > most_ms)
		return rows > 1 ? rows / 2 : 1;
	return ms < most_ms / 2 && rows < BATCH_MOST ? rows * 2 : rows;
}

/* One batch of at most so many rows; *some counts. */
static int
collect_batch(sess_kit *kit, int64_t *lease, size_t rows, size_t *some)
{
	int64_t now = kit_now(kit);
	int rc = SESS_OK;

	*some = 0;
	if (now > *lease - LEASE / 2)
		rc = lease_move(kit, lease, expiry_add(now, LEASE));
	return rc != SESS_OK ? rc :
		kit->store.provider->collect(kit->store.self, now, rows, some, &kit->error);
}

static int
collect_batches(sess_kit *kit, const sess_budget *b, int64_t *lease, size_t *n)
{
	int64_t at = clock_monotonic_ms(), stop = at + b->ms, most_ms = BATCH_MS;
	size_t rows = BATCH, some;

	if (b->ms != 0 && b->ms / BATCH_SHARE < most_ms)
		most_ms = b->ms / BATCH_SHARE;

	for (;;) {
		size_t left = b->rows != 0 && b->rows - *n < rows ? b->rows - *n : rows;
		int rc = collect_batch(kit, lease, left, &some);
		int64_t began = at;

		*n += some;
		if (rc == SESS_OK && some != 0 && b->progress != NULL)
			rc = b->progress(b->arg, *n);
		at = clock_monotonic_ms();
		if (rc != SESS_OK || some == 0 || (b->rows != 0 && *n >= b->rows) ||
			(b->ms != 0 && at >= stop))
			return rc;
		rows = batch_next(rows, at - began, most_ms);
		/* Writers that queued meanwhile go first. */
		(void)sched_yield();
	}
}

int
sess_collect(sess_kit *kit, const sess_budget *budget, size_t *n)
{
	static const sess_budget unbounded = { .rows = 0 };
	const sess_budget *b = budget != NULL ? budget : &unbounded;
	int64_t now, lease = 0;
	size_t done = 0;
	int rc, end;

	if (n != NULL)
		*n = 0;
	if (kit == NULL || b->ms < 0)
		return SESS_INVALID;
	if ((rc = store_check(&kit->store, &kit->error)) != SESS_OK)
		return kit_fail(kit, rc);
	now = kit_now(kit);
	if ((rc = lease_take(kit, now, &lease)) != SESS_OK)
		return rc;
	if ((rc = clock_check(kit, now, b->force)) == SESS_OK)
		rc = collect_batches(kit, b, &lease, &done);
	end = lease_move(kit, &lease, 0);
	if (kit->store.provider->idle != NULL && end == SESS_OK)
		end = kit->store.provider->idle(kit->store.self, &kit->error);
	if (n != NULL)
		*n = done;
	return rc != SESS_OK ? rc : end;
}

int
sess_idle(sess_kit *kit)
{
	const sess_provider *p;
	sess_budget slice;
	size_t done;
	int64_t now;
	int rc;

	if (kit == NULL)
		return SESS_INVALID;
	if ((rc = store_check(&kit->store, &kit->error)) != SESS_OK)
		return kit_fail(kit, rc);
	p = kit->store.provider;
	if (p->idle != NULL && (rc = p->idle(kit->store.self, &kit->error)) != SESS_OK &&
		rc != SESS_BUSY)
		return kit_fail(kit, rc);
	now = kit_now(kit);
	if (kit->config.collect < 0 || (now < kit->collect_next && now + IDLE_EVERY >= kit->collect_next))
		return SESS_OK;
	kit->collect_next = expiry_add(now, IDLE_EVERY);
	slice = (sess_budget){ .rows = (size_t)kit->config.collect, .ms = IDLE_MS };
	rc = sess_collect(kit, &slice, &done);
	/* More than one slice was due: the next request goes on with it. */
	if (rc == SESS_OK && done >= slice.rows)
		kit->collect_next = now;
	/* Somebody else is at it, or the clock is in doubt: not this visitor's trouble. */
	if (rc == SESS_BUSY || rc == SESS_DENIED)
		return SESS_OK;
	return rc == SESS_OK ? rc : kit_fail(kit, rc);
}
