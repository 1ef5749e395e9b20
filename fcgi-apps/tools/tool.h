/* SPDX-License-Identifier: ISC */
/*
 * tool.h - what the verbs of the operator's command share. Each verb is one file, which holds its
 * options, its help and its run function; sesskit.c reads the command line by them.
 */
#ifndef SESSKIT_TOOL_H
#define SESSKIT_TOOL_H

#include "internal.h"

#include <stdio.h>
#include <sysexits.h>

typedef struct tool_option {
	const char *name;               /* without the two dashes; NULL ends a list */
	const char *value;              /* what help calls its value, "N" or "FILE"; NULL: a switch */
	const char *help;               /* one line */
} tool_option;

typedef struct tool tool;

typedef struct verb {
	const char *name;
	const char *operands;           /* "REF..." for help; NULL: it takes none */
	const char *summary;            /* what it does, a few words, no full stop */
	const char *details;            /* paragraphs for "help VERB", lines of at most 78 columns */
	const tool_option *options;     /* beside those that every verb has */
	int (*run)(tool *, char **operands); /* an exit code; operands end with NULL */
} verb;

#define VERB(name) extern const verb verb_##name;
#include "verbs.def"
#undef VERB

enum { TOOL_OPTIONS_MAX = 24 };

struct tool {
	const verb *verb;
	sess_config config;             /* from file, environment and options */
	sess_kit *kit;                  /* NULL until tool_open */
	bool json, quiet;               /* --json, --quiet */
	bool may_create;                /* tool_open makes the store if there is none; for import */
	struct {
		const char *name, *value;
	} given[TOOL_OPTIONS_MAX];
	size_t givens;
};

extern const verb *const verbs[];            /* all of them; NULL ends the list */
extern const tool_option common_options[];   /* those that every verb has */

/* -- sesskit.c, options.c ---------------------------------------------------------------------- */

/* The verb of that name, or NULL; EX_USAGE with a message that names the nearest one. */
const verb *verb_find(const char *name);
int verb_unknown(const tool *, const char *name);
/* Read what stands behind the verb: options and settings into the tool, operands to the front of
 * args. EX_OK, or an exit code with a message. */
int tool_read_line(tool *, char **args, bool *help);

/* The nearest of several names to a word: try each, then look. */
typedef struct guess {
	const char *word, *nearest;     /* nearest: NULL when none is near */
	size_t distance;
} guess;

void guess_try(guess *, const char *name);

/* Value of an option of the verb: NULL when it was not given, "" for a switch. */
const char *tool_given(const tool *, const char *option);
/* Read it as a number ("250"), a time in seconds ("30m") or a size ("64K"), as settings do;
 * otherwise when it was not given. EX_OK, or EX_USAGE with a message. */
int tool_number(const tool *, const char *option, setting_kind, int64_t otherwise, int64_t *out);

