/* SPDX-License-Identifier: ISC */
/*
 * store_sqlite_examine.c - look for faults in a database that may be damaged, or not ours at all:
 * by a connection of its own that can only read, and leaves no file behind.
 */
#include "store_sqlite.h"

#include "schema_sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APPLICATION_ID 0x73657373       /* as in schema.sql */
#define FAULTS_MOST "20"                /* that a check of all pages names */
#define SAMPLE "1000"

static const char restore[] = "restore a copy; or move it away, and programs make a new one";
static const char rescue[] = "take what can be read into a new file with sesskit copy, and put that "
	"in its place while the programs are stopped";

/* SQLite reads a file "as it is", without locks and log, only by a URI. NULL: out of memory. */
static char *
uri_alone(const char *path)
{
	static const char hex[] = "0123456789ABCDEF", options[] = "?mode=ro&immutable=1";
	char *uri = malloc(strlen("file://") + 3 * strlen(path) + sizeof(options)), *to = uri;

	if (uri == NULL)
		return NULL;
	to += sprintf(to, "file:%s", path[0] == '/' ? "//" : "");
	for (; *path != '\0'; path++) {
		unsigned char byte = (unsigned char)*path;

		if (byte > 0x20 && byte < 0x7f && strchr("%?#\"", byte) == NULL) {
			*to++ = (char)byte;
			continue;
		}
		*to++ = '%';
		*to++ = hex[byte >> 4];
		*to++ = hex[byte & 15];
	}
	memcpy(to, options, sizeof(options));
	return uri;
}

