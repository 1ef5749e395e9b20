/* SPDX-License-Identifier: ISC */
/* store_contract_end.c - sentences 14 to 17 of the contract: replace, end, end_all. */
#include "store_contract.h"

#include <string.h>

#define NOW CONTRACT_NOW
#define KEEP CONTRACT_KEEP

/* A record with an own id, a retired id and a candidate. */
struct lineage {
	sess_record rec;
	unsigned char retired[SESS_ID_BYTES], candidate[SESS_ID_BYTES];
};

static struct lineage stored_lineage(contract *c)
{
	struct lineage l;

	l.rec = stored_renewed(c, l.retired);
	fresh_id(c, l.candidate);
	do_offer(c, l.rec.id, l.candidate, NOW - 1, 0);
	l.rec.offered = NOW - 1;
	return l;
}

static void all_say(contract *c, const struct lineage *l, sess_status why)
{
	check_ended(c, l->rec.id, NOW, why, "its id says why");
	check_int(c, c->got.since, NOW, "and when it ended");
	check_ended(c, l->candidate, NOW, why, "its candidate says why");
	check_int(c, c->got.since, NOW, "and when it ended");
	check_ended(c, l->retired, NOW, why, "its retired id says why");
	check_ended(c, l->rec.id, KEEP - 1, why, "and still a second before its time");
}

static void all_lead(contract *c, const struct lineage *l)
{
	check_found(c, &l->rec, NOW, 1, "the record is as it was");
	check_leads(c, l->candidate, NOW, SESS_VIA_CANDIDATE, NOW - 1, l->rec.id, "its candidate too");
	check_leads(c, l->retired, NOW, SESS_VIA_RETIRED, NOW, l->rec.id, "its retired id too");
}

/* -- 14 replace ------------------------------------------------------------------------------ */

static void replace_refused(contract *c)
{
	struct lineage l = stored_lineage(c);
	sess_record new = fresh_record(c), other = stored_record(c), missing = fresh_record(c);

	new.revision = 2;
	check_int(c, do_replace(c, l.rec.id, &new, NOW), SESS_CONFLICT, "a wrong revision");
	all_lead(c, &l);
	check_ended(c, new.id, NOW, SESS_UNKNOWN, "the new one is not there");
	new.revision = 1;
	check_int(c, do_replace(c, l.rec.id, &new, l.rec.expires), SESS_GONE, "an expired record");
	check_int(c, do_replace(c, missing.id, &new, NOW), SESS_GONE, "a missing record");
	check_ended(c, new.id, NOW, SESS_UNKNOWN, "the new one is not there");
	memcpy(new.id, other.id, sizeof(new.id));
	check(c, do_replace(c, l.rec.id, &new, NOW) < 0, "by an id that is there already");
	all_lead(c, &l);
	check_found(c, &other, NOW, 1, "and so is the other record");
}

void contract_replace(contract *c)
{
	struct lineage l = stored_lineage(c);
	sess_record new = fresh_record(c), again = fresh_record(c);
	sess_query erin = { .user = "erin", .now = NOW }, anonymous = { .user = "", .now = NOW };

	do_update(c, &l.rec, NOW, SESS_PART_DATA);
	new.revision = 2;
	new.user = "erin";
	new.login = NOW;
	new.level = 1;
	new.data = "{\"in\":true}";
	new.len = 11;
	check_int(c, do_replace(c, l.rec.id, &new, NOW), SESS_OK, "by a record with a user");
	check_found(c, &new, NOW, 3, "the new record, its revision one more");
	all_say(c, &l, SESS_ROTATED);
	check_int(c, (int64_t)do_count(c, &erin), 1, "the user has it");
	check_int(c, (int64_t)do_count(c, &anonymous), 0, "nobody has the old one");
	again.revision = 3;
	check_int(c, do_replace(c, new.id, &again, NOW), SESS_OK, "once more");
	check_found(c, &again, NOW, 4, "the revision goes on");
	check_ended(c, new.id, NOW, SESS_ROTATED, "the one between says why");
	again.revision = 4;
	check_int(c, do_update(c, &again, NOW, SESS_PART_DATA), SESS_OK, "the new one is updated");
	replace_refused(c);
}

/* -- 15 end ---------------------------------------------------------------------------------- */

/* A logout that began before a login or rotation, and comes after it. */
static void end_by_replaced(contract *c)
{
	sess_record first = stored_record(c), second = fresh_record(c), third = fresh_record(c);
	unsigned char candidate[SESS_ID_BYTES];

	second.revision = 1;
	third.revision = 2;
	fresh_id(c, candidate);
	check_int(c, do_replace(c, first.id, &second, NOW), SESS_OK, "a record is replaced");
	check_int(c, do_replace(c, second.id, &third, NOW), SESS_OK, "and again");
	check_int(c, do_offer(c, third.id, candidate, NOW, NOW - 60), 1, "and offered a new id");
	check_int(c, do_confirm(c, candidate, NOW), SESS_OK, "which is confirmed");
	check_ended(c, first.id, NOW, SESS_ROTATED, "the first id leads nowhere");
	check_int(c, do_end(c, first.id, SESS_LOGGED_OUT), SESS_OK, "but ends what came of it");
	check_ended(c, candidate, NOW, SESS_LOGGED_OUT, "under its present id");
	check_ended(c, third.id, NOW, SESS_LOGGED_OUT, "and under the one before");
}

