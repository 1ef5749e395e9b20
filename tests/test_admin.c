/* SPDX-License-Identifier: ISC */
/* test_admin.c - this session's facts, and what can be done to others. */
#include "session.h"

typedef struct found {
	char ref[8][TOKEN_CHARS + 1], user[8][16];
	int64_t seen[8];
	size_t n;
	int stop;
} found;

static int
collect_found(void *arg, const sess_info *info)
{
	found *f = arg;

	if (f->n < PARTS(f->ref)) {
		snprintf(f->ref[f->n], sizeof(f->ref[0]), "%s", info->ref);
		snprintf(f->user[f->n], sizeof(f->user[0]), "%s", info->user ? info->user : "-");
		f->seen[f->n] = info->seen;
	}
	f->n++;
	return f->stop;
}

static size_t
count(world *w, const char *user, int64_t within)
{
	size_t n = 99;

	if (sess_count(w->kit, user, within, &n) != SESS_OK)
		bail("sess_count: %s", sess_kit_error(w->kit));
	return n;
}

/* The ref of the session in a jar, copied to out. */
static void
ref_of(world *w, jar *j, char out[TOKEN_CHARS + 1])
{
	visit v;

	snprintf(out, TOKEN_CHARS + 1, "%s", sess_ref(visit_begin(&v, w, j)));
	(void)visit_end(&v);
}

static void
about_this_session(const char *kind)
{
	jar j = { 0 };
	sess_info info;
	visit v;
	world w;

	world_open(&w, kind, NULL);
	visit_begin(&v, &w, &j);
	is_int(sess_about(v.s, &info), SESS_GONE, "before it is stored there are no facts");
	is_str(sess_ref(v.s), "", "and no ref");
	(void)visit_end(&v);
	(void)log_in(&w, &j, "ann");
	(void)store_text(&w, &j, "a", "b");
	*w.clock += 40;
	visit_begin(&v, &w, &j);
	is_int(sess_about(v.s, &info), SESS_OK, "a stored session");
	ok(strlen(info.ref) == TOKEN_CHARS && strcmp(info.ref, sess_ref(v.s)) == 0, "has a ref");
	is_str(info.user, "ann", "a user");
	is_str(info.address, "192.0.2.1", "an address");
	is_str(info.agent, "Browser/1.0", "a browser");
	ok(info.created == START && info.seen == START && info.login == START, "times");
	is_int(info.expires, START + 1890, "an end");
	is_int(info.absolute, START + 43200, "a limit");
	is_int(info.level, 1, "a level");
	is_int((int64_t)info.bytes, 9, "and a size");
	jar_set(&j, NAME, info.ref);
	(void)visit_end(&v);
	is_int(look(&w, &j), SESS_UNKNOWN, "its ref is no cookie");
	is_int(sess_about(NULL, &info), SESS_INVALID, "no session");
	is_str(sess_ref(NULL), "", "no ref");
	world_close(&w);
}

static void
about_without_client(const char *kind)
{
	jar j = { 0 };
	sess_info info;
	visit v;
	world w;

	world_open(&w, kind, &(sess_config){ .size = sizeof(sess_config),
		.record_client = SESS_NO });
	(void)store_text(&w, &j, "a", "b");
	visit_begin(&v, &w, &j);
	(void)sess_about(v.s, &info);
	ok(!info.address && !info.agent, "record_client = no: neither address nor browser");
	(void)visit_end(&v);
	ok(world_finds(&w, "192.0.2.1", 9) == 0, "anywhere");
	world_close(&w);
}

static void
list_and_count(const char *kind)
{
	static const char *const users[] = { "ann", "bob", "ann", NULL, "ann", NULL };
	jar j[PARTS(users)] = { 0 };
	found f = { .n = 0 };
	world w;

	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(users); i++) {
		*w.clock += 100;
		(void)store_text(&w, &j[i], "a", "b");
		if (users[i])
			(void)log_in(&w, &j[i], users[i]);
	}
	is_int((int64_t)count(&w, NULL, 0), 6, "all");
	is_int((int64_t)count(&w, "ann", 0), 3, "of a user");
	is_int((int64_t)count(&w, "", 0), 2, "of nobody");
	is_int((int64_t)count(&w, "eve", 0), 0, "of an unknown user");
	is_int((int64_t)count(&w, "a%", 0), 0, "names are no patterns");
	is_int((int64_t)count(&w, NULL, 200), 3, "seen within 200 seconds");
	is_int((int64_t)count(&w, "ann", 399), 2, "of a user, seen within 399");
	is_int(sess_list(w.kit, "ann", collect_found, &f), SESS_OK, "list of a user");
	ok(f.n == 3 && f.seen[0] == START + 500 && f.seen[1] == START + 300 &&
		f.seen[2] == START + 100, "the last seen comes first");
	f = (found){ .n = 0 };
	is_int(sess_list(w.kit, NULL, collect_found, &f), SESS_OK, "list of all");
	ok(f.n == 6 && strcmp(f.user[0], "-") == 0 && strcmp(f.user[4], "bob") == 0, "with users");
	f = (found){ .stop = 42 };
	is_int(sess_list(w.kit, "", collect_found, &f), 42, "a function can stop it");
	is_int((int64_t)f.n, 1, "at once");
	*w.clock += 1890 - 100;
	is_int((int64_t)count(&w, NULL, 0), 1, "expired sessions do not count");
	f = (found){ .n = 0 };
	is_int(sess_list(w.kit, NULL, collect_found, &f), SESS_OK, "nor are they in a list");
	is_int((int64_t)f.n, 1, "collected or not");
	world_close(&w);
}

