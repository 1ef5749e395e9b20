/* SPDX-License-Identifier: ISC */
/* test_store_sqlite.c - files, modes, owners and versions of the SQLite store, full disks, locks;
 * what every store must do is in the contract suite. */
#include "sqlite_fixture.h"

#include "store_sqlite.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#define NOBODY 65534

static unsigned mode_of(const char *path, const char *suffix)
{
	char name[600];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (unsigned)st.st_mode & 07777u : 0;
}

static void open_makes_private_files(void)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-gate" };
	static const mode_t umasks[] = { 0, 0777 };

	for (size_t u = 0; u < 2; u++) {
		char *path = temp_path(u == 0 ? "open.db" : "closed.db");
		mode_t before = umask(umasks[u]);
		void *self = store_at(path);

		is_int(insert(self, 1), SESS_OK, "umask %03o: insert", (unsigned)umasks[u]);
		umask(before);
		for (size_t i = 0; i < 4; i++)
			is_int(mode_of(path, suffixes[i]), 0600, "umask %03o: mode of the file%s",
				(unsigned)umasks[u], suffixes[i]);
		provider->close(self);
		free(path);
	}
}

static void refused(const char *path, const char *text, const char *why)
{
	void *self = NULL;
	int rc = store_try(&self, path);

	is_int(rc, SESS_STORE, "refused: %s", why);
	ok(self == NULL && strstr(error.text, text) != NULL, "it says \"%s\": %s", text, error.text);
	ok(strstr(error.text, strrchr(path, '/') + 1) != NULL || strstr(error.text, "folder") != NULL,
		"and names the file");
	if (rc == SESS_OK)
		provider->close(self);
}

static void open_refuses_unsafe_places(void)
{
	char *folder = temp_path("shared"), *inside = temp_path("shared/s.db");
	char *path = temp_path("safe.db"), *link = temp_path("link.db"), *other = temp_path("no/s.db");

	refused(other, "No such file", "a folder that is not there");
	mkdir(folder, 0700);
	chmod(folder, 01777);
	refused(inside, "chmod go-w", "a folder that all may write to, sticky or not");
	chmod(folder, 0720);
	refused(inside, "chmod go-w", "a folder that the group may write to");
	refused(folder, "not a plain file", "a folder in place of the file");
	provider->close(store_at(path));
	ok(symlink(path, link) == 0, "a symbolic link");
	refused(link, "symbolic link", "a symbolic link in place of the file");
	chmod(path, 0640);
	refused(path, "chmod 600", "a file that others may read");
	free(folder);
	free(inside);
	free(path);
	free(link);
	free(other);
}

static void open_refuses_foreign_owners(void)
{
	char *path = temp_path("owned.db");
	const char *foreign = path;

	provider->close(store_at(path));
	/* Who cannot give a file away knows one that belongs to root. */
	if (geteuid() == 0)
		ok(chown(path, NOBODY, NOBODY) == 0, "a file of another user");
	else
		foreign = "/etc/passwd";
	refused(foreign, "belongs to user", "the file of another user");
	free(path);
}

static void open_refuses_unsafe_companions(void)
{
	static const char *const suffixes[] = { "-wal", "-shm", "-gate" };

	for (size_t i = 0; i < 3; i++) {
		char *path = temp_path("companion.db"), name[600];

		provider->close(store_at(path));
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		unlink(name);
		ok(symlink("/etc/passwd", name) == 0, "a link as %s", suffixes[i]);
		refused(path, "not a plain file", suffixes[i]);
		unlink(name);
		free(path);
	}
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		bail("%s: %s", path, strerror(errno));
	close(fd);
}

static void open_refuses_what_is_not_ours(void)
{
	char *path = temp_path("foreign.db"), *text = temp_path("text.db"), *none = temp_path("none.db");
	char *gone = temp_path("gone.db"), wal[600], shared[600];

	by_hand(path, "CREATE TABLE t(a); PRAGMA application_id = 5");
	chmod(path, 0600);
	refused(path, "another program", "a foreign database");
	write_file(text, "This is a letter to a friend, and no database at all. It is long enough, though,"
		" to have a header's worth of text.");
	refused(text, "not a database", "a text file");
	write_file(none, "");
	refused(none, "empty", "an empty file");
	snprintf(wal, sizeof(wal), "%s-wal", gone);
	write_file(wal, "left over");
	refused(gone, "left over", "a log without its database");
	is_int(size_of(gone, "-wal"), 9, "the log is still there");
	unlink(wal);
	provider->close(store_at(gone));
	snprintf(shared, sizeof(shared), "%s-gate", gone);
	write_file(shared, "short");
	refused(gone, "damaged", "a gate of the wrong size");
	free(path);
	free(text);
	free(none);
	free(gone);
}

