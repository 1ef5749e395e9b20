/* SPDX-License-Identifier: ISC */
/* support.h - what test programs share: private directories and a clock that stands still. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include <stdint.h>

/* A directory of mode 0700 for this program, made at the first call and removed, with all that is
 * in it, when the process that made it exits. Static; ends the test if it cannot be made. */
const char *temp_dir(void);

/* temp_dir() with a name behind it; for the caller to free. Ends the test if memory runs out. */
char *temp_path(const char *name);

/* For sess_config.now: the time is what the int64_t that arg points to says. */
int64_t fake_now(void *arg);

#endif
