/* SPDX-License-Identifier: ISC */
/* test_kit.c - a kit as a whole: its settings, its ring of keys, what it tells the log. */
#include "session.h"

#include <sys/stat.h>

#define KEY_A "a AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE\n" /* 32 bytes of 1, of 2 */
#define KEY_B "b AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI\n"

static void
write_keys(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f) != 0 || chmod(path, 0600) != 0)
		bail("%s cannot be written", path);
}

static void
change_keys(world *w, const char *keys)
{
	write_keys(w->config.key_file, keys);
	world_restart(w);
}

static void
open_with_keys(world *w, const char *kind, const char *keys, sess_switch seal)
{
	sess_config c = SESS_CONFIG_INIT;
	char *path = temp_path("ring.key");

	snprintf(c.key_file, sizeof(c.key_file), "%s", path);
	c.seal = seal;
	free(path);
	write_keys(c.key_file, keys);
	world_open(w, kind, &c);
}

static void
keys_come_and_go(const char *kind, sess_switch seal)
{
	jar old = { 0 }, moved = { 0 }, fresh = { 0 };
	char form[96], ticket[32];
	size_t n = 0;
	visit v;
	world w;

	open_with_keys(&w, kind, KEY_A, seal);
	(void)log_in(&w, &old, "ann");
	(void)log_in(&w, &moved, "ann");
	visit_begin(&v, &w, &old);
	snprintf(form, sizeof(form), "%s", sess_csrf_token(v.s));
	snprintf(ticket, sizeof(ticket), "%s", sess_once_issue(v.s, "pay", 0));
	(void)visit_end(&v);
	change_keys(&w, KEY_B KEY_A);
	is_int(look(&w, &old), SESS_LIVE, "behind a newer key ids go on working");
	visit_begin(&v, &w, &old);
	is_int(sess_csrf_check(v.s, form), SESS_OK, "and forms");
	is_int(sess_once_take(v.s, "pay", ticket), SESS_OK, "and tickets");
	(void)visit_end(&v);
	*w.clock += 900;
	(void)look(&w, &moved);
	is_int(look(&w, &moved), SESS_LIVE, "a renewal moves to the newest key");
	(void)log_in(&w, &fresh, "ann");
	is_int(sess_count(w.kit, "ann", 0, &n), SESS_OK, "under whichever key");
	is_int((int64_t)n, 3, "all sessions of a user are found");
	change_keys(&w, KEY_B);
	is_int(look(&w, &old), SESS_UNKNOWN, "without the old key its ids are unknown");
	is_int(look(&w, &moved), SESS_LIVE, "what has moved");
	is_int(look(&w, &fresh), SESS_LIVE, "and what is new lives on");
	world_close(&w);
}

static void
keys_of_readable_sessions(const char *kind)
{
	keys_come_and_go(kind, SESS_NO);
}

static void
keys_of_sealed_sessions(const char *kind)
{
	keys_come_and_go(kind, SESS_YES);
}

static void
keys_of_login_forms(const char *kind)
{
	char form[96];
	jar j = { 0 };
	visit v;
	world w;

	open_with_keys(&w, kind, KEY_A, SESS_NO);
	visit_begin(&v, &w, &j);
	snprintf(form, sizeof(form), "%s", sess_csrf_token(v.s));
	(void)visit_end(&v);
	change_keys(&w, KEY_B KEY_A);
	visit_begin(&v, &w, &j);
	is_int(sess_csrf_check(v.s, form), SESS_OK, "an open login form outlives a change of keys");
	(void)visit_end(&v);
	change_keys(&w, KEY_B);
	visit_begin(&v, &w, &j);
	is_int(sess_csrf_check(v.s, form), SESS_DENIED, "but not the end of its key");
	(void)visit_end(&v);
	world_close(&w);
}

/* A thief with the store, but without its keys and without a cookie. */
static void
keys_of_a_stolen_store(const char *kind)
{
	jar j = { 0 };
	world w;

	open_with_keys(&w, kind, KEY_A, SESS_NO);
	(void)log_in(&w, &j, "ann");
	change_keys(&w, KEY_B);
	is_int(look(&w, &j), SESS_UNKNOWN, "a store is of no use with other keys");
	world_close(&w);
}