static void open_knows_versions(void)
{
	char *path = temp_path("version.db"), *older = temp_path("older.db");
	void *self = store_at(path);

	insert(self, 1);
	provider->close(self);
	by_hand(path, "PRAGMA user_version = 99");
	refused(path, "newer sesskit", "a newer schema");
	by_hand(path, "PRAGMA user_version = 2");
	self = store_at(path);
	is_int(load(self, 1, NULL), 1, "nothing was harmed");
	provider->close(self);

	by_hand(older, "PRAGMA application_id = 0x73657373; PRAGMA journal_mode = DELETE;"
		" CREATE TABLE kept(a)");
	chmod(older, 0600);
	self = store_at(older);
	is_int(insert(self, 1), SESS_OK, "an older schema is upgraded, and its journal mode set");
	provider->close(self);
	ok(size_of(older, "-wal") >= 0, "WAL mode");
	self = store_at(older);
	is_int(load(self, 1, NULL), 1, "the upgrade is made once");
	provider->close(self);
	free(path);
	free(older);
}

/* Not as root, whom modes do not bind. */
static int write_read_only(const char *path)
{
	void *self = NULL;

	if (geteuid() == 0 && setuid(NOBODY) != 0)
		return 10;
	if (store_try(&self, path) != SESS_STORE || strstr(error.text, path) == NULL)
		return 1;
	return strstr(error.text, "let this program write") != NULL ? 0 : 2;
}

static int write_read_only_folder(const char *path)
{
	void *self = NULL;

	if (geteuid() == 0 && setuid(NOBODY) != 0)
		return 10;
	if (store_try(&self, path) != SESS_STORE || strstr(error.text, path) == NULL)
		return 1;
	return strstr(error.text, "must be writable") != NULL ? 0 : 2;
}

static void read_only_is_told(void)
{
	char *folder = temp_path("fixed"), *path = temp_path("fixed/s.db"), *top = temp_path(".");
	char *missing = temp_path("fixed/t.db");
	void *self;
	char name[600];
	static const char *const suffixes[] = { "", "-wal", "-shm", "-gate" };

	mkdir(folder, 0700);
	self = store_at(path);
	insert(self, 1);
	provider->close(self);
	for (size_t i = 0; geteuid() == 0 && i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		ok(chown(name, NOBODY, NOBODY) == 0, "given away: %s", suffixes[i]);
	}
	if (geteuid() == 0)
		ok(chown(folder, NOBODY, NOBODY) == 0 && chmod(top, 0711) == 0, "and the folder");
	chmod(path, 0400);
	is_int(in_child(write_read_only, path), 0, "a read-only file");
	chmod(folder, 0500);
	is_int(in_child(write_read_only_folder, missing), 0, "a read-only folder");
	chmod(folder, 0700);
	chmod(path, 0600);
	free(folder);
	free(path);
	free(top);
	free(missing);
}

static int fill_disk(const char *path)
{
	void *self = store_at(path);
	struct rlimit limit;
	int rc = SESS_OK, before = 1;

	signal(SIGXFSZ, SIG_IGN);
	if (insert(self, 1) != SESS_OK || getrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	limit.rlim_cur = 200000;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 2;
	while (rc == SESS_OK && before < 2000)
		rc = insert(self, (unsigned)++before);
	if (rc != SESS_STORE || strstr(error.text, path) == NULL
		|| strstr(error.text, "limits on the size of files") == NULL)
		return 3;
	if (load(self, 1, NULL) != 1 || count(self) != (size_t)before - 1)
		return 4;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0 || insert(self, (unsigned)before) != SESS_OK)
		return 5;
	provider->close(self);
	return 0;
}

static void full_disk_is_told_and_heals(void)
{
	char *path = temp_path("full.db");

	is_int(in_child(fill_disk, path), 0, "no room: told, nothing harmed, and well again after");
	free(path);
}

/* Stop the removal of a session halfway. */
static int interrupt_removal(void *db)
{
	for (sqlite3_stmt *at = sqlite3_next_stmt(db, NULL); at != NULL; at = sqlite3_next_stmt(db, at))
		if (sqlite3_stmt_busy(at) && strcmp(sqlite3_sql(at), sql_text[SQL_REMOVE]) == 0)
			return 1;
	return 0;
}

