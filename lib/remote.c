/* SPDX-License-Identifier: ISC */
/* remote.c - hosts, deadlines, and a breaker that keeps a dead server from stalling every worker. */
#include "internal.h"
#include "remote.h"

#include <string.h>

#define PAUSE_FIRST 100         /* ms without a try after a failure */
#define PAUSE_MOST 5000

/* -- hosts ------------------------------------------------------------------------------------- */

#define NAME_CHARS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._"
#define ADDRESS_CHARS NAME_CHARS ":%"   /* of IPv6, with a zone */

/* All of text as a port, or 0. */
static int
read_port(const char *text, size_t len)
{
	int port = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || i > 4)
			return 0;
		port = port * 10 + (text[i] - '0');
	}
	return port <= 65535 ? port : 0;
}

/* NULL, or what is wrong with "name", "name:port", "[address]" or "[address]:port". */
static const char *
read_host(remote_host *out, const char *text, size_t len, int port)
{
	bool bracket = len > 0 && *text == '[';
	size_t name, behind;

	text += bracket;
	len -= bracket;
	name = strspn(text, bracket ? ADDRESS_CHARS : NAME_CHARS);
	if (name > len || name == 0)
		return "has an empty host, or one with a character that no host has";
	behind = name + bracket;
	if (bracket && (name == len || text[name] != ']'))
		return "has an address whose bracket is not closed; write [::1]:6379";
	if (behind < len && text[behind] != ':')
		return "has a host with a character that no host has";
	if (behind < len && (port = read_port(text + behind + 1, len - behind - 1)) == 0)
		return "has a port that is none; ports are 1 to 65535";
	if (name >= sizeof(out->name))
		return "has a host with too long a name";
	memcpy(out->name, text, name);
	out->name[name] = '\0';
	out->port = port;
	return NULL;
}

const char *
remote_hosts(remote_host host[REMOTE_HOSTS], size_t *n, const char *list, int port)
{
	const char *fault;
	size_t len;

	for (*n = 0; *n < REMOTE_HOSTS; list += len + 1) {
		len = strcspn(list, ",");
		if ((fault = read_host(&host[*n], list, len, port)) != NULL)
			return fault;
		++*n;
		if (list[len] == '\0')
			return NULL;
	}
	return "has more than 16 hosts";
}

int
remote_open(remote *r, const sess_address *address, const sess_limits *limits, int port,
	sess_error *err)
{
	bool here = strcmp(address->kind, "unix") == 0;
	const char *fault = NULL;

	memset(r, 0, sizeof(*r));
	r->url = address->url;
	r->call_ms = limits->busy_ms;
	r->pause_ms = PAUSE_FIRST;
	r->clock = clock_monotonic_ms;
	if (!here)
		fault = remote_hosts(r->host, &r->hosts, address->host, port);
	if (fault != NULL)
		return sess_fail(err, SESS_CONFIG, "store \"%s\": its URL %s", address->url, fault);
	return SESS_OK;
}

void
remote_next(remote *r)
{
	if (r->hosts > 0)
		r->at = (r->at + 1) % r->hosts;
}

/* -- time -------------------------------------------------------------------------------------- */

int
remote_begin(remote *r, sess_error *err)
{
	int64_t now = r->clock();

	if (now < r->closed_until)
		return sess_fail(err, SESS_STORE, "%s (tried again in %d ms)", r->why,
			(int)(r->closed_until - now));
	r->until = now + r->call_ms;
	return SESS_OK;
}

int
remote_left_ms(const remote *r)
{
	int64_t left = r->until - r->clock();

	return left > 0 ? (int)left : 0;
}

void
remote_worked(remote *r)
{
	r->closed_until = 0;
	r->pause_ms = PAUSE_FIRST;
}

void
remote_failed(remote *r, const sess_error *err)
{
	int64_t now = r->clock(), took = now - (r->until - r->call_ms);

	memcpy(r->why, err->text, sizeof(r->why));
	/* A server that does not answer at all costs the whole time of a call: so that workers do
	 * not spend most of theirs on it, they are spared at least as long. */
	if (took > r->pause_ms)
		r->pause_ms = took < PAUSE_MOST ? (int)took : PAUSE_MOST;
	r->closed_until = now + r->pause_ms;
	r->pause_ms = r->pause_ms < PAUSE_MOST / 2 ? r->pause_ms * 2 : PAUSE_MOST;
}

/* -- options ----------------------------------------------------------------------------------- */

int
remote_option(const sess_address *address, const char *name, char *value, size_t room,
	sess_error *err)
{
	const char *text;
	ssize_t n;
	size_t len;
	int found = query_find(address->query, name, &text, &len);

	if (found == 0)
		return 0;
	if (found > 1)
		return sess_fail(err, SESS_CONFIG, "store: its URL has the parameter %s twice", name);
	/* What it stands for is no longer than this. */
	if (len >= room)
		return sess_fail(err, SESS_CONFIG, "store: the parameter %s of its URL is longer than "
			"%zu bytes", name, room - 1);
	if ((n = percent_decode(value, text, len)) < 0)
		return sess_fail(err, SESS_CONFIG, "store: the parameter %s of its URL has a bad %% escape "
			"or a control character", name);
	value[n] = '\0';
	return 1;
}

int
remote_options_known(const sess_address *address, const char *const *names, sess_error *err)
{
	const char *at = address->query;
	size_t part, len;

	for (; *at != '\0'; at += part + (at[part] == '&')) {
		const char *const *name = names;

		part = strcspn(at, "&");
		len = strcspn(at, "=&");
		while (*name != NULL && (strlen(*name) != len || memcmp(*name, at, len) != 0))
			name++;
		/* Its name alone: the value may be a password that somebody put there. */
		if (*name == NULL || len == part)
			return sess_fail(err, SESS_CONFIG, "store: its URL has the parameter \"%.*s\", %s",
				(int)(len < 32 ? len : 32), at, *name == NULL ?
				"which this store does not know" : "which needs a value");
	}
	return SESS_OK;
}
