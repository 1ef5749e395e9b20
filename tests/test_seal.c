/* SPDX-License-Identifier: ISC */
/* test_seal.c - sealed sessions: nothing in a stolen store can be read, and nothing changed in one
 * goes unseen. */
#include "session.h"

#define SECRET "a value nobody may read"
#define USER "ann.the.user"

static const sess_config sealed = { .size = sizeof(sess_config), .seal = SESS_YES };

/* -- a store in somebody else's hands -------------------------------------------------------- */

static const sess_provider *real;
enum { DATA, SECRETS, FAMILY, DATA_OF, SECRET_OF, FAMILY_OF, SHORTER, UNSEALED };
static struct {
	int what;
	size_t at;              /* byte to be changed */
	unsigned char mask;
	sess_record other;      /* from which the _OF are taken */
} tamper;

static int
load_tampered(void *self, const unsigned char *id, int64_t now, sess_record *r, sess_sink *sink,
	sess_error *err)
{
	int rc = real->load(self, id, now, r, sink, err);

	if (rc != 1)
		return rc;
	if (tamper.what == DATA) {
		unsigned char *copy = sess_sink_put(sink, r->data, r->len);

		if (!copy)
			return SESS_NOMEM;
		copy[tamper.at] ^= tamper.mask;
		r->data = copy;
	} else if (tamper.what == SECRETS)
		r->secret[tamper.at] ^= tamper.mask;
	else if (tamper.what == FAMILY)
		r->family[tamper.at] ^= tamper.mask;
	else if (tamper.what == SECRET_OF)
		memcpy(r->secret, tamper.other.secret, sizeof(r->secret));
	else if (tamper.what == FAMILY_OF)
		memcpy(r->family, tamper.other.family, sizeof(r->family));
	else if (tamper.what == SHORTER)
		r->len = tamper.at;
	else if (tamper.what == UNSEALED)
		r->sealed = false;
	else {
		r->data = tamper.other.data;
		r->len = tamper.other.len;
	}
	return rc;
}

static sess_status
look_tampered(world *w, jar *j, int what, size_t at, unsigned char mask)
{
	static sess_provider hostile;
	sess_status state;

	real = w->kit->store.provider;
	hostile = *real;
	hostile.load = load_tampered;
	tamper.what = what;
	tamper.at = at;
	tamper.mask = mask;
	w->kit->store.provider = &hostile;
	state = look(w, j);
	w->kit->store.provider = real;
	return state;
}

static void
open_sealed(world *w, jar *j, const char *kind)
{
	visit v;

	world_open(w, kind, &sealed);
	visit_begin(&v, w, j);
	(void)sess_set_str(v.s, "key-of-it", SECRET);
	(void)sess_login(v.s, USER);
	if (visit_end(&v) != SESS_OK)
		bail("commit: %s", sess_kit_error(w->kit));
}

/* -- tests ----------------------------------------------------------------------------------- */

static void
seal_over_a_life(const char *kind)
{
	jar j = { 0 }, old;
	visit v;
	world w;

	open_sealed(&w, &j, kind);
	visit_begin(&v, &w, &j);
	is_str(sess_get_str(v.s, "key-of-it", NULL), SECRET, "the browser's request reads it");
	is_str(sess_user(v.s), USER, "and knows the user");
	is_str(sess_next(v.s, "key-of-it"), NULL, "who is not among the values");
	(void)sess_clear(v.s);
	(void)sess_set_str(v.s, "key-of-it", SECRET);
	(void)visit_end(&v);
	*w.clock += 900;
	old = j;
	(void)look(&w, &j);
	is_int(add_one(&w, &j), 1, "a renewed id opens it");
	is_int(add_one(&w, &old), 2, "so does the old one in its grace");
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	is_str(sess_get_str(v.s, "key-of-it", NULL), SECRET, "and a new one after a rotation");
	is_str(sess_user(v.s), USER, "with the user");
	is_int(sess_get_int(v.s, "n", 0), 2, "and all else");
	(void)visit_end(&v);
	world_close(&w);
}

/* What is stored at once, before commit gives a new id, must open with the id of now. */
static void
seal_between_ids(const char *kind)
{
	char ticket[32];
	jar j = { 0 };
	visit v;
	world w;

	open_sealed(&w, &j, kind);
	visit_begin(&v, &w, &j);
	snprintf(ticket, sizeof(ticket), "%s", sess_once_issue(v.s, "pay", 0));
	(void)visit_end(&v);
	visit_begin(&v, &w, &j);
	(void)sess_rotate(v.s);
	is_int(sess_once_take(v.s, "pay", ticket), SESS_OK, "a ticket taken before a rotation");
	sess_end(v.s);
	v.s = NULL;
	(void)visit_lose(&v);
	is_int(look(&w, &j), SESS_LIVE, "which never came");
	world_close(&w);
}

