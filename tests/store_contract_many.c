/* SPDX-License-Identifier: ISC */
/* store_contract_many.c - sentences 18 to 21 of the contract: list, count, collect, cas. */
#include "store_contract.h"

#include <inttypes.h>
#include <string.h>

#define NOW CONTRACT_NOW
#define LISTED_MAX 64

/* -- 18 list, 19 count ----------------------------------------------------------------------- */

struct listed {
	unsigned char id[LISTED_MAX][SESS_ID_BYTES];
	int64_t seen[LISTED_MAX];
	size_t n, with_data;
	size_t stop_at;                 /* 0: never */
	int stop_value;
};

static int note_listed(void *arg, const sess_record *rec)
{
	struct listed *l = arg;

	if (l->n < LISTED_MAX) {
		memcpy(l->id[l->n], rec->id, SESS_ID_BYTES);
		l->seen[l->n] = rec->seen;
	}
	l->n++;
	l->with_data += rec->data != NULL;
	return l->n == l->stop_at ? l->stop_value : 0;
}

static int do_list(contract *c, const sess_query *q, struct listed *l)
{
	l->n = l->with_data = 0;
	return c->provider->list(c->self, q, note_listed, l, &c->err);
}

static bool listed(const struct listed *l, const sess_record *rec)
{
	for (size_t i = 0; i < l->n && i < LISTED_MAX; i++)
		if (memcmp(l->id[i], rec->id, SESS_ID_BYTES) == 0)
			return true;
	return false;
}

static void lists(contract *c, const sess_query *q, size_t want, const char *what)
{
	struct listed l = { .n = 0 };
	bool sorted = true;

	check_int(c, do_list(c, q, &l), SESS_OK, "%s", what);
	check_int(c, (int64_t)l.n, (int64_t)want, "%s: how many", what);
	for (size_t i = 1; i < l.n && i < LISTED_MAX; i++)
		sorted &= l.seen[i - 1] >= l.seen[i];
	check(c, sorted, "%s: last seen first", what);
	check_int(c, (int64_t)l.with_data, 0, "%s: no data goes along", what);
}

static void counts(contract *c, const sess_query *q, size_t want, const char *what)
{
	check_int(c, (int64_t)do_count(c, q), (int64_t)want, "%s", what);
}

/* Nine records, not in the order they were seen: heidi 4, ivan 2, anonymous 3; one of heidi's
 * expires at NOW + 10, one of the anonymous has expired already. */