/* Such a failure undoes all that was held, so that nothing is left to go back to. */
static void failure_while_held_is_told(void)
{
	char *path = temp_path("held.db");
	sqlite_store *self = store_at(path);
	sess_record rec = record(2);

	insert(self, 1);
	rec.revision = 1;
	is_int(provider->hold(self, record(1).id, &error), SESS_OK, "hold");
	sqlite3_progress_handler(self->db, 1, interrupt_removal, self->db);
	is_int(provider->replace(self, record(1).id, &rec, SESS_ROTATED, NOW, NOW + 9, &error),
		SESS_STORE, "a failure in the middle of a replacement");
	ok(strstr(error.text, "interrupted") != NULL, "the first failure is told: %s", error.text);
	sqlite3_progress_handler(self->db, 0, NULL, NULL);
	is_int(provider->release(self, &error), SESS_STORE, "release tells that all was undone");
	is_int(load(self, 1, NULL), 1, "the old one is as it was");
	is_int(load(self, 2, NULL), 0, "and the new one is not there");
	provider->close(self);
	free(path);
}

#define RENEWALS 50

/* Each renewal retires an id that is outdated before the next one. Uncollected, they stay where
 * they were, but still lead on should the clock go back. */
static void outdated_ids_cost_nothing(void)
{
	char *path = temp_path("renewals.db");
	sqlite_store *self = store_at(path);
	sess_record rec = record(0), got;
	sqlite3_int64 before = 0;

	rec.expires = rec.absolute = NOW + RENEWALS * 100;
	provider->insert(self, &rec, NOW, 0, &error);
	for (unsigned i = 0; i < RENEWALS; i++) {
		int64_t at = NOW + i * 100;

		provider->offer(self, record(i).id, record(i + 1).id, rec.secret, at, 0, rec.absolute,
			&error);
		before = sqlite3_total_changes64(self->db);
		provider->confirm(self, record(i + 1).id, at, 0, at + 9, &error);
	}
	is_int(sqlite3_total_changes64(self->db) - before, 3, "a renewal changes three rows, not more");
	is_int(load(self, 0, NULL), 1, "when the clock went back, the first id leads to the last");
	provider->end(self, record(RENEWALS).id, SESS_LOGGED_OUT, NOW + 1, NOW + 99, &error);
	is_int(provider->load(self, rec.id, NOW, &got, &sink, &error), 0, "until that has ended");
	is_int(got.ended, SESS_LOGGED_OUT, "and says why");
	is_int(got.since, NOW + 1, "and when");
	provider->close(self);
	free(path);
}

static void numbers_are_read_without_a_lock(void)
{
	char *path = temp_path("number.db");
	void *self = store_at(path), *writer = store_at(path);
	int64_t found = -1;

	provider->cas(writer, "number", 0, 5, &found, &error);
	is_int(provider->hold(writer, record(1).id, &error), SESS_OK, "somebody holds the store");
	is_int(provider->cas(self, "number", 5, 5, &found, &error), 1, "another reads a number");
	is_int(provider->cas(self, "number", 0, 0, &found, &error), 0, "or hears that it is not 0");
	is_int(found, 5, "but what");
	is_int(provider->cas(self, "missing", 0, 0, &found, &error), 1, "one that is missing is 0");
	provider->release(writer, &error);
	provider->close(writer);
	provider->close(self);
	free(path);
}

/* By a clock that is ahead, the only id that the visitor has may be outdated. */
static void logout_by_outdated_candidate(void)
{
	char *path = temp_path("outdated.db");
	void *self = store_at(path);
	sess_status why = SESS_LIVE;

	insert(self, 1);
	provider->offer(self, record(1).id, record(2).id, record(2).secret, NOW, 0, NOW + 9, &error);
	is_int(provider->end(self, record(2).id, SESS_LOGGED_OUT, NOW + 9, NOW + 99, &error), SESS_OK,
		"a logout by an outdated candidate");
	is_int(load(self, 1, &why), 0, "ends the session");
	is_int(why, SESS_LOGGED_OUT, "and says why");
	provider->close(self);
	free(path);
}

int main(void)
{
	open_makes_private_files();
	open_refuses_unsafe_places();
	open_refuses_foreign_owners();
	open_refuses_unsafe_companions();
	open_refuses_what_is_not_ours();
	open_knows_versions();
	read_only_is_told();
	full_disk_is_told_and_heals();
	failure_while_held_is_told();
	outdated_ids_cost_nothing();
	numbers_are_read_without_a_lock();
	logout_by_outdated_candidate();
	arena_free(&sink.memory);
	return done();
}
