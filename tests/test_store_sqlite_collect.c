/* SPDX-License-Identifier: ISC */
/* test_store_sqlite_collect.c - the SQLite store deletes what expired in slices, makes room for other
 * writers, gives disk space back, and counts who waited. */
#include "sqlite_fixture.h"

#include "store_sqlite.h"

#include <time.h>

#define MANY 3000
#define EXPIRED (NOW + 1800)    /* when those of the fixture are over */

/* Numbers from..to-1, in a transaction, or they would take seconds. */
static void insert_many(void *self, unsigned from, unsigned to)
{
	if (provider->hold(self, record(0).id, &error) != SESS_OK)
		bail("%s", error.text);
	for (unsigned i = from; i < to; i++)
		if (insert(self, i) != SESS_OK)
			bail("%s", error.text);
	if (provider->release(self, &error) != SESS_OK)
		bail("%s", error.text);
}

static int64_t collect(void *self, int64_t now, size_t rows)
{
	size_t n = 99;
	int rc = provider->collect(self, now, rows, &n, &error);

	return rc == SESS_OK ? (int64_t)n : rc;
}

/* Rows, and what the store believes there is. */
static void rows_are(const char *path, int64_t rows, const char *what)
{
	is_int(ask(path, "SELECT count(*) FROM session"), rows, "%s: rows", what);
	is_int(ask(path, "SELECT sum(anonymous + signed_in) FROM tally"), rows, "%s: as counted", what);
}

static void collect_takes_the_oldest_and_no_more(void)
{
	char *path = temp_path("oldest.db");
	void *self = store_at(path);
	int64_t left;

	for (unsigned i = 0; i < 100; i++) {
		sess_record rec = record(i);

		rec.expires = NOW + 1 + (i * 37) % 100;
		rec.user = i % 3 ? NULL : "ann";
		if (provider->insert(self, &rec, NOW, 0, &error) != SESS_OK)
			bail("%s", error.text);
	}
	is_int(collect(self, NOW + 90, 37), 37, "as many as asked for");
	left = ask(path, "SELECT min(expires) FROM session");
	is_int(left, NOW + 38, "they were the oldest");
	rows_are(path, 63, "after a few");
	is_int(collect(self, NOW + 90, 1000), 53, "what is over by then");
	is_int(ask(path, "SELECT min(expires) FROM session"), NOW + 91, "and nothing that lives");
	is_int(collect(self, NOW + 90, 1000), 0, "once");
	rows_are(path, 10, "in the end");
	provider->close(self);
	free(path);
}

/* In any step, another process may prolong what was about to go. */
static void collect_spares_what_was_touched(void)
{
	char *path = temp_path("touched.db");
	void *self = store_at(path), *other = store_at(path);

	insert_many(self, 0, 40);
	for (unsigned i = 0; i < 40; i += 2) {
		if (provider->touch(other, record(i + 1).id, NOW + 9, EXPIRED + 9, &error) != SESS_OK)
			bail("%s", error.text);
		is_int(collect(self, EXPIRED, 1), 1, "one goes, the next in turn is touched");
	}
	is_int(collect(self, EXPIRED, 100), 0, "the touched ones stay");
	rows_are(path, 20, "touched");
	provider->close(self);
	provider->close(other);
	free(path);
}

/* How often the collector let go of the gate for so many rows. */
static unsigned turns_for(sqlite_store *s, size_t rows)
{
	unsigned before = gate_turns(&s->gate);

	is_int(collect(s, EXPIRED, rows), (int64_t)rows, "rows collected");
	return gate_turns(&s->gate) - before;
}

static void collect_steps_back_for_writers(void)
{
	char *path = temp_path("slices.db");
	sqlite_store *s = store_at(path);
	void *other = store_at(path);
	unsigned alone, crowded;
	int64_t least;

	insert_many(s, 0, 2 * MANY + 10);
	(void)turns_for(s, 5);
	least = s->slice_us;
	s->quiet_since -= 3600 * INT64_C(1000000);
	alone = turns_for(s, MANY);
	ok(s->slice_us > 10 * least, "an hour without others: slices become long");
	insert(other, 2 * MANY + 10);
	/* With few rows: while many are collected, slices become longer again. */
	crowded = turns_for(s, 65);
	ok(s->slice_us < 10 * least, "short again after another writer came");
	crowded += turns_for(s, MANY - 65);
	ok(crowded > alone, "so that others have their turn: %u times, not %u", crowded, alone);
	is_int(collect(s, EXPIRED, 100), 6, "the rest");
	provider->close(other);
	provider->close(s);
	free(path);
}

