/* SPDX-License-Identifier: ISC */
/* sqlite_fixture.h - what the tests of the SQLite store share: a store at a path, records, a raw
 * connection, children. */
#ifndef SQLITE_FIXTURE_H
#define SQLITE_FIXTURE_H

#include "internal.h"
#include "support.h"
#include "tap.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW INT64_C(1700000000)

extern const sess_provider sess_provider_sqlite;
static const sess_provider *const provider = &sess_provider_sqlite;
static sess_error error;
static sess_sink sink;

static inline int store_try(void **self, const char *path)
{
	const sess_address address = { .url = path, .host = "", .user = "", .path = path, .query = "" };
	const sess_limits limits = { .max_bytes = 4096, .busy_ms = 5000 };

	error = (sess_error){ 0 };
	return provider->open(self, &address, &limits, &error);
}

static inline void *store_at(const char *path)
{
	void *self = NULL;

	if (store_try(&self, path) != SESS_OK)
		bail("%s", error.text);
	return self;
}

/* A record whose id is made of this number; it lives half an hour. */
static inline sess_record record(unsigned number)
{
	sess_record rec = { .created = NOW, .seen = NOW, .expires = NOW + 1800, .idle = 1800,
		.absolute = NOW + 36000, .user = "alice", .data = "{}", .len = 2 };

	memset(rec.id, 0x5a, sizeof(rec.id));
	memcpy(rec.id, &number, sizeof(number));
	memset(rec.secret, 7, sizeof(rec.secret));
	return rec;
}

static inline int insert(void *self, unsigned number)
{
	sess_record rec = record(number);

	return provider->insert(self, &rec, NOW, 0, &error);
}

/* What load says: 1, 0 or negative; the reason is in *why unless NULL. */
static inline int load(void *self, unsigned number, sess_status *why)
{
	sess_record rec = record(number), got;
	int rc = provider->load(self, rec.id, NOW, &got, &sink, &error);

	if (rc == 0 && why != NULL)
		*why = got.ended;
	arena_reset(&sink.memory);
	return rc;
}

static inline size_t count(void *self)
{
	const sess_query all = { .now = NOW };
	size_t n = 0;

	if (provider->count(self, &all, &n, &error) != SESS_OK)
		bail("%s", error.text);
	return n;
}

/* SQL by a connection that is not ours. Triggers, which keep an operator from harm, do not run. */
static inline void by_hand(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(path, &db) != SQLITE_OK
		|| sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) != SQLITE_OK
		|| sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		bail("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

/* One number, as an operator would ask for it; who was killed may have left a log to recover. */
static inline int64_t ask(const char *path, const char *question)
{
	sqlite3_stmt *row = NULL;
	sqlite3 *db = NULL;
	int64_t n;

	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_busy_timeout(db, 5000) != SQLITE_OK
		|| sqlite3_prepare_v2(db, question, -1, &row, NULL) != SQLITE_OK
		|| sqlite3_step(row) != SQLITE_ROW)
		bail("%s: %s", question, sqlite3_errmsg(db));
	n = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return n;
}

/* A child that goes when the test does. */
static inline pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		bail("fork: %s", strerror(errno));
	if (pid == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return pid;
}

static inline off_t size_of(const char *path, const char *suffix)
{
	char name[600];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? st.st_size : -1;
}

/* Run in a child; its exit status. */
static inline int in_child(int (*run)(const char *), const char *path)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run(path));
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		bail("fork: %s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