/* By a clock that is ahead, and is set right afterwards. */
static void end_expired(contract *c)
{
	struct lineage by_id = stored_lineage(c), by_candidate = stored_lineage(c), by_retired;
	int64_t ahead = by_id.rec.expires;
	sess_record aged = stored_record(c);

	by_retired = stored_lineage(c);
	check_int(c, do_end_at(c, by_id.rec.id, SESS_LOGGED_OUT, ahead), SESS_OK, "an expired one");
	check_ended(c, by_id.rec.id, ahead, SESS_LOGGED_OUT, "it says why, expired as it is");
	check_int(c, c->got.since, ahead, "and when it ended");
	check_ended(c, by_id.rec.id, NOW, SESS_LOGGED_OUT, "and when the clock went back");
	check_ended(c, by_id.retired, NOW, SESS_LOGGED_OUT, "by its retired id as well");
	do_end_at(c, by_candidate.candidate, SESS_REVOKED, ahead);
	check_ended(c, by_candidate.rec.id, NOW, SESS_REVOKED, "ended by a candidate");
	do_end_at(c, by_retired.retired, SESS_REVOKED, CONTRACT_KEEP - 1);
	check_ended(c, by_retired.rec.id, NOW, SESS_REVOKED, "ended by a retired id");
	do_end_at(c, aged.id, SESS_LOGGED_OUT, aged.absolute);
	check_int(c, do_load(c, aged.id, NOW), 0, "nor does one come back that was too old");
}

void contract_end(contract *c)
{
	static const sess_status reasons[] = { SESS_LOGGED_OUT, SESS_REVOKED, SESS_REUSED,
		SESS_ROTATED, SESS_AGED };
	struct lineage one, two, three, bystander = stored_lineage(c);
	unsigned char unknown[SESS_ID_BYTES];
	sess_query all = { .now = NOW };

	one = stored_lineage(c);
	two = stored_lineage(c);
	three = stored_lineage(c);
	check_int(c, do_end(c, one.rec.id, SESS_LOGGED_OUT), SESS_OK, "by its id");
	all_say(c, &one, SESS_LOGGED_OUT);
	check_int(c, do_end(c, two.candidate, SESS_REVOKED), SESS_OK, "by a candidate");
	all_say(c, &two, SESS_REVOKED);
	check_int(c, do_end(c, three.retired, SESS_REUSED), SESS_OK, "by a retired id");
	all_say(c, &three, SESS_REUSED);
	check_int(c, (int64_t)do_count(c, &all), 1, "one record is left");
	all_lead(c, &bystander);
	check_int(c, do_end(c, one.rec.id, SESS_LOGGED_OUT), SESS_OK, "what has ended");
	fresh_id(c, unknown);
	check_int(c, do_end(c, unknown, SESS_REVOKED), SESS_OK, "a missing record");
	check_int(c, (int64_t)do_count(c, &all), 1, "neither changes anything");
	end_by_replaced(c);
	end_expired(c);
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		sess_record rec = stored_record(c);

		do_end(c, rec.id, reasons[i]);
		check_ended(c, rec.id, NOW, reasons[i], "each reason is kept");
	}
}

/* -- 16 stays ended -------------------------------------------------------------------------- */

static void no_way_back(contract *c, const struct lineage *l, sess_status why, const char *how)
{
	sess_record new = fresh_record(c);
	unsigned char candidate[SESS_ID_BYTES];

	fresh_id(c, candidate);
	check_int(c, do_update(c, &l->rec, NOW, SESS_PART_DATA), SESS_GONE, "%s: update data", how);
	check_int(c, do_update(c, &l->rec, NOW, SESS_PART_ALL), SESS_GONE, "%s: update all", how);
	check_int(c, do_touch(c, l->rec.id, NOW + 1, NOW + 9000), SESS_GONE, "%s: touch", how);
	check_int(c, do_offer(c, l->rec.id, candidate, NOW + 900, NOW + 800), SESS_GONE,
		"%s: offer", how);
	check_int(c, do_confirm(c, l->candidate, NOW), SESS_GONE, "%s: confirm", how);
	check_int(c, do_replace(c, l->rec.id, &new, NOW), SESS_GONE, "%s: replace", how);
	check_int(c, do_insert(c, &l->rec), SESS_CONFLICT, "%s: insert", how);
	all_say(c, l, why);
	check_int(c, do_load(c, candidate, NOW), 0, "%s: no candidate came of it", how);
	check_int(c, do_load(c, new.id, NOW), 0, "%s: no new record came of it", how);
	do_collect(c, NOW, 1000);
	all_say(c, l, why);
	/* Once its time is over the trace may be gone, but the record still is. */
	do_collect(c, KEEP, 1000);
	check_int(c, do_update(c, &l->rec, NOW, SESS_PART_ALL), SESS_GONE, "%s: update late", how);
	check_int(c, do_touch(c, l->rec.id, NOW, NOW + 9000), SESS_GONE, "%s: touch late", how);
	check(c, do_confirm(c, l->candidate, NOW) < 0, "%s: confirm late", how);
	check_int(c, do_load(c, l->rec.id, NOW), 0, "%s: load late", how);
}

