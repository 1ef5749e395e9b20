/* SPDX-License-Identifier: ISC */
/*
 * hijack.c - what a thief gets who has copied a cookie, defence by defence. Nothing on this page is
 * told from memory: the program plays the thief, and shows what the library answered. With the
 * visitor's own cookie it does so by buttons; what takes time is played in hijack_stage.c.
 */
#include "hijack.h"

#include <string.h>

/* -- with the visitor's own cookie ------------------------------------------------------------- */

/* The environment of this request, but from another place and browser. NULL without memory. */
static char **
thief_environment(app_request *r)
{
	static char address[] = "REMOTE_ADDR=203.0.113.66", agent[] = "HTTP_USER_AGENT=Thief/1.0";
	size_t n = 0;
	char **env;

	while (r->env[n])
		n++;
	env = app_memory(r, (n + 1) * sizeof(*env));
	for (size_t i = 0; env && i <= n; i++) {
		env[i] = r->env[i];
		if (env[i] && strncmp(env[i], "REMOTE_ADDR=", strlen("REMOTE_ADDR=")) == 0)
			env[i] = address;
		if (env[i] && strncmp(env[i], "HTTP_USER_AGENT=", strlen("HTTP_USER_AGENT=")) == 0)
			env[i] = agent;
	}
	return env;
}

/* Come as the thief, with the Cookie header of this very request, and say how it went. Looking is
 * enough: nothing is changed in the visitor's session. */
static int
steal(app_request *r, char *text, size_t size)
{
	sess_options look = { .flags = SESS_READ_ONLY | SESS_NO_TOUCH };
	char **env = thief_environment(r);
	const char *key = NULL, *user;
	size_t values = 0;
	sess *thief;
	int rc;

	if (!env)
		return SESS_NOMEM;
	rc = sess_begin_with(r->kit, env, &look, &thief);
	if (rc != SESS_OK)
		return rc;
	while ((key = sess_next(thief, key)))
		values++;
	user = sess_user(thief);
	if (sess_state(thief) == SESS_LIVE)
		snprintf(text, size, "The thief is taken for you: signed in as %s, with %zu of "
			"your values to read.", user ? user : "nobody", values);
	else
		snprintf(text, size, "The thief %s.", hijack_verdict(sess_state(thief), false));
	sess_end(thief);
	return SESS_OK;
}

/* The defence comes first, and is stored; then the thief. */
static int
act(app_request *r, const char *defence, char *text, size_t size)
{
	int rc = SESS_OK;

	if (*sess_ref(r->s) == '\0') {
		snprintf(text, size, "There was nothing to steal: you had no session. This message "
			"has just given you one.");
		return SESS_OK;
	}
	if (strcmp(defence, "rotate") == 0) {
		sess_rotate(r->s);
		rc = sess_commit(r->s);
	} else if (strcmp(defence, "leave") == 0) {
		rc = sess_logout(r->s);
	}
	return rc == SESS_OK ? steal(r, text, size) : rc;
}

static void
play(app_request *r)
{
	const char *defence = app_field(r, "defence");
	char text[300];
	int rc = act(r, defence ? defence : "", text, sizeof(text));

	if (rc != SESS_OK) {
		page_failed(r, rc);
		return;
	}
	sess_flash(r->s, "thief", text);
	app_go(r, "");
}

/* -- the page ---------------------------------------------------------------------------------- */

static void
print_button(app_request *r, const char *defence, const char *label)
{
	page_print(r, "<p><button class=\"button\" name=\"defence\" value=\"%s\">%s</button></p>\n",
		defence, label);
}

static void
show(app_request *r)
{
	const char *outcome = sess_flash_take(r->s, "thief");

	if (!page_begin(r, "200 OK", "A stolen cookie"))
		return;
	page_print(r, "<p>A cookie is as good as a key: who has a copy is taken for its owner. "
		"HTTPS, HttpOnly and SameSite make it hard to copy. This page shows what comes "
		"after that.</p>\n<h2>With your own cookie</h2>\n");
	page_notice(r, outcome);
	page_form(r, "");
	print_button(r, "none", "Let a thief use my cookie");
	print_button(r, "rotate", "Take a new id, then let a thief use my old cookie");
	print_button(r, "leave", "Sign me out, then let a thief use my cookie");
	page_print(r, "</form>\n<h2>What time and habit do</h2>\n"
		"<p>Played just now, in a store of its own, by a clock that runs fast.</p>\n");
	hijack_scenes(r);
	page_end(r);
}

static void
route(app_request *r)
{
	if (strcmp(r->method, "POST") == 0)
		play(r);
	else
		show(r);
}

int
main(void)
{
	return app_main("hijack", 0, route);
}
