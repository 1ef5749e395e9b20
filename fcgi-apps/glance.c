/* SPDX-License-Identifier: ISC */
/* glance.c - what browser and store hold of a session at one moment, to show before and after. */
#include "glance.h"

#include <string.h>

#define SHOWN 6         /* characters of a cookie: enough to tell two apart, of no use to a thief */

/* Append "name=value" with most of the value left out; a pair that is too long to show is not. */
static void
add_cookie(glance *g, const char *pair, size_t len)
{
	size_t used = strlen(g->cookies), name = strcspn(pair, "=;");
	size_t most = name + 1 + SHOWN;
	char text[100];

	if (name + 1 >= len || most >= sizeof(text))
		return;
	snprintf(text, sizeof(text), "%s%.*s%s", used ? ", " : "",
		(int)(most < len ? most : len), pair, most < len ? "\xe2\x80\xa6" : "");
	if (used + strlen(text) < sizeof(g->cookies))
		strcpy(g->cookies + used, text);
}

/* Those that came, but one of the same name as except, which begins with it and may be NULL. */
static void
add_cookies(glance *g, const app_request *r, const char *except)
{
	const char *at = app_env(r, "HTTP_COOKIE");
	size_t name = except ? strcspn(except, "=") + 1 : 0;

	while (*at) {
		size_t len = strcspn(at, ";");

		if (!except || strncmp(at, except, name))
			add_cookie(g, at, len);
		at += len;
		at += strspn(at, "; ");
	}
}

static void
look_at_store(glance *g, const app_request *r)
{
	sess_info info;

	if (sess_about(r->s, &info) != SESS_OK)
		return;
	snprintf(g->ref, sizeof(g->ref), "%s", sess_ref(r->s));
	g->created = info.created;
	g->seen = info.seen;
	g->expires = info.expires;
	g->user = info.user != NULL;
}

void
glance_before(glance *g, app_request *r)
{
	memset(g, 0, sizeof(*g));
	add_cookies(g, r, NULL);
	look_at_store(g, r);
}

void
glance_after(glance *g, app_request *r)
{
	const char *sent = sess_cookie(r->s);

	memset(g, 0, sizeof(*g));
	add_cookies(g, r, sent);
	/* A deletion has no value, and leaves nothing to show. */
	if (sent)
		add_cookie(g, sent, strcspn(sent, ";"));
	look_at_store(g, r);
}

/* -- the table --------------------------------------------------------------------------------- */

static void
text_cell(app_request *r, const char *text)
{
	if (*text)
		page_print(r, "<td><code>%s</code></td>", text);
	else
		page_print(r, "<td>nothing</td>");
}

static void
text_row(app_request *r, const char *title, const char *before, const char *after)
{
	page_print(r, "<tr><th scope=\"row\">%s</th>", title);
	text_cell(r, before);
	if (after)
		text_cell(r, after);
	page_print(r, "</tr>\n");
}

static void
time_cell(app_request *r, int64_t when)
{
	page_print(r, "<td>");
	if (when)
		page_time(r, when);
	else
		page_print(r, "nothing");
	page_print(r, "</td>");
}

static void
time_row(app_request *r, const char *title, int64_t before, const int64_t *after)
{
	page_print(r, "<tr><th scope=\"row\">%s</th>", title);
	time_cell(r, before);
	if (after)
		time_cell(r, *after);
	page_print(r, "</tr>\n");
}

void
glance_table(app_request *r, const glance *before, const glance *after)
{
	page_print(r, "<table class=\"compare\">\n<caption>What is held where</caption>\n"
		"<tr><td></td><th scope=\"col\">%s</th>", after ? "Before" : "Now");
	if (after)
		page_print(r, "<th scope=\"col\">After</th>");
	page_print(r, "</tr>\n");
	text_row(r, "Browser: cookies", before->cookies, after ? after->cookies : NULL);
	text_row(r, "Store: name of the record", before->ref, after ? after->ref : NULL);
	time_row(r, "Store: begun", before->created, after ? &after->created : NULL);
	time_row(r, "Store: last seen", before->seen, after ? &after->seen : NULL);
	time_row(r, "Store: ends if unused", before->expires, after ? &after->expires : NULL);
	page_print(r, "</table>\n");
}
