/* SPDX-License-Identifier: ISC */
/*
 * test_store_mysql.c - what is the MySQL store's own: its tables and who may make them, rows that
 * somebody else put there, URLs, and what examine finds.
 *
 *   test_store_mysql SOCKET          of a server where root needs no password, with a database
 *                                    sessions and its user web, whose password the environment has
 */
#include "mysql_fixture.h"

/* -- tables ------------------------------------------------------------------------------------ */

static void
tables(void)
{
	contract c, other;

	is_int(number("SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'made\\_%'"),
		0, "a store without tables");
	c = open_store("web", "made_");
	is_int(number("SELECT COUNT(*) FROM information_schema.tables WHERE table_name LIKE 'made\\_%'"
		" AND engine = 'InnoDB'"), 4, "makes them, all of them in InnoDB");
	is_int(number("SELECT COUNT(*) FROM information_schema.tables t WHERE table_name LIKE "
		"'made\\_%' AND NOT EXISTS (SELECT 1 FROM information_schema.statistics s WHERE "
		"s.table_name = t.table_name AND s.index_name = 'PRIMARY')"), 0,
		"each with the primary key that a cluster needs");
	(void)stored_record(&c);
	other = open_store("web", "other_");
	is_int(do_count(&other, &(sess_query){ .now = NOW }), 0, "another prefix is another store");
	close_store(&other);
	close_store(&c);
}

static void
tables_denied(void)
{
	contract c = store_at("");

	sql("CREATE USER IF NOT EXISTS narrow@localhost IDENTIFIED BY 'open-sesame'");
	sql("GRANT SELECT, INSERT, UPDATE, DELETE ON sessions.* TO narrow@localhost");
	snprintf(c.here, sizeof(c.here), "mysql+unix://narrow@%s/sessions?prefix=late_", socket_path);
	is_int(try_open(&c, NULL), SESS_STORE, "who may make no tables cannot open the store");
	ok(strstr(c.err.text, "sql/mysql.sql") != NULL, "and is told what to do: %s", c.err.text);
	close_store(&c);
	c = open_store("web", "late_");
	close_store(&c);
	c = open_store("narrow", "late_");
	is_int(do_load(&c, stored_record(&c).id, NOW), 1, "but can once somebody else has made them");
	sql("DROP TABLE late_due");
	is_int(do_insert(&c, &(sess_record){ .id = "x", .family = "y", .expires = NOW + 1 }),
		SESS_STORE, "a table that goes away is a failure");
	close_store(&c);
}

static void
tables_of_others(void)
{
	static const char *const odd[] = {
		"k VARCHAR(32) PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, bytes MEDIUMBLOB NOT NULL",
		"k BINARY(16) PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, bytes MEDIUMBLOB NOT NULL",
		"k BINARY(32) PRIMARY KEY, version INT NOT NULL, bytes MEDIUMBLOB NOT NULL",
		"k BINARY(32) PRIMARY KEY, version BIGINT UNSIGNED NOT NULL, bytes MEDIUMTEXT NOT NULL",
		"k BINARY(32) PRIMARY KEY, version BIGINT UNSIGNED NOT NULL",
	};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		contract c = store_at("");

		sql("CREATE OR REPLACE TABLE odd_value (%s)", odd[i]);
		snprintf(c.here, sizeof(c.here), "mysql+unix://web@%s/sessions?prefix=odd_", socket_path);
		is_int(try_open(&c, NULL), SESS_STORE, "another table of that name is refused");
		ok(strstr(c.err.text, "prefix") != NULL, "and the remedy told: %s", c.err.text);
		close_store(&c);
	}
}

/* -- rows -------------------------------------------------------------------------------------- */

