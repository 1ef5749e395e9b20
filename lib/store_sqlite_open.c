/* SPDX-License-Identifier: ISC */
/* store_sqlite_open.c - open a database safely, make it if there is none, bring it up to date. */
#include "store_sqlite.h"

#include "schema_sql.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define APPLICATION_ID 0x73657373u      /* as in schema.sql */
#define HEADER_BYTES 100
/* Rows longer than this are an attack on our memory, unless sessions may be as long. */
#define ROW_MAX (16 << 20)

/* upgrade[n] leads on from schema version n; from 0, which a new database has, to the newest. */
static const char *const upgrade[] = { schema_sql, upgrade_1_2_sql };
#define SCHEMA_VERSION ((int)(sizeof(upgrade) / sizeof(upgrade[0])))

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Called while something that does not stand at the gate holds a lock: a sqlite3 shell, a recovery,
 * a checkpoint. Naps grow to some 10 ms, and differ, so that two do not wake in step. */
static int
wait_for_lock(void *arg, int times)
{
	sqlite_store *s = arg;
	unsigned jitter;
	int64_t now = now_ms();
	long nap;

	if (times == 0)
		s->busy_since = now;
	if (now - s->busy_since >= s->patience_ms)
		return 0;
	sqlite3_randomness(sizeof(jitter), &jitter);
	nap = 50000L << (times < 7 ? times : 7);
	nap += (long)(jitter % (unsigned)nap);
	nanosleep(&(struct timespec){ .tv_nsec = nap }, NULL);
	return 1;
}

static int
run_script(sqlite_store *s, sqlite3 *db, const char *script, sess_error *err)
{
	int rc = sqlite3_exec(db, script, NULL, NULL, NULL);

	if (rc == SQLITE_OK)
		return SESS_OK;
	if (sqlite3_get_autocommit(db) == 0)
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return db_fail(s, rc, err);
}

int
db_fill(sqlite_store *s, const char *path, sess_error *err)
{
	int rc = sqlite3_open_v2(path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
		| SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK)
		rc = db_fail(s, rc, err);
	else
		rc = run_script(s, s->db, "BEGIN IMMEDIATE", err);
	if (rc == SESS_OK)
		rc = run_script(s, s->db, upgrade[0], err);
	if (rc == SESS_OK)
		rc = run_script(s, s->db, "COMMIT; PRAGMA journal_mode = WAL", err);
	sqlite3_close(s->db);
	s->db = NULL;
	return rc;
}

/* Before anything in the file is believed. */
static void
harden(sqlite_store *s)
{
	static const struct {
		int option, value;
	} safe[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 }, { SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 }, { SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
		{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 }, { SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		/* A run of a CGI program leaves the log and its index to the next one. */
		{ SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1 },
	};
	size_t row = s->max_bytes > ROW_MAX ? s->max_bytes : ROW_MAX;
	int keep = 1;

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		sqlite3_db_config(s->db, safe[i].option, safe[i].value, NULL);
	sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, row < INT_MAX - 65536 ? (int)row + 65536 : INT_MAX);
	sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_limit(s->db, SQLITE_LIMIT_WORKER_THREADS, 0);
	sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
}

static uint32_t
big_endian(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Is it ours? What is looked at here never changes, so the file may be read as it lies, without a
 * statement; through SQLite's own descriptor, for the reason that db_file gives. */
static int
check_header(sqlite_store *s, sess_error *err)
{
	unsigned char header[HEADER_BYTES];
	sqlite3_file *file = NULL;
	int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

	if (rc == SQLITE_OK && (file == NULL || file->pMethods == NULL))
		rc = SQLITE_CANTOPEN;
	if (rc == SQLITE_OK)
		rc = file->pMethods->xRead(file, header, sizeof(header), 0);
	if (rc == SQLITE_IOERR_SHORT_READ)
		return sess_fail(err, SESS_STORE, "%s is empty or cut off: remove it, and a new one is "
			"made", s->path);
	if (rc == SQLITE_OK && memcmp(header, "SQLite format 3", 16) != 0)
		rc = SQLITE_NOTADB;
	if (rc != SQLITE_OK)
		return db_fail(s, rc, err);
	if (big_endian(header + 68) != APPLICATION_ID)
		return sess_fail(err, SESS_STORE, "%s is the database of another program: name another "
			"file", s->path);
	if (sqlite3_db_readonly(s->db, "main") != 0)
		return db_fail(s, SQLITE_READONLY, err);
	/* A shell can take a database out of WAL mode. */
	return header[18] == 2 ? SESS_OK : run_script(s, s->db, "PRAGMA journal_mode = WAL", err);
}

static int
read_version(sqlite_store *s, int *version, sess_error *err)
{
	sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &row, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW) {
		*version = sqlite3_column_int(row, 0);
		rc = SQLITE_OK;
	}
	sqlite3_finalize(row);
	return rc == SQLITE_OK ? SESS_OK : db_fail(s, rc, err);
}

