/* SPDX-License-Identifier: ISC */
/* lineage.c - races for the life of sessions: what ended stays so, what renewed stays one, and what
 * is in use is not collected. */
#include "race.h"

#include <sched.h>

/* -- the end against a late save --------------------------------------------------------------- */

static int
end_or_save(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);

	for (int i = 0; i < a->rounds; i++) {
		jar j = a->jars[i % JARS], before = j;
		sess *s = enter(kit, &j);
		int rc;

		meet(a);
		if (who == 0) {
			rc = sess_destroy(s);
			a->lost += rc != SESS_OK;
		} else {
			(void)sess_add_int(s, "n", 1);
		}
		rc = s != NULL ? leave(s, &j) : SESS_STORE;
		if (who == 1) {
			a->done += rc == SESS_GONE;
			a->wrong += rc != SESS_OK && rc != SESS_GONE;
			a->wrong += rc == SESS_GONE && strcmp(j.line, before.line) != 0;
		}
		meet(a);
		a->revived += is_live(kit, &before);
		if (who == 0 && new_session(kit, &a->jars[i % JARS], NULL) != SESS_OK)
			a->lost++;
		meet(a);
	}
	sess_kit_close(kit);
	return kit == NULL;
}

static void
ended_is_never_revived(field *a, sess_kit *kit)
{
	jar j;
	sess *late;

	a->rounds = scale(300, 10000);
	ok(fill_jars(a, kit, JARS, NULL) && race(a, 2, end_or_save) && a->lost == 0 &&
		a->wrong == 0, "%s: end against save: SESS_OK, or SESS_GONE without a cookie",
		a->name);
	is_int(a->revived, 0, "%s: end against save: %d rounds, none revived, %d saves too late",
		a->name, a->rounds, a->done);

	/* Certainly too late. */
	(void)new_session(kit, &j, NULL);
	late = enter(kit, &j);
	(void)sess_set_int(late, "n", 7);
	(void)sess_end_ref(kit, sess_ref(late));
	is_int(sess_commit(late), SESS_GONE, "%s: a save after the end is SESS_GONE", a->name);
	is_str(sess_headers(late), strstr(sess_headers(late), "Set-Cookie") == NULL ?
		sess_headers(late) : "no Set-Cookie", "%s: and sends no cookie", a->name);
	sess_end(late);
	ok(!is_live(kit, &j), "%s: and the session stays ended", a->name);
}

/* -- renewal ----------------------------------------------------------------------------------- */

/* Half come with the cookie of jar 0, half with that of jar 1. The jars after get their cookies. */
static int
one_request(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);
	jar j = a->jars[who % 2];
	sess *s;

	meet(a);
	s = enter(kit, &j);
	a->done += s != NULL && sess_state(s) == SESS_LIVE;
	if (s == NULL || leave(s, &j) != SESS_OK)
		a->lost++;
	a->jars[2 + who] = j;
	sess_kit_close(kit);
	return kit == NULL;
}

/* How many of the crowd have another cookie now; *newest becomes one of those. */
static int
given_out(field *a, jar *newest)
{
	int n = 0;

	for (int i = 0; i < a->n; i++) {
		const jar *j = &a->jars[2 + i];

		if (strcmp(j->line, a->jars[i % 2].line) != 0) {
			n++;
			*newest = *j;
		}
	}
	return n;
}

static void
renewal_makes_one_lineage(field *a, sess_kit *kit)
{
	jar candidate = { "" };
	int64_t n;
	size_t count;

	(void)fill_jars(a, kit, 1, "renewed");
	a->jars[1] = a->jars[0];
	a->now += 16 * 60;
	ok(race(a, 64, one_request) && a->done == 64 && a->lost == 0,
		"%s: renewal: 64 requests past the mark are all served", a->name);
	is_int(given_out(a, &candidate), 1, "%s: renewal: one of them gets the candidate", a->name);
	a->jars[1] = candidate;
	a->now += 1;
	ok(race(a, 64, one_request) && a->done == 64 && a->lost == 0,
		"%s: renewal: 64 requests with old and new id are all served", a->name);
	is_int(given_out(a, &candidate), 0, "%s: renewal: none of them gets yet another id",
		a->name);
	(void)sess_count(kit, "renewed", 0, &count);
	is_int((int64_t)count, 1, "%s: renewal: there is one session", a->name);
	a->now += 61;
	is_int(look(kit, &candidate, "n", &n), SESS_LIVE, "%s: renewal: the new id lives on",
		a->name);
	is_int(look(kit, &a->jars[0], "n", &n), SESS_REUSED,
		"%s: renewal: the old id is refused after its grace", a->name);
}

