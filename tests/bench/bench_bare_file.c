/* SPDX-License-Identifier: ISC */
/* bench_bare_file.c - a session as a file, without the library: written under another name and then
 * renamed, with a mark beside it for collection; logins and logouts are synced, with folders. */
#include "bench_stores.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDERS 256
#define NAME (2 * ID_BYTES + sizeof("/00/.new"))

typedef struct files {
	int dir;
	unsigned char bytes[BARE_VALUE];
} files;

noreturn static void
failed(const char *what)
{
	bench_die("%s: %s", what, strerror(errno));
}

static void
make_folder(int dir, const char *name)
{
	if (mkdirat(dir, name, S_IRWXU) != 0)
		failed("a folder cannot be made");
}

static void *
files_open(const char *place)
{
	files *f = calloc(1, sizeof(*f));
	char name[16];

	if (f == NULL)
		bench_die("out of memory");
	make_folder(AT_FDCWD, place);
	f->dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->dir < 0)
		failed(place);
	make_folder(f->dir, "due");
	for (int i = 0; i < FOLDERS; i++) {
		snprintf(name, sizeof(name), "%02x", (unsigned)i);
		make_folder(f->dir, name);
	}
	bench_random(f->bytes, sizeof(f->bytes));
	return f;
}

static void
files_close(void *self)
{
	files *f = self;

	close(f->dir);
	free(f);
}

static void
name_of(char name[NAME], const char *folder, const unsigned char *id, const char *end)
{
	char *to = name + snprintf(name, NAME, "%s/", folder);

	for (size_t i = 0; i < ID_BYTES; i++)
		to += snprintf(to, 3, "%02x", id[i]);
	snprintf(to, sizeof(".new"), "%s", end);
}

static void
folder_of(char folder[4], const unsigned char *id)
{
	snprintf(folder, 4, "%02x", id[0]);
}

static void
sync_folder(files *f, const char *folder)
{
	int fd = openat(f->dir, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		failed("a folder cannot be synced");
	close(fd);
}

static void
files_read(void *self, const unsigned char *id)
{
	files *f = self;
	unsigned char bytes[BARE_VALUE];
	char folder[4], name[NAME];
	int fd;

	folder_of(folder, id);
	name_of(name, folder, id, "");
	fd = openat(f->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, bytes, sizeof(bytes)) <= 0)
		failed("a file cannot be read");
	close(fd);
}

static void
put(files *f, const unsigned char *id, size_t len, bool sync)
{
	char folder[4], name[NAME], new[NAME];
	int fd;

	folder_of(folder, id);
	name_of(name, folder, id, "");
	name_of(new, folder, id, ".new");
	fd = openat(f->dir, new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0 || write(fd, f->bytes, len) != (ssize_t)len || (sync && fsync(fd) != 0))
		failed("a file cannot be written");
	close(fd);
	if (renameat(f->dir, new, f->dir, name) != 0)
		failed("a file cannot be renamed");
	if (sync)
		sync_folder(f, folder);
}

static void
mark(files *f, const unsigned char *id, const char *end, bool sync)
{
	char name[NAME];
	int fd;

	name_of(name, "due", id, end);
	fd = openat(f->dir, name, O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
		failed("a mark cannot be made");
	close(fd);
	if (sync)
		sync_folder(f, "due");
}

static void
count_one(files *f)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
	int fd = openat(f->dir, "tally", flags, S_IRUSR | S_IWUSR);

	if (fd < 0 || write(fd, "", 1) != 1)
		failed("it cannot be counted");
	close(fd);
}

static void
files_change(void *self, const unsigned char *id)
{
	files_read(self, id);
	files_read(self, id);
	put(self, id, BARE_VALUE, false);
}

static void
files_start(void *self, unsigned char *id)
{
	bench_random(id, ID_BYTES);
	mark(self, id, "", false);
	put(self, id, BARE_VALUE, false);
	count_one(self);
}

/* The new id leads to the session, which stays where it is. */
static void
files_rotate(void *self, unsigned char *id)
{
	unsigned char next[ID_BYTES];

	files_read(self, id);
	files_read(self, id);
	bench_random(next, ID_BYTES);
	mark(self, next, ".p", true);
	put(self, next, BARE_POINTER, true);
	put(self, id, BARE_VALUE, true);
}

static void
files_destroy(void *self, const unsigned char *id)
{
	files *f = self;
	char name[NAME];

	files_read(f, id);
	files_read(f, id);
	mark(f, id, ".t", true);
	put(f, id, BARE_POINTER, true);
	name_of(name, "due", id, "");
	if (unlinkat(f->dir, name, 0) != 0)
		failed("a mark cannot be removed");
	count_one(f);
}

const bare_client bare_file = {
	.scheme = "file",
	.name = "raw files",
	.open = files_open,
	.close = files_close,
	.read = files_read,
	.change = files_change,
	.start = files_start,
	.rotate = files_rotate,
	.destroy = files_destroy,
};
