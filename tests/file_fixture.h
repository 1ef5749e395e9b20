/* SPDX-License-Identifier: ISC */
/* file_fixture.h - what the tests of the file store share: a store in a folder of its own. */
#ifndef FILE_FIXTURE_H
#define FILE_FIXTURE_H

#include "store_contract.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>

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

#endif
