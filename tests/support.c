/* SPDX-License-Identifier: ISC */
/* support.c - what test programs share: private directories and a clock that stands still. */
#define _GNU_SOURCE
#include "support.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Directories stay open while their entries are removed; deeper trees are still removed. */
#define OPEN_DIRECTORIES 16

static char *made;      /* NULL until temp_dir made it */
static pid_t maker;     /* forked children leave the directory to the process that made it */

static void
fail(const char *what)
{
	printf("Bail out! %s\n", what);
	fflush(stdout);
	exit(255);
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void
remove_made(void)
{
	if (getpid() == maker && nftw(made, remove_entry, OPEN_DIRECTORIES, FTW_DEPTH | FTW_PHYS))
		perror(made);
}

static char *
join(const char *dir, const char *name)
{
	size_t size = strlen(dir) + strlen(name) + 2;
	char *path = malloc(size);

	if (!path)
		fail("out of memory");
	else
		snprintf(path, size, "%s/%s", dir, name);
	return path;
}

const char *
temp_dir(void)
{
	const char *parent = getenv("TMPDIR");
	char *path;

	if (made)
		return made;
	path = join(parent && *parent ? parent : "/tmp", "sesskit-test-XXXXXX");
	if (!mkdtemp(path))
		fail("cannot make a temporary directory");
	made = path;
	maker = getpid();
	if (atexit(remove_made))
		fail("cannot register the removal of the temporary directory");
	return made;
}

char *
temp_path(const char *name)
{
	return join(temp_dir(), name);
}

int64_t
fake_now(void *arg)
{
	return *(const int64_t *)arg;
}
