/* SPDX-License-Identifier: ISC */
/* fuzz_environ.c - any lines as the environment of a request, against a reader that looks for one
 * variable at a time; also as a list of proxies and as a query. */
#include "internal.h"

#include "fuzz.h"

#include <string.h>
#include <strings.h>

#define LINES 64
#define NETWORKS 4

const char *const fuzz_words[] = { "HTTP_COOKIE=a=b\n", "HTTP_HOST=example.org\n", "HTTPS=on\n",
	"HTTP_ORIGIN=https://example.org\n", "REMOTE_ADDR=10.0.0.1\n", "REMOTE_ADDR=::1\n",
	"HTTP_X_FORWARDED_FOR=1.2.3.4, 5.6.7.8\n", "HTTP_X_FORWARDED_PROTO=https\n",
	"REQUEST_METHOD=GET\n", "REQUEST_SCHEME=https\n", "HTTP_SEC_FETCH_SITE=none\n",
	"HTTP_USER_AGENT=x\n", "HTTP_X_SESSION=y\n", "HTTP_X_CSRF_TOKEN=z\n",
	"QUERY_STRING=sid=1&sid=2&a\n", "sid=", "&", "=", "10.0.0.0/8, ::1", "/33", ",", " ",
	"HTTP_", "\n", "http", "off", "255.255.255.255/0", "::ffff:10.0.0.1", NULL };

/* Value of the last variable of this name, which is the one that counts; *n counts them all. */
static const char *
last(char *const *env, const char *name, int *n)
{
	size_t len = strlen(name);
	const char *value = NULL;

	for (*n = 0; *env != NULL; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=') {
			value = *env + len + 1;
			++*n;
		}
	return value;
}

static void
check_request(char *const *env, const network *list, size_t count)
{
	const char *address, *https, *scheme;
	request r;
	int n, many;

	request_read(&r, env, "HTTP_X_SESSION", list, count);
	fuzz_check(r.cookie == last(env, "HTTP_COOKIE", &n) && r.cookies == n);
	fuzz_check(r.method == last(env, "REQUEST_METHOD", &n));
	fuzz_check(r.query == last(env, "QUERY_STRING", &n));
	fuzz_check(r.host == last(env, "HTTP_HOST", &n));
	fuzz_check(r.origin == last(env, "HTTP_ORIGIN", &n));
	fuzz_check(r.fetch_site == last(env, "HTTP_SEC_FETCH_SITE", &n));
	fuzz_check(r.csrf == last(env, "HTTP_X_CSRF_TOKEN", &n));
	fuzz_check(r.agent == last(env, "HTTP_USER_AGENT", &n));
	fuzz_check(r.token == last(env, "HTTP_X_SESSION", &n));
	address = last(env, "REMOTE_ADDR", &n);
	fuzz_check(!r.by_proxy || (count > 0 && address != NULL));
	if (r.by_proxy)
		return;
	/* Nothing that a client sends: with one variable of each, the verdict is plain. */
	https = last(env, "HTTPS", &n);
	scheme = last(env, "REQUEST_SCHEME", &many);
	fuzz_check(r.address == address);
	if (n <= 1 && many <= 1)
		fuzz_check(r.https ==
			   ((https != NULL &&
				    (strcasecmp(https, "on") == 0 || strcmp(https, "1") == 0)) ||
				   (scheme != NULL && strcasecmp(scheme, "https") == 0)));
}

static void
check_query(const char *query)
{
	const char *value = NULL, *first = NULL, *at = query;
	size_t len = 0;
	int found = query_find(query, "sid", &value, &len), wanted = 0;

	while (at != NULL) {
		if (strncmp(at, "sid=", 4) == 0 && wanted++ == 0)
			first = at + 4;
		if ((at = strchr(at, '&')) != NULL)
			at++;
	}
	fuzz_check(found == wanted);
	if (found > 0)
		fuzz_check(value == first && len == strcspn(first, "&"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_copy(data, size), *env[LINES + 1], *at = text;
	const char *bad = NULL;
	network list[NETWORKS];
	size_t n = 0;
	int networks;

	while (n < LINES && *at != '\0') {
		size_t len = strcspn(at, "\n");

		env[n++] = at;
		at += len;
		if (*at == '\n')
			*at++ = '\0';
	}
	env[n] = NULL;
	check_request(env, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		check_query(env[i]);
		networks = networks_parse(env[i], list, NETWORKS, &bad);
		fuzz_check(networks <= NETWORKS);
		if (networks < 0)
			fuzz_check(
				networks == -1 && bad >= env[i] && bad < env[i] + strlen(env[i]));
		else
			check_request(env, list, (size_t)networks);
	}
	free(text);
	return 0;
}
