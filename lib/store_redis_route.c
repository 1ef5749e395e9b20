/* SPDX-License-Identifier: ISC */
/* store_redis_route.c - which server a command goes to: the one there is, the master that sentinels
 * name, or the node of a cluster that has the key's slot. */
#include "store_redis.h"

#include <stdlib.h>
#include <string.h>

#define NO_NODE UINT16_MAX

/* -- nodes ------------------------------------------------------------------------------------- */

/* Where to connect is what some server says, and that may be anything. */
static bool
set_node(redis_node *node, const char *host, size_t len, long long port)
{
	if (len == 0 || len >= sizeof(node->host) || port < 1 || port > 65535)
		return false;
	for (size_t i = 0; i < len; i++)
		if (host[i] <= ' ' || host[i] >= 0x7f)
			return false;
	memcpy(node->host, host, len);
	node->host[len] = '\0';
	node->port = (int)port;
	return true;
}

static size_t
find_node(const redis_store *s, const redis_node *wanted)
{
	size_t i = 0;

	while (i < s->nodes && (s->node[i].port != wanted->port ||
		strcmp(s->node[i].host, wanted->host) != 0))
		i++;
	return i;
}

/* The number of this node, which may be new; NO_NODE: there is no room. */
static size_t
add_node(redis_store *s, const redis_node *wanted)
{
	size_t i = find_node(s, wanted);
	redis_node *more;

	if (i < s->nodes || i == REDIS_NODES)
		return i < s->nodes ? i : NO_NODE;
	more = reallocarray(s->node, s->nodes + 1, sizeof(*more));
	if (!more)
		return NO_NODE;
	s->node = more;
	s->node[s->nodes] = *wanted;
	s->node[s->nodes].link = NULL;
	return s->nodes++;
}

/* -- one server -------------------------------------------------------------------------------- */

static redis_node *
route_one(redis_store *s, sess_error *err)
{
	const remote_host *host = &s->remote.host[s->remote.at];
	redis_node *node = &s->node[0];

	if (!node->link && s->remote.hosts) {
		memcpy(node->host, host->name, sizeof(node->host));
		node->port = host->port;
	}
	if (redis_link(s, node, s->address.user, s->db, err) == SESS_OK)
		return node;
	remote_next(&s->remote);
	return NULL;
}

/* -- sentinels --------------------------------------------------------------------------------- */

static const char *
master_name(const redis_store *s)
{
	return s->address.path + (s->address.path[0] == '/');
}

/* Ask this sentinel where the master is. */
static int
ask_sentinel(redis_store *s, redis_node *sentinel, redis_node *master, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	redisReply *reply;
	int rc;

	redis_text(&cmd, "SENTINEL");
	redis_text(&cmd, "get-master-addr-by-name");
	redis_text(&cmd, master_name(s));
	rc = redis_link(s, sentinel, NULL, 0, err);
	reply = rc == SESS_OK ? redis_exchange(s, sentinel, &cmd, err) : NULL;
	if (!reply)
		return SESS_STORE;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
		reply->element[0]->type == REDIS_REPLY_STRING &&
		reply->element[1]->type == REDIS_REPLY_STRING &&
		set_node(master, reply->element[0]->str, reply->element[0]->len,
			strtol(reply->element[1]->str, NULL, 10)))
		rc = SESS_OK;
	else if (reply->type == REDIS_REPLY_NIL)
		rc = sess_fail(err, SESS_STORE, "store \"%s\": the sentinel %s knows no master \"%s\"; the "
			"path of the URL is its name", s->home.name, sentinel->host, master_name(s));
	else
		rc = redis_refused(s, reply, err);
	redis_reply_free(reply);
	return rc;
}

