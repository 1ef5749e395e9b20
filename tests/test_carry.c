/* SPDX-License-Identifier: ISC */
/* test_carry.c - sessions that browsers keep: what ended stays ended, whatever copy is brought. */
#include "session.h"

#include <signal.h>
#include <sys/wait.h>

static const char *
text_of(world *w, jar *j, const char *key)
{
	static char text[64];
	visit v;

	visit_begin(&v, w, j);
	snprintf(text, sizeof(text), "%s", sess_get_str(v.s, key, "none"));
	(void)visit_end(&v);
	return text;
}

static int
log_out(world *w, jar *j)
{
	visit v;

	(void)sess_logout(visit_begin(&v, w, j));
	return visit_end(&v);
}

static void
the_browser_keeps_it(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	is_int(log_in(&w, &j, "annabella"), SESS_OK, "a login");
	is_int(store_text(&w, &j, "colour", "ultramarine"), SESS_OK, "a value");
	is_str(text_of(&w, &j, "colour"), "ultramarine", "is there in the next request");
	ok(world_finds(&w, "ultramarine", 11) == 0, "but not in the store");
	ok(world_finds(&w, "annabella", 9) == 0, "nor is the user");
	ok(strlen(jar_get(&j, NAME)) > TOKEN_CHARS + 1, "it is in the cookie");
	ok(strstr(jar_get(&j, NAME), "ultramarine") == NULL, "which nobody can read");
	visit_begin(&v, &w, &j);
	is_str(sess_user(v.s), "annabella", "the user as well");
	is_int(visit_end(&v), SESS_OK, "a page that changes nothing");
	is_int(set_cookies(v.headers, NULL), 0, "sends no cookie");
	*w.clock += 120;
	visit_begin(&v, &w, &j);
	is_int(visit_end(&v), SESS_OK, "unless the last request was a while ago");
	is_int(set_cookies(v.headers, NULL), 1, "which the cookie says");
	visit_begin(&v, &w, &j);
	(void)sess_set_str(v.s, "colour", "red");
	is_int(sess_commit(v.s), SESS_OK, "a commit");
	(void)sess_set_str(v.s, "shape", "round");
	is_int(visit_end(&v), SESS_OK, "and another one");
	is_int(set_cookies(v.headers, NULL), 1, "send one cookie");
	is_str(text_of(&w, &j, "colour"), "red", "with the first change");
	is_str(text_of(&w, &j, "shape"), "round", "and the second");
	world_close(&w);
}

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

/* What no browser can merge. */
static void
two_at_once(const char *kind)
{
	jar j = { 0 }, other;
	visit one, two;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "first");
	other = j;
	visit_begin(&one, &w, &j);
	visit_begin(&two, &w, &other);
	(void)sess_set_str(one.s, "a", "changed");
	(void)sess_set_str(two.s, "b", "added");
	is_int(visit_end(&one), SESS_OK, "of two changes at the same time");
	is_int(visit_end(&two), SESS_OK, "both are answered");
	j = other;
	is_str(text_of(&w, &j, "b"), "added", "and the answer that comes last stays");
	is_str(text_of(&w, &j, "a"), "first", "as a whole");
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
	*w.clock += 40 * 86400;
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

/* Ended while the page ran: the answer must not bring it back. */
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
	world_close(&w);
}

/* -- what is brought may be anything ----------------------------------------------------------- */

static sess_status
look_with(world *w, const char *value)
{
	jar j = { 0 };

	jar_set(&j, NAME, value);
	return look(w, &j);
}

static void
forged(const char *kind)
{
	jar j = { 0 }, other = { 0 };
	char value[4096], mixed[4096];
	size_t len, live = 0;
	world w, foreign;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	(void)log_in(&w, &other, "ben");
	snprintf(value, sizeof(value), "%s", jar_get(&j, NAME));
	len = strlen(value);
	for (size_t i = 0; i < len; i++) {
		char was = value[i];

		value[i] = was == 'A' ? 'B' : 'A';
		live += look_with(&w, value) == SESS_LIVE;
		value[i] = '\0';
		live += look_with(&w, value) == SESS_LIVE;
		value[i] = was;
	}
	is_int((int64_t)live, 0, "no cookie that was changed or cut is believed");
	ok(world_logged(&w, "forged") > len, "which is logged");
	is_int(look_with(&w, value), SESS_LIVE, "the whole one is");
	snprintf(mixed, sizeof(mixed), "%.*s%s", TOKEN_CHARS, value,
		jar_get(&other, NAME) + TOKEN_CHARS);
	is_int(look_with(&w, mixed), SESS_UNKNOWN, "nor one id with the session of another");
	snprintf(mixed, sizeof(mixed), "%s.%s", value, value);
	is_int(look_with(&w, mixed), SESS_UNKNOWN, "nor two in one");
	snprintf(mixed, sizeof(mixed), "%.*s.", TOKEN_CHARS, value);
	is_int(look_with(&w, mixed), SESS_UNKNOWN, "nor an empty one");
	world_open(&foreign, kind, NULL);
	is_int(look_with(&foreign, value), SESS_UNKNOWN, "nor one of another site");
	world_close(&foreign);
	world_close(&w);
}

