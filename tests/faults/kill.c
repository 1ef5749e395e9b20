/* SPDX-License-Identifier: ISC */
/* kill.c - kill -9 in the middle of work: what was answered is kept, what was ended stays ended,
 * and nobody waits for the dead. */
#include "faults.h"

#include "sesskit_store.h"

#include <signal.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

extern const sess_provider sess_provider_file;

#define WRITERS 8
#define SLOTS 3                 /* browsers of one writer */
#define DEAD 16                 /* ended ids that are looked at again */
#define FRESH_EVERY 50          /* rounds on one database */
#define HEAL_MS 2000            /* far below busy_ms, far above what a busy machine needs */

enum { NOTHING, START, ADD, ROTATE, LOGIN, DESTROY };

/* A kill may come in the middle of a copy: the index moves to the other copy when it is whole. */
typedef struct known {
	jar cookie;
	int64_t adds;
} known;

typedef struct slot {
	known copy[2];
	_Atomic int which;
	_Atomic int doing;              /* begun, and not answered so far */
	jar dead[DEAD];
	_Atomic int dead_count;
} slot;

typedef struct writer {
	slot slots[SLOTS];
	_Atomic int64_t tried, answered; /* additions to the common counter */
	_Atomic int done, failed;
	_Atomic int code;               /* of the last failure */
} writer;

typedef struct board {
	bool files;                     /* file:, else sqlite: */
	sess_config config;
	uint64_t seed;
	jar common;
	int64_t common_sum;
	writer writers[WRITERS];
} board;

/* -- the writers ------------------------------------------------------------------------------- */

static void
know(slot *at, const jar *cookie, int64_t adds)
{
	int other = 1 - at->which;

	at->copy[other].cookie = *cookie;
	at->copy[other].adds = adds;
	at->which = other;
	at->doing = NOTHING;
}

static void
bury(slot *at, const jar *cookie)
{
	at->dead[at->dead_count % DEAD] = *cookie;
	at->dead_count++;
}

/* One request of this browser; the code of what failed. */
static int
request(sess_kit *kit, slot *at, int what)
{
	const known *k = &at->copy[at->which];
	jar before = k->cookie, after = before;
	int64_t adds = k->adds;
	sess *s;
	int rc;

	at->doing = what;
	if ((s = enter(kit, &after)) == NULL)
		return SESS_STORE;
	if (what == START)
		(void)sess_set_int(s, "n", adds = 0);
	else if (what == ADD)
		(void)sess_add_int(s, "n", 1);
	else if (what == ROTATE)
		(void)sess_rotate(s);
	else if (what == LOGIN)
		(void)sess_login(s, "user");
	else
		(void)sess_destroy(s);
	if ((rc = leave(s, &after)) != SESS_OK)
		return rc;
	if (what == ROTATE || what == LOGIN || what == DESTROY)
		bury(at, &before);
	know(at, &after, adds + (what == ADD));
	return SESS_OK;
}

static int
count_common(sess_kit *kit, board *b, writer *w)
{
	jar j = b->common;
	int rc;

	w->tried++;
	rc = add_one(kit, &j, "n");
	w->answered += rc == SESS_OK;
	return rc;
}

/* Until killed. */
static int
work(void *arg, int who)
{
	static const int often[] = { ADD, ADD, ADD, ADD, ROTATE, LOGIN, DESTROY };
	board *b = arg;
	writer *w = &b->writers[who];
	uint64_t seed = b->seed + (uint64_t)who * 977;
	sess_kit *kit = open_kit(&b->config);
	int rc = kit != NULL ? SESS_OK : SESS_STORE;

	while (rc == SESS_OK) {
		slot *at = &w->slots[dice(&seed, SLOTS)];

		if (dice(&seed, 4) == 0)
			rc = count_common(kit, b, w);
		else if (at->copy[at->which].cookie.line[0] == '\0')
			rc = request(kit, at, START);
		else
			rc = request(kit, at, often[dice(&seed, sizeof(often) / sizeof(often[0]))]);
		w->done++;
		if (dice(&seed, 8) == 0)
			(void)sess_idle(kit);
	}
	w->code = rc;
	w->failed++;
	return 1;
}

