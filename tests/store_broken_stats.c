/* SPDX-License-Identifier: ISC */
/* store_broken_stats.c - breakages of sentence 28: numbers that are not what happened. */
#include "store_broken.h"

static int stats_with_expired(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	int rc = real->stats(self, now, out, err);

	out->live += out->waiting;
	return rc;
}

static int stats_of_the_minute_before(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	sess_stats before;
	int rc = real->stats(self, now, out, err);

	if (rc == SESS_OK)
		rc = real->stats(self, now - 60, &before, err);
	out->minute[0] = before.minute[0];
	return rc;
}

static int64_t refused;         /* a broken store runs in one process and one thread */

static int insert_counted_first(void *self, const sess_record *rec, int64_t now, int flags,
	sess_error *err)
{
	int rc = real->insert(self, rec, now, flags, err);

	refused += rc != SESS_OK;
	return rc;
}

static int stats_with_refused(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	int rc = real->stats(self, now, out, err);

	out->minute[0].started += refused;
	return rc;
}

static int stats_without_hours(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	int rc = real->stats(self, now, out, err);

	for (int i = 1; i < 24; i++)
		out->hour[i] = (sess_tally){ 0 };
	return rc;
}

const struct breakage broken_stats[] = {
	{ 28, "stats tells of expired records as live ones", { .stats = stats_with_expired } },
	{ 28, "stats is a minute late", { .stats = stats_of_the_minute_before } },
	{ 28, "stats counts what was refused",
		{ .insert = insert_counted_first, .stats = stats_with_refused } },
	{ 28, "stats forgets what was an hour ago", { .stats = stats_without_hours } },
	{ .sentence = 0 },
};
