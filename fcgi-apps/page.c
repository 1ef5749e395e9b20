/* SPDX-License-Identifier: ISC */
/* page.c - the answer of a sample: header lines that shut everything foreign out, and the page. */
#include "app.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

/* -- text in markup ---------------------------------------------------------------------------- */

void
page_text(app_request *r, const char *text)
{
	for (; text && *text; text++) {
		switch (*text) {
		case '<': fputs("&lt;", r->out); break;
		case '>': fputs("&gt;", r->out); break;
		case '&': fputs("&amp;", r->out); break;
		case '"': fputs("&quot;", r->out); break;
		case '\'': fputs("&#39;", r->out); break;
		default: putc(*text, r->out);
		}
	}
}

void
page_print(app_request *r, const char *markup, ...)
{
	va_list args;
	size_t plain;

	va_start(args, markup);
	for (; *markup; markup++) {
		plain = strcspn(markup, "%");
		fwrite(markup, 1, plain, r->out);
		markup += plain;
		if (*markup == '\0' || *++markup == '\0')
			break;
		if (*markup == 's') {
			page_text(r, va_arg(args, const char *));
		} else if (*markup == 'd') {
			fprintf(r->out, "%d", va_arg(args, int));
		} else if (*markup == 'l') {
			fprintf(r->out, "%lld", va_arg(args, long long));
			markup += strlen("ll");
		} else if (*markup == 'z') {
			fprintf(r->out, "%zu", va_arg(args, size_t));
			markup += strlen("z");
		} else {
			putc(*markup, r->out);
		}
	}
	va_end(args);
}

void
page_time(app_request *r, int64_t unix_seconds)
{
	time_t when = (time_t)unix_seconds;
	char machine[40], human[40];
	struct tm tm;

	if (unix_seconds == 0 || !gmtime_r(&when, &tm) ||
		!strftime(machine, sizeof(machine), "%Y-%m-%dT%H:%M:%SZ", &tm) ||
		!strftime(human, sizeof(human), "%Y-%m-%d %H:%M UTC", &tm))
		fputs("never", r->out);
	else
		page_print(r, "<time datetime=\"%s\">%s</time>", machine, human);
}

void
page_form(app_request *r, const char *page)
{
	page_print(r, "<form method=\"post\" action=\"%s%s\">\n"
		"<input type=\"hidden\" name=\"token\" value=\"%s\">\n", app_base(r), page,
		sess_csrf_token(r->s));
}

void
page_notice(app_request *r, const char *text)
{
	if (text)
		page_print(r, "<p class=\"notice\" role=\"status\">%s</p>\n", text);
}

void
page_ended(app_request *r)
{
	sess_status state = sess_state(r->s);

	if (state != SESS_FRESH && state != SESS_LIVE)
		page_notice(r, sess_state_text(state));
}

/* -- the page ---------------------------------------------------------------------------------- */

static void
begin(app_request *r, const char *status, const char *title)
{
	r->status = status;
	page_print(r,
		"<!doctype html>\n"
		"<html lang=\"en\">\n"
		"<head>\n"
		"<meta charset=\"utf-8\">\n"
		"<meta name=\"viewport\" content=\"width=device-width\">\n"
		"<title>%s - sesskit</title>\n"
		"<link rel=\"stylesheet\" href=\"/style.css\">\n"
		"</head>\n"
		"<body>\n"
		"<main>\n"
		"<h1>%s</h1>\n", title, title);
}

void
page_end(app_request *r)
{
	page_print(r,
		"</main>\n"
		"<footer><a href=\"/\">All samples</a></footer>\n"
		"</body>\n"
		"</html>\n");
}

void
page_refuse(app_request *r, const char *status, const char *title, const char *text)
{
	begin(r, status, title);
	page_print(r, "<p>%s</p>\n", text);
	page_end(r);
}

void
page_failed(app_request *r, int code)
{
	if (code == SESS_GONE) {
		page_refuse(r, "409 Conflict", "Your session has ended",
			"It was ended while you sent this, perhaps in another tab or on another "
			"device. Nothing was changed. Load the page again to begin anew.");
		return;
	}
	fprintf(stderr, "%s: %s: %s\n", r->name, sess_strerror(code), sess_kit_error(r->kit));
	if (code == SESS_UNSUPPORTED)
		page_refuse(r, "403 Forbidden", "This page needs HTTPS",
			"Its cookie must not travel unencrypted. Use the address with https://.");
	else
		page_refuse(r, "503 Service Unavailable", "Not just now",
			"Sessions cannot be reached. Nothing was changed; please come back in a "
			"moment.");
}

static bool
commit(app_request *r)
{
	int rc = sess_commit(r->s);

	if (rc != SESS_OK)
		page_failed(r, rc);
	return rc == SESS_OK;
}

bool
page_begin(app_request *r, const char *status, const char *title)
{
	if (!commit(r))
		return false;
	begin(r, status, title);
	return true;
}

/* A session that has ended takes the token of its forms with it. */
void
page_forged(app_request *r)
{
	if (!page_begin(r, "403 Forbidden", "Please send the form again"))
		return;
	page_ended(r);
	page_print(r, "<p>It was too old, perhaps because you have signed in or out since, or it "
		"did not come from a page of this site. Nothing was changed.</p>\n"
		"<p><a class=\"button\" href=\"%s\">Back to the form</a></p>\n",
		*app_base(r) ? app_base(r) : "/");
	page_end(r);
}

/* -- where to ---------------------------------------------------------------------------------- */

/* Two slashes lead to another host, and browsers take "\" for a slash. */
static bool
is_path_here(const char *path)
{
	for (const char *at = path; *at; at++)
		if (*at <= ' ' || *at > '~' || *at == '\\')
			return false;
	return path[0] == '/' && path[1] != '/';
}

const char *
app_base(const app_request *r)
{
	const char *base = app_env(r, "SCRIPT_NAME");

	return is_path_here(base) && strcmp(base, "/") ? base : "";
}

void
app_go(app_request *r, const char *page)
{
	const char *base = app_base(r);
	size_t size = strlen(base) + strlen(page) + 1;
	char *location;

	if (!commit(r))
		return;
	location = app_memory(r, size);
	if (location)
		snprintf(location, size, "%s%s", base, page);
	r->location = location && is_path_here(location) ? location : "/";
	r->status = "303 See Other";
}

/* -- header lines ------------------------------------------------------------------------------ */

/* What the library does not say for its own reasons. */
static void
line(FILE *to, const char *given, const char *name, const char *value)
{
	if (!strstr(given, name))
		fprintf(to, "%s: %s\r\n", name, value);
}

void
page_headers(app_request *r, FILE *to)
{
	const char *given = sess_headers(r->s);

	fprintf(to, "Status: %s\r\nContent-Type: text/html; charset=utf-8\r\n%s", r->status, given);
	line(to, given, "Cache-Control", "no-store");
	line(to, given, "Referrer-Policy", "same-origin");
	line(to, "", "X-Content-Type-Options", "nosniff");
	line(to, "", "Content-Security-Policy", "default-src 'none'; style-src 'self'; "
		"img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
	if (r->location)
		line(to, "", "Location", r->location);
	if (strncmp(r->status, "503", 3) == 0)
		line(to, "", "Retry-After", "5");
	if (strncmp(r->status, "405", 3) == 0)
		line(to, "", "Allow", "GET, HEAD, POST");
	fputs("\r\n", to);
}
