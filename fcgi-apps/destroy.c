/* SPDX-License-Identifier: ISC */
/*
 * destroy.c - end the session, in the store first and in the browser after. When the answer goes
 * out the end is on disk, and nothing that was under way brings the session back.
 */
#include "glance.h"

#include <string.h>

static void
destroy(app_request *r)
{
	bool press = strcmp(r->method, "POST") == 0;
	glance before, after;

	glance_before(&before, r);
	if (press)
		sess_destroy(r->s);
	if (!page_begin(r, "200 OK", "Destroy the session"))
		return;
	glance_after(&after, r);
	if (!*before.ref)
		page_print(r, "<p>You have no session: "
			"<a href=\"/start\">start</a> one first.</p>\n");
	else if (press)
		page_print(r, "<p>It is gone with all its values. The browser was told to forget "
			"its cookie; should it not, the cookie is worth nothing.</p>\n");
	else
		page_print(r, "<p>Everything that these samples keep for you goes with it%s.</p>\n",
			before.user ? ", and you are logged out" : "");
	glance_table(r, &before, press ? &after : NULL);
	if (*after.ref) {
		page_form(r, "");
		page_print(r, "<button>Destroy</button>\n</form>\n");
	} else {
		page_print(r, "<p><a href=\"/start\">Start a new one</a></p>\n");
	}
	page_end(r);
}

int
main(void)
{
	return app_main("destroy", 0, destroy);
}
