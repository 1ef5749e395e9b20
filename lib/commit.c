/* SPDX-License-Identifier: ISC */
/*
 * commit.c - nothing / touch / insert / update / rotate, merging with what parallel requests did.
 *
 * A write is guarded by the revision that was read. When that has moved on, the newest record is
 * loaded, this request's own changes are done to it again, and it is written anew: no request ever
 * waits for another's page, and none loses its change.
 */
#include "internal.h"

#include <string.h>
#include <time.h>

#define TRIES_MAX 1000          /* beyond any real contention; the time limit comes first */

/* -- what the record becomes ------------------------------------------------------------------- */

/* As configured, from when the session began. */
static int64_t
absolute_limit(const sess *s)
{
	int64_t absolute = s->kit->config.absolute;

	return absolute < 0 ? 0 : expiry_add(s->rec.created, absolute);
}

static void
restart_clocks(sess *s)
{
	s->rec.created = s->now;
	s->rec.idle = s->kit->config.idle;
	s->rec.absolute = absolute_limit(s);
	/* "Keep me signed in" was said about the login before. */
	s->rec.persist = 0;
}

/* The first id of a lineage; the next one is due a whole interval from here. */
static void
begin_lineage(sess *s)
{
	s->rec.renew = s->kit->config.renew < 0 ? 0 : expiry_add(s->now, s->kit->config.renew);
	s->rec.offered = 0;
	random_bytes(s->rec.family, sizeof(s->rec.family));
}

static void
remember(sess *s)
{
	int64_t seconds = s->pending.seconds;

	s->rec.persist = seconds;
	s->rec.idle = seconds > 0 ? seconds : s->kit->config.idle;
	s->rec.absolute = seconds > 0 ? expiry_add(s->now, seconds) : absolute_limit(s);
}

/* What a client says of itself, fit for lists and terminals: a piece of one line, in UTF-8. */
static const char *
presentable(sess *s, const char *text)
{
	sess_error line;

	if (text == NULL)
		return NULL;
	(void)sess_fail(&line, SESS_OK, "%s", text);
	return arena_copy(&s->memory, line.text, utf8_span(line.text, strlen(line.text)));
}

/* The request was here: when, and from where. */
static void
sign(sess *s)
{
	const sess_config *c = &s->kit->config;

	s->rec.seen = s->now;
	s->rec.expires = expiry_deadline(s->now, s->rec.idle, c->touch, s->rec.absolute);
	/* Sealed, the record tells the operator times and sizes, but not who it is. And there is no list
	 * of what browsers keep. */
	if (c->record_client != SESS_NO && c->seal != SESS_YES && !carry_is_on(s->kit)) {
		s->rec.address = presentable(s, s->req.address);
		s->rec.agent = presentable(s, s->req.agent);
	}
}

/* Pending changes to the record itself; done again after each rebase. */
static int
apply_pending(sess *s)
{
	const pending *p = &s->pending;
	char hash[TOKEN_CHARS + 1];
	const char *user;

	if (p->login || p->level) {
		s->rec.login = s->now;
		s->rec.level = p->new_level;
	}
	if (p->login) {
		user = record_user(s->kit, 0, p->user, hash);
		if ((s->rec.user = arena_copy(&s->memory, user, strlen(user))) == NULL)
			return SESS_NOMEM;
	}
	if (p->login || !s->stored)
		restart_clocks(s);
	if (p->remember)
		remember(s);
	return SESS_OK;
}

/* -- the kinds of write ------------------------------------------------------------------------ */

static int
keep_error(sess *s, int rc)
{
	return rc < 0 && rc != SESS_CONFLICT && rc != SESS_GONE ? kit_fail(s->kit, rc) : rc;
}

/* The record under its next identity: a new one, or in place of the old one, which dies at once. */
static int
write_minted(sess *s)
{
	store *st = &s->kit->store;
	sess_error *err = &s->kit->error;
	int rc;

	if ((rc = apply_pending(s)) != SESS_OK)
		return rc;
	sign(s);
	begin_lineage(s);
	if ((rc = record_write(s, &s->vals)) != SESS_OK)
		return rc;
	memcpy(s->rec.id, s->next.id, sizeof(s->rec.id));
	memcpy(s->rec.secret, s->next.wrapped, sizeof(s->rec.secret));
	if (s->stored)
		rc = st->provider->replace(st->self, s->current.id, &s->rec, SESS_ROTATED, s->now,
			expiry_add(s->now, s->kit->config.trace), err);
	else
		rc = st->provider->insert(st->self, &s->rec, s->now, s->rec.user != NULL ? SESS_SYNC : 0,
			err);
	if (rc != SESS_OK)
		return keep_error(s, rc);
	s->rec.revision = s->stored ? s->rec.revision + 1 : 1;
	return SESS_OK;
}

