/* SPDX-License-Identifier: ISC */
/* begin.c - id -> load -> verdict: a resumed session, or a fresh one that knows why. */
#include "internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define CLOCK_SLACK 86400       /* a clock set back by more ends what began since */

int
session_load(sess *s, const unsigned char *id)
{
	store *st = &s->kit->store;
	int rc = session_bring(s);

	if (rc != SESS_OK)
		return rc;
	rc = st->provider->load(st->self, id, s->now, &s->rec, &s->sink, &s->kit->error);

	return rc < 0 ? kit_fail(s->kit, rc) : rc;
}

void
session_id(const sess *s, const unsigned char raw[TOKEN_BYTES], size_t key,
	unsigned char id[SESS_ID_BYTES])
{
	token_id(id, s->kit->id_key[key][s->by_https], raw);
}

void
session_mint(sess *s)
{
	/* Forms on this page may hang on it already. */
	if (s->minted)
		return;
	token_mint(s->next.raw, s->kit->id_key[0][s->by_https], s->now);
	random_bytes(s->next.wrapped, sizeof(s->next.wrapped));
	token_encode(s->next.text, s->next.raw);
	session_id(s, s->next.raw, 0, s->next.id);
	s->next.ring = 0;
	s->minted = true;
}

void
session_forget(sess *s)
{
	/* Nothing of it may live on in what the program stores next. */
	values_reset(&s->vals);
	memset(&s->rec, 0, sizeof(s->rec));
	memset(&s->pending, 0, sizeof(s->pending));
	sodium_memzero(&s->current, sizeof(s->current));
	carry_forget(s);
	s->stored = s->minted = false;
}

int
session_change(const sess *s)
{
	if (s->taken)
		return SESS_LATE;
	return s->flags & SESS_READ_ONLY ? SESS_DENIED : SESS_OK;
}

int
session_stick(sess *s, int code, const char *what)
{
	if (code != SESS_OK && s->sticky == SESS_OK) {
		s->sticky = code;
		(void)sess_fail(&s->kit->error, code, "\"%s\": %s", what != NULL ? what : "(null)",
			sess_strerror(code));
	}
	return code;
}

/* -- which token the request brings ------------------------------------------------------------ */

/* True with the token as a slice; else s->state says what was wrong, if anything. */
static bool
find_token(sess *s, const char **text, size_t *len)
{
	const request *r = &s->req;
	int n = 0;

	/* Servers join repeated Cookie lines; two variables are somebody's trick. */
	if (r->cookies > 1)
		n = 2;
	else if (r->cookie != NULL && s->name[0] != '\0')
		n = cookie_find(r->cookie, s->name, text, len);
	if (n == 0 && s->kit->config.query[0] != '\0' &&
		(n = query_find(r->query, s->kit->config.query, text, len)) != 0)
		s->from = FROM_QUERY;
	else if (n == 0 && r->token != NULL) {
		*text = r->token;
		*len = strlen(r->token);
		s->from = FROM_HEADER;
		n = 1;
	} else
		s->from = n != 0 ? FROM_COOKIE : FROM_NOWHERE;
	if (n > 1) {
		s->state = SESS_DOUBLED;
		kit_log(s->kit, "doubled", NULL, "two ids in one request, neither is believed");
	} else if (n < 0) {
		s->state = SESS_FORGED;
		kit_log(s->kit, "forged", NULL, "a Cookie header of more than 16 KiB or 180 cookies");
	}
	return n == 1;
}

/* -- the verdict on a record that was found ---------------------------------------------------- */

