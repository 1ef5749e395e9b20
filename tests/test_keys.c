/* SPDX-License-Identifier: ISC */
/* test_keys.c - the key file: what it may hold, who may own it, and how many processes make one. */
#include "internal.h"
#include "support.h"
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))
#define KEY_A "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE" /* 32 bytes of 1, of 2 */
#define KEY_B "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI"
#define KEY_0 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static char *path;

static void
write_keys(const char *text, size_t len, mode_t mode)
{
	int fd;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fchmod(fd, mode) != 0 ||
		close(fd) != 0)
		bail("cannot write %s", path);
}

/* Error of the key file as it is, without its path; "" for none. */
static const char *
opened(keyring *ring, sess_error *err)
{
	static char text[400];
	const char *start;

	*err = (sess_error){ 0 };
	if (keyring_open(ring, path, false, err) == SESS_OK)
		return "";
	if (err->code != SESS_CONFIG || ring->key != NULL || ring->count != 0)
		return "wrong code, or a ring that is left";
	start = strncmp(err->text, path, strlen(path)) == 0 ? err->text + strlen(path) : err->text;
	snprintf(text, sizeof(text), "%s", start);
	return text;
}

static void
open_reads(void)
{
	static const char text[] = "# two\r\n\n  \t\n" "2024-b \t" KEY_B " \r\na " KEY_A;
	sess_error err;
	keyring ring;

	write_keys(text, strlen(text), 0400);
	if (!is_str(opened(&ring, &err), "", "a file of two keys, comments and blank lines"))
		return;
	is_int((int64_t)ring.count, 2, "both are there");
	is_int(ring.key[0][31], 2, "the first line is the newest");
	is_int(ring.key[1][31], 1, "the second is older");
	keyring_close(&ring);
	ok(ring.key == NULL && ring.count == 0, "closing empties the ring");
	keyring_close(&ring);
	ok(true, "closing twice is harmless");
}

static void
open_refuses_texts(void)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", ": holds no key; remove the file, and a new one is made" },
		{ "# 1 " KEY_A "\n", ": holds no key; remove the file, and a new one is made" },
		{ " 1 " KEY_A, ":1:1: expected the name of a key, 1 to 16 letters or digits" },
		{ "\n12345678901234567 " KEY_A,
			":2:1: expected the name of a key, 1 to 16 letters or digits" },
		{ "1\n", ":1:2: expected a blank and a key of 43 characters" },
		{ KEY_A "\n", ":1:1: expected the name of a key, 1 to 16 letters or digits" },
		{ "1 " KEY_A "A", ":1:3: expected a blank and a key of 43 characters" },
		{ "1 AA", ":1:3: expected a blank and a key of 43 characters" },
		{ "1  *QEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
			":1:4: the key is not base64url as made by sesskit keygen" },
		{ "1 AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQF",
			":1:3: the key is not base64url as made by sesskit keygen" },
		{ "1 " KEY_0, ":1:3: the key is all zeros; make one with sesskit keygen" },
		{ "1 " KEY_A "\n1 " KEY_B, ":2:1: this name stands before another key already" },
		{ "1 " KEY_A "\n2 " KEY_A, ":2:3: this key stands in the file already" },
	};
	sess_error err;
	keyring ring;
	size_t i;

	for (i = 0; i < PARTS(cases); i++) {
		write_keys(cases[i].text, strlen(cases[i].text), 0600);
		is_str(opened(&ring, &err), cases[i].says, "text %zu is refused", i);
	}
	ok(err.line == 2 && err.column == 3, "line and column are kept as well");
	write_keys("1 \0" KEY_A, 46, 0600);
	is_str(opened(&ring, &err), ":1:3: a NUL byte; this is no key file", "so is a NUL byte");
}

/* A file of n different keys. */
static void
write_many(size_t n)
{
	unsigned char raw[KEY_BYTES];
	char text[2000], key[TOKEN_CHARS + 1];
	size_t i, len = 0;

	for (i = 0; i < n; i++) {
		memset(raw, (int)i + 1, sizeof(raw));
		token_encode(key, raw);
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%zu %s\n", i, key);
	}
	write_keys(text, len, 0600);
}

