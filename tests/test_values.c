/* SPDX-License-Identifier: ISC */
/* test_values.c - what a program reads and writes through the public calls, kept in memory. */
#include "alloc.h"
#include "internal.h"
#include "measure.h"
#include "support.h"
#include "tap.h"

#include <math.h>

static int64_t now = 1800000000;
static sess_kit *kit;
static char cookie[128]; /* "HTTP_COOKIE=sid=...", "" before the first commit */

static void
open_kit(size_t max_bytes)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_error err;

	snprintf(config.store, sizeof(config.store), "memory:");
	config.max_bytes = max_bytes;
	config.now = fake_now;
	config.arg = &now;
	sess_kit_close(kit);
	cookie[0] = '\0';
	if (sess_kit_open(&kit, &config, &err) != SESS_OK)
		bail("%s", err.text);
}

static sess *
begin(unsigned flags)
{
	char *env[] = { cookie[0] != '\0' ? cookie : NULL, NULL };
	sess *s;

	if (sess_begin_with(kit, env, &(sess_options){ .flags = flags }, &s) != SESS_OK)
		bail("%s", sess_kit_error(kit));
	return s;
}

/* A session that is not stored yet. */
static sess *
fresh(void)
{
	cookie[0] = '\0';
	return begin(0);
}

static int
commit(sess *s)
{
	int rc = sess_commit(s);
	const char *sent = sess_cookie(s);

	if (sent != NULL)
		snprintf(cookie, sizeof(cookie), "HTTP_COOKIE=%.*s", (int)strcspn(sent, ";"), sent);
	return rc;
}

static void
commit_and_end(sess *s)
{
	is_int(commit(s), SESS_OK, "and is stored");
	sess_end(s);
}

static void
null_session(void)
{
	size_t len = 7;

	is_str(sess_get_str(NULL, "k", "other"), "other", "no session has no text");
	is_int(sess_get_int(NULL, "k", -3), -3, "no number");
	ok(sess_get_real(NULL, "k", 2.5) == 2.5 && sess_get_bool(NULL, "k", true),
		"nor the others");
	ok(sess_get_bytes(NULL, "k", &len) == NULL && len == 0, "no bytes");
	ok(sess_get_bytes(NULL, "k", NULL) == NULL, "wherever their number goes");
	ok(sess_type_of(NULL, "k") == SESS_NOTHING && sess_next(NULL, NULL) == NULL, "and no keys");
	is_int(sess_set_str(NULL, "k", "v"), SESS_INVALID, "it takes no text");
	is_int(sess_set_str(NULL, "k", NULL), SESS_INVALID, "not even none");
	is_int(sess_set_int(NULL, "k", 1), SESS_INVALID, "no number");
	is_int(sess_set_real(NULL, "k", NAN), SESS_INVALID, "no real");
	is_int(sess_set_bool(NULL, "k", true), SESS_INVALID, "no bool");
	is_int(sess_set_bytes(NULL, "k", NULL, 5), SESS_INVALID, "no bytes");
	is_int(sess_add_int(NULL, "k", 1), SESS_INVALID, "no sum");
	is_int(sess_unset(NULL, "k"), SESS_INVALID, "nothing to unset");
	is_int(sess_clear(NULL), SESS_INVALID, "nothing to clear");
}

static bool
takes_key(const char *key)
{
	sess *s = fresh();
	bool good = sess_set_int(s, key, 1) == SESS_OK;

	if (good != (sess_add_int(s, key, 1) == SESS_OK) ||
		good != (sess_unset(s, key) == SESS_OK) ||
		(!good && (sess_commit(s) != SESS_INVALID || sess_get_int(s, key, 9) != 9 ||
				  sess_next(s, NULL) != NULL)))
		bail("setters do not agree on the key '%s'", key != NULL ? key : "(null)");
	sess_end(s);
	return good;
}

static void
keys_at_limits(void)
{
	bool first = true, later = true;
	char key[70];

	for (int c = 1; c < 256; c++) {
		snprintf(key, sizeof(key), "%cx", c);
		first = first && takes_key(key) == (c > ' ' && c <= '~' && c != '@');
		snprintf(key, sizeof(key), "x%c", c);
		later = later && takes_key(key) == (c > ' ' && c <= '~');
	}
	ok(first, "of 255 bytes a key may begin with printable ones but @");
	ok(later, "and go on with @ as well");
	ok(!takes_key(NULL) && !takes_key(""), "there is no key without a byte");
	memset(key, 'k', sizeof(key));
	key[65] = '\0';
	ok(!takes_key(key), "nor one of 65");
	key[64] = '\0';
	ok(takes_key(key), "64 are fine");
}

