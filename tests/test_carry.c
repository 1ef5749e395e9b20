/* SPDX-License-Identifier: ISC */
/* test_carry.c - sessions that browsers keep: what is in the cookie, and what is not believed. */
#include "session.h"

#include <signal.h>
#include <sys/wait.h>

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

static void
keys_come_and_go(const char *kind)
{
	char *path = temp_path("carry.key"), ticket[32];
	jar j = { 0 }, fresh = { 0 };
	sess_error err = { 0 };
	sess_config c = SESS_CONFIG_INIT;
	visit v;
	world w;
	bool made;

	(void)remove(path);
	snprintf(c.key_file, sizeof(c.key_file), "%s", path);
	if (key_file_make(path, &made, &err) != SESS_OK)
		bail("%s", err.text);
	world_open(&w, kind, &c);
	(void)log_in(&w, &j, "ann");
	snprintf(ticket, sizeof(ticket), "%s", sess_once_issue(visit_begin(&v, &w, &j), "pay", 0));
	(void)visit_end(&v);
	if (key_file_rotate(path, "next", 2, &err) != SESS_OK)
		bail("%s", err.text);
	world_restart(&w);
	is_int(store_text(&w, &j, "a", "b"), SESS_OK, "behind a newer key a session can be changed");
	is_str(text_of(&w, &j, "a"), "b", "and is found again");
	is_int(sess_once_take(visit_begin(&v, &w, &j), "pay", ticket), SESS_OK, "its tickets count");
	(void)visit_end(&v);
	(void)log_in(&w, &fresh, "ben");
	is_int(look(&w, &fresh), SESS_LIVE, "a new one begins under the newer key");
	is_int(look(&w, &j), SESS_LIVE, "beside it");
	if (key_file_rotate(path, "third", 2, &err) != SESS_OK)
		bail("%s", err.text);
	world_restart(&w);
	is_int(look(&w, &j), SESS_UNKNOWN, "without its key it is over");
	is_int(look(&w, &fresh), SESS_LIVE, "the other one is not");
	free(path);
	world_close(&w);
}

/* With the keys of another site, or of this one before its store was lost. */
static void
of_another_store(const char *kind)
{
	char *path = temp_path("shared.key");
	sess_config c = SESS_CONFIG_INIT;
	jar here = { 0 }, there = { 0 }, stolen;
	sess_error err = { 0 };
	world one, two;
	bool made;

	snprintf(c.key_file, sizeof(c.key_file), "%s", path);
	if (key_file_make(path, &made, &err) != SESS_OK)
		bail("%s", err.text);
	world_open(&one, kind, &c);
	world_open(&two, kind, &c);
	(void)log_in(&one, &here, "ann");
	stolen = here;
	(void)log_in(&two, &there, "ann");
	is_int(look(&two, &here), SESS_REVOKED, "a cookie of another store is not believed");
	is_int(look(&one, &there), SESS_REVOKED, "here and there");
	(void)sess_end_user(two.kit, "ann", NULL, NULL);
	is_int(look(&two, &stolen), SESS_REVOKED, "nor after the end of all");
	(void)sess_end_user(two.kit, NULL, NULL, NULL);
	is_int(look(&two, &stolen), SESS_REVOKED, "of everyone");
	free(path);
	world_close(&one);
	world_close(&two);
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
	const char *line;
	size_t fits;
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
	for (fits = sizeof(big) - 1; fits > 0; fits--) {
		big[fits] = '\0';
		if (store_text(&w, &j, "big", big) == SESS_OK)
			break;
	}
	visit_begin(&v, &w, &j);
	(void)sess_set_str(v.s, "other", "");
	(void)sess_unset(v.s, "other");
	(void)sess_set_str(v.s, "big", big);
	is_int(visit_end(&v), SESS_OK, "%zu bytes have room", fits);
	line = strstr(v.headers, "Set-Cookie: ");
	ok(line != NULL && strcspn(line, "\r") - strlen("Set-Cookie: ") <= 4096 && fits > 2400,
		"in what a browser keeps");
	is_int(look(&w, &j), SESS_LIVE, "and are kept");
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

/* What stands on other stores says which, and on how many. */
static void
which_stores(void)
{
	static const struct { const char *url, *says; } wrong[] = {
		{ "cookie:cookie:sqlite:x.db", "stands on another store itself" },
		{ "cookie:sqlite:x.db sqlite:y.db sqlite:z.db", "no more than 2 stores" },
		{ "cookie:sqlite:x.db sqlite:y.db", "one store that remembers" },
		{ "cookie:nothing:x", "is no kind of store" },
	};
	sess_limits limits = { .max_bytes = 1000 };
	sess_error err;
	store s;

	for (size_t i = 0; i < PARTS(wrong); i++) {
		int rc = store_find(&s, wrong[i].url, &limits, &err);

		if (rc == SESS_OK) {
			rc = store_check(&s, &err);
			store_close(&s);
		}
		is_int(rc, SESS_CONFIG, "%s", wrong[i].url);
		ok(strstr(err.text, wrong[i].says) != NULL, "is said to be wrong: %s", err.text);
	}
	is_int(store_find(&s, "cookie:", &limits, &err), SESS_OK, "cookie: alone");
	ok(strstr(store_ground(&s)->address.path, "/sessions.db") != NULL, "stands on %s",
		store_ground(&s)->address.path);
	store_close(&s);
}

int
main(void)
{
	static world_test *const tests[] = { the_browser_keeps_it, two_at_once, keys_come_and_go,
		of_another_store, forged, too_big, by_header, side_by_side };
	static const char *const kinds[] = { "cookie:sqlite:", "cookie:file:" };

	which_stores();
	return world_run_on(kinds, PARTS(kinds), tests, PARTS(tests));
}
