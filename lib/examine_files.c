/* SPDX-License-Identifier: ISC */
/* examine_files.c - what a look at disk and files tells about a store, before anything is read. */
#include "examine.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MIB (INT64_C(1) << 20)
/* SQLite's log on a busy site takes some 50 MiB before it is emptied. */
#define ROOM_ENOUGH (64 * MIB)

/* By statfs(2). FUSE is a guess: some of its file systems are local, and do. */
const char *
remote_disk(int folder, int *level)
{
	static const struct {
		unsigned long magic;
		const char *name;
		int level;
	} unfit[] = {
		{ 0x6969, "NFS", SESS_FAULT }, { 0xff534d42, "CIFS", SESS_FAULT },
		{ 0xfe534d42, "SMB", SESS_FAULT }, { 0x517b, "SMB", SESS_FAULT },
		{ 0x5346414f, "AFS", SESS_FAULT }, { 0x6b414653, "AFS", SESS_FAULT },
		{ 0x00c36400, "Ceph", SESS_FAULT }, { 0x73757245, "Coda", SESS_FAULT },
		{ 0x47504653, "GPFS", SESS_FAULT }, { 0x0bd00bd0, "Lustre", SESS_FAULT },
		{ 0x01021997, "9P", SESS_WARNING }, { 0x65735546, "FUSE", SESS_WARNING },
	};
	struct statfs fs;

	if (fstatfs(folder, &fs) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof(unfit) / sizeof(unfit[0]); i++)
		if (unfit[i].magic == ((unsigned long)fs.f_type & 0xffffffff)) {
			*level = unfit[i].level;
			return unfit[i].name;
		}
	return NULL;
}

static void
look_at_room(const examination *x, int folder)
{
	struct statvfs fs;
	int64_t room;

	if (fstatvfs(folder, &fs) != 0)
		return;
	room = (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
	if (fs.f_flag & ST_RDONLY)
		examine_say(x, SESS_FAULT, "mount it for writing", "%s is on a disk that is mounted "
			"read-only", x->folder);
	else if (room < MIB || (fs.f_files > 0 && fs.f_favail == 0))
		examine_say(x, SESS_FAULT, "make room on the disk", "%s: the disk is full", x->folder);
	else if (room < ROOM_ENOUGH)
		examine_say(x, SESS_WARNING, "make room on the disk", "%s: the disk has %lld MiB left",
			x->folder, (long long)(room / MIB));
	else
		examine_say(x, SESS_FINE, "", "%s: the disk has room", x->folder);
}

void
examine_disk(const examination *x)
{
	int folder = open(x->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), level = SESS_FINE;
	const char *remote = folder >= 0 ? remote_disk(folder, &level) : NULL;

	if (remote)
		examine_say(x, level, "move it to a local disk",
			"%s is on %s, %s a network file system: its locks do not hold", x->folder, remote,
			level == SESS_FAULT ? "which is" : "and may be");
	if (folder < 0)
		return;
	look_at_room(x, folder);
	close(folder);
}

int
examine_file(const examination *x, const char *path, struct stat *st)
{
	if (lstat(path, st) != 0) {
		if (errno == ENOENT)
			return 0;
		examine_say(x, SESS_FAULT, "let the user that runs the programs enter the folders",
			"%s: %s", path, strerror(errno));
		return -1;
	}
	if (!S_ISREG(st->st_mode)) {
		examine_say(x, SESS_FAULT, "let the store name the file itself", "%s is not a plain file "
			"(a symbolic link, perhaps)", path);
		return -1;
	}
	if (st->st_uid != geteuid())
		examine_say(x, SESS_FAULT, "stop the programs, chown all files of the store to one user, "
			"and run everything as that user", "%s belongs to user %lu, but this is user %lu",
			path, (unsigned long)st->st_uid, (unsigned long)geteuid());
	else if (st->st_mode & (S_IRWXG | S_IRWXO))
		examine_say(x, SESS_FAULT, "chmod 600 it", "%s is open to other users (mode %04o)", path,
			(unsigned)st->st_mode & 07777u);
	else if ((st->st_mode & (S_IRUSR | S_IWUSR)) != (S_IRUSR | S_IWUSR))
		examine_say(x, SESS_FAULT, "chmod 600 it", "%s may not be read and written by its owner "
			"(mode %04o)", path, (unsigned)st->st_mode & 07777u);
	return 1;
}
