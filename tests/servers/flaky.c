/* SPDX-License-Identifier: ISC */
/* flaky.c - a proxy that does what servers and networks do on a bad day. */
#include "flaky.h"

#include "../faults/faults.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PAIRS 64
#define PIECE 65536

/* A client, its connection to the server, and how many bytes of answers it got. */
typedef struct wire {
	int client, server;
	int64_t answered;
} wire;

typedef struct proxy {
	flaky *f;
	int listener;
	wire links[PAIRS];
	int count;
	uint64_t seed;          /* of the garbage */
	int skip;               /* answers that pass before one is changed */
	unsigned char piece[PIECE];
} proxy;

/* -- sockets ----------------------------------------------------------------------------------- */

static struct sockaddr_un
address_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	return a;
}

static int
listen_at(const char *path)
{
	struct sockaddr_un a = address_at(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, PAIRS) != 0)
		_exit(1);
	return fd;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un a = address_at(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

static void
hang_up(proxy *p, int i)
{
	close(p->links[i].client);
	close(p->links[i].server);
	p->links[i] = p->links[--p->count];
}

static void
take_client(proxy *p)
{
	wire *l = &p->links[p->count];
	int client = accept(p->listener, NULL, NULL);
	int server = client >= 0 && p->count < PAIRS ? connect_to(p->f->server) : -1;

	if (server < 0) {
		close(client);
		return;
	}
	*l = (wire){ .client = client, .server = server };
	p->count++;
}

/* A peer that is gone or does not read: the next poll finds out. */
static void
send_all(int fd, const unsigned char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		at += n;
		len -= (size_t)n;
	}
}

/* -- bad days ---------------------------------------------------------------------------------- */

/* Some bytes of the answer differ, are missing or too many; its new length. */
static size_t
changed(proxy *p, size_t len)
{
	size_t at = dice(&p->seed, (unsigned)len), some = 1 + dice(&p->seed, 8);

	if (some > len - at)
		some = len - at;
	switch (dice(&p->seed, 5)) {
	case 0:
		p->piece[at] ^= (unsigned char)(1u << dice(&p->seed, 8));
		return len;
	case 1:
		for (size_t i = at; i < at + some; i++)
			p->piece[i] = (unsigned char)dice(&p->seed, 256);
		return len;
	case 2:
		memmove(p->piece + at, p->piece + at + some, len - at - some);
		return len - some;
	case 3:
		if (len + some > PIECE)
			return len;
		memmove(p->piece + at + some, p->piece + at, len - at);
		return len + some;
	default:
		return at;
	}
}

/* What becomes of an answer; its new length. Sets *over if the connection ends behind it. */
static size_t
spoil(proxy *p, wire *l, size_t len, bool *over)
{
	int64_t number = p->f->number;

	switch (p->f->mode) {
	case FLAKY_HANG:
		return 0;
	case FLAKY_SLOW:
		usleep((useconds_t)number * 1000);
		return len;
	case FLAKY_GARBAGE:
		for (size_t i = 0; i < len; i++)
			p->piece[i] = (unsigned char)dice(&p->seed, 256);
		return len;
	case FLAKY_CUT:
		if (l->answered + (int64_t)len <= number)
			return len;
		*over = true;
		p->f->mode = FLAKY_PASS;
		return l->answered < number ? (size_t)(number - l->answered) : 0;
	case FLAKY_CHANGE:
		if (p->skip-- > 0)
			return len;
		p->f->mode = FLAKY_PASS;
		/* Who waits for bytes that never come has to wait out its time; not each time. */
		*over = dice(&p->seed, 16) != 0;
		return changed(p, len);
	default:
		return len;
	}
}

