/* SPDX-License-Identifier: ISC */
/* store_contract_load.c - sentences 1 to 5 of the contract: what load finds, and insert. */
#include "store_contract.h"

#include <stdlib.h>
#include <string.h>

#define NOW CONTRACT_NOW

/* -- 1 load ---------------------------------------------------------------------------------- */

static void keeps(contract *c, const sess_record *rec, int64_t now, const char *what)
{
	if (check_int(c, do_insert(c, rec), SESS_OK, "insert: %s", what))
		check_found(c, rec, now, 1, what);
}

static void keeps_data(contract *c, const void *data, size_t len, bool sealed, const char *what)
{
	sess_record rec = fresh_record(c);

	rec.data = data;
	rec.len = len;
	rec.sealed = sealed;
	keeps(c, &rec, NOW, what);
}

static void keeps_any_data(contract *c)
{
	unsigned char every[256];
	size_t much = 64 * 1024;
	unsigned char *big = malloc(much);

	for (size_t i = 0; i < sizeof(every); i++)
		every[i] = (unsigned char)i;
	keeps_data(c, every, sizeof(every), true, "every byte value, sealed");
	keeps_data(c, every, 1, true, "a single NUL");
	keeps_data(c, "'; DROP TABLE session; --", 25, true, "quotes");
	keeps_data(c, NULL, 0, false, "no data");
	keeps_data(c, "", 0, false, "empty data");
	for (size_t i = 0; big && i < much; i++)
		big[i] = (unsigned char)(i * 31 + i / 251);
	if (check(c, big != NULL, "memory for big data"))
		keeps_data(c, big, much, true, "64 KiB");
	free(big);
}

