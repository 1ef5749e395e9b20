/* SPDX-License-Identifier: ISC */
/*
 * powerleft.c - what a power cut leaves of a folder: each folder in it with the names that were
 * synced, or with those of now; each file with the bytes that were synced, with those of now, or
 * with a mix of both, torn at 512 bytes. What a file has grown by is there up to any byte: ext4 and
 * others with ordered data show none of a grown file that was not written.
 */
#define _GNU_SOURCE
#include "powerleft.h"

#include "faults.h"
#include "powershadow.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR 512
#define BLOCK ((off_t)128 * SECTOR)
#define OPEN_FOLDERS 16

typedef struct cut {
	const char *shadow;
	uint64_t *seed;                 /* NULL: nothing that was done later */
} cut;

/* -- a new shadow ------------------------------------------------------------------------------ */

static const char *shadowed;            /* nftw hands on nothing */

static int
shadow_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	int fd, rc;

	(void)at;
	if (type != FTW_D && !(type == FTW_F && S_ISREG(st->st_mode)))
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	rc = type == FTW_D ? shadow_folder(shadowed, fd) : shadow_file(shadowed, fd);
	close(fd);
	return rc;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int
power_remove(const char *folder)
{
	return nftw(folder, remove_entry, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
}

static int
make_anew(const char *folder)
{
	if (access(folder, F_OK) == 0 && power_remove(folder) != 0)
		return -1;
	return mkdir(folder, 0700);
}

int
power_begin(const char *folder, const char *shadow)
{
	shadowed = shadow;
	if (make_anew(shadow) != 0)
		return -1;
	return nftw(folder, shadow_entry, OPEN_FOLDERS, FTW_PHYS);
}

/* -- files ------------------------------------------------------------------------------------- */

typedef struct source {
	int fd;                         /* -1: there is none */
	off_t size;
} source;

static source
open_source(const char *path)
{
	source s = { .fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1 };
	struct stat st;

	if (s.fd >= 0 && fstat(s.fd, &st) == 0)
		s.size = st.st_size;
	return s;
}

static void
close_source(source *s)
{
	if (s->fd >= 0)
		close(s->fd);
}

static void
read_source(const source *s, char *block, off_t at)
{
	memset(block, 0, BLOCK);
	if (s->fd >= 0 && pread(s->fd, block, BLOCK, at) < 0)
		bail("a file cannot be read back");
}

static void
mix_block(cut *c, char *old, const char *new)
{
	for (off_t i = 0; i < BLOCK; i += SECTOR)
		if (dice(c->seed, 2) == 0)
			memcpy(old + i, new + i, SECTOR);
}

/* Sectors of the one and of the other, at the length of one of them or between. */
static int
write_mix(cut *c, const source *old, const source *new, bool mixed, int to)
{
	off_t grown = new->size > old->size ? new->size - old->size : 0;
	off_t size = mixed ? old->size + (off_t)dice(c->seed, (unsigned)grown + 1) : old->size;
	char was[BLOCK], now[BLOCK];

	for (off_t at = 0; at < size; at += BLOCK) {
		off_t n = size - at < BLOCK ? size - at : BLOCK;

		read_source(old, was, at);
		read_source(new, now, at);
		if (mixed && memcmp(was, now, BLOCK) != 0) {
			/* Beyond the end of the one there is but the other. */
			for (off_t i = 0; i < BLOCK; i++)
				if (at + i >= old->size)
					was[i] = now[i];
				else if (at + i >= new->size)
					now[i] = was[i];
			mix_block(c, was, now);
		}
		if (pwrite(to, was, (size_t)n, at) != n)
			return -1;
	}
	return ftruncate(to, size);
}

static int
leave_file(cut *c, ino_t inode, const char *now, const char *to)
{
	char synced[SHADOW_NAME], kept[SHADOW_NAME];
	unsigned luck = c->seed != NULL ? dice(c->seed, 4) : 0;
	source old, new, nothing = { .fd = -1 };
	int out, rc = -1;

	shadow_name(synced, c->shadow, SHADOW_DATA, inode);
	shadow_name(kept, c->shadow, SHADOW_GONE, inode);
	old = open_source(synced);
	new = open_source(now != NULL ? now : access(kept, F_OK) == 0 ? kept : synced);
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out >= 0)
		rc = luck == 0 ? write_mix(c, &old, &nothing, false, out)
			: luck == 1 ? write_mix(c, &new, &nothing, false, out)
			: write_mix(c, &old, &new, true, out);
	if (out >= 0)
		close(out);
	close_source(&old);
	close_source(&new);
	return rc;
}

/* -- folders ----------------------------------------------------------------------------------- */

/* The names in a folder of this inode: NULL if there are none. now may be NULL: it is gone. */
static FILE *
open_names(cut *c, ino_t inode, const char *now)
{
	char list[SHADOW_NAME];
	int fd = -1, rc = 0;
	FILE *names;

	shadow_name(list, c->shadow, SHADOW_NAMES, inode);
	if (now != NULL && c->seed != NULL && dice(c->seed, 2) == 0) {
		shadow_name(list, c->shadow, SHADOW_NOW, inode);
		fd = open(now, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = fd >= 0 ? shadow_list(fd, list) : -1;
		if (fd >= 0)
			close(fd);
	}
	names = rc == 0 ? fopen(list, "re") : NULL;
	if (rc != 0 || (names == NULL && errno != ENOENT))
		bail("%s: cannot be listed", list);
	return names;
}

static bool
is_inode(const char *path, ino_t inode)
{
	struct stat st;

	return lstat(path, &st) == 0 && st.st_ino == inode;
}

static int
leave_folder(cut *c, ino_t inode, const char *now, const char *to)
{
	FILE *names = open_names(c, inode, now);
	char type, name[256], from[SHADOW_NAME], target[SHADOW_NAME];
	uintmax_t child;
	int rc = 0;

	while (rc == 0 && names != NULL &&
		fscanf(names, "%c %ju %255[^\n]\n", &type, &child, name) == 3) {
		const char *there = from;

		snprintf(from, sizeof(from), "%s/%s", now != NULL ? now : "", name);
		snprintf(target, sizeof(target), "%s/%s", to, name);
		if (now == NULL || !is_inode(from, (ino_t)child))
			there = NULL;
		if (type == 'f')
			rc = leave_file(c, (ino_t)child, there, target);
		else if ((rc = mkdir(target, 0700)) == 0)
			rc = leave_folder(c, (ino_t)child, there, target);
	}
	if (names != NULL)
		fclose(names);
	return rc;
}

int
power_leave(const char *folder, const char *shadow, const char *to, uint64_t *seed)
{
	cut c = { .shadow = shadow, .seed = seed };
	struct stat st;

	if (stat(folder, &st) != 0 || make_anew(to) != 0)
		return -1;
	return leave_folder(&c, st.st_ino, folder, to);
}
