/* SPDX-License-Identifier: ISC */
/*
 * login.c - sign in and out: a new id at each login, "keep me signed in", and why you were signed
 * out. Passwords are the program's own business (passwords.h); the library is told who it is.
 *
 * LOGIN_USERS names the file of passwords; "login --hash NAME" makes a line of it.
 */
#include "login.h"
#include "passwords.h"

#include <stdlib.h>
#include <string.h>

#define REMEMBERED (30 * 86400)

/* -- the form ---------------------------------------------------------------------------------- */

static void
print_form(app_request *r, const char *name, const char *error)
{
	page_form(r, "");
	page_print(r,
		"<p><label for=\"name\">Name</label>\n"
		"<input id=\"name\" name=\"name\" value=\"%s\" maxlength=\"%d\" required"
		" autocomplete=\"username\" autocapitalize=\"none\" spellcheck=\"false\"></p>\n",
		name, (int)PASSWORD_NAME_MAX);
	login_password_field(r, error);
	page_print(r,
		"<p><label><input type=\"checkbox\" name=\"remember\" value=\"yes\">\n"
		"Keep me signed in on this device for 30 days</label></p>\n"
		"<p><button class=\"button\">Sign in</button></p>\n"
		"</form>\n"
		"<p>Who you are is checked by this sample itself, against a small file of password "
		"hashes. The library only remembers it.</p>\n");
}

static void
show_form(app_request *r)
{
	if (!page_begin(r, "200 OK", "Sign in"))
		return;
	page_ended(r);
	print_form(r, "", NULL);
	page_end(r);
}

/* A wrong password is answered with the form at once: to redirect and to leave a message, there
 * would have to be a session for everybody who guesses. */
static void
sign_in(app_request *r)
{
	const char *name = app_field(r, "name"), *status, *error;

	if (!login_password_is_right(r, name, &status, &error)) {
		if (!page_begin(r, status, "Sign in"))
			return;
		print_form(r, name ? name : "", error);
		page_end(r);
		return;
	}
	/* Whoever knew the id before, it is worth nothing now. */
	sess_login(r->s, name);
	sess_remember(r->s, app_field(r, "remember") ? REMEMBERED : 0);
	sess_flash(r->s, "notice", "You are signed in.");
	app_go(r, "");
}

/* -- signed in --------------------------------------------------------------------------------- */

static void
print_button(app_request *r, const char *page, const char *label)
{
	page_form(r, page);
	page_print(r, "<p><button class=\"button\">%s</button></p>\n</form>\n", label);
}

static void
greet(app_request *r)
{
	const char *base = app_base(r), *notice = sess_flash_take(r->s, "notice");
	sess_info about;

	if (!page_begin(r, "200 OK", "Welcome"))
		return;
	page_notice(r, notice);
	page_print(r, "<p>Hello, <strong>%s</strong>. You are signed in as %s since ",
		sess_get_str(r->s, "name", sess_user(r->s)), sess_user(r->s));
	page_time(r, sess_about(r->s, &about) == SESS_OK ? about.login : 0);
	page_print(r, ".</p>\n<ul>\n"
		"<li><a href=\"%s/devices\">Your devices</a></li>\n"
		"<li><a href=\"%s/name\">Change how you are greeted</a></li>\n"
		"</ul>\n", base, base);
	print_button(r, "/out", "Sign out");
	print_button(r, "/everywhere", "Sign out everywhere");
	page_end(r);
}

static void
start(app_request *r)
{
	if (sess_user(r->s))
		greet(r);
	else
		show_form(r);
}

/* Nobody is told "you are signed out" before that is on disk. */
void
login_leave(app_request *r)
{
	int rc = sess_logout(r->s);

	if (rc == SESS_OK)
		app_go(r, "/bye");
	else
		page_failed(r, rc);
}

static void
say_goodbye(app_request *r)
{
	if (sess_user(r->s)) {
		app_go(r, "");
		return;
	}
	if (!page_begin(r, "200 OK", "You are signed out"))
		return;
	page_print(r, "<p>Your cookie is gone, and copies of it lead nowhere.</p>\n"
		"<p><a class=\"button\" href=\"%s\">Sign in again</a></p>\n",
		app_base(r));
	page_end(r);
}

/* -- which page -------------------------------------------------------------------------------- */

static const struct {
	const char *path;
	app_page *get, *post;           /* NULL: leads back to the start */
	bool for_users;
} pages[] = {
	{ "", start, sign_in, false },
	{ "/", start, sign_in, false },
	{ "/out", NULL, login_leave, true },
	{ "/everywhere", NULL, login_end_all, true },
	{ "/bye", say_goodbye, NULL, false },
	{ "/devices", login_devices, login_end_device, true },
	{ "/others", NULL, login_end_others, true },
	{ "/name", login_name, login_set_name, true },
	{ "/confirm", login_confirm, login_confirmed, true }
};

static void
route(app_request *r)
{
	app_page *page;

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(r->path, pages[i].path))
			continue;
		page = strcmp(r->method, "POST") ? pages[i].get : pages[i].post;
		if (page && (sess_user(r->s) || !pages[i].for_users))
			page(r);
		else
			app_go(r, "");
		return;
	}
	page_refuse(r, "404 Not Found", "No such page", "The address is wrong.");
}

int
main(int argc, char **argv)
{
	/* Web servers make arguments of some query strings. */
	if (argc == 3 && strcmp(argv[1], "--hash") == 0 && !getenv("REQUEST_METHOD"))
		return login_hash(argv[2]);
	return app_main("login", 0, route);
}
