/* SPDX-License-Identifier: ISC */
/* test_home.c - the core of stores on the least of stores: the whole contract, with and without
 * others who are first; then every fault at every step, and values that are damaged. */
#include "home_shelf.h"
#include "store_contract.h"
#include "tap.h"

#include <stdlib.h>

#define NOW CONTRACT_NOW
#define STEPS_MAX 40
#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

/* -- the contract ------------------------------------------------------------------------------ */

static void
count_checks(void *arg, int sentence, int number, bool passed, const char *text)
{
	int *passes = arg;

	*passes += passed;
	if (!passed)
		diag("%d.%d %s", sentence, number, text);
}

static void
keeps_the_contract(const char *path, unsigned conflicts)
{
	int passes = 0;

	shelf_faulty = (shelf_faults){ .conflicts = conflicts };
	is_int(store_contract(&home_shelf, path, 0, count_checks, &passes), 0,
		"the contract, with a conflict every %u swaps", conflicts);
	ok(passes > 900, "%d checks", passes);
	shelf_faulty = (shelf_faults){ .conflicts = 0 };
}

/* -- faults ------------------------------------------------------------------------------------ */

/* A contract to call its helpers with. */
static contract
open_shelf(const char *name)
{
	static unsigned serial;
	static int ignored;
	contract c = { .provider = &home_shelf, .report = count_checks, .arg = &ignored,
		.limits = { .max_bytes = 1000, .busy_ms = 20 } };

	snprintf(c.here, sizeof(c.here), "%s-%u", name, ++serial);
	c.serial = serial * 1000;
	c.self = open_handle(&c);
	return c;
}

static void
close_shelf(contract *c)
{
	c->provider->close(c->self);
	arena_free(&c->sink.memory);
}

/* A session of a user with a candidate, and what is done with it. */
typedef struct play {
	sess_record rec, next;
	unsigned char candidate[SESS_ID_BYTES], other[SESS_ID_BYTES];
} play;

static int
play_insert(contract *c, play *p)
{
	return do_insert(c, &p->next);
}

static int
play_update(contract *c, play *p)
{
	sess_record rec = p->rec;

	rec.expires += 500;
	return do_update(c, &rec, NOW, SESS_PART_ALL);
}

static int
play_touch(contract *c, play *p)
{
	return do_touch(c, p->rec.id, NOW + 5, p->rec.expires + 5);
}

static int
play_offer(contract *c, play *p)
{
	int rc = do_offer(c, p->rec.id, p->other, NOW + 60, NOW);

	return rc == 1 ? SESS_OK : rc;
}

static int
play_confirm(contract *c, play *p)
{
	return do_confirm(c, p->candidate, NOW);
}

static int
play_replace(contract *c, play *p)
{
	return do_replace(c, p->rec.id, &p->next, NOW);
}

static int
play_end(contract *c, play *p)
{
	return do_end(c, p->rec.id, SESS_LOGGED_OUT);
}

static int
play_end_all(contract *c, play *p)
{
	sess_query q = { .user = p->rec.user, .now = NOW };

	return do_end_all(c, &q, NULL, SESS_REVOKED) == SIZE_MAX ? SESS_STORE : SESS_OK;
}

static int
play_collect(contract *c, play *p)
{
	return do_collect(c, p->rec.expires, 100) == SIZE_MAX ? SESS_STORE : SESS_OK;
}

static play
set_up(contract *c)
{
	play p = { .rec = fresh_record(c), .next = fresh_record(c) };

	p.rec.user = "ann";
	p.next.user = "ben";
	fresh_id(c, p.candidate);
	fresh_id(c, p.other);
	if (do_insert(c, &p.rec) != SESS_OK || do_offer(c, p.rec.id, p.candidate, NOW, 0) != 1)
		bail("cannot begin");
	return p;
}

/* Every live record is found by its user, and everything goes once it is outdated: NULL, or what is
 * wrong. */
