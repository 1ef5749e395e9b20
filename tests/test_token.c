/* SPDX-License-Identifier: ISC */
/* test_token.c - ids are random, their text has one form only, and decoding one tells nothing by
 * the way it takes. */
#include "internal.h"
#include "measure.h"
#include "tap.h"

#include <sodium.h>
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#endif

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* -- the text form ----------------------------------------------------------------------------- */

static void
encode_as_sodium_does(void)
{
	unsigned char data[200], back[200];
	char text[272], theirs[272];
	bool same = true, decoded = true, in_place = true;
	uint64_t seed = 3;

	for (size_t len = 0; len <= sizeof(data); len++) {
		for (size_t i = 0; i < len; i++)
			data[i] = (unsigned char)dice(&seed);
		same = same && base64_encode(text, data, len) == strlen(text) &&
		       strcmp(text, sodium_bin2base64(theirs, sizeof(theirs), data, len,
					    sodium_base64_VARIANT_URLSAFE_NO_PADDING)) == 0;
		decoded = decoded && base64_decode(back, len, text, strlen(text)) == (ssize_t)len &&
			  memcmp(back, data, len) == 0;
		in_place = in_place &&
			   base64_decode(text, len, text, strlen(text)) == (ssize_t)len &&
			   memcmp(text, data, len) == 0;
	}
	ok(same, "0 to %zu bytes are written as libsodium writes them", sizeof(data));
	ok(decoded, "and read back into exactly their number of bytes");
	ok(in_place, "also into their own place");
}

static void
decode_refuses_one_byte_less(void)
{
	char text[] = "AAAAAAAAAAAAAAAAAAAA";
	unsigned char out[16];
	bool refused = true;

	for (size_t len = 2; len < sizeof(text); len++) {
		size_t bytes = len / 4 * 3 + (len % 4 > 0 ? len % 4 - 1 : 0);

		if (len % 4 == 1)
			continue;
		memset(out, 0x55, sizeof(out));
		refused = refused && base64_decode(out, bytes - 1, text, len) == -1 &&
			  out[bytes - 1] == 0x55;
	}
	ok(refused, "too small a place is refused, and not overrun");
	is_int(base64_decode(out, 0, "", 0), 0, "no text is no bytes");
	is_int(base64_decode(out, sizeof(out), "A", 1), -1, "a single digit is no byte");
	is_int(base64_decode(out, sizeof(out), "AAAAA", 5), -1, "nor is one more than four");
}

/* Every byte at every place, and of the last digit only those without bits behind the last byte. */
static void
decode_takes_one_form(void)
{
	unsigned char raw[TOKEN_BYTES], want[TOKEN_BYTES];
	char text[TOKEN_CHARS + 1], again[TOKEN_CHARS + 1];
	bool exact = true, canonical = true;

	memset(want, 0xA7, sizeof(want));
	for (size_t at = 0; at < TOKEN_CHARS; at++)
		for (int c = 0; c < 256; c++) {
			const char *digit = c != 0 ? strchr(digits, c) : NULL;
			bool good = digit != NULL;

			token_encode(text, want);
			text[at] = (char)c;
			if (good && at == TOKEN_CHARS - 1)
				good = (digit - digits) % 4 == 0;
			exact = exact && token_decode(raw, text, TOKEN_CHARS) == good;
			if (!good)
				continue;
			token_encode(again, raw);
			canonical = canonical && memcmp(again, text, TOKEN_CHARS) == 0;
		}
	ok(exact, "of 256 bytes in 43 places exactly base64url is taken");
	ok(canonical, "and no two texts mean the same id");
}

static void
decode_takes_one_length(void)
{
	char text[200];
	unsigned char raw[TOKEN_BYTES];
	bool exact = true;

	memset(text, 'A', sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len++)
		exact = exact && token_decode(raw, text, len) == (len == TOKEN_CHARS);
	ok(exact, "only 43 characters are a token");
	text[42] = '=';
	ok(!token_decode(raw, text, 43) && !token_decode(raw, text, 44), "padding is refused");
	memcpy(text, "+/", 2);
	text[42] = 'A';
	ok(!token_decode(raw, text, 43), "so is the other base64 alphabet");
}

