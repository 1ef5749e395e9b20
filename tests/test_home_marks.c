/* SPDX-License-Identifier: ISC */
/* test_home_marks.c - marks by user, made and removed while others change the same session. */
#include "home_shelf.h"
#include "store_contract.h"
#include "tap.h"

#define NOW CONTRACT_NOW

static void
ignore_check(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	(void)sentence;
	(void)number;
	(void)passed;
	(void)text;
}

static struct {
	contract c;                     /* the other one */
	unsigned char id[SESS_ID_BYTES];        /* the session under its newest id */
	uint64_t revision;
} others;

static void
others_replace(const char *user)
{
	sess_record next = fresh_record(&others.c);

	next.user = user;
	next.login = user ? NOW : 0;
	next.revision = others.revision++;
	is_int(do_replace(&others.c, others.id, &next, NOW), SESS_OK, "the other one logs %s",
		user ? "in" : "out");
	memcpy(others.id, next.id, sizeof(next.id));
}

static void
others_log_in(void)
{
	others_replace("ann");
}

static void
others_list(void)
{
	sess_query ann = { .user = "ann", .now = NOW };

	is_int((int64_t)do_count(&others.c, &ann), 0, "the other one finds none, and tidies up");
}

/* Marked already, but not yet swapped; the first swap is of the pointer to it. */
static void
others_list_later(void)
{
	shelf_faulty.before_swap = others_list;
}

/* Or "log out everywhere" would leave out the session. */
static void
marks_of_others(void)
{
	contract c = { .provider = &home_shelf, .report = ignore_check,
		.limits = { .max_bytes = 1000, .busy_ms = 20 }, .here = "marks" };
	sess_record rec, next;
	sess_query ann = { .user = "ann", .now = NOW };

	c.self = open_handle(&c);
	rec = stored_for(&c, "ann", NOW, NOW + 500);
	next = fresh_record(&c);
	others.c = c;
	others.c.serial += 500;
	others.c.self = open_handle(&c);
	memset(&others.c.sink, 0, sizeof(others.c.sink));
	next.revision = 1;
	memcpy(others.id, next.id, sizeof(next.id));
	others.revision = 2;
	shelf_faulty.before_unmark = others_log_in;
	is_int(do_replace(&c, rec.id, &next, NOW), SESS_OK, "a logout, and a login before it is done");
	is_int((int64_t)do_count(&c, &ann), 1, "the login has its mark");
	others_replace(NULL);
	memcpy(rec.id, others.id, sizeof(rec.id));
	next = fresh_record(&c);
	next.user = "ann";
	next.login = NOW;
	next.revision = others.revision;
	shelf_faulty.before_swap = others_list_later;
	is_int(do_replace(&c, rec.id, &next, NOW), SESS_OK, "a login, while others look for its user");
	is_int((int64_t)do_count(&c, &ann), 1, "it has its mark as well");
	is_int((int64_t)do_end_all(&c, &ann, NULL, SESS_REVOKED), 1, "all of the user's are ended");
	is_int(do_load(&c, next.id, NOW), 0, "this one, too");
	c.provider->close(others.c.self);
	arena_free(&others.c.sink.memory);
	c.provider->close(c.self);
	arena_free(&c.sink.memory);
}

int
main(void)
{
	marks_of_others();
	return done();
}
