/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite_keep.c - the write-ahead log while somebody collects. It grows fast then, and whoever
 * shortens it waits for the disk: that is left to the collector, as those who serve requests would
 * wait in the midst of them.
 *
 * The log may also become longer then. A checkpoint copies each page once, however often it changed
 * since the last one, and the index by user changes all over: with 36 MiB of log instead of 240, a
 * million rows took half as long again.
 */
#include "store_sqlite.h"

#include <sys/statvfs.h>
#include <time.h>

/* Frames of 4 KiB: no more than this, or than these parts of the database and of the room that its
 * disk has left. */
#define FRAMES_MOST 60000
#define DATABASE_PART 4
#define ROOM_PART 8
#define FRAME_BYTES 4120
/* Beside other writers they are copied early and often: little is left when it must be quick. */
#define FRAMES_COPY 2000
/* To begin the log anew keeps the others out while the disk is waited for: not more than this part
 * of the time. */
#define RESTART_SHARE 256
#define RESTART_WAIT_US 5000000

/* What a slice changes must fit in memory, or it is written to the log more than once. */
static int
set_cache(sqlite_store *s, sql which, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, which, err);

	return statement == NULL || db_run(s, statement, err) < 0 ? err->code : SESS_OK;
}

static int
frames_most(sqlite_store *s)
{
	int64_t most = db_bytes(s) / DATABASE_PART, room;
	struct statvfs fs;

	if (statvfs(s->path, &fs) != 0)
		return FRAMES_BOUND;
	room = (int64_t)(fs.f_bavail / ROOM_PART * fs.f_frsize);
	most = (most < room ? most : room) / FRAME_BYTES;
	if (most < FRAMES_BOUND)
		return FRAMES_BOUND;
	return most < FRAMES_MOST ? (int)most : FRAMES_MOST;
}

int
keep_begin(sqlite_store *s, sess_error *err)
{
	int rc;

	if (s->held)
		return SESS_OK;
	if (!s->keeps) {
		rc = set_cache(s, SQL_CACHE_LARGE, err);
		if (rc != SESS_OK)
			return rc;
		s->keeps = true;
		s->keep_most = frames_most(s);
		s->restart_next = 0;
	}
	gate_keep(&s->gate, KEEP_MOST_MS);
	return SESS_OK;
}

/* Most is copied while others go on, then what they wrote meanwhile; the rest behind the gate. */
static void
restart(sqlite_store *s)
{
	int64_t wait = s->restart_next - db_now_us(), began;

	if (wait > RESTART_WAIT_US)
		wait = RESTART_WAIT_US;
	if (wait > 0)
		nanosleep(&(struct timespec){ .tv_sec = wait / 1000000, .tv_nsec = wait % 1000000 * 1000 },
			NULL);
	wal_copy(s);
	wal_copy(s);
	began = db_now_us();
	wal_reuse(s);
	s->restart_next = db_now_us() + (db_now_us() - began) * RESTART_SHARE;
}

void
keep_short(sqlite_store *s, bool alone)
{
	if (!s->keeps)
		return;
	if (s->frames < s->checked)
		s->checked = 0;
	if (s->frames >= s->keep_most) {
		restart(s);
	} else if (!alone && s->frames >= s->checked + FRAMES_COPY) {
		wal_copy(s);
		s->checked = s->frames;
	}
}

/* The others find the log as short as it ever is. */
int
keep_end(sqlite_store *s, sess_error *err)
{
	int rc;

	if (!s->keeps || s->held)
		return SESS_OK;
	s->keeps = false;
	rc = s->frames >= FRAMES_BOUND ? wal_empty(s, err) : SESS_OK;
	gate_keep(&s->gate, 0);
	if (rc >= 0)
		rc = set_cache(s, SQL_CACHE_USUAL, err);
	return rc;
}
