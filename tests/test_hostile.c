/* SPDX-License-Identifier: ISC */
/* test_hostile.c - a store in bad hands or with bad rows, and clients that say odd things of
 * themselves. */
#include "session.h"

static const sess_provider *real;
static struct {
	const char *data;
	int ended;
	bool nothing;           /* there is no record, and ended says why */
} reply;

static int
load_hostile(void *self, const unsigned char *id, int64_t now, sess_record *r, sess_sink *sink,
	sess_error *err)
{
	int rc = real->load(self, id, now, r, sink, err);

	if (reply.nothing) {
		r->ended = (sess_status)reply.ended;
		return 0;
	}
	if (rc == 1) {
		r->len = strlen(reply.data);
		r->data = sess_sink_put(sink, reply.data, r->len);
	}
	return rc;
}

static void
make_hostile(world *w)
{
	static sess_provider hostile;

	real = w->kit->store.provider;
	hostile = *real;
	hostile.load = load_hostile;
	w->kit->store.provider = &hostile;
	memset(&reply, 0, sizeof(reply));
}

static void
begin_with_damaged_data(const char *kind)
{
	static const char *const bad[] = { "", "{", "null", "[]", "{\"a\":1", "{\"a\":1,}",
		"{\"a\":1}x", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1}}", "{\"a\":1,\"b c\":2}",
		"{\"a\":1,\"\":2}", "{\"a\":1,\"b\":\"\\ud800\"}", "{\"a\":1,\"b\":1e999}",
		"\x01" };
	jar j = { 0 };
	visit v;
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	(void)log_in(&w, &j, "ann");
	make_hostile(&w);
	for (size_t i = 0; i < PARTS(bad); i++) {
		reply.data = bad[i];
		visit_begin(&v, &w, &j);
		ok(sess_state(v.s) == SESS_DAMAGED && !sess_user(v.s) && !*sess_ref(v.s) &&
			!sess_next(v.s, NULL), "no part of \"%s\" is believed", bad[i]);
		(void)visit_end(&v);
		is_int(set_cookies(v.headers, NULL), 0, "and no cookie goes out");
	}
	reply.data = "{\"@user\":\"root\",\"a\":1}";
	visit_begin(&v, &w, &j);
	is_str(sess_user(v.s), "ann", "a user among the values is none");
	is_int(sess_get_int(v.s, "a", 0), 1, "but a value is");
	(void)visit_lose(&v);
	world_close(&w);
}

static void
begin_with_false_reasons(const char *kind)
{
	static const int bad[] = { SESS_FRESH, SESS_LIVE, SESS_DAMAGED + 1, -1, 1 << 30 };
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "a", "b");
	make_hostile(&w);
	reply.nothing = true;
	for (size_t i = 0; i < PARTS(bad); i++) {
		reply.ended = bad[i];
		is_int(look(&w, &j), SESS_UNKNOWN, "no session, for a reason of %d", bad[i]);
	}
	reply.ended = SESS_REVOKED;
	is_int(look(&w, &j), SESS_REVOKED, "a reason that there is");
	world_close(&w);
}

/* Address and browser as they are stored for this request, copied to out. */
static void
record_client(world *w, const char *agent, const char *forwarded, char out[1000])
{
	static char browser[70000], header[1000];
	const char *const more[] = { browser, header, "REMOTE_ADDR=127.0.0.1", NULL };
	sess_info info;
	jar j = { 0 };
	visit v;

	snprintf(browser, sizeof(browser), "HTTP_USER_AGENT=%s", agent);
	snprintf(header, sizeof(header), "HTTP_X_FORWARDED_FOR=%s", forwarded);
	(void)visit_try(&v, w, &j, more, NULL);
	(void)sess_set_int(v.s, "a", 1);
	if (visit_end(&v) != SESS_OK)
		bail("commit: %s", sess_kit_error(w->kit));
	(void)sess_about(visit_begin(&v, w, &j), &info);
	snprintf(out, 1000, "%s|%s", info.agent, info.address);
	(void)visit_end(&v);
}

static void
record_odd_clients(const char *kind)
{
	static char longest[60000];
	sess_config c = SESS_CONFIG_INIT;
	char out[1000];
	world w;

	strcpy(c.trusted_proxies, "127.0.0.1");
	world_open(&w, kind, &c);
	record_client(&w, "Br\xc3\xb6wser/2 (X)", "1.2.3.4, 2001:db8::1", out);
	is_str(out, "Br\xc3\xb6wser/2 (X)|2001:db8::1", "what is fit is kept as it is");
	record_client(&w, "a\x1b[2J\r\n\x7f\xc2\x9b" "b", "x\x1b]0;y", out);
	is_str(out, "a?[2J?????b|127.0.0.1", "controls and what is no address are not");
	record_client(&w, "good\xff" "bad", "\xc0\xaf", out);
	is_str(out, "good|127.0.0.1", "nor what is no UTF-8");
	memset(longest, 'x', sizeof(longest) - 1);
	record_client(&w, longest, "1.2.3.4", out);
	ok(strlen(out) < 500, "nor tens of kilobytes");
	record_client(&w, "'; DROP TABLE session; --", "1.2.3.4", out);
	is_str(out, "'; DROP TABLE session; --|1.2.3.4", "quotes are just text");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { begin_with_damaged_data, begin_with_false_reasons,
		record_odd_clients };

	return world_run(tests, PARTS(tests));
}
