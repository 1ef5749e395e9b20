/* SPDX-License-Identifier: ISC */
/* store_redis_marks.c - lists of the Redis store: what is due, whose it is, and all there is. */
#include "store_redis.h"

#include <stdlib.h>
#include <string.h>

#define KINDS "auo"             /* of lists by time: anonymous, of a user, others */
#define LISTS (REDIS_SHARDS * (sizeof(KINDS) - 1))
#define PAGE_LEAST 16           /* of one list by time */
#define PAGE_MOST 128
#define EACH_MOST 1024          /* of one list of all */
#define PLACE_SHARD 0           /* in a cursor: 1 and the shard; then the last key */
#define PLACE_KEY 1

redis_name
redis_name_of(const redis_store *s, char kind, const void *what, size_t len)
{
	size_t prefix = strlen(s->prefix);
	redis_name name = { .len = prefix + 1 + len };

	memcpy(name.at, s->prefix, prefix);
	name.at[prefix] = kind;
	memcpy(name.at + prefix + 1, what, len);
	return name;
}

/* The last bytes of a key are those of a hash, as good as random. */
static int
shard_of(const unsigned char *key)
{
	return key[SESS_ID_BYTES - 1] % REDIS_SHARDS;
}

static redis_name
list_name(const redis_store *s, char list, char kind, int shard)
{
	char what[2] = { kind, "0123456789abcdef"[shard] };

	return redis_name_of(s, list, kind ? what : what + 1, kind ? 2 : 1);
}

redis_name
redis_due_name(const redis_store *s, int kind, int shard)
{
	return list_name(s, 'd', kind == HOME_ANONYMOUS ? 'a' : kind == HOME_USER ? 'u' : 'o', shard);
}

/* The key of a user; false: out of memory. */
static bool
user_name(redis_store *s, const char *user)
{
	size_t prefix = strlen(s->prefix), len = strlen(user);

	if (!home_room(&s->name, prefix + 1 + len))
		return false;
	memcpy(s->name.bytes, s->prefix, prefix);
	s->name.bytes[prefix] = 'u';
	memcpy(s->name.bytes + prefix + 1, user, len);
	s->name.len = prefix + 1 + len;
	return true;
}

/* -- members ----------------------------------------------------------------------------------- */

static void
write_member(char member[REDIS_MEMBER], const unsigned char *key, const home_mark *m)
{
	uint64_t due = (uint64_t)m->due;

	member[0] = (char)m->kind;
	memcpy(member + 1, key, SESS_ID_BYTES);
	for (size_t i = 0; i < 8; i++)
		member[1 + SESS_ID_BYTES + i] = (char)(due >> 8 * (7 - i));
}

/* False: it is none of ours. */
static bool
read_member(const redisReply *r, unsigned char key[SESS_ID_BYTES], home_mark *m)
{
	uint64_t due = 0;

	if (r->type != REDIS_REPLY_STRING || r->len != REDIS_MEMBER || r->str[0] == '\0' ||
		!strchr("autp", r->str[0]))
		return false;
	memcpy(key, r->str + 1, SESS_ID_BYTES);
	for (size_t i = 0; i < 8; i++)
		due = due << 8 | (unsigned char)r->str[1 + SESS_ID_BYTES + i];
	*m = (home_mark){ .kind = r->str[0], .due = (int64_t)due };
	return true;
}

/* -- marks ------------------------------------------------------------------------------------- */

/* Add to a sorted list or, score being NULL, remove from it. */
static int
change_sorted(redis_store *s, const redis_name *name, const int64_t *score, const void *member,
	size_t len, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	int64_t n;

	redis_text(&cmd, score ? "ZADD" : "ZREM");
	redis_add_key(&cmd, name->at, name->len);
	if (score)
		redis_number(&cmd, *score);
	redis_add(&cmd, member, len);
	n = redis_call_number(s, &cmd, err);
	return n < 0 ? (int)n : SESS_OK;
}

static int
change_user(redis_store *s, const char *user, bool add, const unsigned char *key, sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	int64_t n;

	if (!user_name(s, user))
		return home_full(err);
	redis_text(&cmd, add ? "SADD" : "SREM");
	redis_add_key(&cmd, (char *)s->name.bytes, s->name.len);
	redis_add(&cmd, key, SESS_ID_BYTES);
	n = redis_call_number(s, &cmd, err);
	return n < 0 ? (int)n : SESS_OK;
}

