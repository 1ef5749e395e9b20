/* SPDX-License-Identifier: ISC */
/* setget.c - set a value, send the browser back, get the value: what sessions are for. */
#include "app.h"

#include <string.h>
#include <time.h>

#define NOTE_MOST 200   /* bytes; the session itself takes far more (max_bytes) */

static void
show(app_request *r, const char *status, const char *error)
{
	const char *note = sess_get_str(r->s, "note", NULL);

	if (!page_begin(r, status, "Set and get"))
		return;
	if (note) {
		page_print(r, "<p>Your note: <q class=\"note\">%s</q></p>\n"
			"<p>It was set on ", note);
		page_time(r, sess_get_int(r->s, "stamp", 0));
		page_print(r, ".</p>\n");
	} else {
		page_print(r, "<p>You have set nothing yet.</p>\n");
	}
	page_form(r, "");
	page_print(r, "<label for=\"note\">A note</label>\n"
		"<input id=\"note\" name=\"note\" maxlength=\"%d\" autocomplete=\"off\" required\n"
		"aria-describedby=\"hint\" aria-invalid=\"%s\">\n", NOTE_MOST / 4,
		error ? "true" : "false");
	page_print(r, "<p id=\"hint\" class=\"%s\">%s</p>\n", error ? "error" : "hint",
		error ? error : "Only this browser gets it back.");
	page_print(r, "<button>Set</button>\n</form>\n"
		"<p><a href=\"?\">Get it again</a>, or "
		"<a href=\"/migrate\">take it to a new id</a>.</p>\n");
	page_end(r);
}

static void
setget(app_request *r)
{
	const char *note;

	if (strcmp(r->method, "POST")) {
		show(r, "200 OK", NULL);
		return;
	}
	note = app_field(r, "note");
	if (!note || !*note || strlen(note) > NOTE_MOST) {
		show(r, "422 Unprocessable Content",
			"Please write something, and something short.");
		return;
	}
	sess_set_str(r->s, "note", note);
	sess_set_int(r->s, "stamp", time(NULL));
	app_go(r, "");
}

int
main(void)
{
	return app_main("setget", 0, setget);
}