static void
end_from_another_kit(const char *kind)
{
	jar j[4] = { 0 }, same;
	char ref[4][TOKEN_CHARS + 1], hex[2 * SESS_ID_BYTES + 1];
	unsigned char id[SESS_ID_BYTES];
	size_t n = 0;
	world w, other;

	world_open(&w, kind, NULL);
	for (size_t i = 0; i < PARTS(j); i++) {
		(void)log_in(&w, &j[i], i < 3 ? "ann" : "bob");
		ref_of(&w, &j[i], ref[i]);
	}
	if (world_clone(&other, &w, NULL) != SESS_OK)
		bail("%s", other.err.text);
	is_int(sess_end_ref(other.kit, ref[0]), SESS_OK, "end by ref in another kit");
	is_int(look(&w, &j[0]), SESS_REVOKED, "counts at once");
	is_int(sess_end_ref(other.kit, ref[0]), SESS_OK, "again: nothing to do");
	is_int(sess_end_ref(other.kit, "abc"), SESS_INVALID, "a malformed ref");
	is_int(sess_end_ref(other.kit, NULL), SESS_INVALID, "none");
	is_int(sess_end_user(other.kit, "ann", ref[1], &n), SESS_OK, "all of a user but one");
	is_int((int64_t)n, 1, "one session ended");
	is_int(look(&w, &j[2]), SESS_REVOKED, "the other one");
	is_int(look(&w, &j[1]), SESS_LIVE, "the one to keep lives");
	is_int(look(&w, &j[3]), SESS_LIVE, "and so does another user's");
	is_int(sess_end_user(other.kit, "bob", "x", &n), SESS_INVALID, "a malformed exception");
	(void)ref_decode(ref[3], id);
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(hex + 2 * i, 3, "%02X", id[i]);
	same = j[3];
	*w.clock += 900;
	(void)look(&w, &same);
	is_int(sess_end_ref(other.kit, hex), SESS_OK, "in hexadecimal, as the sqlite3 shell shows");
	is_int(look(&w, &same), SESS_REVOKED, "ends it also by an id on offer");
	is_int(sess_end_user(other.kit, NULL, NULL, &n), SESS_OK, "everybody");
	ok(n == 1 && world_records(&w) == 0, "is out");
	is_int(sess_end_user(NULL, NULL, NULL, NULL), SESS_INVALID, "no kit");
	is_int(sess_count(NULL, NULL, 0, &n), SESS_INVALID, "nothing to count");
	is_int(sess_list(other.kit, NULL, NULL, NULL), SESS_INVALID, "nothing to call");
	ok(world_logged(&other, "revoked") >= 3, "the log tells of it");
	world_close(&other);
	world_close(&w);
}

static void
end_by_a_former_ref(const char *kind)
{
	char ref[TOKEN_CHARS + 1];
	jar j = { 0 };
	world w;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");
	ref_of(&w, &j, ref);
	*w.clock += 900;
	(void)look(&w, &j);
	(void)look(&w, &j);
	is_int(world_logged(&w, "renewed"), 1, "a devices page was shown before a renewal");
	is_int(sess_end_ref(w.kit, ref), SESS_OK, "its link");
	is_int(look(&w, &j), SESS_REVOKED, "ends the session all the same");
	world_close(&w);
}

static void
two_names_on_one_store(const char *kind)
{
	sess_config c = SESS_CONFIG_INIT;
	jar one = { 0 }, two = { 0 };
	world w, shop;

	world_open(&w, kind, NULL);
	strcpy(c.cookie_name, "shop");
	if (world_clone(&shop, &w, &c) != SESS_OK)
		bail("%s", shop.err.text);
	(void)store_text(&w, &one, "a", "b");
	(void)store_text(&shop, &two, "a", "c");
	jar_set(&one, "__Host-shop", jar_get(&one, NAME));
	jar_set(&two, NAME, jar_get(&two, "__Host-shop"));
	is_int(look(&shop, &one), SESS_UNKNOWN, "an id of one cookie name is worth nothing");
	is_int(look(&w, &two), SESS_UNKNOWN, "under another");
	is_int(look(&w, &one), SESS_LIVE, "each of them");
	is_int(look(&shop, &two), SESS_LIVE, "works under its own");
	world_close(&shop);
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { about_this_session, about_without_client,
		list_and_count, end_from_another_kit, end_by_a_former_ref, two_names_on_one_store };

	return world_run(tests, PARTS(tests));
}
