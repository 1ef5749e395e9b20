/* SPDX-License-Identifier: ISC */
/* test_passwords.c - the file of password hashes, and the brake on guessing. */
#include "../fcgi-apps/passwords.h"

#include "support.h"
#include "tap.h"

#include <sodium.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START 1800000000
#define CROWD 12

static char *file, *guesses;
static password_answer answer;

/* Hashes as cheap as they get: what they cost is not tested with these. */
static void
put_user(FILE *out, const char *name, const char *password)
{
	if (!password_line(out, name, password, crypto_pwhash_OPSLIMIT_MIN,
		crypto_pwhash_MEMLIMIT_MIN))
		bail("cannot hash");
}

/* alice and bob behind a comment, and no guess counted. */
static void
fresh_files(void)
{
	FILE *out;

	unlink(file);
	unlink(guesses);
	umask(077);
	out = fopen(file, "w");
	if (!out)
		bail("cannot write %s", file);
	fputs("# users\n\n", out);
	put_user(out, "alice", "right horse");
	put_user(out, "bob", "pass:with#signs");
	fclose(out);
}

static void
write_file(const char *text)
{
	FILE *out = fopen(file, "w");

	if (!out || fputs(text, out) < 0 || fclose(out) != 0)
		bail("cannot write %s", file);
}

static int
check(const char *name, const char *password, int64_t now)
{
	return password_check(file, name, password, now, &answer);
}

static void
right_and_wrong(void)
{
	fresh_files();
	is_int(check("alice", "right horse", START), PASSWORD_RIGHT, "the right password");
	is_int(check("bob", "pass:with#signs", START), PASSWORD_RIGHT, "that of the second user");
	is_int(check("alice", "right hors", START), PASSWORD_WRONG, "a wrong one");
	is_int(check("alice", "", START), PASSWORD_WRONG, "an empty one");
	is_int(check("alice", "pass:with#signs", START), PASSWORD_WRONG, "somebody else's");
	is_int(check("mallory", "right horse", START), PASSWORD_WRONG,
		"an unknown name with the first user's");
	is_int(check("# users", "x", START), PASSWORD_WRONG, "a comment is no user");
	is_int(check("", "right horse", START), PASSWORD_WRONG, "no name");
	is_int(check("alice:x", "right horse", START), PASSWORD_WRONG, "a name with a colon");
	is_int(check("alice\n", "right horse", START), PASSWORD_WRONG, "a name with a line end");
}

static void
long_input(void)
{
	char text[PASSWORD_MAX + 2];

	fresh_files();
	memset(text, 'a', sizeof(text));
	text[PASSWORD_MAX + 1] = '\0';
	is_int(check(text, "right horse", START), PASSWORD_WRONG, "a name that is too long");
	is_int(check("alice", text, START), PASSWORD_WRONG, "a password that is too long");
	is_int(access(guesses, F_OK), -1, "neither is counted: they say nothing about a user");
	ok(!password_line(stdout, "carol", text, crypto_pwhash_OPSLIMIT_MIN,
		crypto_pwhash_MEMLIMIT_MIN), "nor can such a password be set");
	ok(!password_line(stdout, "carol", "", crypto_pwhash_OPSLIMIT_MIN,
		crypto_pwhash_MEMLIMIT_MIN), "nor an empty one");
	ok(!password_line(stdout, "ca:rol", "x", crypto_pwhash_OPSLIMIT_MIN,
		crypto_pwhash_MEMLIMIT_MIN), "nor one for a name with a colon");
}

/* The file cannot be used, and the message names it and holds a word of the remedy. */
static void
faulty(const char *word, const char *what)
{
	is_int(check("alice", "right horse", START), PASSWORD_FAULT, "refused: %s", what);
	ok(strstr(answer.error, file) && strstr(answer.error, word), "and the message helps");
	diag("%s", answer.error);
}

/* Who appends the line with a new password means the old one to be worth nothing. */
static void
last_line_counts(void)
{
	FILE *out;

	fresh_files();
	out = fopen(file, "a");
	if (!out || !password_line(out, "alice", "new horse", 1, 8192) || fclose(out) != 0)
		bail("cannot hash");
	is_int(check("alice", "new horse", START), PASSWORD_RIGHT, "a line further down counts");
	is_int(check("alice", "right horse", START), PASSWORD_WRONG, "and not the one above");
}

static void
bad_files(void)
{
	char *other = temp_path("other"), *large = calloc(1, 70000);

	fresh_files();
	chmod(file, 0640);
	faulty("chmod 600", "a file that others can read");
	chmod(file, 0400);
	is_int(check("alice", "right horse", START), PASSWORD_RIGHT, "mode 0400 will do");
	chmod(file, 0600);
	rename(file, other);
	faulty("login --hash", "no file");
	if (symlink(other, file) != 0)
		bail("cannot link");
	faulty("cannot read", "a symbolic link");
	fresh_files();
	write_file("");
	faulty("has no user", "an empty file");
	write_file("# users\nalice\n");
	faulty(":2:", "a line without a hash");
	write_file("alice:$argon2id$v=19$m=8,t=1,p=1$nonsense\n");
	faulty(":1:", "a hash that is none");
	write_file("alice:right horse\n");
	faulty(":1:", "a password as it is");
	memset(large, '#', 69999);
	write_file(large);
	faulty("64 KiB", "a file of 70 kB");
	is_int(password_check(NULL, "alice", "x", START, &answer), PASSWORD_FAULT, "no name of it");
	ok(strstr(answer.error, "LOGIN_USERS") != NULL, "the message names the setting");
	free(large);
	free(other);
}

