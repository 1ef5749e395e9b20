/* SPDX-License-Identifier: ISC */
/* redis_fixture.c - stores on one Redis, and a way past them. */
#include "redis_fixture.h"

#include "../tap.h"

redisContext *raw;
const char *socket_path;

static void
ignore_check(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	(void)sentence;
	(void)number;
	(void)passed;
	(void)text;
}

contract
contract_at(const char *path, const char *query)
{
	contract c = { .provider = &sess_provider_redis, .report = ignore_check,
		.limits = { .max_bytes = 100000, .busy_ms = 2000 } };

	snprintf(c.here, sizeof(c.here), "redis+unix://%s?%s", path, query);
	return c;
}

contract
open_store(const char *query)
{
	contract c = contract_at(socket_path, query);

	c.self = open_handle(&c);
	return c;
}

void
close_store(contract *c)
{
	c->provider->close(c->self);
	arena_free(&c->sink.memory);
}

long long
number_of(redisReply *r)
{
	long long n;

	if (!r)
		bail("the server is gone");
	n = r->type == REDIS_REPLY_INTEGER ? r->integer : r->type == REDIS_REPLY_ERROR ||
		r->type == REDIS_REPLY_NIL ? -1 : (long long)r->len;
	freeReplyObject(r);
	return n;
}

long long
calls_of(const char *command)
{
	redisReply *r = redisCommand(raw, "INFO commandstats");
	char name[64];
	const char *at;
	long long n = 0;

	snprintf(name, sizeof(name), "cmdstat_%s:calls=", command);
	at = r && r->str ? strstr(r->str, name) : NULL;
	if (at)
		n = strtoll(at + strlen(name), NULL, 10);
	freeReplyObject(r);
	return n;
}

void
redis_begin_tests(const char *path)
{
	socket_path = path;
	raw = redisConnectUnix(path);
	if (!raw || raw->err)
		bail("no server at %s", path);
	ask("FLUSHALL");
}

void
redis_end_tests(void)
{
	redisFree(raw);
}
