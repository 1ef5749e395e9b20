/* SPDX-License-Identifier: ISC */
/* carried.c - the one session that a browser brought, to the core of stores. */
#include "carried.h"
#include "internal.h"

#include <sodium.h>
#include <string.h>

#define EPOCH_BYTES ((size_t)8 * EPOCHS)        /* in front of the value, the lowest byte first */

bool
carried_has(const carried *c, const unsigned char *id)
{
	return c->hand.len > 0 && memcmp(c->id, id, SESS_ID_BYTES) == 0;
}

static int
hand_get(void *self, const unsigned char *key, home_value *out, sess_error *err)
{
	const carried *c = self;

	if (!carried_has(c, key))
		return 0;
	if (!home_room(out, c->hand.len))
		return home_full(err);
	out->len = c->hand.len - EPOCH_BYTES;
	memcpy(out->bytes, c->hand.bytes + EPOCH_BYTES, out->len);
	return 1;
}

static int
fits(const carried *c, const home_value *v, sess_error *err)
{
	size_t most = c->home.limits.carried, len = v->len + EPOCH_BYTES;

	/* What grows no further goes on, should the room have become less by a setting. */
	if (most == 0 || len <= most || len <= c->hand.len)
		return SESS_OK;
	return sess_fail(err, SESS_TOOBIG, "%s: the session takes %zu bytes, and a cookie has room for "
		"%zu; keep what is large elsewhere, and where that is in the session", c->home.name, len,
		most);
}

static int
hand_swap(void *self, const unsigned char *key, const home_value *got, const home_value *next,
	int64_t due, int flags, sess_error *err)
{
	carried *c = self;
	int rc = fits(c, next, err);

	(void)got;
	(void)due;
	(void)flags;
	if (rc != SESS_OK)
		return rc;
	if (!home_room(&c->hand, next->len + EPOCH_BYTES))
		return home_full(err);
	memcpy(c->id, key, sizeof(c->id));
	memcpy(c->hand.bytes + EPOCH_BYTES, next->bytes, next->len);
	c->hand.len = next->len + EPOCH_BYTES;
	c->changed = true;
	return 1;
}

/* Nobody looks for values here: the only one is in hand. */
static int
hand_mark(void *self, const unsigned char *key, const home_mark *mark, bool make, int flags,
	sess_error *err)
{
	(void)self;
	(void)key;
	(void)mark;
	(void)make;
	(void)flags;
	(void)err;
	return SESS_OK;
}

static const home_ops ops = { .get = hand_get, .swap = hand_swap, .mark = hand_mark };

int
carried_bring(void *self, const unsigned char *id, const void *bytes, size_t len, sess_error *err)
{
	carried *c = self;

	c->hand.len = 0;
	c->changed = false;
	if (bytes == NULL || len <= EPOCH_BYTES)
		return SESS_OK;
	if (!home_room(&c->hand, len))
		return home_full(err);
	memcpy(c->hand.bytes, bytes, len);
	c->hand.len = len;
	memcpy(c->id, id, sizeof(c->id));
	for (size_t which = 0; which < EPOCHS; which++) {
		uint64_t n = 0;

		for (size_t i = 8; i-- > 0;)
			n = n << 8 | c->hand.bytes[8 * which + i];
		c->epoch[which] = (int64_t)n;
	}
	return SESS_OK;
}

int
carried_carry(void *self, const void **bytes, size_t *len)
{
	carried *c = self;

	if (!c->changed || c->hand.len == 0)
		return 0;
	for (size_t which = 0; which < EPOCHS; which++)
		for (size_t i = 0; i < 8; i++)
			c->hand.bytes[8 * which + i] = (unsigned char)((uint64_t)c->epoch[which] >> 8 * i);
	c->changed = false;
	*bytes = c->hand.bytes;
	*len = c->hand.len;
	return 1;
}

int
carried_write(carried *c, const sess_record *rec, uint64_t revision, sess_error *err)
{
	home h = { .what = HOME_SESSION, .live = true, .rec = *rec };
	int rc;

	memcpy(h.key, rec->id, sizeof(h.key));
	h.rec.revision = revision;
	rc = home_write(&h, &c->home.next, err);
	sodium_memzero(&h, sizeof(h));
	return rc == SESS_OK ? fits(c, &c->home.next, err) : rc;
}

int
carried_take(carried *c, const unsigned char *id, const int64_t epoch[EPOCHS], sess_error *err)
{
	int rc = hand_swap(c, id, NULL, &c->home.next, 0, 0, err);

	if (rc < 0)
		return rc;
	memcpy(c->epoch, epoch, sizeof(c->epoch));
	return SESS_OK;
}

bool
carried_open(carried *c, const char *name, const sess_limits *limits)
{
	home_open(&c->home, &ops, name, limits);
	/* Room for all that fits: when an old id has ended, the new one must not fail. */
	return home_room(&c->hand, limits->carried);
}

void
carried_close(carried *c)
{
	home_value_free(&c->hand);
	home_close(&c->home);
}
