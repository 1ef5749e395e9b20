/* SPDX-License-Identifier: ISC */
/* test_store_file_tidy.c - what the file store gives back: values that were never finished, and
 * folders that are empty; and that it takes nothing which somebody still needs. */
#include "file_fixture.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define NOW CONTRACT_NOW
#define USERS 200
#define ROUNDS 300

static void
make_old(const char *path)
{
	struct timespec then = { .tv_sec = time(NULL) - 7200 };

	if (utimensat(AT_FDCWD, path, (struct timespec[]){ then, then }, AT_SYMLINK_NOFOLLOW) != 0)
		bail("cannot make %s old", path);
}

/* Half a value of this id, as a process leaves it that is killed; its path. */
static const char *
half_value(const contract *c, const unsigned char *id, bool old)
{
	static char path[1100];

	snprintf(path, sizeof(path), "%s.new", value_path(c, id));
	make_file(path, "half of a valu");
	if (old)
		make_old(path);
	return path;
}

/* All of the work, in as many pieces as it takes: how many; -1: a failure. */
static int
tidy(contract *c, int ms, int64_t *freed)
{
	int pieces = 0, rc = 1;

	*freed = 0;
	while (rc == 1 && pieces < 10000) {
		int64_t more = -1;

		rc = c->provider->tidy(c->self, SESS_TIDY_SHRINK, ms, &more, &c->err);
		*freed += more;
		pieces++;
	}
	return rc == 0 ? pieces : -1;
}

/* -- values that were never finished ----------------------------------------------------------- */

static void
collection_takes_them(void)
{
	contract c = open_store("half");
	sess_record first = stored_for(&c, NULL, NOW, NOW + 5), second = stored_for(&c, NULL, NOW, NOW + 9);
	const char *half = half_value(&c, first.id, true);

	unlink(value_path(&c, first.id));
	is_int((int64_t)do_collect(&c, NOW + 5, 10), 1, "a mark without a value is collected");
	is_int(access(half, F_OK), -1, "and what was to become the value");
	half = half_value(&c, second.id, true);
	is_int((int64_t)do_collect(&c, NOW + 9, 10), 1, "a value is");
	is_int(access(half, F_OK), -1, "and what was to take its place");
	close_store(&c);
}

/* A handle that has the lock of a key may be writing there. */
static void
writers_keep_them(void)
{
	contract c = open_store("writing");
	sess_record mine = stored_record(&c), other = stored_record(&c);
	void *second = open_handle(&c);
	const char *half = half_value(&c, mine.id, true);
	int64_t freed;

	is_int(c.provider->hold(second, mine.id, &c.err), SESS_OK, "another handle has a session");
	ok(tidy(&c, 1000, &freed) > 0 && access(half, F_OK) == 0, "what it may be writing stays");
	is_int(c.provider->release(second, &c.err), SESS_OK, "until it lets go");
	ok(tidy(&c, 1000, &freed) > 0 && access(half, F_OK) != 0, "then it goes");
	half = half_value(&c, other.id, false);
	ok(tidy(&c, 1000, &freed) > 0 && access(half, F_OK) == 0, "what is young stays");
	is_int(do_load(&c, mine.id, NOW) + do_load(&c, other.id, NOW), 2, "as all sessions do");
	c.provider->close(second);
	close_store(&c);
}

static void
strangers_stay(void)
{
	static const char *const names[] = { "data/ab/cd/0123.new", "data/ab/note.new", "data/ab/.new" };
	contract c = open_store("strangers");
	int64_t freed;
	int left = 0;

	(void)stored_record(&c);
	mkdir(path_of(&c, "data/ab"), 0700);
	mkdir(path_of(&c, "data/ab/cd"), 0700);
	for (size_t i = 0; i < 3; i++) {
		make_file(path_of(&c, names[i]), "mine");
		make_old(path_of(&c, names[i]));
	}
	ok(tidy(&c, 1000, &freed) > 0, "tidying");
	for (size_t i = 0; i < 3; i++)
		left += access(path_of(&c, names[i]), F_OK) == 0;
	is_int(left, 3, "leaves the files of others");
	close_store(&c);
}