static void
kit_refuses(const char *kind)
{
	sess_config c = SESS_CONFIG_INIT;
	sess_error err;
	sess_kit *kit;
	world w;

	strcpy(c.key_file, "/nonexistent/key");
	is_int(world_try(&w, kind, &c), SESS_CONFIG, "a key file that is not there");
	ok(w.kit == NULL && strstr(w.err.text, "/nonexistent/key") != NULL, "is named");
	world_close(&w);
	c = (sess_config)SESS_CONFIG_INIT;
	strcpy(c.trusted_proxies, "10.0.0.0/8, 10.0.0.0/33");
	is_int(world_try(&w, kind, &c), SESS_CONFIG, "a network of 33 bits");
	ok(strstr(w.err.text, "10.0.0.0/33") != NULL, "is named");
	world_close(&w);
	is_int(sess_kit_open(NULL, NULL, NULL), SESS_INVALID, "nowhere to put a kit");
	c = (sess_config)SESS_CONFIG_INIT;
	strcpy(c.store, "nothing:user:secret@host");
	is_int(sess_kit_open(&kit, &c, &err), SESS_CONFIG, "an unknown kind of store");
	ok(kit == NULL && strstr(err.text, "nothing") && strstr(err.text, "memory:"), "is named");
	ok(strstr(err.text, "secret") == NULL, "but not the rest of the URL");
	is_str(sess_kit_error(NULL), "", "no kit has no error");
	sess_kit_close(NULL);
}

static void
log_tells_the_life(const char *kind)
{
	static const char *const events[] = { "start", "login", "offered", "renewed", "rotate",
		"logout", "forged", "doubled", "gone", "revoked", "reuse", "forgery", "dropped" };
	jar j = { 0 }, old, two = { 0 };
	visit v, late;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "card", "4929-0000-1111");
	(void)log_in(&w, &j, "ann");
	*w.clock += 900;
	old = j;
	(void)look(&w, &j);
	(void)look(&w, &j);
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	ok(sess_csrf_check(v.s, "x") == SESS_DENIED, "(a forged form)");
	(void)visit_end(&v);
	visit_begin(&late, &w, &j);
	(void)sess_set_str(late.s, "card", "4929-0000-2222");
	visit_begin(&v, &w, &j);
	(void)sess_logout(v.s);
	(void)visit_end(&v);
	(void)visit_end(&late);
	jar_set(&old, NAME, "evil\x1b[2J\tcookie");
	(void)look(&w, &old);
	(void)visit_try(&v, &w, NULL, (const char *const[]){ "HTTP_COOKIE=" NAME "=a; " NAME "=b",
		NULL }, NULL);
	(void)visit_end(&v);
	(void)log_in(&w, &two, "bob");
	*w.clock += 900;
	old = two;
	(void)look(&w, &two);
	(void)look(&w, &two);
	*w.clock += 61;
	(void)look(&w, &old);
	(void)sess_end_user(w.kit, "bob", NULL, NULL);
	for (size_t i = 0; i < PARTS(events); i++)
		ok(world_logged(&w, events[i]) > 0, "the log tells of \"%s\"", events[i]);
	ok(!strstr(w.log, "4929") && !strstr(w.log, "card"), "but of no value, nor its key");
	ok(!strstr(w.log, "evil"), "nor of what a client sent");
	ok(!strpbrk(w.log, "\x1b\t\r\x7f"), "there are no control characters in it");
	world_close(&w);
}

/* Whatever text gets to the log, it stays one line. */
static void
log_escapes(const char *kind)
{
	world w;

	world_open(&w, kind, NULL);
	kit_log(w.kit, "test", NULL, "one\r\ntwo\x1b[31m\xc2\x9b");
	ok(strchr(w.log, '\n') == w.log + w.log_len - 1 && !strpbrk(w.log, "\r\x1b\x9b"),
		"line ends and escapes are made harmless");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { keys_of_readable_sessions, keys_of_sealed_sessions,
		keys_of_login_forms, keys_of_a_stolen_store, kit_refuses, log_tells_the_life,
		log_escapes };

	return world_run(tests, PARTS(tests));
}
