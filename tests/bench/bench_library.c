/* SPDX-License-Identifier: ISC */
/* bench_library.c - the operations of a bench through the library, as a program would call it. */
#include "bench.h"

#include <string.h>

void
library_open(library *l, const char *directory)
{
	*l = (library){ .now = BENCH_NOW, .cookie = TOKEN_TEXT, .env = bench_environment() };
	l->kit = bench_kit(directory, &l->now);
}

void
library_open_at(library *l, const char *url)
{
	*l = (library){ .now = BENCH_NOW, .cookie = COOKIE_TEXT, .env = bench_environment() };
	l->kit = bench_kit_at(url, &l->now);
}

static void
expect(const library *l, int rc)
{
	if (rc != SESS_OK)
		bench_die("%s: %s", sess_strerror(rc), sess_kit_error(l->kit));
}

static sess *
resume(library *l, const char *token)
{
	sess *s;

	bench_present(l->env, token);
	expect(l, sess_begin(l->kit, l->env, &s));
	if (sess_state(s) != (token != NULL ? SESS_LIVE : SESS_FRESH))
		bench_die("a session is missing: %s", sess_state_text(sess_state(s)));
	return s;
}

static void
finish(library *l, sess *s)
{
	expect(l, sess_commit(s));
	sess_end(s);
}

static void
read_values(library *l, const sess *s, size_t reads)
{
	if (reads > 0)
		l->sum += sess_get_int(s, "cart", 0);
	if (reads > 1)
		l->sum += sess_get_int(s, "count", 0);
	if (reads > 2)
		l->sum += sess_get_str(s, "language", "-")[0];
	if (reads > 3)
		l->sum += sess_get_bool(s, "member", false);
	if (reads > 4)
		l->sum += sess_get_str(s, "name", "-")[0];
}

void
library_read(library *l, const char *token)
{
	sess *s = resume(l, token);

	read_values(l, s, 5);
	sess_end(s);
}

void
library_change(library *l, const char *token)
{
	sess *s = resume(l, token);

	sess_add_int(s, "count", 1);
	finish(l, s);
}

void
library_touch(library *l, const char *token)
{
	sess *s;

	/* Each is later than all before, so that it is due. */
	l->now = BENCH_NOW + BENCH_TOUCH + ++l->touches;
	s = resume(l, token);
	finish(l, s);
	l->now = BENCH_NOW;
}

/* The cookie that the browser would get. */
static void
take_token(const library *l, sess *s, char *token)
{
	const char *cookie = sess_cookie(s);
	size_t len;

	if (cookie == NULL || (cookie = strchr(cookie, '=')) == NULL)
		bench_die("no cookie came");
	len = strcspn(++cookie, ";");
	if (len > l->cookie)
		bench_die("a cookie of %zu characters came", len);
	memcpy(token, cookie, len);
	token[len] = '\0';
}

void
library_start(library *l, char *token)
{
	sess *s = resume(l, NULL);

	bench_values(s);
	expect(l, sess_commit(s));
	take_token(l, s, token);
	sess_end(s);
}

void
library_rotate(library *l, char *token)
{
	sess *s = resume(l, token);

	expect(l, sess_rotate(s));
	expect(l, sess_commit(s));
	take_token(l, s, token);
	sess_end(s);
}

void
library_destroy(library *l, const char *token)
{
	sess *s = resume(l, token);

	expect(l, sess_destroy(s));
	finish(l, s);
}

void
library_page(library *l, const char *token, size_t reads)
{
	sess *s = resume(l, token);

	read_values(l, s, reads);
	sess_add_int(s, "count", 1);
	expect(l, sess_commit(s));
	l->sum += sess_headers(s)[0];
	sess_end(s);
}

void
library_idle(library *l)
{
	expect(l, sess_idle(l->kit));
}
