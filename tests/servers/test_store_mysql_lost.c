/* SPDX-License-Identifier: ISC */
/*
 * test_store_mysql_lost.c - the MySQL store and its connections: answers that are lost, rows that
 * two want, servers that end a connection or are not there, and children.
 *
 *   test_store_mysql_lost SOCKET PORT       of the server, as for test_store_mysql
 */
#include "mysql_fixture.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* -- statements that something happens to ------------------------------------------------------ */

static int to_lose;                     /* so many statements on, the answer is lost */
static int to_meet;                     /* so many on, something is done when the server has it */
static void (*meanwhile)(void);
static bool is_lost;
static contract *rival;                 /* another handle on the same store */

int __real_mysql_stmt_execute_start(int *ret, MYSQL_STMT *);
int __wrap_mysql_stmt_execute_start(int *ret, MYSQL_STMT *);
unsigned int __real_mysql_stmt_errno(MYSQL_STMT *);
unsigned int __wrap_mysql_stmt_errno(MYSQL_STMT *);

/* The server does it, and then the connection breaks. */
static void
finish_and_break(int *ret, MYSQL_STMT *st, int wait)
{
	int fd = mysql_get_socket(st->mysql);

	while (wait) {
		(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 5000);
		wait = mysql_stmt_execute_cont(ret, st, MYSQL_WAIT_READ);
	}
	shutdown(fd, SHUT_RDWR);
	*ret = 1;
	is_lost = true;
}

int
__wrap_mysql_stmt_execute_start(int *ret, MYSQL_STMT *st)
{
	int wait = __real_mysql_stmt_execute_start(ret, st);

	if (to_lose && --to_lose == 0) {
		finish_and_break(ret, st, wait);
		wait = 0;
	}
	if (to_meet && --to_meet == 0)
		meanwhile();
	return wait;
}

unsigned int
__wrap_mysql_stmt_errno(MYSQL_STMT *st)
{
	bool lost = is_lost;

	is_lost = false;
	return lost ? CR_SERVER_LOST : __real_mysql_stmt_errno(st);
}

/* -- lost answers ------------------------------------------------------------------------------ */

static void
lost_answers(void)
{
	contract c = open_store("web", "lost_");
	sess_record rec;
	int64_t found;

	/* Of an update the second statement changes the row, behind the one that reads it. */
	rec = stored_record(&c);
	to_lose = 2;
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "an update whose answer is lost");
	is_int(to_lose, 0, "(it was)");
	ok(do_load(&c, rec.id, NOW) == 1 && c.got.revision == 2, "is made, and made once");
	is_int(do_cas(&c, "count", 0, 5, &found), 1, "a number is set");
	to_lose = 2;
	is_int(do_cas(&c, "count", 5, 6, &found), 1, "and whose answer is lost");
	is_int(do_cas(&c, "count", 5, 7, &found), 0, "is not set again");
	is_int(found, 6, "but known");
	for (int i = 1; i < 6; i++) {
		rec = fresh_record(&c);
		to_lose = i;
		is_int(do_insert(&c, &rec), SESS_OK, "an insert that loses the answer number %d", i);
		is_int(do_load(&c, rec.id, NOW), 1, "is there");
	}
	to_lose = 2;
	is_int(do_end(&c, rec.id, SESS_LOGGED_OUT), SESS_OK, "an end whose answer is lost");
	to_lose = 0;
	is_int(do_load(&c, rec.id, NOW), 0, "is an end");
	(void)do_collect(&c, NOW + 100000, 100);
	is_int(number("SELECT COUNT(*) FROM lost_value"), 1, "all but the number is collected");
	close_store(&c);
}

static void
change_again(void)
{
	sess_record rec = { .revision = 2, .data = "{\"of\":\"rival\"}", .len = 14 };

	memcpy(rec.id, rival->got.id, sizeof(rec.id));
	is_int(do_update(rival, &rec, NOW, SESS_PART_DATA), SESS_OK, "(somebody else was quick)");
}

