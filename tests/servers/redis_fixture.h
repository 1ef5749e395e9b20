/* SPDX-License-Identifier: ISC */
/* redis_fixture.h - what the tests of the Redis store share: stores on one server, and a way past
 * them. */
#ifndef REDIS_FIXTURE_H
#define REDIS_FIXTURE_H

#include "../store_contract.h"

#include <hiredis/hiredis.h>

#define NOW CONTRACT_NOW

extern const sess_provider sess_provider_redis;

/* An empty server at this socket, that nobody else uses. Ends the test if there is none. */
void redis_begin_tests(const char *path);
void redis_end_tests(void);
extern const char *socket_path;
extern redisContext *raw;

/* A store by the query of its URL: not opened, at any socket; opened; and closed. */
contract contract_at(const char *path, const char *query);
contract open_store(const char *query);
void close_store(contract *);

/* A command to the server, past the store; its answer as a number, or the length of its text; -1:
 * an error, or nothing. */
#define ask(...) number_of(redisCommand(raw, __VA_ARGS__))
long long number_of(redisReply *);
/* How often the server ran a command. */
long long calls_of(const char *command);

/* test_store_redis_lost.c */
void forgotten_script(void);
void lost_answers(const char *proxy_path);
void lost_removal(const char *proxy_path);

#endif
