/* SPDX-License-Identifier: ISC */
/* bench.h - what the benchmark programs share: a clock, the visitors of a prepared store, a request
 * as a web server hands it over, and the same work done by hand-written SQL. */
#ifndef BENCH_H
#define BENCH_H

#include <sesskit.h>

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#define TOKEN_TEXT 43
#define COOKIE_TEXT 1023         /* with a session of these benches in it */
#define ID_BYTES 32

/* -- bench.c ----------------------------------------------------------------------------------- */

noreturn void bench_die(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int64_t bench_ns(void);
/* A whole number of at least 1 from the command line; ends the program otherwise. */
size_t bench_number(const char *text);
double bench_median(double *list, size_t count);
/* A different place on each step, all over count places. */
size_t bench_scatter(size_t step, size_t count);
/* directory/name, for the caller to free. */
char *bench_path(const char *directory, const char *name);
int64_t bench_file_bytes(const char *path);
void bench_random(void *, size_t bytes);

/* A CGI environment; bench_present puts the token of a visitor into its cookie, NULL none. */
char **bench_environment(void);
void bench_present(char **env, const char *token);

/* -- bench_visitors.c -------------------------------------------------------------------------- */

/* Settings of a store in the directory, with times so long that nothing falls due by itself. */
sess_kit *bench_kit(const char *directory, int64_t *now);
/* The same in another store; SESSKIT_KEY_FILE and SESSKIT_PASSWORD_FILE count. */
sess_kit *bench_kit_at(const char *url, int64_t *now);
#define BENCH_NOW 1700000000
#define BENCH_TOUCH 86400
/* What each session of a bench holds, about 200 bytes; and the same as JSON text. */
void bench_values(sess *);
extern const char bench_json[];

/* Tokens of the library's sessions, ids of the same rows in the copy for hand-written SQL. */
typedef struct visitors {
	size_t count, cap;
	char (*token)[TOKEN_TEXT + 1];
	unsigned char (*id)[ID_BYTES];
} visitors;

/* Make library.db with so many sessions, raw.db as its exact copy, and the list of tokens. */
void visitors_make(const char *directory, size_t count);
/* raw.db becomes a copy of library.db. */
void visitors_copy(const char *directory);
void visitors_load(visitors *, const char *directory, size_t spare);
/* The first count tokens as they are now. */
void visitors_save(const visitors *, const char *directory);
void visitors_free(visitors *);

/* -- bench_raw.c: the same by hand-written SQL on the same schema ------------------------------ */

typedef struct raw raw;

enum { RAW_PLAIN, RAW_AUTOCHECKPOINT };

raw *raw_open(const char *path, int kind);
void raw_close(raw *);
void raw_list(raw *, visitors *);                /* fills in id */
/* Select by id and read the columns; the revision. */
int64_t raw_read(raw *, const unsigned char *id);
int64_t raw_read_values(raw *, const unsigned char *id); /* the five by json_extract */
void raw_change(raw *, const unsigned char *id);
void raw_touch(raw *, const unsigned char *id, int64_t now);
void raw_start(raw *, unsigned char *id);        /* id: out */
void raw_rotate(raw *, unsigned char *id);       /* id: in and out */
void raw_destroy(raw *, const unsigned char *id);
void raw_idle(raw *);
int64_t raw_latest(raw *);                       /* when a session was last seen */

/* -- bench_library.c: the same by the library -------------------------------------------------- */

typedef struct library {
	sess_kit *kit;
	int64_t now, touches;
	size_t cookie;                           /* characters that the cookie has at most */
	char **env;
	int64_t sum;                             /* of what was read, so that it is read */
} library;

void library_open(library *, const char *directory);
void library_open_at(library *, const char *url);
void library_read(library *, const char *token);         /* resume, read five values */
void library_change(library *, const char *token);       /* resume, change one, commit */
void library_touch(library *, const char *token);
/* The cookie's value, which is the token, for library_open_at with COOKIE_TEXT at most. */
void library_start(library *, char *token);
void library_rotate(library *, char *token);             /* token: in and out */
void library_destroy(library *, const char *token);
/* A whole page: resume, so many values read (at most 5), one changed, commit, header lines. */
void library_page(library *, const char *token, size_t reads);
void library_idle(library *);

/* -- bench_alloc.c: how often memory was asked for --------------------------------------------- */

typedef struct allocations {
	uint64_t all, sqlite;                    /* those of SQLite are among all */
} allocations;

void allocations_watch(void);                    /* before SQLite is used */
allocations allocations_now(void);

#endif
