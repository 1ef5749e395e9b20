/* SPDX-License-Identifier: ISC */
/* fork.c - a kit that was opened before fork: each child goes on with a connection of its own, and
 * what it inherited is neither used nor closed. */
#include "faults.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#define CHILDREN 16
#define SESSIONS 20             /* of each child */

typedef struct family {
	sess_kit *kit;
	jar common, jars[CHILDREN][SESSIONS];
	pthread_barrier_t ready;
	_Atomic int descriptors[CHILDREN];
	_Atomic int found;              /* inherited sessions that a child could see */
} family;

static int
open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	if (dir == NULL)
		return -1;
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

static int
child(void *arg, int who)
{
	family *f = arg;
	int before = open_descriptors();
	int64_t n;

	f->found += look(f->kit, &f->common, "n", &n) == SESS_LIVE;
	f->descriptors[who] = open_descriptors() - before;
	/* All at once, or the first is done before the last begins. */
	(void)pthread_barrier_wait(&f->ready);
	for (int i = 0; i < SESSIONS; i++) {
		if (new_session(f->kit, &f->jars[who][i], NULL) != SESS_OK)
			return 1;
		if (f->found > 0 && add_one(f->kit, &f->common, "n") != SESS_OK)
			return 2;
	}
	sess_kit_close(f->kit);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const jar *)a)->line, ((const jar *)b)->line);
}

static int
equal_ids(family *f)
{
	jar *all = f->jars[0];
	size_t n = CHILDREN * SESSIONS;
	int equal = 0;

	qsort(all, n, sizeof(*all), compare);
	for (size_t i = 1; i < n; i++)
		equal += strcmp(all[i - 1].line, all[i].line) == 0;
	return equal;
}

/* With a request under way, as a child of a real program may be born. */
static void
fork_sqlite(family *f)
{
	char *url = sqlite_url("fork.db");
	sess_config config = store_settings(url, NULL);
	int other = 0, before;
	int64_t n;
	sess *open;

	before = open_descriptors();
	f->kit = open_kit(&config);
	is_int(new_session(f->kit, &f->common, NULL), SESS_OK, "sqlite: the parent's session");
	open = enter(f->kit, &f->common);
	is_int(in_processes(CHILDREN, child, f), 0, "sqlite: %d children use the kit", CHILDREN);
	is_int(f->found, CHILDREN, "sqlite: all see the parent's session");
	is_int(equal_ids(f), 0, "sqlite: no id is given out twice");
	for (int i = 0; i < CHILDREN; i++)
		other += f->descriptors[i] != 0;
	is_int(other, 0, "sqlite: a child's connection takes the place of the inherited one");
	(void)sess_add_int(open, "n", 1);
	is_int(leave(open, &f->common), SESS_OK, "sqlite: the parent goes on with its request");
	is_int(look(f->kit, &f->common, "n", &n), SESS_LIVE, "sqlite: the session lives");
	is_int(n, CHILDREN * SESSIONS + 1, "sqlite: every change of every process is there");
	sess_kit_close(f->kit);
	is_int(open_descriptors(), before, "sqlite: a kit that is closed leaves no descriptor");
	is_str(integrity(url + sizeof("sqlite:") - 1), "ok", "sqlite: the database is sound");
	free(url);
}

/* A child closes the kit at once, or leaves without: the parent's connection must not notice. */
static int
close_unused(void *arg, int who)
{
	family *f = arg;

	if (who % 2 == 1)
		_exit(0);
	sess_kit_close(f->kit);
	return 0;
}

static void
fork_and_close(family *f)
{
	char *url = sqlite_url("close.db");
	sess_config config = store_settings(url, NULL);
	sess_kit *other;
	int64_t n;

	f->kit = open_kit(&config);
	is_int(new_session(f->kit, &f->common, NULL), SESS_OK, "close: the parent's session");
	is_int(in_processes(CHILDREN, close_unused, f), 0, "close: children close it unused");
	other = open_kit(&config);
	ok(add_one(f->kit, &f->common, "n") == SESS_OK &&
		add_one(other, &f->common, "n") == SESS_OK,
		"close: the parent and another kit write on");
	(void)look(f->kit, &f->common, "n", &n);
	is_int(n, 2, "close: and see each other's work");
	sess_kit_close(other);
	sess_kit_close(f->kit);
	is_str(integrity(url + sizeof("sqlite:") - 1), "ok", "close: the database is sound");
	free(url);
}

