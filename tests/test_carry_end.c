/* SPDX-License-Identifier: ISC */
/* test_carry_end.c - sessions that browsers keep: what ended stays ended, whatever copy is brought. */
#include "session.h"

static void
the_end_is_final(const char *kind)
{
	jar j = { 0 }, before, old, late;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	before = j;
	(void)log_in(&w, &j, "ann");
	is_int(look(&w, &before), SESS_ROTATED, "the id from before a login is dead");
	old = j;
	(void)store_text(&w, &j, "a", "c");
	is_int(log_out(&w, &j), SESS_OK, "logout");
	is_int((int64_t)j.count, 0, "the cookie goes");
	is_int(look(&w, &old), SESS_LOGGED_OUT, "a copy of it is worth nothing");
	is_int(store_text(&w, &old, "a", "d"), SESS_OK, "who brings it begins anew");
	ok(strcmp(text_of(&w, &old, "a"), "d") == 0, "with nothing of it");
	(void)log_in(&w, &j, "ann");
	late = j;
	(void)store_text(&w, &late, "a", "long idle");
	*w.clock += 12 * 3600 - 1;
	is_int(look(&w, &j), SESS_IDLE, "an unused one is over by what it says itself");
	(void)log_in(&w, &j, "ann");
	before = j;
	visit_begin(&v, &w, &before);
	(void)log_in(&w, &j, "ann");
	is_int(sess_logout(v.s), SESS_OK, "a logout that began before a login");
	(void)visit_end(&v);
	is_int(look(&w, &j), SESS_LOGGED_OUT, "ends what the login made of it");
	world_close(&w);
}

/* The end is remembered for as long as a copy could be valid, and no longer. */
static void
the_end_is_kept(const char *kind)
{
	sess_config c = SESS_CONFIG_INIT;
	const sess_budget all = { .force = true };
	jar j = { 0 }, copy, longer;
	size_t n = 0;
	visit v;
	world w;

	c.idle = 100 * 86400;
	c.absolute = 50 * 86400;
	world_open(&w, kind, &c);
	(void)log_in(&w, &j, "ann");
	copy = j;
	visit_begin(&v, &w, &j);
	(void)sess_remember(v.s, 90 * 86400);
	is_int(visit_end(&v), SESS_OK, "remember");
	is_int(look(&w, &copy), SESS_ROTATED, "gives a new id: limits of an id never grow");
	longer = j;
	(void)log_out(&w, &j);
	*w.clock += 49 * 86400;
	is_int(look(&w, &copy), SESS_ROTATED, "what would be valid still, after weeks");
	is_int(look(&w, &longer), SESS_LOGGED_OUT, "is known to have ended");
	*w.clock += 2 * 86400;
	is_int(sess_collect(w.kit, &all, &n), SESS_OK, "collection");
	is_int(look(&w, &longer), SESS_LOGGED_OUT, "leaves it");
	ok(look(&w, &copy) != SESS_LIVE, "one that is too old anyway");
	*w.clock += 41 * 86400;
	is_int(sess_collect(w.kit, &all, &n), SESS_OK, "goes");
	ok(n > 0 && look(&w, &longer) != SESS_LIVE, "when the limits inside are over");
	world_close(&w);
}

