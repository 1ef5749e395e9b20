/* SPDX-License-Identifier: ISC */
/*
 * move_pull.c - one session goes from one store to the other, in steps of which each may be
 * the last one before a crash, and which any number of programs may take at once:
 *
 * fence  Its revision is moved on where it was. Who read that the move had not begun and still
 *        writes there meets a conflict, loads the session anew and finds it in the new store. It is
 *        done once, and the record says so: if each one who pulls did it, the revision would pass
 *        that of the new store, and an old state would take the place of a later one.
 * put    All of it, with its traces, is put on disk in the new store, unless that knows it already.
 * drop   It is over where it was, a matter for collection. Was it renewed or ended there since the
 *        fence, that is noticed now, and it all begins again.
 *
 * Nothing but a touch, an offer, a confirmation and an end pass the fence. Who makes one of those
 * asks afterwards whether the move has begun, and if so does the same in the new store.
 */
#include "home.h"
#include "internal.h"
#include "store_move.h"

#include <string.h>

/* Sessions that took the place of each other by logins. */
#define HOPS_MAX 64

static int
read_number(const move_end *end, const char *name, int64_t *number, sess_error *err)
{
	/* No number is that low: this only reads. */
	int rc = end->store->cas(end->self, name, INT64_MIN, INT64_MIN, number, err);

	return rc < 0 ? rc : SESS_OK;
}

int
move_number(const move_end *from, int64_t *number, sess_error *err)
{
	int rc = read_number(from, MOVE_NUMBER, number, err);

	if (rc != SESS_OK)
		return rc;
	if (*number < 0 || move_phase_of(*number) > MOVE_DONE ||
		(move_phase_of(*number) == MOVE_NOT && *number != 0))
		return sess_fail(err, SESS_STORE, "%s: the number \"%s\" is damaged; it must be 0, or what "
			"sesskit copy --live wrote", from->url, MOVE_NUMBER);
	return SESS_OK;
}

int
move_name(const move_end *end, int64_t *name, sess_error *err)
{
	return read_number(end, MOVE_NAME, name, err);
}

/* -- the mark of the fence --------------------------------------------------------------------- */

/* On its way, a record has its persist, which is never below 0, turned over. */
static int64_t
turned(int64_t persist)
{
	return -1 - persist;
}

int64_t
move_persist(int64_t persist)
{
	return persist < 0 ? turned(persist) : persist;
}

/* -- the steps --------------------------------------------------------------------------------- */

typedef struct pulling {
	const move_pair *pair;
	bool had;                               /* there was an item to put */
	unsigned char next[SESS_ID_BYTES];      /* what the id was replaced by, or zeros */
	sess_error *err;
} pulling;

/* Somebody else changed it: again, from the beginning. */
static int
meanwhile(int rc)
{
	return rc == SESS_GONE ? SESS_CONFLICT : rc;
}

static int
fence(const move_end *from, sess_record *rec, sess_error *err)
{
	int rc;

	rec->persist = turned(rec->persist);
	rc = from->store->update(from->self, rec, MOVE_EPOCH, SESS_PART_ALL, err);
	rec->revision++;
	return meanwhile(rc);
}

/* 0: that store has a later state of it, or it ended there. */
static int
put(void *arg, const sess_item *item)
{
	pulling *p = arg;
	const move_end *to = &p->pair->to;
	sess_item copy = *item;
	sess_record rec;
	int rc;

	p->had = true;
	if (item->rec != NULL) {
		rec = *item->rec;
		if (rec.expires <= MOVE_EPOCH)
			return SESS_OK;
		rec.persist = move_persist(rec.persist);
		copy.rec = &rec;
	} else
		memcpy(p->next, item->traces[0].next, sizeof(p->next));
	copy.sync = true;
	rc = item_restore(&(store){ .provider = to->store, .self = to->self }, &copy, p->err);
	/* Another session has an id of this one: to do it again does not help. */
	if (rc == SESS_CONFLICT)
		p->err->code = rc = SESS_INVALID;
	return rc < 0 ? rc : SESS_OK;
}

static int
drop(const move_end *from, sess_record *rec, sess_error *err)
{
	rec->expires = MOVE_EPOCH;
	return meanwhile(from->store->update(from->self, rec, MOVE_EPOCH, SESS_PART_ALL, err));
}

