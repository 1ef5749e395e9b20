/* SPDX-License-Identifier: ISC */
/* workers.h - the processes and threads of a FastCGI program, and their clean end. */
#ifndef WORKERS_H
#define WORKERS_H

/* Call loop in as many processes (FCGI_WORKERS) of as many threads each (FCGI_THREADS) as the
 * environment says, 1 and 1 by default. The first thread of each process gets first, the others
 * NULL. On SIGTERM each loop's FCGX_Accept_r fails once the request under way is done; the caller's
 * process returns when all others have ended. */
void workers_run(void (*loop)(void *first), void *first);

#endif
