/* SPDX-License-Identifier: ISC */
/* store_redis_stats.c - how many there are, which the lists by time know, and what happened, which
 * is counted hour by hour. */
#include "minutes.h"
#include "store_redis.h"

#include <stdio.h>
#include <string.h>

#define HOURS 24
#define KEPT "93600"            /* seconds: an hour is looked at for a day after it is over */

static redis_name
hour_name(const redis_store *s, int64_t hour)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%lld", (long long)hour);
	return redis_name_of(s, 't', digits, strlen(digits));
}

/* -- counting ---------------------------------------------------------------------------------- */

static int
add_events(redis_store *s, int64_t minute, char kind, int64_t n, sess_error *err)
{
	redis_name name = hour_name(s, sixtieth(minute));
	redis_command add = { .once = true }, keep = { .argc = 0 };
	char field[8];
	int64_t sum;

	snprintf(field, sizeof(field), "%02d%c", (int)(minute - sixtieth(minute) * 60), kind);
	redis_text(&add, "HINCRBY");
	redis_add_key(&add, name.at, name.len);
	redis_text(&add, field);
	redis_number(&add, n);
	sum = redis_call_number(s, &add, err);
	if (sum != n)
		return sum < 0 ? (int)sum : SESS_OK;
	redis_text(&keep, "EXPIRE");
	redis_add_key(&keep, name.at, name.len);
	redis_text(&keep, KEPT);
	sum = redis_call_number(s, &keep, err);
	return sum < 0 ? (int)sum : SESS_OK;
}

int
redis_tally(void *self, int64_t now, const sess_tally *t, sess_error *err)
{
	const int64_t n[] = { t->started, t->logins, t->ended, t->expired };
	int rc = SESS_OK;

	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]) && rc == SESS_OK; i++)
		if (n[i] > 0)
			rc = add_events(self, sixtieth(now), MINUTES_EVENTS[i], n[i], err);
	return rc;
}

/* -- summing up -------------------------------------------------------------------------------- */

/* "07s" and how often; anything else is not ours, and left alone. */
static void
sum_field(sess_stats *out, int64_t now, int64_t hour, const redisReply *field,
	const redisReply *value)
{
	long long n;
	int minute;
	char kind, end;

	if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING ||
		field->len != 3 || sscanf(field->str, "%2d%c", &minute, &kind) != 2 || minute < 0 ||
		minute > 59 || !kind || !strchr(MINUTES_EVENTS, kind) || value->len > 15 ||
		sscanf(value->str, "%lld%c", &n, &end) != 1 || n < 0)
		return;
	minutes_add_events(out, now, hour * 60 + minute, kind, n);
}

static int
sum_hour(redis_store *s, sess_stats *out, int64_t now, int64_t hour, sess_error *err)
{
	redis_name name = hour_name(s, hour);
	redis_command cmd = { .argc = 0 };
	redisReply *reply;

	redis_text(&cmd, "HGETALL");
	redis_add_key(&cmd, name.at, name.len);
	reply = redis_call(s, &cmd, REDIS_REPLY_ARRAY, err);
	if (!reply)
		return SESS_STORE;
	for (size_t i = 0; i + 1 < reply->elements; i += 2)
		sum_field(out, now, hour, reply->element[i], reply->element[i + 1]);
	redis_reply_free(reply);
	return SESS_OK;
}

static int64_t
count(redis_store *s, const redis_name *name, const char *from, const char *to, sess_error *err)
{
	redis_command cmd = { .argc = 0 };

	redis_text(&cmd, "ZCOUNT");
	redis_add_key(&cmd, name->at, name->len);
	redis_text(&cmd, from);
	redis_text(&cmd, to);
	return redis_call_number(s, &cmd, err);
}

static int
sum_list(redis_store *s, int kind, int shard, int64_t now, sess_stats *out, sess_error *err)
{
	redis_name name = redis_due_name(s, kind, shard);
	char until[24], after[24];
	int64_t live, waiting, first;
	int rc = SESS_OK;

	snprintf(until, sizeof(until), "%lld", (long long)now);
	snprintf(after, sizeof(after), "(%lld", (long long)now);
	live = count(s, &name, after, "+inf", err);
	waiting = live < 0 ? live : count(s, &name, "-inf", until, err);
	if (waiting < 0)
		return (int)waiting;
	if (waiting > 0)
		rc = redis_first_due(s, &name, &first, err);
	home_sum(out, now, kind, INT64_MAX, live);
	home_sum(out, now, kind, rc == 1 ? first : now, waiting);
	return rc < 0 ? rc : SESS_OK;
}

int
redis_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	redis_store *s = self;
	int64_t hour = sixtieth(sixtieth(now));
	int rc = SESS_OK;

	for (int i = 0; i < 2 * REDIS_SHARDS && rc == SESS_OK; i++)
		rc = sum_list(s, i % 2 ? HOME_USER : HOME_ANONYMOUS, i / 2, now, out, err);
	for (int i = 0; i < HOURS && rc == SESS_OK; i++)
		rc = sum_hour(s, out, now, hour - i, err);
	return rc;
}
