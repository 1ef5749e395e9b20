/* SPDX-License-Identifier: ISC */
/*
 * powervfs.c - a file system below SQLite that remembers what has been synced, and can write down
 * what a power cut might leave: the synced content, and of later writes any number, in any order,
 * each torn at 512 bytes.
 */
#define _GNU_SOURCE
#include "powervfs.h"

#include "faults.h"

#include <sqlite3.h>
#include <sys/stat.h>

#define SECTOR 512

static const char *const suffixes[] = { "", "-wal", "-journal" };
#define FILES (int)(sizeof(suffixes) / sizeof(suffixes[0]))

/* Done since the last sync: bytes at an offset, or with bytes NULL, the file cut to that length. */
typedef struct change {
	struct change *next;
	int64_t at, len;
	unsigned char bytes[];
} change;

typedef struct disk {
	unsigned char *synced;
	int64_t size;
	bool exists;                    /* on disk: created and synced since */
	change *first, *last;
} disk;

typedef struct watched {
	sqlite3_file base;
	disk *on;                       /* NULL: a file that does not matter */
	sqlite3_file real[];
} watched;

static sqlite3_vfs *below, shim;
static char watched_path[300];
static disk disks[FILES];
static void (*moment)(void *);
static void *moment_arg;

static sqlite3_file *
real_of(sqlite3_file *f)
{
	return ((watched *)f)->real;
}

static disk *
disk_of(sqlite3_file *f)
{
	return ((watched *)f)->on;
}

/* -- what is remembered ------------------------------------------------------------------------ */

static disk *
disk_find(const char *name)
{
	size_t len = strlen(watched_path);

	if (name == NULL || strncmp(name, watched_path, len) != 0)
		return NULL;
	for (int i = 0; i < FILES; i++)
		if (strcmp(name + len, suffixes[i]) == 0)
			return &disks[i];
	return NULL;
}

static void
remember(disk *d, int64_t at, const void *bytes, int64_t len)
{
	change *c = malloc(sizeof(*c) + (bytes != NULL ? (size_t)len : 0));

	if (c == NULL)
		bail("out of memory");
	c->next = NULL;
	c->at = at;
	c->len = bytes != NULL ? len : -1;
	if (bytes != NULL)
		memcpy(c->bytes, bytes, (size_t)len);
	if (d->last != NULL)
		d->last->next = c;
	else
		d->first = c;
	d->last = c;
}

static void
resize(unsigned char **content, int64_t *size, int64_t to)
{
	unsigned char *at = realloc(*content, to > 0 ? (size_t)to : 1);

	if (at == NULL)
		bail("out of memory");
	if (to > *size)
		memset(at + *size, 0, (size_t)(to - *size));
	*content = at;
	*size = to;
}

static void
apply_bytes(unsigned char **content, int64_t *size, int64_t at, const unsigned char *bytes,
	int64_t len)
{
	if (at + len > *size)
		resize(content, size, at + len);
	memcpy(*content + at, bytes, (size_t)len);
}

static void
settle_disk(disk *d)
{
	while (d->first != NULL) {
		change *c = d->first;

		d->first = c->next;
		if (c->len < 0)
			resize(&d->synced, &d->size, c->at);
		else
			apply_bytes(&d->synced, &d->size, c->at, c->bytes, c->len);
		free(c);
	}
	d->last = NULL;
	d->exists = true;
}

/* -- what a power cut leaves ------------------------------------------------------------------- */

/* A write that was not synced: lost, done, or done in some of its sectors. */
static void
apply_some(unsigned char **content, int64_t *size, const change *c, uint64_t *seed)
{
	unsigned luck = dice(seed, 4);
	int64_t n;

	if (luck == 0)
		return;
	if (c->len < 0) {
		resize(content, size, c->at);
		return;
	}
	for (int64_t i = 0; i < c->len; i += n) {
		n = SECTOR - (c->at + i) % SECTOR;
		n = n < c->len - i ? n : c->len - i;
		if (luck == 1 || dice(seed, 2) == 0)
			apply_bytes(content, size, c->at + i, c->bytes + i, n);
	}
}

static int
write_image(const disk *d, const char *path, uint64_t *seed)
{
	int64_t size = d->size;
	unsigned char *content = NULL;
	int64_t have = 0;
	FILE *out;
	int rc;

	resize(&content, &have, size);
	if (size > 0)
		memcpy(content, d->synced, (size_t)size);
	for (const change *c = d->first; c != NULL; c = c->next)
		apply_some(&content, &have, c, seed);
	umask(077);
	out = fopen(path, "w");
	rc = out == NULL || fwrite(content, 1, (size_t)have, out) != (size_t)have;
	if (out != NULL && fclose(out) != 0)
		rc = 1;
	free(content);
	return rc;
}

int
power_image(const char *path, uint64_t *seed)
{
	int rc = 0;

	for (int i = 0; i < FILES; i++) {
		char name[400];

		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		if (disks[i].exists)
			rc |= write_image(&disks[i], name, seed);
		else
			(void)remove(name);
	}
	return rc;
}