static void
ending_many(const char *kind)
{
	jar desk = { 0 }, phone = { 0 }, other = { 0 }, nobody = { 0 }, lost;
	char ref[TOKEN_CHARS + 1];
	size_t n = 7;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &desk, "ann");
	(void)log_in(&w, &phone, "ann");
	(void)log_in(&w, &other, "ben");
	(void)store_text(&w, &nobody, "a", "b");
	visit_begin(&v, &w, &desk);
	snprintf(ref, sizeof(ref), "%s", sess_ref(v.s));
	is_int(sess_end_user(w.kit, "ann", ref, &n), SESS_OK, "log out everywhere else");
	is_int((int64_t)n, 0, "how many were ended nobody knows");
	lost = desk;
	(void)sess_set_str(v.s, "a", "after");
	is_int(visit_end(&v), SESS_OK, "the one that asked goes on");
	is_int(look(&w, &desk), SESS_LIVE, "with its new cookie");
	is_int(look(&w, &lost), SESS_LIVE, "and with the old one, if the new one got lost");
	is_int(look(&w, &phone), SESS_REVOKED, "the other one is over");
	is_int(look(&w, &other), SESS_LIVE, "another user's is not");
	is_int(look(&w, &nobody), SESS_LIVE, "nor is nobody's");
	(void)log_in(&w, &phone, "ann");
	is_int(look(&w, &phone), SESS_LIVE, "a new login counts");
	*w.clock += 1;
	is_int(sess_end_user(w.kit, "", NULL, NULL), SESS_OK, "all of nobody");
	is_int(look(&w, &nobody), SESS_REVOKED, "are over");
	is_int(sess_end_user(w.kit, NULL, NULL, NULL), SESS_OK, "all of everyone");
	ok(look(&w, &desk) == SESS_REVOKED && look(&w, &phone) == SESS_REVOKED &&
		look(&w, &other) == SESS_REVOKED, "as well");
	(void)log_in(&w, &desk, "ann");
	visit_begin(&v, &w, &desk);
	snprintf(ref, sizeof(ref), "%s", sess_ref(v.s));
	(void)visit_end(&v);
	is_int(sess_end_ref(w.kit, ref), SESS_OK, "one by its ref");
	is_int(look(&w, &desk), SESS_REVOKED, "is over");
	is_int(sess_count(w.kit, "ann", 0, &n), SESS_UNSUPPORTED, "counting is not possible");
	ok(strstr(sess_kit_error(w.kit), "browsers") != NULL, "which the error explains");
	world_close(&w);
}

/* What one end of all spared, another one did not. */
static void
spared_and_not(const char *kind)
{
	char ref[TOKEN_CHARS + 1];
	jar desk = { 0 }, old;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &desk, "ann");
	old = desk;
	visit_begin(&v, &w, &desk);
	snprintf(ref, sizeof(ref), "%s", sess_ref(v.s));
	(void)visit_end(&v);
	for (int i = 0; i < 3; i++)
		is_int(sess_end_user(w.kit, "ann", ref, NULL), SESS_OK, "all but one, again");
	is_int(look(&w, &old), SESS_LIVE, "spared each time, it goes on");
	*w.clock += 120;
	visit_begin(&v, &w, &desk);
	is_int(visit_end(&v), SESS_OK, "and with a new cookie");
	is_int(set_cookies(v.headers, NAME), 1, "which knows that");
	is_int(look(&w, &desk), SESS_LIVE, "as well");
	(void)sess_end_user(w.kit, "ann", NULL, NULL);
	(void)sess_end_user(w.kit, "ann", ref, NULL);
	is_int(look(&w, &old), SESS_REVOKED, "but what was ended once no other end brings back");
	is_int(look(&w, &desk), SESS_REVOKED, "with no cookie of it");
	world_close(&w);
}

/* Limits that other settings gave, and clocks that differ. */
static void
known_long_enough(const char *kind)
{
	const sess_budget all = { .force = true };
	sess_config c = SESS_CONFIG_INIT;
	jar j = { 0 }, copy;
	world w;

	c.idle = 3000 * (int64_t)86400;
	c.absolute = -1;
	world_open(&w, kind, &c);
	(void)log_in(&w, &j, "ann");
	copy = j;
	w.config.idle = 1800;
	world_restart(&w);
	(void)log_out(&w, &j);
	*w.clock += 2000 * (int64_t)86400;
	(void)sess_collect(w.kit, &all, NULL);
	is_int(look(&w, &copy), SESS_LOGGED_OUT, "an end outlasts the limits that a session began with");
	world_close(&w);
	c.idle = 20 * 3600;
	c.absolute = 12 * 3600;
	world_open(&w, kind, &c);
	(void)log_in(&w, &j, "ann");
	copy = j;
	(void)log_out(&w, &j);
	*w.clock += 12 * 3600 + 1;
	(void)sess_collect(w.kit, &all, NULL);
	*w.clock -= 60;
	is_int(look(&w, &copy), SESS_LOGGED_OUT, "and is known to a machine whose clock is behind");
	world_close(&w);
}

