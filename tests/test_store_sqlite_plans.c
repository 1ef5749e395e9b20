/* SPDX-License-Identifier: ISC */
/* test_store_sqlite_plans.c - how SQLite carries out the statements of the store: what is asked for
 * among millions is found by an index, and sorted by it already. */
#include "sqlite_fixture.h"

#include "store_sqlite.h"

/* The plan of a statement, its lines joined by "; ". Lent until the next call. */
static const char *plan_of(sqlite3 *db, const char *text)
{
	static char joined[2000];
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", text);
	sqlite3_stmt *plan = NULL;
	size_t len = 0;

	if (sqlite3_prepare_v2(db, explain, -1, &plan, NULL) != SQLITE_OK)
		bail("%s: %s", text, sqlite3_errmsg(db));
	joined[0] = '\0';
	while (sqlite3_step(plan) == SQLITE_ROW && len < sizeof(joined))
		len += (size_t)snprintf(joined + len, sizeof(joined) - len, "%s; ",
			(const char *)sqlite3_column_text(plan, 3));
	sqlite3_finalize(plan);
	sqlite3_free(explain);
	return joined;
}

/* A walk reads all there is. */
static bool may_scan(int which)
{
	return which == SQL_WALK_RETIRED || which == SQL_WALK_TIES;
}

static void nothing_scans(sqlite3 *db, const char *when)
{
	for (int i = 0; i < SQL_STATEMENTS; i++) {
		const char *plan = plan_of(db, sql_text[i]);

		ok(may_scan(i)
			|| (strstr(plan, "SCAN session") == NULL && strstr(plan, "SCAN trace") == NULL),
			"%s, no scan of a table: %s", when, sql_text[i]);
		ok(strstr(plan, "TEMP B-TREE") == NULL, "nor is anything sorted (%s)", plan);
	}
}

static void index_is(sqlite3 *db, sql which, const char *want)
{
	const char *plan = plan_of(db, sql_text[which]);

	ok(strstr(plan, want) != NULL, "%s: %s (%s)", sql_text[which], want, plan);
}

/* Each of these reads entries of an index, and no row of the table. */
static void counting_reads_no_row(sqlite3 *db)
{
	static const sql by_expiry[] = { SQL_COUNT, SQL_COUNT_ANONYMOUS, SQL_STATS };
	static const sql by_seen[] = { SQL_COUNT_SINCE, SQL_COUNT_SINCE_ANONYMOUS };
	static const sql by_user[] = { SQL_COUNT_USER, SQL_COUNT_SINCE_USER };

	for (size_t i = 0; i < sizeof(by_expiry) / sizeof(by_expiry[0]); i++)
		index_is(db, by_expiry[i], "COVERING INDEX session_by_expiry (expires<?)");
	for (size_t i = 0; i < sizeof(by_seen) / sizeof(by_seen[0]); i++)
		index_is(db, by_seen[i], "COVERING INDEX session_by_seen (seen");
	for (size_t i = 0; i < sizeof(by_user) / sizeof(by_user[0]); i++)
		index_is(db, by_user[i], "COVERING INDEX session_by_user (user=?");
}

/* These read as many rows as they hand on: an index has them in the right order. */
static void lists_are_in_order(sqlite3 *db)
{
	index_is(db, SQL_LIST, "COVERING INDEX session_by_seen (seen");
	index_is(db, SQL_LIST_ANONYMOUS, "COVERING INDEX session_by_seen (seen");
	index_is(db, SQL_LIST_USER, "COVERING INDEX session_by_user (user=? AND seen");
}

/* A third is anonymous, a user has three sessions. */
static void insert_visitor(void *self, unsigned number)
{
	sess_record rec = record(number);
	char user[32];

	snprintf(user, sizeof(user), "user%u", number / 9);
	rec.user = number % 3 == 0 ? NULL : user;
	rec.login = rec.user != NULL ? NOW : 0;
	rec.seen += number;
	rec.expires += number;
	if (provider->insert(self, &rec, NOW, 0, &error) != SESS_OK)
		bail("%s", error.text);
}

static void check_plans(sqlite3 *db, const char *when)
{
	nothing_scans(db, when);
	counting_reads_no_row(db);
	lists_are_in_order(db);
}

int main(void)
{
	char *path = temp_path("plans.db");
	void *self = store_at(path);
	sqlite3 *db;

	for (unsigned i = 0; i < 1000; i++)
		insert_visitor(self, i);
	provider->close(self);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		bail("%s", sqlite3_errmsg(db));
	check_plans(db, "as it is");
	/* Statistics, which an operator may have made, must not lead the planner astray. */
	sqlite3_exec(db, "ANALYZE", NULL, NULL, NULL);
	sqlite3_close(db);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		bail("%s", sqlite3_errmsg(db));
	check_plans(db, "with statistics");
	sqlite3_close(db);
	free(path);
	arena_free(&sink.memory);
	return done();
}