int
session_update(sess *s, const values *v, int part)
{
	store *st = &s->kit->store;
	int rc = record_write(s, v);

	if (rc != SESS_OK)
		return rc;
	rc = st->provider->update(st->self, &s->rec, s->now, part, &s->kit->error);
	if (rc == SESS_OK)
		s->rec.revision++;
	return keep_error(s, rc);
}

/* A browser counts the cookie's time from when it got it, so it gets it again. Not shortly before a
 * renewal, though: a slow response would then put the old id back over the new one. */
static bool
resend_is_due(const sess *s, bool touch)
{
	const sess_config *c = &s->kit->config;
	int64_t margin = s->pending.remember ? 0 : c->grace;

	if (s->send != SEND_NOTHING || s->rec.via != SESS_VIA_ID ||
		(s->rec.renew != 0 && expiry_add(s->now, margin) >= s->rec.renew))
		return false;
	return s->pending.remember || (touch && (s->rec.persist > 0 || c->cookie_lifetime > 0));
}

void
session_send(sess *s, const identity *id)
{
	s->send = SEND_TOKEN;
	memcpy(s->send_text, id->text, sizeof(s->send_text));
}

/* Whatever this request owes the store; SESS_CONFLICT or SESS_GONE if the record has moved on. */
static int
write_changes(sess *s)
{
	store *st = &s->kit->store;
	bool touch = !(s->flags & SESS_NO_TOUCH) &&
		expiry_touch_due(s->now, s->rec.seen, s->kit->config.touch);
	int rc = SESS_OK;

	if (s->minted)
		return write_minted(s);
	if (!s->vals.changed && !s->pending.remember && !touch)
		return SESS_OK;
	if ((rc = apply_pending(s)) != SESS_OK)
		return rc;
	if (touch || s->pending.remember)
		sign(s);
	if (s->vals.changed || s->pending.remember)
		rc = session_update(s, &s->vals, touch || s->pending.remember ? SESS_PART_ALL : SESS_PART_DATA);
	else
		rc = keep_error(s, st->provider->touch(st->self, s->current.id, s->rec.seen,
			s->rec.expires, &s->kit->error));
	if (rc == SESS_OK && resend_is_due(s, touch))
		session_send(s, &s->current);
	return rc;
}

/* -- conflicts --------------------------------------------------------------------------------- */

int
session_reload(sess *s)
{
	int via = s->rec.via, rc = session_load(s, s->current.id);

	if (rc <= 0)
		return rc < 0 ? rc : SESS_GONE;
	memcpy(s->current.id, s->rec.id, sizeof(s->current.id));
	/* What the browser sent does not become a live id by our knowing its successor. */
	if (via == SESS_VIA_RETIRED)
		s->rec.via = via;
	values_reset(&s->other);
	rc = record_read(s, &s->other);
	return rc == SESS_INVALID ? kit_fail(s->kit, SESS_STORE) : rc;
}

int
session_merge(sess *s)
{
	values mine = s->vals;
	int rc = values_replay(&s->other, &mine);

	if (rc != SESS_OK)
		return rc;
	s->vals = s->other;
	s->other = mine;
	return SESS_OK;
}

static int
merge_and_write(sess *s, void *arg)
{
	int rc = session_merge(s);

	(void)arg;
	return rc == SESS_OK ? write_changes(s) : rc;
}

/* Where the store cannot hold a record: wait a little, unlike the others, before the next try. */
static void
back_off(int tries)
{
	unsigned char dice;
	struct timespec pause = { 0, 0 };

	random_bytes(&dice, sizeof(dice));
	pause.tv_nsec = (long)(tries < 10 ? tries + 1 : 10) * 400L * dice;
	(void)nanosleep(&pause, NULL);
}

