/* SPDX-License-Identifier: ISC */
/* store_redis_call.c - a command and its answer, whatever happens to servers and connections in
 * between, as long as the call may take. */
#include "store_redis.h"

#include <time.h>

#define PAUSE_FIRST 5           /* ms; a connection that grew old is made anew at once */
#define PAUSE_LAST 100

int
redis_begin(redis_store *s, sess_error *err)
{
	s->home.full = s->refused = false;
	if (s->calls == s->home.calls && !s->home.many)
		return remote_left_ms(&s->remote) > 0 ? SESS_OK : sess_fail(err, SESS_STORE, "store "
			"\"%s\": the server is too slow: a call took more than %d ms", s->home.name,
			s->remote.call_ms);
	s->calls = s->home.calls;
	return remote_begin(&s->remote, err);
}

/* False: the time is over. */
static bool
wait_a_little(redis_store *s, unsigned *tries)
{
	int ms = *tries > 4 ? PAUSE_LAST : PAUSE_FIRST << *tries, left = remote_left_ms(&s->remote);

	if (left == 0)
		return false;
	ms = ms < left ? ms : left;
	if ((*tries)++ > 0)
		(void)nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
	return true;
}

/* What comes next is for a slot on its way to this node. */
static bool
asking(redis_store *s, redis_node *node, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	redisReply *reply;

	redis_text(&cmd, "ASKING");
	reply = redis_exchange(s, node, &cmd, err);
	redis_reply_free(reply);
	return reply != NULL;
}

/* True: it is an answer to the question; else to be asked again, of *next if that is not NULL. */
static bool
is_answer(redis_store *s, redis_node *node, const redisReply *reply, redis_node **next,
	sess_error *err)
{
	bool moved = redis_says(reply, "MOVED");

	if (s->kind == REDIS_CLUSTER && (moved || redis_says(reply, "ASK"))) {
		*next = redis_redirected(s, node, reply, moved, err);
		if (*next && !moved && !asking(s, *next, err))
			*next = NULL;
		return false;
	}
	if (!redis_passes(reply))
		return true;
	(void)redis_refused(s, reply, err);
	/* Who was the master is not, or may not be soon. */
	if (redis_says(reply, "READONLY") || redis_says(reply, "MASTERDOWN"))
		redis_reroute(s);
	return false;
}

redisReply *
redis_try(redis_store *s, redis_command *cmd, sess_error *err)
{
	redis_node *node, *next = NULL;
	redisReply *reply;
	unsigned tries = 0;

	cmd->lost = false;
	do {
		node = next ? next : redis_route(s, cmd, err);
		next = NULL;
		reply = node ? redis_exchange(s, node, cmd, err) : NULL;
		if (reply && is_answer(s, node, reply, &next, err)) {
			remote_worked(&s->remote);
			cmd->by = node;
			return reply;
		}
		redis_reply_free(reply);
		if (node && !reply) {
			redis_reroute(s);
			cmd->lost = cmd->once;
		}
	} while (!cmd->lost && !s->refused && wait_a_little(s, &tries));
	if (!cmd->lost && !s->refused)
		remote_failed(&s->remote, err);
	return NULL;
}

redisReply *
redis_call(redis_store *s, redis_command *cmd, int type, sess_error *err)
{
	redisReply *reply = redis_begin(s, err) == SESS_OK ? redis_try(s, cmd, err) : NULL;

	if (!reply || reply->type == type)
		return reply;
	(void)redis_refused(s, reply, err);
	redis_reply_free(reply);
	return NULL;
}

int64_t
redis_call_number(redis_store *s, redis_command *cmd, sess_error *err)
{
	redisReply *reply = redis_call(s, cmd, REDIS_REPLY_INTEGER, err);
	int64_t n = reply ? reply->integer : SESS_STORE;

	if (reply && n < 0)
		n = redis_refused(s, reply, err);
	redis_reply_free(reply);
	return n;
}