/* One value of each type under "s", "i", "r", "b" and "y". */
static void
set_each(sess *s)
{
	is_int(sess_set_str(s, "s", "text"), SESS_OK, "text");
	is_int(sess_set_int(s, "i", INT64_MIN), SESS_OK, "a number");
	is_int(sess_set_real(s, "r", -0.25), SESS_OK, "a real");
	is_int(sess_set_bool(s, "b", true), SESS_OK, "a bool");
	is_int(sess_set_bytes(s, "y", "a\0b", 3), SESS_OK, "and bytes are taken");
}

static void
get_each(const sess *s, const char *when)
{
	static const struct {
		const char *key;
		sess_type type;
	} cases[] = { { "b", SESS_BOOL }, { "i", SESS_INT }, { "r", SESS_REAL }, { "s", SESS_STR },
		{ "y", SESS_BYTES }, { "none", SESS_NOTHING }, { "@", SESS_NOTHING } };
	const char *key = NULL;
	bool good = true;
	size_t len = 9;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		sess_type t = cases[i].type;
		const char *k = cases[i].key;

		if (t != SESS_NOTHING)
			good = good && (key = sess_next(s, key)) != NULL && strcmp(key, k) == 0;
		good = good && sess_type_of(s, k) == t;
		good = good && (sess_get_str(s, k, NULL) != NULL) == (t == SESS_STR);
		good = good && (sess_get_int(s, k, 5) == INT64_MIN) == (t == SESS_INT);
		good = good && (sess_get_real(s, k, 7) < 0) == (t == SESS_REAL || t == SESS_INT);
		good = good && sess_get_bool(s, k, false) == (t == SESS_BOOL);
		good = good &&
		       (sess_get_bytes(s, k, &len) != NULL) == (t == SESS_BYTES || t == SESS_STR);
		good = good && len == (t == SESS_BYTES ? 3 : t == SESS_STR ? 4 : 0);
	}
	ok(good && sess_next(s, key) == NULL, "each type answers to its own getters, %s", when);
	is_str(sess_get_str(s, "s", NULL), "text", "text is the same");
	ok(sess_get_real(s, "r", 0) == -0.25, "so is a real");
	ok(memcmp(sess_get_bytes(s, "y", NULL), "a\0b", 4) == 0, "and bytes, with a NUL behind");
}

static void
types_survive(void)
{
	sess *s = fresh();

	set_each(s);
	get_each(s, "before commit");
	commit_and_end(s);
	s = begin(0);
	get_each(s, "in the next request");
	is_int(sess_set_str(s, "s", NULL), SESS_OK, "no text is unset");
	is_int(sess_unset(s, "none") | sess_unset(s, "i"), SESS_OK,
		"what is not there can be unset");
	ok(sess_type_of(s, "s") == SESS_NOTHING && sess_type_of(s, "i") == SESS_NOTHING,
		"both are gone");
	is_int(sess_set_bytes(s, "y", NULL, 0), SESS_OK, "no bytes are bytes");
	is_int(sess_set_str(s, "b", ""), SESS_OK, "no letters are text");
	commit_and_end(s);
	s = begin(0);
	ok(sess_get_bytes(s, "y", NULL) != NULL && sess_type_of(s, "y") == SESS_BYTES,
		"still there");
	is_str(sess_get_str(s, "b", NULL), "", "both");
	is_int(sess_clear(s), SESS_OK, "all can be cleared");
	ok(sess_next(s, NULL) == NULL, "nothing is left");
	commit_and_end(s);
	s = begin(0);
	ok(sess_next(s, NULL) == NULL && sess_state(s) == SESS_LIVE, "but the session is");
	sess_end(s);
}

/* A value may be stored under its own or another key, and a key be unset by its own name. */
static void
lent_values_are_taken(void)
{
	sess *s = fresh();

	(void)sess_set_str(s, "a", "value");
	is_int(sess_set_str(s, "a", sess_get_str(s, "a", "")), SESS_OK, "a value onto itself");
	is_int(sess_set_str(s, "b", sess_get_str(s, "a", "") + 2), SESS_OK, "a part elsewhere");
	ok(strcmp(sess_get_str(s, "a", ""), "value") == 0 &&
			strcmp(sess_get_str(s, "b", ""), "lue") == 0,
		"are what they should be");
	is_int(sess_unset(s, sess_next(s, NULL)), SESS_OK, "a key by its own name");
	is_str(sess_next(s, NULL), "b", "is gone");
	sess_end(s);
}

