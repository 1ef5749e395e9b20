/* SPDX-License-Identifier: ISC */
/* test_store_file.c - what is the file store's own: modes, links, foreign files, what a crash left
 * behind, and what it opens. */
#include "file_fixture.h"
#include "tap.h"

#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW CONTRACT_NOW
#define MANY 60

/* Files of a mode or owner that others can use, and how many files there are below a folder. */
static int
count_files(const char *path, int *open_to_others)
{
	char *const roots[] = { (char *)(uintptr_t)path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	int n = 0;

	for (FTSENT *at; tree && (at = fts_read(tree));) {
		if (at->fts_info != FTS_DP && at->fts_info != FTS_NS && open_to_others)
			*open_to_others += (at->fts_statp->st_mode & 077) != 0;
		n += at->fts_info == FTS_F;
	}
	fts_close(tree);
	return n;
}

/* -- modes ------------------------------------------------------------------------------------- */

static void
modes(void)
{
	mode_t before = umask(0);
	contract c = open_store("modes");
	unsigned char retired[SESS_ID_BYTES];
	int others = 0;
	void *self;

	(void)stored_renewed(&c, retired);
	(void)stored_for(&c, "ann", NOW, NOW + 5);
	ok(count_files(c.here, &others) > 5, "there are files");
	is_int(others, 0, "none is open to others, whatever the umask");
	umask(before);
	close_store(&c);
	chmod(c.here, 0750);
	is_int(sess_provider_file.open(&self, &(sess_address){ .path = c.here }, &c.limits, &c.err),
		SESS_STORE, "a folder open to a group is refused");
	ok(strstr(c.err.text, "chmod 700") != NULL, "and the remedy told: %s", c.err.text);
	chmod(c.here, 0700);
	chmod(path_of(&c, "lock"), 0644);
	is_int(sess_provider_file.open(&self, &(sess_address){ .path = c.here }, &c.limits, &c.err),
		SESS_STORE, "and so is a lock open to others");
}

/* -- links and other things in the place of a value -------------------------------------------- */

static void
links(void)
{
	contract c = open_store("links");
	sess_record rec = stored_record(&c);
	char *target = temp_path("target"), *data = temp_path("elsewhere");
	struct stat before, st;
	void *self;

	if (rename(value_path(&c, rec.id), target) != 0 || stat(target, &before) != 0 ||
		symlink(target, value_path(&c, rec.id)) != 0)
		bail("no link");
	is_int(do_load(&c, rec.id, NOW), 0, "a link in the place of a session");
	is_int(c.got.ended, SESS_DAMAGED, "is damaged");
	is_int(do_update(&c, &rec, NOW, SESS_PART_ALL), SESS_GONE, "and not written to");
	is_int(do_end(&c, rec.id, SESS_LOGGED_OUT), SESS_OK, "it is ended");
	is_int(do_load(&c, rec.id, NOW), 0, "for good");
	is_int(c.got.ended, SESS_LOGGED_OUT, "and says so");
	ok(stat(target, &st) == 0 && st.st_size == before.st_size &&
		st.st_mtim.tv_nsec == before.st_mtim.tv_nsec, "what it led to is as it was");
	rec = stored_record(&c);
	if (rename(path_of(&c, "data"), data) != 0 || symlink(data, path_of(&c, "data")) != 0)
		bail("no link");
	is_int(do_load(&c, rec.id, NOW), SESS_STORE, "a link in the place of a folder is a failure");
	is_int(do_update(&c, &rec, NOW, SESS_PART_ALL), SESS_STORE, "for writers as well");
	close_store(&c);
	unlink(path_of(&c, "lock"));
	if (symlink(target, path_of(&c, "lock")) != 0)
		bail("no link");
	is_int(sess_provider_file.open(&self, &(sess_address){ .path = c.here }, &c.limits, &c.err),
		SESS_STORE, "a link in the place of the lock is refused");
	free(target);
	free(data);
}

static void
odd_values(void)
{
	contract c = open_store("odd");
	sess_record rec[5];
	struct stat st;
	int damaged = 0;

	for (int i = 0; i < 5; i++)
		rec[i] = stored_record(&c);
	stat(value_path(&c, rec[0].id), &st);
	damaged += truncate(value_path(&c, rec[0].id), st.st_size - 1);
	damaged += truncate(value_path(&c, rec[1].id), 0);
	damaged += truncate(value_path(&c, rec[2].id), (off_t)1 << 40);
	unlink(value_path(&c, rec[3].id));
	damaged += mkfifo(value_path(&c, rec[3].id), 0600);
	unlink(value_path(&c, rec[4].id));
	damaged += mkdir(value_path(&c, rec[4].id), 0700);
	is_int(damaged, 0, "five odd values");
	for (int i = 0; i < 5; i++) {
		int rc = do_load(&c, rec[i].id, NOW);

		ok(rc == 0 && c.got.ended == SESS_DAMAGED, "odd value %d is no session", i);
	}
	is_int(do_load(&c, stored_record(&c).id, NOW), 1, "others are served");
	close_store(&c);
}

/* -- what is not ours, and what a crash left --------------------------------------------------- */

static void
foreign_files(void)
{
	static const char *const files[] = { "README", "data/notes", "data/zz/x", "data/ab/cd/note.txt",
		"data/ab/cd/0123", "due/x", "due/0/1/2", "users/ab/cd/1", "tally/0/0/abc" };
	contract c = open_store("foreign");
	sess_record rec = stored_for(&c, "ann", NOW, NOW + 5);
	sess_query all = { .now = NOW };
	struct stat st;
	int left = 0;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char *path = path_of(&c, files[i]);

		for (char *at = path + strlen(c.here) + 1; (at = strchr(at, '/')); *at++ = '/') {
			*at = '\0';
			(void)mkdir(path, 0700);
		}
		make_file(path, "mine");
	}
	is_int((int64_t)do_count(&c, &all), 1, "foreign files are no sessions");
	is_int((int64_t)do_collect(&c, NOW + 5, 100), 1, "nor are they collected");
	is_int(do_load(&c, rec.id, NOW), 0, "as the session is");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		left += stat(path_of(&c, files[i]), &st) == 0 && st.st_size == 4;
	is_int(left, (int64_t)(sizeof(files) / sizeof(files[0])), "they are still there");
	close_store(&c);
}

