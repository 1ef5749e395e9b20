/* SPDX-License-Identifier: ISC */
/* test_store_file_restore.c - what the file store puts back: on disk although it was there, with
 * locks that wait for nobody in a circle; and numbers, that are read without any. */
#include "file_fixture.h"
#include "tap.h"

#include <glob.h>
#include <pthread.h>
#include <sys/stat.h>

#define NOW CONTRACT_NOW
#define ROUNDS 150
#define SYNCED_MAX 64

/* -- what was put on disk ---------------------------------------------------------------------- */

static bool noting;
static ino_t synced[SYNCED_MAX];
static size_t syncs;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	struct stat st;

	if (noting && syncs < SYNCED_MAX && fstat(fd, &st) == 0)
		synced[syncs++] = st.st_ino;
	return __real_fsync(fd);
}

static bool
was_synced(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return false;
	for (size_t i = 0; i < syncs; i++)
		if (synced[i] == st.st_ino)
			return true;
	return false;
}

/* The file of a value and the folder with its name. */
static bool
value_synced(const contract *c, const unsigned char *id)
{
	char *path = value_path(c, id);
	bool file = was_synced(path);

	*strrchr(path, '/') = '\0';
	return file && was_synced(path);
}

/* The folders that have a mark, by user and by time. */
static bool
marks_synced(const contract *c)
{
	static const char *const folders[] = { "users/*/*", "due/*/*" };
	bool all = true;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		glob_t found;

		all = glob(path_of(c, folders[i]), 0, NULL, &found) == 0 && all;
		for (size_t n = 0; n < found.gl_pathc; n++)
			all = was_synced(found.gl_pathv[n]) && all;
		globfree(&found);
	}
	return all;
}

static int
put_back(contract *c, sess_item item, bool sync)
{
	item.sync = sync;
	syncs = 0;
	noting = sync;
	return result(c, c->provider->restore(c->self, &item, &c->err));
}

static sess_trace
trace_of(int kind, const unsigned char *id)
{
	sess_trace t = { .kind = kind, .at = NOW, .keep = CONTRACT_KEEP, .why = SESS_LOGGED_OUT };

	memcpy(t.id, id, sizeof(t.id));
	return t;
}

/* The one who put it there may have died before it was on disk. */
static void
there_already(void)
{
	contract c = open_store("there");
	sess_record rec = fresh_record(&c);
	unsigned char candidate[SESS_ID_BYTES], other[SESS_ID_BYTES];
	sess_trace t, end;
	sess_item item = { .rec = &rec, .traces = &t, .count = 1 };
	sess_item ended = { .traces = &end, .count = 1 };

	fresh_id(&c, candidate);
	fresh_id(&c, other);
	t = trace_of(SESS_TRACE_CANDIDATE, candidate);
	end = trace_of(SESS_TRACE_ENDED, other);
	rec.user = "ann";
	is_int(put_back(&c, item, false), 1, "a session is put there, but not on disk");
	is_int(put_back(&c, item, true), 0, "put there on disk, it stays");
	ok(value_synced(&c, rec.id), "and is on disk");
	ok(value_synced(&c, candidate), "with what leads to it");
	ok(marks_synced(&c), "and what it is found by");
	rec.revision--;
	is_int(put_back(&c, item, true), 0, "an earlier state stays away");
	ok(value_synced(&c, rec.id), "and the later one is on disk");
	is_int(put_back(&c, item, false), 0, "if that is not asked for");
	is_int((int64_t)syncs, 0, "nobody waits for the disk");
	is_int(put_back(&c, ended, false), 1, "an end is put there, but not on disk");
	is_int(put_back(&c, ended, true), 0, "put there on disk, it stays");
	ok(value_synced(&c, other), "and is on disk");
	end = trace_of(SESS_TRACE_ENDED, candidate);
	is_int(put_back(&c, ended, false), 1, "the session ends, but not on disk");
	is_int(put_back(&c, item, true), 0, "put there on disk, it has ended");
	ok(value_synced(&c, rec.id), "and that is on disk");
	is_int(do_load(&c, rec.id, NOW), 0, "it is not back");
	noting = false;
	close_store(&c);
}

/* -- locks ------------------------------------------------------------------------------------- */

static void
locked_pointer(void)
{
	contract c = open_store("pointer"), d = c;
	sess_record rec = fresh_record(&c);
	unsigned char retired[SESS_ID_BYTES];
	sess_trace t;
	sess_item item = { .rec = &rec, .traces = &t, .count = 1 };

	fresh_id(&c, retired);
	t = trace_of(SESS_TRACE_RETIRED, retired);
	d.self = open_handle(&c);
	is_int(d.provider->hold(d.self, retired, &d.err), SESS_OK, "another handle holds a former id");
	is_int(put_back(&c, item, false), SESS_BUSY, "which cannot be led to a session meanwhile");
	is_int(do_load(&c, rec.id, NOW), 0, "so that is not there");
	is_int(d.provider->release(d.self, &d.err), SESS_OK, "but is");
	is_int(put_back(&c, item, false), 1, "once it is let go");
	is_int(do_load(&c, retired, NOW), 1, "under both ids");
	close_store(&d);
	c.provider->close(c.self);
	arena_free(&c.sink.memory);
}

