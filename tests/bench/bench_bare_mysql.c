/* SPDX-License-Identifier: ISC */
/* bench_bare_mysql.c - libmariadb alone, with the statements that the MySQL store sends for the
 * same, on tables like its own. */
#include "bench_stores.h"

#include <mysql.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GET, INSERT, UPDATE, MARK, UNMARK, TALLY, STATEMENTS };

static const char *const text[STATEMENTS] = {
	[GET] = "SELECT k, version, LEFT(bytes, 1114112) FROM bare_value WHERE k = ?",
	[INSERT] = "INSERT INTO bare_value (k, version, bytes) VALUES (?, ?, ?)",
	[UPDATE] = "UPDATE bare_value SET version = ?, bytes = ? WHERE k = ? AND version = ?",
	[MARK] = "INSERT INTO bare_due (due, k, kind) VALUES (1702678400, ?, ?)",
	[UNMARK] = "DELETE FROM bare_due WHERE due = 1702678400 AND k = ? AND kind = ?",
	[TALLY] = "INSERT INTO bare_tally (minute, slot, started, logins, ended, expired) "
		"VALUES (28333333, CONNECTION_ID() MOD 64, 1, 0, 0, 0) ON DUPLICATE KEY UPDATE "
		"started = started + VALUES(started), logins = logins + VALUES(logins), "
		"ended = ended + VALUES(ended), expired = expired + VALUES(expired)",
};

typedef struct maria {
	MYSQL *db;
	MYSQL_STMT *statement[STATEMENTS];
	unsigned char value[BARE_VALUE];
} maria;

static void
query(maria *m, const char *statement)
{
	if (mysql_query(m->db, statement) != 0)
		bench_die("mysql: %s", mysql_error(m->db));
}

/* As root, at a socket or, without a '/', at a port of this machine. */
static void *
maria_open(const char *place)
{
	bool local = strchr(place, '/') != NULL;
	maria *m = calloc(1, sizeof(*m));

	if (m == NULL || (m->db = mysql_init(NULL)) == NULL)
		bench_die("out of memory");
	if (!mysql_real_connect(m->db, local ? NULL : "127.0.0.1", local ? "root" : "web",
		local ? "" : "open-sesame", "sessions", local ? 0 : (unsigned)bench_number(place),
		local ? place : NULL, 0))
		bench_die("%s: %s", place, mysql_error(m->db));
	query(m, "SET SESSION wsrep_sync_wait = 1");
	query(m, "CREATE TABLE bare_value LIKE sess_value");
	query(m, "CREATE TABLE bare_due LIKE sess_due");
	query(m, "CREATE TABLE bare_tally LIKE sess_tally");
	for (int i = 0; i < STATEMENTS; i++) {
		m->statement[i] = mysql_stmt_init(m->db);
		if (m->statement[i] == NULL ||
			mysql_stmt_prepare(m->statement[i], text[i], strlen(text[i])) != 0)
			bench_die("mysql: %s", mysql_error(m->db));
	}
	bench_random(m->value, sizeof(m->value));
	return m;
}

static void
maria_close(void *self)
{
	maria *m = self;

	for (int i = 0; i < STATEMENTS; i++)
		mysql_stmt_close(m->statement[i]);
	mysql_close(m->db);
	free(m);
}

static MYSQL_BIND
bytes(const void *at, size_t len)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_BLOB, .buffer = (void *)(uintptr_t)at,
		.buffer_length = (unsigned long)len };
}

static MYSQL_BIND
number(const uint64_t *n)
{
	return (MYSQL_BIND){ .buffer_type = MYSQL_TYPE_LONGLONG, .buffer = (void *)(uintptr_t)n,
		.is_unsigned = 1 };
}

static MYSQL_STMT *
run(maria *m, int which, MYSQL_BIND *in)
{
	MYSQL_STMT *st = m->statement[which];

	if ((in != NULL && mysql_stmt_bind_param(st, in)) || mysql_stmt_execute(st) != 0)
		bench_die("mysql: %s", mysql_stmt_error(st));
	return st;
}

