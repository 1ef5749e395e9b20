/* SPDX-License-Identifier: ISC */
/* store_mysql_examine.c - look for what is wrong with a MySQL store and the server it is on: settings
 * that lose what was stored, tables and rights that are missing, a node that is not ready. */
#include "examine.h"
#include "store_mysql.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 600000

typedef struct search {
	examination of;
	maria_store *s;
	sess_error err;
} search;

/* Call each for the rows of a query, which has at most two columns. */
static void
rows(search *x, const char *query, void (*each)(search *, const char *, const char *))
{
	MYSQL_RES *result = NULL;
	char text[512];
	MYSQL_ROW row;
	int wait;

	if (!maria_expand(x->s, query, text, sizeof(text)) ||
		maria_query(x->s, text, &x->err) != MARIA_FINE) {
		examine_say(&x->of, SESS_WARNING, "", "%s", x->err.text);
		return;
	}
	wait = mysql_store_result_start(&result, x->s->db);
	while (wait)
		wait = mysql_store_result_cont(&result, x->s->db, maria_await(x->s, x->s->db, wait));
	while (result && (row = mysql_fetch_row(result)) != NULL)
		each(x, row[0] ? row[0] : "", mysql_num_fields(result) > 1 && row[1] ? row[1] : "");
	mysql_free_result(result);
}

static void
look_at_setting(search *x, const char *flush, const char *packet)
{
	long long need = (long long)home_most(&x->s->home);

	if (strcmp(flush, "1") != 0)
		examine_say(&x->of, SESS_WARNING, "set innodb_flush_log_at_trx_commit = 1", "a power cut may bring back "
			"a session that was ended: innodb_flush_log_at_trx_commit is %s", flush);
	if (strtoll(packet, NULL, 10) < need)
		examine_say(&x->of, SESS_WARNING, "raise max_allowed_packet of the server, or lower max_bytes",
			"max_allowed_packet is %s bytes, but a session may take %lld", packet, need);
}

static void
look_at_node(search *x, const char *name, const char *value)
{
	if (strcmp(name, "wsrep_ready") == 0 && strcmp(value, "ON") != 0)
		examine_say(&x->of, SESS_FAULT, "start the other nodes, or let this one join them",
			"this node is not in its cluster: wsrep_ready is %s", value);
	if (strcmp(name, "wsrep_cluster_size") == 0 && strcmp(value, "2") == 0)
		examine_say(&x->of, SESS_WARNING, "add a third node, or garbd",
			"the cluster has two nodes: when one fails, the other one stops");
}

static void
look_at_engine(search *x, const char *table, const char *engine)
{
	examine_say(&x->of, SESS_FAULT, "ALTER TABLE ... ENGINE = InnoDB",
		"table %s is kept by %s, which loses what a crash interrupts", table, engine);
}

static void
look_at_hosts(const search *x)
{
	const remote *r = &x->s->remote;

	for (size_t i = 0; i < r->hosts; i++) {
		const char *name = r->host[i].name;

		if (strcmp(x->s->tls, "verify") == 0 || strncmp(name, "127.", 4) == 0 ||
			strcmp(name, "::1") == 0 || strcmp(name, "localhost") == 0)
			continue;
		examine_say(&x->of, SESS_WARNING, "add tls=verify&ca=FILE to the URL, or use a private network",
			"whoever is between here and %s can read sessions, or be that server", name);
	}
}

static void
look_at_server(search *x)
{
	static const char engines[] = "SELECT table_name, engine FROM information_schema.tables "
		"WHERE table_schema = DATABASE() AND engine <> 'InnoDB' AND table_name IN "
		"('sess_value', 'sess_due', 'sess_user', 'sess_tally')";
	int is = MARIA_FINE;

	x->s->home.many = true;
	rows(x, "SELECT @@innodb_flush_log_at_trx_commit, @@max_allowed_packet", look_at_setting);
	rows(x, "SHOW STATUS WHERE Variable_name IN ('wsrep_ready', 'wsrep_cluster_size') AND "
		"@@wsrep_on", look_at_node);
	rows(x, engines, look_at_engine);
	/* To prepare a statement takes its table, as it should be, and the right to do it. */
	for (int i = 0; i < MARIA_STATEMENTS && is == MARIA_FINE; i++)
		is = maria_prepare(x->s, i, &x->err) == SESS_OK ? MARIA_FINE : MARIA_REFUSED;
	if (is != MARIA_FINE)
		examine_say(&x->of, SESS_FAULT, "", "%s", x->err.text);
	else
		examine_say(&x->of, SESS_FINE, "", "server %s has all tables, and the rights to use them",
			mysql_get_server_info(x->s->db));
}

void
maria_examine(const sess_address *address, const sess_limits *limits, bool deep,
	sess_finding_fn *fn, void *arg)
{
	maria_store *s = calloc(1, sizeof(*s));
	search x = { .of = { .deep = deep, .each = fn, .arg = arg }, .s = s };

	if (!s) {
		fn(arg, SESS_FAULT, "out of memory", "");
		return;
	}
	if (maria_begin(s, address, limits, &x.err) != SESS_OK ||
		maria_prepare(s, MARIA_GET, &x.err) != SESS_OK) {
		examine_say(&x.of, SESS_FAULT, "", "%s", x.err.text);
	} else {
		s->until += PATIENCE_MS;
		look_at_hosts(&x);
		look_at_server(&x);
		if (deep && s->db)
			home_examine(&s->home, &x.of);
	}
	maria_disconnect(s, false);
	remote_close(&s->remote);
	home_close(&s->home);
	free(s);
}
