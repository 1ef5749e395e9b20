/* SPDX-License-Identifier: ISC */
/*
 * app.c - the life of one request around a sample's own function: the body of the form is read and
 * judged before the session is begun, and the answer goes out only when all of it is there.
 */
#define _GNU_SOURCE
#include "app.h"
#include "workers.h"

#include <fastcgi.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define FORM_MOST ((size_t)64 << 10)
#define DRAIN_MOST ((size_t)32 << 20)   /* beyond that, hang up on whoever sends it */

static sess_config config = SESS_CONFIG_INIT;

static struct {
	const char *name;
	unsigned flags;
	app_page *page;
} app;

/* -- the body of the request ------------------------------------------------------------------- */

typedef struct input {
	FCGX_Stream *stream;            /* NULL: standard input */
	size_t left;                    /* bytes to come; SIZE_MAX: nobody said how many */
	bool endless;                   /* so many that the connection is to be closed */
} input;

/* False if the length is no number. */
static bool
input_open(input *in, const app_request *r, FCGX_Stream *stream)
{
	const char *length = app_env(r, "CONTENT_LENGTH");
	size_t digits = strspn(length, "0123456789");

	in->stream = stream;
	in->left = digits ? strtoull(length, NULL, 10) : stream ? SIZE_MAX : 0;
	in->endless = digits > 18 || length[digits] ||
		(in->left != SIZE_MAX && in->left > DRAIN_MOST);
	return digits <= 18 && length[digits] == '\0';
}

static size_t
input_read(input *in, char *to, size_t most)
{
	size_t n = most < in->left ? most : in->left;

	if (in->stream) {
		int got = FCGX_GetStr(to, (int)n, in->stream);

		n = got > 0 ? (size_t)got : 0;
	} else {
		n = fread(to, 1, n, stdin);
	}
	if (in->left != SIZE_MAX)
		in->left -= n;
	return n;
}

/* Servers wait with the next request of a connection until this body was read; some even with the
 * answer. True if there was more of it. */
static bool
input_drain(input *in)
{
	char waste[16384];
	size_t sum = 0, n = 1;

	while (!in->endless && n > 0) {
		n = input_read(in, waste, sizeof(waste));
		sum += n;
		in->endless = sum > DRAIN_MOST;
	}
	return in->endless || sum > 0;
}

/* Whether all of it came that was promised. */
static bool
input_is_whole(const input *in)
{
	return (in->left == 0 || in->left == SIZE_MAX) &&
		!(in->stream && FCGX_GetError(in->stream));
}

static bool
is_form(const app_request *r)
{
	static const char form[] = "application/x-www-form-urlencoded";
	const char *type = app_env(r, "CONTENT_TYPE");
	size_t len = strcspn(type, "; \t");

	return len == strlen(form) && strncasecmp(type, form, len) == 0;
}

/* Read what a POST brings, if it may; else answer it. */
static void
read_form(app_request *r, input *in)
{
	size_t most = in->left < FORM_MOST ? in->left : FORM_MOST;

	r->body = app_memory(r, most + 1);
	if (!r->body) {
		page_refuse(r, "503 Service Unavailable", "Not just now", "Memory is short.");
		return;
	}
	r->body_len = input_read(in, r->body, most);
	r->body[r->body_len] = '\0';
	if (input_drain(in))
		page_refuse(r, "413 Content Too Large", "That was too much",
			"A form of this page is never larger than 64 KiB. Nothing was changed.");
	else if (!input_is_whole(in))
		page_refuse(r, "400 Bad Request", "The form came only in part",
			"Nothing was changed. Please send it again.");
	else if (r->body_len > 0 && !is_form(r))
		page_refuse(r, "415 Unsupported Media Type", "That is no form of this page",
			"Only application/x-www-form-urlencoded is read. Nothing was changed.");
}

/* -- one request ------------------------------------------------------------------------------- */

/* Read the request, and answer it if it takes no session to do so. False: the connection must not
 * be used again. */
