/* SPDX-License-Identifier: ISC */
/* store_sqlite_wal.c - the write-ahead log: on disk when it matters, and never long. */
#include "store_sqlite.h"

#include <time.h>

/* Frames of 4 KiB. Idle time checkpoints from the first mark on; beyond the second, new frames
 * come faster than idle time copies them, and the log is emptied behind the gate. Writers that
 * nobody gives idle time do the same at the third. At the last mark writers wait. A checkpoint
 * waits for the disk twice however little it copies: at 1000 frames that took a third of the
 * throughput of two busy processes, at 4000 it hardly shows. */
#define FRAMES_IDLE 4000
#define FRAMES_MANY 8000
#define FRAMES_LIMIT 12000
/* A log that a collector keeps is left to it, if it does keep it short. */
#define FRAMES_KEPT 100000
/* A log that was left longer than this gives its disk space back. */
#define FRAMES_SHRINK 12000
/* With nobody else there, the next to open reads the whole log: 64 frames cost it 0.1 ms, as
 * against two waits for the disk if each run of a CGI program emptied it. */
#define FRAMES_CLOSE 64
/* Readers last microseconds, but may have lost their processor. */
#define READERS_MS 20

static int
count_frames(void *arg, sqlite3 *db, const char *name, int frames)
{
	sqlite_store *s = arg;

	(void)db;
	(void)name;
	s->frames = frames;
	return SQLITE_OK;
}

void
wal_watch(sqlite_store *s)
{
	/* This also takes the place of SQLite's own checkpoint inside of commits. */
	sqlite3_wal_hook(s->db, count_frames, s);
	s->bound = FRAMES_BOUND;
}

