/* SPDX-License-Identifier: ISC */
/* move_stage.c - two stores and who uses them, while the test says when which step is taken. */
#include "move_stage.h"

struct stage stage;

/* -- FROM, as the two see it ------------------------------------------------------------------- */

void
strike(int when)
{
	int64_t found;
	sess_error err;

	if (stage.struck || when != stage.when)
		return;
	stage.struck = true;
	if (real->cas(stage.from.self, MOVE_NUMBER, MOVE_NOT, MOVE_BEGUN, &found, &err) != 1)
		bail("cannot begin the move");
	stage.fuel = stage.steps;
	(void)move_pull(&stage.puller->pair, stage.rec.id, &err);
}

static int
behind(int rc)
{
	strike(BEHIND);
	return rc;
}

static int
slow_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	strike(BEFORE);
	return behind(real->load(self, id, now, out, sink, err));
}

static int
slow_insert(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	strike(BEFORE);
	return behind(real->insert(self, rec, now, flags, err));
}

static int
slow_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	strike(BEFORE);
	return behind(real->update(self, rec, now, part, err));
}

static int
slow_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	strike(BEFORE);
	return behind(real->touch(self, id, seen, expires, err));
}

static int
slow_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	strike(BEFORE);
	return behind(real->offer(self, id, candidate, secret, now, free_since, keep, err));
}

static int
slow_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew, int64_t keep,
	sess_error *err)
{
	strike(BEFORE);
	return behind(real->confirm(self, candidate, now, renew, keep, err));
}

static int
slow_replace(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	strike(BEFORE);
	return behind(real->replace(self, old, rec, why, now, keep, err));
}

static int
slow_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	strike(BEFORE);
	return behind(real->end(self, id, why, now, keep, err));
}

static int
slow_end_all(void *self, const sess_query *query, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *err)
{
	strike(BEFORE);
	return behind(real->end_all(self, query, except, why, keep, n, err));
}

static int
slow_list(void *self, const sess_query *query, sess_record_fn *fn, void *arg, sess_error *err)
{
	strike(BEFORE);
	return behind(real->list(self, query, fn, arg, err));
}

static int
slow_count(void *self, const sess_query *query, size_t *n, sess_error *err)
{
	strike(BEFORE);
	return behind(real->count(self, query, n, err));
}

static int
slow_walk(void *self, sess_cursor *cursor, size_t limit, sess_item_fn *fn, void *arg,
	sess_error *err)
{
	strike(BEFORE);
	return behind(real->walk(self, cursor, limit, fn, arg, err));
}

/* The puller dies when its steps are used up. */
static bool
dead(sess_error *err)
{
	return stage.fuel-- <= 0 && sess_fail(err, SESS_STORE, "it died") != SESS_OK;
}

static int
dying_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	return dead(err) ? SESS_STORE : real->load(self, id, now, out, sink, err);
}

static int
dying_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	if (dead(err))
		return SESS_STORE;
	if (stage.ends && rec->expires == MOVE_EPOCH) {
		stage.ends = false;
		(void)real->end(self, rec->id, SESS_LOGGED_OUT, NOW, KEEP, err);
	}
	return real->update(self, rec, now, part, err);
}

static int
dying_item(void *self, const unsigned char *id, sess_item_fn *fn, void *arg, sess_error *err)
{
	size_t n;

	if (stage.collects)
		must(real->collect(self, NOW, 100, &n, err), SESS_OK, "collect");
	return dead(err) ? SESS_STORE : real->item(self, id, fn, arg, err);
}

static int
dying_idle(void *self, sess_error *err)
{
	(void)self;
	return dead(err) ? SESS_STORE : SESS_OK;
}

/* -- TO ---------------------------------------------------------------------------------------- */

static int
far_idle(void *self, sess_error *err)
{
	(void)self;
	(void)err;
	stage.idled++;
	return SESS_OK;
}

/* The item of a put that comes later; its record has nothing but what make_record gave it. */
static struct {
	sess_record rec;
	sess_trace traces[4];
	size_t count;
} waiting;

static int
far_restore(void *self, const sess_item *item, sess_error *err)
{
	if (stage.refuses && item->rec != NULL && item->rec->id[0] == 1)
		return sess_fail(err, SESS_TOOBIG, "it is too big");
	if (!stage.slow_put)
		return real->restore(self, item, err);
	stage.slow_put = false;
	waiting.rec = *item->rec;
	waiting.rec.user = stage.rec.user;
	waiting.rec.data = stage.rec.data;
	waiting.count = item->count;
	memcpy(waiting.traces, item->traces, item->count * sizeof(waiting.traces[0]));
	return sess_fail(err, SESS_STORE, "it died");
}

int
puts_late(void)
{
	return real->restore(stage.to.self, &(sess_item){ .rec = &waiting.rec,
		.traces = waiting.traces, .count = waiting.count }, &stage.err);
}

static int
far_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	return stage.down ? sess_fail(err, SESS_STORE, "it is down") :
		real->load(self, id, now, out, sink, err);
}

static sess_provider slow, dying, far;

