/* SPDX-License-Identifier: ISC */
/* test_store_file_faults.c - a disk that is full, or fails, at any step of the file store. */
#include "file_fixture.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW CONTRACT_NOW
#define STEPS_MAX 60

/* -- faults to order --------------------------------------------------------------------------- */

static int fail_after, fail_with;       /* 0: none; of the calls below */
static bool sync_failed;

static int
fails(bool sync)
{
	if (fail_after == 0 || --fail_after > 0)
		return 0;
	errno = fail_with;
	sync_failed = sync;
	return 1;
}

ssize_t __real_write(int fd, const void *from, size_t len);
ssize_t __wrap_write(int fd, const void *from, size_t len);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_mkdirat(int dir, const char *name, mode_t mode);
int __wrap_mkdirat(int dir, const char *name, mode_t mode);
int __real_renameat(int from, const char *old, int to, const char *new);
int __wrap_renameat(int from, const char *old, int to, const char *new);

ssize_t
__wrap_write(int fd, const void *from, size_t len)
{
	return fd > 2 && fails(false) ? -1 : __real_write(fd, from, len);
}

int
__wrap_fsync(int fd)
{
	return fails(true) ? -1 : __real_fsync(fd);
}

int
__wrap_mkdirat(int dir, const char *name, mode_t mode)
{
	return fails(false) ? -1 : __real_mkdirat(dir, name, mode);
}

int
__wrap_renameat(int from, const char *old, int to, const char *new)
{
	return fails(false) ? -1 : __real_renameat(from, old, to, new);
}

/* -- faults at each step ----------------------------------------------------------------------- */

static int
act(contract *c, int which, const sess_record *rec)
{
	unsigned char candidate[SESS_ID_BYTES];
	sess_record next = fresh_record(c), mine = *rec;
	int rc;

	fresh_id(c, candidate);
	mine.data = "{\"more\":1}";
	mine.len = 10;
	switch (which) {
	case 0:
		next.user = "ann";
		return result(c, c->provider->insert(c->self, &next, NOW, SESS_SYNC, &c->err));
	case 1:
		return do_update(c, &mine, NOW, SESS_PART_DATA);
	case 2:
		rc = do_offer(c, rec->id, candidate, NOW, 0);
		return rc == 1 ? SESS_OK : rc;
	case 3:
		return do_replace(c, rec->id, &next, NOW);
	default:
		return do_end(c, rec->id, SESS_LOGGED_OUT);
	}
}

/* NULL, or what is wrong after the n-th call failed; *done: it did not come to that. */
static const char *
fault_at(int which, int step, int with, bool *done)
{
	static int serial;
	char name[40];
	contract c;
	sess_record rec;
	const char *fault = NULL;
	int rc;

	snprintf(name, sizeof(name), "fault-%d", ++serial);
	c = open_store(name);
	c.serial = (unsigned)serial * 100;
	rec = stored_for(&c, "ann", NOW, NOW + 100);
	sync_failed = false;
	fail_with = with;
	fail_after = step;
	rc = act(&c, which, &rec);
	*done = fail_after > 0;
	fail_after = 0;
	if (rc != SESS_OK && rc != SESS_STORE)
		fault = "another failure";
	else if (which == 4 && rc != SESS_OK && with == ENOSPC)
		fault = "a full disk keeps somebody from logging out";
	else if (rc == SESS_OK && with == EIO && sync_failed)
		fault = "what may not be on disk is told to be there";
	else if (rc == SESS_OK && do_load(&c, rec.id, NOW) != (which < 3))
		fault = "what was answered is not so";
	else if (rc == SESS_OK && which == 1 && c.got.len != 10)
		fault = "an answered update is not there";
	else if (which == 1 && rc != SESS_OK && check_found(&c, &rec, NOW, 1, "") == false)
		fault = "what failed has changed something";
	else if (rc != SESS_OK && with == EIO && which != 3 && act(&c, which, &rec) != SESS_OK)
		fault = "it fails again";
	close_store(&c);
	return fault;
}

static void
faults_at_each_step(int with)
{
	static const char *const names[] = { "insert", "update", "offer", "replace", "end" };

	for (int which = 0; which < 5; which++) {
		bool done = false;
		int step = 0, faults = 0;

		while (!done && ++step < STEPS_MAX) {
			const char *fault = fault_at(which, step, with, &done);

			if (fault && faults++ < 3)
				diag("%s, step %d: %s", names[which], step, fault);
		}
		ok(faults == 0 && done && step > 2, "%s, \"%s\" at each of %d steps", names[which],
			strerror(with), step - 1);
	}
}

int
main(void)
{
	faults_at_each_step(ENOSPC);
	faults_at_each_step(EIO);
	return done();
}