/* Bytes from one side to the other; false if the connection is to end. */
static bool
forward(proxy *p, wire *l, bool answer)
{
	ssize_t n = read(answer ? l->server : l->client, p->piece, PIECE);
	bool over = false;
	size_t len;

	if (n <= 0)
		return false;
	len = answer ? spoil(p, l, (size_t)n, &over) : p->f->mode == FLAKY_HANG ? 0 : (size_t)n;
	l->answered += answer ? (int64_t)len : 0;
	send_all(answer ? l->client : l->server, p->piece, len);
	return !over;
}

/* -- the process ------------------------------------------------------------------------------- */

static void
take_mode(proxy *p)
{
	char woken[64];

	(void)!read(p->f->wake[0], woken, sizeof(woken));
	if (p->f->mode == FLAKY_REFUSE) {
		close(p->listener);
		p->listener = -1;
		unlink(p->f->path);
		while (p->count > 0)
			hang_up(p, 0);
	} else if (p->listener < 0) {
		p->listener = listen_at(p->f->path);
	}
	p->seed = (uint64_t)p->f->number * 2654435761u + 1;
	p->skip = (int)dice(&p->seed, 3);
	for (int i = 0; i < p->count; i++)
		p->links[i].answered = 0;
	p->f->taken = p->f->asked;
}

/* From the last one on, for a link that hangs up is replaced by the last one. */
static void
serve_links(proxy *p, const struct pollfd *polled, int count)
{
	for (int i = count - 1; i >= 0; i--) {
		bool open = true;

		if (polled[2 * i].revents != 0)
			open = forward(p, &p->links[i], false);
		if (open && polled[2 * i + 1].revents != 0)
			open = forward(p, &p->links[i], true);
		if (!open)
			hang_up(p, i);
	}
}

static int
serve(void *arg, int who)
{
	proxy *p = calloc(1, sizeof(*p));

	(void)who;
	if (p == NULL)
		return 1;
	p->f = arg;
	p->listener = listen_at(p->f->path);
	p->f->taken = p->f->asked;
	for (;;) {
		struct pollfd polled[2 * PAIRS + 2];
		int count = p->count;

		for (int i = 0; i < count; i++) {
			polled[2 * i] = (struct pollfd){ p->links[i].client, POLLIN, 0 };
			polled[2 * i + 1] = (struct pollfd){ p->links[i].server, POLLIN, 0 };
		}
		polled[2 * count] = (struct pollfd){ p->f->wake[0], POLLIN, 0 };
		polled[2 * count + 1] = (struct pollfd){ p->listener, POLLIN, 0 };
		if (poll(polled, (nfds_t)(2 * count + 2), -1) < 0)
			return 1;
		serve_links(p, polled, count);
		if (polled[2 * count].revents != 0)
			take_mode(p);
		else if (polled[2 * count + 1].revents != 0)
			take_client(p);
	}
}

static void
await_taken(flaky *f)
{
	int64_t patience = clock_ms() + 10000;

	while (f->taken != f->asked) {
		if (clock_ms() > patience)
			bail("the proxy at %s does not answer", f->path);
		usleep(50);
	}
}

flaky *
flaky_start(const char *path, const char *server)
{
	flaky *f = shared(sizeof(*f));

	if (strlen(path) >= sizeof(f->path) || strlen(server) >= sizeof(f->server))
		bail("%s: too long for a socket", path);
	snprintf(f->path, sizeof(f->path), "%s", path);
	snprintf(f->server, sizeof(f->server), "%s", server);
	if (pipe2(f->wake, O_CLOEXEC) != 0)
		bail("no pipe");
	f->asked = 1;
	f->pid = start_process(serve, f, 0);
	await_taken(f);
	return f;
}

void
flaky_set(flaky *f, int mode, int64_t number)
{
	f->number = number;
	f->mode = mode;
	f->asked++;
	if (write(f->wake[1], "", 1) != 1)
		bail("the proxy at %s is gone", f->path);
	await_taken(f);
}

void
flaky_stop(flaky *f)
{
	kill(f->pid, SIGKILL);
	(void)wait_process(f->pid);
}