/* Result of SQLite. */
static int
sync_file(sqlite_store *s, int which)
{
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(s->db, "main", which, &file);

	if (rc != SQLITE_OK)
		return rc;
	if (file == NULL || file->pMethods == NULL)
		return SQLITE_IOERR_FSYNC;
	return file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

/*
 * Commits are written in the log, but not synced, and other writers go on meanwhile. By the time we
 * get here another process may have checkpointed our frames, and even begun the log anew over them.
 * That is no loss: a checkpoint syncs the log before it copies and the database after, and the log
 * is begun anew only when all of it has been copied and synced. So our frames are either still in
 * the file that is synced here, or in the database, on disk. The first sync by each connection also
 * syncs the folder, whoever made the log: its name is as good as its contents.
 */
int
wal_sync(sqlite_store *s, sess_error *err)
{
	int rc;

	if (s->held) {
		s->sync_due = true;
		return SESS_OK;
	}
	rc = sync_file(s, SQLITE_FCNTL_JOURNAL_POINTER);
	return rc == SQLITE_OK ? SESS_OK : db_fail(s, rc, err);
}

/* Result of SQLite. Who is in the way is waited for, at most so long. */
static int
checkpoint(sqlite_store *s, int mode, int patience_ms)
{
	int frames = -1, copied, rc;

	s->patience_ms = patience_ms;
	rc = sqlite3_wal_checkpoint_v2(s->db, "main", mode, &frames, &copied);
	s->patience_ms = s->busy_ms;
	if (frames >= 0)
		s->frames = frames;
	return rc;
}

/* At the gate; a turn of ours is not that of another writer. */
static int
enter(sqlite_store *s, sess_error *err)
{
	int rc = gate_enter(&s->gate, s->busy_ms, err);

	if (rc == SESS_OK)
		s->turns++;
	return rc;
}

/* Behind the gate. SQLite waits for readers, but not for the idle checkpoint of another process,
 * which with no more writers comes to its end. */
static int
restart_log(sqlite_store *s, int mode)
{
	int rc = checkpoint(s, mode, READERS_MS);

	for (int naps = 0; rc == SQLITE_BUSY && naps < READERS_MS; naps++) {
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		rc = checkpoint(s, mode, 0);
	}
	return rc;
}

/* While others go on. If they write meanwhile, SQLite leaves what it copied unsynced: whoever copies
 * the rest, perhaps behind the gate, would wait for all of it. */
static int
copy(sqlite_store *s)
{
	int rc = checkpoint(s, SQLITE_CHECKPOINT_PASSIVE, 0);

	return rc == SQLITE_OK ? sync_file(s, SQLITE_FCNTL_FILE_POINTER) : rc;
}

/* Empty the log: first copy what there is while others go on, which takes nearly all of the time;
 * then, with the writers out, the little that came since. A reader in the way puts it off until
 * the log has grown by a quarter. SESS_OK, or why the gate did not open. */
static int
empty_log(sqlite_store *s, sess_error *err)
{
	int before = s->frames, mode, rc;

	rc = copy(s);
	/* Busy: another process is at it, and so long as the log is not much too long, that will do.
	 * Short: another one was faster. */
	if ((rc == SQLITE_BUSY && before < FRAMES_LIMIT) || (rc == SQLITE_OK && s->frames < FRAMES_MANY)) {
		s->bound = s->frames < FRAMES_MANY ? FRAMES_BOUND : before + FRAMES_IDLE;
		return SESS_OK;
	}
	rc = enter(s, err);
	if (rc != SESS_OK)
		return rc;
	mode = before > FRAMES_SHRINK ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART;
	rc = restart_log(s, mode);
	gate_leave(&s->gate);
	if (rc == SQLITE_OK) {
		s->frames = s->checked = 0;
		s->bound = FRAMES_BOUND;
	} else {
		s->bound = before + before / 4;
	}
	return SESS_OK;
}

void
wal_reuse(sqlite_store *s)
{
	sess_error ignored;

	if (enter(s, &ignored) != SESS_OK)
		return;
	if (restart_log(s, SQLITE_CHECKPOINT_RESTART) == SQLITE_OK)
		s->frames = s->checked = 0;
	gate_leave(&s->gate);
}

void
wal_copy(sqlite_store *s)
{
	copy(s);
}

int
wal_empty(sqlite_store *s, sess_error *err)
{
	int rc;

	/* Most of it while others go on. */
	wal_copy(s);
	rc = enter(s, err);
	if (rc != SESS_OK)
		return rc;
	rc = restart_log(s, SQLITE_CHECKPOINT_TRUNCATE);
	gate_leave(&s->gate);
	if (rc == SQLITE_BUSY)
		return 1;
	if (rc != SQLITE_OK)
		return db_fail(s, rc, err);
	s->frames = s->checked = 0;
	return 0;
}

static bool
kept(const sqlite_store *s)
{
	return s->keeps || (s->frames < FRAMES_KEPT && gate_kept(&s->gate));
}

/* The commit itself is done and good: a log that cannot be emptied now will be tried again. */
void
wal_bound(sqlite_store *s)
{
	sess_error ignored;

	if (s->frames < FRAMES_BOUND)
		s->bound = FRAMES_BOUND;
	else if (s->frames >= s->bound && !kept(s))
		empty_log(s, &ignored);
}

int
sqlite_idle(void *self, sess_error *err)
{
	sqlite_store *s = self;
	int rc;

	if (s->keeps)
		return keep_end(s, err);
	if (s->frames < s->checked)
		s->checked = 0;
	if (s->held || s->frames < s->checked + FRAMES_IDLE || kept(s))
		return SESS_OK;
	if (s->frames >= FRAMES_MANY && s->bound <= FRAMES_BOUND)
		return empty_log(s, err);
	rc = copy(s);
	s->checked = s->frames;
	return rc == SQLITE_OK || rc == SQLITE_BUSY ? SESS_OK : db_fail(s, rc, err);
}

/* Only who wrote needs to look: frames is 0 for the others. */
void
wal_close(sqlite_store *s)
{
	sess_error ignored;

	if (s->keeps)
		keep_end(s, &ignored);
	if (s->frames >= FRAMES_CLOSE)
		checkpoint(s, SQLITE_CHECKPOINT_TRUNCATE, 0);
}
