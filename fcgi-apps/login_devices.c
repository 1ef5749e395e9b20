/* SPDX-License-Identifier: ISC */
/* login_devices.c - "your devices": the sessions of the user, and how to end one or all of them. */
#include "login.h"

#include <string.h>

#define DEVICES_MAX 50

typedef struct device {
	char ref[44], address[64], agent[256];
	int64_t seen;
} device;

typedef struct devices {
	size_t count, more;             /* more: those that there was no room for */
	device list[DEVICES_MAX];
} devices;

static void
copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

/* The kit is busy in here, and what it lends does not last. */
static int
remember_device(void *arg, const sess_info *info)
{
	devices *all = arg;
	device *d = &all->list[all->count];

	if (all->count == DEVICES_MAX) {
		all->more++;
		return SESS_OK;
	}
	copy(d->ref, sizeof(d->ref), info->ref);
	copy(d->address, sizeof(d->address), info->address);
	copy(d->agent, sizeof(d->agent), info->agent);
	d->seen = info->seen;
	all->count++;
	return SESS_OK;
}

static void
print_device(app_request *r, const device *d)
{
	const char *browser, *system;

	login_agent(d->agent, &browser, &system);
	page_print(r, "<li><strong>%s on %s</strong>%s<br>\n%s, last seen ", browser, system,
		strcmp(d->ref, sess_ref(r->s)) == 0 ? " (this one)" : "",
		*d->address ? d->address : "address not kept");
	page_time(r, d->seen);
	page_print(r, "\n");
	page_form(r, "/devices");
	page_print(r, "<input type=\"hidden\" name=\"ref\" value=\"%s\">\n"
		"<p><button class=\"button\" aria-label=\"Sign out %s on %s, %s\">Sign out</button>"
		"</p>\n</form></li>\n", d->ref, browser, system, d->address);
}

static void
print_devices(app_request *r, const devices *all)
{
	page_print(r, "<p>Here you are signed in as %s:</p>\n<ul>\n", sess_user(r->s));
	for (size_t i = 0; i < all->count; i++)
		print_device(r, &all->list[i]);
	page_print(r, "</ul>\n");
	if (all->more)
		page_print(r, "<p>And on %zu more.</p>\n", all->more);
}

void
login_devices(app_request *r)
{
	const char *notice = sess_flash_take(r->s, "notice");
	devices all = { 0 };
	int rc = sess_list(r->kit, sess_user(r->s), remember_device, &all);

	/* Where sessions are in the browsers nobody can list them; they can be ended all the same. */
	if (rc != SESS_OK && rc != SESS_UNSUPPORTED) {
		page_failed(r, rc);
		return;
	}
	if (!page_begin(r, "200 OK", "Your devices"))
		return;
	page_notice(r, notice);
	if (rc == SESS_OK)
		print_devices(r, &all);
	else
		page_print(r, "<p>You are signed in as %s. This site keeps sessions in the browsers, and "
			"does not know in which.</p>\n", sess_user(r->s));
	page_form(r, "/others");
	page_print(r, "<p><button class=\"button\">Sign out all others</button></p>\n</form>\n"
		"<p><a href=\"%s\">Back</a></p>\n", app_base(r));
	page_end(r);
}

/* -- end one ----------------------------------------------------------------------------------- */

static int
is_ref(void *arg, const sess_info *info)
{
	return strcmp(arg, info->ref) == 0;
}

/* A ref is no secret, so that it must be one of the user's own to be ended. */
void
login_end_device(app_request *r)
{
	const char *field = app_field(r, "ref");
	bool known;
	char ref[45];                   /* with room for one byte too many: then it is none */
	int rc;

	copy(ref, sizeof(ref), field);
	if (strcmp(ref, sess_ref(r->s)) == 0) {
		login_leave(r);
		return;
	}
	rc = sess_list(r->kit, sess_user(r->s), is_ref, ref);
	known = rc == 1;
	if (known)
		rc = sess_end_ref(r->kit, ref);
	if (rc != SESS_OK) {
		page_failed(r, rc);
		return;
	}
	sess_flash(r->s, "notice", known ? "That device is signed out." :
		"You are not signed in on that device.");
	app_go(r, "/devices");
}

/* -- end all ----------------------------------------------------------------------------------- */

/* False: it failed, and was answered. */
static bool
end_others(app_request *r, size_t *n)
{
	int rc = sess_end_user(r->kit, sess_user(r->s), sess_ref(r->s), n);

	if (rc != SESS_OK)
		page_failed(r, rc);
	return rc == SESS_OK;
}

void
login_end_others(app_request *r)
{
	char text[80];
	size_t n;

	if (!end_others(r, &n))
		return;
	if (n > 0)
		snprintf(text, sizeof(text), "Signed out on %zu other device%s.", n, n == 1 ? "" : "s");
	else
		snprintf(text, sizeof(text), "Signed out on all other devices.");
	sess_flash(r->s, "notice", text);
	app_go(r, "/devices");
}

void
login_end_all(app_request *r)
{
	size_t n;

	if (end_others(r, &n))
		login_leave(r);
}
