/* SPDX-License-Identifier: ISC */
/*
 * store_redis_link.c - one connection: commands out and answers in, by the clock of the call.
 * hiredis connects, formats and parses; sending and receiving is done here, because its own
 * functions know no deadline for a whole answer, and raise SIGPIPE in a program that is not ours.
 */
#include "store_redis.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PIECE 16384
#define REPLY_MOST ((size_t)64 << 20)
#define ELEMENTS_MOST (1 << 20)

/* -- commands ---------------------------------------------------------------------------------- */

void
redis_add(redis_command *c, const void *bytes, size_t len)
{
	c->argv[c->argc] = bytes;
	c->len[c->argc++] = len;
}

void
redis_text(redis_command *c, const char *text)
{
	redis_add(c, text, strlen(text));
}

void
redis_add_key(redis_command *c, const char *key, size_t len)
{
	redis_add(c, key, len);
	c->key = key;
	c->key_len = len;
}

void
redis_number(redis_command *c, int64_t n)
{
	char *digits = c->digits[c->numbers++];

	snprintf(digits, sizeof(c->digits[0]), "%lld", (long long)n);
	redis_text(c, digits);
}

/* -- answers ----------------------------------------------------------------------------------- */

/* Values of sessions are in there. */
static void
wipe(redisReply *r)
{
	if (r->str)
		sodium_memzero(r->str, (size_t)r->len);
	for (size_t i = 0; r->type == REDIS_REPLY_ARRAY && i < r->elements; i++)
		if (r->element[i])
			wipe(r->element[i]);
}

void
redis_reply_free(redisReply *r)
{
	if (!r)
		return;
	wipe(r);
	freeReplyObject(r);
}

bool
redis_says(const redisReply *r, const char *word)
{
	size_t len = strlen(word);

	return r->type == REDIS_REPLY_ERROR && (size_t)r->len >= len &&
		memcmp(r->str, word, len) == 0 && (r->str[len] == ' ' || r->str[len] == '\0');
}

