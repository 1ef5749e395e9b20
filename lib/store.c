/* SPDX-License-Identifier: ISC */
/* store.c - URL -> provider; opened anew in a child process. */
#include "internal.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SESS_STORE_MODULE(name)
#define SESS_STORE_ROW(name) extern const sess_provider sess_provider_##name;
#include "stores.def"
#undef SESS_STORE_ROW

static const sess_provider *const providers[] = {
#define SESS_STORE_ROW(name) &sess_provider_##name,
#include "stores.def"
#undef SESS_STORE_ROW
#undef SESS_STORE_MODULE
};
#define PROVIDERS (sizeof(providers) / sizeof(providers[0]))

static const char *const modules[] = {
#define SESS_STORE_ROW(name)
#define SESS_STORE_MODULE(name) #name,
#include "stores.def"
#undef SESS_STORE_ROW
#undef SESS_STORE_MODULE
};
#define MODULES (sizeof(modules) / sizeof(modules[0]))

static int
unknown_scheme(const char *url, sess_error *err)
{
	/* No more of the URL than that: there might be a password in it. */
	int scheme = (int)strspn(url, "abcdefghijklmnopqrstuvwxyz+-");
	char known[128] = "";

	for (size_t i = 0; i < PROVIDERS + MODULES; i++) {
		strncat(known, i > 0 ? ", " : "", sizeof(known) - strlen(known) - 1);
		strncat(known, i < PROVIDERS ? providers[i]->scheme : modules[i - PROVIDERS],
			sizeof(known) - strlen(known) - 1);
		strncat(known, ":", sizeof(known) - strlen(known) - 1);
	}
	return sess_fail(err, SESS_CONFIG, "store: \"%.*s\" is no kind of store; this library has %s",
		scheme, url, known);
}

static bool
same(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && memcmp(name, text, len) == 0;
}

/* The provider of "scheme:..." or "scheme+kind:..."; only servers are of several kinds. */
static const sess_provider *
provider_find(const char *url, sess_error *err)
{
	size_t scheme = strcspn(url, ":"), len = strcspn(url, "+:");

	for (size_t i = 0; url[scheme] == ':' && i < PROVIDERS; i++)
		if (same(providers[i]->scheme, url,
			providers[i]->flags & SESS_STORE_REMOTE ? len : scheme))
			return providers[i];
	for (size_t i = 0; url[scheme] == ':' && i < MODULES; i++)
		if (same(modules[i], url, len))
			return store_module(modules[i], err);
	(void)unknown_scheme(url, err);
	return NULL;
}

/* With a whole path where it is a file, for the program may have gone to another folder when a child
 * opens it again. */
static int
whole_url(buffer *text, const char *url, size_t scheme, sess_error *err)
{
	char *folder = getcwd(NULL, 0);
	int rc = SESS_OK;

	if (folder == NULL)
		return sess_fail(err, SESS_STORE, "store \"%s\": the folder that the program runs in "
			"cannot be found; give the whole path", url);
	if (buffer_put(text, url, scheme) != SESS_OK || buffer_text(text, folder) != SESS_OK ||
		buffer_char(text, '/') != SESS_OK || buffer_text(text, url + scheme) != SESS_OK ||
		buffer_end(text) != SESS_OK)
		rc = sess_fail(err, SESS_NOMEM, "store \"%s\": out of memory", url);
	free(folder);
	return rc;
}

/* One of the stores that s stands on: the first word of its path. */
static int
find_base(store *s, const char *word, size_t len, sess_error *err)
{
	store *base = &s->under[s->address.bases];
	char *url = strndup(word, len);
	int rc = url != NULL ? store_find(base, url, &s->limits, err) :
		sess_fail(err, SESS_NOMEM, "store: out of memory");

	free(url);
	if (rc != SESS_OK)
		return rc;
	s->base[s->address.bases++] = (sess_base){ base->provider, &base->address };
	if (base->provider->flags & SESS_STORE_OVER)
		rc = sess_fail(err, SESS_CONFIG, "store: %s:... cannot stand on %s:..., which stands on "
			"another store itself", s->provider->scheme, base->provider->scheme);
	return rc;
}

