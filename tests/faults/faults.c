/* SPDX-License-Identifier: ISC */
/* faults.c - crowds of processes and threads, a browser with one cookie, a look at a database. */
#define _GNU_SOURCE
#include "faults.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CROWD_MAX 64

void
time_limit(unsigned seconds)
{
	alarm(seconds);
}

int
scale(int quick, int slow)
{
	return getenv("SESS_SLOW") != NULL ? slow : quick;
}

void *
shared(size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		bail("no shared memory");
	return at;
}

int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

unsigned
dice(uint64_t *seed, unsigned limit)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (unsigned)(*seed >> 16) % limit;
}

uint64_t
first_seed(void)
{
	const char *text = getenv("SESS_SEED");
	uint64_t seed = text != NULL ? strtoull(text, NULL, 10) : 0;

	if (seed == 0)
		seed = 20240229;
	diag("SESS_SEED=%" PRIu64 " repeats this run", seed);
	return seed;
}

/* -- crowds ------------------------------------------------------------------------------------ */

pid_t
start_process(job *work, void *arg, int who)
{
	pid_t parent = getpid(), pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		bail("cannot fork");
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		exit(getppid() == parent ? work(arg, who) : 1);
	}
	return pid;
}

int
wait_process(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		bail("a child got lost");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int
in_processes(int n, job *work, void *arg)
{
	pid_t pid[CROWD_MAX];
	int failed = 0;

	if (n > CROWD_MAX)
		bail("a crowd of %d is too big", n);
	for (int i = 0; i < n; i++)
		pid[i] = start_process(work, arg, i);
	for (int i = 0; i < n; i++)
		failed += wait_process(pid[i]) != 0;
	return failed;
}

typedef struct worker {
	pthread_t thread;
	job *work;
	void *arg;
	int who, result;
} worker;

static void *
run_worker(void *arg)
{
	worker *w = arg;

	w->result = w->work(w->arg, w->who);
	return NULL;
}

int
in_threads(int n, job *work, void *arg)
{
	worker crowd[CROWD_MAX];
	int failed = 0;

	if (n > CROWD_MAX)
		bail("a crowd of %d is too big", n);
	for (int i = 0; i < n; i++) {
		crowd[i] = (worker){ .work = work, .arg = arg, .who = i };
		if (pthread_create(&crowd[i].thread, NULL, run_worker, &crowd[i]) != 0)
			bail("cannot start a thread");
	}
	for (int i = 0; i < n; i++) {
		pthread_join(crowd[i].thread, NULL);
		failed += crowd[i].result != 0;
	}
	return failed;
}

/* -- the browser ------------------------------------------------------------------------------- */

void
jar_keep(jar *j, const char *set_cookie)
{
	size_t len, value;

	if (set_cookie == NULL)
		return;
	len = strcspn(set_cookie, ";");
	value = strcspn(set_cookie, "=") + 1;
	j->line[0] = '\0';
	if (value < len)
		snprintf(j->line, sizeof(j->line), "HTTP_COOKIE=%.*s", (int)len, set_cookie);
}

sess_config
store_settings(const char *store, int64_t *now)
{
	sess_config c = SESS_CONFIG_INIT;

	snprintf(c.store, sizeof(c.store), "%s", store);
	if (now != NULL) {
		c.now = fake_now;
		c.arg = now;
	}
	return c;
}

sess_kit *
open_kit(const sess_config *config)
{
	sess_error err;
	sess_kit *kit;

	if (sess_kit_open(&kit, config, &err) != SESS_OK)
		fprintf(stderr, "# open: %s\n", err.text);
	return kit;
}

sess *
enter(sess_kit *kit, jar *j)
{
	char *env[] = { j->line[0] != '\0' ? j->line : NULL, NULL };
	sess *s;

	return sess_begin(kit, env, &s) == SESS_OK ? s : NULL;
}

int
leave(sess *s, jar *j)
{
	int rc = sess_commit(s);
	jar next = *j;

	jar_keep(&next, sess_cookie(s));
	sess_end(s);
	*j = next;
	return rc;
}

int
add_one(sess_kit *kit, jar *j, const char *key)
{
	sess *s = enter(kit, j);

	if (s == NULL)
		return SESS_STORE;
	(void)sess_add_int(s, key, 1);
	return leave(s, j);
}

sess_status
look(sess_kit *kit, jar *j, const char *key, int64_t *number)
{
	char *env[] = { j->line[0] != '\0' ? j->line : NULL, NULL };
	sess_options options = { .flags = SESS_READ_ONLY | SESS_NO_TOUCH };
	sess_status state;
	sess *s;

	*number = -1;
	if (sess_begin_with(kit, env, &options, &s) != SESS_OK)
		return SESS_DAMAGED;
	state = sess_state(s);
	if (state == SESS_LIVE)
		*number = sess_get_int(s, key, -1);
	sess_end(s);
	return state;
}

bool
is_live(sess_kit *kit, jar *j)
{
	int64_t ignored;

	return look(kit, j, "n", &ignored) == SESS_LIVE;
}

int
new_session(sess_kit *kit, jar *j, const char *user)
{
	sess *s;

	j->line[0] = '\0';
	if ((s = enter(kit, j)) == NULL)
		return SESS_STORE;
	(void)sess_set_int(s, "n", 0);
	if (user != NULL)
		(void)sess_login(s, user);
	return leave(s, j);
}

/* -- files ------------------------------------------------------------------------------------- */

static int
take_text(void *arg, int columns, char **value, char **name)
{
	char *text = arg;

	(void)columns;
	(void)name;
	if (text[0] == '\0' && value[0] != NULL)
		snprintf(text, 200, "%s", value[0]);
	return 0;
}

const char *
integrity(const char *path)
{
	static char text[200];
	char *message = NULL;
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, "unix");

	text[0] = '\0';
	if (rc == SQLITE_OK)
		sqlite3_busy_timeout(db, 5000);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, "PRAGMA integrity_check", take_text, text, &message);
	if (rc != SQLITE_OK)
		snprintf(text, sizeof(text), "%s", message != NULL ? message : sqlite3_errstr(rc));
	sqlite3_free(message);
	sqlite3_close(db);
	return text;
}