/* Whether it was made can no longer be told: to say that it was not would make it twice. */
static void
lost_and_changed(void)
{
	contract c = open_store("web", "doubt_"), other = open_store("web", "doubt_");
	sess_record rec = stored_record(&c);

	rival = &other;
	(void)do_load(&other, rec.id, NOW);
	to_lose = to_meet = 2;
	meanwhile = change_again;
	is_int(c.provider->update(c.self, &rec, NOW, SESS_PART_DATA, &c.err), SESS_STORE,
		"an update whose answer is lost, and others change the session");
	ok(strstr(c.err.text, "others changed") != NULL, "says so: %s", c.err.text);
	close_store(&other);
	close_store(&c);
}

/* -- rows that two want ------------------------------------------------------------------------ */

/* Somebody else holds what the trigger wants, and wants what our statement holds. What changed more
 * is spared, and that is not us. The server looks at its locks anew only after a tenth of a second
 * in which nobody asked. */
static void
embrace(void)
{
	for (int i = 0; i < 20 && number("SELECT COUNT(*) FROM information_schema.innodb_trx WHERE "
		"trx_state = 'LOCK WAIT'") == 0; i++)
		usleep(110000);
	sql("SELECT COUNT(*) FROM clinch_value FOR UPDATE");
	mysql_free_result(mysql_store_result(root));
	sql("COMMIT");
}

static void
deadlock(void)
{
	contract c = open_store("web", "clinch_");
	sess_record rec = stored_record(&c);
	int64_t before;

	sql("CREATE TABLE clinch_other (n INT PRIMARY KEY) ENGINE = InnoDB");
	sql("INSERT INTO clinch_other SELECT seq FROM seq_1_to_1000");
	sql("CREATE TRIGGER clinch AFTER UPDATE ON clinch_value FOR EACH ROW "
		"UPDATE clinch_other SET n = -n WHERE n = -1");
	before = number("SELECT variable_value FROM information_schema.global_status WHERE "
		"variable_name = 'innodb_deadlocks'");
	sql("START TRANSACTION");
	sql("UPDATE clinch_other SET n = -n");
	to_meet = 2;
	meanwhile = embrace;
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "an update that met a deadlock");
	is_int(number("SELECT variable_value FROM information_schema.global_status WHERE "
		"variable_name = 'innodb_deadlocks'"), before + 1, "(it did)");
	ok(do_load(&c, rec.id, NOW) == 1 && c.got.revision == 2, "is made, and made once");
	close_store(&c);
}

/* What a server may answer when it has undone a statement, by a trigger; how often, it notes in a
 * table that is not undone. */
static void
undone(void)
{
	static const int codes[] = { ER_LOCK_DEADLOCK, ER_LOCK_WAIT_TIMEOUT, ER_CHECKREAD,
		ER_UNKNOWN_COM_ERROR, ER_ERROR_DURING_COMMIT, ER_SERVER_SHUTDOWN };
	contract c = open_store("web", "undone_");
	sess_record rec = stored_record(&c);

	sql("CREATE TABLE undone_log (n INT, code INT) ENGINE = MyISAM");
	sql("INSERT INTO undone_log VALUES (0, 0)");
	sql("CREATE TRIGGER undone BEFORE UPDATE ON undone_value FOR EACH ROW BEGIN "
		"DECLARE left_over, why INT; SELECT n, code INTO left_over, why FROM undone_log; "
		"IF left_over > 0 THEN UPDATE undone_log SET n = n - 1; "
		"SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = why; END IF; END");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		sql("UPDATE undone_log SET n = 1, code = %d", codes[i]);
		is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "undone with error %d, an update "
			"is made again", codes[i]);
		is_int(number("SELECT n FROM undone_log"), 0, "(it was)");
		rec.revision++;
	}
	sql("UPDATE undone_log SET n = 1, code = %d", ER_DISK_FULL);
	is_int(c.provider->update(c.self, &rec, NOW, SESS_PART_DATA, &c.err), SESS_STORE,
		"another error is a failure");
	ok(strstr(c.err.text, "(1021)") != NULL, "and told: %s", c.err.text);
	close_store(&c);
}