static int
take_new_id(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);
	jar j = a->jars[0];
	sess *s = enter(kit, &j);
	int rc;

	meet(a);
	(void)sess_rotate(s);
	rc = s != NULL ? leave(s, &j) : SESS_STORE;
	a->done += rc == SESS_OK;
	a->wrong += rc != SESS_OK && rc != SESS_GONE;
	a->jars[2 + who] = j;
	sess_kit_close(kit);
	return kit == NULL;
}

static void
rotation_makes_one_lineage(field *a, sess_kit *kit)
{
	jar newest = { "" };
	size_t count;

	(void)fill_jars(a, kit, 1, "rotated");
	a->jars[1] = a->jars[0];
	ok(race(a, 64, take_new_id) && a->wrong == 0,
		"%s: rotation: 64 at once are SESS_OK or SESS_GONE", a->name);
	ok(a->done == 1 && given_out(a, &newest) == 1, "%s: rotation: one gets the new id",
		a->name);
	(void)sess_count(kit, "rotated", 0, &count);
	is_int((int64_t)count, 1, "%s: rotation: there is one session", a->name);
	ok(is_live(kit, &newest) && !is_live(kit, &a->jars[0]),
		"%s: rotation: the new id works, the old one is dead", a->name);
}

/* -- the end of all of a user's sessions ------------------------------------------------------- */

static int
serve_until_ended(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);
	bool ended = false;
	size_t n;

	meet(a);
	if (who == a->n - 1) {
		while (a->sum < 100)
			sched_yield();
		a->wrong += sess_end_user(kit, "ended", NULL, &n) != SESS_OK;
		a->ended = true;
	}
	/* One more full turn after all are over. */
	for (int i = who; !ended; i = (i + 1) % a->rounds) {
		jar j = a->jars[i];
		bool over = a->ended;
		sess *s = enter(kit, &j);

		a->revived += over && sess_user(s) != NULL;
		a->sum++;
		(void)sess_add_int(s, "n", 1);
		if (sess_state(s) == SESS_LIVE)
			(void)leave(s, &j);
		else
			sess_end(s);
		ended = over && i == (who + a->rounds - 1) % a->rounds;
	}
	sess_kit_close(kit);
	return kit == NULL;
}

static void
ended_user_is_served_nowhere(field *a, sess_kit *kit)
{
	size_t n;

	a->rounds = scale(200, 1000);
	ok(fill_jars(a, kit, a->rounds, "ended") && race(a, 9, serve_until_ended) && a->wrong == 0,
		"%s: a user with %d sessions is ended among 8 who serve them", a->name, a->rounds);
	is_int(a->revived, 0, "%s: not one is served after that", a->name);
	(void)sess_count(kit, "ended", 0, &n);
	is_int((int64_t)n, 0, "%s: and none is left", a->name);
}

/* -- touch against collection ------------------------------------------------------------------ */

static int
touch_or_collect(void *arg, int who)
{
	field *a = arg;
	sess_config mine = a->config;
	int64_t now = a->now + (who == 0 ? 2 : 0);
	sess_kit *kit;

	/* The collector's clock is ahead: for it, what others touch at the last second is over. */
	mine.arg = &now;
	mine.collect = -1;
	kit = open_kit(&mine);
	meet(a);
	if (who == 0) {
		sess_budget some = { .rows = 7, .force = true };

		while (a->done < a->n - 1)
			a->wrong += sess_collect(kit, &some, NULL) != SESS_OK;
	} else {
		for (int i = who - 1; i < a->rounds; i += a->n - 1) {
			sess *s = enter(kit, &a->jars[i]);
			int rc = SESS_GONE;

			if (sess_state(s) == SESS_LIVE)
				rc = sess_commit(s);
			sess_end(s);
			a->wrong += rc != SESS_OK && rc != SESS_GONE;
			a->sum += rc == SESS_OK;
			if (rc != SESS_OK)
				a->jars[i].line[0] = '\0';
		}
		a->done++;
	}
	sess_kit_close(kit);
	return kit == NULL;
}

static void
touched_is_not_collected(field *a, sess_kit *kit)
{
	int lost = 0;

	a->rounds = scale(600, JARS);
	(void)fill_jars(a, kit, a->rounds, NULL);
	/* The last second in which they are served: idle and one touch interval. */
	a->now += 1800 + 90 - 1;
	ok(race(a, 4, touch_or_collect) && a->wrong == 0, "%s: touch against collect", a->name);
	for (int i = 0; i < a->rounds; i++)
		lost += a->jars[i].line[0] != '\0' && !is_live(kit, &a->jars[i]);
	is_int(lost, 0, "%s: of %d sessions none is lost that was touched (%d)", a->name, a->rounds,
		(int)a->sum);
}

/* -- all of them ------------------------------------------------------------------------------- */

int
main(void)
{
	static race_fn *const all[] = { ended_is_never_revived, renewal_makes_one_lineage,
		rotation_makes_one_lineage,
		ended_user_is_served_nowhere, touched_is_not_collected, NULL };

	run_races(all);
	return done();
}
