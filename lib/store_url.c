/* SPDX-License-Identifier: ISC */
/* store_url.c - a store URL taken apart. What it must not have, a password, is never repeated. */
#include "internal.h"
#include "remote.h"

#include <string.h>

#define SCHEME_CHARS "abcdefghijklmnopqrstuvwxyz+"

typedef struct part {
	const char *at;
	size_t len;
} part;

/* scheme[+kind]://[user@]host[/path][?query] */
typedef struct parts {
	part kind, user, host, path, query;
} parts;

static int
fail_url(const char *url, const char *what, sess_error *err)
{
	/* No more of the URL than that: what is wrong with it may be a password. */
	return sess_fail(err, SESS_CONFIG, "store: its URL, %.*s:..., %s",
		(int)strspn(url, SCHEME_CHARS), url, what);
}

/* A URL from behind its scheme. NULL, or what is wrong with it. */
static const char *
take_apart(parts *p, const char *rest)
{
	const char *at;

	if (strncmp(rest, "//", 2) != 0)
		return "must go on with // and a host, or with /// and the path of a socket";
	p->host.at = rest + 2;
	p->host.len = strcspn(p->host.at, "/?");
	p->path.at = p->host.at + p->host.len;
	p->path.len = strcspn(p->path.at, "?");
	p->query.at = p->path.at + p->path.len;
	p->query.at += *p->query.at == '?';
	p->query.len = strlen(p->query.at);
	at = memchr(p->host.at, '@', p->host.len);
	if (at != NULL) {
		p->user = (part){ p->host.at, (size_t)(at - p->host.at) };
		p->host.len -= p->user.len + 1;
		p->host.at = at + 1;
	}
	/* A password may have had any of the other marks in it, and then it ends at an '@' still. */
	if (memchr(p->user.at, ':', p->user.len) != NULL || strchr(p->host.at, '@') != NULL)
		return "has a password or a second '@'; put the password into a file and name that with "
			"password_file, or write %40 for the '@'";
	return NULL;
}

/* NULL, or what is wrong with who is to be asked. */
static const char *
check_host(const parts *p, const char *list)
{
	remote_host host[REMOTE_HOSTS];
	size_t n;

	if (p->kind.len == 4 && memcmp(p->kind.at, "unix", 4) == 0)
		return p->host.len > 0 ? "has a host, but this kind is for a socket: write ///PATH" :
			p->path.len < 2 ? "has no path of a socket" : NULL;
	return remote_hosts(host, &n, list, 1);
}

/* A copy, which ends with a NUL; there is room for it. */
static char *
put(buffer *text, const part *p)
{
	char *to = text->at + text->len;

	if (p->len > 0)
		memcpy(to, p->at, p->len);
	to[p->len] = '\0';
	text->len += p->len + 1;
	return to;
}

/* The same, unescaped; NULL: something is wrong with it. */
static char *
put_decoded(buffer *text, const part *p)
{
	char *to = put(text, p);
	ssize_t len = percent_decode(to, to, p->len);

	if (len < 0)
		return NULL;
	to[len] = '\0';
	return to;
}

static int
put_remote(sess_address *out, buffer *text, const parts *p, sess_error *err)
{
	char *user, *path, *query;
	const char *fault;

	out->kind = put(text, &p->kind);
	out->host = put(text, &p->host);
	if ((fault = check_host(p, out->host)) != NULL)
		return fail_url(out->url, fault, err);
	user = put_decoded(text, &p->user);
	path = put_decoded(text, &p->path);
	/* Only looked at: its values are unescaped one by one. */
	query = put_decoded(text, &p->query);
	if (user == NULL || path == NULL || query == NULL)
		return fail_url(out->url, "has a % that two hexadecimal digits should follow, or a "
			"control character", err);
	if (strchr(user, ':') != NULL)
		return fail_url(out->url, "has a user with a ':' in the name", err);
	out->user = user;
	out->path = path;
	out->query = put(text, &p->query);
	return SESS_OK;
}

int
url_split(sess_address *out, buffer *text, const char *url, unsigned flags, sess_error *err)
{
	size_t len = strlen(url), scheme = strcspn(url, ":");
	const char *rest = url + scheme + (url[scheme] == ':'), *plus = memchr(url, '+', scheme);
	parts p = { .kind = { "", 0 }, .user = { "", 0 } };
	const char *fault;

	*out = (sess_address){ .url = "", .kind = "", .host = "", .user = "", .path = "", .query = "",
		.password = "" };
	buffer_wipe(text);
	/* All of them, the URL itself and the query twice, each with its NUL, so that none moves. */
	if (buffer_room(text, 3 * len + 8) != SESS_OK)
		return sess_fail(err, SESS_NOMEM, "store: out of memory");
	if (!(flags & SESS_STORE_REMOTE)) {
		out->url = put(text, &(part){ url, len });
		out->path = out->url + (rest - url);
		return SESS_OK;
	}
	if (plus != NULL)
		p.kind = (part){ plus + 1, scheme - (size_t)(plus - url) - 1 };
	if ((fault = take_apart(&p, rest)) != NULL)
		return fail_url(url, fault, err);
	out->url = put(text, &(part){ url, len });
	return put_remote(out, text, &p, err);
}
