/* SPDX-License-Identifier: ISC */
/* login.c - who the session belongs to, since when, and how sure we are. */
#include "internal.h"

#include <string.h>

#define USER_MAX 255
#define LEVEL_MAX 100
#define USER_KEY "@user"        /* sealed: the name, among the encrypted values */

/* Printable UTF-8: it goes into logs, lists and the sqlite3 shell. */
static bool
user_is_fit(const char *user)
{
	size_t len = user != NULL ? strnlen(user, USER_MAX + 1) : 0;

	if (len == 0 || len > USER_MAX || utf8_span(user, len) != len)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)user[i] < ' ' || user[i] == 0x7f)
			return false;
	return true;
}

int
sess_login(sess *s, const char *user)
{
	const char *before;
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	if ((rc = session_change(s)) != SESS_OK)
		return session_stick(s, rc, "sess_login");
	if (!user_is_fit(user))
		return session_stick(s, SESS_INVALID, "user");
	/* What one user stored is not the next one's to see. */
	before = sess_user(s);
	if (before != NULL && strcmp(before, user) != 0) {
		pending wanted = s->pending;

		if ((rc = session_end(s, SESS_LOGGED_OUT)) != SESS_OK)
			return rc;
		/* "Keep me signed in" was meant for the one who comes. */
		s->pending.remember = wanted.remember;
		s->pending.seconds = wanted.seconds;
	}
	if ((s->pending.user = arena_copy(&s->memory, user, strlen(user))) == NULL)
		return session_stick(s, SESS_NOMEM, "user");
	if (s->kit->config.seal == SESS_YES)
		rc = value_set(s, &(entry){ .key = USER_KEY, .type = SESS_STR,
			.bytes = s->pending.user, .len = strlen(user) });
	s->pending.login = true;
	s->pending.new_level = 1;
	session_mint(s);
	return rc;
}

int
sess_elevate(sess *s, int level)
{
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	if ((rc = session_change(s)) != SESS_OK)
		return session_stick(s, rc, "sess_elevate");
	if (level < 0 || level > LEVEL_MAX)
		return session_stick(s, SESS_INVALID, "level");
	if (sess_user(s) == NULL)
		return session_stick(s, SESS_DENIED, "sess_elevate");
	s->pending.level = true;
	s->pending.new_level = level;
	session_mint(s);
	return SESS_OK;
}

const char *
sess_user(const sess *s)
{
	const entry *e;

	if (s == NULL)
		return NULL;
	if (s->pending.login)
		return s->pending.user;
	if (s->kit->config.seal != SESS_YES)
		return s->rec.user;
	e = values_find(&s->vals, USER_KEY);
	return e != NULL && s->rec.user != NULL ? e->bytes : NULL;
}

int64_t
sess_login_age(const sess *s)
{
	if (sess_user(s) == NULL)
		return -1;
	if (s->pending.login || s->pending.level || s->now < s->rec.login || s->rec.login < 0)
		return 0;
	return expiry_add(s->now, -s->rec.login);
}

int
sess_require(const sess *s, int level, int64_t max_age)
{
	int64_t age = sess_login_age(s), have;

	if (age < 0 || s->sticky == SESS_GONE)
		return SESS_DENIED;
	have = s->pending.login || s->pending.level ? s->pending.new_level : s->rec.level;
	return have >= level && (max_age <= 0 || age <= max_age) ? SESS_OK : SESS_DENIED;
}