static int
find_bases(store *s, sess_error *err)
{
	const char *at = s->address.path;
	int rc = SESS_OK;

	if ((s->under = calloc(STORE_BASES, sizeof(*s->under))) == NULL)
		return sess_fail(err, SESS_NOMEM, "store: out of memory");
	for (at += strspn(at, " "); rc == SESS_OK && *at != '\0'; at += strspn(at, " ")) {
		size_t len = strcspn(at, " ");

		if (s->address.bases == STORE_BASES)
			return sess_fail(err, SESS_CONFIG, "store: %s:... stands on no more than %d stores, "
				"and no URL has blanks in it", s->provider->scheme, STORE_BASES);
		rc = find_base(s, at, len, err);
		at += len;
	}
	if (rc == SESS_OK && s->address.bases == 0)
		rc = find_base(s, "sqlite:sessions.db", strlen("sqlite:sessions.db"), err);
	s->address.base = s->base;
	return rc;
}

int
store_find(store *s, const char *url, const sess_limits *limits, sess_error *err)
{
	size_t scheme = strcspn(url, ":") + 1;
	buffer whole = { 0 };
	int rc = SESS_OK;

	memset(s, 0, sizeof(*s));
	s->limits = *limits;
	s->provider = provider_find(url, err);
	if (s->provider == NULL)
		return SESS_CONFIG;
	if ((s->provider->flags & SESS_STORE_LOCAL) && url[scheme] != '/')
		rc = whole_url(&whole, url, scheme, err);
	if (rc == SESS_OK)
		rc = url_split(&s->address, &s->text, whole.at != NULL ? whole.at : url,
			s->provider->flags, err);
	buffer_free(&whole);
	if (rc == SESS_OK && (s->provider->flags & SESS_STORE_OVER))
		rc = find_bases(s, err);
	if (rc != SESS_OK)
		store_close(s);
	return rc;
}

const store *
store_ground(const store *s)
{
	return s->under != NULL ? s->under : s;
}

/* Hand the password to the servers among these; the number of those. */
static int
give_password(store *s, const char *password)
{
	int n = 0;

	for (size_t i = 0; i < s->address.bases; i++)
		n += give_password(&s->under[i], password);
	if (s->provider->flags & SESS_STORE_REMOTE) {
		s->address.password = password;
		n++;
	}
	return n;
}

int
store_password(store *s, const char *file, sess_error *err)
{
	const char *text = secure_getenv("SESSKIT_STORE_PASSWORD");
	int rc = SESS_OK;

	if (give_password(s, "") == 0)
		return SESS_OK;
	if (text != NULL && *text != '\0')
		rc = password_take(&s->password, text, strlen(text), err);
	else if (*file != '\0')
		rc = password_read(&s->password, file, err);
	if (s->password != NULL)
		(void)give_password(s, s->password);
	return rc;
}

int
store_check(store *s, sess_error *err)
{
	pid_t pid = getpid();
	int rc;

	if (s->self != NULL && s->pid == pid)
		return SESS_OK;
	/* What self holds is shared with the parent; only the store knows what may be let go of. */
	if (s->self != NULL && s->provider->forked != NULL)
		s->provider->forked(s->self);
	s->self = NULL;
	s->pid = pid;
	rc = s->provider->open(&s->self, &s->address, &s->limits, err);
	if (rc != SESS_OK)
		s->self = NULL;
	return rc;
}

void
store_close(store *s)
{
	if (s->self != NULL && s->pid == getpid())
		s->provider->close(s->self);
	else if (s->self != NULL && s->provider->forked != NULL)
		s->provider->forked(s->self);
	s->self = NULL;
	for (size_t i = 0; s->under != NULL && i < STORE_BASES; i++)
		if (s->under[i].provider != NULL)
			store_close(&s->under[i]);
	free(s->under);
	s->under = NULL;
	buffer_free(&s->text);
	sodium_free(s->password);       /* wipes it */
	s->password = NULL;
}
