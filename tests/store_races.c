/* SPDX-License-Identifier: ISC */
/* store_races.c - many at once against one record: who wins is open, but the sums must be right. */
#include "store_races.h"

#include "tap.h"

#include <string.h>

#define WRITERS 16
#define ROUNDS 10               /* of a race that is over in one call */
#define ADDITIONS 40            /* by each writer */
#define STEPS 200               /* of the shared number */

static void start(race *r, racer_fn *run, int racers)
{
	if (!race_run(r, run, racers))
		bail("cannot start %d racers", racers);
}

static void new_record(race *r)
{
	if (!race_next_record(r))
		bail("cannot insert a record");
}

/* -- additions ------------------------------------------------------------------------------- */

/* Load, add one, update: what update returned. */
static int add_once(race *r, void *self)
{
	sess_record rec;
	sess_error err;
	int64_t sum = 0;
	int rc = race_look(r, self, r->id, &rec, &sum);

	if (rc != 1)
		return rc ? rc : SESS_GONE;
	sum++;
	rec.data = &sum;
	rec.len = sizeof(sum);
	return r->provider->update(self, &rec, RACE_NOW, SESS_PART_DATA, &err);
}

static int64_t add_again_and_again(race *r, void *self, int number)
{
	(void)number;
	for (int done = 0; done < ADDITIONS; ) {
		int rc = add_once(r, self);

		if (rc != SESS_OK && rc != SESS_CONFLICT)
			return RACE_STALLED;
		done += rc == SESS_OK;
	}
	return ADDITIONS;
}

/* Between hold and release there is no conflict. */
static int64_t add_holding(race *r, void *self, int number)
{
	sess_error err;

	(void)number;
	for (int i = 0; i < ADDITIONS; i++)
		if (r->provider->hold(self, r->id, &err) != SESS_OK ||
				add_once(r, self) != SESS_OK ||
				r->provider->release(self, &err) != SESS_OK)
			return RACE_STALLED;
	return ADDITIONS;
}

static void additions(race *r, racer_fn *how, const char *what)
{
	sess_record rec;
	int64_t sum = 0;

	new_record(r);
	start(r, how, WRITERS);
	is_int(race_count(r, ADDITIONS), WRITERS, "%s: every writer finished", what);
	race_look(r, r->self, r->id, &rec, &sum);
	is_int(sum, WRITERS * ADDITIONS, "%s: the sum is exact", what);
	is_int((int64_t)rec.revision, WRITERS * ADDITIONS + 1, "%s: and so is the revision", what);
}

/* -- one of many ----------------------------------------------------------------------------- */

static int64_t insert_same(race *r, void *self, int number)
{
	sess_record rec = race_record(r);
	sess_error err;

	rec.level = number;
	return r->provider->insert(self, &rec, RACE_NOW, 0, &err);
}

static void inserts(race *r)
{
	int won = 0, lost = 0, right = 0;

	for (int i = 0; i < ROUNDS; i++) {
		sess_record rec;

		race_next_id(r);
		start(r, insert_same, RACERS_MAX);
		won += race_count(r, SESS_OK);
		lost += race_count(r, SESS_CONFLICT);
		right += race_look(r, r->self, r->id, &rec, NULL) == 1 && rec.level >= 0 &&
			rec.level < RACERS_MAX && r->gave[rec.level] == SESS_OK;
	}
	is_int(won, ROUNDS, "of 64 inserts of one id one wins");
	is_int(lost, ROUNDS * (RACERS_MAX - 1), "the others hear of the conflict");
	is_int(right, ROUNDS, "it is the winner's record that is stored");
}

static int64_t offer_one(race *r, void *self, int number)
{
	unsigned char candidate[SESS_ID_BYTES];
	sess_error err;

	race_derive_id(r, "candidate", number, candidate);
	return r->provider->offer(self, r->id, candidate, candidate, RACE_NOW, RACE_NOW - 60,
		RACE_KEEP, &err);
}

/* How many of the candidates lead to a record, this way. */
static int leading(const race *r, int via)
{
	int n = 0;

	for (int i = 0; i < RACERS_MAX; i++) {
		unsigned char candidate[SESS_ID_BYTES];
		sess_record rec;

		race_derive_id(r, "candidate", i, candidate);
		n += race_look(r, r->self, candidate, &rec, NULL) == 1 && rec.via == via;
	}
	return n;
}

static void offers(race *r)
{
	int made = 0, refused = 0, leads = 0;

	for (int i = 0; i < ROUNDS; i++) {
		new_record(r);
		start(r, offer_one, RACERS_MAX);
		made += race_count(r, 1);
		refused += race_count(r, 0);
		leads += leading(r, SESS_VIA_CANDIDATE);
	}
	is_int(made, ROUNDS, "of 64 offers one is made");
	is_int(refused, ROUNDS * (RACERS_MAX - 1), "the others are refused");
	is_int(leads, ROUNDS, "one candidate leads to the record");
}

/* Half of the racers present one candidate, half another one. */
static int64_t confirm_one(race *r, void *self, int number)
{
	unsigned char candidate[SESS_ID_BYTES];
	sess_error err;

	race_derive_id(r, "candidate", number % 2, candidate);
	return r->provider->confirm(self, candidate, RACE_NOW + 2, RACE_NOW + 900,
		RACE_KEEP, &err);
}