static void
rows_of_others(void)
{
	static const char *const odd[] = { "''", "'foreign'", "REPEAT('x', 3000000)",
		"(SELECT bytes FROM (SELECT bytes FROM rows_value WHERE version = 1) copy)",
		"LEFT(bytes, LENGTH(bytes) - 1)", "CONCAT(bytes, 'x')" };
	contract c = open_store("web", "rows_");
	sess_record first = stored_record(&c);

	sql("UPDATE rows_value SET version = 1");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		sess_record rec = stored_record(&c);
		int rc;

		sql("UPDATE rows_value SET version = 2, bytes = %s WHERE version > 2", odd[i]);
		rc = do_load(&c, rec.id, NOW);
		ok(rc == 0 && c.got.ended == SESS_DAMAGED, "a row of others, %.20s, is no session", odd[i]);
		is_int(do_update(&c, &rec, NOW, SESS_PART_ALL), SESS_GONE, "and not written to");
		is_int(do_end(&c, rec.id, SESS_LOGGED_OUT), SESS_OK, "it is ended");
		rc = do_load(&c, rec.id, NOW);
		ok(rc == 0 && c.got.ended == SESS_LOGGED_OUT, "for good");
	}
	is_int(do_load(&c, first.id, NOW), 1, "the others are as they were");
	ok(((maria_store *)c.self)->home.one.value.room <= (size_t)2 << 20, "no row takes all memory");
	close_store(&c);
}

static void
marks_of_others(void)
{
	contract c = open_store("web", "marks_");
	sess_query ann = { .user = "ann", .now = NOW };

	(void)stored_for(&c, "ann", NOW, NOW + 1000);
	(void)stored_for(&c, "Ann", NOW, NOW + 1000);
	(void)stored_for(&c, "ann ", NOW, NOW + 1000);
	is_int(do_count(&c, &ann), 1, "users are told apart to the byte");
	sql("INSERT INTO marks_user VALUES ('ann', REPEAT('x', 32))");
	is_int(do_count(&c, &ann), 1, "a mark that leads nowhere counts for nothing");
	is_int(number("SELECT COUNT(*) FROM marks_user WHERE user = 'ann'"), 1, "and is removed");
	sql("INSERT INTO marks_due VALUES (5, REPEAT('x', 32), 'u'), (6, REPEAT('y', 32), '?')");
	is_int(do_collect(&c, NOW, 100), 2, "marks by time that lead nowhere are collected");
	is_int(number("SELECT COUNT(*) FROM marks_due"), 3, "and removed, but no others");
	close_store(&c);
}

/* More than are read at once, and in the middle of it others write. */
static void
many(void)
{
	contract c = open_store("web", "many_");
	sess_query everybody = { .now = NOW }, ann = { .user = "ann", .now = NOW };

	for (int i = 0; i < 600; i++)
		(void)stored_for(&c, "ann", NOW, NOW + 1000);
	is_int(do_count(&c, &everybody), 600, "all of many are found");
	is_int(do_count(&c, &ann), 600, "and all of a user");
	is_int(do_collect(&c, NOW + 1000, 400), 400, "collection stops where it is to");
	is_int(do_collect(&c, NOW + 1000, 400), 200, "and goes on there");
	sql("INSERT INTO many_tally VALUES (%" PRId64 ", 1, 1, 1, 1, 1)", NOW / 60 - 100000);
	(void)do_collect(&c, NOW, 1);
	is_int(number("SELECT COUNT(*) FROM many_tally WHERE slot = 1 AND started = 1 AND logins = 1 "
		"AND ended = 1 AND expired = 1"), 0, "what happened long ago is forgotten");
	is_int(number("SELECT SUM(expired) FROM many_tally"), 600, "and what happened now is not");
	close_store(&c);
}

/* -- URLs -------------------------------------------------------------------------------------- */

