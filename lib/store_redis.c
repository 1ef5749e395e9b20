/* SPDX-License-Identifier: ISC */
/*
 * store_redis.c - "redis://HOST" and its like, one value per session. A value changes by a script
 * that compares its version first; so nobody waits for a lock that somebody took along. A version
 * is new with each swap, and so tells whether one was made whose answer was lost.
 */
#include "store_redis.h"

#include <stdlib.h>
#include <string.h>

#define PORT 6379
#define PORT_SENTINEL 26379
#define SPARE INT64_C(2592000)          /* seconds; as late as that collection may come */
#define LONGEST INT64_C(100000000000)   /* seconds; what lives longer needs no end */

/* KEYS[1]: its name; ARGV: the version that it must have ("": there must be none), the new value
 * ("": none), its milliseconds ("": no end), and "again" if this was asked for before. */
static const char script[] =
	"local got = redis.pcall('GETRANGE', KEYS[1], 0, 7)\n"
	"if type(got) == 'table' then got = 'WRONGTYP' end\n"
	"local there = got ~= '' or redis.call('EXISTS', KEYS[1]) == 1\n"
	"if ARGV[2] ~= '' and got == string.sub(ARGV[2], 1, 8) then return 1 end\n"
	"if not there and ARGV[2] == '' and ARGV[4] == 'again' then return 1 end\n"
	"if there ~= (ARGV[1] ~= '') then return 0 end\n"
	"if there and got .. string.rep('\\0', 8 - #got) ~= ARGV[1] then return 0 end\n"
	"if ARGV[2] == '' then redis.call('DEL', KEYS[1])\n"
	"elseif ARGV[3] == '' then redis.call('SET', KEYS[1], ARGV[2])\n"
	"else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end\n"
	"return 1\n";
static const char script_sha1[] = "d29e0f591ed05caeaf3fd1306eed1d00790970e9";

/* -- values ------------------------------------------------------------------------------------ */

/* What is too short to have a version is not ours; it has what the script makes of it. */
static int
take_value(home_value *v, const char *bytes, size_t len, sess_error *err)
{
	size_t head = len < REDIS_VERSION ? len : REDIS_VERSION;

	if (!home_room(v, len - head))
		return home_full(err);
	v->len = len - head;
	v->version = 0;
	memcpy(&v->version, bytes, head);
	memcpy(v->bytes, bytes + head, v->len);
	return 1;
}

static int
redis_get(void *self, const unsigned char *key, home_value *v, sess_error *err)
{
	redis_store *s = self;
	redis_name name = redis_name_of(s, 'v', key, SESS_ID_BYTES);
	redis_command cmd = { .argc = 0 };
	redisReply *reply;
	int rc;

	redis_text(&cmd, "GET");
	redis_add_key(&cmd, name.at, name.len);
	reply = redis_begin(s, err) == SESS_OK ? redis_try(s, &cmd, err) : NULL;
	if (!reply)
		return SESS_STORE;
	if (reply->type == REDIS_REPLY_STRING)
		rc = take_value(v, reply->str, reply->len, err);
	else if (redis_says(reply, "WRONGTYPE"))
		rc = take_value(v, "WRONGTYP", REDIS_VERSION, err);
	else
		rc = reply->type == REDIS_REPLY_NIL ? 0 : redis_refused(s, reply, err);
	redis_reply_free(reply);
	return rc;
}

/* The version and what is behind it, in one piece. */
static bool
compose(home_value *out, const home_value *next)
{
	if (!home_room(out, REDIS_VERSION + next->len))
		return false;
	home_nonce(out->bytes, REDIS_VERSION);
	memcpy(out->bytes + REDIS_VERSION, next->bytes, next->len);
	out->len = REDIS_VERSION + next->len;
	return true;
}

/* How long the server keeps a value, if nobody collects it. */
static void
add_life(const redis_store *s, redis_command *cmd, int64_t due)
{
	int64_t now = s->home.now;

	if (now < 0 || due > LONGEST)
		redis_text(cmd, "");
	else
		redis_number(cmd, ((due > now ? due - now : 0) + SPARE) * 1000);
}

/* Wait until as many replicas as the URL asks for have what was written over this connection. */
static int
wait_for_replicas(redis_store *s, redis_node *node, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	redisReply *reply;
	int rc = SESS_OK;

	redis_text(&cmd, "WAIT");
	redis_number(&cmd, s->wait);
	redis_number(&cmd, remote_left_ms(&s->remote) / 2 + 1);
	reply = redis_exchange(s, node, &cmd, err);
	if (!reply)
		return SESS_STORE;
	if (reply->type != REDIS_REPLY_INTEGER)
		rc = redis_refused(s, reply, err);
	else if (reply->integer < s->wait)
		rc = sess_fail(err, SESS_STORE, "store \"%s\": only %lld of %d replicas have the change "
			"within the time of a call; see INFO replication", s->home.name, reply->integer,
			s->wait);
	redis_reply_free(reply);
	return rc;
}

