/* SPDX-License-Identifier: ISC */
/* file_fixture.h - what the tests of the file store share: a store in a folder of its own. */
#ifndef FILE_FIXTURE_H
#define FILE_FIXTURE_H

#include "store_contract.h"
#include "support.h"
#include "tap.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern const sess_provider sess_provider_file;

/* Checks of the contract's helpers are looked at by what they return. */
static inline void
ignore_check(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	(void)sentence;
	(void)number;
	(void)passed;
	(void)text;
}

static inline contract
open_store(const char *name)
{
	contract c = { .provider = &sess_provider_file, .report = ignore_check,
		.limits = { .max_bytes = 1000, .busy_ms = 20 } };
	char *path = temp_path(name);

	snprintf(c.here, sizeof(c.here), "%s", path);
	free(path);
	c.self = open_handle(&c);
	return c;
}

static inline void
close_store(contract *c)
{
	c->provider->close(c->self);
	arena_free(&c->sink.memory);
}

/* A path below the folder of the store, until the next call. */
static inline char *
path_of(const contract *c, const char *below)
{
	static char path[1024];

	snprintf(path, sizeof(path), "%s/%s", c->here, below);
	return path;
}

static inline char *
value_path(const contract *c, const unsigned char *id)
{
	char below[100];

	snprintf(below, sizeof(below), "data/%02x/%02x/", id[0], id[1]);
	for (int i = 2; i < SESS_ID_BYTES; i++)
		snprintf(below + strlen(below), 3, "%02x", id[i]);
	return path_of(c, below);
}

static inline void
make_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail("cannot make %s", path);
	close(fd);
}

#endif
