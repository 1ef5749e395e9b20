/* SPDX-License-Identifier: ISC */
/*
 * test_store_move.c - what must not be lost when a session moves just then. A straggler is a
 * program that read that the move had not begun; the move begins, and a puller takes some steps and
 * dies, right before or right behind what the straggler does in the old store.
 */
#include "move_stage.h"

/* -- what the straggler does; true if nothing went wrong --------------------------------------- */

static bool
does_load(void)
{
	return load_by(stage.straggler, stage.candidate) == 1 && stage.got.persist == 77 &&
		is_data("{\"n\":1}") && lives(stage.rec.id, SESS_VIA_ID, "{\"n\":1}");
}

static bool
does_insert(void)
{
	sess_record rec = make_record(4);

	return sess_provider_move.insert(stage.straggler, &rec, NOW, 0, &stage.err) == SESS_OK &&
		real->load(stage.to.self, rec.id, NOW, &stage.got, &stage.sink, &stage.err) == 1 &&
		lives(rec.id, SESS_VIA_ID, "{\"n\":1}");
}

/* As the core does: after a conflict all of it once more. */
static int
write_again(int (*write)(const sess_record *))
{
	int rc = write(&stage.rec);

	if (rc != SESS_CONFLICT)
		return rc;
	return load_by(stage.straggler, stage.rec.id) == 1 ? write(&stage.got) : SESS_STORE;
}

static int
update(const sess_record *as)
{
	sess_record rec = *as;

	rec.data = "{\"n\":22}";
	rec.len = 8;
	return sess_provider_move.update(stage.straggler, &rec, NOW, SESS_PART_ALL, &stage.err);
}

static bool
does_update(void)
{
	return write_again(update) == SESS_OK &&
		lives(stage.candidate, SESS_VIA_CANDIDATE, "{\"n\":22}");
}

static int
replace(const sess_record *as)
{
	sess_record rec = *as;

	memcpy(rec.id, stage.fresh, sizeof(rec.id));
	return sess_provider_move.replace(stage.straggler, stage.rec.id, &rec, SESS_ROTATED, NOW, KEEP,
		&stage.err);
}

static bool
does_replace(void)
{
	return write_again(replace) == SESS_OK && lives(stage.fresh, SESS_VIA_ID, "{\"n\":1}") &&
		ended(stage.rec.id, SESS_ROTATED) && ended(stage.candidate, SESS_ROTATED);
}

static bool
does_touch(void)
{
	return sess_provider_move.touch(stage.straggler, stage.rec.id, NOW, NOW + 1900, &stage.err)
		== SESS_OK && load_later(stage.rec.id) == 1 && stage.got.seen == NOW &&
		stage.got.expires == NOW + 1900 && lives(stage.rec.id, SESS_VIA_ID, "{\"n\":1}");
}

static bool
does_offer(void)
{
	int rc = sess_provider_move.offer(stage.straggler, stage.rec.id, stage.fresh, stage.fresh, NOW,
		NOW - 60, KEEP, &stage.err);

	return (rc == 0 || (rc == 1 && lives(stage.fresh, SESS_VIA_CANDIDATE, "{\"n\":1}"))) &&
		lives(stage.candidate, SESS_VIA_CANDIDATE, "{\"n\":1}");
}

static bool
does_confirm(void)
{
	return sess_provider_move.confirm(stage.straggler, stage.candidate, NOW, NOW + 900, KEEP,
		&stage.err) == SESS_OK && lives(stage.candidate, SESS_VIA_ID, "{\"n\":1}") &&
		lives(stage.rec.id, SESS_VIA_RETIRED, "{\"n\":1}");
}

static bool
does_end(void)
{
	return sess_provider_move.end(stage.straggler, stage.rec.id, SESS_LOGGED_OUT, NOW, KEEP,
		&stage.err) == SESS_OK && ended(stage.rec.id, SESS_LOGGED_OUT) &&
		ended(stage.candidate, SESS_LOGGED_OUT) && lives(stage.spared.id, SESS_VIA_ID, "{\"n\":1}");
}

static bool
does_end_all(void)
{
	const sess_query query = { .user = "alice", .now = NOW };
	size_t n = 0;

	return sess_provider_move.end_all(stage.straggler, &query, stage.spared.id, SESS_REVOKED, KEEP,
		&n, &stage.err) == SESS_OK && n >= 1 && ended(stage.rec.id, SESS_REVOKED) &&
		ended(stage.candidate, SESS_REVOKED) && lives(stage.spared.id, SESS_VIA_ID, "{\"n\":1}");
}