/* -- a child whose parent is gone -------------------------------------------------------------- */

/* The byte that every connection locks while it uses the index of the log. Without that lock the
 * next process to come would believe to be the first, and empty the index under the others. */
#define INDEX_IN_USE 128

static bool
index_is_locked(const char *path)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INDEX_IN_USE,
		.l_len = 1 };
	int fd = open(path, O_RDWR | O_CLOEXEC);
	bool locked = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

	close(fd);
	return locked;
}

typedef struct orphan {
	sess_config config;
	int kits, say[2];               /* the orphan has a request done; it may end */
	int hear[2];
} orphan;

static int
live_on(const orphan *o, sess_kit **kits)
{
	jar j;
	char c = 'x';
	int rc = new_session(kits[0], &j, NULL);

	if (write(o->say[1], &c, 1) != 1 || read(o->hear[0], &c, 1) < 0)
		return 1;
	for (int i = 0; i < o->kits && rc == SESS_OK; i++)
		rc = add_one(kits[i], &j, "n");
	c = rc == SESS_OK ? 'x' : 'f';
	for (int i = 0; i < o->kits; i++)
		sess_kit_close(kits[i]);
	return write(o->say[1], &c, 1) != 1;
}

/* Open, fork, leave: what a program does that goes into the background late. */
static int
orphan_a_child(void *arg, int kits)
{
	orphan *o = arg;
	sess_kit *kit[2] = { NULL, NULL };
	pid_t pid;

	o->kits = kits;
	for (int i = 0; i < kits; i++)
		kit[i] = open_kit(&o->config);
	pid = fork();
	if (pid == 0) {
		close(o->hear[1]);
		_exit(live_on(o, kit));
	}
	_exit(pid < 0);
}

static void
fork_and_leave(int kits)
{
	char *url = sqlite_url("orphan.db"), *index = temp_path("orphan.db-shm"), c = 0;
	orphan o = { .config = store_settings(url, NULL) };

	if (pipe(o.say) != 0 || pipe(o.hear) != 0)
		bail("no pipes");
	is_int(wait_process(start_process(orphan_a_child, &o, kits)), 0,
		"orphan: %d kits are left to a child", kits);
	ok(read(o.say[0], &c, 1) == 1 && c == 'x', "orphan: it has stored something");
	ok(index_is_locked(index), "orphan: it has locks of its own");
	close(o.hear[1]);
	close(o.say[1]);
	ok(read(o.say[0], &c, 1) == 1 && c == 'x', "orphan: it goes on with each kit");
	close(o.say[0]);
	close(o.hear[0]);
	free(index);
	free(url);
}

/* -- memory ------------------------------------------------------------------------------------ */

static void
fork_memory(family *f)
{
	sess_config config = store_settings("memory:fork", NULL);
	int64_t n;

	f->found = 0;
	f->kit = open_kit(&config);
	is_int(new_session(f->kit, &f->common, NULL), SESS_OK, "memory: the parent's session");
	is_int(in_processes(CHILDREN, child, f), 0, "memory: %d children use the kit", CHILDREN);
	is_int(f->found, 0, "memory: each child starts empty");
	is_int(equal_ids(f), 0, "memory: no id is given out twice");
	is_int(add_one(f->kit, &f->common, "n"), SESS_OK, "memory: the parent goes on");
	is_int(look(f->kit, &f->jars[0][0], "n", &n), SESS_UNKNOWN,
		"memory: and does not see what children stored");
	sess_kit_close(f->kit);
}

int
main(void)
{
	family *f = shared(sizeof(*f));
	pthread_barrierattr_t attributes;

	time_limit(60);
	if (pthread_barrierattr_init(&attributes) != 0 ||
		pthread_barrierattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) != 0 ||
		pthread_barrier_init(&f->ready, &attributes, CHILDREN) != 0)
		bail("no barrier");
	fork_sqlite(f);
	fork_and_close(f);
	fork_and_leave(1);
	fork_and_leave(2);
	fork_memory(f);
	return done();
}