static void
change_one(maria *m, int which, MYSQL_BIND *in)
{
	if (mysql_stmt_affected_rows(run(m, which, in)) == 0)
		bench_die("mysql: a row is missing");
}

/* Whether it is there, and its version. */
static bool
get(maria *m, const unsigned char *id, uint64_t *version)
{
	unsigned char key[ID_BYTES], value[BARE_VALUE];
	MYSQL_BIND in = bytes(id, ID_BYTES), out[] = { bytes(key, sizeof(key)), number(version),
		bytes(value, sizeof(value)) };
	MYSQL_STMT *st = run(m, GET, &in);
	bool there;

	if (mysql_stmt_bind_result(st, out) || mysql_stmt_store_result(st) != 0)
		bench_die("mysql: %s", mysql_stmt_error(st));
	there = mysql_stmt_fetch(st) == 0;
	mysql_stmt_free_result(st);
	return there;
}

static void
look_at(maria *m, const unsigned char *id, bool there, uint64_t *version)
{
	if (get(m, id, version) != there)
		bench_die("mysql: a row is there that should not, or the other way round");
}

static void
insert(maria *m, const unsigned char *id, size_t len)
{
	uint64_t version;
	MYSQL_BIND in[] = { bytes(id, ID_BYTES), number(&version), bytes(m->value, len) };

	bench_random(&version, sizeof(version));
	change_one(m, INSERT, in);
}

static void
update(maria *m, const unsigned char *id, const uint64_t *was, size_t len)
{
	uint64_t version;
	MYSQL_BIND in[] = { number(&version), bytes(m->value, len), bytes(id, ID_BYTES),
		number(was) };

	bench_random(&version, sizeof(version));
	change_one(m, UPDATE, in);
}

static void
mark(maria *m, int which, const unsigned char *id, char kind)
{
	MYSQL_BIND in[] = { bytes(id, ID_BYTES), bytes(&kind, 1) };

	change_one(m, which, in);
}

static void
maria_read(void *self, const unsigned char *id)
{
	uint64_t version;

	look_at(self, id, true, &version);
}

static void
maria_change(void *self, const unsigned char *id)
{
	uint64_t version;

	look_at(self, id, true, &version);
	look_at(self, id, true, &version);
	update(self, id, &version, BARE_VALUE);
}

static void
maria_start(void *self, unsigned char *id)
{
	uint64_t none;

	bench_random(id, ID_BYTES);
	look_at(self, id, false, &none);
	mark(self, MARK, id, 'a');
	insert(self, id, BARE_VALUE);
	change_one(self, TALLY, NULL);
}

/* The new id leads to the session, which stays where it is. */
static void
maria_rotate(void *self, unsigned char *id)
{
	unsigned char next[ID_BYTES];
	uint64_t version, none;

	look_at(self, id, true, &version);
	look_at(self, id, true, &version);
	bench_random(next, ID_BYTES);
	look_at(self, next, false, &none);
	mark(self, MARK, next, 'p');
	look_at(self, next, false, &none);
	insert(self, next, BARE_POINTER);
	update(self, id, &version, BARE_VALUE);
}

static void
maria_destroy(void *self, const unsigned char *id)
{
	uint64_t version;

	look_at(self, id, true, &version);
	look_at(self, id, true, &version);
	mark(self, MARK, id, 't');
	update(self, id, &version, BARE_POINTER);
	mark(self, UNMARK, id, 'a');
	change_one(self, TALLY, NULL);
}

const bare_client bare_mysql = {
	.scheme = "mysql",
	.name = "libmariadb",
	.open = maria_open,
	.close = maria_close,
	.read = maria_read,
	.change = maria_change,
	.start = maria_start,
	.rotate = maria_rotate,
	.destroy = maria_destroy,
};
