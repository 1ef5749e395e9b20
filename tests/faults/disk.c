/* SPDX-License-Identifier: ISC */
/* disk.c - a disk that is full, read-only, or gone: clear errors, nothing harmed, reads go on, and
 * all is well again as soon as the disk is. */
#include "shelf.h"
#include "syscalls.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* ENOSPC for whatever would take the files beyond the budget; what lies within them may be written
 * again and again, as on a real disk. */
static int
full(void *arg, const char *call, int fd, int64_t size)
{
	shelf *d = arg;
	struct stat st;
	int64_t more;

	(void)call;
	if (size == 0 || d->budget < 0 || fstat(fd, &st) != 0)
		return 0;
	more = size - st.st_size;
	if (more > d->budget) {
		d->refused++;
		return ENOSPC;
	}
	d->budget -= more;
	return 0;
}

/* -- full -------------------------------------------------------------------------------------- */

/* NULL or what is wrong with one request that may take so many bytes more; *done says if that was
 * enough. */
static const char *
with_budget(int which, int64_t budget, bool *done)
{
	const char *fault = NULL;
	char name[40];
	jar j;
	int rc;
	shelf d;

	snprintf(name, sizeof(name), "full-%d-%d.db", which, (int)budget);
	shelf_fill(&d, name);
	syscalls_ask(full, &d);
	d.budget = budget;
	j = d.jars[0];
	rc = shelf_requests[which].act(&d, &j);
	*done = d.refused == 0;
	if (rc == SESS_DAMAGED)
		fault = "the request could not even begin";
	else if (rc != SESS_OK && rc != SESS_STORE)
		fault = sess_strerror(rc);
	else if (rc != SESS_OK && strstr(sess_kit_error(d.kit), "room on the disk") == NULL)
		fault = "the text does not tell what to do";
	else if (rc != SESS_OK && shelf_live(&d) != 4)
		fault = "something changed, or cannot be read";
	d.budget = -1;
	j = d.jars[0];
	if (fault == NULL && rc != SESS_OK && shelf_requests[which].act(&d, &j) != SESS_OK)
		fault = "with room on the disk again, it still fails";
	syscalls_ask(NULL, NULL);
	sess_kit_close(d.kit);
	if (fault == NULL && strcmp(integrity(shelf_path(&d)), "ok") != 0)
		fault = integrity(shelf_path(&d));
	return fault;
}

static void
full_at_each_step(void)
{
	for (int which = 0; shelf_requests[which].act != NULL; which++) {
		int faults = 0, tries = 0;
		bool done = false;

		for (; !done && tries < 200; tries++) {
			int64_t budget = (int64_t)tries * scale(4096, 512);
			const char *fault = with_budget(which, budget, &done);

			if (fault != NULL && faults++ < 3)
				diag("%s, %d bytes left: %s", shelf_requests[which].name,
					(int)budget, fault);
		}
		ok(faults == 0 && done && tries > 1, "full disk, %s: %d sizes of what is left",
			shelf_requests[which].name, tries);
	}
}

/* All logged out, or all still served: what each was told must be so. */
static int
log_out_all(shelf *d, jar *jars, int n)
{
	int done = 0, wrong = 0;

	for (int i = 0; i < n; i++) {
		jar j = jars[i];
		bool out = shelf_log_out(d, &j) == SESS_OK;

		done += out;
		wrong += is_live(d->kit, &jars[i]) == out;
	}
	return wrong == 0 ? done : -1;
}

/* Reads go on for as long as nobody makes room, and logout does while the log has room in itself:
 * that it may fail beyond that is SQLite's limit, but it must say so. */
static void
full_for_long(void)
{
	int served = 0, n = 40, rc = SESS_OK;
	jar more[80];
	shelf d;

	shelf_fill(&d, "long.db");
	for (int i = 0; i < 2 * n; i++)
		(void)new_session(d.kit, &more[i], NULL);
	if (!checkpoint(shelf_path(&d)))
		bail("no checkpoint");
	syscalls_ask(full, &d);
	d.budget = 0;
	is_int(log_out_all(&d, more, n), n, "full disk: who wants to log out can");
	for (int i = 0; i < 5000 && rc == SESS_OK; i++)
		rc = shelf_store(&d, &d.jars[2]);
	is_int(rc, SESS_STORE, "full disk: storing fails in the end");
	for (int i = n; i < 2 * n; i++)
		served += is_live(d.kit, &more[i]);
	is_int(served, n, "full disk: all sessions are served");
	rc = log_out_all(&d, more + n, n);
	ok(rc >= 0, "full disk: of %d more who want to log out %d can, and each is told", n, rc);
	d.budget = -1;
	is_int(shelf_store(&d, &d.jars[2]), SESS_OK, "full disk: with room again, storing works");
	is_int(log_out_all(&d, more + n, n), n, "full disk: and logout");
	syscalls_ask(NULL, NULL);
	sess_kit_close(d.kit);
	is_str(integrity(shelf_path(&d)), "ok", "full disk: the database is sound");
}

