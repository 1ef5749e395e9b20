/* SPDX-License-Identifier: ISC */
/* store_sqlite.h - what the files of the SQLite store share; nobody else includes it. */
#ifndef SESSKIT_STORE_SQLITE_H
#define SESSKIT_STORE_SQLITE_H

#include "examine.h"
#include "gate.h"

#include <sqlite3.h>

/* Kinds of a trace, as they are stored. */
enum { TRACE_CANDIDATE = 1, TRACE_RETIRED, TRACE_ENDED };

/* Every statement there is; store_sqlite_sql.c has the texts. */
typedef enum sql {
	SQL_BEGIN, SQL_BEGIN_WRITE, SQL_COMMIT, SQL_ROLLBACK,
	SQL_SAVE, SQL_SAVE_KEEP, SQL_SAVE_UNDO,
	SQL_LOAD, SQL_TRACE, SQL_INSERT, SQL_UPDATE_DATA, SQL_UPDATE_ALL, SQL_TOUCH, SQL_EXPIRES,
	SQL_OFFER, SQL_TRACE_ADD, SQL_TRACE_DROP, SQL_RETIRE, SQL_RELEAD, SQL_MOVE,
	SQL_GUARD, SQL_SUCCEED, SQL_SUCCESSOR, SQL_ENDED, SQL_ENDED_ALIASES, SQL_REMOVE,
	/* in threes: everyone's sessions, the anonymous ones, one user's */
	SQL_LIST, SQL_LIST_ANONYMOUS, SQL_LIST_USER,
	SQL_COUNT, SQL_COUNT_ANONYMOUS, SQL_COUNT_USER,
	SQL_COUNT_SINCE, SQL_COUNT_SINCE_ANONYMOUS, SQL_COUNT_SINCE_USER,
	SQL_ALL_TALLY, SQL_ALL_TALLY_ANONYMOUS, SQL_ALL_TALLY_USER,
	SQL_ALL_ENDED, SQL_ALL_ENDED_ANONYMOUS, SQL_ALL_ENDED_USER,
	SQL_ALL_ALIASES, SQL_ALL_ALIASES_ANONYMOUS, SQL_ALL_ALIASES_USER,
	SQL_ALL_REMOVE, SQL_ALL_REMOVE_ANONYMOUS, SQL_ALL_REMOVE_USER,
	SQL_COLLECT_DUE, SQL_COLLECT_TALLY, SQL_COLLECT_ALIASES, SQL_COLLECT_SESSIONS, SQL_COLLECT_TRACES,
	SQL_MARK, SQL_MARK_SET, SQL_AUTO_VACUUM, SQL_SHRINK,
	SQL_CACHE_LARGE, SQL_CACHE_USUAL,
	SQL_SIGNED_IN, SQL_TALLY, SQL_TALLY_FOLD, SQL_TALLY_FOLDED,
	SQL_STATS, SQL_STATS_MINUTES, SQL_STATS_SIZES,
	SQL_WALK, SQL_WALK_NEXT, SQL_WALK_ALIASES, SQL_WALK_TRACES, SQL_WALK_RETIRED, SQL_WALK_TIES,
	SQL_STANDING, SQL_LEADS, SQL_ITEM_TRACE, SQL_ALIASES_DROP, SQL_RESTORE_TRACE,
	SQL_STATEMENTS
} sql;

/* Columns of SQL_LOAD and SQL_LIST; the latter has the length of data in its place. */
enum {
	COL_SECRET, COL_FAMILY, COL_REVISION, COL_NUMBERS, COL_USER = COL_NUMBERS + 10, COL_ADDRESS,
	COL_AGENT, COL_DATA, COL_ID
};

typedef struct sqlite_store {
	sqlite3 *db;
	gate gate;
	sqlite3_stmt *statement[SQL_STATEMENTS];        /* NULL: not needed so far */
	char *path;                     /* absolute */
	size_t max_bytes;
	int busy_ms;
	int patience_ms;                /* for what holds the lock without the gate: busy_ms or less */
	int64_t busy_since;             /* milliseconds; when the present wait began */
	bool held;                      /* between hold and release */
	bool sync_due;                  /* of what was done while held */
	bool full;                      /* the last failure was for want of room */
	int frames;                     /* in the WAL after our last commit */
	int checked, bound;             /* frames at the last idle checkpoint; for the next hard one */
	unsigned turns;                 /* at the gate, at our last slice */
	int64_t slice_began, slice_us;  /* microseconds; how long it may take */
	int64_t quiet_since;            /* no other writer came since then */
	bool keeps;                     /* the log, while it collects */
	int keep_most;                  /* frames in the log before it is begun anew */
	int64_t restart_next;           /* microseconds; not to be begun anew before */
	struct sqlite_store *next;      /* store_sqlite_fork.c */
} sqlite_store;

