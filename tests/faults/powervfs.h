/* SPDX-License-Identifier: ISC */
/* powervfs.h - a file system below SQLite that remembers what has been synced, and can write down
 * what a power cut might leave. */
#ifndef POWERVFS_H
#define POWERVFS_H

#include <stdint.h>

/* Stand between SQLite and the files of this database from now on, none of which is open; nonzero
 * if that fails. */
int power_watch(const char *path);
/* Called before each write, sync and truncation of those files. NULL: nobody. */
void power_moment(void (*)(void *arg), void *arg);
/* Write a database and its log as they might be found after a power cut now: what was synced, and
 * of later writes some, each in whole sectors. Nonzero if that fails. */
int power_image(const char *path, uint64_t *seed);

#endif
