/* SPDX-License-Identifier: ISC */
/* gc.c - the verb gc: delete what has expired, by cron, by a timer or by hand. */
#include "metrics.h"
#include "patience.h"

#include <limits.h>
#include <string.h>
#include <time.h>

/* A program collects for 20 milliseconds at a time; another gc is not waited for. */
#define PATIENCE_MS 3000
#define NAP_MS 50
#define TIDY_MS 200             /* of tidying, until we look whether to stop */

typedef struct gc {
	tool *t;
	int64_t started_ms;
	int64_t rows, time_ms;          /* the budget; 0: no bound */
	size_t deleted;
	int64_t deleted_ever;           /* by gc, on this store; -1: not known */
	int64_t freed;                  /* bytes given back to the system */
	int64_t waiting;                /* expired and still there; -1: not known */
	bool stopped;
	progress bar;
} gc;

static int64_t
elapsed_ms(const gc *g)
{
	return clock_monotonic_ms() - g->started_ms;
}

static bool
time_is_up(const gc *g)
{
	return g->time_ms != 0 && elapsed_ms(g) >= g->time_ms;
}

/* Change a number that all processes share: to value, or by so much. Its new value goes to *now
 * unless that is NULL. SESS_OK or negative. */
static int
mark_change(sess_kit *kit, const char *name, int64_t value, bool by, int64_t *now)
{
	const sess_provider *p = kit->store.provider;
	int64_t found = 0, to;
	int rc = p->cas(kit->store.self, name, 0, 0, &found, &kit->error);

	if (rc < 0)
		return rc;
	do {
		to = by ? expiry_add(found, value) : value;
		rc = p->cas(kit->store.self, name, found, to, &found, &kit->error);
	} while (rc == 0);
	if (now != NULL)
		*now = to;
	return rc < 0 ? rc : SESS_OK;
}

static int
each_batch(void *arg, size_t n)
{
	gc *g = arg;

	progress_at(&g->bar, (int64_t)(g->deleted + n));
	return tool_stopping() ? 1 : 0;
}

static sess_budget
what_is_left(gc *g, bool force)
{
	int64_t ms = g->time_ms != 0 ? g->time_ms - elapsed_ms(g) : 0;

	/* 0 would be no bound. */
	if (g->time_ms != 0 && ms < 1)
		ms = 1;
	return (sess_budget){ .rows = g->rows != 0 ? (size_t)g->rows - g->deleted : 0,
		.ms = ms < INT_MAX ? (int)ms : INT_MAX, .force = force, .progress = each_batch, .arg = g };
}

/* A result of the library, or 1 when asked to stop. */
static int
collect(gc *g, bool force)
{
	int64_t busy_since = 0;
	int rc;

	for (;;) {
		sess_budget budget = what_is_left(g, force);
		size_t n = 0;

		rc = sess_collect(g->t->kit, &budget, &n);
		g->deleted += n;
		if (rc != SESS_BUSY || time_is_up(g) || (g->rows != 0 && g->deleted >= (size_t)g->rows))
			return rc;
		if (tool_stopping())
			return 1;
		if (n > 0 || busy_since == 0)
			busy_since = clock_monotonic_ms();
		if (clock_monotonic_ms() - busy_since >= PATIENCE_MS)
			return rc;
		nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000L }, NULL);
	}
}

/* A result of the library, or 1 when asked to stop. */
static int
tidy(gc *g, int flags)
{
	sess_kit *kit = g->t->kit;
	const sess_provider *p = kit->store.provider;
	int rc;

	if (p->tidy == NULL)
		return sess_fail(&kit->error, SESS_UNSUPPORTED, "a store of kind %s has nothing to tidy",
			p->scheme);
	do {
		int64_t freed = 0;

		if (tool_stopping())
			return 1;
		rc = p->tidy(kit->store.self, flags, TIDY_MS, &freed, &kit->error);
		g->freed += freed;
	} while (rc == 1 && !time_is_up(g));
	return rc == 1 ? SESS_OK : rc;
}

