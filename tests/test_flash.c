/* SPDX-License-Identifier: ISC */
/* test_flash.c - messages that are shown once. */
#include "session.h"

static void
flash_waits_for_the_next_request(const char *kind)
{
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	is_str(sess_flash_take(v.s, "note"), NULL, "there is none");
	(void)visit_end(&v);
	is_int(world_records(&w), 0, "which stores nothing");
	visit_begin(&v, &w, &j);
	for (int i = 0; i < 12; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%d", i);
		(void)sess_flash(v.s, "note", text);
	}
	(void)sess_flash(v.s, "error", "<b>\r\n\x01");
	is_int(visit_end(&v), SESS_OK, "a dozen messages");
	visit_begin(&v, &w, &j);
	is_str(sess_next(v.s, NULL), NULL, "are not among the values");
	is_str(sess_flash_take(v.s, "error"), "<b>\r\n\x01", "any bytes of text, by kind");
	for (int i = 0; i < 12; i++)
		if (atoi(sess_flash_take(v.s, "note")) != i)
			ok(false, "message %d comes in order", i);
	is_str(sess_flash_take(v.s, "note"), NULL, "in order, until none is left");
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	is_str(sess_flash_take(v.s, "note"), NULL, "they are gone");
	is_str(sess_flash_take(v.s, "error"), NULL, "all of them");
	(void)visit_end(&v);
	world_close(&w);
}

static void
flash_stays_until_commit(const char *kind)
{
	jar j = { 0 };
	const char *text;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	(void)sess_flash(v.s, "note", "first");
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	(void)sess_flash_take(v.s, "note");
	sess_end(v.s);
	v.s = NULL;
	(void)visit_lose(&v);
	visit_begin(&v, &w, &j);
	text = sess_flash_take(v.s, "note");
	is_str(text, "first", "taken but not committed: still there");
	(void)sess_flash(v.s, "note", "second");
	(void)sess_clear(v.s);
	is_int(sess_commit(v.s), SESS_OK, "commit");
	is_str(text, "first", "the text is lent until the end");
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	is_str(sess_flash_take(v.s, "note"), "second", "clear leaves messages alone");
	(void)visit_end(&v);
	world_close(&w);
}

static void
flash_kinds_are_apart(const char *kind)
{
	static const char *const kinds[] = { "a", "a.b", "a.00000000", "a.00000000.00000000", "A" };
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	for (size_t i = PARTS(kinds); i-- > 0;)
		(void)sess_flash(v.s, kinds[i], kinds[i]);
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	for (size_t i = 0; i < PARTS(kinds); i++) {
		is_str(sess_flash_take(v.s, kinds[i]), kinds[i], "kind %s", kinds[i]);
		is_str(sess_flash_take(v.s, kinds[i]), NULL, "and no other's");
	}
	(void)visit_end(&v);
	world_close(&w);
}

/* A poll that may not change the session neither swallows a message nor fails over it. */
static void
flash_in_a_poll(const char *kind)
{
	const sess_options poll = { SESS_READ_ONLY | SESS_NO_TOUCH, NULL, NULL };
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)sess_flash(visit_begin(&v, &w, &j), "note", "first");
	(void)sess_flash(v.s, "note", "second");
	(void)visit_end(&v);
	(void)visit_try(&v, &w, &j, NULL, &poll);
	is_str(sess_flash_take(v.s, "note"), "first", "a poll shows a message");
	is_str(sess_flash_take(v.s, "note"), "second", "and the next");
	is_str(sess_flash_take(v.s, "note"), NULL, "each once");
	is_int(visit_end(&v), SESS_OK, "without a failure");
	visit_begin(&v, &w, &j);
	(void)sess_headers(v.s);
	is_str(sess_flash_take(v.s, "note"), "first", "it stayed; after the header lines, too,");
	(void)visit_end(&v);
	is_str(sess_flash_take(visit_begin(&v, &w, &j), "note"), "first", "it is shown and stays");
	(void)visit_end(&v);
	world_close(&w);
}

static void
flash_refuses(const char *kind)
{
	static const char *const bad[] = { "", "@a", "a b", "123456789012345678901234567890123" };
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(bad); i++) {
		visit_begin(&v, &w, &j);
		ok(sess_flash(v.s, bad[i], "x") == SESS_INVALID && !sess_flash_take(v.s, bad[i]) &&
			visit_end(&v) == SESS_INVALID, "\"%s\" is no kind", bad[i]);
	}
	visit_begin(&v, &w, &j);
	is_int(sess_flash(v.s, "12345678901234567890123456789012", "x"), SESS_OK, "32 bytes are");
	is_int(sess_flash(v.s, "a", NULL), SESS_INVALID, "no text");
	(void)visit_end(&v);
	is_int(sess_flash(NULL, "a", "b"), SESS_INVALID, "no session");
	is_str(sess_flash_take(NULL, "a"), NULL, "has no messages");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { flash_waits_for_the_next_request,
		flash_stays_until_commit, flash_kinds_are_apart, flash_in_a_poll, flash_refuses };

	return world_run(tests, PARTS(tests));
}
