/* SPDX-License-Identifier: ISC */
/* test_move_many.c - what is about many sessions at once while they move: nothing is missing, nothing
 * comes twice, and one that cannot move is not in the way of the others. */
#include "move_stage.h"

static const sess_query of_alice = { .user = "alice", .now = NOW };

static int
end_all_by(move_store *m, const unsigned char *except, size_t *n)
{
	return sess_provider_move.end_all(m, &of_alice, except, SESS_REVOKED, KEEP, n, &stage.err);
}

/* -- end all ----------------------------------------------------------------------------------- */

/* A puller has read the session when a straggler ends it in FROM, puts it in TO after all, and dies. */
static void
test_put_late(void)
{
	size_t n;

	set_stage(BEFORE, INT_MAX);
	stage.slow_put = true;
	is_int(end_all_by(stage.straggler, NULL, &n), SESS_OK, "all of a user, one of them on its way");
	ok(stage.struck && !stage.slow_put, "it was read and not put");
	ok(puts_late() >= 0, "it is put now");
	ok(ended(stage.rec.id, SESS_REVOKED) && ended(stage.candidate, SESS_REVOKED),
		"and is over all the same");
	clear_stage();
}

static bool
in_from(const sess_record *rec)
{
	return real->load(stage.from.self, rec->id, NOW, &stage.got, &stage.sink, &stage.err) == 1;
}

static void
test_refused(void)
{
	size_t n = 0;

	set_stage(BEFORE, 0);
	strike(BEFORE);
	stage.fuel = INT_MAX;
	stage.refuses = true;
	is_int(end_all_by(stage.puller, NULL, &n), SESS_OK,
		"all of a user, one of whom TO does not take");
	is_int((int64_t)n, 2, "all are counted");
	ok(ended(stage.rec.id, SESS_REVOKED) && ended(stage.spared.id, SESS_REVOKED), "all are over");
	ok(!in_from(&stage.rec), "also where it stayed");
	clear_stage();
	set_stage(BEFORE, 0);
	strike(BEFORE);
	stage.fuel = INT_MAX;
	stage.refuses = true;
	is_int(end_all_by(stage.puller, stage.candidate, &n), SESS_OK, "all but that one");
	is_int((int64_t)n, 1, "are one");
	ok(in_from(&stage.rec) && ended(stage.spared.id, SESS_REVOKED), "and that one stays");
	clear_stage();
}

/* The first does not move for now; the others end, and that it went wrong is told. */
static void
test_fails_on_the_way(void)
{
	size_t n;

	set_stage(BEFORE, 0);
	strike(BEFORE);
	stage.fuel = INT_MAX;
	stage.slow_put = true;
	is_int(end_all_by(stage.puller, NULL, &n), SESS_STORE, "all, and one fails");
	ok(strstr(stage.err.text, "it died") != NULL, "it says why: %s", stage.err.text);
	ok(in_from(&stage.rec) != in_from(&stage.spared) &&
		ended(in_from(&stage.rec) ? stage.spared.id : stage.rec.id, SESS_REVOKED),
		"all but that one are over");
	clear_stage();
}

/* -- list and count ---------------------------------------------------------------------------- */

typedef struct seen {
	size_t n, first, spared;
	bool persist;
} seen;

static int
see(void *arg, const sess_record *rec)
{
	seen *s = arg;

	s->n++;
	s->first += memcmp(rec->id, stage.rec.id, sizeof(rec->id)) == 0;
	s->spared += memcmp(rec->id, stage.spared.id, sizeof(rec->id)) == 0;
	s->persist = s->persist && rec->persist == 77;
	return 0;
}

static int
list_by(move_store *m, size_t limit, seen *s)
{
	sess_query query = of_alice;

	query.limit = limit;
	*s = (seen){ .persist = true };
	return sess_provider_move.list(m, &query, see, s, &stage.err);
}