static void
three_locks(void)
{
	contract c = open_store("three"), d = c;
	sess_record held = stored_record(&c), rec = fresh_record(&c);
	unsigned char retired[SESS_ID_BYTES];
	sess_trace t;
	sess_item item = { .rec = &rec, .traces = &t, .count = 1 };

	fresh_id(&c, retired);
	t = trace_of(SESS_TRACE_RETIRED, retired);
	d.self = open_handle(&c);
	is_int(c.provider->hold(c.self, held.id, &c.err), SESS_OK, "one session is held");
	is_int(put_back(&c, item, false), 1, "while another is put back");
	is_int(do_touch(&d, held.id, NOW + 1, held.expires + 1), SESS_BUSY, "it is held still");
	is_int(do_touch(&d, rec.id, NOW + 1, rec.expires + 1), SESS_OK, "the other one is not");
	is_int(c.provider->release(c.self, &c.err), SESS_OK, "let go");
	is_int(do_touch(&d, held.id, NOW + 1, held.expires + 1), SESS_OK, "it is free");
	close_store(&d);
	c.provider->close(c.self);
	arena_free(&c.sink.memory);
}

/* Each puts back its state of a session, of which the one's home is the other's former id. */
typedef struct side {
	contract c;
	sess_record rec;
	sess_trace t;
	int kind;
	int failures;
	sess_error first;
} side;

static pthread_barrier_t together;

static void *
put_back_often(void *arg)
{
	side *s = arg;
	unsigned char id[SESS_ID_BYTES];
	sess_item item = { .rec = &s->rec, .traces = &s->t, .count = 1, .sync = true };

	for (int i = 0; i < ROUNDS; i++) {
		fresh_id(&s->c, id);
		memcpy(s->rec.id, id, sizeof(id));
		fresh_id(&s->c, id);
		s->t = trace_of(s->kind, id);
		if (s->kind == SESS_TRACE_RETIRED) {
			memcpy(s->t.id, s->rec.id, sizeof(id));
			memcpy(s->rec.id, id, sizeof(id));
		}
		(void)pthread_barrier_wait(&together);
		if (s->c.provider->restore(s->c.self, &item, &s->c.err) < 0 && s->failures++ == 0)
			s->first = s->c.err;
		(void)pthread_barrier_wait(&together);
		s->failures += do_load(&s->c, s->rec.id, NOW) != 1;
		s->failures += do_load(&s->c, s->t.id, NOW) != 1;
		s->failures += memcmp(s->c.got.id, s->rec.id, sizeof(id)) != 0 &&
			s->kind == SESS_TRACE_RETIRED;
	}
	return NULL;
}

static void
crossed_locks(void)
{
	side s[2] = { { .kind = SESS_TRACE_CANDIDATE }, { .kind = SESS_TRACE_RETIRED } };
	pthread_t other;
	int64_t began;

	s[0].c = open_store("crossed");
	s[0].c.limits.busy_ms = 3000;
	s[0].c.provider->close(s[0].c.self);
	s[0].c.self = open_handle(&s[0].c);
	s[0].rec = s[1].rec = fresh_record(&s[0].c);
	s[1].c = s[0].c;
	s[1].c.self = open_handle(&s[0].c);
	pthread_barrier_init(&together, NULL, 2);
	began = clock_monotonic_ms();
	if (pthread_create(&other, NULL, put_back_often, &s[1]) != 0)
		bail("no thread");
	(void)put_back_often(&s[0]);
	pthread_join(other, NULL);
	diag("%d rounds in %lld ms", ROUNDS, (long long)(clock_monotonic_ms() - began));
	for (int i = 0; i < 2; i++) {
		is_int(s[i].failures, 0, "%s", i == 0 ? "the state before a renewal, with the one after it"
			: "the one after it, which stays");
		if (s[i].first.text[0])
			diag("%s", s[i].first.text);
		close_store(&s[i].c);
	}
	pthread_barrier_destroy(&together);
}

/* -- numbers ----------------------------------------------------------------------------------- */

/* Or a process that stops for a moment would stop all who look at a number, at each request. */
static void
numbers_under_locks(void)
{
	contract c = open_store("numbers");
	struct flock all = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int64_t found = 0;
	int fd;

	is_int(do_cas(&c, "n", 0, 7, &found), 1, "a number");
	fd = open(path_of(&c, "lock"), O_RDWR | O_CLOEXEC);
	is_int(fcntl(fd, F_OFD_SETLK, &all), 0, "somebody has all locks");
	is_int(do_cas(&c, "n", INT64_MIN, INT64_MIN, &found), 0, "it is read all the same");
	is_int(found, 7, "and has its value");
	is_int(do_cas(&c, "n", 7, 7, &found), 1, "it is what it should be");
	is_int(do_cas(&c, "n", 6, 8, &found), 0, "who comes too late is told");
	is_int(do_cas(&c, "none", 0, 0, &found), 1, "so is who looks for one that is not there");
	is_int(do_cas(&c, "n", 7, 8, &found), SESS_BUSY, "to change it takes the lock");
	close(fd);
	is_int(do_cas(&c, "n", 7, 8, &found), 1, "when that is free");
	close_store(&c);
}

int
main(void)
{
	there_already();
	locked_pointer();
	three_locks();
	crossed_locks();
	numbers_under_locks();
	return done();
}