int
redis_mark(void *self, const unsigned char *key, const home_mark *m, bool add, int flags,
	sess_error *err)
{
	redis_store *s = self;
	static const int64_t zero;
	redis_name by_time = redis_due_name(s, m->kind, shard_of(key)), all = list_name(s, 'k', '\0',
		shard_of(key));
	char member[REDIS_MEMBER];
	int rc = SESS_OK;

	(void)flags;
	write_member(member, key, m);
	if (add && m->kind)
		rc = change_sorted(s, &by_time, &m->due, member, sizeof(member), err);
	if (rc == SESS_OK && m->home)
		rc = change_sorted(s, &all, add ? &zero : NULL, key, SESS_ID_BYTES, err);
	if (rc == SESS_OK && m->user)
		rc = change_user(s, m->user, add, key, err);
	/* By time is the last to go: it is how leftovers of the others are met. */
	if (rc == SESS_OK && !add && m->kind)
		rc = change_sorted(s, &by_time, NULL, member, sizeof(member), err);
	return rc;
}

/* -- what is due ------------------------------------------------------------------------------- */

typedef struct due_entry {
	unsigned char key[SESS_ID_BYTES];
	home_mark mark;
} due_entry;

typedef struct due_page {
	due_entry *at;                  /* room for a page of each list */
	size_t n;
	int64_t until;                  /* what is due later may not be all there is */
	bool more;
} due_page;

static int
by_due(const void *a, const void *b)
{
	const due_entry *x = a, *y = b;

	return (x->mark.due > y->mark.due) - (x->mark.due < y->mark.due);
}

/* The first ones of one list. What is none of ours is removed: it would be the first forever. */
static int
read_list(redis_store *s, due_page *page, const redis_name *name, int64_t now, size_t rows,
	sess_error *err)
{
	redis_command cmd = { .argc = 0 };
	redisReply *reply;
	int64_t last = INT64_MIN;
	int rc = SESS_OK;

	redis_text(&cmd, "ZRANGE");
	redis_add_key(&cmd, name->at, name->len);
	redis_text(&cmd, "-inf");
	redis_number(&cmd, now);
	redis_text(&cmd, "BYSCORE");
	redis_text(&cmd, "LIMIT");
	redis_text(&cmd, "0");
	redis_number(&cmd, (int64_t)rows);
	reply = redis_call(s, &cmd, REDIS_REPLY_ARRAY, err);
	if (!reply)
		return SESS_STORE;
	for (size_t i = 0; i < reply->elements && i < rows && rc == SESS_OK; i++) {
		const redisReply *r = reply->element[i];
		due_entry *to = &page->at[page->n];

		if (read_member(r, to->key, &to->mark) && to->mark.due <= now) {
			last = to->mark.due;
			page->n++;
		} else if (r->type == REDIS_REPLY_STRING) {
			rc = change_sorted(s, name, NULL, r->str, r->len, err);
		}
	}
	if (reply->elements >= rows) {
		page->more = true;
		page->until = last < page->until ? last : page->until;
	}
	redis_reply_free(reply);
	return rc;
}

static int
read_page(redis_store *s, due_page *page, int64_t now, size_t rows, sess_error *err)
{
	int rc = SESS_OK;

	page->n = 0;
	page->more = false;
	page->until = INT64_MAX;
	for (size_t i = 0; i < LISTS && rc == SESS_OK; i++) {
		redis_name name = list_name(s, 'd', KINDS[i / REDIS_SHARDS], (int)(i % REDIS_SHARDS));

		rc = read_list(s, page, &name, now, rows, err);
	}
	if (rc == SESS_OK && page->n)
		qsort(page->at, page->n, sizeof(*page->at), by_due);
	return rc;
}

int
redis_due(void *self, int64_t now, size_t rows, home_due_fn *fn, void *arg, sess_error *err)
{
	redis_store *s = self;
	size_t each = rows / 8 < PAGE_LEAST ? PAGE_LEAST : rows / 8 > PAGE_MOST ? PAGE_MOST : rows / 8;
	due_page page = { .at = calloc(LISTS * each, sizeof(*page.at)) };
	int rc = SESS_OK;

	if (!page.at)
		return home_full(err);
	while (rc == SESS_OK && rows > 0) {
		size_t i = 0;

		rc = read_page(s, &page, now, each, err);
		for (; i < page.n && rc == SESS_OK && i < rows && page.at[i].mark.due <= page.until; i++)
			rc = fn(arg, page.at[i].key, &page.at[i].mark);
		/* A page of nothing but others' members counts as well, or there might be no end. */
		rows = page.more ? rows - (i ? i : 1) : 0;
	}
	free(page.at);
	return rc;
}

