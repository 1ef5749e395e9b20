/* SPDX-License-Identifier: ISC */
/* stats.c - the verb stats: how many sessions there are, what came and went, how the store does. */
#include "stats.h"

#include "metrics.h"

#include <string.h>

#define HOUR 3600
#define HOURS ((size_t)24)
#define TABLE_WIDTH 48          /* columns of a line of the table, before its bar */
#define BAR_MAX 60

static void
known(json_out *out, const char *key, int64_t number)
{
	if (number >= 0)
		json_int(out, key, number);
}

static void
tally_json(json_out *out, const char *key, const sess_tally *tally, size_t count)
{
	if (tally[0].started < 0)
		return;
	json_open(out, key, '[');
	for (size_t i = 0; i < count; i++) {
		json_open(out, NULL, '{');
		known(out, "started", tally[i].started);
		known(out, "logins", tally[i].logins);
		known(out, "ended", tally[i].ended);
		known(out, "expired", tally[i].expired);
		json_close(out, '}');
	}
	json_close(out, ']');
}

void
stats_json(const sess_stats *s, int64_t now)
{
	json_out out;

	json_start(&out, stdout);
	json_open(&out, NULL, '{');
	json_int(&out, "time", now);
	known(&out, "live", s->live);
	known(&out, "signed_in", s->signed_in);
	known(&out, "waiting", s->waiting);
	if (s->oldest > 0)
		json_int(&out, "oldest", s->oldest);
	known(&out, "bytes", s->bytes);
	known(&out, "free", s->free);
	known(&out, "log", s->log);
	known(&out, "value_bytes", s->value_bytes);
	known(&out, "waits", s->waits);
	known(&out, "longest_us", s->longest_us);
	known(&out, "busy", s->busy);
	tally_json(&out, "minutes", s->minute, sizeof(s->minute) / sizeof(s->minute[0]));
	tally_json(&out, "hours", s->hour, HOURS);
	json_close(&out, '}');
	json_line(&out);
}

/* One that is not known makes the sum unknown. */
static void
add(int64_t *sum, int64_t number)
{
	*sum = *sum < 0 || number < 0 ? -1 : expiry_add(*sum, number);
}

sess_tally
stats_sum(const sess_tally *tally, size_t count)
{
	sess_tally sum = { 0 };

	for (size_t i = 0; i < count; i++) {
		add(&sum.started, tally[i].started);
		add(&sum.logins, tally[i].logins);
		add(&sum.ended, tally[i].ended);
		add(&sum.expired, tally[i].expired);
	}
	return sum;
}

static void
line(const char *name, int64_t number, const char *about)
{
	if (number >= 0)
		printf("%-12s %12lld%s%s\n", name, (long long)number, *about != '\0' ? "  " : "", about);
}

static void
line_size(const char *name, int64_t bytes, const char *about)
{
	char size[TERM_TIME_MAX];

	if (bytes >= 0)
		printf("%-12s %12s%s%s\n", name, term_size(size, bytes), *about != '\0' ? "  " : "", about);
}

static void
print_sessions(const sess_stats *s, int64_t now)
{
	char about[80] = "expired, not yet deleted", age[TERM_TIME_MAX];

	line("live", s->live, "");
	line("signed in", s->signed_in, "of these");
	line("anonymous", s->live < 0 || s->signed_in < 0 ? -1 : s->live - s->signed_in, "of these");
	if (s->oldest > 0)
		snprintf(about, sizeof(about), "expired, not yet deleted; the oldest for %s",
			term_span(age, now > s->oldest ? now - s->oldest : 0));
	line("waiting", s->waiting, about);
}

static void
print_store(const sess_stats *s)
{
	char about[80];

	line_size("size", s->bytes, "of all files");
	line_size("unused", s->free, "of that, used before the files grow");
	line_size("log", s->log, "of that, the write-ahead log");
	line_size("values", s->value_bytes, "in a session on average, from a sample");
	if (s->longest_us >= 0)
		snprintf(about, sizeof(about), "writers queued; the longest for %.1f ms",
			(double)s->longest_us / 1000);
	else
		snprintf(about, sizeof(about), "writers queued");
	line("waits", s->waits, about);
	line("busy", s->busy, "of them gave up");
}

