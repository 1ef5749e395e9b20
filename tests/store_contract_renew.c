/* SPDX-License-Identifier: ISC */
/* store_contract_renew.c - sentences 10 to 13 of the contract: offer, confirm, retire. */
#include "store_contract.h"

#include <string.h>

#define NOW CONTRACT_NOW

/* -- 10 offer -------------------------------------------------------------------------------- */

void contract_offer(contract *c)
{
	unsigned char first[SESS_ID_BYTES], second[SESS_ID_BYTES], third[SESS_ID_BYTES];
	sess_record rec = stored_record(c), other;

	fresh_id(c, first);
	fresh_id(c, second);
	fresh_id(c, third);
	check_int(c, do_offer(c, rec.id, first, NOW, NOW - 60), 1, "the first offer");
	rec.offered = NOW;
	check_found(c, &rec, NOW, 1, "the own id goes on working, only offered moved");
	check_int(c, do_offer(c, rec.id, second, NOW + 30, NOW - 30), 0, "too soon after it");
	check_found(c, &rec, NOW, 1, "a refused offer changes nothing");
	check_ended(c, second, NOW, SESS_UNKNOWN, "a refused candidate leads nowhere");
	check_int(c, do_offer(c, rec.id, second, NOW + 59, NOW - 1), 0, "just too soon");
	check_int(c, do_offer(c, rec.id, second, NOW + 60, NOW), 1, "no longer too soon");
	rec.offered = NOW + 60;
	check_found(c, &rec, NOW, 1, "the second offer moved offered");
	check_leads(c, first, NOW + 60, SESS_VIA_CANDIDATE, NOW, rec.id, "the first candidate");
	check_leads(c, second, NOW + 60, SESS_VIA_CANDIDATE, NOW + 60, rec.id, "the second one");
	rec.data = "{}";
	rec.len = 2;
	check_int(c, do_update(c, &rec, NOW, SESS_PART_DATA), SESS_OK,
		"an offer does not move the revision");
	check_found(c, &rec, NOW, 2, "an update does not undo an offer");
	other = rec;
	other.offered = 0;
	other.revision = 2;
	do_update(c, &other, NOW, SESS_PART_ALL);
	check_int(c, do_offer(c, rec.id, third, NOW + 70, NOW + 10), 0,
		"nor does one by a writer that had not seen the offer");
	check_found(c, &rec, NOW, 3, "it is remembered");
	other = stored_record(c);
	check_int(c, do_offer(c, other.id, third, NOW, NOW - 60), 1, "another record's first");
}

/* An id that is there already is not offered. */
static void offer_taken(contract *c, const unsigned char *id, const char *what)
{
	sess_record rec = stored_record(c);

	check(c, do_offer(c, rec.id, id, NOW, 0) < 0, "offering %s fails", what);
	check_found(c, &rec, NOW, 1, "and leaves the record as it was");
}

/* -- 11 load by a candidate ------------------------------------------------------------------ */

void contract_candidate(contract *c)
{
	unsigned char candidate[SESS_ID_BYTES], retired[SESS_ID_BYTES];
	sess_record rec = stored_offered(c, candidate), full, renewed;

	check_leads(c, candidate, NOW + 5, SESS_VIA_CANDIDATE, NOW, rec.id, "a candidate");
	check(c, c->got.revision == 1 && c->got.len == rec.len &&
		memcmp(c->got.data, rec.data, rec.len) == 0 && c->got.expires == rec.expires,
		"the record that comes with it");
	full = fresh_record(c);
	full.user = "dave";
	full.address = "192.0.2.9";
	full.agent = "Agent/9";
	full.level = 3;
	do_insert(c, &full);
	fresh_id(c, candidate);
	do_offer(c, full.id, candidate, NOW + 7, 0);
	check_leads(c, candidate, NOW + 8, SESS_VIA_CANDIDATE, NOW + 7, full.id, "of a login");
	check(c, c->got.user && strcmp(c->got.user, "dave") == 0 && c->got.level == 3 &&
		c->got.agent && strcmp(c->got.agent, "Agent/9") == 0, "user, level and agent");
	check_leads(c, full.id, NOW + 8, SESS_VIA_ID, 0, full.id, "the own id has its own secret");
	full.data = "{\"later\":1}";
	full.len = 11;
	do_update(c, &full, NOW, SESS_PART_DATA);
	do_load(c, candidate, NOW);
	check(c, c->got.revision == 2 && c->got.len == 11, "a candidate sees later updates");
	renewed = stored_renewed(c, retired);
	offer_taken(c, renewed.id, "the id of another record");
	offer_taken(c, candidate, "a candidate of another record");
	offer_taken(c, retired, "a retired id");
	check_leads(c, candidate, NOW, SESS_VIA_CANDIDATE, NOW + 7, full.id,
		"it still leads there");
	check_leads(c, retired, NOW, SESS_VIA_RETIRED, NOW, renewed.id, "it still leads there");
	do_end(c, rec.id, SESS_LOGGED_OUT);
	offer_taken(c, rec.id, "an ended id");
}

