/* SPDX-License-Identifier: ISC */
/* test_environ.c - what is taken from the environment of a request, and whose word is believed. */
#include "internal.h"
#include "tap.h"

#include <arpa/inet.h>

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))
#define ENV(...) ((char *[]){ __VA_ARGS__, NULL })

/* Variables are compared as texts; a test does not change them. */
#define V(text) ((char *)(uintptr_t)(text))

static network proxies[8];
static size_t proxies_count;

static void
believe(const char *list)
{
	const char *bad;
	int n = networks_parse(list, proxies, PARTS(proxies), &bad);

	if (n < 0)
		bail("the list of proxies is bad at '%s'", bad);
	proxies_count = (size_t)n;
}

static request
read_env(char *const *env)
{
	/* Not on the stack: what a proxy told stays inside of it. */
	static request r;

	memset(&r, 0xA5, sizeof(r));
	request_read(&r, env, "HTTP_X_SESSION", proxies, proxies_count);
	return r;
}

static void
read_all(void)
{
	request r = read_env(ENV(V("PATH=/bin"), V("REQUEST_METHOD=POST"), V("QUERY_STRING=a=b"),
		V("HTTP_COOKIE=c=d"), V("HTTP_HOST=example.org"),
		V("HTTP_ORIGIN=https://example.org"), V("HTTP_SEC_FETCH_SITE=same-origin"),
		V("HTTP_X_CSRF_TOKEN=t"), V("REMOTE_ADDR=10.0.0.7"), V("HTTP_USER_AGENT=Lynx"),
		V("HTTP_X_SESSION=token"), V("HTTPS=on")));

	is_str(r.method, "POST", "method");
	is_str(r.query, "a=b", "query");
	is_str(r.cookie, "c=d", "cookie");
	is_int(r.cookies, 1, "of which there is one");
	is_str(r.host, "example.org", "host");
	is_str(r.origin, "https://example.org", "origin");
	is_str(r.fetch_site, "same-origin", "fetch site");
	is_str(r.csrf, "t", "form token");
	is_str(r.address, "10.0.0.7", "address");
	is_str(r.agent, "Lynx", "agent");
	is_str(r.token, "token", "the configured header");
	ok(r.https && !r.by_proxy, "and HTTPS");
}

static void
read_nothing(void)
{
	request r = read_env(NULL), none;

	memset(&none, 0, sizeof(none));
	ok(r.cookie == NULL && r.method == NULL && r.query == NULL && r.host == NULL &&
			r.origin == NULL && r.fetch_site == NULL && r.csrf == NULL &&
			r.address == NULL && r.agent == NULL && r.token == NULL && r.cookies == 0 &&
			!r.https && !r.by_proxy,
		"no environment is no request");
	r = read_env(ENV(V("HTTP_COOKIE"), V("HTTP_COOKIES=a"), V("http_cookie=a"),
		V("XHTTP_COOKIE=a"), V("HTTP_COOKI=a"), V(""), V("="), V("H"), V("HTTP_"),
		V("HTTPS"), V("REMOTE_ADDRESS=a"), V("REDIRECT_HTTP_COOKIE=a"),
		V("HTTP_QUERY_STRING=a"), V("HTTP_REMOTE_ADDR=a"), V("HTTP_REQUEST_METHOD=a"),
		V("HTTP_HTTPS=on"), V("HTTP_PROXY=a"), V("HTTP_X_SESSIO=a"),
		V("HTTP_X_SESSION2=a")));
	ok(memcmp(&r, &none, sizeof(r)) == 0, "nor are names that are only alike");
	r = read_env(ENV(V("HTTP_COOKIE=a"), V("HTTP_COOKIE=b"), V("HTTP_COOKIE=")));
	is_int(r.cookies, 3, "repeated cookies are counted");
	is_str(read_env(ENV(V("HTTP_COOKIE="))).cookie, "", "an empty cookie is one");
	request_read(&r, ENV(V("HTTP_X_SESSION=a"), V("=b"), V("HTTP_=c")), "", NULL, 0);
	is_str(r.token, NULL, "without a configured header none is taken");
	request_read(&r, ENV(V("HTTP_USER_AGENT=a")), "HTTP_USER_AGENT", NULL, 0);
	ok(r.token != NULL && r.agent != NULL, "a header may serve two purposes");
}

static void
https_as_server_says(void)
{
	static const char *const yes[] = { "HTTPS=on", "HTTPS=ON", "HTTPS=1",
		"REQUEST_SCHEME=https", "REQUEST_SCHEME=HTTPS" };
	static const char *const no[] = { "HTTPS=off", "HTTPS=", "HTTPS=0", "HTTPS=onn",
		"HTTPS= on", "REQUEST_SCHEME=http", "REQUEST_SCHEME=httpsx",
		"HTTP_X_FORWARDED_PROTO=https", "HTTP_X_FORWARDED_SSL=on", "HTTP_HTTPS=on",
		"HTTP_REQUEST_SCHEME=https", "HTTPS_=on", "SERVER_PORT=443",
		"HTTP_FORWARDED=proto=https", "HTTP_FRONT_END_HTTPS=on" };
	bool good = true;

	proxies_count = 0;
	for (size_t i = 0; i < PARTS(yes); i++)
		good = good && read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V(yes[i]))).https;
	ok(good, "the server's own variables say HTTPS");
	for (size_t i = 0; i < PARTS(no); i++)
		good = good && !read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V(no[i]))).https;
	ok(good, "nothing that a client sends does");
}

