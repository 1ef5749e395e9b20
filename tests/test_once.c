/* SPDX-License-Identifier: ISC */
/* test_once.c - a form ticket counts once, for its form and its session, while it lasts. */
#include "session.h"

/* A ticket for this form, in a page that was sent; copied to out. */
static void
issue(world *w, jar *j, const char *form, int64_t seconds, char out[32])
{
	visit v;
	const char *ticket = sess_once_issue(visit_begin(&v, w, j), form, seconds);

	snprintf(out, 32, "%s", ticket ? ticket : "");
	if (visit_end(&v) != SESS_OK)
		bail("commit: %s", sess_kit_error(w->kit));
}

static int
take(world *w, jar *j, const char *form, const char *ticket)
{
	visit v;
	int rc = sess_once_take(visit_begin(&v, w, j), form, ticket);

	(void)visit_end(&v);
	return rc;
}

static void
once_only(const char *kind)
{
	jar j = { 0 }, other = { 0 };
	char ticket[32], second[32];
	visit v;
	world w;

	world_open(&w, kind, NULL);
	issue(&w, &j, "order", 0, ticket);
	issue(&w, &j, "order", 0, second);
	issue(&w, &other, "order", 0, (char[32]){ 0 });
	is_int((int64_t)strlen(ticket), 22, "a ticket");
	ok(world_finds(&w, ticket, 22) == 0, "which the store does not hold");
	is_int(take(&w, &j, "cancel", ticket), SESS_DENIED, "is not for another form");
	is_int(take(&w, &other, "order", ticket), SESS_DENIED, "nor for another session");
	is_int(take(&w, NULL, "order", ticket), SESS_DENIED, "nor for none");
	is_int(take(&w, &j, "order", ticket), SESS_OK, "is taken once");
	is_int(take(&w, &j, "order", ticket), SESS_DENIED, "and not twice");
	is_int(take(&w, &j, "order", second), SESS_OK, "another one by itself");
	is_int(take(&w, &j, "order", "short"), SESS_DENIED, "a short one");
	is_int(take(&w, &j, "order", NULL), SESS_DENIED, "none");
	is_int(take(&w, &j, "@", second), SESS_DENIED, "no form");
	is_int(sess_once_take(NULL, "order", ticket), SESS_INVALID, "no session");
	visit_begin(&v, &w, &j);
	is_str(sess_once_issue(v.s, "", 0), NULL, "no form to issue for");
	is_int(visit_end(&v), SESS_INVALID, "as commit says");
	visit_begin(&v, &w, &j);
	is_str(sess_next(v.s, NULL), NULL, "tickets are not among the values");
	(void)visit_end(&v);
	is_int(world_logged(&w, "twice"), 3, "what was refused is logged");
	world_close(&w);
}

static void
once_runs_out(const char *kind)
{
	jar j = { 0 };
	char ticket[32], second[32];
	world w;

	world_open(&w, kind, NULL);
	issue(&w, &j, "a", 100, ticket);
	issue(&w, &j, "a", 0, second);
	*w.clock += 100;
	is_int(take(&w, &j, "a", ticket), SESS_DENIED, "a ticket for 100 seconds");
	issue(&w, &j, "a", 100, ticket);
	*w.clock += 99;
	is_int(take(&w, &j, "a", ticket), SESS_OK, "is good for 99");
	*w.clock = START + 1800;
	is_int(look(&w, &j), SESS_LIVE, "(alive)");
	*w.clock = START + 3599;
	(void)look(&w, &j);
	is_int(take(&w, &j, "a", second), SESS_OK, "one without time for an hour");
	world_close(&w);
}

static void
once_of_too_many(const char *kind)
{
	char first[32], last[32], ticket[32];
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	issue(&w, &j, "a", 50, first);
	issue(&w, &j, "a", 100, last);
	for (int i = 0; i < 63; i++)
		issue(&w, &j, "b", 200, ticket);
	is_int(take(&w, &j, "a", first), SESS_DENIED, "the 65th ticket displaces one");
	is_int(take(&w, &j, "a", last), SESS_OK, "the one that runs out first");
	world_close(&w);
}

/* Many requests have read the session with the ticket in it before the first takes it. */
static void
once_of_many_requests(const char *kind)
{
	enum { MANY = 16 };
	jar j = { 0 };
	char ticket[32];
	visit v[MANY];
	int taken = 0, kept = 0;
	world w;

	world_open(&w, kind, NULL);
	issue(&w, &j, "pay", 0, ticket);
	for (int i = 0; i < MANY; i++) {
		visit_begin(&v[i], &w, &j);
		(void)sess_add_int(v[i].s, "n", 1);
	}
	for (int i = 0; i < MANY; i++)
		taken += sess_once_take(v[i].s, "pay", ticket) == SESS_OK;
	for (int i = 0; i < MANY; i++)
		kept += visit_end(&v[i]) == SESS_OK;
	is_int(taken, 1, "of 16 that present it one is accepted");
	is_int(kept, MANY, "all of them commit");
	is_int(add_one(&w, &j), MANY + 1, "what else they did");
	is_int(take(&w, &j, "pay", ticket), SESS_DENIED, "and none brings the ticket back");
	world_close(&w);
}

static void
once_at_the_wrong_time(const char *kind)
{
	sess_options read = { .flags = SESS_READ_ONLY };
	jar j = { 0 };
	char ticket[32];
	visit v;
	world w;

	world_open(&w, kind, NULL);
	issue(&w, &j, "a", 0, ticket);
	(void)visit_try(&v, &w, &j, NULL, &read);
	is_int(sess_once_take(v.s, "a", ticket), SESS_DENIED, "a read-only request takes nothing");
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	(void)sess_headers(v.s);
	is_int(sess_once_take(v.s, "a", ticket), SESS_LATE, "nor one after its headers");
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	is_int(sess_end_user(w.kit, NULL, NULL, NULL), SESS_OK, "all sessions are ended");
	is_int(sess_once_take(v.s, "a", ticket), SESS_GONE, "which says that it is gone");
	(void)visit_end(&v);
	world_close(&w);
}

/* Taken at once, even when the page is never committed. */
static void
once_without_commit(const char *kind)
{
	jar j = { 0 };
	char ticket[32];
	visit v;
	world w;

	world_open(&w, kind, NULL);
	issue(&w, &j, "a", 0, ticket);
	visit_begin(&v, &w, &j);
	is_int(sess_once_take(v.s, "a", ticket), SESS_OK, "a page that takes a ticket and dies");
	sess_end(v.s);
	v.s = NULL;
	(void)visit_lose(&v);
	is_int(take(&w, &j, "a", ticket), SESS_DENIED, "has used it up");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { once_only, once_runs_out, once_of_too_many,
		once_of_many_requests, once_at_the_wrong_time, once_without_commit };

	return world_run(tests, PARTS(tests));
}