/* Its own checkpoints go through the gate as well. */
static void collect_does_not_take_itself_for_others(void)
{
	char *path = temp_path("alone.db");
	sqlite_store *s = store_at(path);
	int64_t most;

	insert_many(s, 0, 40);
	(void)collect(s, EXPIRED, 10);
	s->quiet_since -= 3600 * INT64_C(1000000);
	(void)collect(s, EXPIRED, 10);
	most = s->slice_us;
	wal_reuse(s);
	is_int(wal_empty(s, &error), 0, "the log is emptied");
	(void)collect(s, EXPIRED, 10);
	is_int(s->slice_us, most, "a slice stays as long as it was");
	provider->close(s);
	free(path);
}

static void collect_killed_leaves_a_whole_file(void)
{
	char *path = temp_path("killed.db");
	void *self = store_at(path);
	int64_t rows;

	insert_many(self, 0, MANY);
	for (int i = 0; i < 5; i++) {
		int said[2], status;
		char c;
		pid_t pid;

		if (pipe(said) != 0 || (pid = child()) < 0)
			bail("pipe or fork: %s", strerror(errno));
		if (pid == 0) {
			provider->forked(self);
			self = store_at(path);
			for (bool told = false;; told = true)
				if (collect(self, EXPIRED, 1) != 1 || (!told && write(said[1], "c", 1) != 1))
					_exit(1);
		}
		close(said[1]);
		is_int(read(said[0], &c, 1), 1, "a collector is at it");
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		close(said[0]);
		ok(WIFSIGNALED(status), "and is killed");
		rows = ask(path, "SELECT count(*) FROM session");
		ok(rows < MANY - i, "some are gone");
		rows_are(path, rows, "killed");
	}
	is_int(ask(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1,
		"the file is whole");
	is_int(collect(self, EXPIRED, MANY), rows, "the next one goes on");
	provider->close(self);
	free(path);
}

static void collect_needs_no_more_memory_for_more(void)
{
	char *path = temp_path("flat.db");
	sqlite_store *self = store_at(path);
	sqlite3_int64 few, many, now;

	insert_many(self, 0, 4 * MANY);
	/* Of the larger cache the test would have to fill all. */
	self->keeps = true;
	self->keep_most = FRAMES_BOUND;
	(void)collect(self, EXPIRED, MANY);
	sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &few, 1);
	(void)collect(self, EXPIRED, 10);
	sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &few, 1);
	is_int(collect(self, EXPIRED, 3 * MANY - 10), 3 * MANY - 10, "the rest");
	sqlite3_status64(SQLITE_STATUS_MEMORY_USED, &now, &many, 0);
	is_int(collect(self, EXPIRED, MANY), 0, "is all");
	ok(many < few + (1 << 20), "%lld bytes at most, as against %lld for ten rows",
		(long long)many, (long long)few);
	provider->close(self);
	free(path);
}

/* One that serves requests, in its idle time: 1 if it copied from the log. */
static int64_t copies(sqlite_store *s)
{
	s->frames = FRAMES_BOUND - 2000;
	s->checked = 0;
	if (provider->idle(s, &error) != SESS_OK)
		bail("%s", error.text);
	return s->checked != 0;
}

static void collector_keeps_the_log(void)
{
	char *path = temp_path("kept.db");
	sqlite_store *s = store_at(path), *other = store_at(path);
	sqlite3_int64 cache;

	insert_many(s, 0, 200);
	is_int(copies(other), 1, "idle time shortens the log");
	cache = ask(path, "PRAGMA cache_size");
	is_int(collect(s, EXPIRED, 100), 100, "one collects");
	is_int(copies(other), 0, "the others leave the log to it");
	other->frames = other->bound = FRAMES_BOUND;
	(void)insert(other, 1000);
	is_int(other->bound, FRAMES_BOUND, "and their commits as well");
	is_int(provider->idle(s, &error), SESS_OK, "it has done");
	ok(!s->keeps && !gate_kept(&s->gate), "and says so");
	is_int(copies(other), 1, "idle time shortens the log again");
	is_int(collect(s, EXPIRED, 20), 20, "a few, as between requests");
	ok(!s->keeps, "are no such work");
	is_int(ask(path, "PRAGMA cache_size"), cache, "nothing of it stays in the file");
	provider->close(other);
	provider->close(s);
	free(path);
}