static void
open_limits(void)
{
	char text[4097];
	sess_error err;
	keyring ring;

	write_many(KEYS_MAX);
	is_str(opened(&ring, &err), "", "8 keys");
	is_int((int64_t)ring.count, KEYS_MAX, "are all read");
	keyring_close(&ring);
	write_many(KEYS_MAX + 1);
	is_str(opened(&ring, &err), ":9:1: more than 8 keys; remove the oldest, which stand last",
		"9 are too many");
	memset(text, '\n', sizeof(text));
	memcpy(text, "1 " KEY_A, 45);
	write_keys(text, 4096, 0600);
	is_str(opened(&ring, &err), "", "a file of 4 KiB");
	keyring_close(&ring);
	write_keys(text, 4097, 0600);
	is_str(opened(&ring, &err), ": larger than 4 KiB; this is no key file", "one byte more");
}

static void
open_refuses_modes(void)
{
	static const mode_t modes[] = { 0644, 0640, 0620, 0602, 0604, 0700, 0500, 04600, 0200 };
	char says[200];
	sess_error err;
	keyring ring;
	size_t i;

	for (i = 0; i < PARTS(modes); i++) {
		if (geteuid() != 0 && (modes[i] & 0400) == 0) {
			snprintf(says, sizeof(says), ": cannot open the key file: Permission denied");
		} else {
			snprintf(says, sizeof(says), ": has mode %04o, which must be 0600 or 0400; run "
				"chmod 600 on it, and make new keys if others could read it",
				(unsigned)modes[i]);
		}
		write_keys("1 " KEY_A, 45, modes[i]);
		is_str(opened(&ring, &err), says, "mode %04o is refused", (unsigned)modes[i]);
	}
}

static void
open_refuses_kinds(void)
{
	char *target = temp_path("target"), text[200];
	sess_error err;
	keyring ring;

	unlink(path);
	is_str(opened(&ring, &err), ": there is no key file; make it with sesskit keygen",
		"a missing file is refused when none is to be made");
	write_keys("1 " KEY_A, 45, 0600);
	if (rename(path, target) != 0 || symlink(target, path) != 0)
		bail("cannot make a symbolic link");
	is_str(opened(&ring, &err), ": is a symbolic link; let key_file name the file itself",
		"a symbolic link is refused");
	unlink(path);
	if (mkdir(path, 0600) != 0)
		bail("cannot make a directory");
	is_str(opened(&ring, &err), ": is not a regular file", "so is a directory");
	rmdir(path);
	if (mkfifo(path, 0600) != 0)
		bail("cannot make a pipe");
	is_str(opened(&ring, &err), ": is not a regular file", "so is a pipe, without waiting");
	unlink(path);
	free(target);
	/* Of another owner: root gives its file away, anybody else looks at a file of root. */
	write_keys("1 " KEY_A, 45, 0600);
	if (geteuid() == 0 && chown(path, 65534, 65534) != 0)
		bail("cannot change the owner");
	snprintf(text, sizeof(text), "belongs to user %d", geteuid() == 0 ? 65534 : 0);
	is_int(keyring_open(&ring, geteuid() == 0 ? path : "/etc/passwd", false, &err), SESS_CONFIG,
		"a file of another owner is refused");
	ok(strstr(err.text, text) != NULL, "and the error names the owner");
}

static void
make_modes(void)
{
	static const mode_t masks[] = { 0, 022, 0777 };
	sess_error err;
	struct stat st;
	keyring ring, again;
	mode_t before;
	size_t i;
	int rc;

	for (i = 0; i < PARTS(masks); i++) {
		unlink(path);
		before = umask(masks[i]);
		rc = keyring_open(&ring, path, true, &err);
		umask(before);
		if (!is_int(rc, SESS_OK, "made under umask %03o", (unsigned)masks[i]))
			continue;
		ok(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600, "its mode is 0600");
		is_int(st.st_nlink, 1, "it has one name");
		is_int(keyring_open(&again, path, true, &err), SESS_OK, "it opens again");
		ok(ring.count == 1 && again.count == 1 &&
			memcmp(ring.key[0], again.key[0], KEY_BYTES) == 0, "with the same key");
		keyring_close(&ring);
		keyring_close(&again);
	}
	unlink(path);
	rmdir(path);
	is_int(keyring_open(&ring, "/nonexistent/key", true, &err), SESS_CONFIG, "no directory");
	is_str(err.text, "/nonexistent/key: cannot make the key file: No such file or directory",
		"is an error that says so");
}

