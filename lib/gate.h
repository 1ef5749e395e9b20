/* SPDX-License-Identifier: ISC */
/* gate.h - a queue that writers stand in before they write; a small file shared by all processes. */
#ifndef SESSKIT_GATE_H
#define SESSKIT_GATE_H

#include "sesskit_store.h"

typedef struct gate_page gate_page;

typedef struct gate {
	int fd;                 /* holds a lock on the file for as long as the gate is open */
	gate_page *page;        /* NULL: not open */
	bool spins;             /* there is another processor */
} gate;

/* Open the gate at this path, made if there is none. SESS_STORE says what is wrong with the file. */
int gate_open(gate *, const char *path, sess_error *);
void gate_close(gate *);
/* SESS_OK: inside, to be left. SESS_BUSY after wait_ms; SESS_STORE. Not to be entered twice. */
int gate_enter(gate *, int wait_ms, sess_error *);
void gate_leave(gate *);
/* How often somebody came in, over all processes; it wraps around. */
unsigned gate_turns(const gate *);
/* Of all processes: writers that had to queue, the longest of their waits, those that gave up. The
 * counts last as long as the file does. */
void gate_stats(const gate *, int64_t *waits, int64_t *longest_us, int64_t *busy);

/* Make an empty file of mode 0600 beside path, under any umask. template has room for path and
 * PRIVATE_SUFFIX and gets its name. The descriptor, or -1 with errno. */
#define PRIVATE_SUFFIX "-new-XXXXXX"
int private_file(char *template, const char *path);
/* SESS_OK if the file behind this stat is ours alone and a plain file; else SESS_STORE says why. */
struct stat;
int private_check(const struct stat *, const char *path, sess_error *);

#endif
