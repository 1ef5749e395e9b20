/* SPDX-License-Identifier: ISC */
/*
 * probe.c - a program of the tests, FastCGI or CGI: its answers show what a web server made of a
 * request, and it stops half-way through one when told. Not for a real site.
 */
#define _GNU_SOURCE
#include "../../fcgi-apps/workers.h"

#include <sesskit.h>

#include <fastcgi.h>
#include <fcgiapp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LARGE (8 << 20)         /* more than the buffers between us and the client can hold */

#define FULL 5000               /* header lines with a whole session in a cookie, and others */

typedef struct exchange {
	char **env;
	FCGX_Stream *in;                /* NULL: CGI, standard input */
	FILE *out;
} exchange;

static sess_config plain = SESS_CONFIG_INIT;
static sess_config trusting;    /* the same, but proxies on this machine are believed */

static const char *
variable(const exchange *x, const char *name)
{
	const char *value = FCGX_GetParam(name, x->env);

	return value ? value : "";
}

/* Where the program lies, with a file's name behind it; the tests look there too. */
static void
beside_program(char *out, size_t size, const char *name)
{
	char path[2048];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[len < 0 ? 0 : len] = '\0';
	if (strrchr(path, '/'))
		*strrchr(path, '/') = '\0';
	snprintf(out, size, "%s/%s", path, name);
}

/* If there is a file "hold", rename it to "held.PID", and go on when that is gone. So only one
 * request is held, even when a server repeats it. */
static void
hold(void)
{
	const struct timespec moment = { .tv_nsec = 10 * 1000 * 1000 };
	char from[2200], to[2200], name[40];

	beside_program(from, sizeof(from), "hold");
	snprintf(name, sizeof(name), "held.%ld", (long)getpid());
	beside_program(to, sizeof(to), name);
	if (rename(from, to) != 0)
		return;
	for (int i = 0; i < 3000 && access(to, F_OK) == 0; i++)
		nanosleep(&moment, NULL);       /* a signal shortens it, and does no harm */
}

/* Copy the body to a stream. False if less came than was promised. */
static bool
copy_body(const exchange *x, FILE *to)
{
	size_t left = strtoull(variable(x, "CONTENT_LENGTH"), NULL, 10), n;
	char part[16384];

	while (left > 0) {
		n = left < sizeof(part) ? left : sizeof(part);
		n = x->in ? (size_t)FCGX_GetStr(part, (int)n, x->in) : fread(part, 1, n, stdin);
		if (n == 0)
			return false;
		fwrite(part, 1, n, to);
		left -= n;
	}
	return true;
}

/* A page without a session, which each cache may keep; no two are alike. */
static void
answer_public(const exchange *x)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	fprintf(x->out, "Content-Type: text/plain\r\nCache-Control: public, max-age=600\r\n\r\n"
		"stamp %ld.%lld%09ld\n", (long)getpid(), (long long)now.tv_sec, now.tv_nsec);
}

static void
answer_failure(const exchange *x, int code, const char *why)
{
	fprintf(x->out, "Status: 503 Service Unavailable\r\nContent-Type: text/plain\r\n\r\n"
		"%s: %s\n", sess_strerror(code), why);
}

/* What the library saw, as lines of a name and a value. */
static void
answer_facts(const exchange *x, sess *s)
{
	const char *path = variable(x, "PATH_INFO");
	sess_info about = {0};

	(void)sess_about(s, &about);
	fprintf(x->out, "Content-Type: text/plain; charset=utf-8\r\n%s", sess_headers(s));
	if (strcmp(path, "/full") == 0)
		fprintf(x->out, "X-Full: %0*d\r\n", FULL, 0);
	fprintf(x->out, "\r\n");
	if (strcmp(variable(x, "REQUEST_METHOD"), "HEAD") == 0)
		return;
	fprintf(x->out, "count %lld\nstate %d\naddress %s\npid %ld\nscript %s\npath %s\nquery %s\n",
		(long long)sess_get_int(s, "count", 0), sess_state(s),
		about.address ? about.address : "", (long)getpid(), variable(x, "SCRIPT_NAME"),
		path, variable(x, "QUERY_STRING"));
	if (strcmp(path, "/large") == 0)
		for (int i = 0; i < LARGE / 64; i++)
			fprintf(x->out, "%063d\n", i);
}

static void
serve_session(const exchange *x, sess_kit *kit)
{
	const char *path = variable(x, "PATH_INFO");
	sess *s = NULL;
	int rc = sess_begin(kit, x->env, &s);

	if (rc == SESS_OK) {
		if (strcmp(path, "/form") == 0)
			(void)sess_csrf_token(s);
		sess_add_int(s, "count", 1);
		if (strcmp(path, "/hold") == 0)
			hold();
		rc = sess_commit(s);
	}
	if (rc == SESS_OK)
		answer_facts(x, s);
	else
		answer_failure(x, rc, sess_kit_error(kit));
	sess_end(s);
}

static void
serve_with(const exchange *x, const sess_config *config)
{
	sess_error error = {0};
	sess_kit *kit;
	int rc = sess_kit_open(&kit, config, &error);

	if (rc == SESS_OK)
		serve_session(x, kit);
	else
		answer_failure(x, rc, error.text);
	sess_kit_close(kit);
}

static void
serve(const exchange *x)
{
	const char *path = variable(x, "PATH_INFO");
	char *body = NULL;
	size_t len = 0;
	FILE *copy = open_memstream(&body, &len);
	bool whole = copy && copy_body(x, copy);

	if (copy && fclose(copy) != 0)
		whole = false;
	if (!whole) {
		fprintf(x->out, "Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n"
			"cut off\n");
	} else if (strcmp(path, "/body") == 0) {
		fprintf(x->out, "Content-Type: application/octet-stream\r\n\r\n");
		fwrite(body, 1, len, x->out);
	} else if (strcmp(path, "/public") == 0) {
		answer_public(x);
	} else {
		serve_with(x, strcmp(path, "/trusting") == 0 ? &trusting : &plain);
	}
	free(body);
}

static void
serve_all(void *first)
{
	FCGX_Request request;
	exchange x;
	char *text;
	size_t len;

	(void)first;
	FCGX_InitRequest(&request, FCGI_LISTENSOCK_FILENO, 0);
	while (FCGX_Accept_r(&request) == 0) {
		x = (exchange){ request.envp, request.in, open_memstream(&text, &len) };
		if (x.out) {
			serve(&x);
			if (fclose(x.out) == 0)
				FCGX_PutStr(text, (int)len, request.out);
			free(text);
		}
		FCGX_Finish_r(&request);
	}
}

int
main(void)
{
	sess_error error = {0};

	signal(SIGPIPE, SIG_IGN);
	if (sess_config_env(&plain, environ, &error) != SESS_OK) {
		fprintf(stderr, "probe: %s\n", error.text);
		return 1;
	}
	trusting = plain;
	if (sess_config_set(&trusting, "trusted_proxies", "127.0.0.1", &error) != SESS_OK) {
		fprintf(stderr, "probe: %s\n", error.text);
		return 1;
	}
	if (FCGX_IsCGI())
		serve(&(exchange){ environ, NULL, stdout });
	else
		workers_run(serve_all, NULL);
	return 0;
}
