/* SPDX-License-Identifier: ISC */
/* faults.h - what the tests under faults/ share: crowds of processes and threads, a browser with
 * one cookie, and a look at a database without the library. */
#ifndef FAULTS_H
#define FAULTS_H

#include "sesskit.h"
#include "../support.h"
#include "../tap.h"

#include <stdint.h>

/* Kill this program after so many seconds: a test that hangs has failed. Children die with it. */
void time_limit(unsigned seconds);
/* The second number if SESS_SLOW is set in the environment, else the first. */
int scale(int quick, int slow);
/* Zeroed memory that forked children share. Ends the test if there is none. */
void *shared(size_t size);
int64_t clock_ms(void);
/* A number below limit; the same sequence for the same seed, which must not be 0. */
unsigned dice(uint64_t *seed, unsigned limit);
/* SESS_SEED from the environment, or a fixed number; told as a diagnostic. */
uint64_t first_seed(void);

/* Run a job so many times at once and wait for all; how many did not return 0. */
typedef int job(void *arg, int who);
int in_processes(int n, job *, void *arg);
int in_threads(int n, job *, void *arg);
/* One child process that runs the job and exits with what it returns. */
pid_t start_process(job *, void *arg, int who);
/* The exit status of a child, or 128 and the signal that ended it. */
int wait_process(pid_t);

/* A browser's one cookie, as a CGI program gets it: "HTTP_COOKIE=sid=..." or "" */
typedef struct jar {
	char line[4200];           /* with a session in it, perhaps */
} jar;

void jar_keep(jar *, const char *set_cookie);   /* as sess_cookie gives it; NULL changes nothing */
/* Settings for this store and these two parts of a fake clock; now may be NULL. */
sess_config store_settings(const char *store, int64_t *now);
/* A kit, or NULL with a diagnostic. */
sess_kit *open_kit(const sess_config *);
/* A session for this browser, NULL if that failed. The jar must not change until it has left. */
sess *enter(sess_kit *, jar *);
int leave(sess *, jar *);       /* commit, take its cookie, end: the code of the commit */
/* One request that adds to the number "n"; the commit's code, or SESS_STORE if none began. */
int add_one(sess_kit *, jar *, const char *key);
/* One request that stores nothing: the state, and the number under this key, -1: none. */
sess_status look(sess_kit *, jar *, const char *key, int64_t *number);
bool is_live(sess_kit *, jar *);
/* A new session with n = 0, of this user unless NULL. SESS_OK or what failed. */
int new_session(sess_kit *, jar *, const char *user);

/* "ok", or what SQLite's integrity_check says about this database; lent until the next call. */
const char *integrity(const char *path);
/* "sqlite:" or "file:" and a path in the test's own directory; for the caller to free. */
char *sqlite_url(const char *name);
char *file_url(const char *name);
/* Copy the log of this database into it, as an operator's shell does; false if that failed. */
bool checkpoint(const char *path);
/* To a new file of mode 0600, or over an old one. Ends the test if it cannot. */
void copy_file(const char *from, const char *to, const char *suffix);
int64_t file_size(const char *path);            /* -1: there is none */

#endif
