/* SPDX-License-Identifier: ISC */
/*
 * once.c - a form ticket that counts once. Its hash is kept among the values, under
 * "@once.FORM.HASH", with the second in which it runs out; whoever removes it has taken it.
 */
#include "internal.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define FORM_MAX 32
#define TICKET_BYTES 16
#define TICKET_CHARS 22         /* base64url of that */
#define TICKETS_MAX 64          /* in one session; the one that runs out first makes room */
#define PREFIX "@once."
#define KEY_MAX (sizeof(PREFIX) + FORM_MAX + 1 + TICKET_CHARS)

static void
ticket_key(const sess *s, size_t ring, char key[KEY_MAX], const char *form, const char *ticket)
{
	unsigned char hash[KEY_BYTES];
	char text[TICKET_CHARS + 1];

	/* Hashed, so that who can read the store cannot submit the form. */
	token_hash(hash, s->kit->keys.key[ring], "ticket", ticket, TICKET_CHARS);
	(void)base64_encode(text, hash, TICKET_BYTES);
	(void)snprintf(key, KEY_MAX, PREFIX "%s.%s", form, text);
}

/* Drop what has run out, and of too many the one that would run out first. */
static int
make_room(sess *s)
{
	const entry *first = NULL, *next;
	size_t count = 0;
	int rc = SESS_OK;

	for (const entry *e = values_after(&s->vals, PREFIX);
		rc == SESS_OK && e != NULL && strncmp(e->key, PREFIX, sizeof(PREFIX) - 1) == 0; e = next) {
		next = values_after(&s->vals, e->key);
		if (e->type != SESS_INT || e->is.num <= s->now) {
			rc = value_unset(s, e->key);
			continue;
		}
		count++;
		if (first == NULL || e->is.num < first->is.num)
			first = e;
	}
	if (rc == SESS_OK && count >= TICKETS_MAX)
		rc = value_unset(s, first->key);
	return rc;
}

const char *
sess_once_issue(sess *s, const char *form, int64_t seconds)
{
	unsigned char raw[TICKET_BYTES];
	char key[KEY_MAX], *ticket;

	if (s == NULL)
		return NULL;
	if (value_key_check(form, FORM_MAX) != SESS_OK || seconds < 0) {
		(void)session_stick(s, SESS_INVALID, "once form");
		return NULL;
	}
	random_bytes(raw, sizeof(raw));
	if ((ticket = arena_take(&s->memory, TICKET_CHARS + 1)) == NULL) {
		(void)session_stick(s, SESS_NOMEM, "once form");
		return NULL;
	}
	(void)base64_encode(ticket, raw, sizeof(raw));
	ticket_key(s, 0, key, form, ticket);
	if (make_room(s) != SESS_OK || value_set(s, &(entry){ .key = key, .type = SESS_INT,
		.is.num = expiry_add(s->now, seconds != 0 ? seconds : 3600) }) != SESS_OK)
		return NULL;
	return ticket;
}

typedef struct claim {
	const char *form, *ticket;
} claim;

/* Where the browser keeps the session, it can bring one that has the ticket still. */
static int
claim_key(sess *s, const char *key, int64_t until)
{
	const store *st = &s->kit->store;
	unsigned char id[SESS_ID_BYTES];
	int rc;

	if (st->provider->claim == NULL)
		return SESS_OK;
	/* Not by the session's id, which a login may change meanwhile. */
	(void)crypto_generichash(id, sizeof(id), (const unsigned char *)key, strlen(key), NULL, 0);
	rc = st->provider->claim(st->self, id, s->now, expiry_add(until, CLOCKS_DIFFER), &s->kit->error);
	return rc < 0 ? kit_fail(s->kit, rc) : rc == 0 ? SESS_DENIED : SESS_OK;
}

/* Take the ticket out of the newest record, and store just that; then merge what this request has
 * changed so far, for its own commit. */
static int
take(sess *s, void *arg)
{
	const claim *c = arg;
	bool minted = s->minted;
	char key[KEY_MAX] = "";
	entry *e = NULL;
	int64_t until;
	int rc;

	/* It may have been issued under a key that is no longer the newest. */
	for (size_t k = 0; k < s->kit->keys.count && e == NULL; k++) {
		ticket_key(s, k, key, c->form, c->ticket);
		e = values_find(&s->other, key);
	}
	if (e == NULL || e->type != SESS_INT || e->is.num <= s->now)
		return SESS_DENIED;
	until = e->is.num;
	values_unset(&s->other, e);
	/* Stored now, under the present id, whatever new one commit is to give. */
	s->minted = false;
	rc = session_update(s, &s->other, SESS_PART_DATA);
	s->minted = minted;
	if (rc != SESS_OK)
		return rc;
	values_settle(&s->other);
	if ((rc = session_merge(s)) != SESS_OK)
		return rc;
	/* Last: what is claimed is used up, whatever fails after. */
	return claim_key(s, key, until);
}

int
sess_once_take(sess *s, const char *form, const char *ticket)
{
	claim c = { form, ticket };
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	if ((rc = session_change(s)) != SESS_OK)
		return rc;
	if (!s->stored || value_key_check(form, FORM_MAX) != SESS_OK || ticket == NULL ||
		strnlen(ticket, TICKET_CHARS + 1) != TICKET_CHARS)
		return SESS_DENIED;
	s->now = kit_now(s->kit);
	rc = session_exclusively(s, take, &c);
	if (rc == SESS_DENIED)
		kit_log(s->kit, "twice", s->current.id, "a form ticket was used up, outdated or unknown");
	return rc;
}