bool
checkpoint(const char *path)
{
	char busy[200] = "";
	sqlite3 *db = NULL;
	bool done = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
		sqlite3_exec(db, "PRAGMA wal_checkpoint(RESTART)", take_text, busy, NULL) ==
			SQLITE_OK &&
		strcmp(busy, "0") == 0;

	/* Else the last one to leave removes the log. */
	if (db != NULL)
		(void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(db);
	return done;
}

static char *
url_of(const char *scheme, const char *name)
{
	size_t size = strlen(scheme) + strlen(temp_dir()) + strlen(name) + sizeof(":/");
	char *url = malloc(size);

	if (url == NULL)
		bail("out of memory");
	snprintf(url, size, "%s:%s/%s", scheme, temp_dir(), name);
	return url;
}

char *
sqlite_url(const char *name)
{
	return url_of("sqlite", name);
}

char *
file_url(const char *name)
{
	return url_of("file", name);
}

void
copy_file(const char *from, const char *to, const char *suffix)
{
	char name[2][400], bytes[4096];
	FILE *in, *out;
	size_t n;

	snprintf(name[0], sizeof(name[0]), "%s%s", from, suffix);
	snprintf(name[1], sizeof(name[1]), "%s%s", to, suffix);
	(void)umask(077);
	in = fopen(name[0], "r");
	out = fopen(name[1], "w");
	if (in == NULL || out == NULL)
		bail("%s: cannot be copied", name[0]);
	while ((n = fread(bytes, 1, sizeof(bytes), in)) > 0)
		(void)fwrite(bytes, 1, n, out);
	if (fclose(out) != 0)
		bail("%s: cannot be written", name[1]);
	(void)fclose(in);
}

int64_t
file_size(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}