static const char *
unsound(contract *c, const play *p)
{
	const unsigned char *const ids[] = { p->rec.id, p->next.id, p->candidate, p->other };
	sess_query all = { .now = NOW }, of[] = { { .user = "ann", .now = NOW },
		{ .user = "ben", .now = NOW } };
	size_t n = do_count(c, &all);

	if (n != do_count(c, &of[0]) + do_count(c, &of[1]))
		return "a live session is not found by its user";
	for (size_t i = 0; i < PARTS(ids); i++)
		if (do_load(c, ids[i], NOW) == 1 && n == 0)
			return "a session is served that is not counted";
	/* Pointers are looked at again within a day. */
	for (int64_t at = CONTRACT_KEEP; at < CONTRACT_KEEP + 4 * 86400; at += 86400)
		(void)do_collect(c, at, 1000);
	if (shelf_values(c->self) != 0)
		return "a value is left";
	(void)do_count(c, &of[0]);
	(void)do_count(c, &of[1]);
	return shelf_marks(c->self) != 0 ? "a mark is left" : NULL;
}

/* The n-th call that changes something fails, with down all after it: false if there are fewer. */
static bool
fails_at(const char *name, int (*act)(contract *, play *), int step, bool down, int *faults)
{
	contract c = open_shelf(name);
	play p = set_up(&c);
	const char *fault = NULL;
	bool reached;
	int rc;

	shelf_faulty = (shelf_faults){ .fail_after = step, .stay_down = down };
	rc = act(&c, &p);
	reached = down ? shelf_faulty.fail_after == 1 && rc != SESS_OK : shelf_faulty.fail_after == 0;
	shelf_faulty.fail_after = 0;
	if (rc != SESS_OK && rc != SESS_STORE)
		fault = "another failure";
	else if (rc != SESS_OK && act(&c, &p) != SESS_OK)
		fault = "it fails again when nothing is wrong";
	if (!fault)
		fault = unsound(&c, &p);
	if (fault && (*faults)++ < 5)
		diag("%s, step %d: %s", name, step, fault);
	close_shelf(&c);
	return reached;
}

static void
faults_at_each_step(void)
{
	static const struct { const char *name; int (*act)(contract *, play *); } acts[] = {
		{ "insert", play_insert }, { "update", play_update }, { "touch", play_touch },
		{ "offer", play_offer }, { "confirm", play_confirm }, { "replace", play_replace },
		{ "end", play_end }, { "end_all", play_end_all }, { "collect", play_collect } };

	for (size_t i = 0; i < PARTS(acts); i++) {
		int step[2] = { 1, 1 }, faults = 0;

		for (int down = 0; down < 2; down++)
			while (step[down] < STEPS_MAX &&
				fails_at(acts[i].name, acts[i].act, step[down], down, &faults))
				step[down]++;
		ok(faults == 0 && step[0] > 1 && step[0] < STEPS_MAX, "%s, a fault at each of %d steps",
			acts[i].name, step[0] - 1);
	}
}

static void
never_first(void)
{
	contract c = open_shelf("busy");
	sess_record rec = stored_record(&c);

	shelf_faulty = (shelf_faults){ .conflicts = 1 };
	is_int(do_touch(&c, rec.id, NOW + 1, rec.expires + 1), SESS_BUSY,
		"who is never first gives up");
	shelf_faulty = (shelf_faults){ .conflicts = 0 };
	is_int(do_load(&c, rec.id, NOW), 1, "the record is there");
	is_int(c.got.seen, rec.seen, "as it was");
	close_shelf(&c);
}

/* -- damage ------------------------------------------------------------------------------------ */

static int
count_item(void *arg, const sess_item *item)
{
	(void)item;
	++*(int *)arg;
	return 0;
}

/* What all calls make of a session whose value is damaged: NULL, or what is wrong. */
static const char *
served_damaged(contract *c, const play *p)
{
	sess_query ann = { .user = "ann", .now = NOW };
	sess_record rec = p->rec;
	sess_cursor cursor = { { 0 } };
	int items = 0;

	if (do_load(c, p->rec.id, NOW) != 0 || c->got.ended != SESS_DAMAGED)
		return "load";
	if (do_load(c, p->candidate, NOW) != 0 || c->got.ended != SESS_DAMAGED)
		return "load by a candidate";
	if (do_update(c, &rec, NOW, SESS_PART_ALL) != SESS_GONE)
		return "update";
	if (do_confirm(c, p->candidate, NOW) != SESS_GONE)
		return "confirm";
	if (do_insert(c, &rec) != SESS_CONFLICT)
		return "insert";
	if (do_count(c, &ann) != 0)
		return "count";
	while (c->provider->walk(c->self, &cursor, 1, count_item, &items, &c->err) == 1)
		continue;
	return items != 0 ? "walk" : NULL;
}

