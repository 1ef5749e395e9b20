/* SPDX-License-Identifier: ISC */
/* test_store_sqlite_writers.c - many processes on one SQLite store: creation, the gate, fork, the
 * write-ahead log, and what is synced when. */
#include "sqlite_fixture.h"

#include "store_sqlite.h"

#include <fcntl.h>
#include <signal.h>

#define CHILDREN 64
#define WRITERS 4
#define SPILLING 20000

/* A child that did what it had to says so, then waits to be told, or killed. */
typedef struct helper {
	pid_t pid;
	int said[2], told[2];
} helper;

static void helper_say(const helper *h, char what)
{
	char answer;

	if (write(h->said[1], &what, 1) != 1 || read(h->told[0], &answer, 1) != 1)
		_exit(99);
}

/* True in the child. */
static bool helper_start(helper *h)
{
	if (pipe(h->said) != 0 || pipe(h->told) != 0 || (h->pid = fork()) < 0)
		bail("pipe or fork: %s", strerror(errno));
	return h->pid == 0;
}

static char helper_hear(const helper *h)
{
	char what = 0;

	return read(h->said[0], &what, 1) == 1 ? what : 0;
}

static int helper_end(const helper *h, bool kill_it)
{
	int status;

	if (kill_it)
		kill(h->pid, SIGKILL);
	else if (write(h->told[1], "g", 1) != 1)
		bail("write: %s", strerror(errno));
	waitpid(h->pid, &status, 0);
	for (int i = 0; i < 2; i++) {
		close(h->said[i]);
		close(h->told[i]);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void open_by_many_at_once(void)
{
	char *path = temp_path("many.db");
	int start[2], status, well = 0;
	void *self;

	if (pipe(start) != 0)
		bail("pipe: %s", strerror(errno));
	for (unsigned i = 0; i < CHILDREN; i++) {
		char c;

		if (fork() != 0)
			continue;
		close(start[1]);
		if (read(start[0], &c, 1) != 0 || store_try(&self, path) != SESS_OK)
			_exit(1);
		if (insert(self, i) != SESS_OK)
			_exit(2);
		provider->close(self);
		_exit(0);
	}
	close(start[0]);
	close(start[1]);
	while (wait(&status) > 0)
		well += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	is_int(well, CHILDREN, "processes that found no database, and have one");
	self = store_at(path);
	is_int(count(self), CHILDREN, "it is the same one");
	provider->close(self);
	free(path);
}

static void gate_heals_after_a_killed_holder(void)
{
	char *path = temp_path("killed.db");
	void *self = store_at(path);
	helper h;

	for (unsigned i = 0; i < 3; i++) {
		if (helper_start(&h)) {
			provider->forked(self);
			self = store_at(path);
			if (provider->hold(self, record(1).id, &error) != SESS_OK
				|| insert(self, 100 + i) != SESS_OK)
				_exit(1);
			helper_say(&h, 'h');
		}
		is_int(helper_hear(&h), 'h', "a process holds the store");
		is_int(helper_end(&h, true), -1, "and is killed");
		is_int(insert(self, i), SESS_OK, "the next one writes");
		is_int(load(self, 100 + i, NULL), 0, "what was not kept is gone");
	}
	provider->close(self);
	free(path);
}

static void gate_tells_busy(void)
{
	const sess_limits hurry = { .max_bytes = 4096, .busy_ms = 30 };
	char *path = temp_path("busy.db");
	const sess_address address = { .url = path, .path = path };
	void *first = store_at(path), *second = NULL;
	sqlite3 *shell;

	insert(first, 1);
	is_int(provider->open(&second, &address, &hurry, &error), SESS_OK, "a second handle");
	is_int(provider->hold(first, record(1).id, &error), SESS_OK, "the first one holds");
	is_int(insert(second, 2), SESS_BUSY, "the second one waits as long as it may");
	is_int(load(second, 1, NULL), 1, "but reads");
	is_int(provider->release(first, &error), SESS_OK, "released");
	is_int(insert(second, 2), SESS_OK, "and writes");

	if (sqlite3_open(path, &shell) != SQLITE_OK)
		bail("%s", sqlite3_errmsg(shell));
	sqlite3_exec(shell, "BEGIN IMMEDIATE", NULL, NULL, NULL);
	is_int(insert(second, 3), SESS_BUSY, "a shell that does not know the gate");
	ok(strstr(error.text, "sqlite3 shell") != NULL, "told: %s", error.text);
	sqlite3_exec(shell, "COMMIT", NULL, NULL, NULL);
	is_int(insert(second, 3), SESS_OK, "and after");
	sqlite3_close(shell);
	provider->close(first);
	provider->close(second);
	free(path);
}

/* What a reboot leaves: a gate held by processes that are no more. */
static void gate_is_made_anew_by_the_first(void)
{
	char *path = temp_path("stale.db"), name[600], junk[4096];
	void *self = store_at(path);
	int fd;

	provider->close(self);
	snprintf(name, sizeof(name), "%s-gate", path);
	memset(junk, 0xa5, sizeof(junk));
	fd = open(name, O_WRONLY);
	is_int(write(fd, junk, sizeof(junk)), sizeof(junk), "a gate full of rubbish");
	close(fd);
	self = store_at(path);
	is_int(insert(self, 1), SESS_OK, "is made anew when nobody uses it");
	provider->close(self);
	free(path);
}

static void forked_child_has_its_own_locks(void)
{
	char *path = temp_path("fork.db");
	void *self = store_at(path);
	helper h;

	insert(self, 1);
	if (helper_start(&h)) {
		provider->forked(self);
		self = store_at(path);
		if (load(self, 1, NULL) != 1)
			_exit(1);
		helper_say(&h, 'o');
		if (insert(self, 2) != SESS_OK)
			_exit(2);
		provider->close(self);
		_exit(0);
	}
	is_int(helper_hear(&h), 'o', "a child opens the store anew");
	is_int(insert(self, 3), SESS_OK, "the parent goes on");
	provider->close(self);
	/* SQLite removes the log when the last connection closes; it must see the child's. */
	by_hand(path, "SELECT count(*) FROM session");
	ok(size_of(path, "-wal") > 0, "the log stays for the child");
	is_int(helper_end(&h, false), 0, "the child writes");
	self = store_at(path);
	is_int(count(self), 3, "nothing is lost");
	provider->close(self);
	free(path);
}

static void forked_child_leaves_a_held_store_alone(void)
{
	char *path = temp_path("held.db");
	void *self = store_at(path);
	int status;

	insert(self, SPILLING);
	is_int(provider->hold(self, record(1).id, &error), SESS_OK, "hold");
	/* So many that part of them is in the log before they are committed. */
	for (unsigned i = 0; i < SPILLING; i++)
		if (insert(self, i) != SESS_OK)
			bail("%s", error.text);
	if (fork() == 0) {
		provider->forked(self);
		_exit(0);
	}
	wait(&status);
	is_int(count(self), SPILLING + 1, "the child undid nothing");
	is_int(provider->release(self, &error), SESS_OK, "release");
	is_int(count(self), SPILLING + 1, "nothing is lost");
	provider->close(self);
	free(path);
}

/* Updates by several processes without a pause; the longest log that was seen. */
static off_t hammer(const char *path, unsigned times, bool idle)
{
	off_t longest = 0;
	int status, well = 0;

	for (unsigned w = 0; w < WRITERS; w++) {
		sess_record rec = record(w);
		void *self;

		if (fork() != 0)
			continue;
		self = store_at(path);
		if (provider->insert(self, &rec, NOW, 0, &error) != SESS_OK)
			_exit(1);
		for (rec.revision = 1; rec.revision < times; rec.revision++) {
			if (provider->update(self, &rec, NOW, SESS_PART_DATA, &error) != SESS_OK
				|| (idle && provider->idle(self, &error) != SESS_OK))
				_exit(2);
			if (size_of(path, "-wal") > longest)
				longest = size_of(path, "-wal");
		}
		_exit(longest > (off_t)64 << 20 ? 3 : 0);
	}
	while (wait(&status) > 0)
		well += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	is_int(well, WRITERS, "writers that never saw a long log");
	return size_of(path, "-wal");
}

static void log_stays_short(void)
{
	char *path = temp_path("log.db"), *other = temp_path("idle.db");
	void *self = store_at(path), *quiet = store_at(other);

	/* 24000 frames and more, which is 96 MiB if nobody empties the log. */
	ok(hammer(path, 6000, false) > 0, "without idle time");
	ok(hammer(other, 6000, true) > 0, "with idle time");
	is_int(count(self), WRITERS, "nothing lost");
	is_int(count(quiet), WRITERS, "nothing lost");
	provider->close(self);
	provider->close(quiet);
	free(path);
	free(other);
}

static void log_is_left_short_for_the_next_run(void)
{
	char *path = temp_path("runs.db");
	struct stat made, after;
	off_t longest = 0;

	provider->close(store_at(path));
	if (stat(path, &made) != 0)
		bail("%s: %s", path, strerror(errno));
	for (unsigned i = 0; i < 100; i++) {
		void *self = store_at(path);

		insert(self, i);
		provider->close(self);
		if (i == 0 && stat(path, &after) == 0)
			ok(memcmp(&made.st_mtim, &after.st_mtim, sizeof(made.st_mtim)) == 0,
				"a run writes nothing but its log");
		if (size_of(path, "-wal") > longest)
			longest = size_of(path, "-wal");
	}
	ok(longest > 8 * 4096, "and leaves it to the next one");
	ok(longest < 80 * 4096, "but not a long one: %ld bytes", (long)longest);
	free(path);
}

static int log_syncs;
static int (*true_sync)(sqlite3_file *, int);
static int (*true_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);

static int counting_sync(sqlite3_file *file, int flags)
{
	log_syncs++;
	return true_sync(file, flags);
}

static int failing_sync(sqlite3_file *file, int flags)
{
	(void)file;
	(void)flags;
	return SQLITE_IOERR_FSYNC;
}

static int (*log_sync)(sqlite3_file *, int) = counting_sync;

static int watched_sync(sqlite3_file *file, int flags)
{
	return log_sync(file, flags);
}

static int watching_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
	int *out)
{
	static sqlite3_io_methods methods;
	int rc = true_open(vfs, name, file, flags, out);

	if (rc == SQLITE_OK && (flags & SQLITE_OPEN_WAL) != 0) {
		true_sync = file->pMethods->xSync;
		methods = *file->pMethods;
		methods.xSync = watched_sync;
		file->pMethods = &methods;
	}
	return rc;
}

static int synced(int rc)
{
	int n = log_syncs;

	log_syncs = 0;
	return rc < 0 ? rc : n;
}

static void durable_calls_sync_the_log(void)
{
	sqlite3_vfs watching = *sqlite3_vfs_find(NULL);
	char *path = temp_path("sync.db");
	unsigned char secret[SESS_ID_BYTES] = { 1 };
	sess_record rec = record(1), next = record(2), late = record(3);
	const sess_query all = { .now = NOW };
	void *self;
	size_t n;

	watching.zName = "watching";
	true_open = watching.xOpen;
	watching.xOpen = watching_open;
	sqlite3_vfs_register(&watching, 1);
	self = store_at(path);
	insert(self, 99);
	synced(0);
	is_int(synced(provider->insert(self, &rec, NOW, 0, &error)), 0, "insert: none");
	is_int(synced(provider->update(self, &rec, NOW, SESS_PART_DATA, &error)), SESS_CONFLICT,
		"update of another revision: none");
	rec.revision = 1;
	is_int(synced(provider->update(self, &rec, NOW, SESS_PART_DATA, &error)), 0, "update: none");
	is_int(synced(provider->touch(self, rec.id, NOW, NOW + 9999, &error)), 0, "touch: none");
	is_int(synced(provider->offer(self, rec.id, record(4).id, secret, NOW, NOW - 60, NOW + 60,
		&error)), 1, "offer: one sync");
	is_int(synced(provider->offer(self, rec.id, record(5).id, secret, NOW, NOW - 60, NOW + 60,
		&error)), 0, "an offer that is not made: none");
	next.revision = 2;
	is_int(synced(provider->replace(self, rec.id, &next, SESS_ROTATED, NOW, NOW + 60, &error)), 1,
		"replace: one sync");
	is_int(synced(provider->end(self, next.id, SESS_REVOKED, NOW, NOW + 60, &error)), 1,
		"end: one sync");
	is_int(synced(provider->insert(self, &late, NOW, SESS_SYNC, &error)), 1,
		"insert with SESS_SYNC: one sync");
	provider->hold(self, late.id, &error);
	is_int(synced(provider->end(self, late.id, SESS_REVOKED, NOW, NOW + 60, &error)), 0,
		"end while held: none yet");
	is_int(synced(provider->release(self, &error)), 1, "but with release");
	is_int(synced(provider->end_all(self, &all, NULL, SESS_REVOKED, NOW + 60, &n, &error)), 1,
		"end_all: one sync");
	log_sync = failing_sync;
	is_int(provider->insert(self, &(sess_record){ .id = { 9 }, .expires = NOW + 1, .data = "" },
		NOW, SESS_SYNC, &error), SESS_STORE, "a sync that fails is told");
	log_sync = counting_sync;
	provider->close(self);
	sqlite3_vfs_unregister(&watching);
	free(path);
}

int main(void)
{
	open_by_many_at_once();
	gate_heals_after_a_killed_holder();
	gate_tells_busy();
	gate_is_made_anew_by_the_first();
	forked_child_has_its_own_locks();
	forked_child_leaves_a_held_store_alone();
	log_stays_short();
	log_is_left_short_for_the_next_run();
	durable_calls_sync_the_log();
	arena_free(&sink.memory);
	return done();
}
