/* SPDX-License-Identifier: ISC */
/* mysql_fixture.h - what the tests of the MySQL store share: a store on a server that is there, and
 * somebody who may do everything on it. */
#ifndef MYSQL_FIXTURE_H
#define MYSQL_FIXTURE_H

#include "../store_contract.h"
#include "../tap.h"
#include "address.h"
#include "store_mysql.h"

#define NOW CONTRACT_NOW

extern const sess_provider sess_provider_mysql;

static const char *socket_path;
static MYSQL *root;

static inline void
be_root(const char *path)
{
	socket_path = path;
	root = mysql_init(NULL);
	if (!root || !mysql_real_connect(root, NULL, "root", "", "sessions", 0, path, 0))
		bail("%s: %s", path, root ? mysql_error(root) : "out of memory");
}

/* A statement of the administrator. */
static inline void
sql(const char *fmt, ...)
{
	char text[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (mysql_query(root, text) != 0)
		bail("%s: %s", text, mysql_error(root));
}

/* The number that a query gives. */
static inline int64_t
number(const char *query)
{
	MYSQL_RES *result;
	MYSQL_ROW row;
	int64_t n;

	sql("%s", query);
	result = mysql_store_result(root);
	row = result ? mysql_fetch_row(result) : NULL;
	if (!row)
		bail("%s: no row", query);
	n = row[0] ? strtoll(row[0], NULL, 10) : -1;
	mysql_free_result(result);
	return n;
}

/* Checks of the contract's helpers are looked at by what they return. */
static inline void
ignore_check(void *arg, int sentence, int at, bool passed, const char *text)
{
	(void)arg;
	(void)sentence;
	(void)at;
	(void)passed;
	(void)text;
}

static inline contract
store_at(const char *url)
{
	contract c = { .provider = &sess_provider_mysql, .report = ignore_check,
		.limits = { .max_bytes = 1000, .busy_ms = 1000 } };

	snprintf(c.here, sizeof(c.here), "%s", url);
	return c;
}

/* Through the socket, with tables of their own. */
static inline contract
open_store(const char *user, const char *prefix)
{
	contract c;
	char url[400];

	snprintf(url, sizeof(url), "mysql+unix://%s@%s/sessions?prefix=%s", user, socket_path, prefix);
	c = store_at(url);
	c.self = open_handle(&c);
	return c;
}

/* What open returns; c->self is NULL if it failed, and c->err tells. */
static inline int
try_open(contract *c, const char *password)
{
	sess_address address = address_of(c->provider, c->here);

	if (password)
		address.password = password;
	c->self = NULL;
	return c->provider->open(&c->self, &address, &c->limits, &c->err);
}

static inline void
close_store(contract *c)
{
	if (c->self)
		c->provider->close(c->self);
	arena_free(&c->sink.memory);
}

#endif
