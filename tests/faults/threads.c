/* SPDX-License-Identifier: ISC */
/* threads.c - eight threads with a kit each, doing all there is to do to shared sessions. Made for
 * the thread sanitizer; without it, it checks that the sums are right. */
#include "faults.h"

#include <stdatomic.h>

#define THREADS 8
#define JARS 16

typedef struct floor {
	sess_config config;
	int rounds;
	jar jars[JARS], visitor[THREADS];
	_Atomic int64_t added[JARS];
	_Atomic int failed, logs;
} floor;

/* The hook is called by all threads, with one argument. */
static void
count_log(void *arg, const char *event, const char *text)
{
	floor *f = arg;

	f->logs += event[0] != '\0' && text[0] != '\0';
}

static int
count_info(void *arg, const sess_info *info)
{
	*(int *)arg += info->ref[0] != '\0';
	return 0;
}

static int
mix(sess_kit *kit, floor *f, int who, uint64_t *seed)
{
	jar *own = &f->visitor[who];
	sess_budget some = { .rows = 10 };
	unsigned what = dice(seed, 12);
	int found = 0, rc = SESS_OK;
	char user[16];
	size_t n;
	sess *s;

	snprintf(user, sizeof(user), "user%d", who % 3);
	if (what == 0)
		return sess_list(kit, user, count_info, &found);
	if (what == 1)
		return sess_count(kit, NULL, 0, &n);
	if (what == 2)
		return (rc = sess_collect(kit, &some, NULL)) == SESS_BUSY ? SESS_OK : rc;
	if (what == 3)
		return sess_end_user(kit, user, NULL, NULL);
	if ((s = enter(kit, own)) == NULL)
		return SESS_STORE;
	if (what == 4)
		(void)sess_login(s, user);
	else if (what == 5)
		(void)sess_rotate(s);
	else if (what == 6)
		(void)sess_destroy(s);
	else if (what == 7)
		(void)sess_flash(s, "note", "text");
	else if (what == 8)
		rc = sess_once_take(s, "form", sess_once_issue(s, "form", 60));
	else if (what == 9)
		(void)sess_csrf_token(s);
	else
		(void)sess_set_str(s, "text", user);
	rc = leave(s, own);
	/* Another thread has ended this user's sessions. */
	if (rc == SESS_GONE)
		own->line[0] = '\0';
	return rc == SESS_GONE ? SESS_OK : rc;
}

static int
mingle(void *arg, int who)
{
	floor *f = arg;
	uint64_t seed = 99 + (uint64_t)who;
	sess_kit *kit = open_kit(&f->config);

	for (int i = 0; kit != NULL && i < f->rounds; i++) {
		unsigned at = dice(&seed, JARS);
		jar j = f->jars[at];

		if (add_one(kit, &j, "n") == SESS_OK)
			f->added[at]++;
		if (mix(kit, f, who, &seed) != SESS_OK || sess_idle(kit) != SESS_OK) {
			f->failed++;
			fprintf(stderr, "# %s\n", sess_kit_error(kit));
		}
	}
	sess_kit_close(kit);
	return kit == NULL;
}

static void
run(const char *store, const char *name)
{
	floor f = { .rounds = scale(150, 2000) };
	int wrong = 0;
	sess_kit *kit;
	int64_t n;

	f.config = store_settings(store, NULL);
	f.config.log = count_log;
	f.config.arg = &f;
	kit = open_kit(&f.config);
	for (int i = 0; i < JARS; i++)
		wrong += new_session(kit, &f.jars[i], NULL) != SESS_OK;
	is_int(in_threads(THREADS, mingle, &f), 0, "%s: %d threads open a kit each", name, THREADS);
	is_int(f.failed, 0, "%s: nothing fails", name);
	ok(f.logs > 0, "%s: events are told from all threads", name);
	for (int i = 0; i < JARS; i++)
		wrong += look(kit, &f.jars[i], "n", &n) != SESS_LIVE || n != f.added[i];
	is_int(wrong, 0, "%s: no addition is lost", name);
	sess_kit_close(kit);
}

int
main(void)
{
	char *url = sqlite_url("threads.db");

	time_limit(300);
	run("memory:threads", "memory");
	run(url, "sqlite");
	is_str(integrity(url + sizeof("sqlite:") - 1), "ok", "sqlite: the database is sound");
	free(url);
	return done();
}
