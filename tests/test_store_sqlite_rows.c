/* SPDX-License-Identifier: ISC */
/* test_store_sqlite_rows.c - hostile and damaged contents of an SQLite store. */
#include "sqlite_fixture.h"

#include "store_sqlite.h"

#include <fcntl.h>

/* Number of the page where the tree of sessions begins. */
static off_t root_page(const char *path)
{
	sqlite3_stmt *row = NULL;
	sqlite3 *db = NULL;
	off_t page;

	if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_prepare_v2(db, "SELECT rootpage"
		" FROM sqlite_schema WHERE name = 'session'", -1, &row, NULL) != SQLITE_OK
		|| sqlite3_step(row) != SQLITE_ROW)
		bail("%s: %s", path, sqlite3_errmsg(db));
	page = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return page;
}

static void corrupt_file_is_told(void)
{
	char *path = temp_path("corrupt.db"), junk[4096];
	void *self = store_at(path);
	int fd, rc = SESS_OK;

	for (unsigned i = 0; i < 200; i++)
		insert(self, i);
	provider->close(self);
	by_hand(path, "PRAGMA wal_checkpoint(TRUNCATE)");
	memset(junk, 0x55, sizeof(junk));
	fd = open(path, O_WRONLY);
	if (pwrite(fd, junk, sizeof(junk), (root_page(path) - 1) * 4096) < 0)
		bail("pwrite: %s", strerror(errno));
	close(fd);
	self = store_at(path);
	rc = load(self, 1, NULL);
	is_int(rc, SESS_STORE, "a corrupt page is a broken store");
	ok(strstr(error.text, path) != NULL && strstr(error.text, "restore") != NULL, "told: %s",
		error.text);
	rc = insert(self, 999);
	is_int(rc, SESS_STORE, "insert as well");
	provider->close(self);
	free(path);
}

/* The tables without their guards, as an old program or a hand could have made them. */
static const char loose[] = "PRAGMA application_id = 0x73657373; PRAGMA user_version = 2;"
	"PRAGMA journal_mode = WAL;"
	"CREATE TABLE session (id PRIMARY KEY, secret, family, revision, created, seen, expires,"
	" absolute, idle, renew, offered, login, persist, level, user, address, agent, data);"
	"CREATE TABLE trace (id PRIMARY KEY, kind, session, secret, at, keep, why);"
	"CREATE TABLE mark (name PRIMARY KEY, value);"
	"CREATE TABLE tally (minute PRIMARY KEY, started, logins, ended, expired, anonymous,"
	" signed_in);";

/* As load of the fixture, but into a record in use: only the reason may get in. */
static int load_into_used(void *self, unsigned number, sess_status *why)
{
	const sess_record rec = record(number);
	sess_record used, got;
	int rc;

	memset(&used, 0x5a, sizeof(used));
	got = used;
	rc = provider->load(self, rec.id, NOW, &got, &sink, &error);
	*why = got.ended;
	got.ended = used.ended;
	ok(memcmp(&got, &used, sizeof(got)) == 0, "a record in use is left alone");
	arena_reset(&sink.memory);
	return rc;
}

static void load_survives_damaged_rows(void)
{
	static const char *const damage[] = {
		"secret = x'00'", "secret = NULL", "secret = 'text'", "family = zeroblob(17)",
		"revision = 0", "revision = 'one'", "seen = NULL", "expires = 'tomorrow'", "level = 1.5",
		"login = -1", "login = 1 << 63",
		"user = x'00'", "user = 'a' || char(0) || 'b'", "address = 5", "data = NULL", "data = 7",
		"data = zeroblob(5000)", "data = zeroblob(20000000)",
	};
	char *path = temp_path("loose.db");
	void *self;

	by_hand(path, loose);
	chmod(path, 0600);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		char change[200];
		sess_status why = SESS_LIVE;

		self = store_at(path);
		insert(self, 1);
		is_int(load(self, 1, NULL), 1, "sound before: %s", damage[i]);
		snprintf(change, sizeof(change), "UPDATE session SET %s", damage[i]);
		by_hand(path, change);
		error.text[0] = '\0';
		is_int(load_into_used(self, 1, &why), 0, "no session with %s", damage[i]);
		is_int(why, SESS_DAMAGED, "and the reason");
		ok(strstr(error.text, "damaged in column") != NULL, "told: %s", error.text);
		provider->close(self);
		by_hand(path, "DELETE FROM session");
	}
	free(path);
}

