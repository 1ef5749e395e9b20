/* SPDX-License-Identifier: ISC */
/*
 * store_mysql.c - "mysql://USER@HOST/DATABASE", for MariaDB, alone or as a Galera cluster. A value is
 * a row with a version that no other value ever had: a swap names the version that it replaces, and
 * when its answer is lost the row tells whether it was done.
 */
#include "store_mysql.h"

#include <stdlib.h>
#include <string.h>

#define RETURN_MS 60000                 /* how long to stay with another host than the first */
#define OPEN_MS 30000                   /* to make tables takes a while */

/* -- values ------------------------------------------------------------------------------------ */

/* A row that is not as it should be comes out empty, which is no value. */
static int
read_value(maria_store *s, home_value *v, MYSQL_BIND *bytes, unsigned long len, unsigned long key,
	sess_error *err)
{
	MYSQL_STMT *st = s->prepared[MARIA_GET];

	if (len > v->room) {
		uint64_t version = v->version;

		if (!home_room(v, len))
			return home_full(err);
		v->version = version;
		bytes->buffer = v->bytes;
		bytes->buffer_length = v->room;
		if (mysql_stmt_fetch_column(st, bytes, 2, 0) != 0)
			return maria_failed(s, mysql_stmt_errno(st), mysql_stmt_error(st), err), err->code;
	}
	v->len = key == SESS_ID_BYTES && len <= v->room ? len : 0;
	return 1;
}

static int
maria_get(void *self, const unsigned char *key, home_value *v, sess_error *err)
{
	maria_store *s = self;
	int64_t most = (int64_t)home_most(&s->home);
	MYSQL_BIND in[] = { maria_number(&most), maria_bytes(key, SESS_ID_BYTES) }, out[3];
	unsigned char found[SESS_ID_BYTES];
	unsigned long found_len = 0, len = 0;
	uint64_t version = 0;
	int rc;

	if (!home_room(v, 1))
		return home_full(err);
	out[0] = maria_room(found, sizeof(found), &found_len);
	out[1] = maria_version(&version);
	out[2] = maria_room(v->bytes, v->room, &len);
	rc = maria_call(s, MARIA_GET, in, out, err);
	if (rc != SESS_OK)
		return rc;
	if (maria_fetch(s, MARIA_GET)) {
		v->version = version;
		rc = read_value(s, v, &out[2], len, found_len, err);
	}
	maria_done(s, MARIA_GET);
	return rc;
}

/* The answer to a swap was lost, and repeating it changed nothing: was it done before? */
static int
was_done(maria_store *s, const unsigned char *key, const uint64_t *version, sess_error *err)
{
	home_value there = { .len = 0 };
	int rc = maria_get(s, key, &there, err);

	if (rc >= 0 && version)
		rc = rc == 1 && there.version == *version;
	else if (rc >= 0)
		rc = rc == 0;
	home_value_free(&there);
	if (rc == 0 && version)
		return sess_fail(err, SESS_STORE, "store \"%s\": the connection broke while a session was "
			"stored, and others changed it since; try again", s->address.url);
	return rc;
}

static int
maria_swap(void *self, const unsigned char *key, const home_value *got, const home_value *next,
	int64_t due, int flags, sess_error *err)
{
	maria_store *s = self;
	uint64_t version;
	MYSQL_BIND in[4];
	int rc;

	(void)due;
	(void)flags;
	home_nonce(&version, sizeof(version));
	if (!got && !next)
		return 1;
	if (!got) {
		in[0] = maria_bytes(key, SESS_ID_BYTES);
		in[1] = maria_version(&version);
		in[2] = maria_bytes(next->bytes, next->len);
	} else if (next) {
		in[0] = maria_version(&version);
		in[1] = maria_bytes(next->bytes, next->len);
		in[2] = maria_bytes(key, SESS_ID_BYTES);
		in[3] = maria_version(&got->version);
	} else {
		in[0] = maria_bytes(key, SESS_ID_BYTES);
		in[1] = maria_version(&got->version);
	}
	rc = maria_call(s, !got ? MARIA_INSERT : next ? MARIA_UPDATE : MARIA_DELETE, in, NULL, err);
	if (rc < 0)
		return rc;
	if (rc == SESS_OK && s->changed == 1)
		return 1;
	return s->lost ? was_done(s, key, next ? &version : NULL, err) : 0;
}

/* -- marks ------------------------------------------------------------------------------------- */

/* What is there, or gone, already is as it should be. */
static int
maria_mark(void *self, const unsigned char *key, const home_mark *m, bool on, int flags,
	sess_error *err)
{
	maria_store *s = self;
	unsigned char kind = (unsigned char)m->kind;
	int rc = SESS_OK;

	(void)flags;
	if (m->kind) {
		MYSQL_BIND in[] = { maria_number(&m->due), maria_bytes(key, SESS_ID_BYTES),
			maria_bytes(&kind, 1) };

		rc = maria_call(s, on ? MARIA_MARK_DUE : MARIA_UNMARK_DUE, in, NULL, err);
	}
	if (rc >= 0 && m->user) {
		MYSQL_BIND in[] = { maria_bytes(m->user, strlen(m->user)),
			maria_bytes(key, SESS_ID_BYTES) };

		rc = maria_call(s, on ? MARIA_MARK_USER : MARIA_UNMARK_USER, in, NULL, err);
	}
	return rc < 0 ? rc : SESS_OK;
}

/* -- open and close ---------------------------------------------------------------------------- */

