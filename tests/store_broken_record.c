/* SPDX-License-Identifier: ISC */
/* store_broken_record.c - broken promises of sentences 1 to 9: load, insert, update, touch. */
#include "store_broken.h"

#include <string.h>

#define LOAD_ARGS void *self, const unsigned char *id, int64_t now, sess_record *rec, \
	sess_sink *sink, sess_error *err
#define UPDATE_ARGS void *self, const sess_record *rec, int64_t now, int part, sess_error *err
#define INSERT_ARGS void *self, const sess_record *rec, int64_t now, int flags, sess_error *err
#define TOUCH_ARGS void *self, const unsigned char *id, int64_t seen, int64_t expires, \
	sess_error *err

/* -- 1 to 4 load ----------------------------------------------------------------------------- */

static int load_loses_agent(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1)
		rec->agent = NULL;
	return rc;
}

static int load_stops_at_nul(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1 && rec->len)
		rec->len = strnlen(rec->data, rec->len);
	return rc;
}

static int load_mixes_numbers(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1)
		rec->persist = rec->level;
	return rc;
}

static int load_fails_when_missing(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	return rc == 0 && rec->ended == SESS_UNKNOWN ? sess_fail(err, SESS_STORE, "missing") : rc;
}

static int load_invents_reason(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 0 && rec->ended == SESS_UNKNOWN)
		rec->ended = SESS_IDLE;
	return rc;
}

static int load_a_second_late(LOAD_ARGS)
{
	return real->load(self, id, now == INT64_MIN ? now : now - 1, rec, sink, err);
}

static int load_never_aged(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 0 && rec->ended == SESS_AGED)
		rec->ended = SESS_IDLE;
	return rc;
}

static int load_fills_anyway(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 0 && rec->ended == SESS_IDLE)
		rec->user = NULL;
	return rc;
}

static int load_invents_since(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 0)
		rec->since = now;
	return rc;
}

static int load_adopts(LOAD_ARGS)
{
	sess_record made = { .expires = INT64_MAX };
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 0 && rec->ended == SESS_UNKNOWN) {
		memcpy(made.id, id, sizeof(made.id));
		real->insert(self, &made, now, 0, err);
	}
	return rc;
}

static int load_touches(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1)
		real->touch(self, rec->id, now, rec->expires, err);
	return rc;
}

static int load_confirms(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1 && rec->via == SESS_VIA_CANDIDATE)
		real->confirm(self, id, now, now + 900, now + 900, err);
	return rc;
}

/* -- 5 insert -------------------------------------------------------------------------------- */

static int insert_says_yes(INSERT_ARGS)
{
	int rc = real->insert(self, rec, now, flags, err);

	return rc == SESS_CONFLICT ? SESS_OK : rc;
}

static int insert_overwrites(INSERT_ARGS)
{
	sess_record over = *rec;
	int rc = real->insert(self, rec, now, flags, err);

	if (rc == SESS_CONFLICT && (over.revision = real_revision(self, rec->id, now)))
		real->update(self, &over, now, SESS_PART_ALL, err);
	return rc;
}

/* -- 6 to 8 update --------------------------------------------------------------------------- */

static int update_without_guard(UPDATE_ARGS)
{
	sess_record any = *rec;

	any.revision = real_revision(self, rec->id, now);
	return real->update(self, &any, now, part, err);
}

static int update_hides_conflict(UPDATE_ARGS)
{
	int rc = real->update(self, rec, now, part, err);

	return rc == SESS_CONFLICT ? SESS_OK : rc;
}

static int update_conflict_counts(UPDATE_ARGS)
{
	int rc = real->update(self, rec, now, part, err);

	if (rc == SESS_CONFLICT)
		real_bump(self, rec->id, now);
	return rc;
}

static int update_keeps_texts(UPDATE_ARGS)
{
	sess_record some = *rec;

	if (part == SESS_PART_ALL)
		some.address = "kept";
	return real->update(self, &some, now, part, err);
}

static int update_inserts(UPDATE_ARGS)
{
	int rc = real->update(self, rec, now, part, err);

	if (rc == SESS_GONE)
		rc = real->insert(self, rec, now, 0, err);
	return rc;
}

static int touch_hides_gone(TOUCH_ARGS)
{
	int rc = real->touch(self, id, seen, expires, err);

	return rc == SESS_GONE ? SESS_OK : rc;
}

static int touch_revives(TOUCH_ARGS)
{
	int rc = real->touch(self, id, INT64_MIN, expires, err);

	return rc == SESS_OK ? real->touch(self, id, seen, expires, err) : rc;
}

/* The own id of the record that this id leads to, or the same id if it leads nowhere. */
static void resolve(void *self, unsigned char id[SESS_ID_BYTES], int64_t now)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec;
	sess_error err;

	if (real->load(self, id, now, &rec, &sink, &err) == 1)
		memcpy(id, rec.id, sizeof(rec.id));
	arena_free(&sink.memory);
}

static int update_by_trace(UPDATE_ARGS)
{
	sess_record own = *rec;

	resolve(self, own.id, now);
	return real->update(self, &own, now, part, err);
}