static void
left_by_a_crash(void)
{
	contract c = open_store("crash");
	sess_record rec = stored_for(&c, "ann", NOW, NOW + 50);
	sess_record gone = stored_for(&c, "ann", NOW, NOW + 9);
	sess_query ann = { .user = "ann", .now = NOW };
	char new[1100];
	int before;

	snprintf(new, sizeof(new), "%s.new", value_path(&c, rec.id));
	make_file(new, "half of a valu");
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "half a file is in nobody's way");
	is_int(access(new, F_OK), -1, "and is gone");
	before = count_files(c.here, NULL);
	unlink(value_path(&c, gone.id));
	is_int((int64_t)do_count(&c, &ann), 1, "marks that lead nowhere mean nothing");
	is_int((int64_t)do_collect(&c, NOW + 9, 10), 1, "and are collected");
	is_int(count_files(c.here, NULL), before - 3, "by time and by user");
	is_int(do_load(&c, rec.id, NOW), 1, "the other session lives");
	close_store(&c);
}

/* -- what is opened ---------------------------------------------------------------------------- */

/* How many files in the folders of these sessions were opened since the last time. */
static int
opened(int watch)
{
	_Alignas(struct inotify_event) char events[8192];
	ssize_t n;
	int files = 0;

	while ((n = read(watch, events, sizeof(events))) > 0)
		for (const char *at = events; at < events + n;) {
			const struct inotify_event *e = (const void *)at;

			files += !(e->mask & IN_ISDIR);
			at += sizeof(*e) + e->len;
		}
	return files;
}

static void
opens_no_more(void)
{
	contract c = open_store("opens");
	sess_record rec[MANY];
	sess_query ann = { .user = "ann", .now = NOW };
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), bad = watch < 0;

	for (int i = 0; i < MANY; i++) {
		char *path;

		rec[i] = stored_for(&c, i % 20 ? "others" : "ann", NOW, NOW + (i % 15 ? 500 : 5));
		path = value_path(&c, rec[i].id);
		*strrchr(path, '/') = '\0';
		bad |= inotify_add_watch(watch, path, IN_OPEN) < 0;
	}
	is_int(bad, 0, "watching");
	is_int(do_load(&c, rec[1].id, NOW), 1, "load");
	is_int(opened(watch), 1, "opens one file");
	is_int((int64_t)do_count(&c, &ann), 3, "the sessions of a user");
	is_int(opened(watch), 3, "take as many files");
	is_int((int64_t)do_collect(&c, NOW + 4, 100), 0, "nothing is due");
	is_int(opened(watch), 0, "and nothing opened");
	is_int((int64_t)do_collect(&c, NOW + 5, 100), 4, "what is due");
	is_int(opened(watch), 4, "is opened, and no other");
	close(watch);
	close_store(&c);
}

int
main(void)
{
	modes();
	links();
	odd_values();
	foreign_files();
	left_by_a_crash();
	opens_no_more();
	return done();
}