/* -- between SQLite and its files -------------------------------------------------------------- */

static void
tell_moment(const disk *d)
{
	if (d != NULL && moment != NULL)
		moment(moment_arg);
}

static int
shim_close(sqlite3_file *f)
{
	return real_of(f)->pMethods->xClose(real_of(f));
}

static int
shim_read(sqlite3_file *f, void *bytes, int n, sqlite3_int64 at)
{
	return real_of(f)->pMethods->xRead(real_of(f), bytes, n, at);
}

static int
shim_write(sqlite3_file *f, const void *bytes, int n, sqlite3_int64 at)
{
	disk *d = disk_of(f);
	int rc;

	tell_moment(d);
	rc = real_of(f)->pMethods->xWrite(real_of(f), bytes, n, at);
	if (rc == SQLITE_OK && d != NULL)
		remember(d, at, bytes, n);
	return rc;
}

static int
shim_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	disk *d = disk_of(f);
	int rc;

	tell_moment(d);
	rc = real_of(f)->pMethods->xTruncate(real_of(f), size);
	if (rc == SQLITE_OK && d != NULL)
		remember(d, size, NULL, 0);
	return rc;
}

static int
shim_sync(sqlite3_file *f, int flags)
{
	disk *d = disk_of(f);

	/* The real one is not called: no test of this machine's disk is intended. */
	(void)flags;
	tell_moment(d);
	if (d != NULL)
		settle_disk(d);
	return SQLITE_OK;
}

static int
shim_file_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return real_of(f)->pMethods->xFileSize(real_of(f), size);
}

static int
shim_lock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xLock(real_of(f), level);
}

static int
shim_unlock(sqlite3_file *f, int level)
{
	return real_of(f)->pMethods->xUnlock(real_of(f), level);
}

static int
shim_check_lock(sqlite3_file *f, int *reserved)
{
	return real_of(f)->pMethods->xCheckReservedLock(real_of(f), reserved);
}

static int
shim_control(sqlite3_file *f, int op, void *arg)
{
	/* Preallocation would change the size behind our back. */
	if (op == SQLITE_FCNTL_SIZE_HINT)
		return SQLITE_OK;
	return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}

static int
shim_sector_size(sqlite3_file *f)
{
	(void)f;
	return SECTOR;
}

/* Nothing may be taken for granted about this disk. */
static int
shim_device(sqlite3_file *f)
{
	(void)f;
	return 0;
}

static int
shim_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
	return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}

static int
shim_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
	return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}

static void
shim_shm_barrier(sqlite3_file *f)
{
	real_of(f)->pMethods->xShmBarrier(real_of(f));
}

static int
shim_shm_unmap(sqlite3_file *f, int delete)
{
	return real_of(f)->pMethods->xShmUnmap(real_of(f), delete);
}

static const sqlite3_io_methods methods = {
	.iVersion = 2, .xClose = shim_close, .xRead = shim_read, .xWrite = shim_write,
	.xTruncate = shim_truncate, .xSync = shim_sync, .xFileSize = shim_file_size,
	.xLock = shim_lock, .xUnlock = shim_unlock, .xCheckReservedLock = shim_check_lock,
	.xFileControl = shim_control, .xSectorSize = shim_sector_size,
	.xDeviceCharacteristics = shim_device, .xShmMap = shim_shm_map, .xShmLock = shim_shm_lock,
	.xShmBarrier = shim_shm_barrier, .xShmUnmap = shim_shm_unmap,
};

static int
shim_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
	watched *w = (watched *)f;
	int rc;

	(void)vfs;
	w->on = disk_find(name);
	rc = below->xOpen(below, name, w->real, flags, out);
	f->pMethods = w->real->pMethods != NULL ? &methods : NULL;
	return rc;
}

/* What is there already counts as synced. */
static void
read_disk(disk *d, const char *suffix)
{
	unsigned char bytes[4096];
	char name[400];
	FILE *in;
	size_t n;

	snprintf(name, sizeof(name), "%s%s", watched_path, suffix);
	in = fopen(name, "r");
	d->exists = in != NULL;
	d->size = 0;
	while (in != NULL && (n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		apply_bytes(&d->synced, &d->size, d->size, bytes, (int64_t)n);
	if (in != NULL)
		(void)fclose(in);
}

int
power_watch(const char *path)
{
	snprintf(watched_path, sizeof(watched_path), "%s", path);
	for (int i = 0; i < FILES; i++)
		read_disk(&disks[i], suffixes[i]);
	/* It stays where it is for another database. */
	if (below != NULL)
		return 0;
	if ((below = sqlite3_vfs_find("unix")) == NULL)
		return 1;
	/* All but xOpen is inherited. */
	shim = *below;
	shim.zName = "power";
	shim.szOsFile = (int)sizeof(watched) + below->szOsFile;
	shim.xOpen = shim_open;
	return sqlite3_vfs_register(&shim, 1) != SQLITE_OK;
}

void
power_moment(void (*call)(void *), void *arg)
{
	moment = call;
	moment_arg = arg;
}