void contract_stays_ended(contract *c)
{
	sess_query all = { .now = NOW };
	struct lineage l = stored_lineage(c);
	sess_record new = fresh_record(c);

	do_end(c, l.rec.id, SESS_LOGGED_OUT);
	no_way_back(c, &l, SESS_LOGGED_OUT, "after end");
	l = stored_lineage(c);
	do_end_all(c, &all, NULL, SESS_REVOKED);
	no_way_back(c, &l, SESS_REVOKED, "after end_all");
	l = stored_lineage(c);
	do_replace(c, l.rec.id, &new, NOW);
	no_way_back(c, &l, SESS_ROTATED, "after replace");
}

/* -- 17 end_all ------------------------------------------------------------------------------ */

static void end_all_of_user(contract *c)
{
	struct lineage anonymous = stored_lineage(c);
	sess_record old = stored_for(c, "frank", NOW - 500, NOW + 100);
	sess_record mine = stored_for(c, "frank", NOW, NOW + 100);
	sess_record expired = stored_for(c, "frank", NOW - 900, NOW), kept;
	sess_record similar = stored_for(c, "frank2", NOW, NOW + 100);
	sess_query q = { .user = "frank", .now = NOW };
	unsigned char candidate[SESS_ID_BYTES];

	fresh_id(c, candidate);
	do_offer(c, old.id, candidate, NOW, 0);
	check_int(c, (int64_t)do_end_all(c, &q, mine.id, SESS_REVOKED), 2, "all others of a user");
	check_ended(c, old.id, NOW, SESS_REVOKED, "they say why");
	check_ended(c, candidate, NOW, SESS_REVOKED, "and so do their candidates");
	check_found(c, &mine, NOW, 1, "the exception lives");
	check_found(c, &similar, NOW, 1, "another user's lives");
	check_ended(c, expired.id, NOW - 1, SESS_REVOKED, "an expired one does not come back");
	kept = stored_for(c, "frank", NOW - 900, NOW);
	check_int(c, (int64_t)do_end_all(c, &q, kept.id, SESS_REVOKED), 1, "but an expired one");
	check_found(c, &kept, NOW - 1, 1, "which is not ended");
	mine = stored_for(c, "frank", NOW, NOW + 100);
	check_int(c, (int64_t)do_end_all(c, &q, mine.id, SESS_REVOKED), 1, "and then it is");
	all_lead(c, &anonymous);
	check_int(c, (int64_t)do_end_all(c, &q, mine.id, SESS_REVOKED), 0, "there is no more");
	check_int(c, (int64_t)do_end_all(c, &q, similar.id, SESS_REVOKED), 1,
		"an exception that is not the user's");
	check_ended(c, mine.id, NOW, SESS_REVOKED, "all have ended");
	q.user = "nobody";
	check_int(c, (int64_t)do_end_all(c, &q, NULL, SESS_REVOKED), 0, "a user without records");
	q.user = "";
	check_int(c, (int64_t)do_end_all(c, &q, NULL, SESS_REVOKED), 1, "all anonymous ones");
	all_say(c, &anonymous, SESS_REVOKED);
	check_found(c, &similar, NOW, 1, "a user's lives");
}

void contract_end_all(contract *c)
{
	sess_query all = { .now = NOW };
	struct lineage mine;
	sess_record one;

	check_int(c, (int64_t)do_end_all(c, &all, NULL, SESS_REVOKED), 0, "an empty store");
	end_all_of_user(c);
	stored_for(c, "grace", NOW - 300, NOW + 100);
	one = stored_for(c, "grace", NOW, NOW + 100);
	stored_for(c, NULL, NOW, NOW + 100);
	all.since = NOW;
	check_int(c, (int64_t)do_end_all(c, &all, one.id, SESS_REVOKED), 2,
		"of everyone, seen since, but one");
	check_found(c, &one, NOW, 1, "the exception lives");
	all.since = 0;
	mine = stored_lineage(c);
	check_int(c, (int64_t)do_end_all(c, &all, mine.retired, SESS_REVOKED), 2,
		"but one that was renewed meanwhile");
	all_lead(c, &mine);
	check_int(c, (int64_t)do_end_all(c, &all, mine.candidate, SESS_REVOKED), 0,
		"but one that was offered a candidate");
	all_lead(c, &mine);
	check_int(c, (int64_t)do_end_all(c, &all, NULL, SESS_LOGGED_OUT), 1, "of everyone");
	check_int(c, (int64_t)do_count(c, &all), 0, "nobody is left");
	all_say(c, &mine, SESS_LOGGED_OUT);
	check_ended(c, one.id, NOW, SESS_REVOKED, "those that had ended keep their reason");
}