int
redis_first_due(redis_store *s, const redis_name *name, int64_t *due, sess_error *err)
{
	unsigned char key[SESS_ID_BYTES];
	redis_command cmd = { .argc = 0 };
	redisReply *reply;
	home_mark m;
	int rc;

	redis_text(&cmd, "ZRANGE");
	redis_add_key(&cmd, name->at, name->len);
	redis_text(&cmd, "0");
	redis_text(&cmd, "0");
	reply = redis_call(s, &cmd, REDIS_REPLY_ARRAY, err);
	if (!reply)
		return SESS_STORE;
	rc = reply->elements > 0 && read_member(reply->element[0], key, &m);
	if (rc)
		*due = m.due;
	redis_reply_free(reply);
	return rc;
}

/* -- whose, and all ---------------------------------------------------------------------------- */

int
redis_of_user(void *self, const char *user, home_key_fn *fn, void *arg, sess_error *err)
{
	redis_store *s = self;
	redis_command cmd = { .argc = 0 };
	redisReply *reply;
	int rc = SESS_OK;

	if (!user_name(s, user))
		return home_full(err);
	redis_text(&cmd, "SMEMBERS");
	redis_add_key(&cmd, (char *)s->name.bytes, s->name.len);
	reply = redis_call(s, &cmd, REDIS_REPLY_ARRAY, err);
	if (!reply)
		return SESS_STORE;
	for (size_t i = 0; i < reply->elements && rc == SESS_OK; i++)
		if (reply->element[i]->type == REDIS_REPLY_STRING &&
			reply->element[i]->len == SESS_ID_BYTES)
			rc = fn(arg, (unsigned char *)reply->element[i]->str);
	redis_reply_free(reply);
	return rc;
}

/* Keys of one shard behind this place: how many there were, or what the function returned. */
static int
each_of_shard(redis_store *s, int shard, sess_cursor *cursor, size_t limit, size_t *n,
	home_key_fn *fn, void *arg, sess_error *err)
{
	redis_name name = list_name(s, 'k', '\0', shard);
	redis_command cmd = { .argc = 0 };
	char after[1 + SESS_ID_BYTES] = "(";
	redisReply *reply;
	int rc = SESS_OK;

	memcpy(after + 1, cursor->at + PLACE_KEY, SESS_ID_BYTES);
	redis_text(&cmd, "ZRANGE");
	redis_add_key(&cmd, name.at, name.len);
	redis_add(&cmd, cursor->at[PLACE_SHARD] == shard + 1 ? after : "-",
		cursor->at[PLACE_SHARD] == shard + 1 ? sizeof(after) : 1);
	redis_text(&cmd, "+");
	redis_text(&cmd, "BYLEX");
	redis_text(&cmd, "LIMIT");
	redis_text(&cmd, "0");
	redis_number(&cmd, (int64_t)limit);
	reply = redis_call(s, &cmd, REDIS_REPLY_ARRAY, err);
	if (!reply)
		return SESS_STORE;
	*n = reply->elements < limit ? reply->elements : limit;
	for (size_t i = 0; i < reply->elements && rc == SESS_OK; i++) {
		const redisReply *r = reply->element[i];

		if (r->type != REDIS_REPLY_STRING)
			continue;
		if (r->len != SESS_ID_BYTES) {
			rc = change_sorted(s, &name, NULL, r->str, r->len, err);
			continue;
		}
		rc = fn(arg, (unsigned char *)r->str);
		if (rc == SESS_OK) {
			cursor->at[PLACE_SHARD] = (unsigned char)(shard + 1);
			memcpy(cursor->at + PLACE_KEY, r->str, SESS_ID_BYTES);
		}
	}
	redis_reply_free(reply);
	return rc;
}

int
redis_each(void *self, sess_cursor *cursor, size_t limit, home_key_fn *fn, void *arg,
	sess_error *err)
{
	int shard = cursor->at[PLACE_SHARD] ? cursor->at[PLACE_SHARD] - 1 : 0, rc = SESS_OK;

	for (size_t n = 0, most; shard < REDIS_SHARDS && rc == SESS_OK && limit > 0; limit -= n) {
		most = limit < EACH_MOST ? limit : EACH_MOST;
		rc = each_of_shard(self, shard, cursor, most, &n, fn, arg, err);
		shard += n < most;
	}
	return rc ? rc : shard < REDIS_SHARDS;
}