static void keeps_any_text(contract *c)
{
	sess_record rec = fresh_record(c);
	char longest[1001];

	keeps(c, &rec, NOW, "no user, address and agent");
	rec = fresh_record(c);
	rec.user = "alice";
	keeps(c, &rec, NOW, "a user alone");
	rec = fresh_record(c);
	rec.address = rec.agent = "";
	keeps(c, &rec, NOW, "empty address and agent are not absent ones");
	rec = fresh_record(c);
	rec.user = "o'H\xc3\xa4re\"\\%_;\n";
	rec.address = "2001:db8::1%25eth0";
	rec.agent = "\x01\x7f\xf0\x9f\x8d\xaa";
	keeps(c, &rec, NOW, "texts of awkward bytes");
	memset(longest, 'u', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	rec = fresh_record(c);
	rec.user = rec.agent = longest;
	keeps(c, &rec, NOW, "texts of 1000 bytes");
}

static void keeps_any_number(contract *c)
{
	sess_record rec = fresh_record(c);

	rec.created = rec.seen = rec.level = INT64_MIN;
	rec.login = INT64_MAX;
	rec.expires = rec.absolute = rec.idle = rec.renew = rec.persist = INT64_MAX;
	rec.offered = INT64_MAX;
	keeps(c, &rec, INT64_MAX - 1, "numbers at both ends");
	rec = fresh_record(c);
	rec.created = rec.seen = -5;
	rec.expires = 0;
	rec.absolute = rec.idle = rec.renew = 0;
	keeps(c, &rec, -1, "times before 1970");
	rec = fresh_record(c);
	rec.login = 1;
	rec.persist = 2;
	rec.level = 3;
	rec.offered = 4;
	rec.idle = 5;
	rec.renew = 6;
	keeps(c, &rec, NOW, "each number in its own place");
}

/* Every bit of an id counts, and a byte 0 in it ends nothing. */
static void tells_ids_apart(contract *c)
{
	sess_record rec = fresh_record(c), other;
	int found = 0;

	memset(rec.id, 0, 16);
	do_insert(c, &rec);
	for (int bit = 0; bit < SESS_ID_BYTES * 8; bit++) {
		unsigned char id[SESS_ID_BYTES];

		memcpy(id, rec.id, sizeof(id));
		id[bit / 8] ^= (unsigned char)(1 << bit % 8);
		found += do_load(c, id, NOW) != 0;
	}
	check_int(c, found, 0, "ids that differ by one bit find nothing");
	other = fresh_record(c);
	memset(other.id, 0, 16);
	other.user = "neighbour";
	do_insert(c, &other);
	check_found(c, &rec, NOW, 1, "an id that begins with NULs");
	check_found(c, &other, NOW, 1, "another one");
}

void contract_load(contract *c)
{
	sess_record first, last;
	void *reopened;

	keeps_any_data(c);
	keeps_any_text(c);
	keeps_any_number(c);
	tells_ids_apart(c);
	first = stored_for(c, "first", NOW, NOW + 10);
	for (int i = 0; i < 500; i++)
		last = stored_for(c, i % 2 ? "odd" : NULL, NOW + i, NOW + 10 + i);
	check_found(c, &first, NOW, 1, "the first of many records");
	check_found(c, &last, NOW, 1, "the last of many records");
	reopened = open_handle(c);
	c->provider->close(c->self);
	c->self = reopened;
	check_found(c, &first, NOW, 1, "by a handle opened later, the first one being closed");
}

/* -- 2 missing ------------------------------------------------------------------------------- */

void contract_missing(contract *c)
{
	static const unsigned char zero[SESS_ID_BYTES];
	unsigned char id[SESS_ID_BYTES];

	check_ended(c, zero, NOW, SESS_UNKNOWN, "an id of NULs in an empty store");
	fresh_id(c, id);
	check_ended(c, id, NOW, SESS_UNKNOWN, "any id in an empty store");
	stored_record(c);
	check_ended(c, id, NOW, SESS_UNKNOWN, "any id beside a record");
	check_ended(c, id, INT64_MAX, SESS_UNKNOWN, "at the end of time");
	check_ended(c, id, INT64_MIN, SESS_UNKNOWN, "at the beginning of time");
}

/* -- 3 expired ------------------------------------------------------------------------------- */

void contract_expired(contract *c)
{
	unsigned char candidate[SESS_ID_BYTES], retired[SESS_ID_BYTES];
	sess_record rec = stored_record(c), offered, renewed;
	int64_t end = rec.expires;

	check_found(c, &rec, end - 1, 1, "a second before it expires");
	check_ended(c, rec.id, end, SESS_IDLE, "at the second it expires");
	check_int(c, c->got.since, CONTRACT_UNTOLD, "no trace says since when");
	check_ended(c, rec.id, end + 1, SESS_IDLE, "a second later");
	check_ended(c, rec.id, rec.absolute - 1, SESS_IDLE, "a second before its absolute limit");
	check_ended(c, rec.id, rec.absolute, SESS_AGED, "at its absolute limit");
	check_ended(c, rec.id, INT64_MAX, SESS_AGED, "at the end of time");
	check_found(c, &rec, NOW - 1000000, 1, "when the clock went back");
	check_found(c, &rec, NOW, 1, "looking when it had expired did not remove it");
	rec = fresh_record(c);
	rec.absolute = 0;
	do_insert(c, &rec);
	check_ended(c, rec.id, INT64_MAX, SESS_IDLE, "0 is no absolute limit");
	rec = fresh_record(c);
	rec.absolute = rec.expires;
	do_insert(c, &rec);
	check_ended(c, rec.id, rec.expires, SESS_AGED, "both limits in one second");
	offered = stored_offered(c, candidate);
	check_ended(c, candidate, offered.expires, SESS_IDLE, "by a candidate");
	check_int(c, c->got.since, CONTRACT_UNTOLD, "no trace says since when");
	renewed = stored_renewed(c, retired);
	check_ended(c, retired, renewed.expires, SESS_IDLE, "by a retired id");
	check(c, do_collect(c, end, 1000) != SIZE_MAX, "collect");
	check_int(c, do_load(c, offered.id, end), 0, "after collecting, by id");
	check_int(c, do_load(c, candidate, end), 0, "after collecting, by candidate");
	check_int(c, do_load(c, retired, end), 0, "after collecting, by retired id");
}

/* -- 4 load only ----------------------------------------------------------------------------- */

void contract_load_only(contract *c)
{
	unsigned char candidate[SESS_ID_BYTES], retired[SESS_ID_BYTES];
	sess_record missing = fresh_record(c), offered, renewed;
	sess_query all = { .now = NOW };

	do_load(c, missing.id, NOW);
	check_int(c, (int64_t)do_count(c, &all), 0, "loading a missing record makes none");
	check_int(c, do_insert(c, &missing), SESS_OK, "nor a trace: the id is still free");
	for (int i = 0; i < 10; i++)
		do_load(c, missing.id, NOW + i * 100);
	check_found(c, &missing, NOW, 1, "loading often and later changes nothing");
	offered = stored_offered(c, candidate);
	for (int i = 0; i < 3; i++)
		check_leads(c, candidate, NOW + 1, SESS_VIA_CANDIDATE, NOW, offered.id,
			"a candidate loaded is not confirmed");
	check_found(c, &offered, NOW, 1, "nor its record changed");
	renewed = stored_renewed(c, retired);
	do_load(c, retired, NOW + 1);
	check_found(c, &renewed, NOW, 1, "by a retired id");
	do_load(c, renewed.id, renewed.expires);
	check_int(c, (int64_t)do_count(c, &all), 3, "an expired record is not removed by load");
}

/* -- 5 insert -------------------------------------------------------------------------------- */

static void refuses(contract *c, const unsigned char *id, const char *what)
{
	sess_record rec = fresh_record(c);

	memcpy(rec.id, id, sizeof(rec.id));
	rec.user = "intruder";
	check_int(c, do_insert(c, &rec), SESS_CONFLICT, "%s is refused", what);
}

void contract_insert(contract *c)
{
	unsigned char candidate[SESS_ID_BYTES], retired[SESS_ID_BYTES];
	sess_record rec = fresh_record(c), offered, renewed;
	sess_query intruder = { .user = "intruder", .now = NOW };

	rec.revision = 77;
	do_insert(c, &rec);
	check_found(c, &rec, NOW, 1, "the revision given is ignored and becomes 1");
	refuses(c, rec.id, "the id of a record");
	check_found(c, &rec, NOW, 1, "the record stays as it was");
	offered = stored_offered(c, candidate);
	refuses(c, candidate, "a candidate");
	check_leads(c, candidate, NOW, SESS_VIA_CANDIDATE, NOW, offered.id, "it still leads there");
	renewed = stored_renewed(c, retired);
	refuses(c, retired, "a retired id");
	check_leads(c, retired, NOW, SESS_VIA_RETIRED, NOW, renewed.id, "it still leads there");
	do_end(c, rec.id, SESS_LOGGED_OUT);
	refuses(c, rec.id, "an ended id");
	check_ended(c, rec.id, NOW, SESS_LOGGED_OUT, "it still says why");
	check_int(c, (int64_t)do_count(c, &intruder), 0, "none of them was stored");
}