static void
first_failure_sticks(void)
{
	sess *s = fresh();

	(void)sess_set_int(s, "kept", 1);
	is_int(sess_set_real(s, "what", INFINITY), SESS_INVALID, "infinity is no value");
	is_int(sess_set_bytes(s, "huge", "", SIZE_MAX), SESS_TOOBIG, "nor is everything");
	is_int(sess_set_bytes(s, "none", NULL, 3), SESS_INVALID, "nor bytes from nowhere");
	is_int(sess_set_int(s, "later", 2), SESS_OK, "what is right is still taken");
	is_int(commit(s), SESS_INVALID, "commit tells the first");
	ok(strstr(sess_kit_error(kit), "\"what\"") != NULL, "and where it was: %s",
		sess_kit_error(kit));
	is_int(commit(s), SESS_INVALID, "again and again");
	is_str(sess_cookie(s), NULL, "nothing was stored");
	sess_end(s);
	s = fresh();
	(void)sess_set_int(s, "kept", 1);
	commit_and_end(s);
	s = begin(SESS_READ_ONLY);
	is_int(sess_set_int(s, "kept", 2), SESS_DENIED, "a reader sets nothing");
	is_int(sess_add_int(s, "kept", 2) & sess_unset(s, "kept") & sess_clear(s), SESS_DENIED,
		"by no setter");
	is_int(sess_get_int(s, "kept", 0), 1, "it reads");
	is_int(commit(s), SESS_DENIED, "and commit says so");
	sess_end(s);
	s = begin(0);
	(void)sess_headers(s);
	is_int(sess_set_int(s, "kept", 3), SESS_LATE, "after the header lines it is late");
	is_int(sess_add_int(s, "kept", 2) & sess_unset(s, "kept") & sess_clear(s), SESS_LATE,
		"for every setter");
	is_int(sess_get_int(s, "kept", 0), 1, "and nothing changed");
	sess_end(s);
}

static void
adds_all_count(void)
{
	sess *s = fresh(), *t;

	is_int(sess_add_int(s, "n", 5), SESS_OK, "what is not there counts as 0");
	(void)sess_set_str(s, "t", "text");
	(void)sess_add_int(s, "t", 3);
	is_int(sess_get_int(s, "t", 0), 3, "so does what is no number");
	(void)sess_set_int(s, "top", INT64_MAX - 1);
	commit_and_end(s);
	s = begin(0);
	t = begin(0);
	(void)sess_add_int(s, "n", 10);
	(void)sess_add_int(s, "top", 1);
	(void)sess_set_str(s, "mine", "s");
	(void)sess_add_int(t, "n", 100);
	(void)sess_add_int(t, "n", -1);
	(void)sess_add_int(t, "top", 1);
	(void)sess_set_str(t, "other", "t");
	is_int(commit(t), SESS_OK, "one of two at once is stored");
	is_int(commit(s), SESS_OK, "so is the other");
	is_int(sess_get_int(s, "n", 0), 114, "who came second sees both sums");
	sess_end(t);
	sess_end(s);
	s = begin(0);
	is_int(sess_get_int(s, "n", 0), 114, "both sums are stored");
	is_int(sess_get_int(s, "top", 0), INT64_MAX, "up to the largest number");
	is_str(sess_get_str(s, "mine", NULL), "s", "with what one");
	is_str(sess_get_str(s, "other", NULL), "t", "and the other set");
	sess_end(s);
}

static void
setters_without_memory(void)
{
	static char filler[5000];
	int refused = 0, taken = 0;
	bool good = true;

	/* Whatever is left of an arena's chunk, either of the two copies may be what fails. */
	for (size_t pad = 3800; pad < 4200; pad += 8) {
		sess *s = fresh();
		int rc;

		(void)sess_set_bytes(s, "pad", filler, pad);
		alloc_fail(1, true);
		rc = sess_set_str(s, "k", "");
		alloc_fail(0, false);
		refused += rc == SESS_NOMEM;
		taken += rc == SESS_OK;
		good = good && (rc == SESS_OK ? strcmp(sess_get_str(s, "k", "?"), "") == 0
					      : sess_type_of(s, "k") == SESS_NOTHING &&
							sess_commit(s) == SESS_NOMEM);
		sess_end(s);
		session_free(kit->spare);
		kit->spare = NULL;
	}
	ok(good && refused > 0 && taken > 0,
		"without memory a setter says so, and keeps nothing "
		"(%d times of %d)",
		refused, refused + taken);
}

int
main(void)
{
	open_kit(65536);
	null_session();
	keys_at_limits();
	types_survive();
	lent_values_are_taken();
	first_failure_sticks();
	adds_all_count();
	setters_without_memory();
	sess_kit_close(kit);
	return done();
}
