/* SPDX-License-Identifier: ISC */
/* flash.c - one-shot messages, kept among the values under "@flash.KIND.NUMBER". */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND_MAX 32
#define NUMBER_CHARS 17         /* place in the queue, dot, dice */
#define PREFIX_MAX (sizeof("@flash.") + KIND_MAX + 1)

/* "@flash.KIND." into prefix. */
static int
flash_prefix(char prefix[PREFIX_MAX], const char *kind)
{
	if (value_key_check(kind, KIND_MAX) != SESS_OK)
		return SESS_INVALID;
	(void)snprintf(prefix, PREFIX_MAX, "@flash.%s.", kind);
	return SESS_OK;
}

/* The first message of the kind that comes after this key, or NULL. */
static const entry *
flash_after(const sess *s, const char *prefix, const char *key)
{
	size_t len = strlen(prefix);
	const entry *e = values_after(&s->vals, key);

	/* Kinds may have dots: what begins with "a." may be of kind "a.b". */
	while (e != NULL && strncmp(e->key, prefix, len) == 0) {
		if (strlen(e->key) == len + NUMBER_CHARS)
			return e;
		e = values_after(&s->vals, e->key);
	}
	return NULL;
}

int
sess_flash(sess *s, const char *kind, const char *text)
{
	char prefix[PREFIX_MAX], key[PREFIX_MAX + NUMBER_CHARS + 1];
	unsigned long number = 0;
	uint32_t dice;

	if (s == NULL)
		return SESS_INVALID;
	if (text == NULL || flash_prefix(prefix, kind) != SESS_OK)
		return session_stick(s, SESS_INVALID, "flash kind");
	for (const entry *e = flash_after(s, prefix, prefix); e != NULL;
		e = flash_after(s, prefix, e->key))
		number = strtoul(e->key + strlen(prefix), NULL, 16) + 1;
	/* The dice keep two parallel requests from choosing the same key. */
	random_bytes(&dice, sizeof(dice));
	(void)snprintf(key, sizeof(key), "%s%08lx.%08lx", prefix, number & 0xffffffff,
		(unsigned long)dice);
	return value_set(s, &(entry){ .key = key, .type = SESS_STR, .bytes = text,
		.len = strlen(text) });
}

const char *
sess_flash_take(sess *s, const char *kind)
{
	char prefix[PREFIX_MAX];
	const char *text;
	const entry *e;

	if (s == NULL || flash_prefix(prefix, kind) != SESS_OK ||
		(e = flash_after(s, prefix, prefix)) == NULL || e->type != SESS_STR)
		return NULL;
	text = e->bytes;
	/* A request that may not change it shows it once, and leaves it for the next. */
	if (session_change(s) == SESS_OK)
		(void)value_unset(s, e->key);
	else
		values_find(&s->vals, e->key)->type = SESS_NOTHING;
	return text;
}
