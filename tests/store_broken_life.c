/* SPDX-License-Identifier: ISC */
/* store_broken_life.c - broken promises of sentences 10 to 17: renewal, replacement, the end. */
#include "store_broken.h"

#include <string.h>

#define LOAD_ARGS void *self, const unsigned char *id, int64_t now, sess_record *rec, \
	sess_sink *sink, sess_error *err
#define OFFER_ARGS void *self, const unsigned char *id, const unsigned char *candidate, \
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err
#define CONFIRM_ARGS void *self, const unsigned char *candidate, int64_t now, int64_t renew, \
	int64_t keep, sess_error *err
#define REPLACE_ARGS void *self, const unsigned char *old, const sess_record *rec, \
	sess_status why, int64_t now, int64_t keep, sess_error *err
#define END_ARGS void *self, const unsigned char *id, sess_status why, int64_t now, \
	int64_t keep, sess_error *err
#define END_ALL_ARGS void *self, const sess_query *query, const unsigned char *except, \
	sess_status why, int64_t keep, size_t *n, sess_error *err

/* -- 10 offer -------------------------------------------------------------------------------- */

static int offer_always(OFFER_ARGS)
{
	(void)free_since;
	return real->offer(self, id, candidate, secret, now, INT64_MAX, keep, err);
}

static int offer_says_made(OFFER_ARGS)
{
	int rc = real->offer(self, id, candidate, secret, now, free_since, keep, err);

	return rc == 0 ? 1 : rc;
}

static int offer_moves_revision(OFFER_ARGS)
{
	int rc = real->offer(self, id, candidate, secret, now, free_since, keep, err);

	if (rc == 1)
		real_bump(self, id, now);
	return rc;
}

/* -- 11 and 13 load by a trace --------------------------------------------------------------- */

static int load_hides_via(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1 && rec->via != SESS_VIA_ID)
		rec->via = SESS_VIA_ID;
	return rc;
}

static int load_since_now(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1 && rec->via != SESS_VIA_ID)
		rec->since = now + 1;
	return rc;
}

static int load_wrong_secret(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1 && rec->via != SESS_VIA_ID)
		return real->load(self, rec->id, now, rec, sink, err);
	return rc;
}

static int load_id_presented(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 1)
		memcpy(rec->id, id, sizeof(rec->id));
	return rc;
}

static int load_forgets_retired(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc != 1 || rec->via != SESS_VIA_RETIRED || now - rec->since < 60)
		return rc;
	rec->ended = SESS_UNKNOWN;
	return 0;
}

/* -- 12 confirm ------------------------------------------------------------------------------ */

static int confirm_forgets_renew(CONFIRM_ARGS)
{
	(void)renew;
	return real->confirm(self, candidate, now, 0, keep, err);
}

static int confirm_does_nothing(CONFIRM_ARGS)
{
	(void)renew, (void)keep;
	return real_revision(self, candidate, now) ? SESS_OK : sess_fail(err, SESS_GONE, "gone");
}

static int confirm_once_only(CONFIRM_ARGS)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec;
	int found = real->load(self, candidate, now, &rec, &sink, err);

	arena_free(&sink.memory);
	if (found == 1 && rec.via != SESS_VIA_CANDIDATE)
		return sess_fail(err, SESS_CONFLICT, "confirmed before");
	return real->confirm(self, candidate, now, renew, keep, err);
}

static int confirm_ignores_keep(CONFIRM_ARGS)
{
	(void)keep;
	return real->confirm(self, candidate, now, renew, INT64_MAX, err);
}

static int confirm_forgets_early(CONFIRM_ARGS)
{
	return real->confirm(self, candidate, now, renew, keep - 1, err);
}

/* Candidates, and with them those that lose, live for longer than they should, or shorter. */
static int offer_for_longer(OFFER_ARGS)
{
	return real->offer(self, id, candidate, secret, now, free_since, keep + 1, err);
}

static int offer_for_shorter(OFFER_ARGS)
{
	return real->offer(self, id, candidate, secret, now, free_since, keep - 1, err);
}

static int confirm_moves_revision(CONFIRM_ARGS)
{
	int rc = real->confirm(self, candidate, now, renew, keep, err);

	real_bump(self, candidate, now);
	return rc;
}

/* -- 14 replace ------------------------------------------------------------------------------ */