static void populate(contract *c)
{
	static const struct { const char *user; int seen, life; } rows[] = {
		{ "heidi", -50, 100 }, { NULL, -10, 100 }, { "heidi", -5, 100 },
		{ "ivan", -20, 100 }, { "heidi", -70, 10 }, { NULL, -90, 0 },
		{ "heidi", 0, 100 }, { NULL, -30, 100 }, { "ivan", -80, 100 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		stored_for(c, rows[i].user, NOW + rows[i].seen, NOW + rows[i].life);
}

typedef void counted(contract *, const sess_query *, size_t want, const char *what);

static void each_query(contract *c, counted *counts_or_lists)
{
	counts_or_lists(c, &(sess_query){ .now = NOW }, 8, "everybody");
	counts_or_lists(c, &(sess_query){ .user = "heidi", .now = NOW }, 4, "a user");
	counts_or_lists(c, &(sess_query){ .user = "heidi", .now = NOW + 9 }, 4, "a second before");
	counts_or_lists(c, &(sess_query){ .user = "heidi", .now = NOW + 10 }, 3, "one expired");
	counts_or_lists(c, &(sess_query){ .user = "heidi", .now = NOW - 999 }, 4, "in the past");
	counts_or_lists(c, &(sess_query){ .user = "HEIDI", .now = NOW }, 0, "case matters");
	counts_or_lists(c, &(sess_query){ .user = "h%", .now = NOW }, 0, "a pattern is none");
	counts_or_lists(c, &(sess_query){ .user = "", .now = NOW }, 2, "the anonymous");
	counts_or_lists(c, &(sess_query){ .user = "judy", .now = NOW }, 0, "an unknown user");
	counts_or_lists(c, &(sess_query){ .now = NOW, .since = NOW - 20 }, 4, "seen since");
	counts_or_lists(c, &(sess_query){ .now = NOW, .since = NOW - 19 }, 3, "a second later");
	counts_or_lists(c, &(sess_query){ .user = "ivan", .now = NOW, .since = NOW - 20 }, 1,
		"a user since");
	counts_or_lists(c, &(sess_query){ .now = NOW + 100 }, 0, "all expired");
	counts_or_lists(c, &(sess_query){ .now = INT64_MAX }, 0, "at the end of time");
}

/* What is told of each record, and that traces are not listed. */
static void lists_fields(contract *c)
{
	unsigned char retired[SESS_ID_BYTES], candidate[SESS_ID_BYTES];
	sess_record rec = stored_renewed(c, retired), full = fresh_record(c), login, ended;
	sess_query all = { .now = NOW }, of_user = { .user = "kim", .now = NOW };
	struct listed l = { .n = 0 };

	fresh_id(c, candidate);
	do_offer(c, rec.id, candidate, NOW, 0);
	ended = stored_record(c);
	do_end(c, ended.id, SESS_REVOKED);
	check_int(c, do_list(c, &all, &l), SESS_OK, "a store with traces");
	check(c, l.n == 1 && listed(&l, &rec), "lists the record once, under its id");
	full.user = "kim";
	do_insert(c, &full);
	do_list(c, &of_user, &l);
	check(c, l.n == 1 && listed(&l, &full), "lists by user");
	login = fresh_record(c);
	login.user = "kim";
	login.seen = NOW + 50;
	do_replace(c, rec.id, &login, NOW);
	lists(c, &of_user, 2, "after a record came to the user");
	do_touch(c, full.id, NOW + 60, full.expires);
	do_list(c, &of_user, &l);
	check(c, l.n == 2 && l.seen[0] == NOW + 60, "a touch changes the order");
}

static bool is_text(const char *text, const char *want)
{
	return text && strcmp(text, want) == 0;
}

static int compare_listed(void *arg, const sess_record *rec)
{
	const sess_record *want = arg;

	return memcmp(rec->id, want->id, SESS_ID_BYTES) == 0 && rec->len == want->len &&
		is_text(rec->user, want->user) && is_text(rec->agent, want->agent) &&
		is_text(rec->address, want->address) && rec->created == want->created &&
		rec->expires == want->expires && rec->login == want->login &&
		rec->level == want->level && rec->revision == 1 ? 1 : 2;
}

void contract_list(contract *c)
{
	sess_query q = { .now = NOW };
	struct listed l = { .stop_at = 3, .stop_value = 7 };
	sess_record full = fresh_record(c);

	lists(c, &q, 0, "an empty store");
	lists_fields(c);
	do_end_all(c, &q, NULL, SESS_REVOKED);
	populate(c);
	each_query(c, lists);
	check_int(c, do_list(c, &q, &l), 7, "what the function returns is returned");
	check_int(c, (int64_t)l.n, 3, "and stops the list");
	l.stop_value = -77;
	check_int(c, do_list(c, &q, &l), -77, "so does what looks like a failure");
	q.limit = 5;
	lists(c, &q, 5, "at most five");
	l.stop_at = 0;
	do_list(c, &q, &l);
	check(c, l.n == 5 && l.seen[0] == NOW && l.seen[4] == NOW - 30, "those seen last");
	q.limit = 100;
	lists(c, &q, 8, "at most more than there are");
	full.user = q.user = "leo";
	full.agent = "Agent/L";
	full.address = "192.0.2.77";
	full.login = NOW - 7;
	full.level = 2;
	do_insert(c, &full);
	check_int(c, c->provider->list(c->self, &q, compare_listed, &full, &c->err), 1,
		"each field is told, with the length of the data");
}

void contract_count(contract *c)
{
	unsigned char retired[SESS_ID_BYTES];
	sess_query q = { .now = NOW };
	sess_record rec;

	counts(c, &q, 0, "an empty store");
	populate(c);
	each_query(c, counts);
	rec = stored_renewed(c, retired);
	counts(c, &q, 9, "a renewed record counts once");
	do_end(c, retired, SESS_REVOKED);
	counts(c, &q, 8, "an ended one not at all");
	check_int(c, do_load(c, rec.id, NOW), 0, "it has ended indeed");
}

/* -- 20 collect ------------------------------------------------------------------------------ */

/* Expired records go, oldest first, in batches. */
static void collects_in_order(contract *c)
{
	static const int expires[] = { 3, 9, 1, 7, 5, 10, 2, 8, 6, 4 };
	sess_record rec[11];
	int left = 0;

	for (size_t i = 0; i < sizeof(expires) / sizeof(expires[0]); i++)
		rec[expires[i]] = stored_for(c, i % 2 ? "mia" : NULL, NOW, NOW + expires[i]);
	check_int(c, (int64_t)do_collect(c, NOW, 100), 0, "nothing has expired");
	check_int(c, (int64_t)do_collect(c, NOW + 10, 3), 3, "at most so many rows");
	for (int i = 1; i <= 10; i++)
		left += do_load(c, rec[i].id, NOW) == 1 ? 1 << i : 0;
	check_int(c, left, 0x7f0, "the oldest ones went");
	check_int(c, (int64_t)do_collect(c, NOW + 6, 100), 3, "what expires this second goes too");
	check_found(c, &rec[7], NOW + 6, 1, "what expires the next one does not");
	check_int(c, (int64_t)do_collect(c, NOW + 10, 0), 0, "no row at all");
	check_int(c, (int64_t)do_collect(c, NOW + 10, 100), 4, "the rest");
	check_int(c, (int64_t)do_collect(c, NOW + 10, 100), 0, "and no more");
}

/* What a touch or an update gave more time stays. */
static void collects_no_live(contract *c)
{
	sess_record rec = stored_for(c, NULL, NOW, NOW + 20);
	sess_record other = stored_for(c, "nina", NOW, NOW + 20);
	unsigned char retired[SESS_ID_BYTES], candidate[SESS_ID_BYTES];
	sess_record renewed = stored_renewed(c, retired);

	fresh_id(c, candidate);
	do_offer(c, renewed.id, candidate, NOW, 0);
	rec.expires = other.expires = NOW + 40;
	rec.seen = NOW + 10;
	do_touch(c, rec.id, NOW + 10, NOW + 40);
	do_update(c, &other, NOW, SESS_PART_ALL);
	check_int(c, (int64_t)do_collect(c, NOW + 39, 100), 0, "live records are not collected");
	check_found(c, &rec, NOW + 39, 1, "a record that was touched");
	check_found(c, &other, NOW + 39, 2, "a record that was updated");
	check_leads(c, retired, NOW + 39, SESS_VIA_RETIRED, NOW, renewed.id, "a retired id");
	check_leads(c, candidate, NOW + 39, SESS_VIA_CANDIDATE, NOW, renewed.id, "a candidate");
}

/* Traces go when their time is over, and not before. */
static void collects_traces(contract *c)
{
	sess_record ended[5];
	size_t n;
	int told = 0;

	for (int i = 0; i < 5; i++) {
		ended[i] = stored_record(c);
		do_end(c, ended[i].id, SESS_LOGGED_OUT);
	}
	do_collect(c, CONTRACT_KEEP - 1, 1000);
	for (int i = 0; i < 5; i++)
		told += do_load(c, ended[i].id, CONTRACT_KEEP - 1) == 0 &&
			c->got.ended == SESS_LOGGED_OUT;
	check_int(c, told, 5, "traces stay until their time is over");
	n = do_collect(c, CONTRACT_KEEP, 2);
	check(c, n >= 1 && n <= 2, "outdated traces are collected, at most so many");
	do_collect(c, CONTRACT_KEEP, 1000);
	check_int(c, (int64_t)do_collect(c, CONTRACT_KEEP, 1000), 0, "until none is left");
	check_int(c, do_insert(c, &ended[0]), SESS_OK, "they are gone: the id is free again");
}

/* What leads to an expired record goes with it, though its own time is not over. */
static void collects_aliases(contract *c)
{
	unsigned char retired[SESS_ID_BYTES], candidate[SESS_ID_BYTES];
	sess_record renewed = stored_renewed(c, retired), again = fresh_record(c);

	fresh_id(c, candidate);
	do_offer(c, renewed.id, candidate, NOW, 0);
	check_ended(c, candidate, renewed.expires, SESS_IDLE, "a candidate of an expired record");
	do_collect(c, renewed.expires, 1000);
	check_ended(c, candidate, NOW, SESS_UNKNOWN, "goes with it");
	memcpy(again.id, candidate, sizeof(again.id));
	check_int(c, do_insert(c, &again), SESS_OK, "and leaves nothing");
	memcpy(again.id, retired, sizeof(again.id));
	check_int(c, do_insert(c, &again), SESS_OK, "nor does a retired id");
}

void contract_collect(contract *c)
{
	sess_query all = { .now = NOW };

	check_int(c, (int64_t)do_collect(c, INT64_MAX, 100), 0, "an empty store");
	collects_in_order(c);
	collects_no_live(c);
	collects_traces(c);
	collects_aliases(c);
	do_collect(c, INT64_MAX, SIZE_MAX);
	check_int(c, (int64_t)do_count(c, &all), 0, "at the end of time all goes");
}

/* -- 21 cas ---------------------------------------------------------------------------------- */

static void sets(contract *c, const char *name, int64_t from, int64_t to)
{
	int64_t found;

	check_int(c, do_cas(c, name, from, to, &found), 1, "%s from %" PRId64, name, from);
	check_int(c, found, from, "%s: what was there before", name);
	check_int(c, do_cas(c, name, to == 5 ? 6 : 5, 99, &found), 0, "%s: not what it is", name);
	check_int(c, found, to, "%s: what it is", name);
}

void contract_cas(contract *c)
{
	int64_t found;

	check_int(c, do_cas(c, "absent", 1, 2, &found), 0, "a missing number is not 1");
	check_int(c, found, 0, "it is 0");
	sets(c, "absent", 0, 7);
	sets(c, "absent", 7, -7);
	sets(c, "absent", -7, INT64_MAX);
	sets(c, "absent", INT64_MAX, INT64_MIN);
	sets(c, "absent", INT64_MIN, 0);
	sets(c, "Absent", 0, 1);
	sets(c, "absent", 0, 3);
	sets(c, "it's 100% \"odd\"", 0, 8);
	sets(c, "", 0, 9);
	sets(c, "Absent", 1, 1);
	check_int(c, (int64_t)do_collect(c, INT64_MAX, 1000) >= 0, 1, "collect");
	check_int(c, do_cas(c, "Absent", 1, 2, &found), 1, "numbers are not collected");
}