static void load_survives_damaged_traces(void)
{
	char *path = temp_path("traces.db");
	void *self = store_at(path);
	const sess_record a = record(1), b = record(2);
	sess_status why = SESS_LIVE;

	insert(self, 1);
	is_int(provider->offer(self, a.id, b.id, b.secret, NOW, 0, NOW + 9, &error), 1, "offer");
	by_hand(path, "UPDATE trace SET secret = x'00'");
	is_int(load_into_used(self, 2, &why), 0, "no session by a candidate without a secret");
	is_int(why, SESS_DAMAGED, "and the reason");
	by_hand(path, "UPDATE trace SET kind = 3, session = NULL, why = 99");
	is_int(load_into_used(self, 2, &why), 0, "nor by a trace with a reason that is none");
	is_int(why, SESS_UNKNOWN, "which is not believed");
	is_int(load(self, 1, NULL), 1, "the session itself is sound");
	provider->close(self);
	free(path);
}

static void load_survives_circles(void)
{
	char *path = temp_path("circle.db");
	void *self = store_at(path);
	sess_record a = record(1), b = record(2);
	sess_status why = SESS_LIVE;
	sqlite3 *db;
	sqlite3_stmt *add;

	if (sqlite3_open(path, &db) != SQLITE_OK
		|| sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) != SQLITE_OK
		|| sqlite3_prepare_v2(db, "INSERT INTO trace VALUES"
		" (?1, 2, ?2, ?2, 0, 1 << 40, 0, NULL)", -1, &add, NULL) != SQLITE_OK)
		bail("%s", sqlite3_errmsg(db));
	for (int i = 0; i < 2; i++) {
		sqlite3_bind_blob(add, 1, i == 0 ? a.id : b.id, 32, SQLITE_STATIC);
		sqlite3_bind_blob(add, 2, i == 0 ? b.id : a.id, 32, SQLITE_STATIC);
		is_int(sqlite3_step(add), SQLITE_DONE, "a trace that leads in a circle");
		sqlite3_reset(add);
	}
	sqlite3_finalize(add);
	sqlite3_close(db);
	is_int(load(self, 1, &why), 0, "load by a circle ends");
	is_int(why, SESS_UNKNOWN, "and knows nothing");
	is_int(provider->end(self, a.id, SESS_REVOKED, NOW, NOW + 1, &error), SESS_OK, "so does end");
	is_int(provider->confirm(self, a.id, NOW, 0, NOW, &error), SESS_GONE, "and confirm");
	provider->close(self);
	free(path);
}

static void schema_guards_its_rows(void)
{
	char *path = temp_path("guard.db");
	sqlite3 *db;

	provider->close(store_at(path));
	if (sqlite3_open(path, &db) != SQLITE_OK)
		bail("%s", sqlite3_errmsg(db));
	is_int(sqlite3_exec(db, "INSERT INTO trace VALUES (x'00', 3, NULL, NULL, 0, 0, 7, NULL)", NULL,
		NULL, NULL), SQLITE_CONSTRAINT, "an id of the wrong length");
	is_int(sqlite3_exec(db, "INSERT INTO mark VALUES ('a', 'text')", NULL, NULL, NULL),
		SQLITE_CONSTRAINT, "a text for a number");
	sqlite3_close(db);
	free(path);
}

static void triggers_of_others_do_not_run(void)
{
	char *path = temp_path("trigger.db");
	void *self = store_at(path);

	insert(self, 1);
	provider->close(self);
	by_hand(path, "CREATE TRIGGER t AFTER UPDATE ON session BEGIN DELETE FROM session; END");
	self = store_at(path);
	is_int(provider->touch(self, record(1).id, NOW + 1, NOW + 9, &error), SESS_OK, "touch");
	is_int(load(self, 1, NULL), 1, "a trigger that somebody put into the file did not run");
	provider->close(self);
	free(path);
}

int main(void)
{
	corrupt_file_is_told();
	load_survives_damaged_rows();
	load_survives_damaged_traces();
	load_survives_circles();
	schema_guards_its_rows();
	triggers_of_others_do_not_run();
	arena_free(&sink.memory);
	return done();
}
