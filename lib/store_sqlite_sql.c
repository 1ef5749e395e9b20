/* SPDX-License-Identifier: ISC */
/* store_sqlite_sql.c - all SQL of the store in one table, prepared when first needed; failures and
 * transactions. */
#include "store_sqlite.h"

#include <string.h>

#define FIELDS "secret, family, revision, created, seen, expires, absolute, idle, renew, " \
	"offered, login, persist, level, user, address, agent"
#define LIVE "expires > ?1 AND seen >= ?2"
/* A full order: it means the same records twice. */
#define OLDEST "SELECT id FROM session WHERE expires <= ?1 ORDER BY expires, user, id LIMIT ?2"
/* All rows are counted already, and of those that are not live there are few. */
#define ALL_LIVE "SELECT (SELECT sum(anonymous + signed_in) FROM tally)" \
	" - (SELECT count(*) FROM session WHERE expires <= ?1)"
#define ANONYMOUS_LIVE "SELECT (SELECT sum(anonymous) FROM tally)" \
	" - (SELECT count(*) FROM session WHERE expires <= ?1 AND user IS NULL)"
/* The same for everyone, the anonymous and one user. */
#define SELECTIONS(at, before, after) \
	[at] = before LIVE after, \
	[at##_ANONYMOUS] = before LIVE " AND user IS NULL" after, \
	[at##_USER] = before LIVE " AND user = ?3" after

const char *const sql_text[SQL_STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN",
	[SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_SAVE] = "SAVEPOINT step",
	[SQL_SAVE_KEEP] = "RELEASE step",
	[SQL_SAVE_UNDO] = "ROLLBACK TO step",

	[SQL_LOAD] = "SELECT " FIELDS ", data FROM session WHERE id = ?1",
	[SQL_TRACE] = "SELECT kind, session, secret, at, why FROM trace"
		" WHERE id = ?1 AND keep > ?2",
	[SQL_INSERT] = "INSERT INTO session (id, revision, " /* the order of record_bind */
		"secret, family, created, seen, expires, absolute, idle, renew, offered, login, persist,"
		" level, user, address, agent, data) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
		" ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18"
		" WHERE NOT EXISTS (SELECT 1 FROM trace WHERE id = ?1)",
	[SQL_UPDATE_DATA] = "UPDATE session SET data = ?1, revision = revision + 1"
		" WHERE id = ?2 AND revision = ?3 AND expires > ?4",
	/* seen never goes back: touch moves it without a new revision. */
	[SQL_UPDATE_ALL] = "UPDATE session SET data = ?1, revision = revision + 1, seen = max(seen, ?5),"
		" expires = ?6, absolute = ?7, idle = ?8, persist = ?9, address = ?10, agent = ?11"
		" WHERE id = ?2 AND revision = ?3 AND expires > ?4",
	[SQL_TOUCH] = "UPDATE session SET seen = max(seen, ?2),"
		" expires = max(expires, iif(absolute > 0, min(?3, absolute), ?3))"
		" WHERE id = ?1 AND expires > ?2",
	[SQL_EXPIRES] = "SELECT expires FROM session WHERE id = ?1",

	[SQL_OFFER] = "UPDATE session SET offered = ?2"
		" WHERE id = ?1 AND expires > ?2 AND (offered = 0 OR offered <= ?3)",
	[SQL_TRACE_ADD] = "INSERT INTO trace (id, kind, session, secret, at, keep, why)"
		" SELECT ?1, 1, ?2, ?3, ?4, ?5, 0"
		" WHERE NOT EXISTS (SELECT 1 FROM session WHERE id = ?1)",
	[SQL_TRACE_DROP] = "DELETE FROM trace WHERE id = ?1",
	[SQL_RETIRE] = "INSERT OR REPLACE INTO trace (id, kind, session, secret, at, keep, why)"
		" SELECT id, 2, ?2, secret, ?3, ?4, 0 FROM session WHERE id = ?1 AND expires > ?3",
	/* What is outdated waits for its collection where it is: to move it each time would make each
	 * renewal dearer than the one before. */
	[SQL_RELEAD] = "UPDATE trace SET session = ?2, at = iif(kind = 1, ?3, at),"
		" keep = iif(kind = 1, min(keep, ?4), keep), kind = 2"
		" WHERE session = ?1 AND (kind = 1 OR keep > ?3)",
	[SQL_MOVE] = "UPDATE session SET id = ?2, secret = ?3, renew = ?4, offered = 0 WHERE id = ?1",

	[SQL_SUCCEED] = "UPDATE trace SET next = ?2 WHERE id = ?1",
	[SQL_SUCCESSOR] = "SELECT next FROM trace WHERE id = ?1 AND next IS NOT NULL",
	[SQL_GUARD] = "SELECT revision, login FROM session WHERE id = ?1 AND expires > ?2",
	[SQL_ENDED] = "INSERT OR REPLACE INTO trace (id, kind, session, secret, at, keep, why)"
		" SELECT id, 3, NULL, NULL, ?2, ?3, ?4 FROM session WHERE id = ?1",
	[SQL_ENDED_ALIASES] = "UPDATE trace SET kind = 3, session = NULL, secret = NULL, at = ?2,"
		" keep = ?3, why = ?4 WHERE session = ?1",
	[SQL_REMOVE] = "DELETE FROM session WHERE id = ?1",

	/* An index says which they are: of the others, of which there may be millions, no row is read. */
	SELECTIONS(SQL_LIST, "SELECT " FIELDS ", length(CAST(data AS BLOB)), id FROM"
		" (SELECT id AS found FROM session WHERE ",
		" ORDER BY seen DESC LIMIT ?4) CROSS JOIN session ON id = found"),
	[SQL_COUNT] = ALL_LIVE,
	[SQL_COUNT_ANONYMOUS] = ANONYMOUS_LIVE,
	[SQL_COUNT_USER] = "SELECT count(*) FROM session WHERE expires > ?1 AND user = ?3",
	SELECTIONS(SQL_COUNT_SINCE, "SELECT count(*) FROM session WHERE ", ""),
	SELECTIONS(SQL_ALL_TALLY, "SELECT count(*) - count(user), count(user) FROM session WHERE ",
		" AND id <> ?4"),
	SELECTIONS(SQL_ALL_ENDED, "INSERT OR REPLACE INTO trace (id, kind, session, secret, at, keep,"
		" why) SELECT id, 3, NULL, NULL, ?5, ?6, ?7 FROM session WHERE ", " AND id <> ?4"),
	SELECTIONS(SQL_ALL_ALIASES, "UPDATE trace SET kind = 3, session = NULL, secret = NULL, at = ?5,"
		" keep = ?6, why = ?7 WHERE session IN (SELECT id FROM session WHERE ", " AND id <> ?4)"),
	SELECTIONS(SQL_ALL_REMOVE, "DELETE FROM session WHERE ", " AND id <> ?4"),

	[SQL_COLLECT_DUE] = "SELECT EXISTS (SELECT 1 FROM session WHERE expires <= ?1)"
		" OR EXISTS (SELECT 1 FROM trace WHERE keep <= ?1)",
	[SQL_COLLECT_TALLY] = "SELECT count(*) - count(user), count(user) FROM"
		" (SELECT user FROM session WHERE expires <= ?1 ORDER BY expires, user, id LIMIT ?2)",
	[SQL_COLLECT_ALIASES] = "DELETE FROM trace WHERE session IN (" OLDEST ")",
	[SQL_COLLECT_SESSIONS] = "DELETE FROM session WHERE id IN (" OLDEST ")",
	[SQL_COLLECT_TRACES] = "DELETE FROM trace WHERE id IN"
		" (SELECT id FROM trace WHERE keep <= ?1 ORDER BY keep LIMIT ?2)",
	[SQL_CACHE_LARGE] = "PRAGMA cache_size = -32000",
	[SQL_CACHE_USUAL] = "PRAGMA cache_size = -2000",
	[SQL_AUTO_VACUUM] = "PRAGMA auto_vacuum",
	[SQL_SHRINK] = "PRAGMA incremental_vacuum", /* a row for each page */
	[SQL_MARK] = "SELECT value FROM mark WHERE name = ?1",
	[SQL_MARK_SET] = "INSERT INTO mark (name, value) VALUES (?1, ?2)"
		" ON CONFLICT (name) DO UPDATE SET value = excluded.value",

	[SQL_SIGNED_IN] = "SELECT user IS NOT NULL FROM session WHERE id = ?1",
	[SQL_TALLY] = "INSERT INTO tally VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (minute)"
		" DO UPDATE SET started = started + ?2, logins = logins + ?3, ended = ended + ?4,"
		" expired = expired + ?5, anonymous = anonymous + ?6, signed_in = signed_in + ?7",
	[SQL_TALLY_FOLD] = "UPDATE tally SET"
		" anonymous = (SELECT sum(anonymous) FROM tally WHERE minute < ?1 OR minute = 0),"
		" signed_in = (SELECT sum(signed_in) FROM tally WHERE minute < ?1 OR minute = 0)"
		" WHERE minute = 0"
		" AND EXISTS (SELECT 1 FROM tally WHERE minute < ?1 AND minute <> 0)",
	[SQL_TALLY_FOLDED] = "DELETE FROM tally WHERE minute < ?1 AND minute <> 0",
	[SQL_STATS] = "SELECT (SELECT sum(anonymous + signed_in) FROM tally) - count(*),"
		" (SELECT sum(signed_in) FROM tally) - count(user), count(*),"
		" (SELECT expires FROM session WHERE expires <= ?1 ORDER BY expires LIMIT 1)"
		" FROM session WHERE expires <= ?1",
	[SQL_STATS_MINUTES] = "SELECT minute, started, logins, ended, expired FROM tally"
		" WHERE minute BETWEEN ?1 AND ?2",
	[SQL_STATS_SIZES] = "SELECT (SELECT freelist_count * page_size"
		" FROM pragma_freelist_count, pragma_page_size), (SELECT avg(length(CAST(data AS BLOB)))"
		" FROM (SELECT data FROM session WHERE seen > 0 ORDER BY seen DESC LIMIT 256))",

	[SQL_WALK] = "SELECT " FIELDS ", data, id FROM session WHERE id > ?1 ORDER BY id LIMIT ?2",
	[SQL_WALK_NEXT] = "SELECT id FROM session WHERE id > ?1 ORDER BY id LIMIT 1",
	[SQL_WALK_ALIASES] = "SELECT id, kind, secret, at, keep FROM trace WHERE session = ?1"
		" ORDER BY id",
	[SQL_WALK_TRACES] = "SELECT id, kind, session, at, keep, why, next FROM trace WHERE id > ?1"
		" AND (kind = 3 OR (kind = 2 AND at >= ?3)) ORDER BY id LIMIT ?2",
	[SQL_WALK_RETIRED] = "SELECT max(at) FROM trace WHERE kind = 2",
	[SQL_WALK_TIES] = "SELECT count(*) FROM trace WHERE kind = 2 AND at = ?1",
	[SQL_STANDING] = "SELECT revision, family, user IS NOT NULL FROM session WHERE id = ?1",
	[SQL_LEADS] = "SELECT kind, session FROM trace WHERE id = ?1",
	[SQL_ITEM_TRACE] = "SELECT id, kind, session, at, keep, why, next FROM trace WHERE id = ?1",
	[SQL_ALIASES_DROP] = "DELETE FROM trace WHERE session = ?1",
	[SQL_RESTORE_TRACE] = "INSERT OR REPLACE INTO trace (id, kind, session, secret, at, keep, why,"
		" next) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
};

/* What an operator can do about it, by primary result code. */
static const char *
remedy(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_FULL:
		return "make room on the disk";
	case SQLITE_READONLY:
		return "let this program write to the file and its folder";
	case SQLITE_CORRUPT:
		return "the file is damaged: restore a copy, or move it away, and a new one is made";
	case SQLITE_NOTADB:
		return "this is no SQLite database: name another file";
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return "check owner and mode of the file, of its -wal and -shm, and of the folder";
	case SQLITE_IOERR:
		return "check the disk, its room, and the limits on the size of files";
	default:
		return "see the log of the system";
	}
}

int
db_fail(sqlite_store *s, int rc, sess_error *err)
{
	int os_error = s->db != NULL ? sqlite3_system_errno(s->db) : 0;

	s->full = (rc & 0xff) == SQLITE_FULL || rc == SQLITE_IOERR_WRITE;
	switch (rc & 0xff) {
	case SQLITE_NOMEM:
		return sess_fail(err, SESS_NOMEM, "%s: out of memory", s->path);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		return sess_fail(err, SESS_BUSY, "%s stayed locked for %d ms: does a sqlite3 shell or a "
			"backup hold a transaction open?", s->path, s->busy_ms);
	case SQLITE_CONSTRAINT:
		/* We break no rule of the tables, but rows that do may lie there already. */
		if (rc == SQLITE_CONSTRAINT_PRIMARYKEY)
			return sess_fail(err, SESS_CONFLICT, "%s: %s", s->path, sqlite3_errmsg(s->db));
		return sess_fail(err, SESS_STORE, "%s: %s; %s", s->path, sqlite3_errmsg(s->db),
			remedy(SQLITE_CORRUPT));
	default:
		return sess_fail(err, SESS_STORE, "%s: %s%s%s%s; %s", s->path, sqlite3_errstr(rc),
			os_error != 0 ? " (" : "", os_error != 0 ? strerror(os_error) : "",
			os_error != 0 ? ")" : "", remedy(rc));
	}
}

sqlite3_stmt *
db_statement(sqlite_store *s, sql which, sess_error *err)
{
	sqlite3_stmt **at = &s->statement[which];

	if (*at == NULL) {
		int rc = sqlite3_prepare_v3(s->db, sql_text[which], -1, SQLITE_PREPARE_PERSISTENT, at,
			NULL);

		if (rc != SQLITE_OK)
			db_fail(s, rc, err);
	}
	return *at;
}

int64_t
db_run(sqlite_store *s, sqlite3_stmt *statement, sess_error *err)
{
	int rc = sqlite3_step(statement);

	if (rc == SQLITE_DONE || rc == SQLITE_ROW) {
		rc = sqlite3_reset(statement);
		if (rc == SQLITE_OK)
			return sqlite3_changes64(s->db);
	} else {
		sqlite3_reset(statement);
	}
	return db_fail(s, rc, err);
}

int
db_row(sqlite_store *s, sqlite3_stmt *statement, sess_error *err)
{
	int rc = sqlite3_step(statement);

	if (rc == SQLITE_ROW)
		return 1;
	sqlite3_reset(statement);
	return rc == SQLITE_DONE ? 0 : db_fail(s, rc, err);
}

void
db_bind_id(sqlite3_stmt *statement, int at, const unsigned char *id)
{
	sqlite3_bind_blob(statement, at, id, SESS_ID_BYTES, SQLITE_STATIC);
}

int
db_find(sqlite_store *s, sql which, const unsigned char *id, sqlite3_stmt **row, sess_error *err)
{
	*row = db_statement(s, which, err);
	if (*row == NULL)
		return err->code;
	db_bind_id(*row, 1, id);
	return db_row(s, *row, err);
}

/* A statement without parameters: SESS_OK or negative. */
static int
db_do(sqlite_store *s, sql which, sess_error *err)
{
	sqlite3_stmt *statement = db_statement(s, which, err);
	int64_t rc;

	if (statement == NULL)
		return err->code;
	rc = db_run(s, statement, err);
	return rc < 0 ? (int)rc : SESS_OK;
}

/* For what is given up anyway: the failure that led here is the one to tell. */
static void
db_undo(sqlite_store *s, sql which)
{
	sess_error ignored = { .code = SESS_OK };

	db_do(s, which, &ignored);
}

static int
held_undone(const sqlite_store *s, sess_error *err)
{
	return sess_fail(err, SESS_STORE, "%s: a failure undid what was done since it was held", s->path);
}

int
db_enter(sqlite_store *s, sess_error *err)
{
	if (!s->held)
		return gate_enter(&s->gate, s->busy_ms, err);
	/* Some failures undo the whole transaction: what follows must not stand on its own. */
	return sqlite3_get_autocommit(s->db) == 0 ? SESS_OK : held_undone(s, err);
}

void
db_leave(sqlite_store *s)
{
	if (s->held)
		return;
	gate_leave(&s->gate);
	wal_bound(s);
}

/* What ends a transaction is prepared before one begins: when memory runs out in the middle of it,
 * the transaction would stay open, and all other writers out. SESS_OK or negative. */
static int
prepare_end(sqlite_store *s, sess_error *err)
{
	static const sql ends[] = { SQL_COMMIT, SQL_ROLLBACK, SQL_SAVE_KEEP, SQL_SAVE_UNDO };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (db_statement(s, ends[i], err) == NULL)
			return err->code;
	return SESS_OK;
}

int
db_begin(sqlite_store *s, sess_error *err)
{
	int rc = prepare_end(s, err);

	if (rc == SESS_OK)
		rc = db_enter(s, err);
	if (rc != SESS_OK)
		return rc;
	rc = db_do(s, s->held ? SQL_SAVE : SQL_BEGIN_WRITE, err);
	if (rc != SESS_OK)
		db_leave(s);
	return rc;
}

/* End the transaction: SESS_OK, or negative and nothing of it is left. Some failures, a full disk
 * among them, have ended it already. */
static int
db_commit(sqlite_store *s, bool keep, sess_error *err)
{
	int rc = keep ? db_do(s, SQL_COMMIT, err) : SESS_OK;

	if ((!keep || rc != SESS_OK) && !sqlite3_get_autocommit(s->db))
		db_undo(s, SQL_ROLLBACK);
	return rc;
}

int
db_finish(sqlite_store *s, int rc, sess_error *err)
{
	int ended = SESS_OK;

	if (!s->held) {
		ended = db_commit(s, rc >= 0, err);
	} else if (rc >= 0) {
		ended = db_do(s, SQL_SAVE_KEEP, err);
	} else {
		db_undo(s, SQL_SAVE_UNDO);
		db_undo(s, SQL_SAVE_KEEP);
	}
	db_leave(s);
	return ended != SESS_OK ? ended : rc;
}

int
sqlite_hold(void *self, const unsigned char *id, sess_error *err)
{
	sqlite_store *s = self;
	int rc;

	(void)id;       /* SQLite has one lock for all */
	if (s->held)
		return sess_fail(err, SESS_INVALID, "%s is held already", s->path);
	rc = db_begin(s, err);
	s->held = rc == SESS_OK;
	return rc;
}

int
sqlite_release(void *self, sess_error *err)
{
	sqlite_store *s = self;
	bool sync = s->sync_due;
	int rc;

	if (!s->held)
		return sess_fail(err, SESS_INVALID, "%s is not held", s->path);
	s->held = s->sync_due = false;
	rc = sqlite3_get_autocommit(s->db) ? held_undone(s, err) : db_commit(s, true, err);
	db_leave(s);
	return rc == SESS_OK && sync ? wal_sync(s, err) : rc;
}