/* An exit code, with a message unless it is EX_OK. */
static int
result_exit(gc *g, int rc)
{
	const sess_error *err = &g->t->kit->error;
	char done[100];

	if (rc == SESS_OK)
		return EX_OK;
	g->stopped = rc > 0;
	if (g->stopped) {
		snprintf(done, sizeof(done), "%zu expired records were deleted, and the next run goes on "
			"from there", g->deleted);
		return tool_stopped(g->t, done);
	}
	if (rc == SESS_BUSY)
		return tool_fail(g->t, EX_TEMPFAIL, "%s; run it again later", err->text);
	if (rc == SESS_DENIED)
		return tool_fail(g->t, EX_TEMPFAIL, "%s: see whether the time is right, then wait or give "
			"--force", err->text);
	return tool_fail_code(g->t, rc, err);
}

/* How much is waiting. A result of the library. */
static int
count_waiting(gc *g)
{
	sess_stats sums;
	int rc = sess_summary(g->t->kit, &sums);

	g->waiting = rc == SESS_OK ? sums.waiting : -1;
	return rc;
}

/* Leave word of the run for doctor. A result of the library. */
static int
note(gc *g, bool ran)
{
	sess_kit *kit = g->t->kit;
	int rc = mark_change(kit, "gc_deleted", (int64_t)g->deleted, true, &g->deleted_ever);

	return rc == SESS_OK && ran ? mark_change(kit, "gc", kit_now(kit), false, NULL) : rc;
}

/* Collect, then tidy. An exit code. */
static int
work(gc *g)
{
	tool *t = g->t;
	int rc, result, noted;

	progress_begin(&g->bar, t, "deleting", g->rows != 0 && g->rows < g->waiting ? g->rows :
		g->waiting < 0 ? 0 : g->waiting);
	be_patient();
	rc = collect(g, tool_given(t, "force") != NULL);
	progress_end(&g->bar);
	result = result_exit(g, rc);
	/* This writes in the log, and so does shrinking: the log is emptied last. */
	noted = note(g, rc >= 0);
	if (result != EX_OK || noted != SESS_OK)
		return result != EX_OK ? result : result_exit(g, noted);
	if (tool_given(t, "shrink") != NULL)
		result = result_exit(g, tidy(g, SESS_TIDY_SHRINK));
	if (tool_given(t, "checkpoint") != NULL && !tool_stopping())
		rc = tidy(g, SESS_TIDY_LOG);
	return result != EX_OK ? result : result_exit(g, rc);
}

/* An exit code. */
static int
look_and_work(gc *g, bool dry)
{
	int rc = tool_open(g->t);

	if (rc == EX_OK)
		rc = result_exit(g, count_waiting(g));
	if (rc != EX_OK || dry)
		return rc;
	rc = work(g);
	/* The work is done, or its failure was told: if this fails, what is left is not known. */
	(void)count_waiting(g);
	return rc;
}

static void
say_json(const gc *g, bool dry, int result)
{
	char seconds[32];
	json_out out;

	json_start(&out, stdout);
	json_open(&out, NULL, '{');
	json_int(&out, "deleted", (int64_t)g->deleted);
	if (g->waiting >= 0)
		json_int(&out, "waiting", g->waiting);
	json_int(&out, "freed", g->freed);
	snprintf(seconds, sizeof(seconds), "%.3f", (double)elapsed_ms(g) / 1000);
	json_raw(&out, "seconds", seconds, strlen(seconds));
	json_bool(&out, "dry_run", dry);
	json_bool(&out, "stopped", g->stopped);
	json_int(&out, "exit", result);
	json_close(&out, '}');
	json_line(&out);
}

static void
say(const gc *g, bool dry)
{
	char size[TERM_TIME_MAX];
	double seconds = (double)elapsed_ms(g) / 1000;

	if (dry && g->waiting >= 0)
		printf("%lld expired sessions would be deleted\n", (long long)g->waiting);
	else if (dry)
		printf("this store cannot tell how many sessions have expired\n");
	else
		printf("deleted %zu expired records in %.1f s", g->deleted, seconds);
	if (dry)
		return;
	if (g->waiting > 0)
		printf(", %lld are left", (long long)g->waiting);
	if (g->freed > 0)
		printf(", gave %s back", term_size(size, g->freed));
	putchar('\n');
}

