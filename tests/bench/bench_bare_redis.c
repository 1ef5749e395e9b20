/* SPDX-License-Identifier: ISC */
/* bench_bare_redis.c - hiredis alone, with the commands that the Redis store sends for the same. */
#include "bench_stores.h"

#include <hiredis/hiredis.h>

#include <stdlib.h>
#include <string.h>

/* Of the script in lib/store_redis.c, which the server knows since the store used it. */
#define SCRIPT "d29e0f591ed05caeaf3fd1306eed1d00790970e9"
#define VERSION 8
#define DUE "1702678400"
#define LIFE "5270400000"

typedef struct redis {
	redisContext *link;
	unsigned char value[BARE_VALUE];        /* its first bytes are its version */
} redis;

static void *
redis_open(const char *place)
{
	redis *r = calloc(1, sizeof(*r));

	if (r == NULL || (r->link = redisConnectUnix(place)) == NULL)
		bench_die("out of memory");
	if (r->link->err != 0)
		bench_die("%s: %s", place, r->link->errstr);
	bench_random(r->value, sizeof(r->value));
	return r;
}

static void
redis_close(void *self)
{
	redis *r = self;

	redisFree(r->link);
	free(r);
}

/* Takes the reply. */
static void
expect(const redis *r, redisReply *reply, int type)
{
	if (reply == NULL)
		bench_die("redis: %s", r->link->errstr);
	if (reply->type != type)
		bench_die("redis: %s", reply->type == REDIS_REPLY_ERROR ? reply->str
			: "another answer");
	freeReplyObject(reply);
}

/* The version of what is there. */
static void
get(redis *r, const unsigned char *id, char version[VERSION])
{
	redisReply *reply = redisCommand(r->link, "GET bare:v%b", id, (size_t)ID_BYTES);

	if (reply != NULL && reply->type == REDIS_REPLY_STRING && reply->len >= VERSION)
		memcpy(version, reply->str, VERSION);
	expect(r, reply, REDIS_REPLY_STRING);
}

static void
look_for(redis *r, const unsigned char *id)
{
	expect(r, redisCommand(r->link, "GET bare:v%b", id, (size_t)ID_BYTES), REDIS_REPLY_NIL);
}

/* version NULL: there is nothing yet. */
static void
swap(redis *r, const unsigned char *id, const char *version, size_t len)
{
	size_t known = version != NULL ? VERSION : 0;

	bench_random(r->value, VERSION);
	expect(r, redisCommand(r->link, "EVALSHA " SCRIPT " 1 bare:v%b %b %b " LIFE " %s", id,
		(size_t)ID_BYTES, known != 0 ? version : "", known, r->value, len, ""),
		REDIS_REPLY_INTEGER);
}

static void
mark(redis *r, const char *kind, const unsigned char *id)
{
	expect(r, redisCommand(r->link, "ZADD bare:d%s%x " DUE " %s%b12345678", kind,
		id[ID_BYTES - 1] % 16u, kind, id, (size_t)ID_BYTES), REDIS_REPLY_INTEGER);
}

static void
count_one(redis *r)
{
	expect(r, redisCommand(r->link, "HINCRBY bare:t472222 13s 1"), REDIS_REPLY_INTEGER);
}

static void
redis_read(void *self, const unsigned char *id)
{
	char version[VERSION];

	get(self, id, version);
}

static void
redis_change(void *self, const unsigned char *id)
{
	char version[VERSION];

	get(self, id, version);
	get(self, id, version);
	swap(self, id, version, BARE_VALUE);
}

static void
redis_start(void *self, unsigned char *id)
{
	redis *r = self;

	bench_random(id, ID_BYTES);
	look_for(r, id);
	mark(r, "a", id);
	expect(r, redisCommand(r->link, "ZADD bare:k%x 0 %b", id[ID_BYTES - 1] % 16u, id,
		(size_t)ID_BYTES), REDIS_REPLY_INTEGER);
	swap(r, id, NULL, BARE_VALUE);
	count_one(r);
}

/* The new id leads to the session, which stays where it is. */
static void
redis_rotate(void *self, unsigned char *id)
{
	unsigned char next[ID_BYTES];
	char version[VERSION];

	get(self, id, version);
	get(self, id, version);
	bench_random(next, ID_BYTES);
	look_for(self, next);
	mark(self, "p", next);
	look_for(self, next);
	swap(self, next, NULL, BARE_POINTER);
	swap(self, id, version, BARE_VALUE);
}

static void
redis_destroy(void *self, const unsigned char *id)
{
	redis *r = self;
	char version[VERSION];

	get(r, id, version);
	get(r, id, version);
	mark(r, "t", id);
	swap(r, id, version, BARE_POINTER);
	expect(r, redisCommand(r->link, "ZREM bare:da%x a%b12345678", id[ID_BYTES - 1] % 16u, id,
		(size_t)ID_BYTES), REDIS_REPLY_INTEGER);
	count_one(r);
}

const bare_client bare_redis = {
	.scheme = "redis",
	.name = "hiredis",
	.open = redis_open,
	.close = redis_close,
	.read = redis_read,
	.change = redis_change,
	.start = redis_start,
	.rotate = redis_rotate,
	.destroy = redis_destroy,
};
