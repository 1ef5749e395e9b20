/* SPDX-License-Identifier: ISC */
/* token.c - mint, decode and hash ids; the only caller of the random generator. */
#include "internal.h"

#include <sodium.h>
#include <string.h>

/*
 * The text is base64url (RFC 4648 section 5): fit for a cookie, a file name and a URL without
 * escapes. What is encoded or decoded may be a secret, so there is no branch on it and no table.
 */

void
random_bytes(void *out, size_t len)
{
	randombytes_buf(out, len);
}

/* 1 when n is above limit, else 0: the sign of what is left. */
static uint32_t
above(uint32_t limit, uint32_t n)
{
	return (limit - n) >> 31;
}

static char
base64_char(uint32_t bits)
{
	uint32_t digit = bits & 63;

	/* A-Z, from 26 a-z, from 52 0-9, then - and _: how far each is from the one before. */
	return (char)('A' + digit + above(25, digit) * 6 - above(51, digit) * 75 -
		above(61, digit) * 13 + above(62, digit) * 49);
}

size_t
base64_encode(char *text, const void *data, size_t len)
{
	const unsigned char *in = data;
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | in[i];
		for (have += 8; have >= 6; have -= 6)
			text[n++] = base64_char(bits >> (have - 6));
	}
	if (have > 0)
		text[n++] = base64_char(bits << (6 - have));
	text[n] = '\0';
	return n;
}

/* Bytes decoded side by side. */
#define LANES ((size_t)16)
typedef unsigned char lanes __attribute__((vector_size(16)));

/* first + 1 onwards where c is one of the count bytes from low on, else 0. */
static lanes
base64_within(lanes c, unsigned char low, unsigned char count, unsigned char first)
{
	lanes place = c - low;

	return (lanes)(place < count) & (place + first + 1);
}

/* 1..64, or 0 for what is no digit. */
static lanes
base64_digits(lanes c)
{
	return base64_within(c, 'A', 26, 0) | base64_within(c, 'a', 26, 26) |
		base64_within(c, '0', 10, 52) | base64_within(c, '-', 1, 62) |
		base64_within(c, '_', 1, 63);
}

ssize_t
base64_decode(void *data, size_t max, const char *text, size_t len)
{
	unsigned char *out = data;
	size_t n = 0, need = len / 4 * 3 + (len % 4 == 0 ? 0 : len % 4 - 1);
	uint32_t bits = 0;
	unsigned have = 0;
	int bad = 0;

	if (len % 4 == 1 || need > max)
		return -1;
	for (size_t at = 0; at < len; at += LANES) {
		size_t here = len - at < LANES ? len - at : LANES;
		lanes c = { 0 };

		memcpy(&c, text + at, here);
		c = base64_digits(c);
		for (size_t i = 0; i < here; i++) {
			int digit = c[i] - 1;

			bad |= digit;
			bits = bits << 6 | ((uint32_t)digit & 63);
			if ((have += 6) >= 8) {
				have -= 8;
				out[n++] = (unsigned char)(bits >> have);
			}
		}
	}
	/* Bits behind the last byte must be zero, or two texts would stand for the same bytes. */
	bad |= -(int)(bits & ((1U << have) - 1));
	return (ssize_t)n | -(ssize_t)((uint32_t)bad >> 31);
}

void
token_encode(char text[TOKEN_CHARS + 1], const unsigned char raw[TOKEN_BYTES])
{
	(void)base64_encode(text, raw, TOKEN_BYTES);
}

bool
token_decode(unsigned char raw[TOKEN_BYTES], const char *text, size_t len)
{
	return len == TOKEN_CHARS && base64_decode(raw, TOKEN_BYTES, text, len) == TOKEN_BYTES;
}

void
token_hash(unsigned char out[KEY_BYTES], const unsigned char key[KEY_BYTES], const char *purpose,
	const void *data, size_t len)
{
	crypto_generichash_blake2b_state state;
	/* The salt and personal parameters cost nothing: they only change the starting state. */
	unsigned char personal[crypto_generichash_blake2b_PERSONALBYTES] = { 0 };

	memcpy(personal, purpose, strnlen(purpose, sizeof(personal)));
	/* Fails only for wrong sizes, and these are constant. */
	(void)crypto_generichash_blake2b_init_salt_personal(&state, key, KEY_BYTES, KEY_BYTES, NULL,
		personal);
	(void)crypto_generichash_blake2b_update(&state, data, len);
	(void)crypto_generichash_blake2b_final(&state, out, KEY_BYTES);
}

/* -- ids that begin with a time ---------------------------------------------------------------- */

/*
 * A record under a random id lies on a page of its own, which is read and written for it alone, and
 * again when it goes. So an id begins with two bytes of time, in steps of 16 seconds, over again
 * each 12 days; hashed and kept is what follows. In the token the same two bytes are masked with
 * the end of the hash: whoever has no key sees nothing but random bytes, of which 240 bits are.
 */
#define WHEN_BYTES 2
#define WHEN_STEP 16

/* The id but for its time, and what masks that. */
static void
hash_tail(unsigned char id[SESS_ID_BYTES], unsigned char mask[WHEN_BYTES],
	const unsigned char key[KEY_BYTES], const unsigned char raw[TOKEN_BYTES])
{
	unsigned char hash[KEY_BYTES];

	token_hash(hash, key, "id", raw + WHEN_BYTES, TOKEN_BYTES - WHEN_BYTES);
	memcpy(id + WHEN_BYTES, hash, SESS_ID_BYTES - WHEN_BYTES);
	memcpy(mask, hash + SESS_ID_BYTES - WHEN_BYTES, WHEN_BYTES);
}

void
token_id(unsigned char id[SESS_ID_BYTES], const unsigned char key[KEY_BYTES],
	const unsigned char raw[TOKEN_BYTES])
{
	unsigned char mask[WHEN_BYTES];

	hash_tail(id, mask, key, raw);
	for (int i = 0; i < WHEN_BYTES; i++)
		id[i] = raw[i] ^ mask[i];
}

void
token_mint(unsigned char raw[TOKEN_BYTES], const unsigned char key[KEY_BYTES], int64_t now)
{
	unsigned char id[SESS_ID_BYTES], mask[WHEN_BYTES];
	uint64_t when = (uint64_t)now / WHEN_STEP;

	random_bytes(raw, TOKEN_BYTES);
	hash_tail(id, mask, key, raw);
	raw[0] = (unsigned char)(when >> 8) ^ mask[0];
	raw[1] = (unsigned char)when ^ mask[1];
}