static void
seal_hides(const char *kind)
{
	static const char *const words[] = { SECRET, USER, "key-of-it", "192.0.2.1",
		"Browser/1.0" };
	unsigned char raw[TOKEN_BYTES];
	jar j = { 0 };
	world w;

	open_sealed(&w, &j, kind);
	for (size_t i = 0; i < PARTS(words); i++)
		is_int((int64_t)world_finds(&w, words[i], strlen(words[i])), 0,
			"\"%s\" is nowhere in the store", words[i]);
	ok(token_decode(raw, jar_get(&j, NAME), TOKEN_CHARS), "the id");
	is_int((int64_t)world_finds(&w, raw, sizeof(raw)), 0, "is nowhere either");
	world_close(&w);
	world_open(&w, kind, NULL);
	(void)store_text(&w, &j, "k", SECRET);
	ok(!world_path(&w) || world_finds(&w, SECRET, strlen(SECRET)) > 0,
		"not sealed it would have been found");
	world_close(&w);
}

static void
seal_notices_changes(const char *kind)
{
	size_t unseen = 0, tries = 0, len;
	jar j = { 0 };
	sess_info info;
	visit v;
	world w;

	open_sealed(&w, &j, kind);
	(void)sess_about(visit_begin(&v, &w, &j), &info);
	len = info.bytes;
	(void)visit_end(&v);
	for (size_t at = 0; at < len; at++)
		for (unsigned bit = 1; bit < 256; bit <<= 1, tries++)
			unseen += look_tampered(&w, &j, DATA, at, (unsigned char)bit) !=
				SESS_DAMAGED;
	for (size_t at = 0; at < SESS_ID_BYTES; at++)
		unseen += look_tampered(&w, &j, SECRETS, at, 1) != SESS_DAMAGED;
	for (size_t at = 0; at < SESS_FAMILY_BYTES; at++)
		unseen += look_tampered(&w, &j, FAMILY, at, 128) != SESS_DAMAGED;
	for (size_t at = 0; at < len; at++)
		unseen += look_tampered(&w, &j, SHORTER, at, 0) != SESS_DAMAGED;
	is_int((int64_t)unseen, 0, "every change of a bit of %zu, and every cut, shows", tries);
	is_int(look_tampered(&w, &j, UNSEALED, 0, 0), SESS_DAMAGED, "so is a claim to be readable");
	is_int(look(&w, &j), SESS_LIVE, "untouched it opens");
	ok(world_logged(&w, "damaged") > 0, "damage is logged");
	world_close(&w);
}

static void
seal_ties_to_the_record(const char *kind)
{
	jar j = { 0 }, other = { 0 };
	visit v, v2;
	world w;

	open_sealed(&w, &j, kind);
	visit_begin(&v, &w, &other);
	(void)sess_set_str(v.s, "key-of-it", "mine");
	(void)visit_end(&v);
	visit_begin(&v, &w, &other);
	tamper.other = v.s->rec;
	is_int(look_tampered(&w, &j, DATA_OF, 0, 0), SESS_DAMAGED, "another record's data");
	is_int(look_tampered(&w, &j, SECRET_OF, 0, 0), SESS_DAMAGED, "another's secret");
	is_int(look_tampered(&w, &j, FAMILY_OF, 0, 0), SESS_DAMAGED, "another's family");
	(void)visit_end(&v);
	/* What a damaged record leaves to the program is a fresh session. */
	real = w.kit->store.provider;
	visit_begin(&v2, &w, &j);
	(void)sess_logout(v2.s);
	(void)sess_set_int(v2.s, "a", 1);
	is_int(visit_end(&v2), SESS_OK, "life goes on");
	world_close(&w);
}

static void
seal_is_all_or_nothing(const char *kind)
{
	sess_config open = SESS_CONFIG_INIT;
	jar j = { 0 }, k = { 0 };
	world w, other;

	open_sealed(&w, &j, kind);
	if (world_clone(&other, &w, &open) != SESS_OK)
		bail("%s", other.err.text);
	(void)store_text(&other, &k, "a", "b");
	is_int(look(&other, &j), SESS_DAMAGED, "seal = no opens no sealed record");
	is_int(look(&w, &k), SESS_DAMAGED, "seal = yes takes no readable one");
	is_int(look(&w, &j), SESS_LIVE, "each opens its own");
	is_int(look(&other, &k), SESS_LIVE, "either way");
	world_close(&other);
	world_close(&w);
}

static int
hashed_user(void *arg, const sess_info *info)
{
	size_t *bad = arg;

	*bad += !info->user || strlen(info->user) != TOKEN_CHARS || info->address || info->agent;
	return 0;
}

static void
seal_users(const char *kind)
{
	jar j = { 0 }, other = { 0 };
	size_t n = 0, bad = 0;
	world w;

	open_sealed(&w, &j, kind);
	(void)log_in(&w, &other, "bob");
	is_int(sess_count(w.kit, USER, 0, &n), SESS_OK, "count of a user");
	is_int((int64_t)n, 1, "finds her by name");
	is_int(sess_list(w.kit, NULL, hashed_user, &bad), SESS_OK, "a list");
	is_int((int64_t)bad, 0, "has hashes only");
	is_int(sess_end_user(w.kit, USER, NULL, &n), SESS_OK, "ending all of hers");
	is_int(look(&w, &j), SESS_REVOKED, "ends them");
	is_int(look(&w, &other), SESS_LIVE, "and not another's");
	world_close(&w);
}

int
main(void)
{
	static world_test *const tests[] = { seal_over_a_life, seal_between_ids, seal_hides,
		seal_notices_changes,
		seal_ties_to_the_record, seal_is_all_or_nothing, seal_users };

	return world_run(tests, PARTS(tests));
}
