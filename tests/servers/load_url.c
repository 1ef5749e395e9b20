/* SPDX-License-Identifier: ISC */
/*
 * load_url.c - sessions that count on a store while something happens to its servers, and then a
 * look at what is left of all that was answered: lines "NAME NUMBER", for a script to judge.
 *
 *   load_url SECONDS WINDOW COMMAND SETTING=VALUE...
 *
 * Settings are those of sesskit.conf; modules, the folder of stores that are modules; and logins=yes,
 * for visitors who log in. The shell runs COMMAND after a quarter of the time. What was answered less
 * than WINDOW milliseconds before that, or while it ran, is told apart from the rest: "late". When
 * COMMAND is KILL, no server comes to harm, but workers are killed, one after the other.
 */
#include "load_url.h"

#include "internal.h"

#include <signal.h>
#include <unistd.h>

static bool
is_late(const load *l, int64_t at)
{
	return at >= l->struck - l->window && at <= l->struck_end;
}

/* How many of the slot's additions were answered late. */
static int64_t
late_adds(const load *l, const slot *at)
{
	int64_t n = 0;

	for (int i = 0; i < BUCKETS; i++)
		n += is_late(l, l->begun + (int64_t)i * BUCKET_MS) ||
			is_late(l, l->begun + (int64_t)(i + 1) * BUCKET_MS) ? at->adds_at[i] : 0;
	return n;
}

static void
judge_missing(load *l, const slot *at)
{
	l->lost_late += is_late(l, at->born);
	l->lost += !is_late(l, at->born);
}

static void
judge_slot(load *l, slot *at, const found *f)
{
	int64_t lost = at->adds - f->n, late = late_adds(l, at);

	if (f->state != SESS_LIVE) {
		judge_missing(l, at);
		return;
	}
	l->foreign += f->who != at->who;
	l->extra += f->n > at->adds + at->unclear;
	if (lost <= 0)
		return;
	l->lost_late += lost < late ? lost : late;
	l->lost += lost < late ? 0 : lost - late;
}

/* Look until there is an answer; the servers may still be sorting things out. */
static bool
look_at(load *l, sess_kit **kit, jar *j, found *f)
{
	int64_t patience = clock_ms() + 20000;

	while (*kit == NULL || !find(*kit, j, f)) {
		if (clock_ms() > patience)
			return false;
		sess_kit_close(*kit);
		usleep(50000);
		*kit = open_kit(&l->config);
	}
	return true;
}

/* False if the store does not answer. */
static bool
judge_worker(load *l, sess_kit **kit, worker *w)
{
	found f;

	for (int k = 0; k < SLOTS; k++)
		if (w->slots[k].cookie.line[0] != '\0') {
			if (!look_at(l, kit, &w->slots[k].cookie, &f))
				return false;
			judge_slot(l, &w->slots[k], &f);
		}
	for (int k = 0; k < w->vanished_count; k++)
		judge_missing(l, &w->vanished[k]);
	for (int k = 0; k < w->dead_count; k++) {
		if (!look_at(l, kit, &w->dead[k].cookie, &f))
			return false;
		if (f.state == SESS_LIVE && is_late(l, w->dead[k].at))
			l->revived_late++;
		else if (f.state == SESS_LIVE)
			l->revived++;
	}
	return true;
}

static void
judge(load *l)
{
	sess_kit *kit = open_kit(&l->config);

	for (int i = 0; i < WORKERS && !l->silent; i++)
		l->silent = !judge_worker(l, &kit, &l->workers[i]);
	sess_kit_close(kit);
}

