/* SPDX-License-Identifier: ISC */
/*
 * failures_url.c - a store whose server is dead, hangs, is slow, comes and goes, or answers
 * nonsense: calls end in time and say why, no session is shown that was not stored, and all goes on
 * by itself. The same when nobody tells the address of its host.
 *
 *   failures_url SOCKET URL NAMED   of the server; PROXY in the URL stands for the proxy's socket,
 *                                   and NAMED is a URL with a name of a host, any name
 */
#include "failures_url.h"

#include "../faults/faults.h"

#include <unistd.h>

#define IN_TIME (TRIAL_BUSY_MS + TRIAL_GRACE_MS)

static void
all_is_well(trial *t, const char *when)
{
	outcome o = trial_calls(t, 2 * KNOWN);

	ok(o.failed + o.lost + o.wrong == 0, "%s: every session is as it was stored", when);
	if (o.failed + o.lost + o.wrong > 0)
		diag("%d failed (%s), %d not there, %d wrong", o.failed, o.text, o.lost, o.wrong);
}

/* Calls end in time, and fail as they should, or give what was stored. */
static bool
in_order(const outcome *o, const char *when)
{
	bool fine = ok(o->odd == 0, "%s: a failure is SESS_STORE or SESS_BUSY, with a text", when);

	fine &= ok(o->wrong == 0, "%s: no session is shown that was not stored", when);
	fine &= ok(o->longest <= IN_TIME, "%s: every call ends in time (longest %d ms)", when,
		(int)o->longest);
	if (!fine)
		diag("%d calls, %d failed, the last one with %s", o->made, o->failed, o->text);
	return fine;
}

static void
goes_on(trial *t, const char *when)
{
	int64_t took = trial_recovers(t);

	ok(took >= 0, "%s: it goes on by itself (after %d ms)", when, (int)took);
	all_is_well(t, when);
}

static void
recovers(trial *t, const char *when)
{
	flaky_set(t->proxy, FLAKY_PASS, 0);
	goes_on(t, when);
}

/* Nothing can succeed; the first calls may wait, but not all of them: so long. */
static void
nothing_works(trial *t, int wait_ms, const char *when)
{
	outcome first = trial_calls(t, 1), rest = trial_calls(t, 1000);

	in_order(&first, when);
	in_order(&rest, when);
	is_int(first.failed + rest.failed, 1001, "%s: every call fails", when);
	ok(rest.total < 1000 + wait_ms, "%s: a thousand calls are refused at once (%d ms)", when,
		(int)rest.total);
	diag("%s: \"%s\"", when, rest.text);
}

static void
gone(trial *t, int mode, int64_t number, const char *when)
{
	flaky_set(t->proxy, mode, number);
	nothing_works(t, mode == FLAKY_REFUSE ? 0 : 2 * IN_TIME, when);
	recovers(t, when);
}

/* The server is well, but its address cannot be found. */
static void
nameless(const char *url)
{
	static const char when[] = "the name server dead";
	trial *t = calloc(1, sizeof(*t));

	if (t == NULL)
		bail("out of memory");
	trial_start(t, url, NULL);
	all_is_well(t, "by name");
	ok(name_server(true) > 0, "by name: the name server is asked");
	cut_connections();
	nothing_works(t, 2 * IN_TIME, when);
	is_int(name_server(false), 1, "%s: it is asked once, however many calls wait", when);
	goes_on(t, when);
	trial_close(t);
	free(t);
}

static void
slow(trial *t)
{
	outcome o;

	flaky_set(t->proxy, FLAKY_SLOW, 10);
	o = trial_calls(t, 20);
	in_order(&o, "a little slow");
	is_int(o.failed + o.lost, 0, "a little slow: every call succeeds");
	gone(t, FLAKY_SLOW, 1000, "far too slow");
}

static void
add(outcome *all, const outcome *o)
{
	all->made += o->made;
	all->failed += o->failed;
	all->odd += o->odd;
	all->lost += o->lost;
	all->wrong += o->wrong;
	all->longest = o->longest > all->longest ? o->longest : all->longest;
	if (o->failed > 0)
		memcpy(all->text, o->text, sizeof(all->text));
}

