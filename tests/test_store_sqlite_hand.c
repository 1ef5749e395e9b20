/* SPDX-License-Identifier: ISC */
/* test_store_sqlite_hand.c - an operator with the sqlite3 shell, while a program has the database
 * open: what may be done by hand takes effect at once, and what may not harms nothing. */
#include "session.h"

#include <sqlite3.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* What the shell said, both on its output and about errors; *status is how it ended. */
static const char *shell(const world *w, const char *sql, int *status)
{
	static char said[4096];
	size_t len = 0;
	ssize_t got;
	int ends[2];
	pid_t pid;

	if (pipe(ends) != 0 || (pid = fork()) < 0)
		bail("cannot start a process");
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		execlp("sqlite3", "sqlite3", "-batch", world_path(w), sql, (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	while (len < sizeof(said) - 1 && (got = read(ends[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)got;
	said[len] = '\0';
	close(ends[0]);
	if (waitpid(pid, status, 0) != pid || !WIFEXITED(*status) || WEXITSTATUS(*status) == 127)
		bail("the sqlite3 shell cannot be run");
	return said;
}

static void by_shell(const world *w, const char *sql)
{
	int status;
	const char *said = shell(w, sql, &status);

	is_str(said, "", "by hand: %s", sql);
	is_int(status, 0, "it is done");
}

/* Triggers ask for the time of the system, so the clock shows that here. */
static void open_now(world *w, const char *kind)
{
	world_open(w, kind, NULL);
	*w->clock = time(NULL);
}

static sess_stats summary(world *w)
{
	sess_stats got;

	if (sess_summary(w->kit, &got) != SESS_OK)
		bail("%s", sess_kit_error(w->kit));
	return got;
}

static void ended_by_hand(const char *kind)
{
	jar ann = { 0 }, ben = { 0 };
	sess_stats got;
	world w;

	open_now(&w, kind);
	(void)log_in(&w, &ann, "ann");
	(void)log_in(&w, &ben, "ben");
	by_shell(&w, "DELETE FROM session WHERE user = 'ann'");
	is_int(look(&w, &ann), SESS_REVOKED, "the visitor is told so");
	is_int(look(&w, &ben), SESS_LIVE, "another one is not concerned");
	got = summary(&w);
	is_int(got.live, 1, "the numbers are right");
	is_int(got.signed_in, 1, "also of those signed in");
	world_close(&w);
}

/* The browser may have a candidate, or still a retired id. */
static void ended_with_all_its_ids(const char *kind)
{
	jar browser = { 0 }, slow, first;
	world w;
	visit v;

	open_now(&w, kind);
	(void)log_in(&w, &browser, "ann");
	first = browser;
	*w.clock += 1000;               /* a new id is due */
	(void)look(&w, &browser);
	slow = browser;
	ok(strcmp(jar_get(&slow, NAME), jar_get(&first, NAME)) != 0, "there is a candidate");
	by_shell(&w, "DELETE FROM session");
	is_int(look(&w, &browser), SESS_REVOKED, "a candidate leads to the reason");
	is_int(look(&w, &first), SESS_REVOKED, "so does the id");
	(void)log_in(&w, &browser, "ann");
	first = browser;
	*w.clock += 1000;
	(void)look(&w, &browser);
	(void)look(&w, &browser);       /* confirms it */
	by_shell(&w, "DELETE FROM session");
	is_int(look(&w, &first), SESS_REVOKED, "and a retired one");
	visit_begin(&v, &w, &browser);
	(void)visit_end(&v);
	world_close(&w);
}

static void late_writer_is_told(const char *kind)
{
	jar j = { 0 };
	world w;
	visit v;

	open_now(&w, kind);
	(void)store_text(&w, &j, "a", "b");
	visit_begin(&v, &w, &j);
	sess_set_str(v.s, "a", "c");
	by_shell(&w, "DELETE FROM session");
	is_int(visit_end(&v), SESS_GONE, "a request under way does not bring it back");
	is_int(world_records(&w), 0, "nothing is there");
	world_close(&w);
}

static void extended_by_hand(const char *kind)
{
	jar kept = { 0 }, other = { 0 };
	world w;

	open_now(&w, kind);
	(void)log_in(&w, &kept, "kim");
	(void)log_in(&w, &other, "lee");
	by_shell(&w, "UPDATE session SET idle = 90000, expires = expires + 90000,"
		" absolute = absolute + 90000 WHERE user = 'kim'");
	*w.clock += 80000;
	is_int(look(&w, &other), SESS_AGED, "after nearly a day others are over");
	is_int(look(&w, &kept), SESS_LIVE, "the one extended by hand is not");
	*w.clock += 40000;
	is_int(look(&w, &kept), SESS_LIVE, "nor long after its next request");
	world_close(&w);
}

static void shortened_by_hand(const char *kind)
{
	jar j = { 0 };
	world w;

	open_now(&w, kind);
	(void)log_in(&w, &j, "ann");
	by_shell(&w, "UPDATE session SET absolute = unixepoch() + 60, expires = unixepoch() + 60");
	*w.clock += 50;
	is_int(look(&w, &j), SESS_LIVE, "it lives so long");
	*w.clock += 3000;
	is_int(look(&w, &j), SESS_AGED, "and no longer");
	world_close(&w);
}

static void privacy_by_hand(const char *kind)
{
	jar j = { 0 };
	sess_info info;
	world w;
	visit v;

	open_now(&w, kind);
	(void)log_in(&w, &j, "ann");
	by_shell(&w, "UPDATE session SET address = NULL, agent = NULL");
	visit_begin(&v, &w, &j);
	is_int(sess_about(v.s, &info), SESS_OK, "the session goes on");
	ok(info.address == NULL && info.agent == NULL, "without where it came from");
	(void)visit_end(&v);
	world_close(&w);
}

static const struct {
	const char *sql, *message;
} refused[] = {
	{ "INSERT INTO session SELECT zeroblob(32), secret, family, revision, created, seen, expires,"
		" absolute, idle, renew, offered, login, persist, level, user, address, agent, data"
		" FROM session", "sesskit import" },
	{ "INSERT OR REPLACE INTO session SELECT * FROM session", "sesskit import" },
	{ "UPDATE session SET id = zeroblob(32)", "only programs change that" },
	{ "UPDATE session SET secret = zeroblob(32)", "only programs change that" },
	{ "UPDATE session SET family = zeroblob(16)", "only programs change that" },
	{ "UPDATE session SET revision = 1", "only programs change that" },
	{ "UPDATE session SET created = 0", "only programs change that" },
	{ "UPDATE session SET data = '{\"admin\":true}'", "only programs change that" },
	{ "UPDATE session SET data = x'00'", "only programs change that" },
	{ "UPDATE session SET user = 'root'", "or DELETE" },
	{ "UPDATE session SET level = 100, login = unixepoch()", "only programs change that" },
	{ "UPDATE session SET expires = absolute + 1", "absolute is the latest" },
	{ "UPDATE session SET absolute = expires - 1", "absolute is the latest" },
	{ "UPDATE session SET expires = 'tomorrow'", "" },
	{ "UPDATE session SET expires = NULL", "" },
	{ "UPDATE trace SET kind = 1, session = (SELECT id FROM session), secret = zeroblob(32),"
		" keep = 1 << 60", "where an id leads" },
	{ "UPDATE trace SET keep = 0", "where an id leads" },
	{ "INSERT INTO trace (id, kind, session, secret, at, keep, why) SELECT zeroblob(32), 1, id,"
		" secret, 0, 1 << 60, 0 FROM session", "only programs make ids" },
	{ "INSERT INTO trace (id, kind, session, secret, at, keep, why) SELECT zeroblob(32), 2, id,"
		" secret, 0, 1 << 60, 0 FROM session", "only programs make ids" },
	{ "DELETE FROM trace", "betrays a thief" },
};

static void refused_by_hand(const char *kind)
{
	jar ended = { 0 }, j = { 0 };
	world w;

	open_now(&w, kind);
	(void)log_in(&w, &ended, "ann");
	is_int(sess_end_user(w.kit, "ann", NULL, NULL), SESS_OK, "one session has ended");
	(void)log_in(&w, &j, "ben");
	for (size_t i = 0; i < PARTS(refused); i++) {
		int status;
		const char *said = shell(&w, refused[i].sql, &status);

		ok(status != 0 && strstr(said, refused[i].message) != NULL, "refused: %s", refused[i].sql);
		diag("%s", said);
	}
	is_int(look(&w, &j), SESS_LIVE, "the session is unharmed");
	is_int(look(&w, &ended), SESS_REVOKED, "the one that ended stays so");
	is_int(summary(&w).live, 1, "and so do the numbers");
	world_close(&w);
}

static void expired_stays_expired(const char *kind)
{
	jar j = { 0 };
	world w;
	int status;

	world_open(&w, kind, NULL);
	(void)log_in(&w, &j, "ann");    /* in 2023 */
	ok(strstr(shell(&w, "UPDATE session SET expires = unixepoch() + 60, absolute = 0", &status),
		"stays so") != NULL, "an expired session is not revived by hand");
	by_shell(&w, "UPDATE session SET address = NULL");
	by_shell(&w, "DELETE FROM session");
	is_int(summary(&w).live, 0, "it may be removed by hand, and is counted");
	world_close(&w);
}

int main(void)
{
	static world_test *const tests[] = { ended_by_hand, ended_with_all_its_ids,
		late_writer_is_told, extended_by_hand, shortened_by_hand, privacy_by_hand,
		refused_by_hand, expired_stays_expired };

	for (size_t i = 0; i < PARTS(tests); i++)
		tests[i]("sqlite:");
	is_int((int64_t)world_leaks, 0, "no id of a browser is in a log or a file of a store");
	return done();
}