static void
proxy_is_believed(void)
{
	request r;

	believe("10.0.0.0/8 ::1");
	r = read_env(ENV(V("REMOTE_ADDR=10.9.8.7"), V("HTTP_X_FORWARDED_PROTO=https"),
		V("HTTP_X_FORWARDED_FOR=6.6.6.6, 192.0.2.5")));
	ok(r.https && r.by_proxy, "a trusted proxy is believed");
	is_str(r.address, "192.0.2.5", "of the addresses the one that it added");
	r = read_env(ENV(V("HTTP_X_FORWARDED_FOR=192.0.2.6"), V("HTTPS=on"), V("REMOTE_ADDR=::1"),
		V("HTTP_X_FORWARDED_PROTO=http")));
	ok(!r.https && r.by_proxy, "over the server's own word, in any order");
	is_str(r.address, "192.0.2.6", "also with a single address");
	r = read_env(ENV(V("REMOTE_ADDR=10.9.8.7"), V("HTTPS=on")));
	ok(r.https && r.by_proxy, "without a header of its own, the server is");
	is_str(r.address, "10.9.8.7", "for the address as well");
	r = read_env(ENV(V("REMOTE_ADDR=11.0.0.1"), V("HTTP_X_FORWARDED_PROTO=https"),
		V("HTTP_X_FORWARDED_FOR=192.0.2.5")));
	ok(!r.https && !r.by_proxy, "others are not");
	is_str(r.address, "11.0.0.1", "and keep their address");
	r = read_env(ENV(V("HTTP_X_FORWARDED_PROTO=https"), V("HTTP_X_FORWARDED_FOR=10.0.0.1")));
	ok(!r.https && !r.by_proxy && r.address == NULL, "nor who has none");
	r = read_env(ENV(V("REMOTE_ADDR=10.x"), V("HTTP_X_FORWARDED_PROTO=https")));
	ok(!r.https && !r.by_proxy, "nor what is no address");
	r = read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V("HTTP_X_FORWARDED_PROTO=http, https")));
	ok(r.https, "of two schemes the one that the trusted proxy added");
	r = read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V("HTTP_X_FORWARDED_PROTO=https, http")));
	ok(!r.https, "counts, and not what the client said");
	r = read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V("HTTP_X_FORWARDED_FOR=1.1.1.1,\t 2.2.2.2")));
	is_str(r.address, "2.2.2.2", "blanks of either kind are no part of it");
	r = read_env(ENV(V("REMOTE_ADDR=10.0.0.1"),
		V("HTTP_X_FORWARDED_FOR=6.6.6.6, 192.0.2.7, 10.0.0.3, ::1")));
	is_str(r.address, "192.0.2.7", "behind a chain of trusted proxies stands the client");
	r = read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V("HTTP_X_FORWARDED_FOR=10.0.0.3, 10.0.0.2")));
	is_str(r.address, "10.0.0.3", "or the last proxy, if there is nobody else");
	r = read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V("HTTP_X_FORWARDED_FOR=192.0.2.7, <b>, 10.0.0.2")));
	is_str(r.address, "10.0.0.2", "what is no address ends the chain");
	r = read_env(ENV(V("REMOTE_ADDR=10.0.0.1"), V("HTTP_X_FORWARDED_FOR=,")));
	is_str(r.address, "10.0.0.1", "and an empty chain says nothing");
	proxies_count = 0;
}

/* -- networks ---------------------------------------------------------------------------------- */

/* True if the address is within the list. */
static bool
within(const char *list, const char *address)
{
	char remote[80];

	believe(list);
	snprintf(remote, sizeof(remote), "REMOTE_ADDR=%s", address);
	return read_env(ENV(remote)).by_proxy;
}

