/* SPDX-License-Identifier: ISC */
/* test_store_redis_lost.c - a script that the server forgot, and changes that it made, but whose
 * answers were lost. */
#include "redis_fixture.h"

#include "../tap.h"
#include "flaky.h"

void
forgotten_script(void)
{
	contract c = open_store("prefix=script:");
	sess_record rec = stored_record(&c);
	long long evals, shas;

	ask("SCRIPT FLUSH");
	evals = calls_of("eval");
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "a script that was forgotten");
	is_int(calls_of("eval"), evals + 1, "is sent once");
	rec.revision = 2;
	shas = calls_of("evalsha");
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "and from then on");
	is_int(calls_of("eval"), evals + 1, "not again");
	is_int(calls_of("evalsha"), shas + 1, "but called by its name");
	check_found(&c, &rec, NOW, 3, "");
	close_store(&c);
}

/* Bytes of the answer to GET of this session. */
static long long
answer_size(const char *prefix, const unsigned char *id)
{
	long long len = ask("STRLEN %sv%b", prefix, id, (size_t)SESS_ID_BYTES);
	char head[32];

	return snprintf(head, sizeof(head), "$%lld\r\n", len) + len + 2;
}

/* The server does it, and the connection breaks before it can say so. */
void
lost_answers(const char *proxy_path)
{
	flaky *proxy = flaky_start(proxy_path, socket_path);
	contract c = contract_at(proxy_path, "prefix=lost:");
	sess_record rec, other;
	int64_t found;
	long long shas;

	c.self = open_handle(&c);
	rec = stored_record(&c);
	other = fresh_record(&c);
	shas = calls_of("evalsha");
	flaky_set(proxy, FLAKY_CUT, answer_size("lost:", rec.id));
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "an update whose answer is lost");
	is_int(do_load(&c, rec.id, NOW), 1, "is there");
	is_int((int64_t)c.got.revision, 2, "and was made once");
	is_int(calls_of("evalsha"), shas + 2, "though it was asked for twice");
	shas = calls_of("evalsha");
	/* A mark is made before. */
	flaky_set(proxy, FLAKY_CUT, answer_size("lost:", rec.id) + 4);
	is_int(do_end(&c, rec.id, SESS_LOGGED_OUT), SESS_OK, "and so is a logout");
	is_int(calls_of("evalsha"), shas + 2, "asked for twice");
	is_int(do_load(&c, rec.id, NOW), 0, "which is final");
	is_int(c.got.ended, SESS_LOGGED_OUT, "and says so");
	/* Its answers: nothing there, a mark made, another one, and then the swap. */
	flaky_set(proxy, FLAKY_CUT, 5 + 4 + 4);
	shas = calls_of("evalsha");
	is_int(do_insert(&c, &other), SESS_OK, "and an insert");
	is_int(calls_of("evalsha"), shas + 2, "asked for twice");
	is_int(do_load(&c, other.id, NOW), 1, "which is there");
	flaky_set(proxy, FLAKY_CUT, 5);
	shas = calls_of("evalsha");
	is_int(do_cas(&c, "lock", 0, 1, &found), 1, "and a number");
	is_int(calls_of("evalsha"), shas + 2, "asked for twice");
	is_int(do_cas(&c, "lock", 0, 1, &found), 0, "which one alone sets");
	close_store(&c);
	flaky_stop(proxy);
}

/* What was removed is not there: that it was done is all that can be told. */
void
lost_removal(const char *proxy_path)
{
	flaky *proxy = flaky_start(proxy_path, socket_path);
	contract c = contract_at(proxy_path, "prefix=gone:");
	sess_record rec;
	sess_stats stats;
	long long shas;

	c.self = open_handle(&c);
	rec = stored_for(&c, NULL, NOW, NOW + 5);
	shas = calls_of("evalsha");
	/* Its answers: 48 lists, of which one has something, then the session. */
	flaky_set(proxy, FLAKY_CUT, 47 * 4 + 52 + answer_size("gone:", rec.id));
	is_int((int64_t)do_collect(&c, NOW + 5, 10), 1, "a removal whose answer is lost");
	is_int(calls_of("evalsha"), shas + 2, "asked for twice");
	is_int(c.provider->stats(c.self, NOW + 5, &stats, &c.err), SESS_OK, "stats");
	is_int(stats.minute[0].expired, 1, "is counted once");
	is_int(do_load(&c, rec.id, NOW), 0, "the session is gone");
	close_store(&c);
	flaky_stop(proxy);
}
