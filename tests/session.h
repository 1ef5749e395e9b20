/* SPDX-License-Identifier: ISC */
/*
 * session.h - what the tests of the rules of life share: a kit on a fake clock that keeps its log,
 * a browser's cookie jar, and one request with both. Each test runs once per kind of store.
 */
#ifndef SESSION_H
#define SESSION_H

#include "internal.h"
#include "support.h"
#include "tap.h"

#define START INT64_C(1700000000)       /* what the fake clock says at first */
#define NAME "__Host-sid"               /* of the cookie over HTTPS, with default settings */
#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

/* A kit and all that came out of it. */
typedef struct world {
	sess_kit *kit;
	sess_config config;
	sess_error err;
	int64_t *clock, own_clock;      /* clock: also that of the world this one was cloned from */
	char *log;                      /* "event: text\n" for each event */
	size_t log_len;
	char (*issued)[TOKEN_CHARS + 1]; /* ids that went to browsers */
	size_t issues;
	bool clone;
} world;

typedef struct jar {
	struct {
		char name[64];
		const char *value;      /* stays until the test ends */
		int64_t life;           /* Max-Age; 0: none */
	} at[4];
	size_t count;
} jar;

/* One request. Lines are those of its environment beside the usual ones. */
typedef struct visit {
	world *w;
	jar *cookies;
	sess *s;
	char *lines[24], *cookie;
	char headers[8192];             /* set by visit_end */
} visit;

typedef void world_test(const char *kind);

/* Ids of browsers that world_close found where they must not be, in all. */
extern size_t world_leaks;

/* Open a kit on a fresh store of this kind. with may be NULL; its store and hooks are ignored.
 * world_try returns what sess_kit_open said; world_open ends the program if that is not SESS_OK. */
int world_try(world *, const char *kind, const sess_config *with);
void world_open(world *, const char *kind, const sess_config *with);
/* Another kit on the store, the clock and, unless with says otherwise, the settings of first. */
int world_clone(world *, const world *first, const sess_config *with);
/* Go on with a new kit, as after a restart, with keys and settings as they are by now. The store does
 * not end in between. */
void world_restart(world *);
/* Close it, after looking for ids that a browser got in log and files. */
void world_close(world *);
/* Path of the database, or NULL for a store in memory. */
const char *world_path(const world *);
/* How many events of this name were logged; forget them all. */
size_t world_logged(const world *, const char *event);
void world_log_clear(world *);
/* How many live records there are. */
int64_t world_records(world *);
/* Remember the ids in a jar, for world_close. */
void world_issued(world *, const jar *);
/* How many times the bytes are in the log or in a file of the store. */
size_t world_finds(const world *, const void *bytes, size_t len);

/* Value of a cookie, or NULL; put one there, NULL takes it out. */
const char *jar_get(const jar *, const char *name);
void jar_set(jar *, const char *name, const char *value);
/* Max-Age of the session's cookie; 0: until the browser closes, -1: there is no cookie. */
int64_t jar_life_of(const jar *);
/* Do as a browser does with the header lines of a response. */
void jar_take(jar *, const char *headers);

/* Begin a request over HTTPS. more is a list of environment lines that ends with NULL, or NULL; one
 * of them may replace a usual line. The result of sess_begin_with. */
int visit_try(visit *, world *, jar *, const char *const *more, const sess_options *);
/* The same without extras; ends the program on failure. */
sess *visit_begin(visit *, world *, jar *);
/* Commit, take the header lines, hand them to the jar, end; what commit returned. */
int visit_end(visit *);
/* The same, but the response never reaches the browser. */
int visit_lose(visit *);

/* Whole requests: only look; store under "who"; add one to "n" and give the sum, or the code of a
 * commit that failed; log in and out; look up a text. */
sess_status look(world *, jar *);
int store_text(world *, jar *, const char *key, const char *text);
int64_t add_one(world *, jar *);
int log_in(world *, jar *, const char *user);
int log_out(world *, jar *);
/* "none" if there is none; good until the next call. */
const char *text_of(world *, jar *, const char *key);

/* How many Set-Cookie lines there are for this cookie (NULL: for any). */
int set_cookies(const char *headers, const char *name);
bool has_line(const char *headers, const char *line);

/* Run tests against kinds of stores, and print the plan; the exit status. In the header, since each
 * source file counts its own cases. */
static inline int
world_run_on(const char *const *kinds, size_t n, world_test *const *tests, size_t count)
{
	for (size_t i = 0; i < n; i++) {
		diag("%s", kinds[i]);
		for (size_t k = 0; k < count; k++)
			tests[k](kinds[i]);
	}
	is_int((int64_t)world_leaks, 0, "no id of a browser is in a log or a file of a store");
	return done();
}

static inline int
world_run(world_test *const *tests, size_t count)
{
	static const char *const kinds[] = { "memory:", "sqlite:", "file:" };

	return world_run_on(kinds, PARTS(kinds), tests, count);
}

#endif