static void
urls(void)
{
	static const struct { const char *url, *text; } bad[] = {
		{ "mysql://127.0.0.1/sessions", "whose" },
		{ "mysql://web@127.0.0.1", "database" },
		{ "mysql://web@127.0.0.1/", "database" },
		{ "mysql://web@127.0.0.1/a/b", "database" },
		{ "mysql+unix://web@/sessions", "SOCKET" },
		{ "mysql+cluster://web@127.0.0.1/sessions", "cluster" },
		{ "mysql://web@127.0.0.1/sessions?prefix=a-b", "prefix" },
		{ "mysql://web@127.0.0.1/sessions?prefix=", "prefix" },
		{ "mysql://web@127.0.0.1/sessions?tls=maybe", "tls" },
		{ "mysql://web@127.0.0.1/sessions?tls=verify", "ca=" },
		{ "mysql://web@127.0.0.1/sessions?host=b", "host" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		contract c = store_at(bad[i].url);

		is_int(try_open(&c, NULL), SESS_CONFIG, "%s is refused", bad[i].url);
		ok(strstr(c.err.text, bad[i].text) != NULL, "with a reason: %s", c.err.text);
		close_store(&c);
	}
}

static void
passwords(void)
{
	contract c = store_at("");

	snprintf(c.here, sizeof(c.here), "mysql+unix://web@%s/sessions", socket_path);
	is_int(try_open(&c, "close-sesame"), SESS_STORE, "a wrong password is refused");
	ok(strstr(c.err.text, "password_file") != NULL, "and the remedy told: %s", c.err.text);
	ok(!strstr(c.err.text, "sesame"), "without the password");
	is_int(try_open(&c, ""), SESS_STORE, "and so is none");
	snprintf(c.here, sizeof(c.here), "mysql+unix://web@%s/nowhere", socket_path);
	is_int(try_open(&c, NULL), SESS_STORE, "a database that is not there");
	ok(strstr(c.err.text, "make the database") != NULL, "is to be made: %s", c.err.text);
	close_store(&c);
}

/* -- examine ----------------------------------------------------------------------------------- */

typedef struct findings {
	int level[3];
	char text[4000];
} findings;

static void
note(void *arg, int level, const char *text, const char *remedy)
{
	findings *f = arg;
	size_t len = strlen(f->text);

	f->level[level]++;
	snprintf(f->text + len, sizeof(f->text) - len, "%s%s: %s", len ? " | " : "", text,
		remedy);
}

static findings
examined(const contract *c, bool deep)
{
	findings f = { .text = "" };
	sess_address address = address_of(c->provider, c->here);

	c->provider->examine(&address, &c->limits, deep, note, &f);
	return f;
}

static void
examine(void)
{
	contract c = open_store("web", "seen_");
	findings f;

	(void)stored_record(&c);
	(void)stored_record(&c);
	sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
	f = examined(&c, true);
	ok(f.level[SESS_WARNING] + f.level[SESS_FAULT] == 0, "nothing is wrong with a good store");
	ok(strstr(f.text, "2 sessions") != NULL, "all of it was read: %s", f.text);
	sql("SET GLOBAL innodb_flush_log_at_trx_commit = 2");
	f = examined(&c, false);
	ok(f.level[SESS_WARNING] == 1 && strstr(f.text, "power cut"), "a lazy disk is found");
	sql("SET GLOBAL innodb_flush_log_at_trx_commit = 1");
	sql("UPDATE seen_value SET bytes = 'x' LIMIT 1");
	f = examined(&c, true);
	ok(f.level[SESS_FAULT] == 1 && strstr(f.text, "damaged"), "a damaged session is found");
	ok(strstr(f.text, "1 sessions") != NULL, "and the other one read");
	sql("ALTER TABLE seen_tally ENGINE = MyISAM");
	f = examined(&c, false);
	ok(f.level[SESS_FAULT] == 1 && strstr(f.text, "seen_tally"), "a table of MyISAM is found");
	sql("DROP TABLE seen_user");
	f = examined(&c, false);
	ok(strstr(f.text, "seen_user") && strstr(f.text, "sql/mysql.sql"), "a missing table is found");
	close_store(&c);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		bail("usage: test_store_mysql SOCKET");
	be_root(argv[1]);
	tables();
	tables_denied();
	tables_of_others();
	rows_of_others();
	marks_of_others();
	many();
	urls();
	passwords();
	examine();
	mysql_close(root);
	return done();
}
