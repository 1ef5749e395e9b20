/* SPDX-License-Identifier: ISC */
/* flaky.h - a proxy in front of a server's Unix socket that does what servers and networks do on a
 * bad day. It is a child process, and dies with its parent. */
#ifndef FLAKY_H
#define FLAKY_H

#include <stdint.h>
#include <sys/types.h>

enum {
	FLAKY_PASS,             /* all goes through */
	FLAKY_REFUSE,           /* no socket, and what was connected is gone */
	FLAKY_HANG,             /* accepts, takes everything, never answers */
	FLAKY_SLOW,             /* number: milliseconds before each answer */
	FLAKY_CUT,              /* once: the connection closes behind so many bytes of answers */
	FLAKY_GARBAGE,          /* number: seed of what comes in the place of each answer */
	FLAKY_CHANGE            /* number: seed; once: an answer comes changed */
};

typedef struct flaky {
	char path[108], server[108];
	int wake[2];            /* a pipe: there is a new mode */
	_Atomic int mode, asked, taken;
	_Atomic int64_t number;
	pid_t pid;
} flaky;

/* A proxy at the path given. Ends the test if there can be none. */
flaky *flaky_start(const char *path, const char *server);
/* From now on; returns when it is so. */
void flaky_set(flaky *, int mode, int64_t number);
void flaky_stop(flaky *);

#endif