static void
test_lists(void)
{
	for (int when = BEFORE; when <= BEHIND; when++)
		for (int steps = 0; steps <= STEPS; steps++) {
			size_t n = 0;
			seen s;

			set_stage(when, steps);
			ok(list_by(stage.straggler, 0, &s) == SESS_OK && stage.struck && s.n == 2 &&
				s.first == 1 && s.spared == 1 && s.persist, "a list, and %s it %d steps of a pull",
				when == BEFORE ? "before" : "behind", steps);
			clear_stage();
			set_stage(when, steps);
			ok(list_by(stage.straggler, 1, &s) == SESS_OK && s.n == 1, "at most one");
			clear_stage();
			set_stage(when, steps);
			is_int(sess_provider_move.count(stage.straggler, &of_alice, &n, &stage.err), SESS_OK,
				"a count");
			ok(n == (steps == 3 ? 3 : 2), "has all, and twice what is on its way: %zu", n);
			clear_stage();
		}
}

static void
test_list_refused(void)
{
	seen s;

	set_stage(BEFORE, 0);
	strike(BEFORE);
	stage.fuel = INT_MAX;
	stage.refuses = true;
	is_int(list_by(stage.puller, 0, &s), SESS_OK, "a list, when TO does not take one");
	ok(s.n == 1 && s.spared == 1, "has the others");
	clear_stage();
}

/* -- walk -------------------------------------------------------------------------------------- */

static int
see_item(void *arg, const sess_item *item)
{
	return item->rec != NULL ? see(arg, item->rec) : 0;
}

static int
walk_by(move_store *m, sess_cursor *cursor, seen *s)
{
	return sess_provider_move.walk(m, cursor, 1, see_item, s, &stage.err);
}

static void
test_walks(void)
{
	sess_cursor cursor = { { 0 } };
	seen s = { .persist = true };

	set_stage(BEHIND, STEPS);
	is_int(walk_by(stage.puller, &cursor, &s), 1, "a walk before the move");
	strike(BEHIND);
	is_int(walk_by(stage.puller, &cursor, &s), SESS_BUSY, "does not go on in TO");
	ok(strstr(stage.err.text, "began to move") != NULL && s.n == 1, "it says why: %s",
		stage.err.text);
	memset(&cursor, 0, sizeof(cursor));
	ok(walk_by(stage.puller, &cursor, &s) >= 0, "a new one does");
	clear_stage();
	memset(&cursor, 0, sizeof(cursor));
	set_stage(BEFORE, STEPS);
	is_int(walk_by(stage.straggler, &cursor, &s), SESS_BUSY,
		"a walk that the move overtakes is not taken for whole");
	clear_stage();
}

/* The fence marks a record in FROM, and who reads it does not see that. */
static void
test_marks(void)
{
	sess_cursor cursor = { { 0 } };
	seen s;

	set_stage(INT_MAX, 0);
	must(real->load(stage.from.self, stage.rec.id, NOW, &stage.got, &stage.sink, &stage.err), 1,
		"load");
	stage.got.persist = -1 - stage.got.persist;
	must(real->update(stage.from.self, &stage.got, NOW, SESS_PART_ALL, &stage.err), SESS_OK, "update");
	ok(list_by(stage.puller, 0, &s) == SESS_OK && s.first == 1 && s.persist, "not in a list");
	s = (seen){ .persist = true };
	ok(sess_provider_move.walk(stage.puller, &cursor, 9, see_item, &s, &stage.err) == 0 &&
		s.first == 1 && s.persist, "nor in a walk");
	s = (seen){ .persist = true };
	stage.fuel = INT_MAX;
	ok(sess_provider_move.item(stage.puller, stage.rec.id, see_item, &s, &stage.err) == 1 &&
		s.first == 1 && s.persist, "nor as an item");
	clear_stage();
}

int
main(void)
{
	test_put_late();
	test_refused();
	test_fails_on_the_way();
	test_lists();
	test_list_refused();
	test_walks();
	test_marks();
	return done();
}
