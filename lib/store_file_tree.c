/* SPDX-License-Identifier: ISC */
/* store_file_tree.c - the folders of the file store: where something is, and going through
 * them in the order of their names. No link is followed on the way. */
#include "store_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEX "%016" PRIx64
#define SPAN_BITS 16            /* times of one folder, of seconds 18 hours */
#define REMADE 8                /* tries to get into a folder that others remove when it is empty */
#define BUCKET_BITS 6           /* and of one folder in that: a minute */

/* -- names ------------------------------------------------------------------------------------- */

static void
hex_key(char text[FILE_KEY + 1], const unsigned char *key)
{
	(void)sodium_bin2hex(text, FILE_KEY + 1, key, SESS_ID_BYTES);
}

bool
file_key(unsigned char key[SESS_ID_BYTES], const char *text)
{
	size_t len;

	return strlen(text) == FILE_KEY &&
		sodium_hex2bin(key, SESS_ID_BYTES, text, FILE_KEY, NULL, &len, NULL) == 0 &&
		len == SESS_ID_BYTES;
}

/* Numbers below zero come first. */
static uint64_t
sortable(int64_t number)
{
	return (uint64_t)number ^ UINT64_C(1) << 63;
}

int64_t
file_time(const char *text)
{
	char hex[FILE_TIME + 1] = "";

	memcpy(hex, text, FILE_TIME);
	return (int64_t)(strtoull(hex, NULL, 16) ^ UINT64_C(1) << 63);
}

static void
split(place *p, const char *root, const char *hex)
{
	p->root = root;
	snprintf(p->folder[0], sizeof(p->folder[0]), "%.2s", hex);
	snprintf(p->folder[1], sizeof(p->folder[1]), "%.2s", hex + 2);
	snprintf(p->name, sizeof(p->name), "%s", hex + 4);
}

void
file_place(place *p, const unsigned char *key)
{
	char hex[FILE_KEY + 1];

	hex_key(hex, key);
	split(p, "data", hex);
}

void
file_time_place(place *p, const char *root, int64_t number, int kind, const unsigned char *key)
{
	uint64_t time = sortable(number);
	char hex[FILE_KEY + 1] = "";

	if (key)
		hex_key(hex, key);
	p->root = root;
	snprintf(p->folder[0], FILE_NAME, HEX, time >> SPAN_BITS);
	snprintf(p->folder[1], FILE_NAME, HEX, time >> BUCKET_BITS);
	snprintf(p->name, FILE_NAME, HEX "%c%s", time, kind, hex);
}

void
file_user_place(place *p, const char *user, const unsigned char *key)
{
	unsigned char hash[SESS_ID_BYTES];
	char hex[FILE_KEY + 1];

	(void)crypto_generichash(hash, sizeof(hash), (const unsigned char *)user, strlen(user),
		NULL, 0);
	hex_key(hex, hash);
	p->root = "users";
	snprintf(p->folder[0], FILE_NAME, "%.2s", hex);
	snprintf(p->folder[1], FILE_NAME, "%s", hex + 2);
	hex_key(hex, key);
	snprintf(p->name, FILE_NAME, "%s", hex);
}

/* -- folders ----------------------------------------------------------------------------------- */

/* One that is made is put on disk at once: who finds it later takes that for granted. */
static int
open_folder(int at, const char *name, bool make)
{
	const int how = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(at, name, how);

	if (fd >= 0 || errno != ENOENT || !make)
		return fd;
	if ((mkdirat(at, name, S_IRWXU) != 0 && errno != EEXIST) || fsync(at) != 0)
		return -1;
	return openat(at, name, how);
}

int
file_folder(const file_store *s, const place *p, bool make)
{
	const char *const level[] = { p->root, p->folder[0], p->folder[1] };
	int at = s->dir, next;

	for (int i = 0; i < 3; i++) {
		next = open_folder(at, level[i], make);
		if (at != s->dir) {
			int failed = errno;

			close(at);
			errno = failed;
		}
		if (next < 0)
			return -1;
		at = next;
	}
	return at;
}

int
file_create(const file_store *s, const place *p, int how, int *dir)
{
	bool again = true;
	int fd = -1;

	*dir = -1;
	for (int i = 0; i < REMADE && again; i++) {
		if (*dir >= 0)
			close(*dir);
		*dir = file_folder(s, p, true);
		if (*dir >= 0)
			fd = openat(*dir, p->name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK |
				how, S_IRUSR | S_IWUSR);
		/* What is in the way of O_EXCL was left by a process that died. */
		again = fd < 0 && (errno == ENOENT ||
			(errno == EEXIST && *dir >= 0 && unlinkat(*dir, p->name, 0) == 0));
	}
	return fd;
}

typedef struct names {
	char (*at)[FILE_NAME];
	size_t n, room;
} names;

static int
by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Add a name if it may be one of ours, or left by us; false: out of memory. */
static bool
add_name(names *list, const char *name)
{
	char (*more)[FILE_NAME];
	size_t len = strlen(name);

	if (strspn(name, "0123456789abcdefptulsx" FILE_NEW) != len || name[0] == '.' ||
		len >= FILE_NAME)
		return true;
	if (list->n == list->room) {
		more = reallocarray(list->at, list->room * 2 + 64, sizeof(*more));
		if (!more)
			return false;
		list->at = more;
		list->room = list->room * 2 + 64;
	}
	memcpy(list->at[list->n++], name, len + 1);
	return true;
}

