/* SPDX-License-Identifier: ISC */
/* test_values_size.c - a session at its limit and one byte past it, with thousands of keys, and
 * what becomes of a record that somebody else wrote. */
#include "internal.h"
#include "measure.h"
#include "support.h"
#include "tap.h"

static int64_t now = 1800000000;
static sess_kit *kit;
static char cookie[128]; /* "HTTP_COOKIE=sid=..." of the session stored last */

static void
open_kit(size_t max_bytes, sess_switch seal)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_error err;

	snprintf(config.store, sizeof(config.store), "memory:");
	config.max_bytes = max_bytes;
	config.seal = seal;
	config.now = fake_now;
	config.arg = &now;
	sess_kit_close(kit);
	if (sess_kit_open(&kit, &config, &err) != SESS_OK)
		bail("%s", err.text);
}

static sess *
begin(bool resume)
{
	char *env[] = { resume ? cookie : NULL, NULL };
	sess *s;

	if (sess_begin(kit, env, &s) != SESS_OK)
		bail("%s", sess_kit_error(kit));
	return s;
}

static int
commit_and_end(sess *s)
{
	int rc = sess_commit(s);
	const char *sent = sess_cookie(s);

	if (sent != NULL)
		snprintf(cookie, sizeof(cookie), "HTTP_COOKIE=%.*s", (int)strcspn(sent, ";"), sent);
	sess_end(s);
	return rc;
}

/* {"t":"xx"} and so on: 8 bytes beside the text. */
static int
store_text(size_t encoded)
{
	static char text[70000];
	sess *s = begin(false);

	memset(text, 'x', sizeof(text));
	text[encoded - 8] = '\0';
	(void)sess_set_str(s, "t", text);
	return commit_and_end(s);
}

/* As many whole numbers as there may be, each of 9 bytes with its comma: {"a000":0,"a001":0}. */
static int
store_numbers(size_t count, int *early)
{
	sess *s = begin(false);
	char key[32];

	*early = SESS_OK;
	for (size_t i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "a%03zu", i);
		*early |= sess_set_int(s, key, 0);
	}
	return commit_and_end(s);
}

static void
sizes_at_limit(sess_switch seal)
{
	int early;

	open_kit(1024, seal);
	is_int(store_text(1024), SESS_OK, "text up to the limit is stored");
	is_int(store_text(1025), SESS_TOOBIG, "one byte more is not");
	/* 9 * 113 + 1 = 1018 */
	is_int(store_numbers(113, &early), SESS_OK, "so are numbers");
	is_int(early, SESS_OK, "and no setter refused what fits");
	is_int(store_numbers(114, &early), SESS_TOOBIG, "one more is too many");
	open_kit(65536, seal);
	is_int(store_text(65536), SESS_OK, "the usual limit is 64 KiB");
	is_int(store_text(65537), SESS_TOOBIG, "to the byte");
}

#define KEYS 10000

static void
key_name(char key[16], size_t i)
{
	/* Neither rising nor falling: 7919 has no factor of KEYS. */
	snprintf(key, 16, "key%05zu", i * 7919 % KEYS);
}

static void
thousands_of_keys(sess_switch seal)
{
	const char *after = NULL;
	char key[16], want[16];
	bool same = true, order = true;
	sess *s;
	size_t n = 0;

	open_kit(1 << 20, seal);
	s = begin(false);
	for (size_t i = 0; i < KEYS; i++) {
		key_name(key, i);
		same = same && (i % 2 ? sess_set_str(s, key, key)
				      : sess_set_int(s, key, (int64_t)i)) == SESS_OK;
	}
	ok(same, "%d keys are set", KEYS);
	is_int(commit_and_end(s), SESS_OK, "and stored");
	s = begin(true);
	for (size_t i = 0; i < KEYS; i++) {
		key_name(key, i);
		same = same && (i % 2 ? strcmp(sess_get_str(s, key, ""), key) == 0
				      : sess_get_int(s, key, -1) == (int64_t)i);
	}
	ok(same, "all are there again");
	for (; (after = sess_next(s, after)) != NULL; n++) {
		snprintf(want, sizeof(want), "key%05zu", n);
		order = order && strcmp(after, want) == 0;
	}
	ok(order && n == KEYS, "each comes once, in order");
	for (size_t i = 0; i < KEYS; i += 2) {
		key_name(key, i);
		(void)sess_unset(s, key);
	}
	is_int(commit_and_end(s), SESS_OK, "half of them are unset");
	s = begin(true);
	for (n = 0; (after = sess_next(s, after)) != NULL; n++)
		order = order && sess_type_of(s, after) == SESS_STR;
	ok(order && n == KEYS / 2, "and the others stay");
	sess_end(s);
}

