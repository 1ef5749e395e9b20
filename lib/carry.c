/* SPDX-License-Identifier: ISC */
/*
 * carry.c - a session that the browser keeps: out of the cookie and into it. The cookie's value is
 * token.sealed; sealed is version | nonce | XChaCha20-Poly1305 under a key of the ring, bound to the
 * id of the token, all in base64url.
 */
#include "internal.h"

#include <sodium.h>
#include <string.h>

#define CARRY_VERSION 1
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define HEAD (1 + NONCE)
#define AROUND (HEAD + TAG)

_Static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == KEY_BYTES, "a hash is a key");

bool
carry_is_on(const sess_kit *kit)
{
	return kit->store.provider != NULL && kit->store.provider->bring != NULL;
}

size_t
carry_room(const sess_kit *kit)
{
	/* The oldest rule of what browsers keep counts the attributes as well; here as they are set for
	 * all pages. */
	size_t taken = strlen("__Secure-") + strlen(kit->config.cookie_name) + TOKEN_CHARS +
		strlen("=.") + strlen(kit->config.cookie_path) + strlen(kit->config.cookie_domain) +
		COOKIE_FIXED_MAX;

	return (COOKIE_PAIR_MAX - taken) / 4 * 3 - AROUND;
}

static void
carry_key(const sess *s, unsigned char key[KEY_BYTES])
{
	token_hash(key, s->kit->keys.key[s->current.ring], "carry", "", 0);
}

/* -- out of the cookie ------------------------------------------------------------------------- */

void
carry_cut(sess *s, const char *text, size_t *len)
{
	if (!carry_is_on(s->kit) || *len <= TOKEN_CHARS || text[TOKEN_CHARS] != '.')
		return;
	s->sealed = text + TOKEN_CHARS + 1;
	s->sealed_len = *len - TOKEN_CHARS - 1;
	*len = TOKEN_CHARS;
}

static bool
open_sealed(sess *s)
{
	unsigned char *at = (unsigned char *)s->carried.at, key[KEY_BYTES];
	ssize_t len = base64_decode(at, s->carried.cap, s->sealed, s->sealed_len);
	bool opens;

	if (len < (ssize_t)AROUND || at[0] != CARRY_VERSION)
		return false;
	carry_key(s, key);
	opens = crypto_aead_xchacha20poly1305_ietf_decrypt(at + HEAD, NULL, NULL, at + HEAD,
		(size_t)len - HEAD, s->current.id, sizeof(s->current.id), at + 1, key) == 0;
	sodium_memzero(key, sizeof(key));
	s->carried.len = opens ? (size_t)len - TAG : 0;
	return opens;
}

int
carry_open(sess *s)
{
	if (!carry_is_on(s->kit))
		return SESS_OK;
	carry_forget(s);
	if (s->sealed == NULL || s->sealed_len > COOKIE_PAIR_MAX)
		return SESS_OK;
	if (buffer_room(&s->carried, s->sealed_len) != SESS_OK)
		return sess_fail(&s->kit->error, SESS_NOMEM, "out of memory");
	if (!open_sealed(s))
		buffer_wipe(&s->carried);
	return SESS_OK;
}

int
session_bring(sess *s)
{
	store *st = &s->kit->store;
	int rc;

	if (!carry_is_on(s->kit) || s->kit->carrier == s)
		return SESS_OK;
	/* Whatever becomes of this, what was in hand is not. */
	s->kit->carrier = NULL;
	rc = st->provider->bring(st->self, s->current.id,
		s->carried.len > HEAD ? s->carried.at + HEAD : NULL,
		s->carried.len > HEAD ? s->carried.len - HEAD : 0, &s->kit->error);
	if (rc != SESS_OK)
		return kit_fail(s->kit, rc);
	s->kit->carrier = s;
	return SESS_OK;
}

void
carry_forget(sess *s)
{
	if (s->kit->carrier == s)
		s->kit->carrier = NULL;
	buffer_wipe(&s->carried);
}

/* -- into the cookie --------------------------------------------------------------------------- */

/* What s->carried has behind its head, into the next value of the cookie; it stays as it is. */
static void
seal_carried(sess *s)
{
	unsigned char sealed[COOKIE_PAIR_MAX], key[KEY_BYTES];
	size_t len = s->carried.len - HEAD;

	sealed[0] = CARRY_VERSION;
	random_bytes(sealed + 1, NONCE);
	carry_key(s, key);
	/* Cannot fail: there is no limit near these sizes. */
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + HEAD, NULL,
		(const unsigned char *)s->carried.at + HEAD, len, s->current.id, sizeof(s->current.id),
		NULL, sealed + 1, key);
	sodium_memzero(key, sizeof(key));
	(void)buffer_put(&s->value, s->current.text, TOKEN_CHARS);
	(void)buffer_char(&s->value, '.');
	s->value.len += base64_encode(s->value.at + s->value.len, sealed, len + AROUND);
}

void
session_carry(sess *s)
{
	store *st = &s->kit->store;
	const void *bytes;
	size_t len;

	if (!carry_is_on(s->kit) || st->provider->carry(st->self, &bytes, &len) != 1)
		return;
	/* For another call on this session, after one on another. */
	buffer_wipe(&s->carried);
	(void)buffer_put(&s->carried, (const char[HEAD]){ 0 }, HEAD);
	(void)buffer_put(&s->carried, bytes, len);
	buffer_wipe(&s->value);
	seal_carried(s);
	session_send(s, &s->current);
}
