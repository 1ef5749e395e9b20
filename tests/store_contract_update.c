/* SPDX-License-Identifier: ISC */
/* store_contract_update.c - sentences 6 to 9 of the contract: update and touch. */
#include "store_contract.h"

#include <inttypes.h>
#include <string.h>

#define NOW CONTRACT_NOW

/* -- 6 update -------------------------------------------------------------------------------- */

void contract_update(contract *c)
{
	static const uint64_t wrong[] = { 0, 1, 3, UINT64_MAX };
	sess_record rec = stored_record(c), stale;

	stale = rec;
	stale.data = "stale";
	stale.len = 5;
	rec.data = "{\"hits\":2}";
	check_int(c, do_update(c, &rec, NOW, SESS_PART_DATA), SESS_OK, "the right revision");
	check_found(c, &rec, NOW, 2, "is stored, and moves on by one");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		stale.revision = wrong[i];
		check_int(c, do_update(c, &stale, NOW, SESS_PART_DATA), SESS_CONFLICT,
			"revision %" PRIu64 " instead of 2, data", wrong[i]);
		check_int(c, do_update(c, &stale, NOW, SESS_PART_ALL), SESS_CONFLICT,
			"revision %" PRIu64 " instead of 2, all", wrong[i]);
	}
	check_found(c, &rec, NOW, 2, "nothing was changed");
	for (rec.revision = 2; rec.revision < 12; rec.revision++)
		check_int(c, do_update(c, &rec, NOW, SESS_PART_DATA), SESS_OK, "one by one");
	check_found(c, &rec, NOW, 12, "ten more");
}

/* -- 7 gone ---------------------------------------------------------------------------------- */

static void all_gone(contract *c, const sess_record *rec, int64_t now, const char *what)
{
	unsigned char candidate[SESS_ID_BYTES];

	fresh_id(c, candidate);
	check_int(c, do_update(c, rec, now, SESS_PART_DATA), SESS_GONE, "update data: %s", what);
	check_int(c, do_update(c, rec, now, SESS_PART_ALL), SESS_GONE, "update all: %s", what);
	check_int(c, do_touch(c, rec->id, now, now + 1000), SESS_GONE, "touch: %s", what);
	check_int(c, do_offer(c, rec->id, candidate, now, 0), SESS_GONE, "offer: %s", what);
	check_int(c, do_load(c, rec->id, now), 0, "load: %s", what);
	check_ended(c, candidate, now, SESS_UNKNOWN, "load by the candidate");
}

/* Candidates and retired ids lead load to the record, but are not the id of one. */
static void gone_by_traces(contract *c)
{
	unsigned char trace[2][SESS_ID_BYTES], candidate[SESS_ID_BYTES];
	sess_record rec = stored_renewed(c, trace[0]), by_trace = rec;

	fresh_id(c, candidate);
	fresh_id(c, trace[1]);
	do_offer(c, rec.id, trace[1], NOW, 0);
	rec.offered = NOW;
	for (int i = 0; i < 2; i++) {
		memcpy(by_trace.id, trace[i], SESS_ID_BYTES);
		check_int(c, do_update(c, &by_trace, NOW, SESS_PART_DATA), SESS_GONE,
			"update by a trace");
		check_int(c, do_touch(c, trace[i], NOW + 1, NOW + 9999), SESS_GONE,
			"touch by a trace");
		check_int(c, do_offer(c, trace[i], candidate, NOW + 99, NOW + 9), SESS_GONE,
			"offer by a trace");
	}
	check_found(c, &rec, NOW, 1, "none of it changed the record");
}

void contract_gone(contract *c)
{
	unsigned char candidate[SESS_ID_BYTES];
	sess_record rec = fresh_record(c);
	sess_query all = { .now = NOW };

	all_gone(c, &rec, NOW, "missing");
	check_int(c, (int64_t)do_count(c, &all), 0, "nothing was created");
	check_int(c, do_insert(c, &rec), SESS_OK, "not even a trace");
	all_gone(c, &rec, rec.expires, "expired this second");
	all_gone(c, &rec, INT64_MAX - 1000, "expired long ago");
	check_found(c, &rec, NOW, 1, "nothing was changed");
	gone_by_traces(c);
	fresh_id(c, candidate);
	check_int(c, do_offer(c, rec.id, candidate, rec.expires - 1, 0), 1, "offer in time");
	check_int(c, do_update(c, &rec, rec.expires - 1, SESS_PART_DATA), SESS_OK,
		"update in time");
	check_int(c, do_touch(c, rec.id, rec.expires - 1, rec.expires + 1), SESS_OK,
		"touch in time");
	rec.revision = 2;
	do_end(c, rec.id, SESS_REVOKED);
	all_gone(c, &rec, NOW, "ended");
	check_ended(c, rec.id, NOW, SESS_REVOKED, "it still says why");
}

