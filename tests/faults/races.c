/* SPDX-License-Identifier: ISC */
/* races.c - what parallel requests may do to each other's work: nothing. */
#include "race.h"

/* -- two writers, each with a key of its own --------------------------------------------------- */

static int
write_own_key(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);
	const char *key = who == 0 ? "left" : "right";

	for (int i = 0; i < a->rounds; i++) {
		jar j = a->jars[i];
		sess *s;

		meet(a);
		s = enter(kit, &j);
		(void)sess_set_int(s, key, i);
		if (s == NULL || leave(s, &j) != SESS_OK)
			a->lost++;
	}
	sess_kit_close(kit);
	return kit == NULL;
}

static void
different_keys_both_survive(field *a, sess_kit *kit)
{
	int lost = 0;

	a->rounds = scale(200, 1000);
	if (!ok(fill_jars(a, kit, a->rounds, NULL) && race(a, 2, write_own_key) && a->lost == 0,
		"%s: two writers, different keys: both commit", a->name))
		return;
	for (int i = 0; i < a->rounds; i++) {
		int64_t left, right;

		(void)look(kit, &a->jars[i], "left", &left);
		(void)look(kit, &a->jars[i], "right", &right);
		lost += left != i || right != i;
	}
	is_int(lost, 0, "%s: two writers, different keys: %d rounds, nothing is lost", a->name,
		a->rounds);
}

/* -- sixteen writers, one counter -------------------------------------------------------------- */

static int
count_up(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);
	jar j = a->jars[0];

	(void)who;
	meet(a);
	for (int i = 0; i < a->rounds; i++)
		if (add_one(kit, &j, "n") == SESS_OK)
			a->sum++;
	sess_kit_close(kit);
	return kit == NULL;
}

static void
one_counter_is_exact(field *a, sess_kit *kit)
{
	int64_t n;

	a->rounds = scale(50, 500);
	ok(fill_jars(a, kit, 1, NULL) && race(a, 16, count_up) && a->sum == 16 * a->rounds,
		"%s: 16 writers, one counter: every one commits", a->name);
	(void)look(kit, &a->jars[0], "n", &n);
	is_int(n, 16 * a->rounds, "%s: 16 writers, one counter: the sum is exact", a->name);
}

/* -- login against writers --------------------------------------------------------------------- */

static int
login_or_write(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);

	for (int i = 0; i < a->rounds; i++) {
		jar j = a->jars[i];
		sess *s;
		int rc;

		meet(a);
		s = enter(kit, &j);
		if (who == 0)
			(void)sess_login(s, "user");
		else
			(void)sess_add_int(s, "n", 1);
		/* Who comes after the login finds the old id dead, and starts anew. */
		if (s == NULL || (sess_state(s) != SESS_LIVE && who == 0))
			a->lost++;
		rc = s == NULL || sess_state(s) != SESS_LIVE ? SESS_GONE : SESS_OK;
		if (rc == SESS_OK) {
			rc = sess_commit(s);
			jar_keep(&j, sess_cookie(s));
		}
		sess_end(s);
		if (who == 0) {
			a->lost += rc != SESS_OK;
			a->jars[i] = j;
		} else {
			a->sum += rc == SESS_OK;
			a->wrong += rc != SESS_OK && rc != SESS_GONE;
		}
		meet(a);
	}
	sess_kit_close(kit);
	return kit == NULL;
}

static void
login_keeps_what_was_stored(field *a, sess_kit *kit)
{
	int64_t sum = 0, n;

	a->rounds = scale(50, 500);
	ok(fill_jars(a, kit, a->rounds, NULL) && race(a, 9, login_or_write) && a->lost == 0 &&
		a->wrong == 0, "%s: login among 8 writers: always done", a->name);
	for (int i = 0; i < a->rounds; i++) {
		(void)look(kit, &a->jars[i], "n", &n);
		sum += n;
	}
	is_int(sum, a->sum, "%s: login among 8 writers: what was stored before came along",
		a->name);
}

/* -- one-time ticket --------------------------------------------------------------------------- */

static int
post(void *arg, int who)
{
	field *a = arg;
	sess_kit *kit = open_kit(&a->config);
	jar j = a->jars[0];
	sess *s = enter(kit, &j);
	int rc;

	(void)who;
	meet(a);
	rc = sess_once_take(s, "form", a->ticket);
	a->done += rc == SESS_OK;
	a->lost += rc == SESS_DENIED;
	/* The rest of the page goes its way. */
	(void)sess_add_int(s, "n", 1);
	a->wrong += s == NULL || leave(s, &j) != SESS_OK;
	sess_kit_close(kit);
	return kit == NULL;
}

static void
ticket_counts_once(field *a, sess_kit *kit)
{
	const char *ticket;
	int64_t n;
	sess *s;

	(void)fill_jars(a, kit, 1, NULL);
	s = enter(kit, &a->jars[0]);
	ticket = sess_once_issue(s, "form", 0);
	snprintf(a->ticket, sizeof(a->ticket), "%s", ticket != NULL ? ticket : "");
	is_int(leave(s, &a->jars[0]), SESS_OK, "%s: a ticket is issued", a->name);
	ok(race(a, 64, post) && a->wrong == 0, "%s: the ticket is posted 64 times at once",
		a->name);
	ok(a->done == 1 && a->lost == 63, "%s: it is taken once (%d), denied 63 times (%d)",
		a->name, a->done, a->lost);
	(void)look(kit, &a->jars[0], "n", &n);
	is_int(n, 64, "%s: and the rest of all 64 requests is stored", a->name);
}

/* The ticket is taken under the present id, also when a new one is due at commit. */
static void
ticket_leaves_sealed_values_whole(field *a, sess_kit *kit)
{
	sess_config sealed = a->config;
	char ticket[32];
	int64_t n;
	jar j;
	sess *s;

	(void)kit;
	sealed.seal = SESS_YES;
	kit = open_kit(&sealed);
	(void)new_session(kit, &j, NULL);
	s = enter(kit, &j);
	snprintf(ticket, sizeof(ticket), "%s", sess_once_issue(s, "form", 0));
	is_int(leave(s, &j), SESS_OK, "%s: a ticket in a sealed session", a->name);
	s = enter(kit, &j);
	(void)sess_rotate(s);
	is_int(sess_once_take(s, "form", ticket), SESS_OK, "%s: is taken before a new id", a->name);
	sess_end(s);
	is_int(look(kit, &j, "n", &n), SESS_LIVE, "%s: and the values stay readable", a->name);
	sess_kit_close(kit);
}

/* -- all of them ------------------------------------------------------------------------------- */

int
main(void)
{
	static race_fn *const all[] = { different_keys_both_survive, one_counter_is_exact,
		login_keeps_what_was_stored,
		ticket_counts_once, ticket_leaves_sealed_values_whole, NULL };

	run_races(all);
	return done();
}
