/* SPDX-License-Identifier: ISC */
/*
 * contract_cookie.c - the contract of stores, for sessions that browsers keep: between it and the
 * store stands a browser with all of them, which brings what the store gave it last.
 */
#include "store_contract.h"
#include "support.h"
#include "tap.h"

#include <sys/wait.h>

extern const sess_provider sess_provider_cookie, sess_provider_sqlite;

#define MOST 4096

static struct {
	unsigned char id[SESS_ID_BYTES];
	void *bytes;
	size_t len;
} browser[MOST];
static size_t cookies;

static const sess_provider *const real = &sess_provider_cookie;

static size_t
find(const unsigned char *id)
{
	size_t i = 0;

	while (i < cookies && memcmp(browser[i].id, id, SESS_ID_BYTES) != 0)
		i++;
	return i;
}

static void
bring(void *self, const unsigned char *id)
{
	size_t i = find(id);
	sess_error err;

	if (real->bring(self, id, i < cookies ? browser[i].bytes : NULL,
		i < cookies ? browser[i].len : 0, &err) != SESS_OK)
		bail("bring: %s", err.text);
}

/* What the answer set, if the call went well. */
static int
set(void *self, const unsigned char *id, int rc)
{
	const void *bytes;
	size_t len, i = find(id);

	if (real->carry(self, &bytes, &len) != 1)
		return rc;
	if (i == MOST)
		bail("the browser is full");
	cookies += i == cookies;
	memcpy(browser[i].id, id, SESS_ID_BYTES);
	free(browser[i].bytes);
	if ((browser[i].bytes = malloc(len)) == NULL)
		bail("out of memory");
	memcpy(browser[i].bytes, bytes, len);
	browser[i].len = len;
	return rc;
}

static int
browser_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	sess_address below = *address, over = *address;
	sess_base base = { &sess_provider_sqlite, &below };

	over.base = &base;
	over.bases = 1;
	return real->open(self, &over, limits, err);
}

static int
browser_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	bring(self, id);
	return set(self, id, real->load(self, id, now, out, sink, err));
}

static int
browser_insert(void *self, const sess_record *rec, int64_t now, int flags, sess_error *err)
{
	bring(self, rec->id);
	return set(self, rec->id, real->insert(self, rec, now, flags, err));
}

static int
browser_update(void *self, const sess_record *rec, int64_t now, int part, sess_error *err)
{
	bring(self, rec->id);
	return set(self, rec->id, real->update(self, rec, now, part, err));
}

static int
browser_touch(void *self, const unsigned char *id, int64_t seen, int64_t expires, sess_error *err)
{
	bring(self, id);
	return set(self, id, real->touch(self, id, seen, expires, err));
}

static int
browser_offer(void *self, const unsigned char *id, const unsigned char *candidate,
	const unsigned char *secret, int64_t now, int64_t free_since, int64_t keep, sess_error *err)
{
	bring(self, id);
	return set(self, id, real->offer(self, id, candidate, secret, now, free_since, keep, err));
}

static int
browser_replace(void *self, const unsigned char *old, const sess_record *rec, sess_status why,
	int64_t now, int64_t keep, sess_error *err)
{
	bring(self, old);
	return set(self, rec->id, real->replace(self, old, rec, why, now, keep, err));
}

static int
browser_end(void *self, const unsigned char *id, sess_status why, int64_t now, int64_t keep,
	sess_error *err)
{
	bring(self, id);
	return set(self, id, real->end(self, id, why, now, keep, err));
}

/* -- the store below --------------------------------------------------------------------------- */

/* One of its calls fails: load, cas or restore, or none. */
static int failing;
enum { LOAD = 1, CAS, RESTORE, CALLS };

static int
down(sess_error *err)
{
	return sess_fail(err, SESS_STORE, "the store below is down");
}

static int
below_load(void *self, const unsigned char *id, int64_t now, sess_record *out, sess_sink *sink,
	sess_error *err)
{
	return failing == LOAD ? down(err) : sess_provider_sqlite.load(self, id, now, out, sink, err);
}

static int
below_cas(void *self, const char *name, int64_t expected, int64_t value, int64_t *found,
	sess_error *err)
{
	return failing == CAS ? down(err) :
		sess_provider_sqlite.cas(self, name, expected, value, found, err);
}

static int
below_restore(void *self, const sess_item *item, sess_error *err)
{
	return failing == RESTORE ? down(err) : sess_provider_sqlite.restore(self, item, err);
}

static void *
open_on(const sess_provider *below, const char *path, const sess_limits *limits)
{
	sess_address address = { .url = path, .kind = "", .host = "", .user = "", .path = path,
		.query = "", .password = "" }, over = address;
	sess_base base = { below, &address };
	sess_error err = { 0 };
	void *self;

	over.base = &base;
	over.bases = 1;
	if (real->open(&self, &over, limits, &err) != SESS_OK)
		bail("open: %s", err.text);
	return self;
}

