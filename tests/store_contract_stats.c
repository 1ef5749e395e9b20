/* SPDX-License-Identifier: ISC */
/* store_contract_stats.c - sentence 28: what stats tells is what happened, minute by minute. */
#include "store_contract.h"

#include <string.h>

#define NOW CONTRACT_NOW

static sess_stats stats_at(contract *c, int64_t now)
{
	sess_stats got;

	memset(&got, 0xff, sizeof(got));
	check_int(c, result(c, c->provider->stats(c->self, now, &got, &c->err)), SESS_OK, "stats");
	return got;
}

static void rows_are(contract *c, int64_t now, int64_t live, int64_t signed_in, int64_t waiting,
	const char *what)
{
	sess_stats got = stats_at(c, now);
	const sess_query everyone = { .now = now }, anonymous = { .user = "", .now = now };

	check(c, got.live == live && got.signed_in == signed_in && got.waiting == waiting,
		"%s: live %lld, signed in %lld, waiting %lld", what, (long long)got.live,
		(long long)got.signed_in, (long long)got.waiting);
	check_int(c, (int64_t)do_count(c, &everyone), live, "%s: count agrees", what);
	check_int(c, (int64_t)do_count(c, &anonymous), live - signed_in, "%s: of the anonymous", what);
}

static void period_is(contract *c, const sess_tally *got, sess_tally want, const char *what)
{
	check(c, memcmp(got, &want, sizeof(want)) == 0,
		"%s: started %lld, logins %lld, ended %lld, expired %lld", what, (long long)got->started,
		(long long)got->logins, (long long)got->ended, (long long)got->expired);
}

static void minute_is(contract *c, int64_t now, sess_tally want, const char *what)
{
	sess_stats got = stats_at(c, now);

	period_is(c, &got.minute[0], want, what);
}

static void nothing_at_first(contract *c)
{
	sess_stats got = stats_at(c, NOW);

	rows_are(c, NOW, 0, 0, 0, "an empty store");
	check_int(c, got.oldest, 0, "nothing waits");
	period_is(c, &got.minute[0], (sess_tally){ 0 }, "nothing began");
	period_is(c, &got.hour[23], (sess_tally){ 0 }, "nor a day ago");
}

/* What changes a record adds none, and what fails is not counted. */
static void changes_and_failures(contract *c, const sess_record *rec)
{
	unsigned char candidate[SESS_ID_BYTES];
	sess_record other = *rec, login = fresh_record(c);

	fresh_id(c, candidate);
	do_touch(c, rec->id, NOW + 1, NOW + CONTRACT_LIFE + 1);
	do_update(c, rec, NOW, SESS_PART_ALL);
	do_offer(c, rec->id, candidate, NOW, 0);
	do_confirm(c, candidate, NOW);
	check_int(c, do_insert(c, rec), SESS_CONFLICT, "an id that is taken");
	other.revision = 77;
	check_int(c, do_replace(c, candidate, &login, NOW), SESS_CONFLICT, "an old revision");
	do_end(c, other.secret, SESS_LOGGED_OUT);
	rows_are(c, NOW, 2, 1, 0, "changes and failures");
	minute_is(c, NOW, (sess_tally){ .started = 2, .logins = 1 }, "changes and failures");
	/* It goes on under the id of the candidate. */
	login.revision = 2;
	login.user = "kim";
	login.login = NOW;
	check_int(c, do_replace(c, candidate, &login, NOW), SESS_OK, "a login");
	rows_are(c, NOW, 2, 2, 0, "a login");
	minute_is(c, NOW, (sess_tally){ .started = 2, .logins = 2 }, "a login");
	other = fresh_record(c);
	other.revision = 3;
	other.user = "kim";
	other.login = NOW;
	check_int(c, do_replace(c, login.id, &other, NOW), SESS_OK, "a rotation");
	minute_is(c, NOW, (sess_tally){ .started = 2, .logins = 2 }, "a rotation is no login");
	do_end(c, other.id, SESS_LOGGED_OUT);
	do_end(c, other.id, SESS_LOGGED_OUT);
	rows_are(c, NOW, 1, 1, 0, "an end");
	minute_is(c, NOW, (sess_tally){ .started = 2, .logins = 2, .ended = 1 }, "an end, twice");
}

static void what_expires(contract *c)
{
	sess_stats got;

	stored_for(c, NULL, NOW, NOW + 60);
	stored_for(c, "ann", NOW, NOW + 50);
	rows_are(c, NOW + 59, 2, 1, 1, "one has expired");
	rows_are(c, NOW + 60, 1, 1, 2, "two have expired");
	got = stats_at(c, NOW + 60);
	check_int(c, got.oldest, NOW + 50, "the oldest");
	check_int(c, (int64_t)do_collect(c, NOW + 60, 1), 1, "collect one");
	rows_are(c, NOW + 60, 1, 1, 1, "one is left");
	check_int(c, (int64_t)do_collect(c, NOW + 60, 10), 1, "collect the other");
	rows_are(c, NOW + 60, 1, 1, 0, "none is left");
	minute_is(c, NOW + 60, (sess_tally){ .expired = 2 }, "collected");
}

/* The contract's clock shows 20 seconds past a minute, and 13 past an hour. */
static void minutes_and_hours(contract *c)
{
	const sess_query everyone = { .now = NOW + 4000 };
	sess_stats got = stats_at(c, NOW + 60);

	period_is(c, &got.minute[1], (sess_tally){ .started = 4, .logins = 3, .ended = 1 },
		"the minute before");
	period_is(c, &got.hour[0], (sess_tally){ .started = 4, .logins = 3, .ended = 1, .expired = 2 },
		"this hour");
	got = stats_at(c, NOW + 59 * 60);
	check_int(c, got.minute[59].started, 4, "nearly an hour ago");
	got = stats_at(c, NOW + 60 * 60);
	check_int(c, got.minute[59].started, 0, "an hour ago is no minute of the last 60");
	check_int(c, got.minute[59].expired, 2, "the next one is");
	check_int(c, got.hour[1].started, 4, "but of the hour before");
	got = stats_at(c, NOW + 24 * 3600);
	check_int(c, got.hour[23].started + got.hour[0].started, 0, "a day ago is no hour of the last 24");
	check_int(c, (int64_t)do_end_all(c, &everyone, NULL, SESS_REVOKED), 1, "end all");
	minute_is(c, NOW + 4000, (sess_tally){ .ended = 1 }, "all ended");
	rows_are(c, NOW + 4000, 0, 0, 0, "all ended");
}

void contract_stats(contract *c)
{
	sess_record rec;

	nothing_at_first(c);
	rec = stored_record(c);
	stored_for(c, "ann", NOW, NOW + CONTRACT_LIFE);
	rows_are(c, NOW, 2, 1, 0, "two sessions");
	minute_is(c, NOW, (sess_tally){ .started = 2, .logins = 1 }, "two sessions");
	changes_and_failures(c, &rec);
	what_expires(c);
	minutes_and_hours(c);
}