static int
resume(sess *s)
{
	int rc;

	if (s->rec.via == SESS_VIA_RETIRED &&
		!expiry_in_grace(s->now, s->rec.since, s->kit->config.grace))
		return session_reused(s);
	/* A touch by a request that knew only a longer limit may have moved expires behind this. And
	 * what began under a clock far ahead has limits that nobody meant. */
	if ((s->rec.absolute != 0 && s->now >= s->rec.absolute) ||
		s->rec.created > expiry_add(s->now, CLOCK_SLACK)) {
		s->state = SESS_AGED;
		return SESS_OK;
	}
	if (s->rec.via == SESS_VIA_CANDIDATE && session_confirm(s) == SESS_GONE) {
		s->state = SESS_REVOKED;
		return SESS_OK;
	}
	memcpy(s->current.wrapped, s->rec.secret, sizeof(s->current.wrapped));
	memcpy(s->current.id, s->rec.id, sizeof(s->current.id));
	rc = record_read(s, &s->vals);
	if (rc == SESS_NOMEM)
		return rc;
	s->stored = rc == SESS_OK;
	s->state = s->stored ? SESS_LIVE : SESS_DAMAGED;
	if (!s->stored)
		kit_log(s->kit, "damaged", s->rec.id, s->kit->error.text);
	return SESS_OK;
}

static int
find_session(sess *s)
{
	const char *text;
	size_t len;
	int rc = 0;

	if (!find_token(s, &text, &len))
		return SESS_OK;
	carry_cut(s, text, &len);
	if (!token_decode(s->current.raw, text, len)) {
		s->state = SESS_FORGED;
		kit_log(s->kit, "forged", NULL, "an id of the wrong length or alphabet");
		return SESS_OK;
	}
	memcpy(s->current.text, text, TOKEN_CHARS);
	s->current.text[TOKEN_CHARS] = '\0';
	/* Ids made under older ring keys go on working until their sessions end. */
	for (size_t k = 0; k < s->kit->keys.count && rc == 0; k++) {
		session_id(s, s->current.raw, k, s->current.id);
		s->current.ring = k;
		rc = carry_open(s);
		if (rc == SESS_OK)
			rc = session_load(s, s->current.id);
		if (rc == 0 && s->rec.ended != SESS_UNKNOWN)
			break;
	}
	if (rc < 0)
		return rc;
	if (rc == 1)
		return resume(s);
	/* No store can claim that there is a session without giving it. */
	s->state = s->rec.ended > SESS_LIVE && s->rec.ended <= SESS_DAMAGED ? s->rec.ended :
		SESS_UNKNOWN;
	s->ended_at = s->rec.since;
	if (s->state == SESS_UNKNOWN && s->sealed != NULL && s->carried.len == 0)
		kit_log(s->kit, "forged", s->current.id, "what the browser keeps of it does not open: it "
			"was changed, or its key is gone");
	if (s->state == SESS_DAMAGED)
		kit_log(s->kit, "damaged", s->current.id, s->kit->error.text);
	return SESS_OK;
}

/* -- begin and end ----------------------------------------------------------------------------- */

static int
shape_cookie(sess *s, const sess_options *options)
{
	sess_kit *kit = s->kit;
	const char *why;

	s->shape = kit->shape[s->by_https];
	s->name = kit->name[s->by_https];
	if (options == NULL)
		return SESS_OK;
	s->flags = options->flags;
	if (options->path == NULL && options->domain == NULL)
		return SESS_OK;
	if (options->path != NULL)
		s->shape.path = options->path;
	if (options->domain != NULL)
		s->shape.domain = options->domain;
	why = cookie_name(s->own_name, sizeof(s->own_name), kit->config.cookie_name,
		kit->config.cookie_prefix, &s->shape);
	if (why != NULL)
		return sess_fail(&kit->error, SESS_INVALID, "sess_begin_with: %s", why);
	s->name = s->own_name;
	return SESS_OK;
}

/* Once per kit: what travels in the clear can be copied by anybody on the way. */
static void
warn_plain(sess *s)
{
	const char *address = s->req.address;

	if (s->by_https || s->kit->warned_plain || address == NULL ||
		strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0)
		return;
	s->kit->warned_plain = true;
	kit_log(s->kit, "plain", NULL, "sessions go over plain HTTP; use HTTPS, or set "
		"cookie_prefix = host to allow no other");
}

