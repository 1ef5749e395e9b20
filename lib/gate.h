/* SPDX-License-Identifier: ISC */
/* gate.h - a queue that writers stand in before they write; a small file shared by all processes. */
#ifndef SESSKIT_GATE_H
#define SESSKIT_GATE_H

#include "sesskit_store.h"

#include <pthread.h>
#include <stdatomic.h>

typedef struct gate_page {
	_Atomic unsigned ready;         /* the mutexes are made */
	_Atomic unsigned closed;        /* the first in the queue lost patience: no overtaking */
	pthread_mutex_t inner;          /* held by the one who writes */
	pthread_mutex_t queue;          /* held by the one who is next */
	_Atomic unsigned turns;         /* how often somebody came in */
	_Atomic int64_t waits, longest_us, busy; /* as sess_stats has them */
	_Atomic int64_t kept_until;     /* monotonic nanoseconds; 0: nobody keeps the log */
} gate_page;

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
/* Nobody else has the gate open. */
bool gate_alone(const gate *);
/* One process keeps what is behind the gate in order for so long, and the others need not: 0 no more.
 * It lasts even if that one dies, but never longer than KEEP_MOST_MS. */
#define KEEP_MOST_MS 10000
void gate_keep(gate *, int ms);
bool gate_kept(const gate *);
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
