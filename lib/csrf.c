/* SPDX-License-Identifier: ISC */
/*
 * csrf.c - the hidden form token. It proves that the form came from a page of this session: a fixed
 * secret of the session under a random mask, so that no two pages carry the same bytes. A visitor
 * without a session gets a random cookie instead, and a token made from it with our key, so that
 * login forms are guarded without storing anything.
 */
#include "internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FORM_BYTES (2 * KEY_BYTES)      /* mask, masked secret */
#define FORM_CHARS 86                   /* base64url of that */

void
form_cookie_name(const sess *s, char out[160])
{
	(void)snprintf(out, 160, "%s-form", s->name);
}

/* The form cookie that the request brought, into s->form_raw. */
static bool
form_read(sess *s)
{
	char name[160];
	const char *text;
	size_t len;

	if (s->has_form || s->req.cookie == NULL || s->name[0] == '\0')
		return s->has_form;
	form_cookie_name(s, name);
	s->has_form = cookie_find(s->req.cookie, name, &text, &len) == 1 &&
		token_decode(s->form_raw, text, len);
	return s->has_form;
}

static void
form_secret(const sess *s, size_t key, unsigned char secret[KEY_BYTES])
{
	token_hash(secret, s->kit->keys.key[key], "form", s->form_raw, sizeof(s->form_raw));
}

/* True when forms hang on the session: one that came, on the stored one; one on this page, also on
 * what commit is going to store under a new id. */
static bool
session_secret(const sess *s, bool came, unsigned char secret[KEY_BYTES])
{
	bool next = s->minted && !came;

	if (!s->stored && !next)
		return false;
	identity_secret(secret, next ? &s->next : &s->current);
	token_hash(secret, secret, "csrf", "", 0);
	return true;
}

const char *
sess_csrf_token(sess *s)
{
	unsigned char form[FORM_BYTES], secret[KEY_BYTES];

	if (s == NULL)
		return NULL;
	if (!session_secret(s, false, secret)) {
		if (!form_read(s)) {
			if (s->taken) {
				(void)session_stick(s, SESS_LATE, "sess_csrf_token");
				return NULL;
			}
			random_bytes(s->form_raw, sizeof(s->form_raw));
			token_encode(s->form_text, s->form_raw);
			s->has_form = true;
		}
		form_secret(s, 0, secret);
	}
	random_bytes(form, KEY_BYTES);
	for (size_t i = 0; i < KEY_BYTES; i++)
		form[KEY_BYTES + i] = form[i] ^ secret[i];
	(void)base64_encode(s->csrf, form, sizeof(form));
	sodium_memzero(secret, sizeof(secret));
	sodium_memzero(form, sizeof(form));
	return s->csrf;
}

/* -- the browser's own word on where the request comes from ------------------------------------ */

/* "https://host:port" names the host the request went to. */
static bool
origin_is_ours(const request *r)
{
	const char *host = strstr(r->origin, "://");

	return host != NULL && r->host != NULL && strcasecmp(host + 3, r->host) == 0;
}

static bool
comes_from_elsewhere(const request *r)
{
	if (r->method != NULL && (strcmp(r->method, "GET") == 0 || strcmp(r->method, "HEAD") == 0 ||
		strcmp(r->method, "OPTIONS") == 0))
		return false;
	if (r->fetch_site != NULL)
		return strcmp(r->fetch_site, "same-origin") != 0 && strcmp(r->fetch_site, "none") != 0;
	return r->origin != NULL && !origin_is_ours(r);
}

/* -- the check --------------------------------------------------------------------------------- */

static bool
matches(const unsigned char form[FORM_BYTES], const unsigned char secret[KEY_BYTES])
{
	unsigned char masked[KEY_BYTES];
	bool same;

	for (size_t i = 0; i < KEY_BYTES; i++)
		masked[i] = form[i] ^ secret[i];
	same = sodium_memcmp(masked, form + KEY_BYTES, KEY_BYTES) == 0;
	sodium_memzero(masked, sizeof(masked));
	return same;
}

static bool
token_is_ours(sess *s, const char *sent)
{
	unsigned char form[FORM_BYTES], secret[KEY_BYTES];
	bool good = false;

	if (strnlen(sent, FORM_CHARS + 1) != FORM_CHARS ||
		base64_decode(form, sizeof(form), sent, FORM_CHARS) != FORM_BYTES)
		return false;
	if (session_secret(s, true, secret))
		good = matches(form, secret);
	/* A form may be older than the session, but not than the login. */
	for (size_t k = 0; !good && sess_user(s) == NULL && k < s->kit->keys.count && form_read(s); k++) {
		form_secret(s, k, secret);
		good = matches(form, secret);
	}
	sodium_memzero(secret, sizeof(secret));
	return good;
}

int
sess_csrf_check(sess *s, const char *sent)
{
	if (s == NULL)
		return SESS_INVALID;
	if (sent == NULL)
		sent = s->req.csrf;
	if (comes_from_elsewhere(&s->req)) {
		kit_log(s->kit, "forgery", s->stored ? s->current.id : NULL,
			"a form was sent from another site");
		return SESS_DENIED;
	}
	if (sent != NULL && token_is_ours(s, sent))
		return SESS_OK;
	kit_log(s->kit, "forgery", s->stored ? s->current.id : NULL, "a form without its token");
	return SESS_DENIED;
}