/* -- 8 parts --------------------------------------------------------------------------------- */

/* The record with other values in all fields that no update changes. */
static sess_record foreign(contract *c, const sess_record *rec)
{
	sess_record other = fresh_record(c);

	memcpy(other.id, rec->id, sizeof(other.id));
	other.created = 1;
	other.renew = 2;
	other.offered = 3;
	other.login = 4;
	other.level = 5;
	other.user = "mallory";
	return other;
}

static void updates_all(contract *c)
{
	sess_record rec = stored_for(c, "bob", NOW, NOW + CONTRACT_LIFE), mine = foreign(c, &rec);

	rec.seen = mine.seen = NOW + 5;
	rec.expires = mine.expires = NOW + 60;
	rec.absolute = mine.absolute = NOW + 70;
	rec.idle = mine.idle = 80;
	rec.persist = mine.persist = 90;
	rec.address = mine.address = "192.0.2.7";
	rec.agent = mine.agent = "Agent/2";
	rec.data = mine.data = "\0new";
	rec.len = mine.len = 4;
	rec.sealed = mine.sealed = true;
	check_int(c, do_update(c, &mine, NOW, SESS_PART_ALL), SESS_OK, "update of all fields");
	check_found(c, &rec, NOW, 2, "each is the new one, and no other");
	mine.revision = 2;
	mine.seen = NOW;
	mine.user = mine.address = mine.agent = rec.address = rec.agent = NULL;
	mine.data = rec.data = NULL;
	mine.len = rec.len = 0;
	mine.expires = rec.expires = NOW + 50;
	check_int(c, do_update(c, &mine, NOW, SESS_PART_ALL), SESS_OK, "update to none");
	check_found(c, &rec, NOW, 3, "texts and data are gone, expires went back, seen did not");
	check_ended(c, rec.id, NOW + 50, SESS_IDLE, "it expires earlier");
}

void contract_parts(contract *c)
{
	sess_record rec = fresh_record(c), mine;

	rec.user = "carol";
	rec.address = "192.0.2.1";
	rec.agent = "Agent/1";
	do_insert(c, &rec);
	mine = foreign(c, &rec);
	mine.seen = mine.absolute = mine.idle = mine.persist = 9;
	mine.expires = rec.expires + 500;
	mine.agent = "";
	mine.data = rec.data = "{}";
	mine.len = rec.len = 2;
	check_int(c, do_update(c, &mine, NOW, SESS_PART_DATA), SESS_OK, "update of data");
	check_found(c, &rec, NOW, 2, "only data is new");
	check_ended(c, rec.id, rec.expires, SESS_IDLE, "it expires when it would have");
	mine.data = rec.data = NULL;
	mine.len = rec.len = 0;
	mine.sealed = rec.sealed = true;
	mine.revision = 2;
	check_int(c, do_update(c, &mine, NOW, SESS_PART_DATA), SESS_OK, "update to no data");
	check_found(c, &rec, NOW, 3, "only data is gone; sealed is a property of data");
	updates_all(c);
}

/* -- 9 touch --------------------------------------------------------------------------------- */

static void touched(contract *c, sess_record *rec, int64_t seen, int64_t expires, const char *what)
{
	rec->seen = seen > rec->seen ? seen : rec->seen;
	if (rec->absolute != 0 && expires > rec->absolute)
		expires = rec->absolute;
	rec->expires = expires > rec->expires ? expires : rec->expires;
	check_int(c, do_touch(c, rec->id, seen, expires), SESS_OK, "touch: %s", what);
	check_found(c, rec, NOW, 1, what);
}

void contract_touch(contract *c)
{
	sess_record rec = stored_record(c), endless = fresh_record(c);
	int64_t seen = rec.seen, end = rec.expires;

	touched(c, &rec, seen, end, "to what is stored");
	touched(c, &rec, seen + 60, end + 60, "both forward");
	check_found(c, &rec, end + 59, 1, "it lives longer");
	check_ended(c, rec.id, end + 60, SESS_IDLE, "by just so much");
	touched(c, &rec, seen, end, "both back");
	touched(c, &rec, seen + 90, end, "seen forward, expires back");
	touched(c, &rec, seen, end + 90, "seen back, expires forward");
	touched(c, &rec, end + 89, end + 89, "in the last second");
	touched(c, &rec, end, INT64_MAX, "to the end of time, but for absolute");
	check_ended(c, rec.id, rec.absolute, SESS_AGED, "which is not passed");
	endless.absolute = 0;
	do_insert(c, &endless);
	touched(c, &endless, seen, INT64_MAX, "to the end of time");
	check_found(c, &endless, INT64_MAX - 1, 1, "it lives till then");
}