/* Ended while the page ran: the answer must not bring it back, whatever it was to do. */
static void
ended_meanwhile(const char *kind)
{
	jar j = { 0 }, one = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	one = j;
	visit_begin(&v, &w, &one);
	(void)sess_set_str(v.s, "a", "b");
	(void)log_out(&w, &j);
	is_int(visit_end(&v), SESS_GONE, "a change after a logout elsewhere");
	is_int(set_cookies(v.headers, NAME), 0, "sends no cookie");
	(void)log_in(&w, &j, "ann");
	one = j;
	*w.clock += 120;
	visit_begin(&v, &w, &one);
	(void)log_out(&w, &j);
	is_int(visit_end(&v), SESS_GONE, "nor does a page that only says when it was");
	(void)log_in(&w, &j, "ann");
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	(void)sess_end_user(w.kit, "ann", NULL, NULL);
	is_int(visit_end(&v), SESS_GONE, "nor does a rotation save a session from the end of all");
	world_close(&w);
}

static void
tickets_count_once(const char *kind)
{
	jar j = { 0 }, copy;
	char ticket[32];
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	snprintf(ticket, sizeof(ticket), "%s", sess_once_issue(visit_begin(&v, &w, &j), "pay", 0));
	(void)visit_end(&v);
	copy = j;
	is_int(sess_once_take(visit_begin(&v, &w, &j), "pay", ticket), SESS_OK, "a ticket");
	(void)visit_end(&v);
	is_int(sess_once_take(visit_begin(&v, &w, &copy), "pay", ticket), SESS_DENIED,
		"counts once, though an old cookie has it still");
	(void)visit_lose(&v);
	is_int(world_logged(&w, "twice"), 1, "which is logged");
	*w.clock += 3601;
	(void)sess_collect(w.kit, NULL, NULL);
	*w.clock -= 60;
	is_int(sess_once_take(visit_begin(&v, &w, &copy), "pay", ticket), SESS_DENIED,
		"nor where a clock is behind");
	(void)visit_lose(&v);
	world_close(&w);
}

/* A store in memory that forgets would let in who has logged out. */
static void
no_room_to_remember(void)
{
	sess_config c = SESS_CONFIG_INIT;
	jar j = { 0 }, copy, other;
	int refused = 0;
	world w;

	c.max_sessions = 10;
	world_open(&w, "cookie:memory:", &c);
	(void)log_in(&w, &j, "ann");
	copy = j;
	is_int(log_out(&w, &j), SESS_OK, "a logout");
	*w.clock += 20;
	for (int i = 0; i < 60; i++) {
		visit v;

		other = (jar){ 0 };
		(void)store_text(&w, &other, "a", "b");
		visit_begin(&v, &w, &other);
		refused += sess_logout(v.s) != SESS_OK;
		(void)visit_end(&v);
	}
	ok(refused > 0, "%d more are refused, as there is no room for them", refused);
	is_int(look(&w, &copy), SESS_LOGGED_OUT, "and the first one is not forgotten for them");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { the_end_is_final, the_end_is_kept, ending_many,
		spared_and_not, known_long_enough, ended_meanwhile, tickets_count_once };
	static const char *const kinds[] = { "cookie:sqlite:", "cookie:file:" };

	no_room_to_remember();
	return world_run_on(kinds, PARTS(kinds), tests, PARTS(tests));
}
