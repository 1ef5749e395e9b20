/* SPDX-License-Identifier: ISC */
/* powerpreload.h - for a test that has powerpreload.c linked into it. */
#ifndef POWERPRELOAD_H
#define POWERPRELOAD_H

/* Called before each sync, and before each file that goes, below the folder; NULL: nobody. */
extern void (*power_moment)(void);

#endif
