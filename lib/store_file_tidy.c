/* SPDX-License-Identifier: ISC */
/* store_file_tidy.c - what the file store gives back to the system: files of processes that died
 * while they wrote, and folders that are empty. */
#include "store_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FOLDERS 256             /* of the first level in each root */

int64_t
file_sweep(int dir, const place *value)
{
	char name[FILE_NAME + sizeof(FILE_NEW)];
	struct stat st;

	snprintf(name, sizeof(name), "%s" FILE_NEW, value->name);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_mtime > time(NULL) - FILE_YOUNG ||
		unlinkat(dir, name, 0) != 0)
		return 0;
	return (int64_t)st.st_blocks * 512;
}

typedef struct tidying {
	file_store *s;
	int64_t *freed;
} tidying;

/* Whoever writes here has the lock. */
static int
each_new(void *arg, const char *const name[3], int dir)
{
	const tidying *t = arg;
	unsigned char key[SESS_ID_BYTES];
	size_t len = strlen(name[2]);
	char hex[3 * FILE_NAME];
	sess_error busy;
	place p;

	if (len < strlen(FILE_NEW) || strcmp(name[2] + len - strlen(FILE_NEW), FILE_NEW) != 0)
		return SESS_OK;
	snprintf(hex, sizeof(hex), "%s%s%.*s", name[0], name[1], (int)(len - strlen(FILE_NEW)), name[2]);
	if (!file_key(key, hex) || file_lock(t->s, key, true, &busy) != SESS_OK)
		return SESS_OK;
	file_place(&p, key);
	*t->freed += file_sweep(dir, &p);
	file_unlock(t->s, key);
	return SESS_OK;
}

/* A mark is gone with its session. */
static int
keep_mark(void *arg, const char *const name[3], int dir)
{
	(void)arg;
	(void)name;
	(void)dir;
	return SESS_OK;
}

/* A handle goes on where it stopped the last time. */
int
file_tidy(void *self, int flags, int ms, int64_t *freed, sess_error *err)
{
	file_store *s = self;
	tidying t = { .s = s, .freed = freed };
	int64_t until = home_ms() + ms;
	int rc = SESS_OK;
	char folder[3];

	*freed = 0;
	if (!(flags & SESS_TIDY_SHRINK))
		return 0;
	do {
		bool values = s->tidied < FOLDERS;

		snprintf(folder, sizeof(folder), "%02x", s->tidied % FOLDERS);
		rc = file_go(values ? "data" : "users", (file_tour){ .s = s, .err = err, .only = folder,
			.fn = values ? each_new : keep_mark, .arg = &t, .freed = freed });
		s->tidied = (s->tidied + 1) % (2 * FOLDERS);
	} while (rc == SESS_OK && s->tidied && home_ms() < until);
	return rc == SESS_OK ? s->tidied != 0 : rc;
}
