/* SPDX-License-Identifier: ISC */
/*
 * start.c - begin a session. There is no verb for it: the first value that is set begins one. Who
 * only looks at this page gets no record; the form's own cookie is stored nowhere.
 */
#include "glance.h"

#include <string.h>
#include <time.h>

static void
start(app_request *r)
{
	bool press = strcmp(r->method, "POST") == 0;
	glance before, after;

	glance_before(&before, r);
	if (press)
		sess_set_int(r->s, "started", time(NULL));
	if (!page_begin(r, "200 OK", "Start a session"))
		return;
	glance_after(&after, r);
	if (!press && !*before.ref)
		page_print(r, "<p>You have none. Nothing is stored about you.</p>\n");
	else if (!press)
		page_print(r, "<p>You have one already.</p>\n");
	else
		page_print(r, "<p>The store has a record of you now. It does not know your "
			"cookie, only a keyed hash of it: the name of the record.</p>\n");
	glance_table(r, &before, press ? &after : NULL);
	if (!*after.ref) {
		page_form(r, "");
		page_print(r, "<button>Start</button>\n</form>\n");
	} else {
		page_print(r, "<p>Next: <a href=\"/rotate\">rotate</a> it or "
			"<a href=\"/destroy\">destroy</a> it.</p>\n");
	}
	page_end(r);
}

int
main(void)
{
	return app_main("start", 0, start);
}