/* -- no branch and no address depends on a secret ---------------------------------------------- */

#ifdef VALGRIND_MAKE_MEM_UNDEFINED
static void
secrets_stay_undefined(void)
{
	unsigned char raw[TOKEN_BYTES], marks[TOKEN_BYTES];
	char text[TOKEN_CHARS + 1], again[TOKEN_CHARS + 1];
	unsigned before = VALGRIND_COUNT_ERRORS;
	bool good, marked = true;

	random_bytes(raw, sizeof(raw));
	(void)VALGRIND_MAKE_MEM_UNDEFINED(raw, sizeof(raw));
	token_encode(text, raw);
	is_int(VALGRIND_COUNT_ERRORS - before, 0, "encoding has no branch or address of a secret");
	(void)VALGRIND_MAKE_MEM_UNDEFINED(text, TOKEN_CHARS);
	good = token_decode(raw, text, TOKEN_CHARS);
	is_int(VALGRIND_COUNT_ERRORS - before, 0, "nor has decoding");
	(void)VALGRIND_GET_VBITS(raw, marks, sizeof(raw));
	for (size_t i = 0; i < sizeof(marks); i++)
		marked = marked && marks[i] == 0xff;
	ok(marked, "and each bit that came out is still marked secret");
	/* Whether a token is well-formed is no secret: anybody can see it. */
	(void)VALGRIND_MAKE_MEM_DEFINED(&good, sizeof(good));
	(void)VALGRIND_MAKE_MEM_DEFINED(raw, sizeof(raw));
	(void)VALGRIND_MAKE_MEM_DEFINED(text, TOKEN_CHARS);
	token_encode(again, raw);
	ok(good && strcmp(again, text) == 0, "the token that came out is the one that went in");
}
#endif

/* -- hashes ------------------------------------------------------------------------------------ */

static void
hash_separates(void)
{
	unsigned char key[KEY_BYTES], other[KEY_BYTES], a[KEY_BYTES], b[KEY_BYTES];
	unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = "id";

	memset(key, 1, sizeof(key));
	memset(other, 2, sizeof(other));
	token_hash(a, key, "id", "data", 4);
	(void)crypto_generichash_blake2b_salt_personal(
		b, sizeof(b), (const unsigned char *)"data", 4, key, sizeof(key), NULL, personal);
	ok(memcmp(a, b, sizeof(a)) == 0, "a hash is BLAKE2b-256 with the purpose as its personal");
	token_hash(b, key, "id", "data", 4);
	ok(memcmp(a, b, sizeof(a)) == 0, "the same for the same");
	token_hash(b, key, "ie", "data", 4);
	ok(memcmp(a, b, sizeof(a)) != 0, "another for another purpose");
	token_hash(b, other, "id", "data", 4);
	ok(memcmp(a, b, sizeof(a)) != 0, "for another key");
	token_hash(b, key, "id", "data", 3);
	ok(memcmp(a, b, sizeof(a)) != 0, "for less data");
	token_hash(a, key, "exactly 16 bytes", "", 0);
	token_hash(b, key, "exactly 16 byteT", "", 0);
	ok(memcmp(a, b, sizeof(a)) != 0, "all 16 bytes of a purpose count");
	token_hash(b, key, "exactly 16 bytes and more", NULL, 0);
	ok(memcmp(a, b, sizeof(a)) == 0, "and no more are read");
}

/* -- ids --------------------------------------------------------------------------------------- */

static int
prefix_at(const unsigned char key[KEY_BYTES], int64_t now, unsigned char id[SESS_ID_BYTES])
{
	unsigned char raw[TOKEN_BYTES];

	token_mint(raw, key, now);
	token_id(id, key, raw);
	return id[0] << 8 | id[1];
}

