/* SPDX-License-Identifier: ISC */
/* fuzz_store_url.c - any text as the URL of a store: it is refused in one line that repeats no
 * password, or its parts are whole, have no control characters, and their hosts can be used. */
#include "internal.h"
#include "remote.h"

#include "fuzz.h"

#include <string.h>

const char *const fuzz_words[] = { "redis", "mysql", "+unix", "+cluster", "://", ":", "/", "//",
	"@", "user", "h1", ",h2", ":6379", "[::1]", "?prefix=", "&db=1", "%40", "%3A", "%00", "%4", "+",
	"0", "65536", "5ECRET", ":5ECRET@", ".", "\n", "\xc3\xa4", NULL };

static bool
clean(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7F)
			return false;
	return true;
}

static void
use_parts(const sess_address *a, const char *url)
{
	static const char *const names[] = { "prefix", "db", NULL };
	const sess_limits limits = { .busy_ms = 1 };
	sess_error err;
	char value[8];
	remote r;

	fuzz_check(strcmp(a->url, url) == 0 && *a->password == '\0');
	fuzz_check(clean(a->user) && clean(a->host) && clean(a->path));
	fuzz_check(strchr(a->user, ':') == NULL && strchr(a->host, '@') == NULL);
	fuzz_check(remote_open(&r, a, &limits, 6379, &err) == SESS_OK);
	fuzz_check((r.hosts == 0) == (strcmp(a->kind, "unix") == 0));
	for (size_t i = 0; i < r.hosts; i++)
		fuzz_check(r.host[i].name[0] != '\0' && r.host[i].port > 0 && r.host[i].port < 65536);
	for (size_t i = 0; names[i] != NULL; i++)
		if (remote_option(a, names[i], value, sizeof(value), &err) == 1)
			fuzz_check(strlen(value) < sizeof(value) && clean(value));
	(void)remote_options_known(a, names, &err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *url = fuzz_copy(data, size);
	buffer text = { 0 };
	sess_error err = { 0 };
	sess_address a;

	if (url_split(&a, &text, url, SESS_STORE_REMOTE, &err) == SESS_OK)
		use_parts(&a, url);
	else
		fuzz_check(err.code == SESS_CONFIG && clean(err.text) && !strstr(err.text, "5ECRET"));
	fuzz_check(url_split(&a, &text, url, SESS_STORE_LOCAL, &err) == SESS_OK);
	fuzz_check(strcmp(a.url, url) == 0);
	buffer_free(&text);
	free(url);
	return 0;
}