bool
redis_passes(const redisReply *r)
{
	static const char *const words[] = { "LOADING", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN",
		"READONLY", "BUSY", "UNKILLABLE" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (redis_says(r, words[i]))
			return true;
	return false;
}

/* What the server says may be anything, and goes to a log. */
static const char *
quoted(char out[128], const redisReply *r)
{
	size_t n = 0;

	for (; n < 127 && n < (size_t)r->len; n++)
		out[n] = r->str[n] >= ' ' && r->str[n] < 0x7f ? r->str[n] : '?';
	out[n] = '\0';
	return out;
}

int
redis_refused(redis_store *s, const redisReply *r, sess_error *err)
{
	const char *user = *s->address.user ? s->address.user : "default";
	char text[128];

	s->home.full = redis_says(r, "OOM");
	if (r->type != REDIS_REPLY_ERROR)
		return sess_fail(err, SESS_STORE, "store \"%s\": the server gave an answer of a wrong kind; "
			"see that it is a Redis", s->home.name);
	if (s->home.full)
		return sess_fail(err, SESS_STORE, "store \"%s\": the server has no memory left; raise its "
			"maxmemory", s->home.name);
	if (redis_says(r, "NOAUTH") || redis_says(r, "WRONGPASS"))
		return sess_fail(err, SESS_STORE, "store \"%s\": the server wants another password of the "
			"user %s; put it into the file of the setting password_file", s->home.name, user);
	if (redis_says(r, "NOPERM"))
		return sess_fail(err, SESS_STORE, "store \"%s\": the user %s may not do this; give it the "
			"rights that sesskit-redis(7) has: %s", s->home.name, user, quoted(text, r));
	if (redis_says(r, "MOVED") && s->kind != REDIS_CLUSTER)
		return sess_fail(err, SESS_STORE, "store \"%s\": the server is one of a cluster; begin its "
			"URL with redis+cluster://", s->home.name);
	if (redis_says(r, "WRONGTYPE"))
		return sess_fail(err, SESS_STORE, "store \"%s\": something else of another program has one "
			"of our names; give the URL a ?prefix= of its own", s->home.name);
	return sess_fail(err, SESS_STORE, "store \"%s\": the server says: %s", s->home.name,
		quoted(text, r));
}

/* -- the socket -------------------------------------------------------------------------------- */

/* False: the time is over, or this share of it. */
static bool
ready(const redis_store *s, int fd, short events, int share)
{
	struct pollfd p = { .fd = fd, .events = events };
	int n, left;

	do {
		left = remote_left_ms(&s->remote) / share;
		n = left > 0 ? poll(&p, 1, left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

/* Of what errno says. */
static int
lost(redis_store *s, redis_node *node, const char *what, sess_error *err)
{
	int failed = errno;
	char place[sizeof(node->host) + 8] = "its socket";

	redis_unlink(node);
	if (*node->host)
		snprintf(place, sizeof(place), "%s:%d", node->host, node->port);
	return sess_fail(err, SESS_STORE, "store \"%s\": %s%s%s: %s; see that the server runs and can "
		"be reached", s->home.name, place, *what ? " " : "", what,
		failed ? strerror(failed) : "what came is no answer of a Redis");
}

static bool
send_all(const redis_store *s, int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR && (errno != EAGAIN || !ready(s, fd, POLLOUT, 1)))
			return false;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* The next answer; NULL: errno, 0 if what came is none. */
static redisReply *
receive(redis_store *s, redisContext *c)
{
	char bytes[PIECE];
	void *reply = NULL;
	size_t all = 0;
	ssize_t n;

	while (errno = 0, redisReaderGetReply(c->reader, &reply) == REDIS_OK && !reply) {
		n = ready(s, c->fd, POLLIN, 1) ? recv(c->fd, bytes, sizeof(bytes), 0) : -1;
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n == 0)
			errno = ECONNRESET;
		if (n <= 0)
			return NULL;
		all += (size_t)n;
		if (all > REPLY_MOST || redisReaderFeed(c->reader, bytes, (size_t)n) != REDIS_OK) {
			errno = 0;
			return NULL;
		}
		sodium_memzero(bytes, (size_t)n);
	}
	return reply;
}

static bool
send_command(redis_store *s, redisContext *c, const redis_command *cmd)
{
	const char *argv[REDIS_ARGS];
	char *text = NULL;
	bool sent;
	int len;

	memcpy(argv, cmd->argv, sizeof(argv));
	len = redisFormatCommandArgv(&text, cmd->argc, argv, cmd->len);
	errno = ENOMEM;
	sent = len >= 0 && send_all(s, c->fd, text, (size_t)len);
	if (len >= 0)
		sodium_memzero(text, (size_t)len);
	redisFreeCommand(text);
	return sent;
}

redisReply *
redis_exchange(redis_store *s, redis_node *node, const redis_command *cmd, sess_error *err)
{
	redisContext *c = node->link;
	redisReply *reply = NULL;

	if (c && send_command(s, c, cmd))
		reply = receive(s, c);
	/* Nothing may be left: it would be taken for the answer to the next command. */
	if (reply && c->reader->len == c->reader->pos)
		return reply;
	if (reply)
		errno = 0;
	redis_reply_free(reply);
	(void)lost(s, node, "", err);
	return NULL;
}

/* -- connecting -------------------------------------------------------------------------------- */

#if HIREDIS_MAJOR > 0
typedef size_t element_count;
#else
typedef int element_count;
#endif

/* An answer may say that it has more elements than there is memory for. */
static void *
limited_array(const redisReadTask *task, element_count n)
{
	const redis_store *s = task->privdata;

	return n > ELEMENTS_MOST ? NULL : s->plain.createArray(task, n);
}

static void
limit_replies(redis_store *s, redisReader *reader)
{
	s->plain = s->limited = *reader->fn;
	s->limited.createArray = limited_array;
	reader->fn = &s->limited;
	reader->privdata = s;
}

/* A command that is part of connecting: its answer, if it is not an error; SESS_OK. */
static int
greet(redis_store *s, redis_node *node, const redis_command *cmd, bool must, sess_error *err)
{
	redisReply *reply = redis_exchange(s, node, cmd, err);
	int rc = reply ? SESS_OK : SESS_STORE;

	if (reply && reply->type == REDIS_REPLY_ERROR && (must || redis_says(reply, "NOAUTH"))) {
		rc = redis_refused(s, reply, err);
		s->refused = !redis_passes(reply);
		redis_unlink(node);
	}
	redis_reply_free(reply);
	return rc;
}

static int
introduce(redis_store *s, redis_node *node, const char *user, int db, sess_error *err)
{
	redis_command auth = { .argc = 0 }, name = { .argc = 0 }, choose = { .argc = 0 };
	int rc = SESS_OK;

	redis_text(&auth, "AUTH");
	if (user && *user)
		redis_text(&auth, user);
	redis_text(&auth, s->address.password);
	redis_text(&name, "CLIENT");
	redis_text(&name, "SETNAME");
	redis_text(&name, "sesskit");
	redis_text(&choose, "SELECT");
	redis_number(&choose, db);
	if (user && (*user || *s->address.password))
		rc = greet(s, node, &auth, true, err);
	if (rc == SESS_OK && db)
		rc = greet(s, node, &choose, true, err);
	/* For who looks at the server's list of clients. */
	return rc == SESS_OK ? greet(s, node, &name, false, err) : rc;
}

int
redis_link(redis_store *s, redis_node *node, const char *user, int db, sess_error *err)
{
	socklen_t size = sizeof(errno);
	remote_address at;
	redisContext *c;
	/* There is somebody else to ask if this one does not answer. */
	int failed = 0, share = s->remote.hosts > 1 ? 3 : 1;

	if (node->link)
		return SESS_OK;
	if (*node->host && remote_look_up(&s->remote, node->host, remote_left_ms(&s->remote) / share,
		&at, err) != SESS_OK)
		return SESS_STORE;
	c = node->link = *node->host ? redisConnectNonBlock(at.text, node->port)
		: redisConnectUnixNonBlock(s->address.path);
	if (!c || c->err) {
		errno = !c ? ENOMEM : errno ? errno : ECONNREFUSED;
		return lost(s, node, "cannot be connected to", err);
	}
	if (fcntl(c->fd, F_SETFD, FD_CLOEXEC) != 0 || !ready(s, c->fd, POLLOUT, share))
		return lost(s, node, "cannot be connected to", err);
	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 || failed) {
		errno = failed ? failed : errno;
		return lost(s, node, "cannot be connected to", err);
	}
	limit_replies(s, c->reader);
	return introduce(s, node, user, db, err);
}

void
redis_unlink(redis_node *node)
{
	if (node->link)
		redisFree(node->link);
	node->link = NULL;
}