/* -- what is left of it ------------------------------------------------------------------------ */

/* NULL, or what is wrong with this browser's session. What was not answered may have been done or
 * not, and is settled here. */
static const char *
examine(sess_kit *kit, slot *at)
{
	known now = at->copy[at->which];
	int doing = at->doing, first = at->dead_count > DEAD - 1 ? at->dead_count - (DEAD - 1) : 0;
	sess_status state;
	int64_t n;

	for (int i = first; i < at->dead_count; i++)
		if (is_live(kit, &at->dead[i % DEAD]))
			return "an ended id is served";
	if (now.cookie.line[0] == '\0') {
		at->doing = NOTHING;
		return NULL;
	}
	state = look(kit, &now.cookie, "n", &n);
	if (state == SESS_LIVE) {
		if (n != now.adds && (doing != ADD || n != now.adds + 1))
			return "an answered change is lost";
	} else if ((state == SESS_ROTATED && (doing == ROTATE || doing == LOGIN)) ||
		(state == SESS_LOGGED_OUT && doing == DESTROY)) {
		now.cookie.line[0] = '\0';
	} else {
		return "an answered session is lost";
	}
	know(at, &now.cookie, n);
	return NULL;
}

/* NULL, or what is wrong with the database. */
static const char *
examine_all(board *b, sess_kit *kit)
{
	int64_t low = b->common_sum, high = b->common_sum, n;
	const char *fault = NULL;

	for (int i = 0; i < WRITERS && fault == NULL; i++) {
		writer *w = &b->writers[i];

		low += w->answered;
		high += w->tried;
		w->answered = w->tried = 0;
		for (int k = 0; k < SLOTS && fault == NULL; k++)
			fault = examine(kit, &w->slots[k]);
	}
	(void)look(kit, &b->common, "n", &n);
	if (fault == NULL && (n < low || n > high))
		fault = "an answered addition to the common counter is lost";
	b->common_sum = n;
	return fault;
}

static int
count_item(void *arg, const sess_item *item)
{
	(void)item;
	++*(int *)arg;
	return 0;
}

/* "ok", or what a walk through all of the files says. */
static const char *
whole(const char *path)
{
	sess_address address = { .url = path, .path = path, .host = "", .user = "", .query = "" };
	static sess_error err;
	sess_cursor cursor = { { 0 } };
	void *self;
	int n = 0, rc;

	err.text[0] = '\0';
	if (sess_provider_file.open(&self, &address, &(sess_limits){ .busy_ms = 1000 }, &err) != 0)
		return err.text;
	do {
		rc = sess_provider_file.walk(self, &cursor, 100, count_item, &n, &err);
	} while (rc == 1 && err.text[0] == '\0');
	sess_provider_file.close(self);
	return err.text[0] != '\0' ? err.text : n > 0 ? "ok" : "there is nothing in it";
}

/* -- rounds ------------------------------------------------------------------------------------ */

static void
pause_us(unsigned us)
{
	(void)nanosleep(&(struct timespec){ .tv_nsec = (long)us * 1000 }, NULL);
}

/* Milliseconds until each of the survivors has done some more work. */
static int64_t
survivors_go_on(board *b, int from, int to)
{
	int64_t begun = clock_ms();

	for (int i = from; i < to; i++) {
		writer *w = &b->writers[i];
		int enough = w->done + 3;

		while (w->done < enough && w->failed == 0)
			pause_us(200);
	}
	return clock_ms() - begun;
}

