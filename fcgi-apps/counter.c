/* SPDX-License-Identifier: ISC */
/*
 * counter.c - count the visits of each visitor: the whole life of a session in one page.
 *
 * Started by a FastCGI server or spawn-fcgi it serves until SIGTERM; started as plain CGI it
 * answers once. SESSKIT_STORE and other settings of sesskit.conf(5) come from the environment.
 */
#define _GNU_SOURCE
#include "workers.h"

#include <sesskit.h>

#include <fastcgi.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sess_config config = SESS_CONFIG_INIT;

static const char page[] =
	"<!doctype html>\n"
	"<html lang=\"en\">\n"
	"<head>\n"
	"<meta charset=\"utf-8\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<title>Visit %lld</title>\n"
	"<link rel=\"stylesheet\" href=\"/style.css\">\n"
	"</head>\n"
	"<body>\n"
	"<main>\n"
	"<h1>Your visits</h1>\n"
	"<p class=\"count\">%lld</p>\n"
	"<p><a class=\"button\" href=\"?\">Count again</a></p>\n"
	"<p><a href=\"/\">All samples</a></p>\n"
	"</main>\n"
	"</body>\n"
	"</html>\n";

static void
refuse(FILE *out, const char *headers, const char *text)
{
	fprintf(out, "%s\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n\r\n%s\n",
		headers, text);
}

/* One request, in four calls: begin, add, commit, end. */
static void
serve(sess_kit *kit, char **env, FILE *out)
{
	const char *method = FCGX_GetParam("REQUEST_METHOD", env);
	sess *s = NULL;
	int rc;

	if (!method || (strcmp(method, "GET") && strcmp(method, "HEAD") &&
			strcmp(method, "POST"))) {
		refuse(out, "Status: 405 Method Not Allowed\r\nAllow: GET, HEAD, POST",
			"This page can only be looked at.");
		return;
	}
	rc = sess_begin(kit, env, &s);
	if (rc == SESS_OK) {
		sess_add_int(s, "count", 1);    /* a failure would come back from commit */
		rc = sess_commit(s);
	}
	if (rc == SESS_OK) {
		long long count = sess_get_int(s, "count", 0);

		fprintf(out, "Content-Type: text/html; charset=utf-8\r\n%s\r\n", sess_headers(s));
		if (strcmp(method, "HEAD"))
			fprintf(out, page, count, count);
	} else {
		fprintf(stderr, "counter: %s: %s\n", sess_strerror(rc), sess_kit_error(kit));
		refuse(out, "Status: 503 Service Unavailable\r\nRetry-After: 5",
			"Visits cannot be counted just now. Please come back in a moment.");
	}
	sess_end(s);
}

static sess_kit *
open_kit(void)
{
	sess_error error = {0};
	sess_kit *kit;

	if (sess_kit_open(&kit, &config, &error) != SESS_OK)
		fprintf(stderr, "counter: %s\n", error.text);
	return kit;
}

/* Requests, until the server or SIGTERM says that it is enough. */
static void
serve_all(void *first)
{
	sess_kit *kit = first ? first : open_kit();     /* each thread needs its own */
	FCGX_Request request;
	size_t len;
	char *text;
	FILE *out;

	FCGX_InitRequest(&request, FCGI_LISTENSOCK_FILENO, 0);
	while (kit && FCGX_Accept_r(&request) == 0) {
		out = open_memstream(&text, &len);
		if (out) {
			serve(kit, request.envp, out);
			if (fclose(out) == 0)
				FCGX_PutStr(text, (int)len, request.out);
			free(text);
		}
		FCGX_Finish_r(&request);
		if (sess_idle(kit) != SESS_OK)
			fprintf(stderr, "counter: %s\n", sess_kit_error(kit));
	}
	if (!first)
		sess_kit_close(kit);
}

int
main(void)
{
	sess_error error = {0};
	sess_kit *kit;

	signal(SIGPIPE, SIG_IGN);       /* a visitor who went away is no reason to die */
	if (sess_config_env(&config, environ, &error) != SESS_OK) {
		fprintf(stderr, "counter: %s\n", error.text);
		return 1;
	}
	kit = open_kit();
	if (!kit)
		return 1;
	if (FCGX_IsCGI())
		serve(kit, environ, stdout);
	else
		workers_run(serve_all, kit);
	sess_kit_close(kit);
	return 0;
}