static void
test_stragglers(void)
{
	static const struct { const char *name; bool (*does)(void); } calls[] = {
		{ "load", does_load }, { "insert", does_insert }, { "update", does_update },
		{ "replace", does_replace }, { "touch", does_touch }, { "offer", does_offer },
		{ "confirm", does_confirm }, { "end", does_end }, { "end_all", does_end_all },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		for (int when = BEFORE; when <= BEHIND; when++)
			for (int steps = 0; steps <= STEPS; steps++) {
				set_stage(when, steps);
				ok(calls[i].does() && stage.struck, "%s, and %s it %d steps of a pull",
					calls[i].name, when == BEFORE ? "before" : "behind", steps);
				clear_stage();
			}
}

/* -- nobody else is there ---------------------------------------------------------------------- */

static void
test_crashes(void)
{
	for (int steps = 0; steps <= STEPS; steps++) {
		set_stage(BEFORE, steps);
		strike(BEFORE);
		ok(lives(stage.candidate, SESS_VIA_CANDIDATE, "{\"n\":1}") &&
			lives(stage.rec.id, SESS_VIA_ID, "{\"n\":1}"), "a crash after %d steps", steps);
		ok(stage.got.ended == SESS_IDLE, "nothing more happens to what is left there");
		clear_stage();
	}
}

/* What a crash has left in FROM is not there any more when TO forgets that the id has ended. */
static void
test_leaves_nothing(void)
{
	set_stage(BEFORE, 3);
	strike(BEFORE);
	ok(real->load(stage.from.self, stage.rec.id, NOW, &stage.got, &stage.sink, &stage.err) == 1,
		"a crash leaves the session in FROM as well");
	must(load_later(stage.rec.id), 1, "load");
	memcpy(stage.got.id, stage.fresh, sizeof(stage.fresh));
	is_int(sess_provider_move.replace(stage.puller, stage.rec.id, &stage.got, SESS_ROTATED, NOW,
		KEEP, &stage.err), SESS_OK, "a login");
	ok(real->load(stage.from.self, stage.rec.id, NOW, &stage.got, &stage.sink, &stage.err) == 0,
		"takes it away there");
	clear_stage();
}

/* It ends in FROM when TO has it already, and who ended it says so to nobody. */
static void
test_ends_meanwhile(void)
{
	set_stage(BEFORE, INT_MAX);
	stage.ends = true;
	strike(BEFORE);
	is_int(real->load(stage.to.self, stage.candidate, NOW, &stage.got, &stage.sink, &stage.err), 0,
		"what ends there while it moves");
	is_int(stage.got.ended, SESS_LOGGED_OUT, "ends here as well");
	clear_stage();
}

/* Many who pull the same one do not move its revision beyond what TO made of it since. */
static void
test_pulled_late(void)
{
	set_stage(BEFORE, 3);
	strike(BEFORE);
	for (int i = 0; i < 3; i++) {
		stage.fuel = 3;
		(void)move_pull(&stage.puller->pair, stage.rec.id, &stage.err);
	}
	must(load_later(stage.rec.id), 1, "load");
	stage.got.data = "{\"n\":2}";
	is_int(sess_provider_move.update(stage.puller, &stage.got, NOW, SESS_PART_DATA, &stage.err),
		SESS_OK, "what was moved is changed");
	for (int i = 0; i < 3; i++) {
		stage.fuel = 3;
		(void)move_pull(&stage.puller->pair, stage.rec.id, &stage.err);
	}
	ok(load_later(stage.rec.id) == 1 && is_data("{\"n\":2}"),
		"and stays so, whoever pulls it again");
	clear_stage();
}

static void
test_follows(void)
{
	sess_record rec = make_record(4);

	set_stage(BEFORE, 0);
	must(real->replace(stage.from.self, stage.rec.id, &rec, SESS_ROTATED, NOW, KEEP, &stage.err),
		SESS_OK, "replace");
	strike(BEFORE);
	stage.fuel = INT_MAX;
	is_int(sess_provider_move.end(stage.puller, stage.candidate, SESS_LOGGED_OUT, NOW, KEEP,
		&stage.err), SESS_OK, "a late logout, by an id from before a login");
	ok(ended(rec.id, SESS_LOGGED_OUT), "ends what took its place, which had not moved yet");
	clear_stage();
}

/* An id that leads to a session no more, because it is outdated and was collected. */
static void
test_collected(void)
{
	set_stage(BEFORE, 0);
	must(real->confirm(stage.from.self, stage.candidate, NOW - 90, NOW + 900, NOW - 60, &stage.err),
		SESS_OK, "confirm");
	strike(BEFORE);
	stage.fuel = INT_MAX;
	stage.collects = true;
	(void)move_pull(&stage.puller->pair, stage.rec.id, &stage.err);
	stage.collects = false;
	ok(lives(stage.candidate, SESS_VIA_ID, "{\"n\":1}"),
		"what was not put in TO is not taken away in FROM");
	clear_stage();
}

/* TO does not take a session: who has it can still log out, and it stays where it is until then. Once
 * it is over, nobody who has read it before can put it there. */
static void
test_refused(void)
{
	set_stage(BEFORE, 0);
	strike(BEFORE);
	stage.fuel = INT_MAX;
	stage.slow_put = true;
	must(move_pull(&stage.puller->pair, stage.rec.id, &stage.err), SESS_STORE, "pull");
	stage.refuses = true;
	is_int(load_by(stage.puller, stage.rec.id), SESS_TOOBIG, "a session that TO does not take");
	ok(strstr(stage.err.text, stage.path[0]) != NULL, "is said to be in FROM: %s", stage.err.text);
	is_int(sess_provider_move.end(stage.puller, stage.candidate, SESS_LOGGED_OUT, NOW, KEEP,
		&stage.err), SESS_OK, "its visitor logs out");
	ok(real->load(stage.from.self, stage.rec.id, NOW, &stage.got, &stage.sink, &stage.err) == 0 &&
		stage.got.ended == SESS_LOGGED_OUT, "and it is over in FROM");
	ok(puts_late() >= 0 && ended(stage.rec.id, SESS_LOGGED_OUT), "and in TO");
	clear_stage();
}

static int
set_number(const move_end *at, const char *name, int64_t from, int64_t to)
{
	int64_t found;

	return at->store->cas(at->self, name, from, to, &found, &stage.err);
}

static void
test_names(void)
{
	int64_t begun = (5 << MOVE_NAME_SHIFT) | MOVE_BEGUN;

	set_stage(BEHIND, 0);
	stage.fuel = INT_MAX;
	must(set_number(&stage.from, MOVE_NUMBER, 0, begun), 1, "cas");
	is_int(load_by(stage.puller, stage.rec.id), SESS_CONFIG, "FROM moves to another store than TO");
	ok(strstr(stage.err.text, stage.path[0]) != NULL && strstr(stage.err.text, stage.path[1]) != NULL,
		"both are named: %s", stage.err.text);
	is_int(load_by(stage.puller, stage.rec.id), SESS_CONFIG, "each time");
	must(set_number(&stage.to, MOVE_NAME, 0, 5), 1, "cas");
	is_int(load_by(stage.puller, stage.rec.id), 1, "it moves to TO");
	must(set_number(&stage.from, MOVE_NUMBER, begun, (6 << MOVE_NAME_SHIFT) | MOVE_DONE), 1, "cas");
	is_int(load_by(stage.puller, stage.rec.id), SESS_CONFIG, "and has moved elsewhere since");
	clear_stage();
}

static void
test_idle(void)
{
	set_stage(BEHIND, 0);
	is_int(sess_provider_move.idle(stage.puller, &stage.err), SESS_STORE, "when FROM fails");
	is_int(stage.idled, 1, "TO is taken care of as well");
	must(set_number(&stage.from, MOVE_NUMBER, 0, MOVE_DONE), 1, "cas");
	must(load_by(stage.puller, stage.rec.id), 0, "load");
	is_int(sess_provider_move.idle(stage.puller, &stage.err), SESS_OK, "once it is done");
	is_int(stage.idled, 2, "only TO is");
	clear_stage();
}

static void
test_phases(void)
{
	int64_t found;

	set_stage(BEFORE, 0);
	stage.down = true;
	stage.fuel = INT_MAX;
	is_int(load_by(stage.puller, stage.rec.id), 1, "before it begins, TO is not asked");
	strike(BEFORE);
	is_int(load_by(stage.puller, stage.rec.id), SESS_STORE, "when TO fails, FROM is not believed");
	stage.down = false;
	stage.fuel = 0;
	is_int(load_by(stage.puller, stage.rec.id), SESS_STORE,
		"when FROM fails, what may be there is not unknown");
	must(real->cas(stage.from.self, MOVE_NUMBER, MOVE_BEGUN, MOVE_DONE, &found, &stage.err), 1,
		"cas");
	is_int(load_by(stage.puller, stage.rec.id), 0, "once it is done, FROM is asked no more");
	clear_stage();
	set_stage(BEFORE, 0);
	must(real->cas(stage.from.self, MOVE_NUMBER, 0, 7, &found, &stage.err), 1, "cas");
	is_int(load_by(stage.puller, stage.rec.id), SESS_STORE, "a phase that there is not");
	ok(strstr(stage.err.text, MOVE_NUMBER) != NULL, "is named");
	clear_stage();
}

static void
test_urls(void)
{
	static const char *const bad[] = { "move:", "move:memory:", "move:memory:a memory:a",
		"move:memory:a cookie:memory:b" };
	const sess_limits limits = { .max_sessions = 10, .busy_ms = 10 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		sess_error err = { 0 };
		store s;
		int rc = store_find(&s, bad[i], &limits, &err);

		if (rc == SESS_OK) {
			rc = store_check(&s, &err);
			store_close(&s);
		}
		ok(rc == SESS_CONFIG && err.text[0] != '\0', "\"%s\" is refused: %s", bad[i], err.text);
	}
}

int
main(void)
{
	test_stragglers();
	test_crashes();
	test_leaves_nothing();
	test_ends_meanwhile();
	test_pulled_late();
	test_follows();
	test_collected();
	test_refused();
	test_names();
	test_idle();
	test_phases();
	test_urls();
	return done();
}
