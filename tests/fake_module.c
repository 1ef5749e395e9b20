/* SPDX-License-Identifier: ISC */
/* fake_module.c - two modules in one: "redis:" tells what it was called with, or lets itself be
 * opened where the path is /open; "mysql:" is of another version. */
#include "sesskit_store.h"

#include <string.h>

static int
fake_open(void **self, const sess_address *a, const sess_limits *limits, sess_error *err)
{
	*self = NULL;
	if (strcmp(a->path, "/open") == 0) {
		*self = err;
		return SESS_OK;
	}
	return sess_fail(err, SESS_STORE, "kind %s, user %s, host %s, path %s, query %s, password %s, "
		"%d ms", a->kind, a->user, a->host, a->path, a->query, a->password, limits->busy_ms);
}

/* Never called; but without sess_sink_put the module does not load. */
static int
fake_load(void *self, const unsigned char *id, int64_t now, sess_record *rec, sess_sink *sink,
	sess_error *err)
{
	(void)self;
	(void)now;
	rec->user = sess_sink_put(sink, id, SESS_ID_BYTES);
	return rec->user != NULL ? 1 : sess_fail(err, SESS_NOMEM, "no memory");
}

static void
fake_examine(const sess_address *a, const sess_limits *limits, bool deep, sess_finding_fn *say,
	void *arg)
{
	(void)limits;
	(void)deep;
	say(arg, SESS_FINE, strcmp(a->password, "sesame") == 0 ? "the server opens itself" :
		"the server stays closed", "");
}

static void
fake_close(void *self)
{
	(void)self;
}

SESS_API extern const sess_provider sess_provider_redis, sess_provider_mysql;

const sess_provider sess_provider_redis = {
	.abi = SESS_STORE_ABI, .scheme = "redis", .flags = SESS_STORE_REMOTE,
	.open = fake_open, .close = fake_close, .load = fake_load, .examine = fake_examine,
};

const sess_provider sess_provider_mysql = {
	.abi = SESS_STORE_ABI + 1, .scheme = "mysql", .flags = SESS_STORE_REMOTE,
	.open = fake_open, .close = fake_close, .load = fake_load,
};
