/* SPDX-License-Identifier: ISC */
/* bench.c - clock, numbers and the environment of a request, for the benchmark programs. */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

noreturn void
bench_die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("bench: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

int64_t
bench_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

size_t
bench_number(const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (n < 1 || *end != '\0')
		bench_die("\"%s\": expected a whole number of at least 1", text);
	return (size_t)n;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double
bench_median(double *list, size_t count)
{
	qsort(list, count, sizeof(*list), compare);
	return (list[(count - 1) / 2] + list[count / 2]) / 2;
}

size_t
bench_scatter(size_t step, size_t count)
{
	/* A prime beyond any count used here, so that no place repeats before all had their turn. */
	return step * (size_t)2654435761 % count;
}

char *
bench_path(const char *directory, const char *name)
{
	char *path;

	if (asprintf(&path, "%s/%s", directory, name) < 0)
		bench_die("out of memory");
	return path;
}

int64_t
bench_file_bytes(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

void
bench_random(void *to, size_t bytes)
{
	if (getrandom(to, bytes, 0) != (ssize_t)bytes)
		bench_die("no random bytes");
}

/* -- a request --------------------------------------------------------------------------------- */

#define COOKIE_BEFORE "HTTP_COOKIE=language=en; sid="

static char cookie_line[sizeof(COOKIE_BEFORE) + COOKIE_TEXT];

/* As lighttpd sends them. */
static char *request_lines[] = {
	(char[]){ "CONTENT_LENGTH=0" }, (char[]){ "QUERY_STRING=" }, (char[]){ "REQUEST_URI=/counter" },
	(char[]){ "REDIRECT_STATUS=200" }, (char[]){ "SCRIPT_NAME=/counter" }, (char[]){ "PATH_INFO=" },
	(char[]){ "SCRIPT_FILENAME=/srv/www/counter" }, (char[]){ "DOCUMENT_ROOT=/srv/www" },
	(char[]){ "REQUEST_METHOD=GET" }, (char[]){ "SERVER_PROTOCOL=HTTP/1.1" },
	(char[]){ "SERVER_SOFTWARE=lighttpd/1.4.69" }, (char[]){ "GATEWAY_INTERFACE=CGI/1.1" },
	(char[]){ "REQUEST_SCHEME=http" }, (char[]){ "SERVER_PORT=8080" },
	(char[]){ "SERVER_ADDR=127.0.0.1" }, (char[]){ "SERVER_NAME=127.0.0.1" },
	(char[]){ "REMOTE_ADDR=127.0.0.1" }, (char[]){ "REMOTE_PORT=40000" },
	(char[]){ "HTTP_HOST=127.0.0.1:8080" }, (char[]){ "HTTP_ACCEPT=text/html" },
	(char[]){ "HTTP_USER_AGENT=Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101" },
	(char[]){ "HTTP_ACCEPT_LANGUAGE=en-GB,en;q=0.7" }, (char[]){ "HTTP_ACCEPT_ENCODING=gzip" },
	NULL, NULL      /* the cookie, and the end */
};
#define COOKIE_AT (sizeof(request_lines) / sizeof(request_lines[0]) - 2)

char **
bench_environment(void)
{
	memcpy(cookie_line, COOKIE_BEFORE, sizeof(COOKIE_BEFORE));
	return request_lines;
}

void
bench_present(char **env, const char *token)
{
	env[COOKIE_AT] = token != NULL ? cookie_line : NULL;
	if (token != NULL)
		strcpy(cookie_line + sizeof(COOKIE_BEFORE) - 1, token);
}