/* A sentinel may be late to know. */
static int
is_master(redis_store *s, redis_node *node, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	redisReply *reply;
	bool master;

	redis_text(&cmd, "ROLE");
	reply = redis_exchange(s, node, &cmd, err);
	if (!reply)
		return SESS_STORE;
	master = reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
		reply->element[0]->type == REDIS_REPLY_STRING && reply->element[0]->len == 6 &&
		memcmp(reply->element[0]->str, "master", 6) == 0;
	if (!master && reply->type == REDIS_REPLY_ERROR) {
		(void)redis_refused(s, reply, err);
		s->refused = !redis_passes(reply);
	} else if (!master) {
		(void)sess_fail(err, SESS_STORE, "store \"%s\": %s is no master any more; see that the "
			"sentinels agree on one", s->home.name, node->host);
	}
	redis_reply_free(reply);
	if (!master)
		redis_unlink(node);
	return master ? SESS_OK : SESS_STORE;
}

static redis_node *
route_sentinel(redis_store *s, sess_error *err)
{
	redis_node *node = &s->node[0];
	int rc = SESS_STORE;

	if (node->link)
		return node;
	for (size_t i = 0; i < s->remote.hosts && rc != SESS_OK; i++) {
		const remote_host *host = &s->remote.host[s->remote.at];
		redis_node sentinel = { .port = host->port };

		memcpy(sentinel.host, host->name, sizeof(sentinel.host));
		rc = ask_sentinel(s, &sentinel, node, err);
		redis_unlink(&sentinel);
		if (rc != SESS_OK)
			remote_next(&s->remote);
	}
	if (rc == SESS_OK)
		rc = redis_link(s, node, s->address.user, s->db, err);
	if (rc == SESS_OK)
		rc = is_master(s, node, err);
	/* Another one may know better. */
	if (rc != SESS_OK)
		remote_next(&s->remote);
	return rc == SESS_OK ? node : NULL;
}

/* -- clusters ---------------------------------------------------------------------------------- */

unsigned
redis_slot(const char *key, size_t len)
{
	const char *open = memchr(key, '{', len), *close;
	unsigned crc = 0;

	/* Only what is in the first braces counts, unless there is nothing in them. */
	close = open ? memchr(open, '}', len - (size_t)(open - key)) : NULL;
	if (close && close > open + 1) {
		key = open + 1;
		len = (size_t)(close - key);
	}
	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned)(unsigned char)key[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = (crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1) & 0xffff;
	}
	return crc % REDIS_SLOTS;
}

/* One line of CLUSTER SLOTS: first, last, and the node that has them, which may leave its name to
 * who asked. */
static void
read_range(redis_store *s, const redisReply *line, const redis_node *from)
{
	const redisReply *at;
	redis_node node = *from;
	size_t n;

	if (line->type != REDIS_REPLY_ARRAY || line->elements < 3 ||
		line->element[0]->type != REDIS_REPLY_INTEGER ||
		line->element[1]->type != REDIS_REPLY_INTEGER || line->element[0]->integer < 0 ||
		line->element[1]->integer >= REDIS_SLOTS)
		return;
	at = line->element[2];
	if (at->type != REDIS_REPLY_ARRAY || at->elements < 2 ||
		at->element[1]->type != REDIS_REPLY_INTEGER)
		return;
	if (at->element[0]->type == REDIS_REPLY_STRING && at->element[0]->len > 0) {
		if (!set_node(&node, at->element[0]->str, at->element[0]->len, at->element[1]->integer))
			return;
	} else if (!set_node(&node, from->host, strlen(from->host), at->element[1]->integer)) {
		return;
	}
	n = add_node(s, &node);
	for (long long i = line->element[0]->integer; i <= line->element[1]->integer; i++)
		s->slot[i] = (uint16_t)n;
}