/* What is too big says so before anything is done. */
static void
too_big(const char *kind)
{
	char big[4000];
	jar j = { 0 }, before;
	visit v;
	world w;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	before = j;
	visit_begin(&v, &w, &j);
	(void)sess_set_str(v.s, "big", big);
	is_int(sess_commit(v.s), SESS_TOOBIG, "4 kilobytes are too much for a cookie");
	ok(strstr(sess_kit_error(w.kit), "a cookie has room for") != NULL, "which the error says");
	(void)visit_end(&v);
	is_int(set_cookies(v.headers, NAME), 0, "and no cookie is sent");
	visit_begin(&v, &w, &j);
	(void)sess_set_str(v.s, "big", big);
	(void)sess_login(v.s, "ann");
	is_int(visit_end(&v), SESS_TOOBIG, "nor with a login");
	is_int(look(&w, &before), SESS_LIVE, "the session is what it was");
	big[2000] = '\0';
	is_int(store_text(&w, &j, "big", big), SESS_OK, "half of it has room");
	ok(strlen(jar_get(&j, NAME)) + strlen(NAME) + 1 < 4096, "in what a browser keeps");
	is_int(look(&w, &j), SESS_LIVE, "and is kept");
	world_close(&w);
}

/* -- around it --------------------------------------------------------------------------------- */

static void
by_header(const char *kind)
{
	sess_config c = SESS_CONFIG_INIT;
	char line[4200];
	const char *more[] = { line, NULL };
	sess_error err = { 0 };
	const char *at;
	visit v;
	world w;

	(void)sess_config_set(&c, "header", "X-Session", &err);
	world_open(&w, kind, &c);
	visit_begin(&v, &w, NULL);
	(void)sess_set_str(v.s, "a", "b");
	is_int(visit_end(&v), SESS_OK, "a new session");
	at = strstr(v.headers, "X-Session: ");
	ok(at != NULL, "a client without cookies gets the session in a header");
	at = at != NULL ? at + strlen("X-Session: ") : "";
	snprintf(line, sizeof(line), "HTTP_X_SESSION=%.*s", (int)strcspn(at, "\r"), at);
	is_int(visit_try(&v, &w, NULL, more, NULL), SESS_OK, "and brings it in one");
	is_str(sess_get_str(v.s, "a", NULL), "b", "with its values");
	(void)visit_end(&v);
	world_close(&w);
	(void)sess_config_set(&c, "query", "sid", &err);
	is_int(world_try(&w, kind, &c), SESS_CONFIG, "no link has room for it");
	ok(strstr(w.err.text, "query") != NULL, "which the error says");
	world_close(&w);
}

/* Two sessions in one kit, and a child of the process. */
static void
side_by_side(const char *kind)
{
	jar a = { 0 }, b = { 0 };
	visit one, two;
	world w;
	int status;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &a, "who", "a");
	(void)store_text(&w, &b, "who", "b");
	visit_begin(&one, &w, &a);
	visit_begin(&two, &w, &b);
	(void)sess_set_int(one.s, "n", 1);
	is_int(sess_commit(one.s), SESS_OK, "a commit of the first of two");
	(void)sess_set_int(two.s, "n", 2);
	is_int(visit_end(&two), SESS_OK, "and of the second");
	(void)sess_set_int(one.s, "m", 3);
	is_int(visit_end(&one), SESS_OK, "and of the first again");
	visit_begin(&one, &w, &a);
	ok(sess_get_int(one.s, "n", 0) == 1 && sess_get_int(one.s, "m", 0) == 3, "change the first");
	(void)visit_end(&one);
	visit_begin(&two, &w, &b);
	ok(sess_get_int(two.s, "n", 0) == 2 && sess_get_int(two.s, "m", 0) == 0, "and the second");
	(void)visit_end(&two);
	if (fork() == 0) {
		if (look(&w, &a) == SESS_LIVE && log_out(&w, &a) == SESS_OK)
			(void)raise(SIGKILL);
		_exit(1);
	}
	(void)wait(&status);
	ok(WIFSIGNALED(status), "a child of the process goes on with it, and is killed");
	is_int(look(&w, &a), SESS_LOGGED_OUT, "and what it ended has ended for all");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { the_browser_keeps_it, the_end_is_final, two_at_once, the_end_is_kept,
		ending_many, ended_meanwhile, tickets_count_once, forged, too_big, by_header,
		side_by_side };
	static const char *const kinds[] = { "cookie:sqlite:", "cookie:file:" };

	return world_run_on(kinds, PARTS(kinds), tests, PARTS(tests));
}
