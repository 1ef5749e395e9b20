/* SPDX-License-Identifier: ISC */
/*
 * links.c - a session for a client without cookies: each link carries the id. It is off unless
 * SESSKIT_QUERY names the parameter. Give such a program a store of its own, so that an id that
 * leaks with a link opens nothing else; and SESSKIT_COOKIE_EMIT=no shows it in any browser.
 */
#include "app.h"

#define ROOMS 3

static void
print_link(app_request *r, int room)
{
	char url[40];

	snprintf(url, sizeof(url), "?room=%d", room);
	page_print(r, "<li><a href=\"%s\">Room %d</a></li>\n", sess_url(r->s, url), room);
}

static void
walk(app_request *r)
{
	const char *text = app_query(r, "room");
	bool known = text && text[0] >= '1' && text[0] <= '0' + ROOMS && text[1] == '\0';
	int room = known ? text[0] - '0' : 1;
	char key[20];

	snprintf(key, sizeof(key), "room-%d", room);
	sess_add_int(r->s, key, 1);
	if (!page_begin(r, "200 OK", "A walk without cookies"))
		return;
	page_print(r, "<p>This is room %d. You came here so often:</p>\n"
		"<p class=\"count\">%lld</p>\n", room, (long long)sess_get_int(r->s, key, 0));
	page_print(r, "<nav aria-label=\"Rooms\"><ul>\n");
	for (int i = 1; i <= ROOMS; i++)
		print_link(r, i);
	page_print(r, "</ul></nav>\n"
		"<p class=\"warning\"><strong>Beware:</strong> each of these links is the key to "
		"this session. It stays in the history, in logs and bookmarks, and whoever gets "
		"the link gets in. No page that matters should be reached like this.</p>\n");
	page_end(r);
}

int
main(void)
{
	return app_main("links", 0, walk);
}