/* Number of files in temp_dir whose name begins as the key file's. */
static int
key_files(void)
{
	DIR *dir = opendir(temp_dir());
	struct dirent *file;
	int n = 0;

	while (dir != NULL && (file = readdir(dir)) != NULL)
		n += strncmp(file->d_name, "key", 3) == 0;
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* A child that waits for the pipe to close, opens the ring and tells the parent its key. */
static void
race_child(int wait_for, int tell)
{
	sess_error err;
	keyring ring;
	char byte;

	if (read(wait_for, &byte, 1) != 0 || keyring_open(&ring, path, true, &err) != SESS_OK)
		_exit(1);
	_exit(write(tell, ring.key[0], KEY_BYTES) == KEY_BYTES ? 0 : 1);
}

static void
make_race(void)
{
	enum { CHILDREN = 8, ROUNDS = 20 };
	unsigned char key[KEY_BYTES], first[KEY_BYTES];
	int round, i, start[2], result[2], status, bad = 0, differ = 0, left = 0;

	for (round = 0; round < ROUNDS; round++) {
		unlink(path);
		if (pipe(start) != 0 || pipe(result) != 0)
			bail("cannot make pipes");
		for (i = 0; i < CHILDREN; i++) {
			pid_t pid = fork();

			if (pid < 0)
				bail("cannot fork");
			if (pid == 0) {
				close(start[1]);
				race_child(start[0], result[1]);
			}
		}
		close(start[0]);
		close(start[1]);
		close(result[1]);
		for (i = 0; read(result[0], key, KEY_BYTES) == KEY_BYTES; i++) {
			if (i == 0)
				memcpy(first, key, KEY_BYTES);
			differ += memcmp(first, key, KEY_BYTES) != 0;
		}
		bad += i != CHILDREN;
		close(result[0]);
		while (wait(&status) > 0)
			bad += status != 0;
		left += key_files() != 1;
	}
	is_int(bad, 0, "8 processes make the file at once, 20 times: all get a key");
	is_int(differ, 0, "all the same one");
	is_int(left, 0, "and no other file is left");
}

static void *
process_key(void *out)
{
	keyring ring;

	if (keyring_process(&ring, NULL) == SESS_OK && ring.count == 1)
		memcpy(out, ring.key[0], KEY_BYTES);
	keyring_close(&ring);
	return NULL;
}

static void
process_same(void)
{
	unsigned char keys[4][KEY_BYTES] = { { 0 } };
	pthread_t thread[4];
	int i, same = 0;

	for (i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, process_key, keys[i]) != 0)
			bail("cannot start a thread");
	for (i = 0; i < 4; i++) {
		pthread_join(thread[i], NULL);
		same += memcmp(keys[0], keys[i], KEY_BYTES) == 0;
	}
	is_int(same, 4, "the key of the process is the same in 4 threads");
	ok(!sodium_is_zero(keys[0], KEY_BYTES), "and is no zeros");
}

static void
without_locked_memory(void)
{
	struct rlimit none = { 0, 0 };
	sess_error err;
	keyring ring;

	write_keys("1 " KEY_A, 45, 0600);
	if (setrlimit(RLIMIT_MEMLOCK, &none) != 0)
		bail("cannot lower the limit");
	is_str(opened(&ring, &err), "", "keys are read without a right to lock memory");
	keyring_close(&ring);
}

int
main(void)
{
	if (sodium_init() < 0)
		bail("sodium_init failed");
	path = temp_path("key");
	open_reads();
	open_refuses_texts();
	open_limits();
	open_refuses_modes();
	open_refuses_kinds();
	make_modes();
	make_race();
	process_same();
	without_locked_memory();
	free(path);
	return done();
}
