/* SPDX-License-Identifier: ISC */
/* bench_bare_sqlite.c - bench_raw.c as one of the clients that stores are measured against. */
#include "bench_stores.h"

#include <stdlib.h>

/* place: the folder of library.db, which has no session yet. */
static void *
sqlite_open(const char *place)
{
	char *path = bench_path(place, "raw.db");
	raw *r;

	visitors_copy(place);
	r = raw_open(path, RAW_PLAIN);
	free(path);
	return r;
}

static void
sqlite_close(void *self)
{
	raw_close(self);
}

static void
sqlite_read(void *self, const unsigned char *id)
{
	(void)raw_read(self, id);
}

static void
sqlite_change(void *self, const unsigned char *id)
{
	raw_change(self, id);
}

static void
sqlite_start(void *self, unsigned char *id)
{
	raw_start(self, id);
}

static void
sqlite_rotate(void *self, unsigned char *id)
{
	raw_rotate(self, id);
}

static void
sqlite_destroy(void *self, const unsigned char *id)
{
	raw_destroy(self, id);
}

static void
sqlite_idle(void *self)
{
	raw_idle(self);
}

const bare_client bare_sqlite = {
	.scheme = "sqlite",
	.name = "raw SQL",
	.open = sqlite_open,
	.close = sqlite_close,
	.read = sqlite_read,
	.change = sqlite_change,
	.start = sqlite_start,
	.rotate = sqlite_rotate,
	.destroy = sqlite_destroy,
	.idle = sqlite_idle,
};