/* In a child: a limit once lowered stays so. */
static int
limited(void *arg, int who)
{
	shelf *d = arg;
	struct rlimit limit = { (rlim_t)who, (rlim_t)who };
	sess_kit *kit;
	sess_error err;
	int rc = SESS_OK;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		return 1;
	rc = sess_kit_open(&kit, &d->config, &err);
	if (rc != SESS_OK)
		return rc == SESS_STORE && err.text[0] != '\0' ? 0 : 2;
	d->kit = kit;
	for (int i = 0; i < 200 && rc == SESS_OK; i++)
		rc = shelf_store(d, &d->jars[i % 4]);
	if (rc != SESS_STORE || shelf_live(d) != 4)
		return 3;
	sess_kit_close(kit);
	return 0;
}

static void
limit_on_file_size(void)
{
	static const int sizes[] = { 0, 2000, 40000, 100000, 300000 };
	shelf d;

	shelf_fill(&d, "limit.db");
	sess_kit_close(d.kit);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		is_int(wait_process(start_process(limited, &d, sizes[i])), 0,
			"file size limit %d: an error, and the sessions are served", sizes[i]);
	d.kit = open_kit(&d.config);
	is_int(shelf_live(&d), 4, "file size limit: without it, all is there");
	is_int(shelf_store(&d, &d.jars[0]), SESS_OK, "file size limit: and can be changed");
	sess_kit_close(d.kit);
	is_str(integrity(shelf_path(&d)), "ok", "file size limit: the database is sound");
}

/* -- read-only, gone --------------------------------------------------------------------------- */

static int
read_only(void *arg, const char *call, int fd, int64_t size)
{
	(void)arg;
	(void)fd;
	(void)size;
	return strcmp(call, "pwrite") == 0 || strcmp(call, "ftruncate") == 0 ? EROFS : 0;
}

static void
disk_turned_read_only(void)
{
	shelf d;
	int rc;

	shelf_fill(&d, "ro.db");
	syscalls_ask(read_only, NULL);
	rc = shelf_store(&d, &d.jars[0]);
	ok(rc == SESS_STORE && sess_kit_error(d.kit)[0] != '\0', "read-only: storing fails: %s",
		sess_kit_error(d.kit));
	rc = shelf_log_out(&d, &d.jars[1]);
	is_int(rc, SESS_STORE, "read-only: a logout that cannot be kept is not claimed");
	is_int(shelf_live(&d), 4, "read-only: all sessions are served");
	syscalls_ask(NULL, NULL);
	is_int(shelf_log_out(&d, &d.jars[1]), SESS_OK, "read-only: writable again, logout works");
	is_int(shelf_live(&d), 3, "read-only: and is kept");
	sess_kit_close(d.kit);
	is_str(integrity(shelf_path(&d)), "ok", "read-only: the database is sound");
}

static void
folder_gone(void)
{
	char *folder = temp_path("folder"), *away = temp_path("away");
	sess_error err;
	sess_kit *kit;
	shelf d;

	if (mkdir(folder, 0700) != 0)
		bail("no folder");
	shelf_fill(&d, "folder/gone.db");
	if (rename(folder, away) != 0)
		bail("cannot move the folder");
	is_int(sess_kit_open(&kit, &d.config, &err), SESS_STORE, "gone: open fails: %s", err.text);
	ok(strstr(err.text, folder) != NULL, "gone: and names the folder");
	(void)shelf_store(&d, &d.jars[0]);
	is_int(shelf_live(&d), 4, "gone: who has it open is served");
	if (rename(away, folder) != 0)
		bail("cannot move the folder back");
	is_int(shelf_store(&d, &d.jars[0]), SESS_OK, "gone: back again, storing works");
	sess_kit_close(d.kit);
	is_str(integrity(shelf_path(&d)), "ok", "gone: the database is sound");
	free(folder);
	free(away);
}

int
main(void)
{
	time_limit((unsigned)scale(60, 300));
	umask(077);
	full_at_each_step();
	full_for_long();
	limit_on_file_size();
	disk_turned_read_only();
	folder_gone();
	return done();
}