static void
locked(void)
{
	contract c = open_store("web", "locked_");
	sess_record rec = stored_record(&c);

	sql("START TRANSACTION");
	sql("SELECT COUNT(*) FROM locked_value FOR UPDATE");
	mysql_free_result(mysql_store_result(root));
	is_int(c.provider->update(c.self, &rec, NOW, SESS_PART_DATA, &c.err), SESS_BUSY,
		"a row that somebody keeps locked is busy");
	ok(c.err.text[0] != '\0', "and says so: %s", c.err.text);
	is_int(do_load(&c, rec.id, NOW), 1, "but can be read");
	sql("COMMIT");
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "and changed afterwards");
	close_store(&c);
}

/* -- connections ------------------------------------------------------------------------------- */

static void
killed(void)
{
	contract c = open_store("web", "killed_");
	maria_store *s = c.self;
	sess_record rec = stored_record(&c);

	for (int i = 0; i < 5; i++) {
		sql("KILL %lu", mysql_thread_id(s->db));
		is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_OK, "a connection that the server "
			"ended costs nothing");
		rec.revision++;
	}
	close_store(&c);
}

static void
children(void)
{
	contract c = open_store("web", "child_");
	maria_store *s = c.self;
	unsigned long connection = mysql_thread_id(s->db);
	sess_record rec = stored_record(&c);
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		c.provider->forked(c.self);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	is_int(status, 0, "a child lets go of the store");
	is_int(do_load(&c, rec.id, NOW), 1, "the parent's works");
	ok(mysql_thread_id(s->db) == connection, "on the same connection");
	close_store(&c);
}

static int64_t ahead;

static int64_t
clock_ahead(void)
{
	return clock_monotonic_ms() + ahead;
}

/* A port that nobody listens at. */
static void
hosts(const char *port)
{
	char url[400];
	contract c;
	sess_record rec;
	maria_store *s;

	snprintf(url, sizeof(url), "mysql://web@127.0.0.1:1,127.0.0.1:%s,127.0.0.1:%s/sessions?prefix="
		"hosts_", port, port);
	c = store_at(url);
	c.limits.busy_ms = 2000;
	is_int(try_open(&c, NULL), SESS_OK, "the first host is away, the second one is taken");
	s = c.self;
	is_int((int64_t)s->remote.at, 1, "(it is)");
	s->remote.clock = clock_ahead;
	ahead = 100000;
	is_int(c.provider->idle(c.self, &c.err), SESS_OK, "after a while the first one is tried");
	is_int((int64_t)s->remote.at, 1, "but is still away");
	is_int(do_load(&c, stored_record(&c).id, NOW), 1, "and the second one goes on");
	snprintf(url, sizeof(url), "%s", port);
	s->remote.host[0].port = atoi(url);
	is_int(c.provider->idle(c.self, &c.err), SESS_OK, "not again at once");
	is_int((int64_t)s->remote.at, 1, "(it is not)");
	ahead = 200000;
	is_int(c.provider->idle(c.self, &c.err), SESS_OK, "but later");
	is_int((int64_t)s->remote.at, 0, "and when it is back, it is taken");
	rec = stored_record(&c);
	is_int(do_load(&c, rec.id, NOW), 1, "and works");
	sql("START TRANSACTION");
	sql("SELECT COUNT(*) FROM hosts_value FOR UPDATE");
	mysql_free_result(mysql_store_result(root));
	is_int(do_update(&c, &rec, NOW, SESS_PART_DATA), SESS_BUSY, "a host that lets us wait for long");
	ok(s->remote.at != 0, "is left: a node that lost its cluster does so as well");
	sql("COMMIT");
	close_store(&c);
	c = store_at("mysql://web@127.0.0.1:1/sessions");
	is_int(try_open(&c, NULL), SESS_STORE, "no host at all is a failure");
	ok(strstr(c.err.text, "see that the server runs") != NULL, "and says so: %s", c.err.text);
	close_store(&c);
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		bail("usage: test_store_mysql_lost SOCKET PORT");
	be_root(argv[1]);
	lost_answers();
	lost_and_changed();
	deadlock();
	undone();
	locked();
	killed();
	children();
	hosts(argv[2]);
	mysql_close(root);
	return done();
}
