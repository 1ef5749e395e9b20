/* SPDX-License-Identifier: ISC */
/* bench_stores.h - what a client library alone does of a store's work: the same commands, and
 * nothing around them. */
#ifndef BENCH_STORES_H
#define BENCH_STORES_H

#include "bench.h"

typedef struct bare_client {
	const char *scheme;                      /* of the stores that it is measured against */
	const char *name;
	void *(*open)(const char *place);
	void (*close)(void *self);
	void (*read)(void *self, const unsigned char *id);
	void (*change)(void *self, const unsigned char *id);
	void (*start)(void *self, unsigned char *id);    /* id: out */
	void (*rotate)(void *self, unsigned char *id);   /* id: in and out */
	void (*destroy)(void *self, const unsigned char *id);
	void (*idle)(void *self);                        /* NULL: there is nothing to do */
} bare_client;

extern const bare_client bare_sqlite, bare_file, bare_redis, bare_mysql;

/* Bytes that the stores need for a session of these benches, and for an id that leads to one. */
#define BARE_VALUE 447
#define BARE_POINTER 60

#endif