extern const sess_provider sess_provider_sqlite;

/* store_sqlite_open.c */
int sqlite_open(void **self, const sess_address *, const sess_limits *, sess_error *);
void sqlite_close(void *self);
void db_disconnect(sqlite_store *);             /* close what is open, keep the rest */
/* All tables, in an empty file that nobody else knows. */
int db_fill(sqlite_store *, const char *path, sess_error *);

/* store_sqlite_fork.c */
void fork_check(void);                          /* in a child: let go of all that is inherited */
void fork_opened(sqlite_store *);
void fork_closed(const sqlite_store *);
void sqlite_forked(void *self);

/* store_sqlite_files.c */
/* Set the absolute path, so that neither chdir nor opening anew in a child can lead elsewhere. */
int db_path(sqlite_store *, const char *given, sess_error *);
char *db_beside(const char *path, const char *suffix);  /* to be freed; NULL: out of memory */
/* Path with this suffix: 1 there and safe, 0 not there, or negative. */
int db_file(const sqlite_store *, const char *suffix, sess_error *);
/* Make the database, unless another process does. The gate lets one at a time look. */
int db_create_missing(sqlite_store *, sess_error *);

/* store_sqlite_sql.c: statements, failures, and the two ways to write */
extern const char *const sql_text[SQL_STATEMENTS];
int db_fail(sqlite_store *, int rc, sess_error *);              /* code for a result of SQLite */
/* The statement, ready to be bound; NULL: err has the reason. */
sqlite3_stmt *db_statement(sqlite_store *, sql, sess_error *);
/* Run to its end, without a result; number of rows changed, or negative. */
int64_t db_run(sqlite_store *, sqlite3_stmt *, sess_error *);
/* One row, to be reset by the caller: 1, 0 there is none (and reset already), or negative. */
int db_row(sqlite_store *, sqlite3_stmt *, sess_error *);
void db_bind_id(sqlite3_stmt *, int at, const unsigned char *id);
/* The row of a statement that takes just an id: 1, and *row is to be reset; 0 none; or negative. */
int db_find(sqlite_store *, sql, const unsigned char *id, sqlite3_stmt **row, sess_error *);
/* One statement as a transaction of its own, behind the gate. db_leave is due unless it fails. */
int db_enter(sqlite_store *, sess_error *);
void db_leave(sqlite_store *);
/* Several statements as one transaction, behind the gate. db_finish(rc) ends it: keeps what was
 * done if rc is not negative. Returns rc, or why it could not be kept. */
int db_begin(sqlite_store *, sess_error *);
int db_finish(sqlite_store *, int rc, sess_error *);
int sqlite_hold(void *self, const unsigned char *id, sess_error *);
int sqlite_release(void *self, sess_error *);

/* Frames of 4 KiB in the log before a writer empties it behind the gate. */
#define FRAMES_BOUND 9000

/* store_sqlite_wal.c: keep the write-ahead log short, and put it on disk when it matters */
void wal_watch(sqlite_store *);
int wal_sync(sqlite_store *, sess_error *);     /* all that was committed so far is on disk */
void wal_bound(sqlite_store *);                 /* after a commit */
void wal_reuse(sqlite_store *);                 /* begin the log anew, if that can be */
int sqlite_idle(void *self, sess_error *);
void wal_copy(sqlite_store *);                  /* into the database, as far as others allow */
/* Copy all and give its room back: 1 others are in the way, 0 done, or negative. */
int wal_empty(sqlite_store *, sess_error *);
void wal_close(sqlite_store *);

/* store_sqlite_keep.c: who collects keeps the log, and has a larger cache; also once more while it
 * lasts. keep_short after each slice; alone: nobody else writes. */
int keep_begin(sqlite_store *, sess_error *);
void keep_short(sqlite_store *, bool alone);
int keep_end(sqlite_store *, sess_error *);

/* store_sqlite_collect.c: work too long for one transaction goes in slices, longer ones when nobody
 * else writes. slice_begin as db_begin; end it by db_finish once it is over, and rest in between. */
int64_t db_now_us(void);                       /* monotonic */
int slice_begin(sqlite_store *, sess_error *);
bool slice_over(const sqlite_store *);
void slice_rest(const sqlite_store *);
int sqlite_collect(void *self, int64_t now, size_t rows, size_t *n, sess_error *);