static const sess_limits limits = { .max_bytes = 65536, .busy_ms = 5000 };
static const int64_t now = CONTRACT_NOW;

static sess_record
record(unsigned char n)
{
	sess_record rec = { .revision = 1, .created = now, .seen = now, .expires = now + 100,
		.idle = 100, .data = "{}", .len = 2 };

	memset(rec.id, n, sizeof(rec.id));
	return rec;
}

/* Whatever cannot be asked, no session is believed and none is said to have ended. */
static void
fails_closed(const char *path)
{
	static const char *const call[] = { "", "load", "cas", "restore" };
	sess_provider below = sess_provider_sqlite;
	sess_record rec = record(1), next = record(2), got;
	sess_query all = { .now = now };
	sess_sink sink = { { NULL, NULL } };
	sess_error err;
	void *self;
	size_t n;

	below.load = below_load;
	below.cas = below_cas;
	below.restore = below_restore;
	self = open_on(&below, path, &limits);
	if (real->insert(self, &rec, now, 0, &err) != SESS_OK)
		bail("insert: %s", err.text);
	for (failing = LOAD; failing < CALLS; failing++) {
		bool asks = failing != RESTORE, writes = failing != LOAD;

		diag("%s fails", call[failing]);
		if (asks)
			is_int(real->load(self, rec.id, now, &got, &sink, &err), SESS_STORE, "load");
		if (asks)
			is_int(real->update(self, &rec, now, SESS_PART_ALL, &err), SESS_STORE, "update");
		if (asks)
			is_int(real->insert(self, &next, now, 0, &err), SESS_STORE, "insert");
		is_int(real->replace(self, rec.id, &next, SESS_ROTATED, now, now, &err), SESS_STORE,
			"replace");
		if (writes)
			is_int(real->end_all(self, &all, rec.id, SESS_REVOKED, now, &n, &err), SESS_STORE,
				"end of all");
		if (failing == RESTORE) {
			is_int(real->end(self, rec.id, SESS_LOGGED_OUT, now, now, &err), SESS_STORE, "end");
			is_int(real->claim(self, rec.id, now, now, &err), SESS_STORE, "claim");
		}
		is_str(err.text, "the store below is down", "with its words");
	}
	failing = 0;
	is_int(real->load(self, rec.id, now, &got, &sink, &err), 1, "when it is back so is the session");
	is_int((int64_t)got.revision, 1, "as it was");
	arena_free(&sink.memory);
	real->close(self);
}

/* -- many at once ------------------------------------------------------------------------------ */

#define PROCESSES 4
#define TICKETS 100

/* Claim all tickets; how many were got, as an exit status. */
static int
claim_all(const char *path)
{
	void *self = open_on(&sess_provider_sqlite, path, &limits);
	sess_error err;
	int got = 0;

	for (unsigned char n = 0; n < TICKETS; n++) {
		sess_record rec = record(n);
		int rc = real->claim(self, rec.id, now, now + 100, &err);

		if (rc < 0)
			return 255;
		got += rc;
	}
	real->close(self);
	return got;
}

static void
claimed_once(const char *path)
{
	int got = 0, status;

	for (int i = 0; i < PROCESSES; i++)
		if (fork() == 0)
			_exit(claim_all(path));
	for (int i = 0; i < PROCESSES && wait(&status) > 0; i++)
		got += WIFEXITED(status) ? WEXITSTATUS(status) : 1000;
	is_int(got, TICKETS, "of %d processes one gets each ticket", PROCESSES);
}

static void
report(void *arg, int sentence, int number, bool passed, const char *text)
{
	(void)arg;
	ok(passed, "%d.%d %s", sentence, number, text);
}

int
main(void)
{
	/* Those about what a record is. The others speak of candidates, lists, counts and several
	 * requests with one session as well, which there are none of; test_carry has what is left. */
	static const int kept[] = { 1, 2, 6, 8, 9, 21 };
	sess_provider over = *real;
	char *path = temp_path("contract"), *closed = temp_path("closed"), *claims = temp_path("claims");

	over.open = browser_open;
	over.load = browser_load;
	over.insert = browser_insert;
	over.update = browser_update;
	over.touch = browser_touch;
	over.offer = browser_offer;
	over.replace = browser_replace;
	over.end = browser_end;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++, cookies = 0)
		(void)store_contract(&over, path, kept[i], report, NULL);
	fails_closed(closed);
	claimed_once(claims);
	free(path);
	free(closed);
	free(claims);
	return done();
}
