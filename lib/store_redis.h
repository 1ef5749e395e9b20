/* SPDX-License-Identifier: ISC */
/* store_redis.h - what the files of the Redis store share; nobody else includes it. */
#ifndef SESSKIT_STORE_REDIS_H
#define SESSKIT_STORE_REDIS_H

#include "home.h"
#include "remote.h"

#include <hiredis/hiredis.h>

#define REDIS_PREFIX 32         /* letters */
#define REDIS_SHARDS 16         /* of each list, so that it spreads over a cluster */
#define REDIS_SLOTS 16384
#define REDIS_NODES 1024
#define REDIS_VERSION 8         /* bytes */

/*
 * All names begin with the prefix ("sess:" unless the URL has another one):
 *   v KEY            a value: 8 bytes that are new with each swap, then those of the home
 *   d KIND SHARD     marks by time, a sorted set: score = due, member = kind, key, due (8 bytes).
 *                    KIND is a (anonymous), u (of a user), or o (others); SHARD one hex digit
 *   k SHARD          keys of all homes, a sorted set: scores 0, so in the order of the keys
 *   u USER           keys of this user's homes, a set
 *   t HOUR           what happened in this hour since 1970, a hash: minute and kind -> how often
 * A key is 32 bytes as they are. No command names two of these: so each goes to one node of a
 * cluster.
 */
#define REDIS_KEY ((size_t)REDIS_PREFIX + 2 + SESS_ID_BYTES)
#define REDIS_MEMBER ((size_t)1 + SESS_ID_BYTES + 8)

typedef struct redis_node {
	char host[REMOTE_NAME];         /* "": the socket */
	int port;
	redisContext *link;             /* NULL: not connected */
} redis_node;

enum { REDIS_ONE, REDIS_SENTINEL, REDIS_CLUSTER };

typedef struct redis_store {
	home_store home;
	remote remote;
	sess_address address;
	int kind;
	char prefix[REDIS_PREFIX + 1];
	int db, wait;                   /* wait: replicas that must have what is synced */
	redis_node *node;               /* [0] alone, but for a cluster */
	size_t nodes;
	bool mapped;                    /* cluster: slot is known */
	uint16_t slot[REDIS_SLOTS];
	home_value name, value;         /* scratch: the name of a user's key; what is stored */
	redisReplyObjectFunctions plain, limited;       /* of all readers; limited: of our own */
	unsigned calls;                 /* of the home when the call in hand began */
	bool refused;                   /* what failed is not healed by trying again */
} redis_store;

/* -- store_redis_link.c: one connection -------------------------------------------------------- */

#define REDIS_ARGS 12

/* What it points to is lent. */
typedef struct redis_command {
	int argc;
	const char *argv[REDIS_ARGS];
	size_t len[REDIS_ARGS];
	const char *key;                /* what decides which node it goes to */
	size_t key_len;
	bool once;                      /* must not be sent again when its answer was lost */
	bool lost;                      /* that was so */
	struct redis_node *by;          /* who answered; while no other command is sent */
	char digits[4][24];             /* of numbers */
	int numbers;
} redis_command;

void redis_add(redis_command *, const void *, size_t len);
void redis_text(redis_command *, const char *);
void redis_add_key(redis_command *, const char *, size_t len);
void redis_number(redis_command *, int64_t);

/* Connect, if it is not. SESS_STORE. */
int redis_link(redis_store *, redis_node *, const char *user, int db, sess_error *);
void redis_unlink(redis_node *);
/* NULL: the connection is gone, and so is the answer. */
redisReply *redis_exchange(redis_store *, redis_node *, const redis_command *, sess_error *);
/* Wiped. */
void redis_reply_free(redisReply *);
/* SESS_STORE, with what the server said and the remedy. */
int redis_refused(redis_store *, const redisReply *, sess_error *);
bool redis_says(const redisReply *, const char *word);  /* it is an error that begins so */
bool redis_passes(const redisReply *);                  /* an error that time may heal */

/* -- store_redis_route.c: which node ----------------------------------------------------------- */

/* The node for a command, connected; NULL: there is none now. */
redis_node *redis_route(redis_store *, const redis_command *, sess_error *);
/* The one that "MOVED SLOT HOST:PORT" or "ASK ..." names, connected; NULL: it names none that can
 * be. From now on it has the slot, if it moved. */
redis_node *redis_redirected(redis_store *, const redis_node *from, const redisReply *, bool moved,
	sess_error *);
/* The node that a command was sent to is no good: what is known of it is found out again. */
void redis_reroute(redis_store *);
/* What a key's place in a cluster is. */
unsigned redis_slot(const char *key, size_t len);

/* -- store_redis_call.c ------------------------------------------------------------------------ */

/* Begin a call, unless it has begun: the time for all that redis_try does. */
int redis_begin(redis_store *, sess_error *);
/* Send a command and get its answer, over another connection and again while there is time. What
 * the server says that time does not heal is an answer, too. NULL: there is none, and the reason;
 * or a command for once was lost. */
redisReply *redis_try(redis_store *, redis_command *, sess_error *);
/* Both. The answer must be of this type, else NULL. */
redisReply *redis_call(redis_store *, redis_command *, int type, sess_error *);
/* The same for an answer that is a number, of 0 or more: it, or a failure. */
int64_t redis_call_number(redis_store *, redis_command *, sess_error *);

/* -- store_redis_marks.c ----------------------------------------------------------------------- */

/* The name of a key: the prefix, what it is, and for what. */
typedef struct redis_name {
	char at[REDIS_KEY];
	size_t len;
} redis_name;
redis_name redis_name_of(const redis_store *, char kind, const void *what, size_t len);
/* The list of what is marked so. */
redis_name redis_due_name(const redis_store *, int kind, int shard);
/* When the first of a list is due: 1, 0 there is none, or a failure. */
int redis_first_due(redis_store *, const redis_name *, int64_t *due, sess_error *);
int redis_mark(void *self, const unsigned char *key, const home_mark *, bool add, int flags,
	sess_error *);
int redis_due(void *self, int64_t now, size_t rows, home_due_fn *, void *arg, sess_error *);
int redis_of_user(void *self, const char *user, home_key_fn *, void *arg, sess_error *);
int redis_each(void *self, sess_cursor *, size_t limit, home_key_fn *, void *arg, sess_error *);

/* -- store_redis_stats.c ----------------------------------------------------------------------- */

int redis_tally(void *self, int64_t now, const sess_tally *, sess_error *);
int redis_stats(void *self, int64_t now, sess_stats *, sess_error *);

/* -- store_redis_examine.c --------------------------------------------------------------------- */

void redis_examine(const sess_address *, const sess_limits *, bool deep, sess_finding_fn *,
	void *arg);

/* -- store_redis_url.c ------------------------------------------------------------------------- */

/* Kind, database and parameters, out of the address. SESS_CONFIG. */
int redis_read_url(redis_store *, sess_error *);

/* -- store_redis.c ----------------------------------------------------------------------------- */

int redis_open(void **self, const sess_address *, const sess_limits *, sess_error *);
extern const sess_provider sess_provider_redis;

#endif
