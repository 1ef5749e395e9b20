/* SPDX-License-Identifier: ISC */
/* doctor_live.c - what the open store tells: the clock, and who deletes what has expired. */
#include "doctor.h"

#include <string.h>

/* 2026-01-01: this program is younger, so no clock that is right shows less. */
#define CLOCK_LEAST INT64_C(1767225600)
#define CLOCK_BACK 300          /* seconds that a clock may be set back */
#define DOUBT 3600              /* for so long nothing is collected after a jump */
#define WAITING_MOST 7200       /* an expired session should be gone by then */
#define LEASE_MOST 120          /* a collector has it for a minute at most */

static const char cron_line[] = "let cron run this every five minutes, as the user that owns the "
	"store: sesskit gc --quiet --store URL";
static const char see_log[] = "see the log of the system";

/* A time that the programs share; 0 if it was never set, or cannot be read, which is said. */
static int64_t
mark(doctor *d, const char *name)
{
	sess_kit *kit = d->t->kit;
	int64_t found = 0;

	if (kit->store.provider->cas(kit->store.self, name, 0, 0, &found, &kit->error) < 0)
		doctor_say_error(d, see_log, &kit->error);
	return found > 0 ? found : 0;   /* by hand, anything can be put there */
}

static void
check_clock(doctor *d, int64_t now)
{
	int64_t noted = mark(d, "clock"), doubt = mark(d, "clock_doubt");
	char span[TERM_TIME_MAX];

	if (now < CLOCK_LEAST)
		doctor_say(d, SESS_FAULT, "set the clock, and let it be kept by NTP", "the clock is wrong: it "
			"shows a time before this program was made");
	else if (noted > now + CLOCK_BACK)
		doctor_say(d, SESS_WARNING, "see whether the time is right, and let it be kept by NTP",
			"the clock was set back: the programs noted a time %s ahead of now",
			term_span(span, noted - now));
	else if (doubt != 0 && doubt <= now && now - doubt < DOUBT)
		doctor_say(d, SESS_WARNING, "see whether the time is right; if so, sesskit gc --force "
			"collects at once", "the clock jumped ahead by days: nothing is collected for an hour");
	else
		doctor_say(d, SESS_FINE, "", "the clock is steady");
}

/* Expired sessions that nobody deletes. */
static void
check_waiting(doctor *d, int64_t now)
{
	int64_t ran = mark(d, "gc");
	char old[TERM_TIME_MAX], last[TERM_TIME_MAX];
	sess_stats sums;

	if (sess_summary(d->t->kit, &sums) != SESS_OK) {
		doctor_say_error(d, see_log, &d->t->kit->error);
		return;
	}
	if (ran == 0)
		snprintf(last, sizeof(last), "never ran");
	else
		snprintf(last, sizeof(last), "ran %s ago", term_span(old, now > ran ? now - ran : 0));
	if (sums.oldest > 0 && now - sums.oldest > WAITING_MOST)
		doctor_say(d, SESS_WARNING, cron_line, "%lld expired sessions are still there, the oldest "
			"for %s; sesskit gc %s", (long long)sums.waiting,
			term_span(old, now - sums.oldest), last);
	else if (ran != 0 && now - ran > WAITING_MOST)
		doctor_say(d, SESS_WARNING, "see why cron, or the timer, does not run it any more",
			"sesskit gc %s", last);
	else if (ran == 0 && d->whole.collect < 0)
		doctor_say(d, SESS_WARNING, cron_line, "collect = never, and sesskit gc %s: nobody deletes "
			"what has expired", last);
	else
		doctor_say(d, SESS_FINE, "", "nothing has expired for long; sesskit gc %s", last);
}

static void
check_lease(doctor *d, int64_t now)
{
	int64_t lease = mark(d, "collector");

	if (lease > now + LEASE_MOST)
		doctor_say(d, SESS_WARNING, "none is needed: the next one takes over", "a collector's lease "
			"ends in the far future, as the clock was set back since");
	else if (lease != 0 && lease < now - WAITING_MOST)
		doctor_say(d, SESS_WARNING, "run sesskit gc, and see the log of the programs", "a collector "
			"died hours ago, and none went on with its work");
}

void
doctor_live(doctor *d)
{
	sess_config config = d->t->config;
	sess_error err = { 0 };
	int64_t now;

	/* What is named is not made. */
	if (strlen(d->key_path) < sizeof(config.key_file))
		strcpy(config.key_file, d->key_path);
	if (sess_kit_open(&d->t->kit, &config, &err) != SESS_OK) {
		doctor_say_error(d, see_log, &err);
		return;
	}
	doctor_say(d, SESS_FINE, "", "the store opens");
	now = kit_now(d->t->kit);
	check_clock(d, now);
	check_waiting(d, now);
	check_lease(d, now);
}
