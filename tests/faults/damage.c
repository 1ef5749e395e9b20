/* SPDX-License-Identifier: ISC */
/* damage.c - files of a store with bytes that are not ours: never a crash, an error that says what,
 * and no session for an id that was never given out. */
#include "shelf.h"

#include <sys/stat.h>
#include <unistd.h>

static const char *const suffixes[] = { "", "-wal", ".key", "-gate", "-shm" };
#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

typedef struct tally {
	int unopened, served, refused, faults;
} tally;

/* -- the damage -------------------------------------------------------------------------------- */

static void
harm(const char *path, uint64_t *seed)
{
	long size = (long)file_size(path), at, n;
	FILE *f = fopen(path, "r+");

	if (f == NULL || size <= 0)
		bail("%s cannot be harmed", path);
	switch (dice(seed, 4)) {
	case 0:
		/* Cut off. */
		if (truncate(path, (long)dice(seed, (unsigned)size)) != 0)
			bail("%s cannot be cut", path);
		break;
	case 1:
		/* A stretch of something else. */
		at = (long)dice(seed, (unsigned)size);
		(void)fseek(f, at, SEEK_SET);
		for (n = (long)dice(seed, 4096); n > 0 && at < size; n--, at++)
			(void)fputc((int)dice(seed, 256), f);
		break;
	case 2:
		/* A stretch of nothing. */
		at = (long)dice(seed, (unsigned)size);
		(void)fseek(f, at, SEEK_SET);
		for (n = (long)dice(seed, 8192); n > 0 && at < size; n--, at++)
			(void)fputc(0, f);
		break;
	default:
		/* Single bytes. */
		for (n = 1 + (long)dice(seed, 30); n > 0; n--) {
			(void)fseek(f, (long)dice(seed, (unsigned)size), SEEK_SET);
			(void)fputc((int)dice(seed, 256), f);
		}
	}
	(void)fclose(f);
}

/* -- what becomes of it ------------------------------------------------------------------------ */

static int
count_info(void *arg, const sess_info *info)
{
	*(size_t *)arg += strlen(info->ref) + (info->user != NULL ? strlen(info->user) : 0);
	return 0;
}

/* NULL or what is wrong with this answer. */
static const char *
judge(shelf *d, int rc, tally *t)
{
	t->refused += rc != SESS_OK;
	if (rc == SESS_STORE && sess_kit_error(d->kit)[0] == '\0')
		return "an error without a word";
	if (rc == SESS_OK || rc == SESS_STORE || rc == SESS_GONE || rc == SESS_DAMAGED)
		return NULL;
	return sess_strerror(rc);
}

/* All there is to do: NULL or what is wrong. */
static const char *
use(shelf *d, tally *t)
{
	jar never = { "HTTP_COOKIE=sid=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	sess_budget some = { .rows = 100, .force = true };
	const char *fault = NULL;
	size_t n = 0;

	t->served += shelf_live(d);
	if (is_live(d->kit, &never))
		return "a session for an id that was never given out";
	fault = judge(d, sess_list(d->kit, NULL, count_info, &n), t);
	if (fault == NULL)
		fault = judge(d, sess_count(d->kit, "user", 0, &n), t);
	for (int i = 0; i < 4; i++)
		for (const shelf_request *r = shelf_requests; fault == NULL && r->act != NULL; r++)
			fault = judge(d, r->act(d, &d->jars[i]), t);
	if (fault == NULL)
		fault = judge(d, sess_collect(d->kit, &some, NULL), t);
	if (fault == NULL)
		fault = judge(d, sess_idle(d->kit), t);
	return fault;
}

static const char *
open_and_use(const shelf *from, const char *name, const char *harmed, uint64_t *seed, tally *t)
{
	char path[400];
	char *url = sqlite_url(name);
	const char *fault = NULL;
	sess_error err;
	shelf d = *from;
	int rc;

	d.config = store_settings(url, &d.now);
	free(url);
	for (size_t i = 0; i < SUFFIXES; i++)
		copy_file(shelf_path(from), shelf_path(&d), suffixes[i]);
	snprintf(path, sizeof(path), "%s%s", shelf_path(&d), harmed);
	harm(path, seed);
	rc = sess_kit_open(&d.kit, &d.config, &err);
	if (rc == SESS_OK)
		fault = use(&d, t);
	else if ((rc != SESS_STORE && rc != SESS_CONFIG) || err.text[0] == '\0')
		fault = "it does not open, and does not say why";
	t->unopened += rc != SESS_OK;
	sess_kit_close(d.kit);
	for (size_t i = 0; i < SUFFIXES; i++) {
		snprintf(path, sizeof(path), "%s%s", shelf_path(&d), suffixes[i]);
		(void)remove(path);
	}
	return fault;
}

static void
harm_each(const shelf *from, const char *suffix, uint64_t *seed)
{
	int rounds = scale(40, 2000);
	tally t = { 0 };

	for (int i = 0; i < rounds; i++) {
		const char *fault = open_and_use(from, "harmed.db", suffix, seed, &t);

		if (fault != NULL && t.faults++ < 5)
			diag("round %d: %s", i, fault);
	}
	ok(t.faults == 0, "sessions.db%s harmed %d times: %d do not open, else %d sessions served, "
		"%d requests refused", suffix, rounds, t.unopened, t.served, t.refused);
}

int
main(void)
{
	uint64_t seed = first_seed();
	shelf from, moved;
	char spare[200];
	jar j;

	time_limit((unsigned)scale(60, 600));
	/* Half of it in the database, half in the log. */
	shelf_fill(&from, "damage.db");
	if (!checkpoint(shelf_path(&from)))
		bail("no checkpoint");
	j = from.jars[0];
	(void)shelf_store(&from, &j);
	sess_kit_close(from.kit);
	for (size_t i = 0; i < SUFFIXES; i++)
		harm_each(&from, suffixes[i], &seed);
	/* Taken away under a kit that has it open. */
	shelf_fill(&moved, "moved.db");
	for (size_t i = 0; i < SUFFIXES; i++) {
		snprintf(spare, sizeof(spare), "%s%s", shelf_path(&moved), suffixes[i]);
		(void)remove(spare);
	}
	ok(shelf_live(&moved) == 4, "files removed: who has them open is served");
	(void)shelf_store(&moved, &moved.jars[0]);
	sess_kit_close(moved.kit);
	moved.kit = open_kit(&moved.config);
	ok(moved.kit != NULL && shelf_live(&moved) == 0, "files removed: the next one begins anew");
	is_int(shelf_store(&moved, &moved.jars[0]), SESS_OK, "files removed: and works");
	sess_kit_close(moved.kit);
	return done();
}