static int
save_metrics(const gc *g, const char *path, int result)
{
	metrics m;

	metrics_begin(&m);
	metrics_number(&m, "gc_deleted_total", METRIC_COUNTER, g->deleted_ever,
		"Expired records deleted by sesskit gc since the store was made.");
	metrics_number(&m, "gc_last_deleted", METRIC_GAUGE, (int64_t)g->deleted,
		"Expired records deleted by the last run.");
	metrics_number(&m, "gc_last_freed_bytes", METRIC_GAUGE, g->freed,
		"Disk space given back by the last run.");
	metrics_number(&m, "gc_waiting", METRIC_GAUGE, g->waiting,
		"Expired sessions that the last run left.");
	metrics_number(&m, "gc_last_run_timestamp_seconds", METRIC_GAUGE, (int64_t)time(NULL),
		"When the last run ended.");
	metrics_seconds(&m, "gc_last_duration_seconds", METRIC_GAUGE,
		(double)elapsed_ms(g) / 1000, "How long the last run took.");
	metrics_number(&m, "gc_last_exit_code", METRIC_GAUGE, result,
		"Exit code of the last run; 0 is success.");
	return metrics_save(g->t, &m, path);
}

/* The numbers of the options; an exit code. */
static int
read_options(gc *g)
{
	int rc = tool_number(g->t, "rows", SETTING_COUNT, 0, &g->rows);
	int64_t seconds;

	if (rc == EX_OK)
		rc = tool_number(g->t, "time", SETTING_TIME, 0, &seconds);
	if (rc != EX_OK)
		return rc;
	g->time_ms = seconds < INT_MAX / 1000 ? seconds * 1000 : INT_MAX;
	if ((g->rows == 0 && tool_given(g->t, "rows")) || (seconds == 0 && tool_given(g->t, "time")))
		return tool_fail(g->t, EX_USAGE, "--rows and --time must be more than 0");
	if (tool_given(g->t, "dry-run") != NULL && (tool_given(g->t, "metrics") != NULL ||
		tool_given(g->t, "checkpoint") != NULL || tool_given(g->t, "shrink") != NULL))
		return tool_fail(g->t, EX_USAGE, "--dry-run changes nothing: leave out --metrics, "
			"--checkpoint and --shrink");
	return EX_OK;
}

static int
run(tool *t, char **operands)
{
	gc g = { .t = t, .started_ms = clock_monotonic_ms(), .deleted_ever = -1, .waiting = -1 };
	const char *path = tool_given(t, "metrics");
	bool dry = tool_given(t, "dry-run") != NULL;
	int result = read_options(&g), failed;

	(void)operands;
	if (result != EX_OK)
		return result;
	result = look_and_work(&g, dry);
	failed = path != NULL ? save_metrics(&g, path, result) : EX_OK;
	if (t->kit != NULL && t->json)
		say_json(&g, dry, result);
	else if (result == EX_OK && !t->quiet)
		say(&g, dry);
	if (result == EX_OK)
		result = failed;
	failed = tool_flush(t);
	return result == EX_OK ? failed : result;
}

static const tool_option options[] = {
	{ "rows", "N", "delete at most so many records" },
	{ "time", "TIME", "work no longer than this, such as 4m" },
	{ "dry-run", NULL, "only say how many sessions would be deleted" },
	{ "force", NULL, "delete although the clock jumped ahead" },
	{ "checkpoint", NULL, "then empty the write log into the store" },
	{ "shrink", NULL, "then give unused room back to the system" },
	{ "metrics", "FILE", "write the figures for Prometheus to this file" },
	{ NULL, NULL, NULL }
};

const verb verb_gc = {
	.name = "gc",
	.summary = "delete expired sessions, from cron or by hand",
	.details =
		"Expired sessions are refused whether they were deleted or not; this makes room.\n"
		"It works in small batches that let visitors pass, and only one process at a\n"
		"time does. Ctrl-C stops between two batches. Run it by cron every few minutes,\n"
		"with --quiet, so that only failures are mailed.",
	.options = options,
	.run = run,
};
