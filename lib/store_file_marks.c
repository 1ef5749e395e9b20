/* SPDX-License-Identifier: ISC */
/* store_file_marks.c - files of the file store that are all in their names: marks by time and by
 * user, and what began and ended minute by minute. */
#include "minutes.h"
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TALLY_KEPT (25 * 60)    /* minutes */
#define DIGITS "0123456789abcdef"
#define KINDS "autp"            /* of marks by time, HOME_... */

/* -- marks ------------------------------------------------------------------------------------- */

static int
make_mark(file_store *s, const place *p, int flags, sess_error *err)
{
	int dir, fd = file_create(s, p, 0, &dir), rc;

	rc = fd >= 0 && (!(flags & SESS_SYNC) || fsync(dir) == 0) ? SESS_OK
		: file_failed(s, "a session cannot be marked", err);
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return rc;
}

static int
remove_mark(file_store *s, const place *p, sess_error *err)
{
	int dir = file_folder(s, p, false), rc;

	rc = dir >= 0 ? unlinkat(dir, p->name, 0) : -1;
	rc = rc == 0 || errno == ENOENT ? SESS_OK : file_failed(s, "a mark cannot be removed", err);
	if (dir >= 0)
		close(dir);
	return rc;
}

int
file_mark(void *self, const unsigned char *key, const home_mark *m, bool on, int flags,
	sess_error *err)
{
	int rc = SESS_OK;
	place p;

	if (m->kind) {
		file_time_place(&p, "due", m->due, m->kind, key);
		rc = on ? make_mark(self, &p, flags, err) : remove_mark(self, &p, err);
	}
	if (rc == SESS_OK && m->user) {
		file_user_place(&p, m->user, key);
		rc = on ? make_mark(self, &p, flags, err) : remove_mark(self, &p, err);
	}
	return rc;
}

typedef struct collecting {
	home_due_fn *fn;
	void *arg;
	int64_t now;
	size_t n, rows;
} collecting;

/* True if it is a mark by time. */
bool
file_read_mark(const char *name, home_mark *m, unsigned char key[SESS_ID_BYTES])
{
	if (strlen(name) != FILE_TIME + 1 + FILE_KEY || !strchr(KINDS, name[FILE_TIME]) ||
		strspn(name, DIGITS) < FILE_TIME || !file_key(key, name + FILE_TIME + 1))
		return false;
	*m = (home_mark){ .kind = name[FILE_TIME], .due = file_time(name) };
	return true;
}

static int
each_due(void *arg, const char *const name[3], int dir)
{
	collecting *c = arg;
	unsigned char key[SESS_ID_BYTES];
	home_mark m;

	(void)dir;
	if (!file_read_mark(name[2], &m, key))
		return SESS_OK;
	if (m.due > c->now || c->n++ == c->rows)
		return FILE_ENOUGH;
	return c->fn(c->arg, key, &m);
}

/* -- tally and stats --------------------------------------------------------------------------- */

/* True if it counts events. */
bool
file_read_count(const char *name, int64_t *minute)
{
	if (strlen(name) != FILE_TIME + 1 || strspn(name, DIGITS) < FILE_TIME ||
		!strchr(MINUTES_EVENTS, name[FILE_TIME]))
		return false;
	*minute = file_time(name);
	return true;
}

static int
each_old_tally(void *arg, const char *const name[3], int dir)
{
	int64_t minute;

	if (!file_read_count(name[2], &minute))
		return SESS_OK;
	if (minute >= *(const int64_t *)arg)
		return FILE_ENOUGH;
	(void)unlinkat(dir, name[2], 0);
	return SESS_OK;
}

int
file_due(void *self, int64_t now, size_t rows, home_due_fn *fn, void *arg, sess_error *err)
{
	collecting c = { .fn = fn, .arg = arg, .now = now, .rows = rows };
	int64_t old = sixtieth(now) - TALLY_KEPT, freed = 0;
	int rc = file_go("due", (file_tour){ .s = self, .fn = each_due, .arg = &c, .err = err,
		.freed = &freed });

	if (rc >= 0)
		rc = file_go("tally", (file_tour){ .s = self, .fn = each_old_tally, .arg = &old, .err = err,
			.freed = &freed });
	return rc < 0 ? rc : SESS_OK;
}

/* A byte for each event: to append takes no lock. */
static int
add_events(file_store *s, int64_t minute, int kind, int64_t n, sess_error *err)
{
	static const char bytes[512];
	int dir, fd, rc = 0;
	place p;

	file_time_place(&p, "tally", minute, kind, NULL);
	fd = file_create(s, &p, O_APPEND, &dir);
	for (; fd >= 0 && rc >= 0 && n > 0; n -= rc)
		rc = (int)write(fd, bytes, n < (int64_t)sizeof(bytes) ? (size_t)n : sizeof(bytes));
	rc = fd < 0 || rc < 0 ? file_failed(s, "what happened cannot be counted", err) : SESS_OK;
	if (fd >= 0)
		close(fd);
	if (dir >= 0)
		close(dir);
	return rc;
}

int
file_tally(void *self, int64_t now, const sess_tally *t, sess_error *err)
{
	const int64_t n[] = { t->started, t->logins, t->ended, t->expired };
	int rc = SESS_OK;

	for (size_t i = 0; i < sizeof(n) / sizeof(n[0]) && rc == SESS_OK; i++)
		if (n[i] > 0)
			rc = add_events(self, sixtieth(now), MINUTES_EVENTS[i], n[i], err);
	return rc;
}

typedef struct summing {
	sess_stats *out;
	int64_t now;
} summing;

static int
sum_mark(void *arg, const char *const name[3], int dir)
{
	const summing *s = arg;
	unsigned char key[SESS_ID_BYTES];
	home_mark m;

	(void)dir;
	if (file_read_mark(name[2], &m, key))
		home_sum(s->out, s->now, m.kind, m.due, 1);
	return SESS_OK;
}

static int
sum_tally(void *arg, const char *const name[3], int dir)
{
	const summing *s = arg;
	int64_t at;
	struct stat st;

	if (file_read_count(name[2], &at) && fstatat(dir, name[2], &st, AT_SYMLINK_NOFOLLOW) == 0)
		minutes_add_events(s->out, s->now, at, name[2][FILE_TIME], st.st_size);
	return SESS_OK;
}

/* This reads the names of all marks, 100 000 in some 150 ms. A sum beside them would need one lock for
 * all keys, and be wrong after each crash. */
int
file_stats(void *self, int64_t now, sess_stats *out, sess_error *err)
{
	summing s = { .out = out, .now = now };
	int rc;

	rc = file_go("due", (file_tour){ .s = self, .fn = sum_mark, .arg = &s, .err = err });
	if (rc == SESS_OK)
		rc = file_go("tally", (file_tour){ .s = self, .fn = sum_tally, .arg = &s, .err = err });
	return rc;
}