/* Hours on the terminal get a bar each, which shows the sessions started. */
static void
print_hours(const sess_stats *s, int64_t now)
{
	char bar[BAR_MAX + 1], when[TERM_TIME_MAX];
	int room = term_is(stdout) ? term_width() - TABLE_WIDTH : 0;
	sess_tally day = stats_sum(s->hour, HOURS);
	int64_t most = 1;

	if (day.started < 0)
		return;
	room = room < 0 ? 0 : room > BAR_MAX ? BAR_MAX : room;
	for (size_t i = 0; i < HOURS; i++)
		most = s->hour[i].started > most ? s->hour[i].started : most;
	printf("\n%-6s %9s %9s %9s %9s\n", "hour", "started", "logins", "ended", "expired");
	for (size_t i = HOURS; i-- > 0; ) {
		const sess_tally *t = &s->hour[i];
		size_t n = (size_t)((double)t->started * room / (double)most);

		memset(bar, '#', n);
		bar[n] = '\0';
		term_time(when, (now / HOUR - (int64_t)i) * HOUR);
		printf("%.5s  %9lld %9lld %9lld %9lld%s%s\n", when + strlen("2026-01-31 "),
			(long long)t->started, (long long)t->logins, (long long)t->ended,
			(long long)t->expired, n > 0 ? "  " : "", bar);
	}
	printf("%-6s %9lld %9lld %9lld %9lld\n", "all", (long long)day.started,
		(long long)day.logins, (long long)day.ended, (long long)day.expired);
}

static int
save_metrics(const tool *t, const sess_stats *s, int64_t now, const char *path)
{
	sess_tally hour = stats_sum(s->minute, 60);
	metrics m;

	metrics_begin(&m);
	metrics_number(&m, "sessions_live", METRIC_GAUGE, s->live, "Live sessions.");
	metrics_number(&m, "sessions_signed_in", METRIC_GAUGE, s->signed_in,
		"Live sessions with a user.");
	metrics_number(&m, "sessions_waiting", METRIC_GAUGE, s->waiting,
		"Expired sessions that are not yet deleted.");
	metrics_number(&m, "sessions_oldest_waiting_seconds", METRIC_GAUGE,
		s->oldest < 0 ? -1 : s->oldest > 0 && now > s->oldest ? now - s->oldest : 0,
		"How long ago the oldest of these expired; 0 if there is none.");
	metrics_number(&m, "started_last_hour", METRIC_GAUGE, hour.started,
		"Sessions stored for the first time within 60 minutes.");
	metrics_number(&m, "logins_last_hour", METRIC_GAUGE, hour.logins, "Logins within 60 minutes.");
	metrics_number(&m, "ended_last_hour", METRIC_GAUGE, hour.ended,
		"Sessions ended before their time within 60 minutes.");
	metrics_number(&m, "expired_last_hour", METRIC_GAUGE, hour.expired,
		"Expired sessions deleted within 60 minutes.");
	metrics_number(&m, "store_bytes", METRIC_GAUGE, s->bytes, "Size of all files of the store.");
	metrics_number(&m, "store_unused_bytes", METRIC_GAUGE, s->free, "Unused room in the store.");
	metrics_number(&m, "store_log_bytes", METRIC_GAUGE, s->log, "Size of the write-ahead log.");
	metrics_number(&m, "value_bytes", METRIC_GAUGE, s->value_bytes,
		"Values of a session on average, from a sample.");
	metrics_number(&m, "writer_waits_total", METRIC_COUNTER, s->waits, "Writers that queued.");
	metrics_number(&m, "writer_busy_total", METRIC_COUNTER, s->busy, "Writers that gave up.");
	metrics_seconds(&m, "writer_longest_wait_seconds", METRIC_GAUGE,
		s->longest_us < 0 ? -1 : (double)s->longest_us / 1e6, "The longest wait of a writer.");
	return metrics_save(t, &m, path);
}

static int
run(tool *t, char **operands)
{
	const char *path = tool_given(t, "metrics");
	sess_stats sums;
	int64_t now;
	int rc = tool_open(t), failed;

	(void)operands;
	if (rc != EX_OK)
		return rc;
	rc = sess_summary(t->kit, &sums);
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &t->kit->error);
	now = kit_now(t->kit);
	rc = path != NULL ? save_metrics(t, &sums, now, path) : EX_OK;
	if (t->json) {
		stats_json(&sums, now);
	} else if (!t->quiet || path == NULL) {
		print_sessions(&sums, now);
		print_store(&sums);
		if (!t->quiet)
			print_hours(&sums, now);
	}
	failed = tool_flush(t);
	return rc == EX_OK ? failed : rc;
}

static const tool_option options[] = {
	{ "metrics", "FILE", "write the numbers for Prometheus to this file as well" },
	{ NULL, NULL, NULL }
};

const verb verb_stats = {
	.name = "stats",
	.summary = "count sessions, and what came and went",
	.details =
		"Takes milliseconds, however much is stored. Hours are in UTC; the last one is\n"
		"under way. With --quiet the hours are left out; with --quiet and --metrics\n"
		"nothing is printed. What a store cannot tell is left out.",
	.options = options,
	.run = run,
};
