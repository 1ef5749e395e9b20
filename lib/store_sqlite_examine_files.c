/* SPDX-License-Identifier: ISC */
/* store_sqlite_examine_files.c - what a look at folder, files and disk tells about a database,
 * before anything in it is read. */
#include "store_sqlite.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)
#define LOG_MOST (64 * MIB)
/* A database being made takes milliseconds: what is older than this was left behind. */
#define LEFT_OVER 3600

/* False if the folder cannot be looked at, after which nothing else can. */
static bool
look_at_folder(const examination *x)
{
	struct stat st;

	if (stat(x->folder, &st) != 0) {
		examine_say(x, SESS_FAULT, "make the folder with mode 700, or name the right store",
			"%s cannot be used: %s", x->folder, strerror(errno));
		return false;
	}
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		examine_say(x, SESS_FAULT, "chmod go-w the folder, or give the sessions one of their own",
			"%s: other users may write in this folder (mode %04o)", x->folder,
			(unsigned)st.st_mode & 07777u);
	else if (access(x->folder, R_OK | W_OK | X_OK) != 0)
		examine_say(x, SESS_FAULT, "chown the folder to the user that runs the programs",
			"%s: user %lu may not write in this folder, which belongs to user %lu", x->folder,
			(unsigned long)geteuid(), (unsigned long)st.st_uid);
	else
		examine_say(x, SESS_FINE, "", "%s: no other user may write in this folder", x->folder);
	return true;
}

/* One of the files, by what its name has behind the database's; as examine_file. */
static int
look_at_file(const examination *x, const char *suffix, struct stat *st)
{
	char *path = db_beside(x->path, suffix);
	int there = path != NULL ? examine_file(x, path, st) : -1;

	free(path);
	return there;
}

static void
look_at_log(const examination *x, const struct stat *log)
{
	if (log->st_size > LOG_MOST)
		examine_say(x, SESS_WARNING, "end sqlite3 shells and backups that hold a transaction "
			"open, then run sesskit gc --checkpoint", "%s-wal has grown to %lld MiB", x->path,
			(long long)(log->st_size / MIB));
}

/* Files are made as "NAME-new-..." or "NAME-gate-new-...", and then get their names. */
static bool
is_unfinished(const char *file, const char *name)
{
	size_t len = strlen(name);

	if (strncmp(file, name, len) != 0)
		return false;
	file += len;
	if (strncmp(file, "-gate", strlen("-gate")) == 0)
		file += strlen("-gate");
	return strncmp(file, "-new-", strlen("-new-")) == 0;
}

static void
look_for_leftovers(const examination *x)
{
	const char *name = strrchr(x->path, '/') + 1;
	DIR *folder = opendir(x->folder);
	struct dirent *entry;
	struct stat st;

	if (folder == NULL)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (is_unfinished(entry->d_name, name) &&
			fstatat(dirfd(folder), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mtime < time(NULL) - LEFT_OVER)
			examine_say(x, SESS_WARNING, "remove it", "%s/%s was left behind by a program that "
				"was killed", strcmp(x->folder, "/") == 0 ? "" : x->folder, entry->d_name);
	closedir(folder);
}

/* What is there of log and index of the log decides how the database can be read. */
static int
way_in(const examination *x, int there, int log, int index)
{
	if (there == 0 && log == 0) {
		examine_say(x, SESS_FAULT, "start a program that uses it, or name the right store",
			"%s: there is no such file", x->path);
		return EXAMINE_NOT;
	}
	if (there == 0) {
		examine_say(x, SESS_FAULT, "put the database back, or remove this file and the -shm",
			"%s-wal is left over from a database that is gone", x->path);
		return EXAMINE_NOT;
	}
	if (there < 0 || log < 0 || index < 0)
		return EXAMINE_NOT;
	if (log == 0)
		return EXAMINE_ALONE;
	if (index == 1)
		return EXAMINE_SHARED;
	examine_say(x, SESS_WARNING, "let any program open it, such as sesskit stats, and look again",
		"%s-shm is missing: the log cannot be read without making one, so the database was not "
		"looked into", x->path);
	return EXAMINE_NOT;
}

int
examine_files(const examination *x)
{
	struct stat st, log_st;
	int there, log, index, door;

	if (!look_at_folder(x))
		return EXAMINE_NOT;
	examine_disk(x);
	log = look_at_file(x, "-wal", &log_st);
	index = look_at_file(x, "-shm", &st);
	door = look_at_file(x, "-gate", &st);
	there = look_at_file(x, "", &st);
	if (there == 1 && log >= 0 && index >= 0 && door >= 0 && st.st_uid == 0)
		examine_say(x, SESS_WARNING, "chown the files to the user that runs the programs",
			"%s belongs to root: web programs should run as another user", x->path);
	if (there == 1 && st.st_size == 0) {
		examine_say(x, SESS_FAULT, "remove it, and a new one is made", "%s is empty", x->path);
		there = -1;
	}
	if (log == 1)
		look_at_log(x, &log_st);
	look_for_leftovers(x);
	return way_in(x, there, log, index);
}
