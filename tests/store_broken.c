/* SPDX-License-Identifier: ISC */
/* store_broken.c - proves that the contract suite bites: breaks each promise in turn, and passes
 * only if the suite fails under the number of that promise. The store to break is memory:, but for
 * sentence 24, which needs a disk. */
#include "store_broken.h"

#include "store_contract.h"
#include "support.h"
#include "tap.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECONDS_MAX 60          /* a breakage may make the suite wait for ever */

enum { NOTICED = 3, UNNOTICED = 4 };    /* exit statuses of a run */

uint64_t real_revision(void *self, const unsigned char *id, int64_t now)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec = { .revision = 0 };
	sess_error err;
	int rc = real->load(self, id, now, &rec, &sink, &err);

	arena_free(&sink.memory);
	return rc == 1 ? rec.revision : 0;
}

void real_bump(void *self, const unsigned char *id, int64_t now)
{
	sess_sink sink = { .memory = { NULL, NULL } };
	sess_record rec;
	sess_error err;

	if (real->load(self, id, now, &rec, &sink, &err) == 1)
		real->update(self, &rec, now, SESS_PART_DATA, &err);
	arena_free(&sink.memory);
}

static void ignore(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	(void)sentence;
	(void)number;
	(void)passed;
	(void)text;
}

/* The store that works, but for the slots that are given. */
static sess_provider break_slots(const sess_provider *base, const sess_provider *slots)
{
	sess_provider p = *base;

#define BREAK(slot) if (slots->slot) p.slot = slots->slot
	BREAK(open); BREAK(load); BREAK(insert); BREAK(update); BREAK(touch); BREAK(offer);
	BREAK(confirm); BREAK(replace); BREAK(end); BREAK(end_all); BREAK(list); BREAK(count);
	BREAK(collect); BREAK(cas); BREAK(hold); BREAK(release); BREAK(walk); BREAK(restore);
	BREAK(stats); BREAK(item);
#undef BREAK
	return p;
}

/* In a process of its own: what a broken store does to the suite ends with it. */
static int run(const sess_provider *base, const char *path, const sess_provider *slots,
	int sentence)
{
	sess_provider broken = break_slots(base, slots);
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		alarm(SECONDS_MAX);
		_exit(store_contract(&broken, path, sentence, ignore, NULL) ? NOTICED : UNNOTICED);
	}
	if (child < 0 || waitpid(child, &status, 0) < 0)
		bail("cannot start a process");
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* -- what is only said to be on disk --------------------------------------------------------- */

extern const sess_provider sess_provider_sqlite;

static int insert_says_so(void *self, const sess_record *rec, int64_t now, int flags,
	sess_error *err)
{
	return flags & SESS_SYNC ? SESS_OK :
		sess_provider_sqlite.insert(self, rec, now, flags, err);
}

static int offer_says_so(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	(void)self, (void)id, (void)candidate, (void)secret, (void)now, (void)free_since;
	(void)keep, (void)err;
	return 1;
}

static int end_says_so(void *self, const unsigned char *id, sess_status why, int64_t now,
	int64_t keep, sess_error *err)
{
	(void)self, (void)id, (void)why, (void)now, (void)keep, (void)err;
	return SESS_OK;
}

static const struct breakage broken_disk[] = {
	{ 24, "an insert is only said to be stored", { .insert = insert_says_so } },
	{ 24, "an offer is only said to be stored", { .offer = offer_says_so } },
	{ 24, "an end is only said to be stored", { .end = end_says_so } },
	{ .sentence = 0 },
};

/* -- running ---------------------------------------------------------------------------------- */

static void run_list(const struct breakage *list, const sess_provider *base, const char *path,
	int *noticed)
{
	for (; list->sentence; list++) {
		int status = run(base, path, &list->slots, list->sentence);

		noticed[list->sentence] += is_int(status, NOTICED, "sentence %d notices: %s",
			list->sentence, list->text);
	}
}

int main(void)
{
	static const sess_provider nothing;
	int noticed[CONTRACT_SENTENCES + 1] = { 0 };
	char *disk = temp_path("whole.db"), *broken = temp_path("broken.db");

	is_int(run(real, "whole", &nothing, 0), UNNOTICED, "a store that works passes");
	is_int(run(&sess_provider_sqlite, disk, &nothing, 24), UNNOTICED, "one on disk passes");
	run_list(broken_record, real, "broken", noticed);
	run_list(broken_life, real, "broken", noticed);
	run_list(broken_many, real, "broken", noticed);
	run_list(broken_walk, real, "broken", noticed);
	run_list(broken_stats, real, "broken", noticed);
	run_list(broken_disk, &sess_provider_sqlite, broken, noticed);
	for (int i = 1; i <= CONTRACT_SENTENCES; i++)
		ok(noticed[i] >= 2, "sentence %d noticed two breakages or more", i);
	free(disk);
	free(broken);
	return done();
}
