/* SPDX-License-Identifier: ISC */
/* test_store_sqlite_tally.c - the numbers in the file: right after a kill, never many, and harmless
 * whatever somebody wrote there. */
#include "sqlite_fixture.h"

#include "store_sqlite.h"

#include <time.h>

static void agree(const char *path, const char *when)
{
	is_int(ask(path, "SELECT sum(anonymous) FROM tally"),
		ask(path, "SELECT count(*) FROM session WHERE user IS NULL"), "anonymous, %s", when);
	is_int(ask(path, "SELECT sum(signed_in) FROM tally"),
		ask(path, "SELECT count(user) FROM session"), "signed in, %s", when);
}

/* Begin, replace, end and collect until killed. */
static void busy(const char *path, unsigned first)
{
	void *self = store_at(path);
	size_t n;

	for (unsigned i = first;; i += 3) {
		sess_record rec = record(i), login = record(i + 1), short_lived = record(i + 2);

		rec.user = NULL;
		short_lived.expires = NOW + 1;
		login.revision = 1;
		provider->insert(self, &rec, NOW, 0, &error);
		provider->insert(self, &short_lived, NOW, 0, &error);
		provider->replace(self, rec.id, &login, SESS_ROTATED, NOW, NOW + 99, &error);
		if (i % 2 == 0)
			provider->end(self, login.id, SESS_LOGGED_OUT, NOW, NOW + 99, &error);
		provider->collect(self, NOW + 2, 1, &n, &error);
	}
}

static void right_after_a_kill(void)
{
	char *path = temp_path("kill.db");
	unsigned serial = 0;

	provider->close(store_at(path));
	for (int round = 0; round < 8; round++) {
		int64_t rows = ask(path, "SELECT sum(started) FROM tally"), tries = 0;
		pid_t pid = child();

		if (pid == 0) {
			busy(path, serial);
			_exit(0);
		}
		serial += 1000000;
		/* It is at work; where it is just now differs from round to round. */
		while (ask(path, "SELECT sum(started) FROM tally") < rows + 20 + round && tries++ < 10000)
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		agree(path, "after a kill");
	}
	ok(ask(path, "SELECT sum(ended) > 0 AND sum(expired) > 0 AND sum(logins) > 0 FROM tally") == 1,
		"all of it happened");
	free(path);
}

static void never_many(void)
{
	char *path = temp_path("fold.db");
	void *self = store_at(path);
	sess_record early;
	size_t n;

	for (unsigned i = 0; i < 200; i++) {
		sess_record rec = record(i);
		int64_t now = NOW + (int64_t)i * 1800;

		rec.expires = now + 900;
		rec.user = i % 2 == 0 ? "ann" : NULL;
		provider->insert(self, &rec, now, 0, &error);
		if (i % 20 == 19)
			provider->collect(self, now, 5, &n, &error);
	}
	agree(path, "over four days");
	ok(ask(path, "SELECT count(*) FROM tally") < 2 * 25 + 30, "a row a minute for little more than a day");
	/* A clock near the beginning must not lose what is summed up there. */
	early = record(999);
	early.expires = 50;
	is_int(provider->insert(self, &early, -400000, 0, &error), SESS_OK, "a clock before 1970");
	is_int(provider->collect(self, 100, 5, &n, &error), SESS_OK, "and shortly after");
	is_int(ask(path, "SELECT count(*) FROM tally WHERE minute < 0"), 0, "nothing stays there");
	agree(path, "after that");
	provider->close(self);
	free(path);
}

static void harmless_whatever_it_says(void)
{
	static const char *const damage[] = {
		"UPDATE tally SET started = 9223372036854775807, ended = -5",
		"UPDATE tally SET anonymous = -77, signed_in = -9223372036854775807 - 1",
		"INSERT INTO tally SELECT 28333332, 9223372036854775807, 1, 1, 1, 0, 0",
		"DELETE FROM tally",
	};
	char *path = temp_path("tally.db");
	void *self = store_at(path);
	sess_query all = { .now = NOW };
	sess_stats got;

	for (unsigned i = 0; i < 3; i++)
		insert(self, i);
	for (size_t i = 0; i < sizeof(damage) / sizeof(damage[0]); i++) {
		size_t n = 7;
		int rc;

		by_hand(path, damage[i]);
		rc = provider->count(self, &all, &n, &error);
		ok(rc == SESS_OK || rc == SESS_STORE, "count after %s: %d, %zu", damage[i], rc, n);
		rc = provider->stats(self, NOW, &got, &error);
		ok(rc == SESS_OK || rc == SESS_STORE, "stats: %d", rc);
		is_int(load(self, 1, NULL), 1, "the sessions are there");
	}
	is_int(insert(self, 50), SESS_OK, "a new one can begin");
	provider->close(self);
	free(path);
}

int main(void)
{
	right_after_a_kill();
	never_many();
	harmless_whatever_it_says();
	arena_free(&sink.memory);
	return done();
}