static int
begin(sess *s, char *const *env, const sess_options *options)
{
	sess_kit *kit = s->kit;
	int rc;

	s->now = kit_now(kit);
	s->state = SESS_FRESH;
	request_read(&s->req, env, kit->header_variable, kit->proxy, kit->proxies);
	s->by_https = kit->config.cookie_secure == SESS_AUTO ? s->req.https :
		kit->config.cookie_secure == SESS_YES;
	warn_plain(s);
	if ((rc = shape_cookie(s, options)) != SESS_OK)
		return rc;
	rc = find_session(s);
	/* A page for somebody whose session is over depends on the cookie as well. */
	s->read = s->state != SESS_FRESH;
	if (rc == SESS_OK && !s->stored)
		session_forget(s);
	return rc;
}

int
sess_begin_with(sess_kit *kit, char *const *env, const sess_options *options, sess **out)
{
	sess *s;
	int rc;

	if (out == NULL)
		return SESS_INVALID;
	*out = NULL;
	if (kit == NULL)
		return SESS_INVALID;
	kit->error.code = SESS_OK;
	kit->error.text[0] = '\0';
	if ((rc = store_check(&kit->store, &kit->error)) != SESS_OK)
		return kit_fail(kit, rc);
	if ((s = kit->spare) != NULL)
		kit->spare = NULL;
	else if ((s = calloc(1, sizeof(*s))) == NULL)
		return sess_fail(&kit->error, SESS_NOMEM, "out of memory");
	s->kit = kit;
	if ((rc = begin(s, env, options)) != SESS_OK) {
		sess_end(s);
		return rc;
	}
	*out = s;
	return SESS_OK;
}

int
sess_begin(sess_kit *kit, char *const *env, sess **out)
{
	return sess_begin_with(kit, env, NULL, out);
}

sess_status
sess_state(const sess *s)
{
	return s != NULL ? s->state : SESS_FRESH;
}

const char *
sess_state_text(sess_status state)
{
	switch (state) {
	case SESS_FRESH:
		return "Welcome.";
	case SESS_LIVE:
		return "Your session is active.";
	case SESS_IDLE:
		return "You were signed out because you were away for a while.";
	case SESS_AGED:
		return "You were signed out because your session reached its time limit.";
	case SESS_LOGGED_OUT:
		return "You have signed out.";
	case SESS_REVOKED:
		return "This session was ended from another place.";
	case SESS_ROTATED:
		return "This session went on under a new id, in another window.";
	case SESS_REUSED:
		return "This session was ended because an old copy of its cookie was used.";
	case SESS_UNKNOWN:
	case SESS_FORGED:
	case SESS_DOUBLED:
	case SESS_DAMAGED:
		break;
	}
	return "Your session could not be found; please begin again.";
}

void
sess_end(sess *s)
{
	sess_kit *kit;
	sess clean = { 0 };

	if (s == NULL)
		return;
	kit = s->kit;
	carry_forget(s);
	if (s->vals.changed || s->minted || s->pending.remember)
		kit_log(kit, "dropped", s->stored ? s->current.id : NULL,
			"changes were not committed before sess_end");
	/* Nothing of this request may be left for the next one; only empty memory is kept. */
	arena_reset(&s->sink.memory);
	arena_reset(&s->memory);
	values_reset(&s->vals);
	values_reset(&s->other);
	buffer_wipe(&s->out);
	buffer_wipe(&s->headers);
	buffer_wipe(&s->cookie);
	buffer_wipe(&s->link);
	buffer_wipe(&s->scratch);
	buffer_wipe(&s->value);
	clean.sink = s->sink;
	clean.memory = s->memory;
	clean.vals = s->vals;
	clean.other = s->other;
	clean.out = s->out;
	clean.headers = s->headers;
	clean.cookie = s->cookie;
	clean.link = s->link;
	clean.scratch = s->scratch;
	clean.carried = s->carried;
	clean.value = s->value;
	sodium_memzero(s, sizeof(*s));
	*s = clean;
	if (kit->spare == NULL)
		kit->spare = s;
	else
		session_free(s);
}