/* Ask for a swap until there is an answer: it, or NULL. */
static redisReply *
run_script(redis_store *s, redis_command *cmd, sess_error *err)
{
	home_wait wait = { .tries = 0 };
	redisReply *reply;

	while (!(reply = redis_try(s, cmd, err)) || redis_says(reply, "NOSCRIPT")) {
		if (reply) {
			cmd->argv[0] = "EVAL";
			cmd->len[0] = 4;
			cmd->argv[1] = script;
			cmd->len[1] = sizeof(script) - 1;
		} else if (!cmd->lost) {
			break;
		} else {
			cmd->argv[cmd->argc - 1] = "again";
			cmd->len[cmd->argc - 1] = 5;
			/* Over and over, until the time of the call has gone. */
			cmd->once = remote_left_ms(&s->remote) > 0;
			(void)home_wait_more(&wait, remote_left_ms(&s->remote));
		}
		redis_reply_free(reply);
	}
	return reply;
}

static int
redis_swap(void *self, const unsigned char *key, const home_value *got, const home_value *next,
	int64_t due, int flags, sess_error *err)
{
	redis_store *s = self;
	redis_name name = redis_name_of(s, 'v', key, SESS_ID_BYTES);
	redis_command cmd = { .once = true };
	redisReply *reply;
	int rc;

	if (next && !compose(&s->value, next))
		return home_full(err);
	redis_text(&cmd, "EVALSHA");
	redis_text(&cmd, script_sha1);
	redis_text(&cmd, "1");
	redis_add_key(&cmd, name.at, name.len);
	redis_add(&cmd, got ? (const void *)&got->version : "", got ? REDIS_VERSION : 0);
	redis_add(&cmd, next ? (const void *)s->value.bytes : "", next ? s->value.len : 0);
	add_life(s, &cmd, due);
	redis_text(&cmd, "");
	reply = redis_begin(s, err) == SESS_OK ? run_script(s, &cmd, err) : NULL;
	if (!reply)
		return SESS_STORE;
	if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0 || reply->integer > 1)
		rc = redis_refused(s, reply, err);
	else if (reply->integer == 0 && cmd.len[cmd.argc - 1])
		rc = sess_fail(err, SESS_STORE, "store \"%s\": the answer to a change was lost, and others "
			"have changed the session since; whether it was made cannot be told", s->home.name);
	else
		rc = (int)reply->integer;
	redis_reply_free(reply);
	/* Who answered may be another than whose the key is, while its slot moves. */
	if (rc == 1 && flags & SESS_SYNC && s->wait)
		rc = wait_for_replicas(s, cmd.by, err) == SESS_OK ? 1 : SESS_STORE;
	return rc;
}

/* On each connection there is. */
static int
redis_settle(void *self, sess_error *err)
{
	redis_store *s = self;
	int rc = s->wait ? redis_begin(s, err) : SESS_OK;

	for (size_t i = 0; s->wait && i < s->nodes && rc == SESS_OK; i++)
		if (s->node[i].link)
			rc = wait_for_replicas(s, &s->node[i], err);
	return rc;
}

/* -- open and close ---------------------------------------------------------------------------- */

static const home_ops ops = {
	.get = redis_get,
	.swap = redis_swap,
	.mark = redis_mark,
	.due = redis_due,
	.of_user = redis_of_user,
	.each = redis_each,
	.tally = redis_tally,
	.stats = redis_stats,
	.settle = redis_settle,
};

static void
redis_close(void *self)
{
	redis_store *s = self;

	/* Without a word to the server: in a child process the connections are the parent's. */
	for (size_t i = 0; i < s->nodes; i++)
		redis_unlink(&s->node[i]);
	free(s->node);
	home_value_free(&s->name);
	home_value_free(&s->value);
	remote_close(&s->remote);
	home_close(&s->home);
	free(s);
}

/* A server that cannot be reached may be there for the next request; one that refuses us will not
 * change its mind. */
static int
try_server(redis_store *s, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	sess_error away;

	if (redis_begin(s, &away) == SESS_OK && !redis_route(s, &cmd, &away)) {
		if (s->refused)
			return sess_fail(err, away.code, "%s", away.text);
		remote_failed(&s->remote, &away);
	}
	return SESS_OK;
}

int
redis_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	redis_store *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return home_full(err);
	home_open(&s->home, &ops, address->url, limits);
	s->address = *address;
	s->calls = s->home.calls - 1;
	rc = redis_read_url(s, err);
	if (rc == SESS_OK)
		rc = remote_open(&s->remote, address, limits, s->kind == REDIS_SENTINEL ? PORT_SENTINEL
			: PORT, err);
	if (rc == SESS_OK && s->kind != REDIS_CLUSTER) {
		s->node = calloc(1, sizeof(*s->node));
		s->nodes = s->node != NULL;
		rc = s->node ? SESS_OK : home_full(err);
	}
	if (rc == SESS_OK)
		rc = try_server(s, err);
	if (rc != SESS_OK) {
		redis_close(s);
		return rc;
	}
	*self = s;
	return SESS_OK;
}

SESS_API const sess_provider sess_provider_redis = {
	.abi = SESS_STORE_ABI,
	.scheme = "redis",
	.flags = SESS_STORE_REMOTE,
	.open = redis_open,
	.close = redis_close,
	HOME_SLOTS,
	.forked = redis_close,
	.examine = redis_examine,
};
