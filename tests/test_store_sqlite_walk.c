/* SPDX-License-Identifier: ISC */
/* test_store_sqlite_walk.c - a walk through a damaged database names what it leaves out, and hands
 * on the rest; what is put back counts. */
#include "sqlite_fixture.h"

#include <sys/syscall.h>

#define ITEMS 40
#define DAMAGE_MAX 50

static size_t came;

static int note(void *arg, const sess_item *item)
{
	(void)arg;
	(void)item;
	came++;
	return 0;
}

/* Walk all of it: how many pieces told of damage; text of the last such. -1: it failed. */
static int damage(void *self, size_t limit, char text[400])
{
	sess_cursor cursor = { { 0 } };
	int n = 0, rc = 1;

	came = 0;
	for (int pieces = 0; rc == 1 && pieces < ITEMS + DAMAGE_MAX; pieces++) {
		error = (sess_error){ .code = 1 };
		rc = provider->walk(self, &cursor, limit, note, NULL, &error);
		if (rc < 0)
			return -1;
		if (error.text[0] == '\0')
			continue;
		n += error.code == SESS_OK;
		memcpy(text, error.text, sizeof(error.text));
	}
	return rc == 0 ? n : -1;
}

static char *filled(const char *name, void **self)
{
	char *path = temp_path(name);

	*self = store_at(path);
	for (unsigned i = 0; i < ITEMS; i++)
		if (insert(*self, i) != SESS_OK)
			bail("%s", error.text);
	return path;
}