static bool
says_why(sess_status ended)
{
	return ended == SESS_LOGGED_OUT || ended == SESS_REVOKED || ended == SESS_ROTATED ||
		ended == SESS_REUSED;
}

/* Load had found something, and nothing was handed on: it is damaged, or the id that led to it was
 * collected meanwhile. */
static int
no_item(const pulling *p)
{
	sess_error why = *p->err;

	return why.text[0] == '\0' ? SESS_CONFLICT : sess_fail(p->err, SESS_INVALID, "%s", why.text);
}

/* All steps, once: SESS_OK, SESS_CONFLICT to do it again, or worse. */
static int
take(pulling *p, const unsigned char *id, sess_record *rec, sess_sink *sink)
{
	const move_end *from = &p->pair->from;
	int rc = from->store->load(from->self, id, MOVE_EPOCH, rec, sink, p->err);
	bool found = rc == 1;

	if (rc < 0 || (!found && !says_why(rec->ended)))
		return rc;
	rc = found && rec->persist >= 0 ? fence(from, rec, p->err) : SESS_OK;
	if (rc != SESS_OK)
		return rc;
	/* Only now it has all its candidates. */
	p->err->text[0] = '\0';
	rc = from->store->item(from->self, id, put, p, p->err);
	if (rc < 0 || !found)
		return rc < 0 ? rc : SESS_OK;
	/* What was not put must not be dropped. */
	return p->had ? drop(from, rec, p->err) : no_item(p);
}

static int
try_to_pull(pulling *p, const unsigned char *id)
{
	home_wait wait = { .tries = 0 };
	int rc;

	do {
		sess_sink sink = { .memory = { NULL, NULL } };
		sess_record rec = { .ended = SESS_UNKNOWN };

		memset(p->next, 0, sizeof(p->next));
		p->had = false;
		rc = take(p, id, &rec, &sink);
		arena_free(&sink.memory);
		if (rc != SESS_CONFLICT)
			return rc;
	} while (home_wait_more(&wait, p->pair->busy_ms));
	return sess_fail(p->err, SESS_BUSY, "store move: others changed this session for %d ms",
		p->pair->busy_ms);
}

bool
move_refused(int rc)
{
	return rc == SESS_INVALID || rc == SESS_TOOBIG;
}

/* A failure with the store where the session can be looked at and ended. */
static int
say_where(const pulling *p, const unsigned char *id, int rc)
{
	sess_error why = *p->err;

	return sess_fail(p->err, rc, "the session x'%02x%02x%02x%02x...' stays in %s: %s", id[0], id[1],
		id[2], id[3], p->pair->from.url, why.text);
}

static int
pull_one(pulling *p, const unsigned char *id)
{
	int rc = try_to_pull(p, id);

	return move_refused(rc) ? say_where(p, id, rc) : rc;
}

int
move_pull_one(const move_pair *pair, const unsigned char *id, sess_error *err)
{
	pulling p = { .pair = pair, .err = err };

	return pull_one(&p, id);
}

int
move_pull(const move_pair *pair, const unsigned char *id, sess_error *err)
{
	static const unsigned char nothing[SESS_ID_BYTES];
	pulling p = { .pair = pair, .err = err };
	unsigned char at[SESS_ID_BYTES];
	int rc;

	memcpy(at, id, sizeof(at));
	for (int hops = 0; hops < HOPS_MAX; hops++) {
		rc = pull_one(&p, at);
		if (rc != SESS_OK || memcmp(p.next, nothing, sizeof(nothing)) == 0)
			return rc;
		memcpy(at, p.next, sizeof(at));
	}
	return SESS_OK;
}

int
move_end_left(const move_pair *pair, const unsigned char *id, sess_status why, int64_t now,
	int64_t keep, sess_error *err)
{
	const move_end *from = &pair->from, *to = &pair->to;
	int rc = from->store->end(from->self, id, why, now, keep, err);

	/* Somebody may still hold what was there: that it is over must come before. */
	if (rc == SESS_OK)
		rc = move_pull(pair, id, err);
	if (rc != SESS_OK && !move_refused(rc))
		return rc;
	return to->store->end(to->self, id, why, now, keep, err);
}
