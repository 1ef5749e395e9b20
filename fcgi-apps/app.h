/* SPDX-License-Identifier: ISC */
/*
 * app.h - what the samples share but counter.c, which shows the bare loop: FastCGI or CGI, prefork
 * or threads, one request at a time, and the page that answers it.
 *
 * A sample is one function that gets an app_request. It reads the request with app_..., works with
 * the session r->s, and answers in this order: page_begin or app_go, which commit the session
 * and choose the header lines; then the page. Nothing is sent before the function has returned.
 */
#ifndef SESSKIT_APP_H
#define SESSKIT_APP_H

#include <sesskit.h>

#include <stdio.h>

typedef struct app_request {
	sess_kit *kit;
	sess *s;                        /* begun; ended by app_main */
	char **env;
	FILE *out;                      /* the page so far */
	const char *method;             /* GET, HEAD or POST; others were refused already */
	const char *path;               /* PATH_INFO, "" if none */
	char *body;                     /* of a POST; NUL-terminated */
	size_t body_len;
	const char *name;               /* of the program, for messages */
	/* for app.c, page.c and form.c */
	const char *status;             /* NULL: not answered yet */
	const char *location;           /* of app_go, else NULL */
	struct app_lent *lent;          /* what app_memory gave */
} app_request;

typedef void app_page(app_request *);

/* Serve until SIGTERM (FastCGI), or once (CGI). name is for messages. flags are those of
 * sess_begin_with. Returns the exit status. */
int app_main(const char *name, unsigned flags, app_page *);

/* -- form.c: the request ----------------------------------------------------------------------- */

/* A CGI variable, "" if there is none. */
const char *app_env(const app_request *, const char *name);
/* A field of the form that was posted, or a parameter of the query string, decoded; NULL if it is
 * not there or not valid UTF-8 without NUL. Of several of that name, the first. Lent until the
 * function returns. */
const char *app_field(app_request *, const char *name);
const char *app_query(app_request *, const char *name);
/* Memory that is wiped and freed when the function has returned; NULL if there is none. */
void *app_memory(app_request *, size_t size);
/* What app_main does then; for tests. */
void app_forget(app_request *);

/* -- page.c: the answer ------------------------------------------------------------------------ */

/* Commit the session; if that fails, answer why and return false: there is nothing more to do. Else
 * begin an answer of that status ("200 OK") with the top of the page; title is its heading. */
bool page_begin(app_request *, const char *status, const char *title);
void page_end(app_request *);
/* Where this program is, to go before the names of its pages in a link: SCRIPT_NAME, "" if that is no
 * path of this site. */
const char *app_base(const app_request *);
/* Commit, and send the browser by GET (303) to a page of this program: "" is its start, "/devices"
 * what follows app_base. What would lead to another site leads to "/". */
void app_go(app_request *, const char *page);

/* Print text with < > & and quotes made harmless, in content and in quoted attributes alike. */
void page_text(app_request *, const char *text);
/* printf for markup; each %s is escaped as by page_text. Knows %s %d %lld %zu %% only. */
__attribute__((format(printf, 2, 3)))
void page_print(app_request *, const char *markup, ...);
/* Begin a form that posts to a page of this program, named as for app_go. It has the form token of
 * this session; app_main refuses every POST without, and so no program can forget to check it. */
void page_form(app_request *, const char *page);
/* Something to be noticed, such as what sess_flash_take gave; nothing for NULL. */
void page_notice(app_request *, const char *text);
/* A notice of how the session ended, if the visitor's cookie leads nowhere any more. */
void page_ended(app_request *);
/* "2026-01-31 12:00 UTC" as <time>; "never" for 0. */
void page_time(app_request *, int64_t unix_seconds);

/* A whole page of a few words that leaves the session alone: for what is not there, or refused. */
void page_refuse(app_request *, const char *status, const char *title, const char *text);
/* One that says why sess_begin, sess_commit or another call failed; the log gets the details. */
void page_failed(app_request *, int code);

/* -- between app.c and page.c ------------------------------------------------------------------ */

/* The answer to a form without its token. */
void page_forged(app_request *);
/* The header lines of the answer, up to the blank line. */
void page_headers(app_request *, FILE *to);

#endif