/* Kill a random half at a random moment, the others at another; how long those were held up. */
static int64_t
carnage(board *b)
{
	int n = 4 + (int)dice(&b->seed, WRITERS - 3), half = n / 2;
	pid_t pid[WRITERS];
	int64_t held;

	for (int i = 0; i < n; i++)
		pid[i] = start_process(work, b, i);
	pause_us(dice(&b->seed, 15000));
	for (int i = 0; i < half; i++)
		kill(pid[i], SIGKILL);
	held = survivors_go_on(b, half, n);
	pause_us(dice(&b->seed, 10000));
	for (int i = half; i < n; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < n; i++)
		(void)wait_process(pid[i]);
	return held;
}

/* A new database every now and then: so that its making is killed as well, and that the check of
 * all of it stays short. */
static void
start_anew(board *b, int round)
{
	char name[40], *url;

	snprintf(name, sizeof(name), "kill-%d%s", round, b->files ? "" : ".db");
	url = b->files ? file_url(name) : sqlite_url(name);
	b->config = store_settings(url, NULL);
	free(url);
	memset(b->writers, 0, sizeof(b->writers));
	memset(&b->common, 0, sizeof(b->common));
	b->common_sum = 0;
	/* Writers who find no common session yet make one of their own. */
}

typedef struct result {
	int faults, failures, done;
	int64_t held, healed;           /* longest, in ms */
} result;

static void
one_round(board *b, int round, result *r)
{
	const char *fault, *path = strchr(b->config.store, ':') + 1;
	int64_t held = carnage(b), begun = clock_ms();
	sess_kit *kit = open_kit(&b->config);
	int rc;

	r->held = held > r->held ? held : r->held;
	/* The first write after all died must find the way free. */
	if (b->common.line[0] == '\0') {
		rc = new_session(kit, &b->common, NULL);
		for (int i = 0; i < WRITERS; i++)
			b->writers[i].answered = b->writers[i].tried = 0;
	} else {
		rc = add_one(kit, &b->common, "n");
		b->common_sum++;
	}
	fault = rc == SESS_OK ? NULL : "no write after the kill";
	begun = clock_ms() - begun;
	r->healed = begun > r->healed ? begun : r->healed;
	if (fault == NULL)
		fault = examine_all(b, kit);
	sess_kit_close(kit);
	if (fault == NULL) {
		fault = b->files ? whole(path) : integrity(path);
		fault = strcmp(fault, "ok") == 0 ? NULL : fault;
	}
	if (fault != NULL && r->faults++ < 10)
		diag("round %d: %s", round, fault);
	for (int i = 0; i < WRITERS; i++) {
		if (b->writers[i].failed != 0 && r->failures++ < 10)
			diag("round %d: a writer got \"%s\"", round,
				sess_strerror(b->writers[i].code));
		r->done += b->writers[i].done;
		b->writers[i].failed = b->writers[i].done = 0;
	}
}

static void
rounds_of_kills(bool files)
{
	int rounds = scale(40, 1000);
	board *b = shared(sizeof(*b));
	const char *kind = files ? "file:" : "sqlite:";
	result r = { 0 };

	b->files = files;
	b->seed = first_seed();
	for (int i = 0; i < rounds; i++) {
		if (i % FRESH_EVERY == 0)
			start_anew(b, i);
		one_round(b, i, &r);
	}
	is_int(r.faults, 0, "%s %d rounds of kill -9, %d requests: what was answered is in force, "
		"nothing ended is served, all that is stored is sound", kind, rounds, r.done);
	is_int(r.failures, 0, "%s no survivor fails", kind);
	ok(r.held < HEAL_MS, "%s survivors go on at once (at most %d ms)", kind, (int)r.held);
	ok(r.healed < HEAL_MS, "%s after all died, open and write at once (at most %d ms)", kind,
		(int)r.healed);
}

int
main(void)
{
	time_limit((unsigned)scale(240, 1800));
	rounds_of_kills(false);
	rounds_of_kills(true);
	return done();
}