/* -- folders ----------------------------------------------------------------------------------- */

static int64_t
folders_in(const contract *c, const char *root)
{
	char command[1200], text[32] = "";
	FILE *find;

	snprintf(command, sizeof(command), "find '%s' -mindepth 1 -type d | wc -l", path_of(c, root));
	find = popen(command, "r");
	if (!find || !fgets(text, sizeof(text), find) || pclose(find) != 0)
		bail("cannot count folders");
	return strtoll(text, NULL, 10);
}

/* As if nothing had been made or removed for two minutes. */
static void
age_folders(contract *c)
{
	char command[600];

	snprintf(command, sizeof(command), "find '%s' -type d -exec touch -d '2 minutes ago' {} +",
		c->here);
	if (system(command) != 0)
		bail("cannot change the time of folders");
}

static void
empty_folders_go(void)
{
	contract c = open_store("folders");
	sess_record ann = stored_for(&c, "ann", NOW, NOW + 900);
	sess_query hers = { .user = "ann", .now = NOW };
	char user[20];
	int64_t freed;
	int pieces;

	for (int i = 0; i < USERS; i++) {
		snprintf(user, sizeof(user), "user %d", i);
		(void)stored_for(&c, user, NOW, NOW + 5);
	}
	is_int((int64_t)do_collect(&c, NOW + 5, 2 * USERS), USERS, "sessions of many users expire");
	ok(folders_in(&c, "users") > USERS, "their folders stay");
	(void)tidy(&c, 0, &freed);
	ok(folders_in(&c, "users") > USERS, "also from tidying, while somebody may have just made them");
	age_folders(&c);
	pieces = tidy(&c, 0, &freed);
	ok(pieces > 1, "tidying goes in pieces: %d", pieces);
	is_int(folders_in(&c, "users"), 2, "and leaves those that have something in them");
	is_int(folders_in(&c, "data"), 2, "of values as well");
	ok(freed >= 0, "it tells what it gave back");
	is_int((int64_t)do_count(&c, &hers), 1, "who is there stays");
	is_int(do_load(&c, ann.id, NOW), 1, "with her session");
	is_int(c.provider->tidy(c.self, SESS_TIDY_LOG, 0, &freed, &c.err), 0, "there is no log");
	is_int(freed, 0, "to give back");
	close_store(&c);
}

/* A process that tidies all the time takes away folders that others are about to use. */
static void
nobody_stumbles(void)
{
	contract c = open_store("stumbles");
	int failed = 0, status = 0;
	pid_t child = fork();

	if (child < 0)
		bail("no process");
	if (child == 0) {
		void *self = open_handle(&c);
		int64_t freed;

		for (int rc = 0; rc >= 0;)
			rc = c.provider->tidy(self, SESS_TIDY_SHRINK, 10, &freed, &c.err);
		_exit(1);
	}
	for (int i = 0; i < ROUNDS; i++) {
		sess_record rec = fresh_record(&c);

		rec.user = "ann";
		failed += do_insert(&c, &rec) != SESS_OK || do_end(&c, rec.id, SESS_LOGGED_OUT) != SESS_OK;
		(void)do_collect(&c, NOW + CONTRACT_LIFE * 2, 10);
		if (i % 8 == 0)
			age_folders(&c);
	}
	is_int(failed, 0, "sessions come and go while another process tidies");
	is_int(waitpid(child, &status, WNOHANG), 0, "which goes on all the time");
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	close_store(&c);
}

int
main(void)
{
	collection_takes_them();
	writers_keep_them();
	strangers_stay();
	empty_folders_go();
	nobody_stumbles();
	return done();
}
