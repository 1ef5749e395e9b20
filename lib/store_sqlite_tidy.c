/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite_tidy.c - give room back to the system: that of the log, and what is unused inside the
 * database. For the latter the file must know where each page is used (auto_vacuum), which takes a
 * tenth more instructions to insert a row; and as a store uses its free pages again, few need it.
 */
#include "store_sqlite.h"

#include <sys/stat.h>
#include <time.h>

/* Between two tries to empty the log past a reader. */
#define READER_NAP_NS 5000000

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Through SQLite's own descriptors: to open and close others drops its locks. */
static int64_t
file_bytes(sqlite_store *s, int which)
{
	sqlite3_file *file = NULL;
	sqlite3_int64 bytes = 0;

	if (sqlite3_file_control(s->db, "main", which, &file) == SQLITE_OK && file != NULL &&
		file->pMethods != NULL)
		(void)file->pMethods->xFileSize(file, &bytes);
	return bytes;
}

int64_t
db_bytes(sqlite_store *s)
{
	return file_bytes(s, SQLITE_FCNTL_FILE_POINTER);
}

static int64_t
files_bytes(sqlite_store *s)
{
	return db_bytes(s) + file_bytes(s, SQLITE_FCNTL_JOURNAL_POINTER);
}

/* SESS_OK if the file can shrink while it is used. */
static int
can_shrink(sqlite_store *s, sess_error *err)
{
	sqlite3_stmt *row = db_statement(s, SQL_AUTO_VACUUM, err);
	int rc, mode;

	if (row == NULL)
		return err->code;
	rc = db_row(s, row, err);
	if (rc < 0)
		return rc;
	mode = rc == 1 ? sqlite3_column_int(row, 0) : 0;
	sqlite3_reset(row);
	if (mode == 2)
		return SESS_OK;
	return sess_fail(err, SESS_UNSUPPORTED, "%s cannot shrink while it is used, but uses its free "
		"room again; to shrink it, stop the programs and run: sqlite3 '%s' \"PRAGMA auto_vacuum = "
		"INCREMENTAL; VACUUM\"", s->path, s->path);
}

/* Pages from the end of the file into free ones, for as long as a slice may take and time is left: 1
 * there is more, 0 none is free, or negative. */
static int
shrink_slice(sqlite_store *s, int64_t stop, sess_error *err)
{
	sqlite3_stmt *page = db_statement(s, SQL_SHRINK, err);
	int rc;

	if (page == NULL)
		return err->code;
	rc = slice_begin(s, err);
	if (rc != SESS_OK)
		return rc;
	while ((rc = db_row(s, page, err)) == 1 && !slice_over(s) && now_ms() < stop)
		;
	sqlite3_reset(page);
	return db_finish(s, rc, err);
}

static int
shrink(sqlite_store *s, int64_t stop, sess_error *err)
{
	int rc = can_shrink(s, err);

	if (rc != SESS_OK)
		return rc;
	while ((rc = shrink_slice(s, stop, err)) == 1 && now_ms() < stop)
		slice_rest(s);
	/* The file itself is cut when the log is copied into it. */
	wal_copy(s);
	return rc;
}

/* A reader in the way is waited for. */
static int
empty(sqlite_store *s, int64_t stop, sess_error *err)
{
	int rc;

	while ((rc = wal_empty(s, err)) == 1 && now_ms() < stop)
		nanosleep(&(struct timespec){ .tv_nsec = READER_NAP_NS }, NULL);
	return rc;
}

int
sqlite_tidy(void *self, int flags, int ms, int64_t *freed, sess_error *err)
{
	sqlite_store *s = self;
	int64_t stop = now_ms() + ms, before = files_bytes(s), after;
	int rc = SESS_OK, more = 0;

	*freed = 0;
	if (s->held)
		return sess_fail(err, SESS_INVALID, "%s is held", s->path);
	if ((flags & SESS_TIDY_SHRINK) != 0)
		rc = more = shrink(s, stop, err);
	if (rc >= 0 && (flags & SESS_TIDY_LOG) != 0 && (rc = empty(s, stop, err)) == 1)
		more = 1;
	after = files_bytes(s);
	if (after < before)
		*freed = before - after;
	return rc < 0 ? rc : more;
}
