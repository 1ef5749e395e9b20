/* SPDX-License-Identifier: ISC */
/* values.c - the typed values that a program reads and writes. */
#include "internal.h"

#include <math.h>
#include <string.h>

/* -- getters ----------------------------------------------------------------------------------- */

static const entry *
get(const sess *s, const char *key, sess_type type)
{
	const entry *e = s != NULL ? values_find(&s->vals, key) : NULL;

	return e != NULL && (e->type == type || type == SESS_NOTHING) && key[0] != '@' ? e : NULL;
}

const char *
sess_get_str(const sess *s, const char *key, const char *otherwise)
{
	const entry *e = get(s, key, SESS_STR);

	return e != NULL ? e->bytes : otherwise;
}

int64_t
sess_get_int(const sess *s, const char *key, int64_t otherwise)
{
	const entry *e = get(s, key, SESS_INT);

	return e != NULL ? e->is.num : otherwise;
}

double
sess_get_real(const sess *s, const char *key, double otherwise)
{
	const entry *e = get(s, key, SESS_NOTHING);

	if (e != NULL && e->type == SESS_REAL)
		return e->is.real;
	return e != NULL && e->type == SESS_INT ? (double)e->is.num : otherwise;
}

bool
sess_get_bool(const sess *s, const char *key, bool otherwise)
{
	const entry *e = get(s, key, SESS_BOOL);

	return e != NULL ? e->is.yes : otherwise;
}

const void *
sess_get_bytes(const sess *s, const char *key, size_t *len)
{
	const entry *e = get(s, key, SESS_NOTHING);

	if (e != NULL && e->type != SESS_BYTES && e->type != SESS_STR)
		e = NULL;
	if (len != NULL)
		*len = e != NULL ? e->len : 0;
	return e != NULL ? e->bytes : NULL;
}

sess_type
sess_type_of(const sess *s, const char *key)
{
	const entry *e = get(s, key, SESS_NOTHING);

	return e != NULL ? (sess_type)e->type : SESS_NOTHING;
}

const char *
sess_next(const sess *s, const char *after)
{
	const entry *e;

	if (s == NULL)
		return NULL;
	for (e = values_after(&s->vals, after != NULL ? after : ""); e != NULL && e->key[0] == '@';)
		e = values_after(&s->vals, e->key);
	return e != NULL ? e->key : NULL;
}

/* -- setters ----------------------------------------------------------------------------------- */

int
value_key_check(const char *key, size_t max)
{
	size_t len = 0;

	if (key == NULL || key[0] == '@')
		return SESS_INVALID;
	while (len < max && key[len] > ' ' && key[len] <= '~')
		len++;
	return len > 0 && key[len] == '\0' ? SESS_OK : SESS_INVALID;
}

/* The exact size is known at commit; this tells early, and near the place of the mistake. */
static int
value_fits(sess *s, const char *key)
{
	return s->vals.bytes <= s->kit->config.max_bytes ? SESS_OK : session_stick(s, SESS_TOOBIG, key);
}

int
value_set(sess *s, const entry *given)
{
	entry e = *given;
	bool text = e.type == SESS_STR || e.type == SESS_BYTES;
	int rc = session_change(s);

	if (rc != SESS_OK)
		return session_stick(s, rc, e.key);
	if (e.len > s->kit->config.max_bytes)
		return session_stick(s, SESS_TOOBIG, e.key);
	e.change = CHANGE_SET;
	e.key = arena_copy(&s->memory, e.key, strlen(e.key));
	if (text)
		e.bytes = arena_copy(&s->memory, e.bytes, e.len);
	if (e.key == NULL || (text && e.bytes == NULL) || values_put(&s->vals, &e) != SESS_OK)
		return session_stick(s, SESS_NOMEM, given->key);
	s->vals.changed = true;
	return value_fits(s, given->key);
}

int
value_unset(sess *s, const char *key)
{
	int rc = session_change(s);
	entry *e;

	if (rc != SESS_OK)
		return session_stick(s, rc, key);
	if ((e = values_find(&s->vals, key)) != NULL)
		values_unset(&s->vals, e);
	return SESS_OK;
}

static int
set(sess *s, const entry *e)
{
	if (s == NULL)
		return SESS_INVALID;
	if (value_key_check(e->key, KEY_NAME_MAX) != SESS_OK)
		return session_stick(s, SESS_INVALID, e->key);
	return value_set(s, e);
}

int
sess_set_str(sess *s, const char *key, const char *text)
{
	if (text == NULL)
		return sess_unset(s, key);
	return set(s, &(entry){ .key = key, .type = SESS_STR, .bytes = text, .len = strlen(text) });
}

int
sess_set_int(sess *s, const char *key, int64_t number)
{
	return set(s, &(entry){ .key = key, .type = SESS_INT, .is.num = number });
}

int
sess_set_real(sess *s, const char *key, double number)
{
	if (s != NULL && !isfinite(number))
		return session_stick(s, SESS_INVALID, key);
	return set(s, &(entry){ .key = key, .type = SESS_REAL, .is.real = number });
}

int
sess_set_bool(sess *s, const char *key, bool yes)
{
	return set(s, &(entry){ .key = key, .type = SESS_BOOL, .is.yes = yes });
}

int
sess_set_bytes(sess *s, const char *key, const void *data, size_t len)
{
	if (s != NULL && data == NULL && len > 0)
		return session_stick(s, SESS_INVALID, key);
	return set(s, &(entry){ .key = key, .type = SESS_BYTES, .bytes = data, .len = len });
}

int
sess_add_int(sess *s, const char *key, int64_t delta)
{
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	rc = value_key_check(key, KEY_NAME_MAX);
	if (rc == SESS_OK)
		rc = session_change(s);
	if (rc != SESS_OK)
		return session_stick(s, rc, key);
	if ((key = arena_copy(&s->memory, key, strlen(key))) == NULL ||
		values_add(&s->vals, key, delta) != SESS_OK)
		return session_stick(s, SESS_NOMEM, key);
	return value_fits(s, key);
}

int
sess_unset(sess *s, const char *key)
{
	if (s == NULL)
		return SESS_INVALID;
	if (value_key_check(key, KEY_NAME_MAX) != SESS_OK)
		return session_stick(s, SESS_INVALID, key);
	return value_unset(s, key);
}

int
sess_clear(sess *s)
{
	int rc;

	if (s == NULL)
		return SESS_INVALID;
	if ((rc = session_change(s)) != SESS_OK)
		return session_stick(s, rc, "clear");
	values_clear(&s->vals);
	return SESS_OK;
}
