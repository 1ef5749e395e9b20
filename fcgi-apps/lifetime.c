/* SPDX-License-Identifier: ISC */
/*
 * lifetime.c - a counter that starts anew once its session has a certain age, however busy it is:
 * LIFETIME seconds, 60 if the environment does not say. The setting "absolute" of sesskit.conf(5)
 * does the same without a line of code; here the program decides.
 *
 * It ends the whole session, and so should have a cookie of its own (SESSKIT_COOKIE_NAME).
 */
#include "app.h"

#include <stdlib.h>
#include <time.h>

static long long most = 60;

static void
count(app_request *r)
{
	int64_t now = time(NULL);
	sess_info about = { .created = now };
	bool anew;

	anew = sess_about(r->s, &about) == SESS_OK && now - about.created >= most;
	if (anew)
		sess_destroy(r->s);             /* what is set from here on begins a new one */
	sess_add_int(r->s, "count", 1);
	if (!page_begin(r, "200 OK", "Your visits of late"))
		return;
	if (sess_about(r->s, &about) != SESS_OK)
		about.created = now;
	page_print(r, "<p class=\"count\">%lld</p>\n", (long long)sess_get_int(r->s, "count", 0));
	if (anew)
		page_print(r, "<p role=\"status\">The last count was too old: this is a new "
			"session, under a new id.</p>\n");
	page_print(r, "<p>This count lives for %lld seconds, until ", most);
	page_time(r, about.created + most);
	page_print(r, ". That is in %lld seconds; your visits do not prolong it.</p>\n"
		"<p><a class=\"button\" href=\"?\">Count again</a></p>\n",
		(long long)(about.created + most - now));
	page_end(r);
}

int
main(void)
{
	const char *text = getenv("LIFETIME");
	char *end;

	if (text) {
		most = strtoll(text, &end, 10);
		if (most < 1 || most > 86400 || *end) {
			fprintf(stderr, "lifetime: LIFETIME is \"%s\"; give seconds, "
				"1 to 86400\n", text);
			return 1;
		}
	}
	return app_main("lifetime", 0, count);
}
