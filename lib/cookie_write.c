/* SPDX-License-Identifier: ISC */
/*
 * cookie_write.c - Set-Cookie out: one builder for the live cookie and for its deletion, because a
 * browser deletes only what has the same name, path and domain. What a browser would drop is
 * refused here instead of sent (draft-ietf-httpbis-rfc6265bis, sections 4.1 and 5.7).
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define ATTRIBUTE_MAX 1024

/* RFC 9110 token, RFC 6265 cookie-octet and path-value: bytes that cannot end their part early. */
static bool
all_of(const char *text, const char *also_refused)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c > '~' || strchr(also_refused, c) != NULL)
			return false;
	}
	return true;
}

static int
attribute_check(const char *text)
{
	if (strlen(text) > ATTRIBUTE_MAX)
		return SESS_TOOBIG;
	return all_of(text, ";") ? SESS_OK : SESS_INVALID;
}

static bool
begins(const char *name, const char *prefix)
{
	return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

const char *
cookie_check(const char *name, const cookie_shape *shape)
{
	bool host = begins(name, "__Host-"), http = begins(name, "__Http-");

	if (shape->path[0] != '/' || attribute_check(shape->path) != SESS_OK)
		return "a path begins with \"/\", and is at most 1024 bytes of ASCII without \";\"";
	if (attribute_check(shape->domain) != SESS_OK)
		return "a domain is at most 1024 bytes of ASCII without \";\"";
	if ((host || http || begins(name, "__Secure-")) && !shape->secure)
		return "a __Host- or __Secure- cookie needs Secure";
	if ((http || begins(name, "__Host-Http-")) && !shape->httponly)
		return "a __Http- or __Host-Http- cookie needs HttpOnly";
	if (host && (strcmp(shape->path, "/") != 0 || shape->domain[0] != '\0'))
		return "a __Host- cookie needs the path \"/\" and no domain";
	if (shape->samesite == SESS_CROSS_SITE && !shape->secure)
		return "a cross-site cookie needs Secure";
	if (shape->partitioned && !shape->secure)
		return "a partitioned cookie needs Secure";
	return NULL;
}

const char *
cookie_name(char *out, size_t size, const char *base, sess_prefix prefix, const cookie_shape *shape)
{
	const char *before = "";

	if (prefix == SESS_PREFIX_AUTO && shape->secure)
		prefix = strcmp(shape->path, "/") == 0 && shape->domain[0] == '\0' ?
			SESS_PREFIX_HOST : SESS_PREFIX_SECURE;
	if (prefix == SESS_PREFIX_HOST)
		before = "__Host-";
	else if (prefix == SESS_PREFIX_SECURE)
		before = "__Secure-";
	if ((size_t)snprintf(out, size, "%s%s", before, base) >= size)
		return "the cookie name is too long";
	return cookie_check(out, shape);
}

/* Room was made before, so this cannot fail. */
static void
put(buffer *out, const char *text)
{
	(void)buffer_text(out, text);
}

static void
put_life(buffer *out, int64_t life)
{
	char text[64];

	if (life == 0)
		return;
	if (life < 0) {
		put(out, "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
		return;
	}
	if (life > REMEMBER_MAX)
		life = REMEMBER_MAX;
	(void)snprintf(text, sizeof(text), "; Max-Age=%lld", (long long)life);
	put(out, text);
}

int
cookie_write(buffer *out, const char *name, const char *text, int64_t life,
	const cookie_shape *shape)
{
	static const char *const samesite[] = { "; SameSite=Lax", "; SameSite=Strict",
		"; SameSite=None" };
	size_t len = strlen(name) + strlen(text);
	int rc;

	if (len > COOKIE_PAIR_MAX)
		return SESS_TOOBIG;
	if (*name == '\0' || !all_of(name, " \"(),/:;<=>?@[\\]{}") || !all_of(text, " \",;\\"))
		return SESS_INVALID;
	if ((rc = attribute_check(shape->path)) != SESS_OK ||
		(rc = attribute_check(shape->domain)) != SESS_OK)
		return rc;
	/* All checks and all memory first: nothing can leave half a cookie behind. */
	len += strlen(shape->path) + strlen(shape->domain) + COOKIE_FIXED_MAX;
	if (buffer_room(out, len) != SESS_OK)
		return SESS_NOMEM;
	put(out, name);
	put(out, "=");
	put(out, text);
	put(out, "; Path=");
	put(out, shape->path);
	if (shape->domain[0] != '\0') {
		put(out, "; Domain=");
		put(out, shape->domain);
	}
	put_life(out, life);
	if (shape->secure)
		put(out, "; Secure");
	if (shape->httponly)
		put(out, "; HttpOnly");
	put(out, samesite[shape->samesite]);
	if (shape->partitioned)
		put(out, "; Partitioned");
	return SESS_OK;
}