/* The names in a folder, in order; for the caller to free. 0, or -1 with errno. */
static int
read_names(int dir, names *list)
{
	int copy = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = 0;
	DIR *d = copy >= 0 ? fdopendir(copy) : NULL;
	const struct dirent *entry;

	if (!d) {
		failed = errno;
		if (copy >= 0)
			close(copy);
		errno = failed;
		return -1;
	}
	while (!failed && (errno = 0, entry = readdir(d)))
		failed = add_name(list, entry->d_name) ? 0 : ENOMEM;
	failed = failed ? failed : errno;
	closedir(d);
	if (list->n)
		qsort(list->at, list->n, sizeof(*list->at), by_name);
	errno = failed;
	return failed ? -1 : 0;
}

/* -- going through a tree ---------------------------------------------------------------------- */

/* Whoever has just made a folder is about to put something there. */
static bool
is_young(int dir)
{
	struct stat st;

	return fstat(dir, &st) != 0 || st.st_mtime > time(NULL) - FILE_YOUNG;
}

/* One that is empty is of no use. */
static void
remove_folder(int at, const char *name, int dir, int64_t *freed)
{
	struct stat st;

	if (fstat(dir, &st) == 0 && unlinkat(at, name, AT_REMOVEDIR) == 0)
		*freed += (int64_t)st.st_blocks * 512;
}

static int
go_through(file_tour *t, int dir, int level, bool edge)
{
	const char *after = !edge ? "" : level == 2 ? t->after->name : t->after->folder[level];
	names list = { .n = 0 };
	int rc = read_names(dir, &list) == 0 ? SESS_OK : file_failed(t->s, "cannot be listed", t->err);

	for (size_t i = 0; i < list.n && rc == SESS_OK; i++) {
		int order = strcmp(list.at[i], after), next = -1;
		bool stays;

		t->name[level] = list.at[i];
		if (level == 0 && t->only && strcmp(list.at[i], t->only) != 0)
			continue;
		if (level == 2 && order > 0)
			rc = t->fn(t->arg, t->name, dir);
		else if (level < 2 && order >= 0)
			next = open_folder(dir, list.at[i], false);
		if (next < 0)
			continue;
		stays = !t->freed || is_young(next);
		rc = go_through(t, next, level + 1, edge && order == 0);
		if (rc == SESS_OK && !stays)
			remove_folder(dir, list.at[i], next, t->freed);
		close(next);
	}
	free(list.at);
	return rc;
}

int
file_go(const char *root, file_tour t)
{
	int dir = open_folder(t.s->dir, root, false), rc;

	if (dir < 0)
		return errno == ENOENT ? SESS_OK : file_failed(t.s, "cannot be listed", t.err);
	rc = go_through(&t, dir, 0, t.after != NULL);
	close(dir);
	return rc;
}

typedef struct keys {
	home_key_fn *fn;
	void *arg;
	sess_cursor *cursor;
	size_t n, limit;
} keys;

static int
each_value(void *arg, const char *const name[3], int dir)
{
	keys *k = arg;
	unsigned char key[SESS_ID_BYTES];
	char hex[3 * FILE_NAME];
	int rc;

	(void)dir;
	snprintf(hex, sizeof(hex), "%s%s%s", name[0], name[1], name[2]);
	if (strlen(name[0]) != 2 || strlen(name[1]) != 2 || !file_key(key, hex))
		return SESS_OK;
	if (k->n++ == k->limit)
		return FILE_ENOUGH;
	rc = k->fn(k->arg, key);
	if (rc == SESS_OK) {
		k->cursor->at[0] = 1;
		memcpy(k->cursor->at + 1, key, sizeof(key));
	}
	return rc;
}

int
file_each(void *self, sess_cursor *cursor, size_t limit, home_key_fn *fn, void *arg,
	sess_error *err)
{
	keys k = { .fn = fn, .arg = arg, .cursor = cursor, .limit = limit ? limit : 1 };
	place after;

	file_place(&after, cursor->at + 1);
	return file_go("data", (file_tour){ .s = self, .fn = each_value, .arg = &k, .err = err,
		.after = cursor->at[0] ? &after : NULL });
}

int
file_of_user(void *self, const char *user, home_key_fn *fn, void *arg, sess_error *err)
{
	static const unsigned char any[SESS_ID_BYTES];
	file_store *s = self;
	names list = { .n = 0 };
	int dir, rc = SESS_OK;
	place p;

	file_user_place(&p, user, any);
	dir = file_folder(s, &p, false);
	if (dir < 0 ? errno != ENOENT : read_names(dir, &list) != 0)
		rc = file_failed(s, "sessions of a user cannot be listed", err);
	for (size_t i = 0; i < list.n && rc == SESS_OK; i++) {
		unsigned char key[SESS_ID_BYTES];

		if (file_key(key, list.at[i]))
			rc = fn(arg, key);
	}
	free(list.at);
	if (dir >= 0)
		close(dir);
	return rc;
}