/* -- 12 confirm ------------------------------------------------------------------------------ */

/* Two candidates; the second is confirmed, and the first comes too late. */
static void confirm_one_of_two(contract *c)
{
	unsigned char late[SESS_ID_BYTES], winner[SESS_ID_BYTES];
	sess_record rec = stored_offered(c, late);

	fresh_id(c, winner);
	do_offer(c, rec.id, winner, NOW + 100, NOW + 40);
	check_int(c, do_confirm(c, winner, NOW + 110), SESS_OK, "one of two candidates");
	check_leads(c, winner, NOW + 110, SESS_VIA_ID, 0, winner, "it is the id now");
	check_leads(c, late, NOW + 111, SESS_VIA_RETIRED, NOW + 110, winner,
		"the other one retired");
	check_leads(c, rec.id, NOW + 111, SESS_VIA_RETIRED, NOW + 110, winner, "and the old id");
	check_int(c, do_confirm(c, late, NOW + 120), SESS_OK, "the other one comes late");
	check_leads(c, late, NOW + 121, SESS_VIA_RETIRED, NOW + 110, winner,
		"which changes nothing");
	check_leads(c, winner, NOW + 121, SESS_VIA_ID, 0, winner,
		"the first confirmed stays the id");
}

static void lasts_until(contract *c, const unsigned char *id, int64_t since, int64_t until,
	const unsigned char *record, const char *what)
{
	check_leads(c, id, until - 1, SESS_VIA_RETIRED, since, record, what);
	check_ended(c, id, until, SESS_UNKNOWN, "and a second later no more");
	check_leads(c, record, until, SESS_VIA_ID, 0, record, "the new id does");
}

/* Three renewals of a long session: the first keeps what it retires for less than it was to be
 * kept, the second for longer; the third moves nobody's time. */
static void retired_last(contract *c)
{
	unsigned char lost[2][SESS_ID_BYTES], id[4][SESS_ID_BYTES];
	sess_record rec = stored_offered(c, lost[0]);
	int64_t soon = NOW + 500, late = CONTRACT_KEEP + 100;

	memcpy(id[0], rec.id, sizeof(id[0]));
	fresh_id(c, lost[1]);
	for (int i = 1; i < 4; i++)
		fresh_id(c, id[i]);
	do_touch(c, id[0], NOW, CONTRACT_KEEP + 1000);
	do_offer(c, id[0], id[1], NOW + 5, NOW);
	check_int(c, do_confirm_until(c, id[1], NOW + 10, soon), SESS_OK, "kept for less");
	lasts_until(c, id[0], NOW + 10, soon, id[1], "the old id leads there until then");
	lasts_until(c, lost[0], NOW + 10, soon, id[1], "and so does a lost candidate");
	do_offer(c, id[1], lost[1], NOW + 20, NOW);
	do_offer(c, id[1], id[2], NOW + 25, NOW + 20);
	check_int(c, do_confirm_until(c, id[2], NOW + 30, late), SESS_OK, "kept for longer");
	lasts_until(c, id[1], NOW + 30, late, id[2], "the old id leads there until then");
	lasts_until(c, lost[1], NOW + 30, CONTRACT_KEEP, id[2],
		"a candidate for no longer than it was to be");
	lasts_until(c, id[0], NOW + 10, soon, id[2], "and what retired before, until its own time");
	do_offer(c, id[2], id[3], NOW + 600, NOW + 590);
	check_int(c, do_confirm_until(c, id[3], NOW + 600, NOW + 700), SESS_OK, "once more");
	check_ended(c, id[0], NOW + 600, SESS_UNKNOWN, "what is outdated does not come back");
	check_leads(c, id[1], NOW + 700, SESS_VIA_RETIRED, NOW + 30, id[3], "the others stay");
	check_leads(c, lost[1], NOW + 700, SESS_VIA_RETIRED, NOW + 30, id[3], "a candidate too");
	check_ended(c, id[2], NOW + 700, SESS_UNKNOWN, "the last one is kept as told");
}

