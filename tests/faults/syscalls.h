/* SPDX-License-Identifier: ISC */
/* syscalls.h - lets a test decide which of SQLite's system calls fail, and how. */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include <stdint.h>

/* The errno to fail this call with, 0 to let it be done. call is its name without a number behind;
 * size is how long the file would be after it if that is longer than now, else 0. */
typedef int decide_fn(void *arg, const char *call, int fd, int64_t size);

/* Ask this before each call from now on; NULL: nobody. */
void syscalls_ask(decide_fn *, void *arg);

#endif