static int replace_without_guard(REPLACE_ARGS)
{
	sess_record any = *rec;

	any.revision = real_revision(self, old, now);
	return real->replace(self, old, &any, why, now, keep, err);
}

static int replace_leaves_old(REPLACE_ARGS)
{
	int rc = real_revision(self, old, now) == rec->revision ? SESS_OK :
		sess_fail(err, SESS_CONFLICT, "changed");

	(void)why;
	(void)keep;
	return rc ? rc : real->insert(self, rec, now, 0, err);
}

static int replace_mistakes_reason(REPLACE_ARGS)
{
	(void)why;
	return real->replace(self, old, rec, SESS_LOGGED_OUT, now, keep, err);
}

/* In two steps, of which the second may fail. */
static int replace_ends_first(REPLACE_ARGS)
{
	int rc = real->end(self, old, why, now, keep, err);

	return rc ? rc : real->insert(self, rec, now, 0, err);
}

/* -- 15, 16 end ------------------------------------------------------------------------------ */

static int end_by_id_only(END_ARGS)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec;
	int found = real->load(self, id, now, &rec, &sink, err);

	arena_free(&sink.memory);
	if (found == 1 && rec.via != SESS_VIA_ID)
		return SESS_OK;
	return real->end(self, id, why, now, keep, err);
}

static int end_comes_too_late(END_ARGS)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec = { .ended = SESS_LIVE };
	int found = real->load(self, id, now, &rec, &sink, err);

	arena_free(&sink.memory);
	if (found == 0 && rec.ended == SESS_ROTATED)
		return SESS_OK;
	return real->end(self, id, why, now, keep, err);
}

static int end_misses(END_ARGS)
{
	if (!real_revision(self, id, now))
		return sess_fail(err, SESS_GONE, "missing");
	return real->end(self, id, why, now, keep, err);
}

static int end_mistakes_reason(END_ARGS)
{
	(void)why;
	return real->end(self, id, SESS_REVOKED, now, keep, err);
}

static int end_leaves_no_trace(END_ARGS)
{
	(void)keep;
	return real->end(self, id, why, now, now, err);
}

/* What expired is left as it is. */
static int end_of_live_only(END_ARGS)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec = { .ended = SESS_LIVE };
	int found = real->load(self, id, now, &rec, &sink, err);

	arena_free(&sink.memory);
	if (found == 0 && (rec.ended == SESS_IDLE || rec.ended == SESS_AGED))
		return SESS_OK;
	return real->end(self, id, why, now, keep, err);
}

static int load_forgets_when(LOAD_ARGS)
{
	int rc = real->load(self, id, now, rec, sink, err);

	if (rc == 0)
		rec->since = 0;
	return rc;
}

static int touch_after_end(void *self, const unsigned char *id, int64_t seen, int64_t expires,
	sess_error *err)
{
	int rc = real->touch(self, id, seen, expires, err);

	return rc == SESS_GONE ? SESS_OK : rc;
}

static int confirm_after_end(CONFIRM_ARGS)
{
	int rc = real->confirm(self, candidate, now, renew, keep, err);

	return rc == SESS_GONE ? SESS_OK : rc;
}

/* A writer that is late makes the record anew, as its trace is gone. */
static int update_after_end(void *self, const sess_record *rec, int64_t now, int part,
	sess_error *err)
{
	int rc = real->update(self, rec, now, part, err);

	return rc == SESS_GONE ? real->insert(self, rec, now, 0, err) : rc;
}

/* -- 17 end_all ------------------------------------------------------------------------------ */

static int end_all_without_exception(END_ALL_ARGS)
{
	(void)except;
	return real->end_all(self, query, NULL, why, keep, n, err);
}

static int end_all_spares_ids(END_ALL_ARGS)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec = { .via = SESS_VIA_ID };

	if (except)
		real->load(self, except, query->now, &rec, &sink, err);
	arena_free(&sink.memory);
	return real->end_all(self, query, rec.via == SESS_VIA_ID ? except : NULL, why, keep, n,
		err);
}

static int end_all_of_everyone(END_ALL_ARGS)
{
	sess_query all = *query;

	all.user = NULL;
	return real->end_all(self, &all, except, why, keep, n, err);
}

static int end_all_miscounts(END_ALL_ARGS)
{
	int rc = real->end_all(self, query, except, why, keep, n, err);

	*n += except != NULL;
	return rc;
}

