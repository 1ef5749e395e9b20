/* SPDX-License-Identifier: ISC */
/* store_redis_url.c - what the URL of a Redis store says beside its hosts. */
#include "store_redis.h"

#include <stdlib.h>
#include <string.h>

#define DATABASES 16384
#define REPLICAS 100

/* All of text as a number, or false. */
static bool
read_number(const char *text, int most, int *out)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || n > most)
		return false;
	*out = (int)n;
	return true;
}

static int
bad_url(const redis_store *s, const char *what, sess_error *err)
{
	return sess_fail(err, SESS_CONFIG, "store \"%s\": its URL %s", s->address.url, what);
}

static int
read_kind(redis_store *s, sess_error *err)
{
	const char *kind = s->address.kind, *path = s->address.path;

	path += *path == '/';
	if (strcmp(kind, "sentinel") == 0) {
		s->kind = REDIS_SENTINEL;
		return *path ? SESS_OK : bad_url(s, "has no name of a master behind the sentinels: write "
			"redis+sentinel://HOST,HOST/NAME", err);
	}
	if (strcmp(kind, "cluster") == 0) {
		s->kind = REDIS_CLUSTER;
		return *path ? bad_url(s, "has a path, but a cluster has no databases", err) : SESS_OK;
	}
	if (strcmp(kind, "unix") == 0)
		return SESS_OK;
	if (*kind)
		return bad_url(s, "is of an unknown kind: redis has redis+unix, redis+sentinel and "
			"redis+cluster", err);
	return !*path || read_number(path, DATABASES, &s->db) ? SESS_OK
		: bad_url(s, "has a path that is no number of a database: write redis://HOST/0", err);
}

static int
read_options(redis_store *s, sess_error *err)
{
	static const char *const names[] = { "prefix", "db", "wait", NULL };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_:-";
	char number[8];
	int rc = remote_options_known(&s->address, names, err), found;

	memcpy(s->prefix, "sess:", sizeof("sess:"));
	if (rc != SESS_OK || (found = remote_option(&s->address, "prefix", s->prefix,
		sizeof(s->prefix), err)) < 0)
		return rc != SESS_OK ? rc : found;
	if (!*s->prefix || s->prefix[strspn(s->prefix, letters)])
		return bad_url(s, "has a prefix that is not of letters, digits, '_', ':' and '-'", err);
	found = remote_option(&s->address, "db", number, sizeof(number), err);
	if (found < 0)
		return found;
	if (found && (s->kind == REDIS_CLUSTER || !read_number(number, DATABASES, &s->db)))
		return bad_url(s, "has a db that is no number of a database, or is of a cluster, which has "
			"none", err);
	found = remote_option(&s->address, "wait", number, sizeof(number), err);
	if (found < 0)
		return found;
	return !found || read_number(number, REPLICAS, &s->wait) ? SESS_OK
		: bad_url(s, "has a wait that is no number of replicas", err);
}

int
redis_read_url(redis_store *s, sess_error *err)
{
	int rc = read_kind(s, err);

	return rc == SESS_OK ? read_options(s, err) : rc;
}
