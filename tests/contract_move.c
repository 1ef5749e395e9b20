/* SPDX-License-Identifier: ISC */
/*
 * contract_move.c - the contract of stores, for move:FROM TO: before the move, while it is under
 * way, and after it. And once more while each session begins in FROM, so that each call has to
 * bring over first what it is about.
 */
#include "move_fixture.h"
#include "store_contract.h"
#include "support.h"
#include "tap.h"

extern const sess_provider sess_provider_sqlite, sess_provider_file, sess_provider_memory,
	sess_provider_move;

static void
report(void *arg, int sentence, int number, bool passed, const char *text)
{
	ok(passed, "%s: %d.%d %s", (const char *)arg, sentence, number, text);
}

static void
run(const sess_provider *over, const char *phase, const int *sentences)
{
	char *path = temp_path(phase);

	for (; *sentences >= 0; sentences++)
		(void)store_contract(over, path, *sentences, report, (void *)(uintptr_t)phase);
	free(path);
}

/* -- what begins in FROM ----------------------------------------------------------------------- */

static int
insert_behind(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	const move_pair *p = &((move_store *)self)->pair;
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record there;
	int rc = p->to.store->load(p->to.self, rec->id, now, &there, &sink, err);

	arena_free(&sink.memory);
	/* What is over there already is for TO to refuse. */
	if (rc == 0 && there.ended != SESS_UNKNOWN)
		return sess_provider_move.insert(self, rec, now, flags, err);
	return p->from.store->insert(p->from.self, rec, now, flags, err);
}

/* The move itself is one revision, which the contract does not expect. */
static int
load_behind(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	int rc = sess_provider_move.load(self, id, now, out, sink, err);

	if (rc == 1)
		out->revision--;
	return rc;
}

static int
update_behind(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	sess_record moved = *rec;

	moved.revision++;
	return sess_provider_move.update(self, &moved, now, part, err);
}

static int
replace_behind(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	sess_record moved = *rec;

	moved.revision++;
	return sess_provider_move.replace(self, old, &moved, why, now, keep, err);
}

int
main(void)
{
	static const int all[] = { 0, -1 };
	/* Not those about inserts themselves (5, 24), about times before 1970 (1), ids that were given
	 * out twice (14), revisions that a list tells (18), and what one store alone has to say (20, 26
	 * to 28). */
	static const int behind[] = { 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 19, 21, 22, -1 };
	sess_provider over = move_between(&sess_provider_sqlite, &sess_provider_file, MOVE_NOT);

	run(&over, "not begun", all);
	over = move_between(&sess_provider_file, &sess_provider_sqlite, MOVE_BEGUN);
	run(&over, "begun", all);
	over = move_between(&sess_provider_memory, &sess_provider_sqlite, MOVE_DONE);
	run(&over, "done", all);
	over = move_between(&sess_provider_sqlite, &sess_provider_file, MOVE_BEGUN);
	over.insert = insert_behind;
	over.load = load_behind;
	over.update = update_behind;
	over.replace = replace_behind;
	run(&over, "behind", behind);
	return done();
}