static void
damaged_values(void)
{
	contract c = open_shelf("damage");
	play p = set_up(&c);
	home_value *v = shelf_value(c.self, p.rec.id);
	size_t wrong = 0, len = v->len;

	for (size_t i = 0; i < 8 * len; i++) {
		v->bytes[i / 8] ^= (unsigned char)(1 << i % 8);
		wrong += served_damaged(&c, &p) != NULL;
		v->bytes[i / 8] ^= (unsigned char)(1 << i % 8);
	}
	is_int((int64_t)wrong, 0, "any of %zu bits wrong: damaged for every call", 8 * len);
	for (v->len = 0; v->len < len; v->len++)
		wrong += served_damaged(&c, &p) != NULL;
	is_int((int64_t)wrong, 0, "cut off at any place");
	is_int(do_load(&c, p.rec.id, NOW), 1, "whole again, it is served");
	v->len--;
	is_int(do_end(&c, p.candidate, SESS_LOGGED_OUT), SESS_OK, "a damaged one is ended");
	is_int(do_load(&c, p.rec.id, NOW), 0, "for good");
	is_int(c.got.ended, SESS_LOGGED_OUT, "and says so");
	close_shelf(&c);
}

/* Somebody who can write to the store, but has no cookie, moves values about. */
static void
moved_values(void)
{
	contract c = open_shelf("moved");
	play p = set_up(&c);
	sess_record mine = stored_record(&c);
	home_value *victim = shelf_value(c.self, p.rec.id), *own = shelf_value(c.self, mine.id), kept;

	kept = *own;
	*own = *victim;
	is_int(do_load(&c, mine.id, NOW), 0, "another session's value under one's own id");
	is_int(c.got.ended, SESS_DAMAGED, "is damaged");
	*own = kept;
	is_int(do_load(&c, mine.id, NOW), 1, "one's own is fine");
	close_shelf(&c);
}

/* -- many ids ---------------------------------------------------------------------------------- */

static void
many_ids(void)
{
	contract c = open_shelf("many");
	sess_record rec = stored_record(&c), next;
	unsigned char candidate[SESS_ID_BYTES], first[SESS_ID_BYTES];
	int made = 0;

	memcpy(first, rec.id, sizeof(first));
	for (int i = 0; i < 2000; i++) {
		fresh_id(&c, candidate);
		made += do_offer(&c, rec.id, candidate, NOW + i % 100, INT64_MAX) == 1;
	}
	is_int(made, 1024, "candidates that nobody brings come to an end");
	is_int(do_load(&c, candidate, NOW), 0, "the last one was not made");
	is_int(do_load(&c, rec.id, NOW), 1, "the session goes on");
	for (int i = 0; i < 600; i++) {
		next = fresh_record(&c);
		next.revision = (uint64_t)i + 1;
		if (do_replace(&c, rec.id, &next, NOW) != SESS_OK)
			bail("cannot replace");
		rec = next;
	}
	ok(shelf_value(c.self, first)->len < 40000, "former ids do not pile up");
	is_int(do_load(&c, rec.id, NOW), 1, "the newest is served");
	is_int(do_end(&c, first, SESS_LOGGED_OUT), SESS_OK, "a logout by the first of 600 ids");
	is_int(do_load(&c, rec.id, NOW), 0, "ends it");
	close_shelf(&c);
}

int
main(void)
{
	keeps_the_contract("plain", 0);
	keeps_the_contract("conflicts", 3);
	faults_at_each_step();
	never_first();
	damaged_values();
	moved_values();
	many_ids();
	return done();
}