static void
ids_begin_with_the_time(void)
{
	unsigned char key[KEY_BYTES] = { 1 }, other[KEY_BYTES] = { 2 };
	unsigned char raw[TOKEN_BYTES], a[SESS_ID_BYTES], b[SESS_ID_BYTES];
	int64_t now = INT64_C(1700000000);
	int first = prefix_at(key, now, a);

	is_int(prefix_at(key, now, b), first, "ids of the same time begin alike");
	ok(memcmp(a + 2, b + 2, sizeof(a) - 2) != 0, "and differ in the rest");
	is_int(prefix_at(key, now + 16, b), (first + 1) & 0xffff, "a later one is next to them");
	is_int(prefix_at(key, now + 16 * 65536, b), first, "after twelve days it is the same again");
	is_int(prefix_at(key, -1, b), 0xffff, "before 1970 comes before 1970");
	token_mint(raw, key, now);
	token_id(a, key, raw);
	token_id(b, other, raw);
	ok(memcmp(a, b, sizeof(a)) != 0, "another key makes another id");
	raw[0] ^= 1;
	token_id(b, key, raw);
	ok(memcmp(a, b, sizeof(a)) != 0, "so does another time");
	raw[0] ^= 1;
	raw[TOKEN_BYTES - 1] ^= 1;
	token_id(b, key, raw);
	ok(memcmp(a, b, 2) != 0 || memcmp(a + 2, b + 2, sizeof(a) - 2) != 0, "so does another token");
}

/* -- randomness -------------------------------------------------------------------------------- */

#define IDS 1000000
#define SLOTS (1 << 21)

static uint64_t slots[SLOTS];
static uint32_t seen[TOKEN_CHARS][256];

/* False when the first 64 bits were there before: by chance once in 30 million runs. */
static bool
remember(const unsigned char raw[TOKEN_BYTES])
{
	uint64_t word;
	size_t at;

	memcpy(&word, raw, sizeof(word));
	for (at = (size_t)(word % SLOTS); slots[at] != 0; at = (at + 1) % SLOTS)
		if (slots[at] == word)
			return false;
	slots[at] = word;
	return true;
}

static double
chi_square(size_t position, size_t kinds)
{
	double expected = (double)IDS / (double)kinds, sum = 0;

	for (size_t k = 0; k < kinds; k++) {
		double off = seen[position][(unsigned char)digits[k * 64 / kinds]] - expected;

		sum += off * off / expected;
	}
	return sum;
}

static void
ids_are_random(void)
{
	static const unsigned char key[KEY_BYTES] = { 1 };
	unsigned char raw[TOKEN_BYTES];
	char text[TOKEN_CHARS + 1];
	bool fresh = true;
	double most = 0, last;

	for (size_t i = 0; i < IDS; i++) {
		token_mint(raw, key, INT64_C(1700000000));
		fresh = fresh && remember(raw);
		token_encode(text, raw);
		for (size_t at = 0; at < TOKEN_CHARS; at++)
			seen[at][(unsigned char)text[at]]++;
	}
	ok(fresh, "no two of %d ids are equal", IDS);
	for (size_t at = 0; at + 1 < TOKEN_CHARS; at++)
		most = chi_square(at, 64) > most ? chi_square(at, 64) : most;
	last = chi_square(TOKEN_CHARS - 1, 16);
	/* 63 and 15 degrees of freedom; exceeded by chance once in some 10^8 runs. */
	if (!ok(most < 170 && last < 85, "every position is evenly spread"))
		diag("chi-square is %.1f at most, %.1f at the last position", most, last);
	ok(!remember(raw), "and a repeated id would be noticed");
}

int
main(void)
{
	if (sodium_init() < 0)
		bail("libsodium cannot start");
	encode_as_sodium_does();
	decode_refuses_one_byte_less();
	decode_takes_one_form();
	decode_takes_one_length();
	hash_separates();
	ids_begin_with_the_time();
#ifdef VALGRIND_MAKE_MEM_UNDEFINED
	/* Only there do the marks mean anything. */
	if (RUNNING_ON_VALGRIND)
		secrets_stay_undefined();
#endif
	ids_are_random();
	return done();
}