#define LIVE_MAX 64

struct live {
	unsigned char id[LIVE_MAX][SESS_ID_BYTES];
	size_t n;
};

static int note_live(void *arg, const sess_record *rec)
{
	struct live *live = arg;

	memcpy(live->id[live->n++], rec->id, SESS_ID_BYTES);
	return live->n == LIVE_MAX;
}

static int end_all_live_only(END_ALL_ARGS)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record spared = { .via = SESS_VIA_ID };
	struct live live = { .n = 0 };
	bool spare = except && real->load(self, except, query->now, &spared, &sink, err) == 1;
	int rc = real->list(self, query, note_live, &live, err);

	arena_free(&sink.memory);
	*n = 0;
	for (size_t i = 0; rc == SESS_OK && i < live.n; i++) {
		if (spare && memcmp(live.id[i], spared.id, SESS_ID_BYTES) == 0)
			continue;
		rc = real->end(self, live.id[i], why, query->now, keep, err);
		++*n;
	}
	return rc;
}

const struct breakage broken_life[] = {
	{ 10, "offer makes one each time", { .offer = offer_always } },
	{ 10, "offer says that it made one when it did not", { .offer = offer_says_made } },
	{ 10, "offer moves the revision", { .offer = offer_moves_revision } },
	{ 11, "load does not tell a candidate from the id", { .load = load_hides_via } },
	{ 11, "load does not know since when", { .load = load_since_now } },
	{ 11, "load gives the secret of the record's id", { .load = load_wrong_secret } },
	{ 11, "load gives the id it was asked for", { .load = load_id_presented } },
	{ 12, "confirm does nothing", { .confirm = confirm_does_nothing } },
	{ 12, "confirm forgets renew", { .confirm = confirm_forgets_renew } },
	{ 12, "confirm cannot be repeated", { .confirm = confirm_once_only } },
	{ 12, "confirm moves the revision", { .confirm = confirm_moves_revision } },
	{ 12, "confirm keeps for ever what it retires", { .confirm = confirm_ignores_keep } },
	{ 12, "confirm keeps for less what it retires", { .confirm = confirm_forgets_early } },
	{ 12, "lost candidates are known for too long", { .offer = offer_for_longer } },
	{ 12, "lost candidates are forgotten early", { .offer = offer_for_shorter } },
	{ 13, "load does not tell a retired id", { .load = load_hides_via } },
	{ 13, "load does not know since when", { .load = load_since_now } },
	{ 13, "load gives the secret of the record's id", { .load = load_wrong_secret } },
	{ 13, "retired ids are forgotten early", { .load = load_forgets_retired } },
	{ 14, "replace ignores the revision", { .replace = replace_without_guard } },
	{ 14, "replace leaves the old record", { .replace = replace_leaves_old } },
	{ 14, "replace mistakes the reason", { .replace = replace_mistakes_reason } },
	{ 14, "replace works in two steps", { .replace = replace_ends_first } },
	{ 15, "end knows records by their id only", { .end = end_by_id_only } },
	{ 15, "end of a replaced record ends nothing", { .end = end_comes_too_late } },
	{ 15, "end of a missing record fails", { .end = end_misses } },
	{ 15, "end mistakes the reason", { .end = end_mistakes_reason } },
	{ 15, "end leaves no trace", { .end = end_leaves_no_trace } },
	{ 15, "end of an expired record ends nothing", { .end = end_of_live_only } },
	{ 15, "the trace does not say when it ended", { .load = load_forgets_when } },
	{ 16, "touch of an ended record succeeds", { .touch = touch_after_end } },
	{ 16, "confirm of an ended record succeeds", { .confirm = confirm_after_end } },
	{ 16, "a late update brings it back",
		{ .end = end_leaves_no_trace, .update = update_after_end } },
	{ 17, "end_all knows no exception", { .end_all = end_all_without_exception } },
	{ 17, "end_all spares no record by another id", { .end_all = end_all_spares_ids } },
	{ 17, "end_all means everyone", { .end_all = end_all_of_everyone } },
	{ 17, "end_all counts the exception", { .end_all = end_all_miscounts } },
	{ 17, "end_all leaves expired records", { .end_all = end_all_live_only } },
	{ .sentence = 0 },
};