/* All steps in one transaction: another program finds the old schema or the new one. */
static int
upgrade_schema(sqlite_store *s, sess_error *err)
{
	char done[48];
	int version = 0, rc = gate_enter(&s->gate, s->busy_ms, err);

	if (rc != SESS_OK)
		return rc;
	rc = run_script(s, s->db, "BEGIN IMMEDIATE", err);
	if (rc == SESS_OK)
		rc = read_version(s, &version, err);
	for (; rc == SESS_OK && version >= 0 && version < SCHEMA_VERSION;
		version = version == 0 ? SCHEMA_VERSION : version + 1)
		rc = run_script(s, s->db, upgrade[version], err);
	snprintf(done, sizeof(done), "PRAGMA user_version = %d; COMMIT", SCHEMA_VERSION);
	if (rc == SESS_OK)
		rc = run_script(s, s->db, done, err);
	gate_leave(&s->gate);
	return rc;
}

/* What was in a session must not stay behind in free space: secure_delete, which costs nothing that
 * can be measured, as the pages are written anyway. NORMAL: wal_sync does the rest. */
static int
settle(sqlite_store *s, sess_error *err)
{
	int version = 0, rc = read_version(s, &version, err);

	if (rc == SESS_OK && version > SCHEMA_VERSION)
		return sess_fail(err, SESS_STORE, "%s was made by a newer sesskit (schema %d, this one "
			"knows %d): upgrade this program", s->path, version, SCHEMA_VERSION);
	if (rc == SESS_OK && version < SCHEMA_VERSION)
		rc = upgrade_schema(s, err);
	return rc != SESS_OK ? rc : run_script(s, s->db, "PRAGMA synchronous = NORMAL;"
		" PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON", err);
}

static int
open_database(sqlite_store *s, sess_error *err)
{
	int rc = sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX
		| SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_EXRESCODE, NULL);

	if (rc != SQLITE_OK)
		return db_fail(s, rc, err);
	sqlite3_busy_handler(s->db, wait_for_lock, s);
	harden(s);
	wal_watch(s);
	rc = check_header(s, err);
	return rc == SESS_OK ? settle(s, err) : rc;
}

static int
open_files(sqlite_store *s, const char *given, sess_error *err)
{
	static const char *const suffixes[] = { "-wal", "-shm", "" };
	char *gate_path;
	int rc = db_path(s, given, err), there = 0;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]) && rc >= 0; i++)
		rc = there = db_file(s, suffixes[i], err);
	if (rc < 0)
		return rc;
	gate_path = db_beside(s->path, "-gate");
	if (gate_path == NULL)
		return sess_fail(err, SESS_NOMEM, "out of memory");
	rc = gate_open(&s->gate, gate_path, err);
	free(gate_path);
	if (rc == SESS_OK && !there)
		rc = db_create_missing(s, err);
	return rc == SESS_OK ? open_database(s, err) : rc;
}

int
sqlite_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	sqlite_store *s = calloc(1, sizeof(*s));
	int rc;

	*self = NULL;
	if (s == NULL)
		return sess_fail(err, SESS_NOMEM, "out of memory");
	fork_check();
	s->gate.fd = -1;
	s->max_bytes = limits->max_bytes;
	s->busy_ms = s->patience_ms = limits->busy_ms;
	rc = open_files(s, address->path, err);
	if (rc != SESS_OK) {
		sqlite_close(s);
		return rc;
	}
	fork_opened(s);
	*self = s;
	return SESS_OK;
}

void
db_disconnect(sqlite_store *s)
{
	for (size_t i = 0; i < SQL_STATEMENTS; i++)
		sqlite3_finalize(s->statement[i]);
	sqlite3_close(s->db);
	s->db = NULL;
	gate_close(&s->gate);
}

void
sqlite_close(void *self)
{
	sqlite_store *s = self;
	sess_error ignored;

	if (s == NULL)
		return;
	if (s->held)
		sqlite_release(s, &ignored);
	if (s->db != NULL)
		wal_close(s);
	fork_closed(s);
	db_disconnect(s);
	free(s->path);
	free(s);
}
