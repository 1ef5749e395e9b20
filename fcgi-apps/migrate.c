/* SPDX-License-Identifier: ISC */
/*
 * migrate.c - take all values to a new id, then try the old one: this very request still carries
 * it, and is begun a second time.
 */
#include "app.h"

#include <string.h>

static void
print_values(app_request *r)
{
	page_print(r, "<p>It has these values:</p>\n<ul>\n");
	for (const char *key = sess_next(r->s, NULL); key; key = sess_next(r->s, key))
		page_print(r, "<li><code>%s</code></li>\n", key);
	page_print(r, "</ul>\n");
}

/* Whoever has the old cookie sees what this sees. */
static void
try_old_id(app_request *r)
{
	sess_options look = { .flags = SESS_READ_ONLY | SESS_NO_TOUCH };
	sess *old = NULL;
	int rc = sess_begin_with(r->kit, r->env, &look, &old);

	if (rc != SESS_OK)
		page_print(r, "<p class=\"error\">The old id could not be tried: %s.</p>\n",
			sess_strerror(rc));
	else if (*sess_ref(old))
		page_print(r, "<p class=\"error\">The old id still works.</p>\n");
	else
		page_print(r, "<p class=\"dead\">The old id is dead. To whoever brings it the "
			"library says: <q>%s</q></p>\n", sess_state_text(sess_state(old)));
	sess_end(old);
}

static void
migrate(app_request *r)
{
	bool press = strcmp(r->method, "POST") == 0 && *sess_ref(r->s);
	char old[64];

	snprintf(old, sizeof(old), "%s", sess_ref(r->s));
	if (press)
		sess_rotate(r->s);
	if (!page_begin(r, "200 OK", "Migrate to a new id"))
		return;
	if (!*sess_ref(r->s)) {
		page_print(r, "<p>You have no session yet: <a href=\"/setget\">set a value</a> "
			"first.</p>\n");
		page_end(r);
		return;
	}
	page_print(r, "<p>Your session is <code>%s</code>", sess_ref(r->s));
	if (press)
		page_print(r, "; a moment ago it was <code>%s</code>", old);
	page_print(r, ".</p>\n");
	print_values(r);
	if (press)
		try_old_id(r);
	page_form(r, "");
	page_print(r, "<button>Migrate</button>\n</form>\n");
	page_end(r);
}

int
main(void)
{
	return app_main("migrate", 0, migrate);
}
