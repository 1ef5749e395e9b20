/* SPDX-License-Identifier: ISC */
/* kit.c - settings, keys and store of a process or thread. */
#include "internal.h"

#include <ctype.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
kit_fail(sess_kit *kit, int code)
{
	kit->error.code = code;
	kit_log(kit, "store", NULL, kit->error.text);
	return code;
}

void
kit_log(const sess_kit *kit, const char *event, const unsigned char *id, const char *text)
{
	char ref[TOKEN_CHARS + 1];
	sess_error line;

	if (kit->config.log == NULL)
		return;
	/* sess_fail makes one clean line of it, whatever a client put in. */
	if (id != NULL) {
		token_encode(ref, id);
		(void)sess_fail(&line, 0, "session %.12s: %s", ref, text);
	} else {
		(void)sess_fail(&line, 0, "%s", text);
	}
	kit->config.log(kit->config.arg, event, line.text);
}

/* Name and attributes of the cookie over plain HTTP (0) and HTTPS (1). A combination that no
 * browser keeps is an error where it would be used, except that "auto" may leave out plain HTTP. */
static int
open_cookies(sess_kit *kit, sess_error *err)
{
	const sess_config *c = &kit->config;

	for (int https = 0; https < 2; https++) {
		cookie_shape *shape = &kit->shape[https];
		const char *why;

		shape->path = c->cookie_path;
		shape->domain = c->cookie_domain;
		shape->samesite = c->cookie_samesite;
		shape->httponly = c->cookie_httponly != SESS_NO;
		shape->partitioned = c->cookie_partitioned == SESS_YES;
		shape->secure = c->cookie_secure == SESS_AUTO ? https : c->cookie_secure == SESS_YES;
		why = cookie_name(kit->name[https], sizeof(kit->name[https]), c->cookie_name,
			c->cookie_prefix, shape);
		if (why == NULL)
			continue;
		if (https == 1 || c->cookie_secure != SESS_AUTO)
			return sess_fail(err, SESS_CONFIG, "cookie_name \"%s\": %s; no browser would keep "
				"it with these cookie_ settings", c->cookie_name, why);
		kit->name[https][0] = '\0';
	}
	return SESS_OK;
}

/* "X-Session" -> "HTTP_X_SESSION" */
static void
open_header(sess_kit *kit)
{
	const char *from = kit->config.header;
	char *to = kit->header_variable;

	if (*from == '\0')
		return;
	memcpy(to, "HTTP_", 5);
	for (to += 5; *from != '\0'; from++)
		*to++ = *from == '-' ? '_' : (char)toupper((unsigned char)*from);
	*to = '\0';
}

static int
open_keys(sess_kit *kit, sess_error *err)
{
	const sess_config *c = &kit->config;
	const store *ground = store_ground(&kit->store);
	char path[sizeof(c->store) + 8];
	int rc;

	if (c->key_file[0] != '\0')
		rc = keyring_open(&kit->keys, c->key_file, false, err);
	else if (ground->provider->flags & SESS_STORE_PROCESS)
		rc = keyring_process(&kit->keys, err);
	else if (ground->provider->flags & SESS_STORE_LOCAL) {
		(void)snprintf(path, sizeof(path), "%s.key", ground->address.path);
		rc = keyring_open(&kit->keys, path, true, err);
	} else
		rc = sess_fail(err, SESS_CONFIG, "key_file: store \"%s\" is shared between machines and "
			"needs a key file that all of them have", c->store);
	if (rc != SESS_OK)
		return rc;
	/* Ids of two applications on one store, or of HTTP and HTTPS, must not be interchangeable. */
	kit->id_key = (unsigned char (*)[2][KEY_BYTES])(void *)(kit->keys.key + KEYS_MAX);
	for (size_t k = 0; k < kit->keys.count; k++)
		for (int https = 0; https < 2; https++)
			token_hash(kit->id_key[k][https], kit->keys.key[k], https ? "id https" : "id http",
				kit->name[https], strlen(kit->name[https]));
	return SESS_OK;
}

static int
open_parts(sess_kit *kit, const sess_config *config, sess_error *err)
{
	sess_limits limits;
	const char *bad;
	int n, rc;

	if ((rc = config_complete(&kit->config, config, err)) != SESS_OK)
		return rc;
	if (sodium_init() < 0)
		return sess_fail(err, SESS_CONFIG, "libsodium cannot start: no random source");
	if ((rc = open_cookies(kit, err)) != SESS_OK)
		return rc;
	open_header(kit);
	n = networks_parse(kit->config.trusted_proxies, kit->proxy,
		sizeof(kit->proxy) / sizeof(kit->proxy[0]), &bad);
	if (n < 0)
		return sess_fail(err, SESS_CONFIG, "trusted_proxies: expected addresses or networks "
			"such as 127.0.0.1, 10.0.0.0/8, at most %zu, got \"%s\"",
			sizeof(kit->proxy) / sizeof(kit->proxy[0]), bad);
	kit->proxies = (size_t)n;
	limits = (sess_limits){ .max_bytes = kit->config.max_bytes,
		.max_sessions = kit->config.max_sessions, .busy_ms = kit->config.busy_ms,
		.carried = carry_room(kit) };
	if ((rc = store_find(&kit->store, kit->config.store, &limits, err)) != SESS_OK ||
		(rc = store_password(&kit->store, kit->config.password_file, err)) != SESS_OK ||
		(rc = store_check(&kit->store, err)) != SESS_OK)
		return rc;
	if (carry_is_on(kit) && kit->config.query[0] != '\0')
		return sess_fail(err, SESS_CONFIG, "query: store \"%s\" has the whole session in the "
			"browser, and no link takes that; leave query empty", kit->config.store);
	return open_keys(kit, err);
}

int
sess_kit_open(sess_kit **out, const sess_config *config, sess_error *error)
{
	sess_error ignored;
	sess_kit *kit;
	int rc;

	if (error == NULL)
		error = &ignored;
	memset(error, 0, sizeof(*error));
	if (out == NULL)
		return sess_fail(error, SESS_INVALID, "sess_kit_open: out is NULL");
	*out = NULL;
	if ((kit = calloc(1, sizeof(*kit))) == NULL)
		return sess_fail(error, SESS_NOMEM, "out of memory");
	rc = open_parts(kit, config, error);
	if (rc != SESS_OK) {
		sess_kit_close(kit);
		return rc;
	}
	*out = kit;
	return SESS_OK;
}

void
session_free(sess *s)
{
	if (s == NULL)
		return;
	arena_free(&s->sink.memory);
	arena_free(&s->memory);
	values_free(&s->vals);
	values_free(&s->other);
	buffer_free(&s->out);
	buffer_free(&s->headers);
	buffer_free(&s->cookie);
	buffer_free(&s->link);
	buffer_free(&s->scratch);
	buffer_free(&s->carried);
	buffer_free(&s->value);
	free(s);
}

void
sess_kit_close(sess_kit *kit)
{
	if (kit == NULL)
		return;
	session_free(kit->spare);
	store_close(&kit->store);
	keyring_close(&kit->keys);
	free(kit);
}

const char *
sess_kit_error(const sess_kit *kit)
{
	return kit != NULL ? kit->error.text : "";
}