/* One line on standard error: "sesskit VERB: text". Returns the exit code given. */
int tool_fail(const tool *, int exit_code, const char *text, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for a result of the library, whose text is in err; the exit code that fits it. */
int tool_fail_code(const tool *, int code, const sess_error *err);

/* Open the kit that config describes, as the user who owns the store: switch to that user if this
 * is root, refuse if it is another. A store that is not there is an error, unless may_create
 * is set. EX_OK, or an exit code with a message. */
int tool_open(tool *);
/* The first half of that, for who does not open the store: be its owner. */
int tool_own(tool *);
/* The same for a file: that of its folder, if it is not there and may be created. */
int tool_own_file(const tool *, const char *path, bool may_create);
/* Path of the key file that config means. EX_OK, or an exit code with a message. */
enum { TOOL_PATH_MAX = 4096 };
int tool_key_path(const tool *, char path[TOOL_PATH_MAX]);
/* Another store with the same settings otherwise, for copy; made if there is none. */
int tool_open_also(tool *, const char *url, sess_kit **out);

/* Name of a user, or "#1000", as sudo takes it. Returns buf. */
#define USER_NAME_MAX 64
const char *user_name(uid_t uid, char buf[USER_NAME_MAX]);

/* Ctrl-C or SIGTERM came: stop at the next safe place. */
bool tool_stopping(void);
/* Say that it was stopped, and what was done; the exit code that shells know for it, 130 or 143. */
int tool_stopped(const tool *, const char *what);
/* Standard output failed, or the reader went away: EX_IOERR with a message; else EX_OK. Each verb
 * that prints ends with it. */
int tool_flush(const tool *);
/* Ask a yes-or-no question on the terminal. False without a terminal, which is said. */
bool tool_confirm(const tool *, const char *question);

/* -- term.c: the terminal ---------------------------------------------------------------------- */

void term_begin(void);                  /* before all others */
bool term_is(FILE *);
int term_width(void);                   /* columns of standard output; 80 when not known */
int term_width_of(FILE *);
/* The first character of a text, and its bytes: 0 when they are not UTF-8. */
size_t term_character(const char *text, size_t left, uint32_t *out);
/* A terminal would do something at this character instead of showing it. */
bool term_obeys(uint32_t character);
/* Columns that a cleaned text takes. */
int term_columns(const char *clean);
/* Text of a stranger, such as an agent, without control characters, cut to so many columns (0: not
 * cut). buf is returned; it needs 4 * columns + 4 bytes, or 4 * strlen + 4. */
const char *term_clean(char *buf, size_t size, const char *text, int columns);
/* "2026-01-31 12:00:00" in UTC; "-" for 0. Returns buf. */
#define TERM_TIME_MAX 32
const char *term_time(char buf[TERM_TIME_MAX], int64_t unix_seconds);
/* "3m 20s", "2d 4h"; "-" for negative. */
const char *term_span(char buf[TERM_TIME_MAX], int64_t seconds);
/* "1.2 MiB". */
const char *term_size(char buf[TERM_TIME_MAX], int64_t bytes);

/* -- progress.c: long work on a terminal ------------------------------------------------------- */

/* A bar with rate and time left on standard error, if that is a terminal and neither --quiet nor
 * --json was given; drawn at most ten times a second. total 0: not known. */
typedef struct progress {
	const char *label;
	int64_t total, done, started_ms, drawn_ms;
	bool on;
} progress;

void progress_begin(progress *, const tool *, const char *label, int64_t total);
void progress_at(progress *, int64_t done);
void progress_end(progress *);          /* clears the line */

/* -- json_out.c: JSON text on a stream --------------------------------------------------------- */

/* Members of an object or items of an array, with the commas in the right places. key is NULL in an
 * array. Invalid UTF-8 in text becomes U+FFFD. */
typedef struct json_out {
	FILE *to;
	bool first;
} json_out;

void json_start(json_out *, FILE *);
void json_open(json_out *, const char *key, char bracket);      /* '{' or '[' */
void json_close(json_out *, char bracket);                      /* '}' or ']' */
void json_text(json_out *, const char *key, const char *text);  /* NULL: null */
void json_int(json_out *, const char *key, int64_t);
void json_bool(json_out *, const char *key, bool);
void json_raw(json_out *, const char *key, const char *json, size_t len);
void json_line(json_out *);                             /* end of a line, ready for the next */

/* -- find.c: the sessions that list means -------------------------------------------------------- */

enum { FIND_LIVE, FIND_EXPIRED, FIND_ALL };
enum { ORDER_SEEN, ORDER_CREATED, ORDER_EXPIRES, ORDER_USER, ORDER_BYTES };

typedef struct find {
	const char *user, *address;     /* NULL: any; user "": anonymous */
	int state, order;
	int64_t now, idle, active;      /* unused for so long; used within so long; 0: any */
	size_t limit;                   /* 0: all */
} find;

/* Hand on each of them, without its data, in order; *more: there were others beyond the limit. A
 * nonzero result of the function stops. EX_OK, or an exit code with a message. */
int find_each(const tool *t, const find *f, sess_record_fn *each, void *arg, bool *more);

/* -- show.c ------------------------------------------------------------------------------------ */

/* A few words for why a session is no more. */
const char *end_reason(sess_status);
/* Read the ref that somebody typed. EX_OK, or EX_USAGE with a message. */
int read_ref(const tool *, const char *text, unsigned char id[SESS_ID_BYTES]);

/* -- key.c ------------------------------------------------------------------------------------- */

/* What was done to a key file. */
void key_say(const tool *, const char *what, const char *path, const char *name);

#endif