static void
say_failed(const db_examination *x)
{
	int rc = sqlite3_extended_errcode(x->db);
	bool busy = (rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED;
	bool damaged = (rc & 0xff) == SQLITE_CORRUPT;

	examine_say(&x->of, SESS_FAULT, busy ?
		"end the sqlite3 shell or backup that holds a transaction open" :
		damaged ? rescue : restore, "%s cannot be read: %s", x->of.path, sqlite3_errmsg(x->db));
}

/* A connection that does nothing a hostile file asks for. */
static bool
open_reading(db_examination *x, int way, int busy_ms)
{
	static const int off[] = { SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_TRIGGER,
		SQLITE_DBCONFIG_ENABLE_VIEW, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION };
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
		SQLITE_OPEN_EXRESCODE;
	char *uri = way == EXAMINE_ALONE ? uri_alone(x->of.path) : NULL;
	int keep = 1;
	int rc;

	if (way == EXAMINE_ALONE)
		rc = uri == NULL ? SQLITE_NOMEM : sqlite3_open_v2(uri, &x->db, flags | SQLITE_OPEN_URI,
			NULL);
	else
		rc = sqlite3_open_v2(x->of.path, &x->db, flags, NULL);
	free(uri);
	if (rc != SQLITE_OK) {
		examine_say(&x->of, SESS_FAULT, "check owner and mode of the file", "%s cannot be opened: %s",
			x->of.path, sqlite3_errstr(rc));
		return false;
	}
	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++)
		sqlite3_db_config(x->db, off[i], 0, NULL);
	sqlite3_db_config(x->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(x->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_file_control(x->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
	sqlite3_busy_timeout(x->db, busy_ms);
	return true;
}

/* Call each for the rows of a query. False when it could not be read, which has been said. */
static bool
rows(const db_examination *x, const char *query,
	void (*each)(const db_examination *, sqlite3_stmt *))
{
	sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(x->db, query, -1, &row, NULL);

	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(row);
		if (rc == SQLITE_ROW)
			each(x, row);
	}
	if (rc != SQLITE_DONE)
		say_failed(x);
	sqlite3_finalize(row);
	return rc == SQLITE_DONE;
}

/* A single number. False when it could not be read, which has been said. */
static bool
number(const db_examination *x, sqlite3 *db, const char *query, int64_t *out)
{
	sqlite3_stmt *row = NULL;
	int rc = sqlite3_prepare_v2(db, query, -1, &row, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(row)) == SQLITE_ROW)
		*out = sqlite3_column_int64(row, 0);
	if (rc != SQLITE_ROW)
		say_failed(x);
	sqlite3_finalize(row);
	return rc == SQLITE_ROW;
}

static const char *
text_of(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text != NULL ? text : "";
}

/* One thing of a schema, and the statement that looks for it in the other. False if it was said. */
static bool
same_thing(const db_examination *x, sqlite3_stmt *thing, sqlite3_stmt *other, bool ours)
{
	const char *type = text_of(thing, 0), *name = text_of(thing, 1);
	bool there = sqlite3_step(other) == SQLITE_ROW;
	bool same = there && (!ours || strcmp(text_of(thing, 2), text_of(other, 0)) == 0);

	if (!there && ours)
		examine_say(&x->of, SESS_FAULT, rescue, "%s: the %s \"%s\" is missing", x->of.path,
			type, name);
	else if (!there)
		examine_say(&x->of, SESS_WARNING, "drop it, unless you know why it is there",
			"%s: the %s \"%s\" is not one of ours", x->of.path, type, name);
	else if (!same)
		examine_say(&x->of, SESS_FAULT, rescue, "%s: the %s \"%s\" is not as it should be",
			x->of.path, type, name);
	return same;
}

/* Our schema must be in the file's, made by the same words; the other way round, things must merely
 * be there. 1 all is well, 0 something was said, -1 a schema could not be read. */
static int
compare(const db_examination *x, sqlite3 *from, sqlite3 *with, bool ours)
{
	sqlite3_stmt *thing = NULL, *other = NULL;
	int rc, same = 1;

	rc = sqlite3_prepare_v2(from, "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL"
		" ORDER BY type DESC, name", -1, &thing, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(with, "SELECT sql FROM sqlite_schema WHERE type = ?1"
			" AND name = ?2", -1, &other, NULL);
	while (rc == SQLITE_OK && (rc = sqlite3_step(thing)) == SQLITE_ROW) {
		sqlite3_bind_value(other, 1, sqlite3_column_value(thing, 0));
		sqlite3_bind_value(other, 2, sqlite3_column_value(thing, 1));
		same = same_thing(x, thing, other, ours) && same;
		rc = sqlite3_reset(other);
	}
	sqlite3_finalize(thing);
	sqlite3_finalize(other);
	return rc == SQLITE_DONE ? same : -1;
}

/* False if there is no sense in reading on. */
static bool
look_at_schema(const db_examination *x, sqlite3 *model)
{
	int64_t application = 0, version = 0, known = 0;
	int complete, alone;

	if (!number(x, x->db, "PRAGMA application_id", &application) ||
		!number(x, x->db, "PRAGMA user_version", &version) ||
		!number(x, model, "PRAGMA user_version", &known))
		return false;
	if (application != APPLICATION_ID || version < 1) {
		examine_say(&x->of, SESS_FAULT, "name another file", "%s is the database of another program",
			x->of.path);
		return false;
	}
	if (version > known) {
		examine_say(&x->of, SESS_FAULT, "upgrade this program", "%s was made by a newer sesskit "
			"(schema %lld, this one knows %lld)", x->of.path, (long long)version, (long long)known);
		return false;
	}
	if (version < known) {
		examine_say(&x->of, SESS_FINE, "", "%s has schema %lld; the next program that opens it makes "
			"it %lld", x->of.path, (long long)version, (long long)known);
		return true;
	}
	complete = compare(x, model, x->db, true);
	alone = compare(x, x->db, model, false);
	if (complete < 0 || alone < 0) {
		say_failed(x);
		return false;
	}
	if (complete && alone)
		examine_say(&x->of, SESS_FINE, "", "%s: schema %lld is complete", x->of.path,
			(long long)version);
	return complete != 0;
}

/* Byte 18 of the header says how the next one writes. It is read by SQLite's own descriptor: to
 * close another one would drop the locks that this process has on the file. */
static void
look_at_journal(const db_examination *x)
{
	unsigned char header[20];
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(x->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
		file != NULL && file->pMethods != NULL &&
		file->pMethods->xRead(file, header, sizeof(header), 0) == SQLITE_OK && header[18] != 2)
		examine_say(&x->of, SESS_WARNING, "let a program open it, which turns the log on again",
			"%s was taken out of WAL mode: readers and writers wait for each other", x->of.path);
}

static void
say_checked(const db_examination *x, sqlite3_stmt *row)
{
	if (strcmp(text_of(row, 0), "ok") == 0)
		examine_say(&x->of, SESS_FINE, "", "%s: no damage found by %s check", x->of.path,
			x->of.deep ? "the full" : "a quick");
	else
		examine_say(&x->of, SESS_FAULT, rescue, "%s is damaged: %s", x->of.path, text_of(row, 0));
}

static void
say_unreadable(const db_examination *x, sqlite3_stmt *row)
{
	long long n = sqlite3_column_int64(row, 0);

	if (n > 0)
		examine_say(&x->of, SESS_WARNING, "leave them: they are refused, and go when they expire",
			"%s: the values of %lld sessions are no JSON", x->of.path, n);
}

static void
say_counts(const db_examination *x, sqlite3_stmt *row)
{
	if (sqlite3_column_int(row, 0) == 0)
		examine_say(&x->of, SESS_WARNING, "run sql/queries/recount.sql in the sqlite3 shell", "%s: the "
			"table tally is wrong about how many sessions there are", x->of.path);
}

/* What only reading all of it tells. */
static void
examine_rows(const db_examination *x)
{
	int64_t counted = 0;

	rows(x, "SELECT count(*) FROM session WHERE typeof(data) = 'text' AND NOT json_valid(data)",
		say_unreadable);
	/* Older schemas have no such table. */
	if (number(x, x->db, "SELECT count(*) FROM sqlite_schema WHERE name = 'tally'", &counted)
		&& counted > 0)
		rows(x, "SELECT (SELECT total(anonymous) FROM tally) = count(*) - count(user)"
			" AND (SELECT total(signed_in) FROM tally) = count(user) FROM session", say_counts);
}

static void
say_sealed(const db_examination *x, sqlite3_stmt *row)
{
	long long sealed = sqlite3_column_int64(row, 0), all = sqlite3_column_int64(row, 1);

	if (all > 0)
		examine_say(&x->of, SESS_FINE, "", "%s: of %lld sessions looked at, %lld are sealed",
			x->of.path, all, sealed);
}

static void
examine_inside(const db_examination *x)
{
	sqlite3 *model = NULL;
	bool go_on = false;

	if (sqlite3_open(":memory:", &model) == SQLITE_OK &&
		sqlite3_exec(model, schema_sql, NULL, NULL, NULL) == SQLITE_OK)
		go_on = look_at_schema(x, model);
	else
		examine_say(&x->of, SESS_FAULT, "free some memory", "out of memory");
	sqlite3_close(model);
	if (!go_on)
		return;
	look_at_journal(x);
	if (!rows(x, x->of.deep ? "PRAGMA integrity_check(" FAULTS_MOST ")" :
		"PRAGMA quick_check(" FAULTS_MOST ")", say_checked))
		return;
	if (x->of.deep)
		examine_rows(x);
	rows(x, "SELECT total(typeof(data) = 'blob'), count(*) FROM (SELECT data FROM session"
		" LIMIT " SAMPLE ")", say_sealed);
}

void
sqlite_examine(const sess_address *address, const sess_limits *limits, bool deep,
	sess_finding_fn *each, void *arg)
{
	db_examination x = { .of = { .path = address->path, .deep = deep, .each = each, .arg = arg } };
	const char *path = address->path, *slash = strrchr(path, '/');
	char *folder;
	int way;

	if (slash == NULL || slash[1] == '\0') {
		examine_say(&x.of, SESS_FAULT, "name a file", "%s names no file", address->url);
		return;
	}
	folder = slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	x.of.folder = folder;
	if (folder == NULL) {
		examine_say(&x.of, SESS_FAULT, "free some memory", "out of memory");
		return;
	}
	way = examine_files(&x.of);
	if (way != EXAMINE_NOT && open_reading(&x, way, limits->busy_ms))
		examine_inside(&x);
	sqlite3_close(x.db);
	free(folder);
}
