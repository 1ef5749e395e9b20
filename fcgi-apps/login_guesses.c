/* SPDX-License-Identifier: ISC */
/* login_guesses.c - how often a password was guessed wrongly, in a table of fixed size: whoever
 * makes up names fills no disk. Locks on parts of the file keep processes and threads apart. */
#define _GNU_SOURCE
#include "passwords.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SLOTS 4096              /* names that share one are slowed down together */
#define PLACES 2                /* passwords checked at a time, 64 MiB each */
#define PLACE_AT (SLOTS * (off_t)sizeof(guess))
#define FREE 5                  /* wrong guesses in a row that cost no wait */
#define WAIT_MAX 60
#define DOUBLINGS 6             /* from one second, until WAIT_MAX is reached */
#define FORGOTTEN 3600          /* seconds after the last one */
#define STEP_MS 20
#define PATIENCE_MS 2000

typedef struct guess {
	int64_t last;           /* unix seconds */
	int64_t wrong;          /* in a row */
} guess;

bool
passwords_private(int fd, const char *file, char error[400])
{
	struct stat st;
	const char *fault = NULL;

	if (fstat(fd, &st) != 0)
		fault = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		fault = "is not a regular file";
	else if (st.st_uid != geteuid())
		fault = "belongs to another user; run the program as the owner, or chown the file";
	else if ((st.st_mode & 07777) != 0600 && (st.st_mode & 07777) != 0400)
		fault = "must have mode 0600 or 0400; run chmod 600 on it, and set new passwords "
			"if others could read it";
	if (fault)
		snprintf(error, 400, "%s: %s", file, fault);
	return !fault;
}

int
guesses_open(const char *file, char error[400])
{
	int fd = open(file, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		0600);

	if (fd < 0) {
		snprintf(error, 400, "%s: cannot open it: %s; the program must be able to write to "
			"this directory", file, strerror(errno));
	} else if (!passwords_private(fd, file, error)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Locks belong to the open file, so that threads keep each other out as processes do. */
static int
lock(int fd, int how, short type, off_t at, off_t len)
{
	struct flock range = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = len };
	int rc;

	do
		rc = fcntl(fd, how, &range);
	while (rc != 0 && errno == EINTR && how == F_OFD_SETLKW);
	return rc;
}

bool
guesses_enter(int fd)
{
	const struct timespec step = { .tv_nsec = STEP_MS * 1000000L };

	for (int waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
		for (off_t place = 0; place < PLACES; place++)
			if (lock(fd, F_OFD_SETLK, F_WRLCK, PLACE_AT + place, 1) == 0)
				return true;
		nanosleep(&step, NULL);
	}
	return false;
}

static off_t
slot_of(const char *name)
{
	unsigned char hash[crypto_generichash_BYTES_MIN];

	crypto_generichash(hash, sizeof(hash), (const unsigned char *)name, strlen(name), NULL, 0);
	return (hash[0] << 8 | hash[1]) % SLOTS * (off_t)sizeof(guess);
}

/* A wait that grows from one second to a minute with each wrong guess. */
static int64_t
wait_after(const guess *g, int64_t now)
{
	int64_t wait = WAIT_MAX;

	if (g->wrong < FREE)
		return 0;
	if (g->wrong - FREE < DOUBLINGS)
		wait = (int64_t)1 << (g->wrong - FREE);
	/* A clock that was set back a little is no reason to wait longer. */
	return g->last > now ? wait : g->last + wait - now;
}

/* What is not there reads as zero, and so does nonsense, such as a time that is still to come: a
 * clock that was ahead must lock nobody out until it is right. */
static bool
read_slot(int fd, off_t at, int64_t now, guess *g)
{
	ssize_t n = pread(fd, g, sizeof(*g), at);

	if (n < 0)
		return false;
	if (n != sizeof(*g) || g->wrong < 0 || g->last < now - FORGOTTEN ||
		g->last > now + WAIT_MAX)
		*g = (guess){ 0 };
	return true;
}

int64_t
guesses_count(int fd, const char *name, int64_t now)
{
	off_t at = slot_of(name);
	int64_t wait = -1;
	guess g;

	if (lock(fd, F_OFD_SETLKW, F_WRLCK, at, sizeof(g)) != 0)
		return -1;
	if (read_slot(fd, at, now, &g)) {
		wait = wait_after(&g, now);
		if (wait <= 0) {
			g.last = now;
			if (g.wrong < FREE + DOUBLINGS)
				g.wrong++;
			wait = pwrite(fd, &g, sizeof(g), at) == sizeof(g) ? 0 : -1;
		}
	}
	lock(fd, F_OFD_SETLKW, F_UNLCK, at, sizeof(g));
	return wait;
}

int
guesses_forget(int fd, const char *name)
{
	const guess none = { 0 };

	return pwrite(fd, &none, sizeof(none), slot_of(name)) == sizeof(none) ? 0 : -1;
}
