/* SPDX-License-Identifier: ISC */
/*
 * rotate.c - take a new id. The values stay, the old id is dead at once: do it whenever somebody
 * gets more rights. sess_login does it by itself.
 */
#include "glance.h"

#include <string.h>

static void
rotate(app_request *r)
{
	bool press = strcmp(r->method, "POST") == 0;
	glance before, after;

	glance_before(&before, r);
	if (press)
		sess_rotate(r->s);
	if (!page_begin(r, "200 OK", "Rotate the id"))
		return;
	glance_after(&after, r);
	if (!*before.ref)
		page_print(r, "<p>You have no session yet: "
			"<a href=\"/start\">start</a> one.</p>\n");
	else if (press)
		page_print(r, "<p>Cookie and name of the record are new. All else is as it was. "
			"Who has a copy of the old cookie has nothing now.</p>\n");
	else
		page_print(r, "<p>A new id for the same session: its values stay.</p>\n");
	glance_table(r, &before, press ? &after : NULL);
	if (*after.ref) {
		page_form(r, "");
		page_print(r, "<button>Rotate</button>\n</form>\n"
			"<p>Or <a href=\"/destroy\">destroy</a> it.</p>\n");
	}
	page_end(r);
}

int
main(void)
{
	return app_main("rotate", 0, rotate);
}