static void
make_providers(void)
{
	slow = dying = far = *real;
	far.load = far_load;
	far.restore = far_restore;
	far.idle = far_idle;
	slow.list = slow_list;
	slow.count = slow_count;
	slow.walk = slow_walk;
	dying.idle = dying_idle;
	slow.load = slow_load;
	slow.insert = slow_insert;
	slow.update = slow_update;
	slow.touch = slow_touch;
	slow.offer = slow_offer;
	slow.confirm = slow_confirm;
	slow.replace = slow_replace;
	slow.end = slow_end;
	slow.end_all = slow_end_all;
	dying.load = dying_load;
	dying.update = dying_update;
	dying.item = dying_item;
}

/* -- setting the stage ------------------------------------------------------------------------- */

void
must(int rc, int want, const char *what)
{
	if (rc != want)
		bail("%s: %d %s", what, rc, stage.err.text);
}

static void *
open_one(const sess_provider *p, const sess_address *address)
{
	static const sess_limits limits = { .max_bytes = 1 << 20, .max_sessions = 100, .busy_ms = 20 };
	void *self = NULL;

	must(p->open(&self, address, &limits, &stage.err), SESS_OK, "open");
	return self;
}

static move_store *
open_move(const sess_provider *from, int slot)
{
	sess_address both = { .url = "move:", .base = stage.base[slot], .bases = 2 };

	stage.base[slot][0] = (sess_base){ from, &stage.address[0] };
	stage.base[slot][1] = (sess_base){ &far, &stage.address[1] };
	return open_one(&sess_provider_move, &both);
}

static void
make_id(unsigned char id[SESS_ID_BYTES], int number)
{
	memset(id, number, SESS_ID_BYTES);
}

sess_record
make_record(int number)
{
	sess_record rec = { .revision = 1, .created = NOW - 100, .seen = NOW - 100,
		.expires = NOW + 1800, .absolute = NOW + 43200, .idle = 1800, .persist = 77,
		.user = "alice", .login = NOW - 50, .data = "{\"n\":1}", .len = 7 };

	make_id(rec.id, number);
	memset(rec.family, number, sizeof(rec.family));
	return rec;
}

void
set_stage(int when, int steps)
{
	static int number;

	make_providers();
	memset(&stage, 0, sizeof(stage));
	number++;
	for (int i = 0; i < 2; i++) {
		snprintf(stage.path[i], sizeof(stage.path[i]), "%d-%d", number, i);
		stage.address[i] = (sess_address){ .url = stage.path[i], .path = stage.path[i],
			.kind = "", .host = "", .user = "", .query = "", .password = "" };
	}
	stage.from = (move_end){ real, open_one(real, &stage.address[0]), "from" };
	stage.to = (move_end){ real, open_one(real, &stage.address[1]), "to" };
	stage.straggler = open_move(&slow, 0);
	stage.puller = open_move(&dying, 1);
	stage.when = when;
	stage.steps = steps;
	stage.rec = make_record(1);
	stage.spared = make_record(2);
	make_id(stage.candidate, 3);
	make_id(stage.fresh, 4);
	must(real->insert(stage.from.self, &stage.rec, NOW, 0, &stage.err), SESS_OK, "insert");
	must(real->insert(stage.from.self, &stage.spared, NOW, 0, &stage.err), SESS_OK, "insert");
	must(real->offer(stage.from.self, stage.rec.id, stage.candidate, stage.candidate, NOW - 90, 0,
		KEEP, &stage.err), 1, "offer");
}

void
clear_stage(void)
{
	sess_provider_move.close(stage.straggler);
	sess_provider_move.close(stage.puller);
	real->close(stage.from.self);
	real->close(stage.to.self);
	arena_free(&stage.sink.memory);
}

int
load_by(move_store *m, const unsigned char *id)
{
	arena_reset(&stage.sink.memory);
	return sess_provider_move.load(m, id, NOW, &stage.got, &stage.sink, &stage.err);
}

int
load_later(const unsigned char *id)
{
	stage.fuel = INT_MAX;
	return load_by(stage.puller, id);
}

bool
is_data(const char *data)
{
	return stage.got.len == strlen(data) && memcmp(stage.got.data, data, stage.got.len) == 0;
}

bool
lives(const unsigned char *id, int via, const char *data)
{
	return load_later(id) == 1 && stage.got.via == via && stage.got.persist == 77 &&
		is_data(data) && move_pull(&stage.puller->pair, id, &stage.err) == SESS_OK &&
		load_later(id) == 1 &&
		stage.got.via == via && stage.got.persist == 77 && is_data(data) &&
		real->load(stage.to.self, id, NOW, &stage.got, &stage.sink, &stage.err) == 1 &&
		real->load(stage.from.self, id, NOW, &stage.got, &stage.sink, &stage.err) == 0;
}

bool
ended(const unsigned char *id, sess_status why)
{
	return load_later(id) == 0 && stage.got.ended == why &&
		real->load(stage.to.self, id, NOW, &stage.got, &stage.sink, &stage.err) == 0 &&
		stage.got.ended == why;
}