static bool
read_request(app_request *r, FCGX_Stream *stream)
{
	input in;

	if (!input_open(&in, r, stream))
		page_refuse(r, "400 Bad Request", "Malformed request", "Its length is no number.");
	else if (strcmp(r->method, "POST") == 0)
		read_form(r, &in);
	else if (strcmp(r->method, "GET") && strcmp(r->method, "HEAD"))
		page_refuse(r, "405 Method Not Allowed", "That cannot be done here",
			"This page can be looked at, and its forms can be sent.");
	(void)input_drain(&in);
	return !in.endless;
}

/* A header line in place of the field would do for the library, but no form here sends one. */
static bool
is_forged(app_request *r)
{
	const char *token;

	if (strcmp(r->method, "POST"))
		return false;
	token = app_field(r, "token");
	return !token || sess_csrf_check(r->s, token) != SESS_OK;
}

static void
serve_session(app_request *r)
{
	sess_options options = { .flags = app.flags };
	int rc = sess_begin_with(r->kit, r->env, &options, &r->s);

	if (rc != SESS_OK)
		page_failed(r, rc);
	else if (is_forged(r))
		page_forged(r);
	else
		app.page(r);
	if (!r->status)
		page_refuse(r, "500 Internal Server Error", "No answer",
			"The program has a fault.");
}

/* Print the whole answer, unless memory ran out; then none. False: as for read_request. */
static bool
serve(sess_kit *kit, char **env, FCGX_Stream *in, FILE *to)
{
	app_request r = { .kit = kit, .env = env, .name = app.name };
	char *text = NULL;
	size_t len = 0;
	bool again = false;

	r.method = app_env(&r, "REQUEST_METHOD");
	r.path = app_env(&r, "PATH_INFO");
	r.out = open_memstream(&text, &len);
	if (r.out) {
		again = read_request(&r, in);
		if (!r.status)
			serve_session(&r);
		if (fclose(r.out) == 0) {
			page_headers(&r, to);
			if (strcmp(r.method, "HEAD"))
				fwrite(text, 1, len, to);
		}
		free(text);
	}
	sess_end(r.s);
	app_forget(&r);
	return again;
}

/* -- requests, until the server or SIGTERM says that it is enough ------------------------------ */

static sess_kit *
open_kit(void)
{
	sess_error error = {0};
	sess_kit *kit;

	if (sess_kit_open(&kit, &config, &error) != SESS_OK)
		fprintf(stderr, "%s: %s\n", app.name, error.text);
	return kit;
}

static void
serve_fastcgi(sess_kit *kit, FCGX_Request *request)
{
	size_t len = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &len);

	if (!out || !serve(kit, request->envp, request->in, out))
		request->keepConnection = 0;
	if (out && fclose(out) == 0)
		FCGX_PutStr(text, (int)len, request->out);
	free(text);
	FCGX_Finish_r(request);
}

static void
serve_all(void *first)
{
	sess_kit *kit = first ? first : open_kit();     /* each thread needs its own */
	FCGX_Request request;

	FCGX_InitRequest(&request, FCGI_LISTENSOCK_FILENO, 0);
	while (kit && FCGX_Accept_r(&request) == 0) {
		serve_fastcgi(kit, &request);
		if (sess_idle(kit) != SESS_OK)
			fprintf(stderr, "%s: %s\n", app.name, sess_kit_error(kit));
	}
	if (!first)
		sess_kit_close(kit);
}

int
app_main(const char *name, unsigned flags, app_page *page)
{
	sess_error error = {0};
	sess_kit *kit;

	app.name = name;
	app.flags = flags;
	app.page = page;
	signal(SIGPIPE, SIG_IGN);       /* a visitor who went away is no reason to die */
	if (sess_config_env(&config, environ, &error) != SESS_OK) {
		fprintf(stderr, "%s: %s\n", name, error.text);
		return 1;
	}
	kit = open_kit();
	if (!kit)
		return 1;
	if (FCGX_IsCGI())
		serve(kit, environ, NULL, stdout);
	else
		workers_run(serve_all, kit);
	sess_kit_close(kit);
	return 0;
}
