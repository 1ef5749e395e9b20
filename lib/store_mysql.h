/* SPDX-License-Identifier: ISC */
/* store_mysql.h - what the files of the MySQL store share; nobody else includes it. */
#ifndef SESSKIT_STORE_MYSQL_H
#define SESSKIT_STORE_MYSQL_H

#include "home.h"
#include "remote.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#define MARIA_PREFIX 32
#define MARIA_PORT 3306

/* The statements, each prepared when it is used first. */
enum { MARIA_GET, MARIA_INSERT, MARIA_UPDATE, MARIA_DELETE, MARIA_MARK_DUE, MARIA_UNMARK_DUE,
	MARIA_MARK_USER, MARIA_UNMARK_USER, MARIA_DUE, MARIA_OF_USER, MARIA_EACH, MARIA_TALLY,
	MARIA_FORGET, MARIA_LIVE, MARIA_HAPPENED, MARIA_STATEMENTS };

typedef struct maria_store {
	home_store home;
	remote remote;
	sess_address address;           /* its strings are lent by the core */
	char prefix[MARIA_PREFIX + 1];  /* of all tables */
	char socket[256], base[128];    /* base: the database; socket: "" for hosts */
	char tls[8], ca[256];           /* "no", "yes" or "verify"; the file of the authority */
	MYSQL *db;                      /* NULL: not connected */
	MYSQL_STMT *prepared[MARIA_STATEMENTS];
	int64_t until;                  /* for how long to wait for the host in use */
	int statement_ms;               /* for how long the server may work at a statement */
	int64_t away_since;             /* when we went to another host than the first */
	unsigned calls;                 /* of home.calls, the one that began last */
	unsigned code;                  /* of the server, or the client library, when a call failed */
	bool lost;                      /* the statement may have been done before, unknown to us */
	uint64_t changed;               /* rows, by the last statement */
} maria_store;

/* -- store_mysql_call.c: one statement, done whatever happens to connections ------------------- */

enum { MARIA_TWICE = 1 };       /* there is such a row already */

/* Do a statement, again on another connection or host while there is time: SESS_OK, MARIA_TWICE or a
 * failure. What it gives is bound to out, for maria_fetch and then maria_done. */
int maria_call(maria_store *, int statement, MYSQL_BIND *in, MYSQL_BIND *out, sess_error *);
/* Prepare a statement, so that it is known that its tables are there. */
int maria_prepare(maria_store *, int statement, sess_error *);
bool maria_fetch(maria_store *, int statement);         /* false: there are no more rows */
void maria_done(maria_store *, int statement);

MYSQL_BIND maria_bytes(const void *, size_t len);
MYSQL_BIND maria_number(const int64_t *);
MYSQL_BIND maria_version(const uint64_t *);
/* For results; *len becomes what there was, which may be more than room. */
MYSQL_BIND maria_room(void *, size_t room, unsigned long *len);

/* -- store_mysql_connect.c --------------------------------------------------------------------- */

/* What an error means. */
enum { MARIA_FINE, MARIA_THERE, MARIA_AGAIN, MARIA_SLOW, MARIA_UNREADY, MARIA_AWAY, MARIA_REFUSED };

int maria_meaning(unsigned code);
/* Say in err what went wrong: what it means. */
int maria_failed(maria_store *, unsigned code, const char *text, sess_error *);
/* Connect to the host in use, until s->until: what it means. */
int maria_connect(maria_store *, sess_error *);
/* Let go of the connection; one that is shared or broken is left without a word. */
void maria_disconnect(maria_store *, bool silent);
/* For the calls of libmariadb that end in _cont: wait for events, or until s->until. */
int maria_await(const maria_store *, MYSQL *, int events);
/* A text with the store's prefix in all names of tables; false: no room. */
bool maria_expand(const maria_store *, const char *from, char *to, size_t room);
/* Run a text; s->db has the result, if there is one: what it means. */
int maria_query(maria_store *, const char *text, sess_error *);
/* Make the tables that are missing. */
int maria_make_tables(maria_store *, sess_error *);

/* -- store_mysql.c ----------------------------------------------------------------------------- */

/* Everything but the connection. */
int maria_begin(maria_store *, const sess_address *, const sess_limits *, sess_error *);

/* -- store_mysql_many.c ------------------------------------------------------------------------ */

int maria_due(void *self, int64_t now, size_t rows, home_due_fn *, void *arg, sess_error *);
int maria_of_user(void *self, const char *user, home_key_fn *, void *arg, sess_error *);
int maria_each(void *self, sess_cursor *, size_t limit, home_key_fn *, void *arg, sess_error *);
int maria_tally(void *self, int64_t now, const sess_tally *, sess_error *);
int maria_stats(void *self, int64_t now, sess_stats *, sess_error *);

/* -- store_mysql_examine.c --------------------------------------------------------------------- */

void maria_examine(const sess_address *, const sess_limits *, bool deep, sess_finding_fn *,
	void *arg);

#endif