static void
flapping(trial *t)
{
	outcome all = { 0 };
	uint64_t seed = first_seed();

	for (int i = 0; i < 30; i++) {
		static const int modes[] = { FLAKY_PASS, FLAKY_REFUSE, FLAKY_CUT };
		outcome o;

		flaky_set(t->proxy, modes[i % 3], dice(&seed, 200));
		o = trial_calls(t, 40);
		add(&all, &o);
	}
	in_order(&all, "flapping");
	is_int(all.lost, 0, "flapping: no session is taken for missing");
	recovers(t, "flapping");
}

/* The answer breaks off behind each of its first bytes: an update is made once, or fails. */
static void
cut(trial *t)
{
	outcome all = { 0 };

	for (int i = 0; i < 200; i++) {
		outcome o;

		trial_close(t);
		flaky_set(t->proxy, FLAKY_PASS, 0);
		if (!trial_open(t))
			bail("cannot open: %s", t->c.err.text);
		(void)trial_calls(t, 1);
		flaky_set(t->proxy, FLAKY_CUT, i);
		o = trial_calls(t, 2);
		add(&all, &o);
	}
	in_order(&all, "an answer that breaks off");
	is_int(all.lost, 0, "an answer that breaks off: no session is taken for missing");
	recovers(t, "an answer that breaks off");
}

static void
garbage(trial *t)
{
	outcome o;

	flaky_set(t->proxy, FLAKY_GARBAGE, 1);
	o = trial_calls(t, 50);
	in_order(&o, "garbage");
	recovers(t, "garbage");
}

/* One changed answer for each seed, a quarter of them while the store opens. What a changed answer
 * says is not known; what it shows must have been stored. */
static void
changed_answers(trial *t)
{
	int seeds = scale(2000, 20000), wrong = 0, opened = 0;
	int64_t longest = 0;

	for (int i = 1; i <= seeds; i++) {
		trial_close(t);
		flaky_set(t->proxy, i % 4 == 0 ? FLAKY_CHANGE : FLAKY_PASS, i);
		if (!trial_open(t))
			continue;
		opened++;
		if (i % 4 != 0)
			flaky_set(t->proxy, FLAKY_CHANGE, i);
		for (int k = 0; k < 2; k++) {
			outcome o = trial_calls(t, 1);

			wrong += o.wrong;
			longest = o.longest > longest ? o.longest : longest;
		}
	}
	ok(opened >= seeds * 3 / 4, "%d changed answers: %d times the store opens", seeds, opened);
	is_int(wrong, 0, "changed answers: no session is shown that was not stored");
	ok(longest <= IN_TIME, "changed answers: every call ends in time (longest %d ms)",
		(int)longest);
	trial_close(t);
	flaky_set(t->proxy, FLAKY_PASS, 0);
	if (!trial_open(t))
		bail("cannot open: %s", t->c.err.text);
	recovers(t, "changed answers");
}

/* PROXY in a URL is the path of the proxy. */
static void
fill_in(char *url, size_t room, const char *with, const char *path)
{
	const char *at = strstr(with, "PROXY");

	if (at == NULL)
		bail("%s: where is the PROXY?", with);
	snprintf(url, room, "%.*s%s%s", (int)(at - with), with, path, at + sizeof("PROXY") - 1);
}

int
main(int argc, char **argv)
{
	char url[512], *path = temp_path("proxy");
	trial *t = calloc(1, sizeof(*t));

	if (argc != 4 || t == NULL)
		bail("usage: failures_url SOCKET URL NAMED");
	time_limit((unsigned)scale(120, 900));
	fill_in(url, sizeof(url), argv[2], path);
	trial_start(t, url, flaky_start(path, argv[1]));
	all_is_well(t, "at first");
	gone(t, FLAKY_REFUSE, 0, "dead");
	gone(t, FLAKY_HANG, 0, "hanging");
	slow(t);
	flapping(t);
	cut(t);
	garbage(t);
	changed_answers(t);
	flaky_stop(t->proxy);
	trial_close(t);
	free(t);
	free(path);
	nameless(argv[3]);
	return done();
}