/* store_sqlite_tidy.c */
int64_t db_bytes(sqlite_store *);               /* of the database file */
int sqlite_tidy(void *self, int flags, int ms, int64_t *freed, sess_error *);

/* store_sqlite_tally.c: the numbers behind count and stats */
typedef struct db_tally_of {
	int64_t started, logins, ended, expired;
	int64_t anonymous, signed_in;           /* rows added less rows removed */
} db_tally_of;
/* Rows of one kind were added, or removed if rows is negative. */
void db_tally_row(db_tally_of *, bool signed_in, int rows);
/* Count what a transaction does, within it. Whatever adds or removes rows of session must. now is 0
 * for what is not of today, such as a record put back. SESS_OK or negative. */
int db_tally(sqlite_store *, int64_t now, const db_tally_of *, sess_error *);
/* The same for so many expired rows that were removed, without a user and with one. */
int db_tally_collected(sqlite_store *, int64_t now, int64_t anonymous, int64_t signed_in,
	sess_error *);
int sqlite_stats(void *self, int64_t now, sess_stats *, sess_error *);

/* store_sqlite_load.c */
int sqlite_load(void *self, const unsigned char *id, int64_t now, sess_record *, sess_sink *,
	sess_error *);
/* A row of SQL_LOAD or SQL_LIST: all but id and data; texts are lent by SQLite until the statement is
 * reset. NULL, or the column that is not what we wrote: somebody may have changed it by hand. */
const char *db_row_read(sqlite3_stmt *row, sess_record *);
/* Read a column that is a blob of just this length; false if it is not. */
bool db_take_blob(sqlite3_stmt *, int col, void *out, size_t len);
/* SQL_BEGIN or SQL_COMMIT around several reads; inside of hold there is a transaction already. */
int db_read_edge(sqlite_store *, sql, sess_error *);
/* Where an id leads: the id of a record, which may be itself, expired or not. 1, 0 nowhere, or
 * negative. Traces that were outdated at now lead nowhere. */
int db_resolve(sqlite_store *, const unsigned char *id, int64_t now,
	unsigned char record[SESS_ID_BYTES], sess_error *);

/* store_sqlite_list.c */
int sqlite_list(void *self, const sess_query *, sess_record_fn *, void *arg, sess_error *);
int sqlite_count(void *self, const sess_query *, size_t *n, sess_error *);
int sqlite_end_all(void *self, const sess_query *, const unsigned char *except, sess_status why,
	int64_t keep, size_t *n, sess_error *);

/* store_sqlite_end.c */
int sqlite_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *);
int sqlite_confirm(void *self, const unsigned char *candidate, int64_t now, int64_t renew,
	int64_t keep, sess_error *);
int sqlite_replace(void *self, const unsigned char *old, const sess_record *, sess_status why,
	int64_t now, int64_t keep, sess_error *);
int sqlite_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *);
/* As db_finish; then all of it is on disk as well. What is answered as done must be there. */
int db_finish_synced(sqlite_store *, int rc, sess_error *);
/* Leave word of why, under the id and all that led to it, then remove the record, which is taken off
 * in the tally. */
int db_end_record(sqlite_store *, const unsigned char *id, sess_status why, int64_t now,
	int64_t keep, db_tally_of *, sess_error *);

/* store_sqlite_walk.c */
int sqlite_walk(void *self, sess_cursor *, size_t limit, sess_item_fn *, void *arg, sess_error *);
int sqlite_item(void *self, const unsigned char *id, sess_item_fn *, void *arg, sess_error *);

/* store_sqlite_restore.c */
int sqlite_restore(void *self, const sess_item *, sess_error *);


/* store_sqlite_examine.c, store_sqlite_examine_files.c: faults in a database, found from outside */
typedef struct db_examination {
	examination of;
	sqlite3 *db;                    /* reads only; NULL until it is open */
} db_examination;

/* How the database can be read without leaving anything behind: not at all, as it is because nobody
 * uses it, or along with those who do. */
enum { EXAMINE_NOT, EXAMINE_ALONE, EXAMINE_SHARED };

int examine_files(const examination *);         /* EXAMINE_... */
void sqlite_examine(const sess_address *, const sess_limits *, bool deep, sess_finding_fn *,
	void *arg);

/* store_sqlite.c: SESS_CONFLICT if the id is taken. */
int db_insert(sqlite_store *, const sess_record *, uint64_t revision, sess_error *);
/* Why a guarded change changed nothing: SESS_GONE, or otherwise if the record lives. */
int db_missed(sqlite_store *, const unsigned char *id, int64_t now, int otherwise, sess_error *);

#endif