static const home_ops ops = {
	.get = maria_get,
	.swap = maria_swap,
	.mark = maria_mark,
	.due = maria_due,
	.of_user = maria_of_user,
	.each = maria_each,
	.tally = maria_tally,
	.stats = maria_stats,
};

/* The database is the last part of the path; before it, for a socket, stands that. */
static int
read_path(maria_store *s, sess_error *err)
{
	const char *path = s->address.path, *base = strrchr(path, '/');
	size_t len = base ? (size_t)(base - path) : 0;

	if (!base || !base[1] || strlen(base + 1) >= sizeof(s->base) || len >= sizeof(s->socket) ||
		(len == 0) != (s->remote.hosts > 0))
		return sess_fail(err, SESS_CONFIG, "store \"%s\": give the database as "
			"mysql://USER@HOST/DATABASE or mysql+unix://USER@/SOCKET/DATABASE", s->address.url);
	strcpy(s->base, base + 1);
	memcpy(s->socket, path, len);
	return SESS_OK;
}

static int
read_options(maria_store *s, sess_error *err)
{
	static const char *const known[] = { "prefix", "tls", "ca", NULL };
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	const sess_address *a = &s->address;
	int rc = remote_options_known(a, known, err);

	strcpy(s->prefix, "sess_");
	strcpy(s->tls, "no");
	if (rc < 0 || (rc = remote_option(a, "prefix", s->prefix, sizeof(s->prefix), err)) < 0 ||
		(rc = remote_option(a, "tls", s->tls, sizeof(s->tls), err)) < 0 ||
		(rc = remote_option(a, "ca", s->ca, sizeof(s->ca), err)) < 0)
		return rc;
	if (!s->prefix[0] || strspn(s->prefix, letters) != strlen(s->prefix))
		return sess_fail(err, SESS_CONFIG, "store \"%s\": prefix may have letters, digits and _ only",
			a->url);
	if (strcmp(s->tls, "no") != 0 && strcmp(s->tls, "yes") != 0 && strcmp(s->tls, "verify") != 0)
		return sess_fail(err, SESS_CONFIG, "store \"%s\": tls is no, yes or verify", a->url);
	if (strcmp(s->tls, "verify") == 0 && !s->ca[0])
		return sess_fail(err, SESS_CONFIG, "store \"%s\": tls=verify needs ca=FILE, the certificate "
			"of the authority", a->url);
	return SESS_OK;
}

int
maria_begin(maria_store *s, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	int rc;

	s->address = *address;
	home_open(&s->home, &ops, s->address.url, limits);
	s->home.many = true;
	if (address->kind[0] && strcmp(address->kind, "unix") != 0)
		return sess_fail(err, SESS_CONFIG, "store \"%s\": mysql has no kind \"%s\" but unix",
			address->url, address->kind);
	if (!address->user[0])
		return sess_fail(err, SESS_CONFIG, "store \"%s\": whose? write mysql://USER@HOST/DATABASE",
			address->url);
	rc = remote_open(&s->remote, address, limits, MARIA_PORT, err);
	/* Twice, for who waits for a row is sent away to come again, and some for the way. */
	s->statement_ms = s->remote.call_ms * 3 / 8 + 1;
	if (rc == SESS_OK)
		rc = read_path(s, err);
	return rc == SESS_OK ? read_options(s, err) : rc;
}

/* Missing tables are made, if the user may do so. */
static int
find_tables(maria_store *s, sess_error *err)
{
	int rc = maria_prepare(s, MARIA_GET, err);

	if (rc == SESS_OK || s->code != ER_NO_SUCH_TABLE || !s->db)
		return rc;
	s->until = s->remote.clock() + OPEN_MS;
	return maria_make_tables(s, err) == MARIA_FINE ? maria_prepare(s, MARIA_GET, err) : err->code;
}

static void
maria_close(void *self)
{
	maria_store *s = self;

	maria_disconnect(s, false);
	remote_close(&s->remote);
	home_close(&s->home);
	free(s);
}

static void
maria_forked(void *self)
{
	maria_disconnect(self, true);
	maria_close(self);
}

static int
maria_open(void **self, const sess_address *address, const sess_limits *limits, sess_error *err)
{
	maria_store *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return home_full(err);
	rc = maria_begin(s, address, limits, err);
	if (rc == SESS_OK)
		rc = find_tables(s, err);
	if (rc != SESS_OK) {
		maria_close(s);
		return rc;
	}
	*self = s;
	return SESS_OK;
}

/* All go to the first host when it is back: writers that meet on one node disturb each other least.
 * Here nobody waits for the answer. */
static int
maria_idle(void *self, sess_error *err)
{
	maria_store *s = self;
	size_t was = s->remote.at;

	if (was == 0 || s->remote.clock() < s->away_since + RETURN_MS)
		return SESS_OK;
	maria_disconnect(s, false);
	s->remote.at = 0;
	s->until = s->remote.clock() + s->remote.call_ms;
	if (maria_connect(s, err) != MARIA_FINE) {
		s->remote.at = was;
		s->away_since = s->remote.clock();
	}
	return SESS_OK;
}

SESS_API const sess_provider sess_provider_mysql = {
	.abi = SESS_STORE_ABI,
	.scheme = "mysql",
	.flags = SESS_STORE_REMOTE,
	.open = maria_open,
	.close = maria_close,
	HOME_SLOTS,
	.idle = maria_idle,
	.forked = maria_forked,
	.examine = maria_examine,
};