static void confirm_nothing(contract *c)
{
	unsigned char unknown[SESS_ID_BYTES], candidate[SESS_ID_BYTES];
	sess_record rec = stored_offered(c, candidate);
	sess_query all = { .now = NOW };
	size_t before = do_count(c, &all);

	fresh_id(c, unknown);
	check_int(c, do_confirm(c, unknown, NOW), SESS_GONE, "an unknown candidate");
	check_ended(c, unknown, NOW, SESS_UNKNOWN, "it is still unknown");
	check_int(c, (int64_t)do_count(c, &all), (int64_t)before, "nothing was created");
	check_int(c, do_confirm(c, candidate, rec.expires), SESS_GONE, "of an expired record");
	check_found(c, &rec, NOW, 1, "it stays as it was");
	check_leads(c, candidate, NOW, SESS_VIA_CANDIDATE, NOW, rec.id, "and its candidate");
	check_int(c, do_confirm(c, rec.id, NOW + 1), SESS_OK, "the id of a record itself");
	check_found(c, &rec, NOW, 1, "confirms nothing");
	check_leads(c, candidate, NOW, SESS_VIA_CANDIDATE, NOW, rec.id, "and retires nothing");
}

void contract_confirm(contract *c)
{
	unsigned char candidate[SESS_ID_BYTES];
	sess_record rec = stored_offered(c, candidate), moved = rec;
	sess_query all = { .now = NOW };

	rec.data = moved.data = "{\"kept\":1}";
	rec.len = moved.len = 10;
	do_update(c, &rec, NOW, SESS_PART_DATA);
	memcpy(moved.id, candidate, sizeof(moved.id));
	secret_of(candidate, moved.secret);
	moved.renew = NOW + 910;
	moved.offered = 0;
	check_int(c, do_confirm(c, candidate, NOW + 10), SESS_OK, "a candidate");
	check_found(c, &moved, NOW + 10, 2, "the record is under its id, with its secret");
	check_leads(c, rec.id, NOW + 10, SESS_VIA_RETIRED, NOW + 10, candidate,
		"the old id retired");
	check_int(c, (int64_t)do_count(c, &all), 1, "there is one record");
	check_int(c, do_confirm(c, candidate, NOW + 500), SESS_OK, "once more");
	check_found(c, &moved, NOW + 500, 2, "it changes nothing");
	check_leads(c, rec.id, NOW + 500, SESS_VIA_RETIRED, NOW + 10, candidate, "not even since");
	moved.revision = 2;
	check_int(c, do_update(c, &moved, NOW, SESS_PART_DATA), SESS_OK, "the new id is updated");
	check_int(c, do_touch(c, moved.id, NOW + 20, moved.expires + 20), SESS_OK, "and touched");
	moved.seen = NOW + 20;
	moved.expires += 20;
	check_found(c, &moved, moved.expires - 1, 3, "and lives on");
	fresh_id(c, candidate);
	check_int(c, do_offer(c, moved.id, candidate, NOW + 11, NOW - 49), 1,
		"a new candidate may be offered at once");
	confirm_one_of_two(c);
	retired_last(c);
	confirm_nothing(c);
}

/* -- 13 load by a retired id ----------------------------------------------------------------- */

#define RENEWALS 20

void contract_retired(contract *c)
{
	unsigned char id[RENEWALS + 1][SESS_ID_BYTES], lost[RENEWALS][SESS_ID_BYTES];
	sess_record rec = stored_record(c);
	int64_t at = NOW;

	memcpy(id[0], rec.id, SESS_ID_BYTES);
	for (int i = 0; i < RENEWALS; i++, at += 10) {
		fresh_id(c, lost[i]);
		fresh_id(c, id[i + 1]);
		do_offer(c, id[i], lost[i], at, 0);
		do_offer(c, id[i], id[i + 1], at + 1, at);
		check_int(c, do_confirm(c, id[i + 1], at + 2), SESS_OK, "renewal %d", i + 1);
	}
	for (int i = 0; i < RENEWALS; i++) {
		check_leads(c, id[i], at, SESS_VIA_RETIRED, NOW + i * 10 + 2, id[RENEWALS],
			"an id retired on the way");
		check_leads(c, lost[i], at, SESS_VIA_RETIRED, NOW + i * 10 + 2, id[RENEWALS],
			"a candidate lost on the way");
	}
	memcpy(rec.id, id[RENEWALS], SESS_ID_BYTES);
	rec.data = "{\"newest\":1}";
	rec.len = 12;
	check_int(c, do_update(c, &rec, at, SESS_PART_DATA), SESS_OK, "update by the newest id");
	do_load(c, id[0], at);
	check(c, c->got.revision == 2 && c->got.len == 12 && memcmp(c->got.data, rec.data, 12) == 0,
		"the oldest id gives the newest data");
	do_touch(c, rec.id, at, rec.expires + 1000);
	check_leads(c, id[0], rec.expires, SESS_VIA_RETIRED, NOW + 2, id[RENEWALS],
		"a touch keeps retired ids going as well");
}