/* A collector's log may become long, but its end leaves none. */
static void collector_leaves_no_long_log(void)
{
	char *path = temp_path("long.db");
	sqlite_store *s = store_at(path), *other = store_at(path);

	if (keep_begin(s, &error) != SESS_OK)
		bail("%s", error.text);
	is_int(s->keep_most, FRAMES_BOUND, "that of a small database is not longer than usual");
	while (s->frames < FRAMES_BOUND + 100)
		if (insert(s, (unsigned)s->frames) == SESS_BUSY)
			bail("%s", error.text);
	ok(size_of(path, "-wal") > (off_t)FRAMES_BOUND * 4096, "its own commits do not empty the log");
	keep_short(s, false);
	ok(s->frames == 0, "but it does in between");
	ok(s->restart_next > 0, "and not again at once");
	while (s->frames < FRAMES_BOUND + 100)
		if (insert(s, 1u << 20 | (unsigned)s->frames) == SESS_BUSY)
			bail("%s", error.text);
	is_int(keep_end(s, &error), 0, "the end");
	is_int(size_of(path, "-wal"), 0, "leaves no log");
	provider->close(other);
	provider->close(s);
	free(path);
}

static void tidy_empties_the_log(void)
{
	char *path = temp_path("log.db");
	void *self = store_at(path);
	int64_t freed = -1;
	sqlite3 *reader;

	insert_many(self, 0, MANY);
	ok(size_of(path, "-wal") > 100 << 10, "there is a log");
	if (sqlite3_open(path, &reader) != SQLITE_OK ||
		sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM session", NULL, NULL, NULL) != SQLITE_OK)
		bail("%s", sqlite3_errmsg(reader));
	insert(self, MANY);
	is_int(provider->tidy(self, SESS_TIDY_LOG, 0, &freed, &error), 1, "not while it is read");
	ok(size_of(path, "-wal") > 0, "it stays for the reader");
	sqlite3_exec(reader, "COMMIT", NULL, NULL, NULL);
	is_int(provider->tidy(self, SESS_TIDY_LOG, 1000, &freed, &error), 0, "then it is emptied");
	is_int(size_of(path, "-wal"), 0, "to nothing");
	is_int(provider->tidy(self, SESS_TIDY_LOG, 1000, &freed, &error), 0, "an empty one");
	is_int(freed, 0, "nothing to give back");
	is_int(count(self), MANY + 1, "nothing is lost");
	is_int(provider->hold(self, record(1).id, &error), SESS_OK, "hold");
	is_int(provider->tidy(self, SESS_TIDY_LOG, 0, &freed, &error), SESS_INVALID, "not while held");
	(void)provider->release(self, &error);
	sqlite3_close(reader);
	provider->close(self);
	free(path);
}

static void tidy_shrinks_the_file(void)
{
	char *path = temp_path("shrink.db");
	sqlite_store *self = store_at(path);
	int64_t freed = -1, all = 0;
	off_t before, between;
	int rc, calls = 0;

	is_int(provider->tidy(self, SESS_TIDY_SHRINK, 10, &freed, &error), SESS_UNSUPPORTED,
		"a database as it is made does not shrink");
	ok(strstr(error.text, "VACUUM") != NULL, "told: %s", error.text);
	provider->close(self);
	by_hand(path, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
	self = store_at(path);
	insert_many(self, 0, 4 * MANY);
	is_int(collect(self, EXPIRED, 4 * MANY - 10), 4 * MANY - 10, "nearly all expire");
	is_int(provider->tidy(self, SESS_TIDY_LOG, 1000, &freed, &error), 0, "into the file");
	before = size_of(path, "");
	self->slice_began = 0;  /* as after a pause: it cannot know whether others write */
	ok(before > 1 << 20, "which stays as large as it was: %ld", (long)before);
	is_int(provider->tidy(self, SESS_TIDY_SHRINK, 0, &freed, &error), 1, "no time: a little");
	between = size_of(path, "");
	ok(between < before, "it is smaller: %ld", (long)between);
	do {
		rc = provider->tidy(self, SESS_TIDY_SHRINK | SESS_TIDY_LOG, 50, &freed, &error);
		all += freed;
	} while (rc == 1 && ++calls < 1000);
	is_int(rc, 0, "at last it is done");
	ok(size_of(path, "") < before / 8, "and small: %ld", (long)size_of(path, ""));
	ok(all >= between - size_of(path, ""), "told how much: %lld", (long long)all);
	is_int(count(self), 10, "what lives is there");
	is_int(ask(path, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1,
		"the file is whole");
	provider->close(self);
	free(path);
}

int main(void)
{
	collect_takes_the_oldest_and_no_more();
	collect_spares_what_was_touched();
	collect_steps_back_for_writers();
	collect_does_not_take_itself_for_others();
	collect_killed_leaves_a_whole_file();
	collect_needs_no_more_memory_for_more();
	collector_keeps_the_log();
	collector_leaves_no_long_log();
	tidy_empties_the_log();
	tidy_shrinks_the_file();
	arena_free(&sink.memory);
	return done();
}