static void
bad_guesses(void)
{
	fresh_files();
	(void)check("alice", "x", START);
	chmod(guesses, 0644);
	faulty("chmod 600", "counters that others can read");
	unlink(guesses);
	if (mkdir(guesses, 0700) != 0)
		bail("cannot make a directory");
	faulty("cannot open", "counters that cannot be kept");
	rmdir(guesses);
	fresh_files();
	(void)check("alice", "x", START);
	if (truncate(guesses, 7) != 0)
		bail("cannot cut %s", guesses);
	is_int(check("alice", "right horse", START), PASSWORD_RIGHT, "a cut file counts anew");
}

static void
guess(const char *name, int n, int64_t now)
{
	for (int i = 0; i < n; i++)
		(void)check(name, "guess", now);
}

static void
guessing_slows(void)
{
	int64_t now = START;

	fresh_files();
	for (int i = 0; i < 5; i++)
		is_int(check("alice", "guess", now), PASSWORD_WRONG, "guess %d is judged", i + 1);
	is_int(check("alice", "right horse", now), PASSWORD_WAIT, "then even the right one waits");
	is_int(answer.wait, 1, "for a second");
	is_int(check("bob", "pass:with#signs", now), PASSWORD_RIGHT, "another name does not");
	is_int(check("alice", "right horse", now + 1), PASSWORD_RIGHT, "after which it is right");
	is_int(check("alice", "guess", now + 1), PASSWORD_WRONG, "and the count begins anew");
	is_int(check("alice", "guess", now + 1), PASSWORD_WRONG, "so that the next is judged too");

	fresh_files();
	guess("alice", 5, now);
	for (int i = 0; i < 9; i++) {
		int64_t want = i < 6 ? (int64_t)1 << i : 60;

		is_int(check("alice", "guess", now + want - 1), PASSWORD_WAIT, "not yet");
		is_int(answer.wait, 1, "one more second");
		is_int(check("alice", "guess", now += want), PASSWORD_WRONG, "in %d s", (int)want);
	}
	is_int(check("alice", "x", now - 30), PASSWORD_WAIT, "a clock set back");
	is_int(answer.wait, 60, "makes nobody wait longer");
	guess("nobody", 5, now);
	is_int(check("nobody", "x", now), PASSWORD_WAIT, "names that are not there wait as well");
	is_int(check("alice", "guess", now + 3601), PASSWORD_WRONG, "after an hour");
	is_int(check("alice", "guess", now + 3601), PASSWORD_WRONG, "all is forgotten");

	guess("alice", 20, now + 86400);
	is_int(check("alice", "right horse", now), PASSWORD_RIGHT,
		"a clock that was a day ahead locks nobody out for a day");
}

static void
table_is_bounded(void)
{
	struct stat st;
	char name[20];

	fresh_files();
	for (int i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "name%d", i);
		(void)check(name, "x", START);
	}
	ok(stat(guesses, &st) == 0 && st.st_size <= 65536, "made-up names fill no disk");
	is_int(st.st_mode & 07777, 0600, "the counters are private");
}

/* Each of a crowd guesses once; those that were looked at end with 1. */
static void
crowd_is_counted(void)
{
	int looked_at = 0, status;

	fresh_files();
	for (int i = 0; i < CROWD; i++)
		if (fork() == 0)
			_exit(check("alice", "guess", START) == PASSWORD_WRONG);
	while (wait(&status) > 0)
		looked_at += WIFEXITED(status) && WEXITSTATUS(status) == 1;
	is_int(looked_at, 5, "of %d guesses at once, five are looked at", CROWD);
}

static void
places_are_few(void)
{
	char error[400];
	int first, second;

	fresh_files();
	first = guesses_open(guesses, error);
	second = guesses_open(guesses, error);
	ok(guesses_enter(first), "a check takes a place");
	is_int(check("alice", "right horse", START), PASSWORD_RIGHT, "another goes on beside it");
	ok(guesses_enter(second), "a second check takes the last place");
	is_int(check("alice", "right horse", START), PASSWORD_BUSY, "a third is refused at last");
	close(first);
	is_int(check("alice", "right horse", START), PASSWORD_RIGHT, "until one is done");
	close(second);
}

/* Processor seconds of a wrong guess. */
static double
cost(const char *name)
{
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	(void)check(name, "guess", START);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void
names_stay_secret(void)
{
	double known, unknown;
	FILE *out;

	fresh_files();
	out = fopen(file, "w");
	if (!out || !password_line(out, "alice", "right horse", 4, 8 << 20) || fclose(out) != 0)
		bail("cannot hash");
	known = cost("alice");
	unknown = cost("mallory");
	diag("%.1f ms for a known name, %.1f ms for an unknown one", known * 1e3, unknown * 1e3);
	ok(unknown > known / 2 && known > unknown / 2, "an unknown name costs the same");
}

int
main(void)
{
	file = temp_path("users");
	guesses = temp_path("users.guesses");
	if (sodium_init() < 0)
		bail("no libsodium");
	right_and_wrong();
	long_input();
	last_line_counts();
	bad_files();
	bad_guesses();
	guessing_slows();
	table_is_bounded();
	crowd_is_counted();
	places_are_few();
	names_stay_secret();
	free(file);
	free(guesses);
	return done();
}
