/* SPDX-License-Identifier: ISC */
/* powershadow.h - a shadow of a folder: what of its files and names was synced, by their inodes, in
 * a folder beside it. It is made of files so that it outlives whoever is killed. */
#ifndef POWERSHADOW_H
#define POWERSHADOW_H

#include <stdbool.h>
#include <sys/types.h>

#define SHADOW_NAME 4200

enum { SHADOW_DATA = 'd', SHADOW_NAMES = 'n', SHADOW_GONE = 'g', SHADOW_NOW = 'c' };

/* The file of the shadow that is about this inode. */
void shadow_name(char name[SHADOW_NAME], const char *shadow, int kind, ino_t);
/* What this open file holds by now was synced. 0, or -1 with errno; so do those below. */
int shadow_file(const char *shadow, int fd);
/* The names in this open folder were synced. */
int shadow_folder(const char *shadow, int fd);
/* Write down the names in a folder, a line "TYPE INODE NAME" for each; type is d or f. */
int shadow_list(int fd, const char *path);
/* A name is about to go. Let nobody have its inode while it may yet come back. */
int shadow_keep(const char *shadow, int dir, const char *name);
/* One at a time; a number for shadow_unlock, or -1 with errno. */
int shadow_lock(const char *shadow);
void shadow_unlock(int lock);

#endif
