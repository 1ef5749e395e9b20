/* SPDX-License-Identifier: ISC */
/* environ.c - the CGI variables we need, in one pass over the environment. */
#include "internal.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* What only a trusted proxy may say. */
typedef struct forwarded {
	const char *proto, *client;
} forwarded;

/* A variable of the environment, split at its "=". */
typedef struct variable {
	const char *name, *value;
	size_t len;                     /* of the name */
} variable;

static bool
is_named(const variable *v, const char *name, size_t len)
{
	return v->len == len && memcmp(v->name, name, len) == 0;
}
/* Lengths first: then hardly any two names need to be compared. */
#define IS(v, text) is_named(v, text, sizeof(text) - 1)

static void
read_header(request *r, forwarded *f, const variable *v, const char *header_variable)
{
	if (IS(v, "HTTP_COOKIE")) {
		r->cookie = v->value;
		r->cookies++;
	} else if (IS(v, "HTTP_HOST"))
		r->host = v->value;
	else if (IS(v, "HTTP_ORIGIN"))
		r->origin = v->value;
	else if (IS(v, "HTTP_SEC_FETCH_SITE"))
		r->fetch_site = v->value;
	else if (IS(v, "HTTP_USER_AGENT"))
		r->agent = v->value;
	else if (IS(v, "HTTP_X_CSRF_TOKEN"))
		r->csrf = v->value;
	else if (IS(v, "HTTP_X_FORWARDED_PROTO"))
		f->proto = v->value;
	else if (IS(v, "HTTP_X_FORWARDED_FOR"))
		f->client = v->value;
	if (header_variable[0] != '\0' && is_named(v, header_variable, strlen(header_variable)))
		r->token = v->value;
}

static void
read_server(request *r, const variable *v)
{
	if (IS(v, "REQUEST_METHOD"))
		r->method = v->value;
	else if (IS(v, "REQUEST_SCHEME"))
		r->https |= strcasecmp(v->value, "https") == 0;
	else if (IS(v, "REMOTE_ADDR"))
		r->address = v->value;
	else if (IS(v, "QUERY_STRING"))
		r->query = v->value;
	else if (IS(v, "HTTPS"))
		r->https |= strcasecmp(v->value, "on") == 0 || strcmp(v->value, "1") == 0;
}

static bool
network_has(const network *n, int family, const unsigned char *address)
{
	int whole = n->bits / 8, rest = n->bits % 8;

	return n->family == family && memcmp(n->prefix, address, (size_t)whole) == 0 &&
		(rest == 0 || (n->prefix[whole] ^ address[whole]) >> (8 - rest) == 0);
}

static bool
is_proxy(const char *text, const network *list, size_t count)
{
	unsigned char address[16];
	int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, address) != 1)
		return false;
	for (size_t i = 0; i < count; i++)
		if (network_has(&list[i], family, address))
			return true;
	return false;
}

/* The nearest proxy appends on the right; what stands left of it anybody may have sent. */
static const char *
nearest(const char *list)
{
	const char *comma = strrchr(list, ',');

	return comma != NULL ? comma + 1 + strspn(comma + 1, " \t") : list;
}

/* The client that a chain of trusted proxies speaks for: each proxy appends whom it spoke with, so
 * from the right, the first that is no proxy of ours. What is no address ends the search. */
static void
read_client(request *r, const char *chain, const network *list, size_t count)
{
	const char *end = chain + strlen(chain), *from;
	char text[sizeof(r->client)];
	unsigned char address[16];

	do {
		for (from = end; from > chain && from[-1] != ',';)
			from--;
		from += strspn(from, " \t");
		if (from > end || (size_t)(end - from) >= sizeof(text))
			return;
		memcpy(text, from, (size_t)(end - from));
		text[end - from] = '\0';
		text[strcspn(text, " \t")] = '\0';
		if (inet_pton(strchr(text, ':') != NULL ? AF_INET6 : AF_INET, text, address) != 1)
			return;
		memcpy(r->client, text, sizeof(text));
		r->address = r->client;
		while (from > chain && *from != ',')
			from--;
		end = from;
	} while (end > chain && is_proxy(text, list, count));
}

void
request_read(request *r, char *const *env, const char *header_variable, const network *list,
	size_t count)
{
	forwarded f = { NULL, NULL };

	memset(r, 0, sizeof(*r));
	for (; env != NULL && *env != NULL; env++) {
		variable v = { .name = *env };
		const char *equals;

		if ((v.name[0] != 'H' && v.name[0] != 'R' && v.name[0] != 'Q') ||
			(equals = strchr(v.name, '=')) == NULL)
			continue;
		v.value = equals + 1;
		v.len = (size_t)(equals - v.name);
		if (strncmp(v.name, "HTTP_", 5) == 0)
			read_header(r, &f, &v, header_variable);
		else
			read_server(r, &v);
	}
	if (count == 0 || r->address == NULL || !is_proxy(r->address, list, count))
		return;
	r->by_proxy = true;
	if (f.client != NULL)
		read_client(r, f.client, list, count);
	if (f.proto != NULL)
		r->https = strcasecmp(nearest(f.proto), "https") == 0;
}

static bool
network_parse(const char *text, size_t len, network *n)
{
	char copy[64], *slash;
	int most;

	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if ((slash = strchr(copy, '/')) != NULL)
		*slash++ = '\0';
	n->family = strchr(copy, ':') != NULL ? AF_INET6 : AF_INET;
	most = n->family == AF_INET6 ? 128 : 32;
	n->bits = most;
	if (slash != NULL) {
		size_t digits = strspn(slash, "0123456789");

		if (digits == 0 || digits > 3 || slash[digits] != '\0')
			return false;
		n->bits = 0;
		for (; *slash != '\0'; slash++)
			n->bits = n->bits * 10 + (*slash - '0');
	}
	return n->bits <= most && inet_pton(n->family, copy, n->prefix) == 1;
}

int
networks_parse(const char *list, network *out, size_t max, const char **bad)
{
	size_t count = 0;

	for (const char *at = list + strspn(list, ", "); *at != '\0'; at += strspn(at, ", ")) {
		size_t len = strcspn(at, ", ");

		if (count == max || !network_parse(at, len, &out[count])) {
			*bad = at;
			return -1;
		}
		count++;
		at += len;
	}
	return (int)count;
}