/* Ask this node, which is among ours, for the map. */
static int
read_map(redis_store *s, size_t i, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	redis_node from;
	redisReply *reply;
	int rc;

	redis_text(&cmd, "CLUSTER");
	redis_text(&cmd, "SLOTS");
	rc = redis_link(s, &s->node[i], s->address.user, 0, err);
	reply = rc == SESS_OK ? redis_exchange(s, &s->node[i], &cmd, err) : NULL;
	if (!reply)
		return SESS_STORE;
	from = s->node[i];
	s->mapped = reply->type == REDIS_REPLY_ARRAY;
	if (s->mapped) {
		memset(s->slot, 0xff, sizeof(s->slot));
		for (size_t n = 0; n < reply->elements; n++)
			read_range(s, reply->element[n], &from);
	} else {
		rc = redis_refused(s, reply, err);
		s->refused = !redis_passes(reply);
	}
	redis_reply_free(reply);
	return rc;
}

/* From the hosts of the URL, then from all the others that we know. */
static int
make_map(redis_store *s, sess_error *err)
{
	int rc = SESS_STORE;

	/* So many that were once there would leave no room for new ones. */
	while (s->nodes > REDIS_NODES / 2)
		redis_unlink(&s->node[--s->nodes]);
	for (size_t i = 0; i < s->remote.hosts && rc != SESS_OK && !s->refused; i++) {
		const remote_host *host = &s->remote.host[s->remote.at];
		redis_node seed = { .port = host->port };
		size_t n;

		memcpy(seed.host, host->name, sizeof(seed.host));
		n = add_node(s, &seed);
		rc = n < s->nodes ? read_map(s, n, err) : home_full(err);
		if (rc != SESS_OK)
			remote_next(&s->remote);
	}
	for (size_t i = 0; i < s->nodes && rc != SESS_OK && !s->refused; i++)
		rc = read_map(s, i, err);
	return rc;
}

static redis_node *
route_cluster(redis_store *s, const redis_command *cmd, sess_error *err)
{
	unsigned slot = cmd->key ? redis_slot(cmd->key, cmd->key_len) : 0;
	size_t n;

	if (!s->mapped && make_map(s, err) != SESS_OK)
		return NULL;
	n = s->slot[slot];
	if (n >= s->nodes) {
		(void)sess_fail(err, SESS_STORE, "store \"%s\": no node of the cluster has slot %u; see "
			"CLUSTER INFO", s->home.name, slot);
		s->mapped = false;
		return NULL;
	}
	if (redis_link(s, &s->node[n], s->address.user, 0, err) == SESS_OK)
		return &s->node[n];
	s->mapped = false;
	return NULL;
}

redis_node *
redis_redirected(redis_store *s, const redis_node *from, const redisReply *reply, bool moved,
	sess_error *err)
{
	const char *at = strchr(reply->str, ' '), *space = at ? strchr(at + 1, ' ') : NULL;
	const char *colon = space ? strrchr(space, ':') : NULL;
	redis_node node = { .port = 0 };
	unsigned long slot = at ? strtoul(at + 1, NULL, 10) : REDIS_SLOTS;
	size_t n = NO_NODE;

	if (colon && slot < REDIS_SLOTS && (colon > space + 1
		? set_node(&node, space + 1, (size_t)(colon - space) - 1, strtol(colon + 1, NULL, 10))
		: set_node(&node, from->host, strlen(from->host), strtol(colon + 1, NULL, 10))))
		n = add_node(s, &node);
	if (n >= s->nodes) {
		(void)redis_refused(s, reply, err);
		s->mapped = false;
		return NULL;
	}
	if (moved)
		s->slot[slot] = (uint16_t)n;
	return redis_link(s, &s->node[n], s->address.user, 0, err) == SESS_OK ? &s->node[n] : NULL;
}

/* -- all of them ------------------------------------------------------------------------------- */

redis_node *
redis_route(redis_store *s, const redis_command *cmd, sess_error *err)
{
	return s->kind == REDIS_CLUSTER ? route_cluster(s, cmd, err)
		: s->kind == REDIS_SENTINEL ? route_sentinel(s, err) : route_one(s, err);
}

void
redis_reroute(redis_store *s)
{
	if (s->kind == REDIS_CLUSTER)
		s->mapped = false;
	else
		redis_unlink(&s->node[0]);
	if (s->kind == REDIS_ONE)
		remote_next(&s->remote);
}