static void
networks_match(void)
{
	static const struct {
		const char *list, *in, *out;
	} cases[] = {
		{ "10.0.0.1", "10.0.0.1", "10.0.0.2" },
		{ "10.0.0.0/8", "10.255.255.255", "11.0.0.0" },
		{ "10.1.2.3/8", "10.0.0.0", "9.255.255.255" },
		{ "0.0.0.0/0", "255.255.255.255", "::1" },
		{ "192.0.2.0/31", "192.0.2.1", "192.0.2.2" },
		{ "192.0.2.128/25", "192.0.2.255", "192.0.2.127" },
		{ "172.16.0.0/12", "172.31.255.255", "172.32.0.0" },
		{ "1.2.3.4/32", "1.2.3.4", "1.2.3.5" },
		{ "::1", "::1", "::2" },
		{ "::/0", "ffff::1", "1.2.3.4" },
		{ "fe80::/10", "febf::1", "fec0::" },
		{ "2001:db8::/127", "2001:db8::1", "2001:db8::2" },
		{ "fd00::/8", "fdff::", "fc00::" },
		{ "1.1.1.1,2.2.2.2 , ,3.3.3.3", "3.3.3.3", "2.2.2.3" },
	};
	bool good = true;
	char list[32], address[32];

	for (size_t i = 0; i < PARTS(cases); i++)
		ok(within(cases[i].list, cases[i].in) && !within(cases[i].list, cases[i].out),
			"%s has %s, not %s", cases[i].list, cases[i].in, cases[i].out);
	/* Of an address that differs in one bit only, every length of prefix. */
	for (int bits = 0; bits <= 32; bits++)
		for (int flipped = 0; flipped < 32; flipped++) {
			uint32_t a = 0x5a3c9617, b = a ^ 0x80000000U >> flipped;

			snprintf(list, sizeof(list), "%u.%u.%u.%u/%d", a >> 24, a >> 16 & 255,
				a >> 8 & 255, a & 255, bits);
			snprintf(address, sizeof(address), "%u.%u.%u.%u", b >> 24, b >> 16 & 255,
				b >> 8 & 255, b & 255);
			good = good && within(list, address) == (flipped >= bits);
		}
	ok(good, "a prefix of each length counts exactly its bits");
	proxies_count = 0;
}

static void
networks_refused(void)
{
	static const struct {
		const char *list, *bad;
	} cases[] = { { "x", "x" }, { "10.0.0.1, y z", "y z" }, { "10.0.0.1/33", "10.0.0.1/33" },
		{ "::1/129", "::1/129" }, { "10.0.0.1/", "10.0.0.1/" },
		{ "10.0.0.1/8/8", "10.0.0.1/8/8" }, { "10.0.0.1/-1", "10.0.0.1/-1" },
		{ "10.0.0.1/+1", "10.0.0.1/+1" }, { "10.0.0/8", "10.0.0/8" },
		{ "10.0.0.1/0008", "10.0.0.1/0008" }, { "/8", "/8" },
		{ "10.0.0.256", "10.0.0.256" }, { "fe80::1%eth0", "fe80::1%eth0" },
		{ "1::2::3", "1::2::3" }, { "10.0.0.1;", "10.0.0.1;" },
		{ "10.0.0.1\t10.0.0.2", "10.0.0.1\t10.0.0.2" },
		{ "1.1.1.1,2.2.2.2,3.3.3.3,4", "4" },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } };
	const char *bad = NULL;
	network list[3];

	for (size_t i = 0; i < PARTS(cases); i++) {
		bad = NULL;
		if (networks_parse(cases[i].list, list, PARTS(list), &bad) != -1)
			ok(false, "list %zu is refused", i);
		else
			is_str(bad, cases[i].bad, "list %zu is refused where it is bad", i);
	}
	is_int(networks_parse("::1,::2,::3", list, PARTS(list), &bad), 3,
		"as many as there is room");
	is_int(networks_parse("::1,::2,::3,::4", list, PARTS(list), &bad), -1, "and no more");
	is_int(networks_parse("", list, PARTS(list), &bad), 0, "none is none");
	is_int(networks_parse(" , ,", list, PARTS(list), &bad), 0, "however long");
}

/* -- query ------------------------------------------------------------------------------------- */

static const char *
queried(const char *query)
{
	static char text[100];
	const char *value = NULL;
	size_t len = 0;
	int n = query_find(query, "sid", &value, &len);

	snprintf(text, sizeof(text), "%d:%.*s", n, (int)len, value != NULL ? value : "");
	return text;
}

static void
query_finds(void)
{
	static const struct {
		const char *query, *want;
	} cases[] = { { NULL, "0:" }, { "", "0:" }, { "&", "0:" }, { "&&&", "0:" }, { "sid", "0:" },
		{ "sid=", "1:" }, { "sid=x", "1:x" }, { "sid=x&a=b", "1:x" },
		{ "a=b&sid=x", "1:x" }, { "a=b&sid=x&c", "1:x" }, { "sid=x&sid=y", "2:x" },
		{ "sid=&sid=&sid=z", "3:" }, { "sidx=y", "0:" }, { "xsid=y", "0:" },
		{ "SID=y", "0:" }, { "s%69d=y", "0:" }, { "a=sid=y", "0:" }, { "sid=a=b", "1:a=b" },
		{ "sid=a;sid=b", "1:a;sid=b" }, { "sid=a%26b", "1:a%26b" }, { "&sid=x&", "1:x" },
		{ "=sid=x", "0:" }, { "si", "0:" }, { "sid&sid=x", "1:x" }, { "a&sid", "0:" } };

	for (size_t i = 0; i < PARTS(cases); i++)
		is_str(queried(cases[i].query), cases[i].want, "query %s",
			cases[i].query != NULL ? cases[i].query : "NULL");
}

int
main(void)
{
	read_all();
	read_nothing();
	https_as_server_says();
	proxy_is_believed();
	networks_match();
	networks_refused();
	query_finds();
	return done();
}