static int
try_exclusively(sess *s, int (*write)(sess *, void *), void *arg)
{
	store *st = &s->kit->store;
	bool hold = st->provider->hold != NULL;
	int rc, end;

	if (hold && (rc = st->provider->hold(st->self, s->current.id, &s->kit->error)) != SESS_OK)
		return keep_error(s, rc);
	if ((rc = session_reload(s)) == SESS_OK) {
		/* It was there just now: gone from its id, it may have moved to another. */
		if ((rc = write(s, arg)) == SESS_GONE)
			rc = SESS_CONFLICT;
	}
	if (hold) {
		end = st->provider->release(st->self, &s->kit->error);
		if (rc == SESS_OK)
			rc = keep_error(s, end);
	}
	/* The record is the newest, or undone, and the values may not be its own: no revision is 0, so
	 * whatever is written next meets a conflict and merges first. */
	if (rc != SESS_OK)
		s->rec.revision = 0;
	return rc;
}

int
session_exclusively(sess *s, int (*write)(sess *, void *), void *arg)
{
	int64_t until = clock_monotonic_ms() + s->kit->config.busy_ms;
	int rc = SESS_CONFLICT;

	for (int tries = 0; tries < TRIES_MAX && rc == SESS_CONFLICT; tries++) {
		if (tries > 0) {
			if (clock_monotonic_ms() > until)
				break;
			back_off(tries);
		}
		rc = try_exclusively(s, write, arg);
	}
	return rc;
}

/* -- commit ------------------------------------------------------------------------------------ */

static int
commit_fresh(sess *s)
{
	/* A visitor who stores nothing costs nothing. */
	if (!s->minted && !s->pending.remember && values_after(&s->vals, "") == NULL)
		return SESS_OK;
	/* A slow tab must not put its cookie over the one that a login or rotation has just sent. */
	if (s->state == SESS_ROTATED && s->from == FROM_COOKIE && !s->pending.login &&
		expiry_in_grace(s->now, s->ended_at, s->kit->config.grace))
		return SESS_GONE;
	/* What no answer can carry to the browser would never be found again. */
	if (s->name[0] == '\0' && s->kit->config.header[0] == '\0' && s->kit->config.query[0] == '\0')
		return sess_fail(&s->kit->error, SESS_UNSUPPORTED, "no session over plain HTTP: "
			"cookie_prefix and cookie_samesite allow a cookie over HTTPS only");
	if (!s->minted)
		session_mint(s);
	return write_minted(s);
}

static void
settle(sess *s)
{
	values_settle(&s->vals);
	if (s->minted) {
		s->current = s->next;
		s->rec.via = SESS_VIA_ID;
		session_send(s, &s->current);
		kit_log(s->kit, s->pending.login ? "login" : s->stored ? "rotate" : "start",
			s->current.id, s->pending.login ? "logged in under a new id" :
			s->stored ? "took a new id" : "a session began");
		s->stored = true;
		s->minted = false;
	}
	s->read = true;
	memset(&s->pending, 0, sizeof(s->pending));
}

int
sess_commit(sess *s)
{
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	if (s->sticky != SESS_OK)
		return s->sticky;
	if (s->taken && (s->vals.changed || s->minted || s->pending.remember))
		return session_stick(s, SESS_LATE, "sess_commit");
	if (s->taken || s->flags & SESS_READ_ONLY)
		return SESS_OK;
	/* Once the store has a new id, the browser must get it: what its line takes is claimed first. */
	if (session_reserve(s) != SESS_OK)
		return sess_fail(&s->kit->error, SESS_NOMEM, "sess_commit: out of memory");
	if ((rc = session_bring(s)) != SESS_OK)
		return rc;
	s->now = kit_now(s->kit);
	if (!s->stored) {
		rc = commit_fresh(s);
		if (rc == SESS_OK && !s->minted) {
			values_settle(&s->vals);
			return SESS_OK;
		}
	} else {
		rc = write_changes(s);
		/* Gone from this id may mean that another request confirmed a renewal meanwhile. */
		if (rc == SESS_CONFLICT || rc == SESS_GONE)
			rc = session_exclusively(s, merge_and_write, NULL);
	}
	if (rc == SESS_GONE) {
		kit_log(s->kit, "gone", s->current.id, "ended while the page ran; nothing was stored");
		s->send = SEND_NOTHING;
		s->stored = false;
		return session_stick(s, rc, "sess_commit");
	}
	if (rc != SESS_OK) {
		if (s->kit->error.text[0] == '\0')
			(void)sess_fail(&s->kit->error, rc, "sess_commit: %s", sess_strerror(rc));
		return rc;
	}
	settle(s);
	session_carry(s);
	session_offer(s);
	return SESS_OK;
}
