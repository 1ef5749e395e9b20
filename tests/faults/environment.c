/* SPDX-License-Identifier: ISC */
/* environment.c - each system call that SQLite makes for a request is interrupted, or fails, once
 * and then with all that follow: the right code, the state as before, and all well afterwards. */
#include "shelf.h"
#include "syscalls.h"

#include <errno.h>

static int
refuse(void *arg, const char *call, int fd, int64_t size)
{
	shelf *d = arg;

	(void)fd;
	(void)size;
	/* Locks that nobody ever gets are waited for by SQLite itself, for ten seconds each. */
	if (d->refuse_rest && strcmp(call, "fcntl") == 0)
		return 0;
	d->asked++;
	if (d->asked != d->refuse_at && (!d->refuse_rest || d->asked < d->refuse_at))
		return 0;
	d->refused++;
	return d->error;
}

static int
stored_sessions(shelf *d)
{
	size_t n;

	return sess_count(d->kit, NULL, 0, &n) == SESS_OK ? (int)n : -1;
}

/* As each test wants it, from one that was filled once. */
static void
take_copy(shelf *d, const shelf *from, const char *name)
{
	char *url = sqlite_url(name);

	*d = *from;
	d->config = store_settings(url, &d->now);
	d->config.busy_ms = 100;
	copy_file(shelf_path(from), shelf_path(d), "");
	copy_file(shelf_path(from), shelf_path(d), "-wal");
	copy_file(shelf_path(from), shelf_path(d), ".key");
	d->kit = open_kit(&d->config);
	free(url);
}

/* NULL or what is wrong when this call fails; *reached says if there was one. */
static const char *
fail_one(const shelf *from, const shelf_request *r, const shelf *how, int nth, bool *reached)
{
	const char *fault = NULL;
	jar j;
	int rc;
	shelf d;

	take_copy(&d, from, "copy.db");
	d.asked = d.refused = 0;
	d.refuse_at = nth;
	d.refuse_rest = how->refuse_rest;
	d.error = how->error;
	j = d.jars[0];
	syscalls_ask(refuse, &d);
	rc = r->act(&d, &j);
	syscalls_ask(NULL, NULL);
	*reached = d.refused > 0;
	if (d.error == EINTR && !d.refuse_rest && rc != SESS_OK)
		fault = "an interrupted call is not repeated";
	else if (rc != SESS_OK && rc != SESS_STORE && rc != SESS_DAMAGED && rc != SESS_NOMEM &&
		rc != SESS_BUSY)
		fault = sess_strerror(rc);
	else if (rc != SESS_OK && sess_kit_error(d.kit)[0] == '\0')
		fault = "a failure without a word";
	else if (rc != SESS_OK && (shelf_live(&d) != 4 || stored_sessions(&d) != 4))
		fault = "it failed, and yet something changed";
	j = d.jars[0];
	if (fault == NULL && rc != SESS_OK && r->act(&d, &j) != SESS_OK)
		fault = "it still fails when nothing else does";
	sess_kit_close(d.kit);
	if (fault == NULL && strcmp(integrity(shelf_path(&d)), "ok") != 0)
		fault = integrity(shelf_path(&d));
	return fault;
}

static void
fail_each(const shelf *from, const shelf_request *r, const shelf *how, const char *name)
{
	int nth = 0, faults = 0;
	bool reached = true;

	while (reached) {
		const char *fault = fail_one(from, r, how, ++nth, &reached);

		if (fault != NULL && faults++ < 3)
			diag("call %d: %s", nth, fault);
	}
	ok(faults == 0 && nth > 1, "%s: %d system calls, each %s", r->name, nth - 1, name);
}

int
main(void)
{
	static const struct {
		const char *name;
		shelf how;
	} ways[] = { { "interrupted", { .error = EINTR } }, { "fails once", { .error = EIO } },
		{ "fails with all that follow", { .error = EIO, .refuse_rest = true } },
		{ "finds no memory", { .error = ENOMEM } } };
	shelf from;

	time_limit(120);
	shelf_fill(&from, "environment.db");
	sess_kit_close(from.kit);
	for (const shelf_request *r = shelf_requests; r->act != NULL; r++)
		for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
			fail_each(&from, r, &ways[i].how, ways[i].name);
	return done();
}