static void confirms(race *r)
{
	int fine = 0, won = 0, lost = 0, retired = 0;

	for (int i = 0; i < ROUNDS; i++) {
		unsigned char candidate[2][SESS_ID_BYTES];
		sess_record rec;
		sess_error err;

		new_record(r);
		for (int k = 0; k < 2; k++) {
			race_derive_id(r, "candidate", k, candidate[k]);
			r->provider->offer(r->self, r->id, candidate[k], candidate[k], RACE_NOW + k,
				RACE_NOW, RACE_KEEP, &err);
		}
		start(r, confirm_one, RACERS_MAX);
		fine += race_count(r, SESS_OK);
		won += leading(r, SESS_VIA_ID);
		lost += leading(r, SESS_VIA_RETIRED);
		retired += race_look(r, r->self, r->id, &rec, NULL) == 1 &&
			rec.via == SESS_VIA_RETIRED &&
			(!memcmp(rec.id, candidate[0], sizeof(rec.id)) ||
				!memcmp(rec.id, candidate[1], sizeof(rec.id)));
	}
	is_int(won, ROUNDS, "of two candidates confirmed by 64 one becomes the id");
	is_int(lost, ROUNDS, "the other one retires");
	is_int(retired, ROUNDS, "the old id retires, and leads to the winner");
	ok(fine >= ROUNDS * RACERS_MAX / 2, "whoever confirms the winner hears that it is done");
}

/* -- numbers --------------------------------------------------------------------------------- */

/* How many of the steps this racer made. */
static int64_t count_up(race *r, void *self, int number)
{
	sess_error err;
	int64_t found = 0, mine = 0;
	char name[16];

	(void)number;
	snprintf(name, sizeof(name), "race %02x%02x", r->id[0], r->id[1]);
	while (found < STEPS) {
		int rc = r->provider->cas(self, name, found, found + 1, &found, &err);

		if (rc < 0)
			return RACE_STALLED;
		mine += rc;
		found += rc;
	}
	return mine;
}

static void numbers(race *r)
{
	int64_t steps = 0;

	race_next_id(r);
	start(r, count_up, RACERS_MAX);
	for (int i = 0; i < RACERS_MAX && r->gave[i] != RACE_STALLED; i++)
		steps += r->gave[i];
	is_int(race_count(r, RACE_STALLED), 0, "64 count up one number");
	is_int(steps, STEPS, "each step is made by exactly one");
}

/* -- the end against the late ---------------------------------------------------------------- */

/* Racer 0 ends the record after a while; the others write until they hear of it. */
static int64_t end_or_write(race *r, void *self, int number)
{
	sess_error err;
	int rc = SESS_OK;

	if (number == 0) {
		for (int i = 0; i < 20; i++)
			add_once(r, self);
		return r->provider->end(self, r->id, SESS_LOGGED_OUT, RACE_NOW, RACE_KEEP, &err);
	}
	while (rc == SESS_OK || rc == SESS_CONFLICT)
		rc = number % 2 ? add_once(r, self) :
			r->provider->touch(self, r->id, RACE_NOW + 1, RACE_END + 1, &err);
	return rc;
}

/* Racers that go on writing although they heard of it bring nothing back. */
static void ends(race *r)
{
	int ended = 0, heard = 0, said = 0;

	for (int i = 0; i < ROUNDS; i++) {
		sess_record rec, again;
		sess_error err;

		new_record(r);
		start(r, end_or_write, WRITERS);
		ended += r->gave[0] == SESS_OK;
		heard += race_count(r, SESS_GONE);
		again = race_record(r);
		r->provider->update(r->self, &again, RACE_NOW, SESS_PART_ALL, &err);
		r->provider->touch(r->self, r->id, RACE_NOW + 2, RACE_END + 2, &err);
		said += race_look(r, r->self, r->id, &rec, NULL) == 0 &&
			rec.ended == SESS_LOGGED_OUT;
	}
	is_int(ended, ROUNDS, "a record is ended while 15 write to it");
	is_int(heard, ROUNDS * (WRITERS - 1), "each of them hears that it is gone");
	is_int(said, ROUNDS, "it stays ended");
}

/* -- touch against collect ------------------------------------------------------------------- */

/* Racer 0 collects, by a clock at which the records of the others have expired when they make them,
 * and no longer have when they have touched them. */
static int64_t touch_or_collect(race *r, void *self, int number)
{
	unsigned char id[SESS_ID_BYTES];
	sess_error err;
	size_t n;

	if (number == 0) {
		while (!atomic_load(&r->over))
			if (r->provider->collect(self, RACE_NOW + 10, 5, &n, &err) != SESS_OK)
				return RACE_STALLED;
		return SESS_OK;
	}
	race_derive_id(r, "own", number, id);
	for (int i = 0; i < ADDITIONS; i++) {
		sess_record rec = race_record(r);
		int rc;

		id[0] = (unsigned char)i;
		memcpy(rec.id, id, sizeof(id));
		rec.expires = RACE_NOW + 10;
		rc = r->provider->insert(self, &rec, RACE_NOW, 0, &err);
		if (rc == SESS_OK)
			rc = r->provider->touch(self, id, RACE_NOW + 1, RACE_END, &err);
		/* Once the touch was answered the record is there to stay; else it is gone. */
		if (rc != SESS_OK && rc != SESS_GONE)
			return RACE_STALLED;
		if (race_look(r, self, id, &rec, NULL) != (rc == SESS_OK))
			return 1;
	}
	if (number == 1)
		atomic_store(&r->over, true);
	return SESS_OK;
}

static void collections(race *r)
{
	race_next_id(r);
	start(r, touch_or_collect, WRITERS);
	is_int(race_count(r, SESS_OK), WRITERS,
		"a record that was touched in time is not collected");
}

int store_races_main(const sess_provider *provider, const char *path)
{
	const char *why;
	race *r = race_make(provider, path, &why);

	if (!r)
		bail("%s", why);
	additions(r, add_again_and_again, "16 add, trying again");
	if (provider->hold)
		additions(r, add_holding, "16 add, holding");
	inserts(r);
	offers(r);
	confirms(r);
	numbers(r);
	ends(r);
	collections(r);
	race_free(r);
	return done();
}
