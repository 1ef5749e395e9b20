/* SPDX-License-Identifier: ISC */
/* login_confirm.c - "confirm that it is you": what matters asks for the password again when the
 * login is older than five minutes. Here that is how you are greeted, kept in the session. */
#include "login.h"

#include <string.h>

#define CONFIRMED_FOR 300       /* seconds */
#define NAME_MAX_BYTES 60

/* Otherwise the browser is on its way to the question. */
static bool
is_confirmed(app_request *r)
{
	if (sess_require(r->s, 1, CONFIRMED_FOR) == SESS_OK)
		return true;
	app_go(r, "/confirm");
	return false;
}

static void
ask(app_request *r, const char *status, const char *error)
{
	if (!page_begin(r, status, "Confirm that it is you"))
		return;
	page_print(r, "<p>You signed in a while ago, and somebody else may sit here now.</p>\n");
	page_form(r, "/confirm");
	page_print(r, "<p><label for=\"user\">Name</label>\n"
		"<input id=\"user\" value=\"%s\" readonly autocomplete=\"username\"></p>\n",
		sess_user(r->s));
	login_password_field(r, error);
	page_print(r, "<p><button class=\"button\">Confirm</button></p>\n</form>\n"
		"<p><a href=\"%s\">Never mind</a></p>\n", app_base(r));
	page_end(r);
}

void
login_confirm(app_request *r)
{
	ask(r, "200 OK", NULL);
}

void
login_confirmed(app_request *r)
{
	const char *status, *error;

	if (!login_password_is_right(r, sess_user(r->s), &status, &error)) {
		ask(r, status, error);
		return;
	}
	sess_elevate(r->s, 1);          /* a new id, and the login is young again */
	app_go(r, "/name");
}

/* -- what it is asked for ---------------------------------------------------------------------- */

static bool
is_fit(const char *name)
{
	size_t len = name ? strlen(name) : 0;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)name[i] < ' ' || name[i] == 0x7f)
			return false;
	return len > 0 && len <= NAME_MAX_BYTES;
}

static void
show(app_request *r, const char *status, const char *name, const char *error)
{
	if (!page_begin(r, status, "How you are greeted"))
		return;
	page_form(r, "/name");
	page_print(r, "<p><label for=\"name\">Name in the greeting</label>\n"
		"<input id=\"name\" name=\"name\" value=\"%s\" maxlength=\"%d\" required"
		" autocomplete=\"nickname\"", name, NAME_MAX_BYTES);
	page_print(r, error ? " aria-invalid=\"true\" aria-describedby=\"error\"></p>\n" :
		"></p>\n");
	if (error)
		page_print(r, "<p id=\"error\" class=\"error\" role=\"alert\">%s</p>\n", error);
	page_print(r, "<p><button class=\"button\">Save</button></p>\n</form>\n"
		"<p><a href=\"%s\">Never mind</a></p>\n", app_base(r));
	page_end(r);
}

void
login_name(app_request *r)
{
	if (is_confirmed(r))
		show(r, "200 OK", sess_get_str(r->s, "name", sess_user(r->s)), NULL);
}

void
login_set_name(app_request *r)
{
	const char *name = app_field(r, "name");

	if (!is_confirmed(r))
		return;
	if (!is_fit(name)) {
		show(r, "422 Unprocessable Content", name ? name : "",
			"Please give one line of at most 60 bytes.");
		return;
	}
	sess_set_str(r->s, "name", name);
	sess_flash(r->s, "notice", "Your greeting is saved.");
	app_go(r, "");
}