static void
tell(load *l)
{
	int64_t answered = 0, failed = 0, odd = 0, foreign = l->foreign, gap = 0, longest = 0;
	int64_t after = 0, ended = 0, stale = 0;

	for (int i = 0; i < WORKERS; i++) {
		const worker *w = &l->workers[i];

		answered += w->answered;
		failed += w->failed;
		odd += w->odd;
		foreign += w->foreign;
		ended += w->dead_count;
		stale += w->stale;
		after += w->last_failure < w->last_answer;
		gap = w->gap > gap ? w->gap : gap;
		longest = w->longest > longest ? w->longest : longest;
		if (w->failed > 0)
			diag("a failure: %s", w->text);
	}
	printf("answered %" PRId64 "\nended %" PRId64 "\nfailed %" PRId64 "\nodd %" PRId64 "\n",
		answered, ended, failed, odd);
	printf("lost %" PRId64 "\nlost_late %" PRId64 "\nrevived %" PRId64 "\nrevived_late %" PRId64
		"\n", l->lost, l->lost_late, l->revived, l->revived_late);
	printf("foreign %" PRId64 "\nextra %" PRId64 "\nstale %" PRId64 "\nlongest %" PRId64 "\n",
		foreign, l->extra, stale, longest);
	printf("gap %" PRId64 "\nrecovered %" PRId64 "\nsilent %d\nkilled %d\n", gap, after,
		l->silent, l->killed);
}

/* Kill one worker after the other, at any moment, and start it again. */
static void
kill_workers(load *l, pid_t *pid, int64_t until)
{
	while (clock_ms() < until) {
		int who = (int)dice(&l->seed, WORKERS);

		usleep(5000 + dice(&l->seed, 20000));
		kill(pid[who], SIGKILL);
		if (wait_process(pid[who]) != 128 + SIGKILL)
			bail("a worker died");
		forget_doing(&l->workers[who]);
		l->killed++;
		pid[who] = start_process(work, l, who);
	}
}

/* The command's own time counts as part of what it strikes. */
static void
strike(load *l, const char *command)
{
	l->struck = clock_ms();
	if (command[0] != '\0' && system(command) != 0)
		bail("%s: failed", command);
	l->struck_end = clock_ms();
}

static void
read_settings(load *l, int argc, char **argv)
{
	sess_error err;

	for (int i = 4; i < argc; i++) {
		size_t len = strcspn(argv[i], "=");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)len, argv[i]);
		if (strcmp(name, "modules") == 0 && argv[i][len] != '\0')
			store_module_folder = argv[i] + len + 1;
		else if (strcmp(argv[i], "logins=yes") == 0)
			l->logins = true;
		else if (argv[i][len] == '\0' ||
			sess_config_set(&l->config, name, argv[i] + len + 1, &err) != SESS_OK)
			bail("%s: %s", argv[i], argv[i][len] == '\0' ? "no value" : err.text);
	}
}

int
main(int argc, char **argv)
{
	load *l = shared(sizeof(*l));
	pid_t pid[WORKERS];
	int seconds;

	if (argc < 5)
		bail("usage: load_url SECONDS WINDOW COMMAND SETTING=VALUE...");
	seconds = atoi(argv[1]);
	if (seconds < 1 || seconds * 1000 / BUCKET_MS > BUCKETS)
		bail("%s: from 1 to %d seconds", argv[1], BUCKETS * BUCKET_MS / 1000);
	l->window = atoi(argv[2]);
	l->config = (sess_config)SESS_CONFIG_INIT;
	read_settings(l, argc, argv);
	l->seed = first_seed();
	time_limit((unsigned)seconds + 60);
	l->begun = clock_ms();
	for (int i = 0; i < WORKERS; i++)
		pid[i] = start_process(work, l, i);
	usleep((useconds_t)seconds * 250000);
	if (strcmp(argv[3], "KILL") == 0) {
		l->struck = l->struck_end = INT64_MIN;
		kill_workers(l, pid, l->begun + seconds * INT64_C(1000));
	} else {
		strike(l, argv[3]);
		usleep((useconds_t)seconds * 750000);
	}
	l->over = 1;
	for (int i = 0; i < WORKERS; i++)
		if (wait_process(pid[i]) != 0)
			bail("a worker died");
	judge(l);
	tell(l);
	return 0;
}
