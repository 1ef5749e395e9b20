/* SPDX-License-Identifier: ISC */
/*
 * seal.c - what a record holds: JSON text, or with seal = yes ciphertext that only the cookie opens.
 *
 * Each session has a random secret. The store holds it only wrapped, once per valid token, so that
 * a renewal can hand it on without the data being encrypted anew. Sealed data is
 * version | nonce | XChaCha20-Poly1305, bound to the session's family.
 */
#include "internal.h"

#include <sodium.h>
#include <string.h>

#define SEAL_VERSION 1
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG crypto_aead_xchacha20poly1305_ietf_ABYTES
#define SEAL_BYTES (1 + NONCE + TAG)

void
secret_wrap(unsigned char wrapped[KEY_BYTES], const unsigned char secret[KEY_BYTES],
	const unsigned char token[TOKEN_BYTES])
{
	unsigned char pad[KEY_BYTES];

	/* A token is random, used for one session and wraps one secret: a one-time pad out of it
	 * hides the secret, and a changed one shows when the data does not open. */
	token_hash(pad, token, "wrap", "", 0);
	for (size_t i = 0; i < KEY_BYTES; i++)
		wrapped[i] = secret[i] ^ pad[i];
	sodium_memzero(pad, sizeof(pad));
}

void
identity_secret(unsigned char secret[KEY_BYTES], const identity *who)
{
	secret_wrap(secret, who->wrapped, who->raw);
}

static int
damaged(sess *s, const char *how)
{
	return sess_fail(&s->kit->error, SESS_INVALID, "the record cannot be read: %s", how);
}

/* Decrypt rec.data; the result is lent by s->memory. */
static int
unseal(sess *s, char **text, size_t *len)
{
	const unsigned char *data = s->rec.data;
	unsigned char key[KEY_BYTES];
	int bad;

	if (s->rec.len < SEAL_BYTES || data[0] != SEAL_VERSION)
		return damaged(s, "it is not in the sealed form");
	*len = s->rec.len - SEAL_BYTES;
	if ((*text = arena_take(&s->memory, *len + 1)) == NULL)
		return SESS_NOMEM;
	identity_secret(key, &s->current);
	token_hash(key, key, "seal", "", 0);
	bad = crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)*text, NULL, NULL,
		data + 1 + NONCE, s->rec.len - 1 - NONCE, s->rec.family, sizeof(s->rec.family),
		data + 1, key);
	sodium_memzero(key, sizeof(key));
	return bad ? damaged(s, "it does not open with this cookie") : SESS_OK;
}

static int
seal(sess *s, buffer *text)
{
	unsigned char key[KEY_BYTES], *to;

	buffer_wipe(&s->scratch);
	if (buffer_room(&s->scratch, text->len + SEAL_BYTES) != SESS_OK)
		return SESS_NOMEM;
	to = (unsigned char *)s->scratch.at;
	to[0] = SEAL_VERSION;
	random_bytes(to + 1, NONCE);
	identity_secret(key, s->minted ? &s->next : &s->current);
	token_hash(key, key, "seal", "", 0);
	/* Cannot fail: there is no limit near these sizes. */
	(void)crypto_aead_xchacha20poly1305_ietf_encrypt(to + 1 + NONCE, NULL,
		(const unsigned char *)text->at, text->len, s->rec.family, sizeof(s->rec.family), NULL,
		to + 1, key);
	sodium_memzero(key, sizeof(key));
	s->scratch.len = text->len + SEAL_BYTES;
	s->rec.data = s->scratch.at;
	s->rec.len = s->scratch.len;
	return SESS_OK;
}

static int
member(void *arg, const entry *e)
{
	values *v = arg;
	size_t before = v->count;

	/* A name twice, or one that no setter takes, was not written by us. */
	if (e->key[0] != '@' && value_key_check(e->key, KEY_NAME_MAX) != SESS_OK)
		return SESS_INVALID;
	if (values_put(v, e) != SESS_OK)
		return SESS_NOMEM;
	return v->count > before ? SESS_OK : SESS_INVALID;
}

int
record_read(sess *s, values *into)
{
	bool sealed = s->kit->config.seal == SESS_YES;
	/* The sink made this copy for us, with room for a NUL. */
	char *text = (char *)(uintptr_t)s->rec.data;
	size_t len = s->rec.len, where;
	int rc;

	/* One form only: to try the other when one fails would let anybody choose the weaker. */
	if (s->rec.sealed != sealed)
		return damaged(s, sealed ? "it is not sealed, and seal = yes" :
			"it is sealed, and seal = no");
	if (sealed && (rc = unseal(s, &text, &len)) != SESS_OK)
		return rc;
	rc = text != NULL ? json_read(text, len, member, into, &where) : SESS_INVALID;
	return rc == SESS_INVALID ? damaged(s, "its values are not a JSON object of scalars") : rc;
}

int
record_write(sess *s, const values *v)
{
	bool sealed = s->kit->config.seal == SESS_YES;

	buffer_wipe(&s->out);
	if (json_write(&s->out, v) != SESS_OK)
		return SESS_NOMEM;
	if (s->out.len > s->kit->config.max_bytes)
		return session_stick(s, SESS_TOOBIG, "the session");
	s->rec.sealed = sealed;
	s->rec.data = s->out.at;
	s->rec.len = s->out.len;
	return sealed ? seal(s, &s->out) : SESS_OK;
}

const char *
record_user(const sess_kit *kit, size_t key, const char *user, char text[TOKEN_CHARS + 1])
{
	unsigned char hash[KEY_BYTES];

	if (user == NULL || *user == '\0' || kit->config.seal != SESS_YES)
		return user;
	token_hash(hash, kit->keys.key[key], "user", user, strlen(user));
	token_encode(text, hash);
	return text;
}