/* Random values under random keys, through the store and back. */
static void
random_values_survive(sess_switch seal)
{
	unsigned char data[80][60];
	size_t len[80];
	uint64_t seed = 8;
	bool same = true;
	char key[8];
	sess *s;

	open_kit(65536, seal);
	for (int round = 0; round < 100; round++) {
		s = begin(round % 10 != 0);
		for (size_t i = 0; i < 80; i++) {
			len[i] = dice_below(&seed, sizeof(data[i]));
			for (size_t j = 0; j < len[i]; j++)
				data[i][j] = (unsigned char)dice(&seed);
			snprintf(key, sizeof(key), "%c%zu", '!' + (char)(i % 31), i);
			(void)sess_set_bytes(s, key, data[i], len[i]);
		}
		same = same && commit_and_end(s) == SESS_OK;
		s = begin(true);
		for (size_t i = 0; i < 80; i++) {
			size_t got;
			const void *bytes;

			snprintf(key, sizeof(key), "%c%zu", '!' + (char)(i % 31), i);
			bytes = sess_get_bytes(s, key, &got);
			same = same && bytes != NULL && got == len[i] &&
			       memcmp(bytes, data[i], got) == 0;
		}
		sess_end(s);
	}
	ok(same, "random bytes come back exactly%s", seal == SESS_YES ? ", sealed" : "");
}

/* What a request sees when the stored data is this. */
static sess_status
state_with(const char *data, size_t len)
{
	sess *s = begin(false);
	sess_status state;
	sess_error err;
	int rc;

	(void)sess_set_int(s, "k", 1);
	rc = sess_commit(s);
	s->rec.data = data;
	s->rec.len = len;
	if (rc == SESS_OK)
		rc = kit->store.provider->update(
			kit->store.self, &s->rec, now, SESS_PART_DATA, &err);
	if (rc != SESS_OK || commit_and_end(s) != SESS_OK)
		bail("cannot store hostile data");
	s = begin(true);
	state = sess_state(s);
	if (state != SESS_LIVE && (sess_next(s, NULL) != NULL || s->vals.count != 0))
		bail("a part of what is damaged was kept");
	sess_end(s);
	return state;
}

static void
hostile_records(void)
{
	static const char *const damaged[] = { "", "{", "[]", "{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}", "{\"a b\":1}", "{\"a\\u007f\":1}", "{\"\xc3\xa4\":1}",
		"{\"a\":1}{", "{\"a\":1} \x01", "{\"a\":{\"b\":{}}}", "{\"a\":[]}", "{\"a\":1e999}",
		"{\"\\u0020\":1}",
		"{\"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\":1}" };

	open_kit(65536, SESS_NO);
	is_int(state_with("{\"z\":1,\"a\":2}", 13), SESS_LIVE, "values in any order are read");
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++)
		is_int(state_with(damaged[i], strlen(damaged[i])), SESS_DAMAGED,
			"damaged: case %zu", i);
	is_int(state_with("{\"a\":1}\0", 8), SESS_DAMAGED, "a NUL behind the values is damage");
	is_int(state_with("{\"a\":\"x\0y\"}", 11), SESS_DAMAGED, "and one in them");
}

int
main(void)
{
	sizes_at_limit(SESS_NO);
	sizes_at_limit(SESS_YES);
	thousands_of_keys(SESS_NO);
	thousands_of_keys(SESS_YES);
	random_values_survive(SESS_NO);
	random_values_survive(SESS_YES);
	hostile_records();
	sess_kit_close(kit);
	return done();
}