static void change(const char *path, const char *sql)
{
	sqlite3 *db = NULL;

	if (sqlite3_open(path, &db) != SQLITE_OK
		|| sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) != SQLITE_OK
		|| sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		bail("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static void test_damaged_rows(void)
{
	static const struct {
		const char *sql, *says;
		int n;
	} rows[] = {
		{ "UPDATE session SET revision = 0 WHERE id = (SELECT max(id) FROM session)", "revision", 1 },
		{ "UPDATE session SET login = -5 WHERE id = (SELECT min(id) FROM session)", "login", 1 },
		{ "UPDATE session SET user = CAST(x'610062' AS TEXT) WHERE id IN"
			" (SELECT id FROM session LIMIT 3)", "user", 3 },
		{ "UPDATE session SET data = 5 WHERE id IN (SELECT id FROM session LIMIT 2)", "data", 2 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (size_t limit = 1; limit <= 1000; limit *= 10) {
			char text[400] = "", name[40];
			void *self;
			char *path;

			snprintf(name, sizeof(name), "rows-%zu-%zu.db", i, limit);
			path = filled(name, &self);
			change(path, rows[i].sql);
			is_int(damage(self, limit, text), rows[i].n, "%s: each is told, in pieces of %zu",
				rows[i].says, limit);
			ok(strstr(text, rows[i].says) != NULL, "with the column: %s", text);
			is_int((int64_t)came, ITEMS - rows[i].n, "all others come");
			provider->close(self);
			free(path);
		}
	}
}

/* A row that SQLite refuses to read would otherwise be the end of the walk. */
static void test_large_rows(void)
{
	char text[400] = "";
	void *self;
	char *path = filled("large.db", &self);

	change(path, "UPDATE session SET data = zeroblob(17000000) WHERE id IN (SELECT id FROM session"
		" ORDER BY id LIMIT 2 OFFSET 5) OR id = (SELECT min(id) FROM session)");
	is_int(damage(self, 10, text), 3, "rows that are too large are told");
	ok(strstr(text, "larger than max_bytes") != NULL, "as that: %s", text);
	is_int((int64_t)came, ITEMS - 3, "all others come");
	is_int(damage(self, 1, text), 3, "one by one, too");
	is_int((int64_t)came, ITEMS - 3, "all others come");
	provider->close(self);
	free(path);
}

static void test_damaged_traces(void)
{
	char text[400] = "";
	void *self;
	char *path = filled("traces.db", &self);
	sess_record rec = record(7);

	rec.id[5] = 1;
	provider->offer(self, record(7).id, rec.id, rec.secret, NOW, 0, NOW + 900, &error);
	change(path, "UPDATE trace SET secret = NULL");
	is_int(damage(self, 10, text), 1, "an id that leads nowhere safe is told");
	is_int((int64_t)came, ITEMS, "its session comes all the same");
	change(path, "DELETE FROM trace");
	change(path, "INSERT INTO trace VALUES (zeroblob(32), 3, NULL, NULL, 1, 2, 99, x'00')");
	is_int(damage(self, 10, text), 0, "ended without a known reason is ended");
	is_int((int64_t)came, ITEMS + 1, "and comes");
	change(path, "INSERT INTO trace SELECT randomblob(32), 2, zeroblob(32), zeroblob(32), 1, 2, 0,"
		" NULL");
	is_int(damage(self, 10, text), 0, "what leads to no record is no damage");
	is_int((int64_t)came, ITEMS + 1, "and does not come");
	provider->close(self);
	free(path);
}

/* Sessions that are put back are there, but did not begin today. */
static void test_totals(void)
{
	char *path = temp_path("totals.db");
	void *self = store_at(path);
	sess_record rec = record(1);
	sess_trace end = { .kind = SESS_TRACE_ENDED, .at = NOW, .keep = NOW + 5,
		.why = SESS_LOGGED_OUT };
	sess_item item = { .rec = &rec };

	rec.revision = 1;
	is_int(provider->restore(self, &item, &error), 1, "a record is put back");
	is_int(ask(path, "SELECT sum(signed_in) FROM tally"), 1, "and is counted");
	rec.revision = 2;
	is_int(provider->restore(self, &item, &error), 1, "a later state of it");
	is_int(ask(path, "SELECT sum(signed_in) FROM tally"), 1, "is the same session");
	is_int((int64_t)count(self), 1, "for count as well");
	rec = record(2);
	rec.user = NULL;
	rec.revision = 1;
	provider->restore(self, &item, &error);
	is_int(ask(path, "SELECT sum(anonymous) FROM tally"), 1, "an anonymous one");
	is_int(ask(path, "SELECT sum(started + logins) FROM tally"), 0, "none of them began today");
	memcpy(end.id, record(1).id, sizeof(end.id));
	is_int(provider->restore(self, &(sess_item){ .traces = &end, .count = 1 }, &error), 1, "an end");
	is_int(ask(path, "SELECT sum(signed_in) FROM tally"), 0, "is taken off");
	is_int(ask(path, "SELECT sum(ended) FROM tally"), 0, "it was not today either");
	provider->close(self);
	free(path);
}

/* Held, many items make one commit; a failure among them undoes that item alone. */
static void test_held(void)
{
	char *path = temp_path("held.db");
	void *self = store_at(path), *other = store_at(path);
	sess_record rec = record(1), taken = record(3);
	sess_trace t = { .kind = SESS_TRACE_RETIRED, .at = NOW, .keep = NOW + 5 };

	rec.revision = taken.revision = 1;
	memset(taken.family, 9, sizeof(taken.family));
	memcpy(t.id, rec.id, sizeof(t.id));
	is_int(provider->hold(self, rec.id, &error), SESS_OK, "held");
	is_int(provider->restore(self, &(sess_item){ .rec = &rec }, &error), 1, "a record");
	is_int(provider->restore(self, &(sess_item){ .rec = &taken, .traces = &t, .count = 1 }, &error),
		SESS_CONFLICT, "one whose id is taken");
	rec = record(2);
	rec.revision = 1;
	is_int(provider->restore(self, &(sess_item){ .rec = &rec }, &error), 1, "another one");
	is_int((int64_t)count(other), 0, "nobody sees them yet");
	is_int(provider->release(self, &error), SESS_OK, "released");
	is_int((int64_t)count(other), 2, "both are there");
	provider->close(other);
	provider->close(self);
	free(path);
}

/* SQLite calls these two instead of those of the C library. */
SESS_API int fsync(int fd);
SESS_API int fdatasync(int fd);
static int syncs;

int fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

/* How often an item that stays waits for the disk; it may not be there yet, though it is found. */
static int syncs_of(void *self, sess_item item, bool sync)
{
	item.sync = sync;
	syncs = 0;
	is_int(provider->restore(self, &item, &error), 0, "put back once more, it stays");
	return syncs;
}

static void test_synced(void)
{
	char *path = temp_path("synced.db");
	void *self = store_at(path), *other = store_at(path);
	sess_record rec = record(1);
	sess_trace end = { .kind = SESS_TRACE_ENDED, .at = NOW, .keep = NOW + 5,
		.why = SESS_LOGGED_OUT };
	sess_item item = { .rec = &rec }, ended = { .traces = &end, .count = 1 };

	rec.revision = 1;
	memcpy(end.id, record(2).id, sizeof(end.id));
	is_int(provider->restore(other, &item, &error), 1, "a record, by another handle");
	is_int(syncs_of(self, item, false), 0, "nobody waits for the disk");
	ok(syncs_of(self, item, true) > 0, "unless it is to be there");
	is_int(provider->restore(other, &ended, &error), 1, "an end");
	is_int(syncs_of(self, ended, false), 0, "nobody waits for the disk");
	ok(syncs_of(self, ended, true) > 0, "unless it is to be there");
	is_int(provider->hold(self, rec.id, &error), SESS_OK, "held");
	is_int(syncs_of(self, item, true), 0, "it is put off");
	is_int(provider->release(self, &error), SESS_OK, "released");
	ok(syncs > 0, "it is on disk");
	provider->close(other);
	provider->close(self);
	free(path);
}

int main(void)
{
	test_damaged_rows();
	test_large_rows();
	test_damaged_traces();
	test_totals();
	test_held();
	test_synced();
	arena_free(&sink.memory);
	return done();
}
