/* SPDX-License-Identifier: ISC */
/* load_work.c - one worker: it starts sessions, counts in them and ends them, for as long as it is
 * let, and keeps a record of what it was answered. */
#include "load_url.h"

#include <unistd.h>

#define PACE_US 500             /* from one request to the next: the machine has other work, too */

enum { START, ADD, LOGIN, DESTROY };

bool
find(sess_kit *kit, jar *j, found *f)
{
	char *env[] = { j->line, NULL };
	sess_options options = { .flags = SESS_READ_ONLY | SESS_NO_TOUCH };
	sess *s;

	if (sess_begin_with(kit, env, &options, &s) != SESS_OK)
		return false;
	*f = (found){ sess_state(s), sess_get_int(s, "n", -1), sess_get_int(s, "who", -1) };
	sess_end(s);
	return true;
}

static void
was_answered(worker *w, int64_t begun, int64_t now)
{
	if (w->last_answer != 0 && now - w->last_answer > w->gap)
		w->gap = now - w->last_answer;
	if (now - begun > w->longest)
		w->longest = now - begun;
	w->last_answer = now;
	w->answered++;
}

/* A server that is gone is SESS_STORE, one that others keep busy SESS_BUSY, with a text. */
static int
has_failed(worker *w, const sess_kit *kit, int64_t begun, int rc)
{
	int64_t now = clock_ms();

	w->failed++;
	w->odd += (rc != SESS_STORE && rc != SESS_BUSY) || sess_kit_error(kit)[0] == '\0';
	snprintf(w->text, sizeof(w->text), "%.190s", sess_kit_error(kit));
	if (now - begun > w->longest)
		w->longest = now - begun;
	w->last_failure = now;
	return rc;
}

/* The session is not what it was: look no further into it. True if that is so. */
static bool
is_strange(worker *w, slot *at, const sess *s)
{
	if (sess_state(s) == SESS_LIVE && sess_get_int(s, "who", -1) == at->who) {
		w->stale += sess_get_int(s, "n", -1) < at->adds;
		return false;
	}
	if (sess_state(s) == SESS_LIVE)
		w->foreign++;
	else if (w->vanished_count < VANISHED)
		w->vanished[w->vanished_count++] = *at;
	at->cookie.line[0] = '\0';
	return true;
}

static void
change(sess *s, const slot *at, int what)
{
	if (what == START) {
		(void)sess_set_int(s, "n", 0);
		(void)sess_set_int(s, "who", at->who);
	} else if (what == ADD || what == LOGIN) {
		(void)sess_add_int(s, "n", 1);
		if (what == LOGIN)
			(void)sess_login(s, "alice");
	} else {
		(void)sess_destroy(s);
	}
}

/* What the answer means for the record. */
static void
record(const load *l, worker *w, slot *at, int what, const jar *before)
{
	int64_t now = clock_ms();

	if (what == START || what == LOGIN)
		at->born = now;
	if (what == ADD || what == LOGIN) {
		at->adds++;
		at->adds_at[(now - l->begun) / BUCKET_MS % BUCKETS]++;
	}
	if (what == DESTROY && w->dead_count < DEAD)
		w->dead[w->dead_count++] = (grave){ *before, now };
	if (what == DESTROY)
		at->cookie.line[0] = '\0';
}

/* Nobody knows whether it was done. */
static void
leave_open(slot *at, int what)
{
	if (what == ADD)
		at->unclear++;
	else
		at->cookie.line[0] = '\0';
}

void
forget_doing(worker *w)
{
	if (w->doing != 0)
		leave_open(&w->slots[w->doing - 1], w->what);
	w->doing = 0;
}

/* One request: begin, change, commit. */
static int
request(load *l, worker *w, sess_kit *kit, slot *at, int what)
{
	jar before = at->cookie;
	char *env[] = { before.line[0] != '\0' ? before.line : NULL, NULL };
	int64_t begun = clock_ms();
	sess *s;
	int rc = sess_begin(kit, env, &s);

	if (rc != SESS_OK)
		return has_failed(w, kit, begun, rc);
	was_answered(w, begun, clock_ms());
	if (what != START && is_strange(w, at, s)) {
		sess_end(s);
		return SESS_OK;
	}
	change(s, at, what);
	begun = clock_ms();
	rc = sess_commit(s);
	if (rc == SESS_OK) {
		was_answered(w, begun, clock_ms());
		jar_keep(&at->cookie, sess_cookie(s));
		record(l, w, at, what, &before);
	}
	if (rc != SESS_OK) {
		leave_open(at, what);
		(void)has_failed(w, kit, begun, rc);
	}
	sess_end(s);
	return rc;
}

int
work(void *arg, int who)
{
	load *l = arg;
	worker *w = &l->workers[who];
	uint64_t seed = l->seed + (uint64_t)who * 977 + (uint64_t)w->made * 131;
	sess_kit *kit = open_kit(&l->config);

	if (kit == NULL)
		return 1;
	while (!l->over) {
		int k = (int)dice(&seed, SLOTS);
		slot *at = &w->slots[k];

		/* Ends are few enough to be looked at one by one. */
		w->what = at->cookie.line[0] == '\0' ? START :
			w->dead_count < DEAD && dice(&seed, 40) == 0 ? DESTROY :
			l->logins && dice(&seed, 10) == 0 ? LOGIN : ADD;
		w->doing = k + 1;
		if (w->what == START) {
			memset(at, 0, sizeof(*at));
			at->who = who * 1000000 + ++w->made;
		}
		(void)request(l, w, kit, at, w->what);
		w->doing = 0;
		usleep(PACE_US);
	}
	sess_kit_close(kit);
	return 0;
}
