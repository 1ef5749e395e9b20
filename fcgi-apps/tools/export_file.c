/* SPDX-License-Identifier: ISC */
/* export_file.c - the file of an export: called FILE.part until it is whole, and gone on with after
 * an interruption from the last checkpoint that is undamaged. */
#include "export.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
fail_part(const export *x, int code, const char *what)
{
	return tool_fail(x->t, code, "%s: %s", x->part, what);
}

/* Nobody else may be at it, or read it. */
static int
part_take(export *x)
{
	struct stat st, named;

	x->fd = open(x->part, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (x->fd < 0)
		return fail_part(x, errno == EACCES || errno == EPERM ? EX_NOPERM : EX_CANTCREAT,
			strerror(errno));
	if (fstat(x->fd, &st) != 0 || !S_ISREG(st.st_mode))
		return fail_part(x, EX_CANTCREAT, "is no regular file; name another one");
	if (st.st_uid != geteuid() || fchmod(x->fd, 0600) != 0)
		return fail_part(x, EX_NOPERM, "belongs to somebody else; remove it");
	if (flock(x->fd, LOCK_EX | LOCK_NB) != 0 || stat(x->part, &named) != 0
		|| named.st_ino != st.st_ino || named.st_dev != st.st_dev)
		return fail_part(x, EX_TEMPFAIL, "another export is writing it");
	return EX_OK;
}

/* The head says where the file came from: SESS_OK, or a message was given. */
static int
check_head(const export *x, const line *l)
{
	if (strcmp(l->store, x->t->kit->store.address.url) != 0)
		return tool_fail(x->t, EX_DATAERR, "%s was begun from %s; remove it, or leave out --resume",
			x->part, l->store);
	if (strcmp(l->keys, x->keys) != 0)
		return fail_part(x, EX_DATAERR, "was begun with other keys; remove it, or leave out "
			"--resume");
	return EX_OK;
}

/* How far the file is undamaged, up to the last checkpoint. */
typedef struct so_far {
	int64_t offset;                 /* 0: not even the head */
	line_tally tally;
	sess_cursor cursor;
} so_far;

static int
read_part(const export *x, so_far *done)
{
	line_input in = { .fd = x->fd, .max = line_max(EXPORT_BYTES_MAX) };
	line_tally tally = { .records = 0 };
	line l = { .kind = 0 };
	int result = EX_OK;
	sess_error err;

	while (result == EX_OK && line_next(&in) == INPUT_LINE
		&& line_read(&l, in.text.at, in.text.len, EXPORT_BYTES_MAX, &err) == SESS_OK
		&& (l.kind == LINE_HEAD) == (in.number == 1) && line_count(&tally, &l)
		&& l.kind != LINE_COMPLETE) {
		if (l.kind == LINE_HEAD)
			result = check_head(x, &l);
		if (l.kind == LINE_HEAD || l.kind == LINE_CHECKPOINT)
			*done = (so_far){ in.offset, tally, l.cursor };
	}
	line_input_free(&in);
	line_free(&l);
	return result;
}

int
part_open(export *x, bool resume, bool *begun)
{
	so_far done = { .offset = 0 };
	int result;

	*begun = false;
	if ((size_t)snprintf(x->part, sizeof(x->part), "%s.part", x->path) >= sizeof(x->part))
		return tool_fail(x->t, EX_USAGE, "--output: the path is too long");
	result = part_take(x);
	if (result == EX_OK && resume)
		result = read_part(x, &done);
	if (result != EX_OK)
		return result;
	if (ftruncate(x->fd, done.offset) != 0 || lseek(x->fd, done.offset, SEEK_SET) < 0)
		return fail_part(x, EX_IOERR, strerror(errno));
	*begun = done.offset > 0;
	x->bytes = done.offset;
	x->tally = done.tally;
	x->cursor = done.cursor;
	return EX_OK;
}

int
part_finish(export *x)
{
	if (fsync(x->fd) != 0)
		return fail_part(x, EX_IOERR, strerror(errno));
	if (rename(x->part, x->path) != 0 || directory_sync(x->path) != 0)
		return tool_fail(x->t, EX_CANTCREAT, "%s is whole, but cannot be called %s: %s", x->part,
			x->path, strerror(errno));
	return EX_OK;
}
