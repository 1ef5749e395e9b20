/* SPDX-License-Identifier: ISC */
/* store_redis_examine.c - what about a Redis loses sessions: its version, memory and disk. */
#include "examine.h"
#include "store_redis.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OLDEST 7                /* version of Redis; Valkey has one for that as well */

/* The value of a line "name:value" of INFO as text; "" if there is none. */
static void
info_value(char out[64], const redisReply *info, const char *name)
{
	size_t len = strlen(name), n;
	const char *at = info->str;

	*out = '\0';
	for (; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		if (strncmp(at, name, len) != 0 || at[len] != ':')
			continue;
		at += len + 1;
		n = strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789.-_");
		n = n < 63 ? n : 63;
		memcpy(out, at, n);
		out[n] = '\0';
		return;
	}
}

static void
look_at_version(const redisReply *info, sess_finding_fn *fn, void *arg)
{
	char version[64], text[160];

	info_value(version, info, "redis_version");
	snprintf(text, sizeof(text), "the server is of version %s", *version ? version : "unknown");
	if (strtol(version, NULL, 10) < OLDEST)
		fn(arg, SESS_WARNING, text, "use Redis 7 or later, or Valkey");
	else
		fn(arg, SESS_FINE, text, "");
}

static void
look_at_memory(const redisReply *info, sess_finding_fn *fn, void *arg)
{
	char policy[64], most[64], text[256];

	info_value(policy, info, "maxmemory_policy");
	info_value(most, info, "maxmemory");
	snprintf(text, sizeof(text), "when its memory is full (maxmemory %s), the server does: %s",
		strcmp(most, "0") == 0 ? "has no bound" : most, *policy ? policy : "unknown");
	if (strcmp(policy, "noeviction") != 0)
		fn(arg, SESS_WARNING, text, "CONFIG SET maxmemory-policy noeviction, or it throws sessions "
			"away, and with them that they have ended");
	else
		fn(arg, SESS_FINE, text, "");
}

static void
look_at_disk(const redisReply *info, sess_finding_fn *fn, void *arg)
{
	char aof[64];

	info_value(aof, info, "aof_enabled");
	if (strcmp(aof, "1") == 0)
		fn(arg, SESS_FINE, "the server keeps what changes in its append only file", "");
	else
		fn(arg, SESS_WARNING, "the server has no append only file: after a restart the last "
			"changes are lost, logouts among them", "CONFIG SET appendonly yes");
}

void
redis_examine(const sess_address *address, const sess_limits *limits, bool deep,
	sess_finding_fn *fn, void *arg)
{
	examination x = { .deep = deep, .each = fn, .arg = arg };
	redis_command cmd = { .argc = 0 };
	redisReply *info;
	sess_error err;
	void *self;

	if (redis_open(&self, address, limits, &err) != SESS_OK) {
		fn(arg, SESS_FAULT, err.text, "");
		return;
	}
	redis_text(&cmd, "INFO");
	info = redis_call(self, &cmd, REDIS_REPLY_STRING, &err);
	if (info) {
		look_at_version(info, fn, arg);
		look_at_memory(info, fn, arg);
		look_at_disk(info, fn, arg);
	} else {
		fn(arg, SESS_FAULT, err.text, "");
	}
	redis_reply_free(info);
	if (deep && info)
		home_examine(&((redis_store *)self)->home, &x);
	sess_provider_redis.close(self);
}