static int touch_by_trace(TOUCH_ARGS)
{
	unsigned char own[SESS_ID_BYTES];

	memcpy(own, id, sizeof(own));
	resolve(self, own, seen);
	return real->touch(self, own, seen, expires, err);
}

static int offer_says_no(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	int rc = real->offer(self, id, candidate, secret, now, free_since, keep, err);

	return rc == SESS_GONE ? 0 : rc;
}

static sess_record updated;     /* what the last update of all was given */

static int update_noted(UPDATE_ARGS)
{
	int rc = real->update(self, rec, now, part, err);

	if (rc == SESS_OK && part == SESS_PART_ALL)
		updated = *rec;
	return rc;
}

static bool was_updated(int rc, const sess_record *rec)
{
	return rc == 1 && memcmp(rec->id, updated.id, sizeof(rec->id)) == 0;
}

static int load_level(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (was_updated(rc, rec))
		rec->level = updated.level;
	return rc;
}

static int load_seen(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (was_updated(rc, rec))
		rec->seen = updated.seen;
	return rc;
}

static int update_all_always(UPDATE_ARGS)
{
	(void)part;
	return real->update(self, rec, now, SESS_PART_ALL, err);
}

static int update_touches(UPDATE_ARGS)
{
	int rc = real->update(self, rec, now, part, err);

	if (rc == SESS_OK)
		real->touch(self, rec->id, now, now + 99999, err);
	return rc;
}

static int update_keeps_old_data(UPDATE_ARGS)
{
	sess_record same = *rec;

	if (part == SESS_PART_DATA && !same.len) {
		same.data = "{}";
		same.len = 2;
	}
	return real->update(self, &same, now, part, err);
}

/* -- 9 touch --------------------------------------------------------------------------------- */

static int touch_goes_back(TOUCH_ARGS)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec;
	int rc = real->load(self, id, seen, &rec, &sink, err);

	if (rc == 1) {
		rec.seen = seen;
		rec.expires = expires;
		rc = real->update(self, &rec, seen, SESS_PART_ALL, err);
	} else if (rc == 0) {
		rc = sess_fail(err, SESS_GONE, "gone");
	}
	arena_free(&sink.memory);
	return rc;
}

static int touch_moves_revision(TOUCH_ARGS)
{
	int rc = real->touch(self, id, seen, expires, err);

	real_bump(self, id, seen);
	return rc;
}

static int touch_does_nothing(TOUCH_ARGS)
{
	(void)expires;
	return real->touch(self, id, seen, seen, err);
}

const struct breakage broken_record[] = {
	{ 1, "load loses a text", { .load = load_loses_agent } },
	{ 1, "load stops at a NUL", { .load = load_stops_at_nul } },
	{ 1, "load mixes up two numbers", { .load = load_mixes_numbers } },
	{ 2, "load of a missing record fails", { .load = load_fails_when_missing } },
	{ 2, "load invents a reason", { .load = load_invents_reason } },
	{ 3, "records live a second longer", { .load = load_a_second_late } },
	{ 3, "load does not tell AGED from IDLE", { .load = load_never_aged } },
	{ 3, "load gives a part of an expired record", { .load = load_fills_anyway } },
	{ 3, "load says since when without a trace", { .load = load_invents_since } },
	{ 4, "load adopts the id that it was asked for", { .load = load_adopts } },
	{ 4, "load touches", { .load = load_touches } },
	{ 4, "load confirms a candidate", { .load = load_confirms } },
	{ 5, "insert hides that the id is there", { .insert = insert_says_yes } },
	{ 5, "insert overwrites", { .insert = insert_overwrites } },
	{ 6, "update ignores the revision", { .update = update_without_guard } },
	{ 6, "update hides a conflict", { .update = update_hides_conflict } },
	{ 6, "a conflict moves the revision", { .update = update_conflict_counts } },
	{ 7, "update inserts what is missing", { .update = update_inserts } },
	{ 7, "touch hides that the record is gone", { .touch = touch_hides_gone } },
	{ 7, "touch revives what has expired", { .touch = touch_revives } },
	{ 7, "offer hides that the record is gone", { .offer = offer_says_no } },
	{ 7, "update is done by a trace", { .update = update_by_trace } },
	{ 7, "touch is done by a trace", { .touch = touch_by_trace } },
	{ 8, "update of all misses a field", { .update = update_keeps_texts } },
	{ 8, "update of all writes level", { .update = update_noted, .load = load_level } },
	{ 8, "update of all moves seen back", { .update = update_noted, .load = load_seen } },
	{ 8, "update of data writes all", { .update = update_all_always } },
	{ 8, "update of data touches", { .update = update_touches } },
	{ 8, "update cannot empty data", { .update = update_keeps_old_data } },
	{ 9, "touch goes back", { .touch = touch_goes_back } },
	{ 9, "touch moves the revision", { .touch = touch_moves_revision } },
	{ 9, "touch does not move expires", { .touch = touch_does_nothing } },
	{ .sentence = 0 },
};
