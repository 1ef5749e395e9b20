/* SPDX-License-Identifier: ISC */
/* store_sqlite_files.c - the files of a database: safe to use, and made so that nobody meets half
 * of one. */
#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *
db_beside(const char *path, const char *suffix)
{
	size_t size = strlen(path) + strlen(suffix) + 1;
	char *text = malloc(size);

	if (text != NULL)
		snprintf(text, size, "%s%s", path, suffix);
	return text;
}

/* A folder in which others may write lets them put their own files in place of ours. */
static int
check_folder(const char *folder, sess_error *err)
{
	struct stat st;

	if (stat(folder, &st) != 0)
		return sess_fail(err, SESS_STORE, "%s: %s", folder, strerror(errno));
	if (st.st_mode & (S_IWGRP | S_IWOTH))
		return sess_fail(err, SESS_STORE, "%s: other users may write in this folder (mode %04o); "
			"chmod go-w it, or give the sessions a folder of their own", folder,
			(unsigned)st.st_mode & 07777u);
	return SESS_OK;
}

int
db_path(sqlite_store *s, const char *given, sess_error *err)
{
	const char *slash = strrchr(given, '/'), *name = slash != NULL ? slash + 1 : given;
	char folder[PATH_MAX];
	char *parent;
	int rc;

	if (*name == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return sess_fail(err, SESS_STORE, "sqlite:%s: name a file", given);
	parent = slash == given ? strdup("/") : slash != NULL ? strndup(given, (size_t)(slash - given))
		: strdup(".");
	if (parent == NULL)
		return sess_fail(err, SESS_NOMEM, "out of memory");
	if (realpath(parent, folder) == NULL)
		rc = sess_fail(err, SESS_STORE, "%s: the folder %s cannot be used: %s; make it with "
			"mode 700", given, parent, strerror(errno));
	else
		rc = check_folder(folder, err);
	free(parent);
	if (rc != SESS_OK)
		return rc;
	s->path = malloc(strlen(folder) + strlen(name) + 2);
	if (s->path == NULL)
		return sess_fail(err, SESS_NOMEM, "out of memory");
	sprintf(s->path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name);
	return SESS_OK;
}

/* Only lstat: if we opened the file ourselves, closing it again would drop the locks that SQLite
 * has on it elsewhere in this process. */
int
db_file(const sqlite_store *s, const char *suffix, sess_error *err)
{
	char *path = db_beside(s->path, suffix);
	struct stat st;
	int rc = 1;

	if (path == NULL)
		return sess_fail(err, SESS_NOMEM, "out of memory");
	if (lstat(path, &st) == 0) {
		if (private_check(&st, path, err) != SESS_OK)
			rc = SESS_STORE;
	} else if (errno == ENOENT) {
		rc = 0;
	} else {
		rc = sess_fail(err, SESS_STORE, "%s: %s", path, strerror(errno));
	}
	free(path);
	return rc;
}

static int
sync_folder(const char *path)
{
	char *folder = strdup(path);
	int fd, rc = -1;

	if (folder == NULL)
		return -1;
	*(strrchr(folder, '/') + 1) = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		rc = fsync(fd);
		close(fd);
	}
	free(folder);
	return rc;
}

/* The database is made under another name and then linked: nobody ever meets half of one, and an
 * existing one is never overwritten. */
static int
create(sqlite_store *s, sess_error *err)
{
	static const char *const left[] = { "-journal", "-wal", "-shm", "" };
	char *temporary = malloc(strlen(s->path) + sizeof(PRIVATE_SUFFIX));
	int rc, fd;

	if (temporary == NULL)
		return sess_fail(err, SESS_NOMEM, "out of memory");
	fd = private_file(temporary, s->path);
	if (fd < 0) {
		rc = sess_fail(err, SESS_STORE, "%s cannot be made: %s", s->path, strerror(errno));
		free(temporary);
		return rc;
	}
	close(fd);
	rc = db_fill(s, temporary, err);
	if (rc == SESS_OK && link(temporary, s->path) != 0 && errno != EEXIST)
		rc = sess_fail(err, SESS_STORE, "%s cannot be made: %s", s->path, strerror(errno));
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
		char *name = db_beside(temporary, left[i]);

		if (name != NULL)
			unlink(name);
		free(name);
	}
	free(temporary);
	if (rc == SESS_OK && sync_folder(s->path) != 0)
		rc = sess_fail(err, SESS_STORE, "%s: its folder cannot be synced: %s", s->path,
			strerror(errno));
	return rc;
}

int
db_create_missing(sqlite_store *s, sess_error *err)
{
	int rc = gate_enter(&s->gate, s->busy_ms, err), log;

	if (rc != SESS_OK)
		return rc;
	rc = db_file(s, "", err);
	if (rc == 0) {
		log = db_file(s, "-wal", err);
		/* SQLite would play it into the new database. */
		rc = log == 0 ? create(s, err) : log < 0 ? log : sess_fail(err, SESS_STORE,
			"%s-wal is left over from a database that is gone: remove it and %s-shm, or "
			"put the database back", s->path, s->path);
	}
	gate_leave(&s->gate);
	return rc < 0 ? rc : SESS_OK;
}
