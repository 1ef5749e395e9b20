/* SPDX-License-Identifier: ISC */
/* examine.h - what stores share that look for faults: how a finding is told, and what a look at disk
 * and files shows. Nothing is changed. */
#ifndef SESSKIT_EXAMINE_H
#define SESSKIT_EXAMINE_H

#include "sesskit_store.h"

typedef struct examination {
	const char *path;               /* of the store: a file or a folder */
	const char *folder;             /* that it is, or lies in */
	bool deep;
	sess_finding_fn *each;
	void *arg;
} examination;

/* examine.c: one clean line, whatever a damaged file says. */
void examine_say(const examination *, int level, const char *remedy, const char *text, ...)
	__attribute__((format(printf, 4, 5)));

/* examine_files.c */
struct stat;
/* What kind of file system a folder is on, if its locks may not hold for several machines: its name
 * and in *level whether that is sure, a fault, or a guess, a warning. NULL: it is a local one. */
const char *remote_disk(int folder, int *level);
/* That, and whether there is room. */
void examine_disk(const examination *);
/* One of the files of a store, which should be its owner's alone: 1 there, 0 not there, -1 not to
 * be opened. */
int examine_file(const examination *, const char *path, struct stat *);

#endif
