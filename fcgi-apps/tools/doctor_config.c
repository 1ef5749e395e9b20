/* SPDX-License-Identifier: ISC */
/* doctor_config.c - settings that are allowed, but that somebody should have meant. */
#include "doctor.h"

#include <sys/socket.h>

#define BUSY_LEAST 200          /* ms: a checkpoint on a slow disk may take as long */
#define GRACE_MOST 600
#define IDLE_MOST (7 * 86400)
/* Networks larger than these are not those of one's own proxies. */
#define BITS_LEAST_4 8
#define BITS_LEAST_6 32

static void
check_cookie(doctor *d)
{
	const sess_config *c = &d->whole;

	if (c->cookie_secure == SESS_NO)
		doctor_say(d, SESS_WARNING, "leave cookie_secure out, unless this is a test machine",
			"cookie_secure = no: whoever listens to one plain HTTP request has the session");
	if (c->cookie_httponly == SESS_NO)
		doctor_say(d, SESS_WARNING, "leave cookie_httponly out", "cookie_httponly = no: any script "
			"on a page can send the session away");
	if (c->cookie_samesite == SESS_CROSS_SITE)
		doctor_say(d, SESS_WARNING, "leave cookie_samesite out, unless other sites embed this one",
			"cookie_samesite = cross_site: other sites send requests with the session; every form "
			"needs sess_csrf_check");
	if (c->cookie_domain[0] != '\0')
		doctor_say(d, SESS_WARNING, "leave cookie_domain out, unless several hosts share sessions",
			"cookie_domain = %s: every host below it gets the session, and can set it",
			c->cookie_domain);
}

static void
check_request(doctor *d)
{
	const sess_config *c = &d->whole;
	network proxy[sizeof(((sess_kit *)0)->proxy) / sizeof(network)];
	const char *bad = "";
	int n = networks_parse(c->trusted_proxies, proxy, sizeof(proxy) / sizeof(proxy[0]), &bad);

	if (c->query[0] != '\0')
		doctor_say(d, SESS_WARNING, "leave query out, unless clients without cookies must be served",
			"query = %s: ids in addresses leak through logs, histories and referrers", c->query);
	if (n < 0)
		doctor_say(d, SESS_FAULT, "write addresses or networks, such as 127.0.0.1, 10.0.0.0/8",
			"trusted_proxies: \"%s\" is neither", bad);
	for (int i = 0; i < n; i++)
		if (proxy[i].bits < (proxy[i].family == AF_INET ? BITS_LEAST_4 : BITS_LEAST_6))
			doctor_say(d, SESS_FAULT, "name the addresses of your proxies only", "trusted_proxies: "
				"a network of /%d lets strangers say who they are and that they use HTTPS",
				proxy[i].bits);
}

static void
check_life(doctor *d)
{
	const sess_config *c = &d->whole;
	char span[TERM_TIME_MAX];

	if (c->absolute < 0)
		doctor_say(d, SESS_WARNING, "set absolute, to 12h or so", "absolute = never: a stolen "
			"session that is kept in use never ends");
	if (c->renew < 0)
		doctor_say(d, SESS_WARNING, "leave renew out", "renew = never: ids stay the same, and a "
			"stolen one is not noticed");
	if (c->idle > IDLE_MOST)
		doctor_say(d, SESS_WARNING, "set idle to minutes, and use sess_remember for those who ask "
			"for it", "idle = %s: who leaves a shared computer stays signed in for long",
			term_span(span, c->idle));
	if (c->grace > GRACE_MOST)
		doctor_say(d, SESS_WARNING, "leave grace out: it is a minute then", "grace = %s: a stolen "
			"id serves for as long after its renewal", term_span(span, c->grace));
	if (c->busy_ms < BUSY_LEAST)
		doctor_say(d, SESS_WARNING, "leave busy_ms out", "busy_ms = %d: requests may fail while a "
			"slow disk works", c->busy_ms);
}

void
doctor_config(doctor *d)
{
	size_t before = d->warnings + d->faults;

	check_cookie(d);
	check_request(d);
	check_life(d);
	if (d->warnings + d->faults == before)
		doctor_say(d, SESS_FINE, "", "the settings are complete, and none is risky");
}
