/* SPDX-License-Identifier: ISC */
/* export.h - an export under way; export.c and export_file.c share it. */
#ifndef SESSKIT_EXPORT_H
#define SESSKIT_EXPORT_H

#include "lines.h"
#include "tool.h"

#define EXPORT_BYTES_MAX ((size_t)16 << 20)     /* no max_bytes is larger */
#define EXPORT_PATH_MAX 4096

typedef struct export {
	tool *t;
	const char *path;               /* NULL: standard output */
	char part[EXPORT_PATH_MAX];     /* what it is called until it is whole */
	int fd;
	char keys[LINE_KEYS_MAX];
	buffer out;                     /* to be written */
	line_tally tally, before;       /* before: the last item */
	sess_cursor cursor;
	int64_t bytes, started_ms;
	progress bar;
	sess_error err;
} export;

/* Open the file under its other name; *begun: it has a head already, and the rest of it goes on from
 * the tally and the cursor. EX_OK, or an exit code with a message. */
int part_open(export *, bool resume, bool *begun);
/* Give the file its name, once all of it is on disk. */
int part_finish(export *);

#endif
