/* SPDX-License-Identifier: ISC */
/* store.c - URL -> provider; opened anew in a child process. */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESS_STORE_ROW(name) extern const sess_provider sess_provider_##name;
#include "stores.def"
#undef SESS_STORE_ROW

static const sess_provider *const providers[] = {
#define SESS_STORE_ROW(name) &sess_provider_##name,
#include "stores.def"
#undef SESS_STORE_ROW
};
#define PROVIDERS (sizeof(providers) / sizeof(providers[0]))

static const sess_provider *
provider_find(const char *url)
{
	size_t len = strcspn(url, ":");

	for (size_t i = 0; url[len] == ':' && i < PROVIDERS; i++)
		if (strlen(providers[i]->scheme) == len && memcmp(providers[i]->scheme, url, len) == 0)
			return providers[i];
	return NULL;
}

static int
unknown_scheme(const char *url, sess_error *err)
{
	/* No more of the URL than that: there might be a password in it. */
	int scheme = (int)strspn(url, "abcdefghijklmnopqrstuvwxyz+");
	char known[128] = "";

	for (size_t i = 0; i < PROVIDERS; i++) {
		strncat(known, i > 0 ? ", " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, providers[i]->scheme, sizeof(known) - strlen(known) - 1);
		strncat(known, ":", sizeof(known) - strlen(known) - 1);
	}
	return sess_fail(err, SESS_CONFIG, "store: \"%.*s\" is no kind of store; this library has %s",
		scheme, url, known);
}

/* A copy of the URL, for a child opens again when the caller's text may be gone; and with a whole
 * path where it is a file, for the program may have gone to another folder by then. */
static int
copy_url(store *s, const char *url, size_t scheme, sess_error *err)
{
	bool relative = (s->provider->flags & SESS_STORE_LOCAL) && url[scheme] != '/';
	char *folder = relative ? getcwd(NULL, 0) : NULL;
	int rc = SESS_OK;

	if (relative && folder == NULL)
		return sess_fail(err, SESS_STORE, "store \"%s\": the folder that the program runs in "
			"cannot be found; give the whole path", url);
	if (buffer_put(&s->text, url, scheme) != SESS_OK ||
		(relative && (buffer_text(&s->text, folder) != SESS_OK ||
			buffer_char(&s->text, '/') != SESS_OK)) ||
		buffer_text(&s->text, url + scheme) != SESS_OK || buffer_end(&s->text) != SESS_OK)
		rc = sess_fail(err, SESS_NOMEM, "store \"%s\": out of memory", url);
	free(folder);
	return rc;
}

int
store_find(store *s, const char *url, const sess_limits *limits, sess_error *err)
{
	size_t scheme = strcspn(url, ":") + 1;
	int rc;

	memset(s, 0, sizeof(*s));
	s->provider = provider_find(url);
	if (s->provider == NULL)
		return unknown_scheme(url, err);
	if ((rc = copy_url(s, url, scheme, err)) != SESS_OK) {
		store_close(s);
		return rc;
	}
	s->limits = *limits;
	s->address = (sess_address){ .url = s->text.at, .path = s->text.at + scheme,
		.host = "", .user = "", .query = "" };
	return SESS_OK;
}

int
store_open(store *s, const char *url, const sess_limits *limits, sess_error *err)
{
	int rc = store_find(s, url, limits, err);

	if (rc != SESS_OK)
		return rc;
	s->pid = getpid();
	rc = s->provider->open(&s->self, &s->address, &s->limits, err);
	if (rc != SESS_OK) {
		s->self = NULL;
		store_close(s);
	}
	return rc;
}

int
store_check(store *s, sess_error *err)
{
	pid_t pid = getpid();

	if (s->self != NULL && s->pid == pid)
		return SESS_OK;
	/* What self holds is shared with the parent; only the store knows what may be let go of. */
	if (s->self != NULL && s->provider->forked != NULL)
		s->provider->forked(s->self);
	s->self = NULL;
	s->pid = pid;
	return s->provider->open(&s->self, &s->address, &s->limits, err);
}

void
store_close(store *s)
{
	if (s->self != NULL && s->pid == getpid())
		s->provider->close(s->self);
	else if (s->self != NULL && s->provider->forked != NULL)
		s->provider->forked(s->self);
	s->self = NULL;
	buffer_free(&s->text);
}
