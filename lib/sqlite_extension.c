/* SPDX-License-Identifier: ISC */
/*
 * sqlite_extension.c - functions for the sqlite3 shell: ".load sesskit_sqlite" adds
 *   sess_ref(id)      the name of a session, as sess_ref and the sesskit command give it
 *   sess_id(ref)      the id that such a name means, also in hexadecimal
 *   sess_json(data)   the values of a session, one per line
 *   sess_state(why)   why a session ended, in words
 *   sess_time(t)      a time, "2026-01-31 12:00:00" in UTC
 *   sess_age(t)       how long ago that was, "3m 20s"
 * What is not of the kind expected gives NULL.
 */
#include "internal.h"

#include <sqlite3ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

SQLITE_EXTENSION_INIT1

/* The last second of the year 9999, and the first of the year 0. */
#define TIME_MAX INT64_C(253402300799)
#define TIME_MIN INT64_C(-62167219200)

static void
give_text(sqlite3_context *context, const char *text)
{
	sqlite3_result_text(context, text, -1, SQLITE_TRANSIENT);
}

static void
fn_ref(sqlite3_context *context, int n, sqlite3_value **arg)
{
	char text[TOKEN_CHARS + 1];

	(void)n;
	if (sqlite3_value_type(arg[0]) != SQLITE_BLOB || sqlite3_value_bytes(arg[0]) != SESS_ID_BYTES)
		return;
	token_encode(text, sqlite3_value_blob(arg[0]));
	give_text(context, text);
}

static void
fn_id(sqlite3_context *context, int n, sqlite3_value **arg)
{
	unsigned char id[SESS_ID_BYTES];

	(void)n;
	if (sqlite3_value_type(arg[0]) == SQLITE_TEXT
		&& ref_decode((const char *)sqlite3_value_text(arg[0]), id))
		sqlite3_result_blob(context, id, sizeof(id), SQLITE_TRANSIENT);
}

/* -- values ------------------------------------------------------------------------------------ */

/* Write one value as a line of an object. */
static int
write_member(void *arg, const entry *e)
{
	buffer *out = arg;
	entry copy = *e;
	values one = { .at = &copy, .count = 1 };
	size_t before = out->len;
	int rc = buffer_put(out, before == 0 ? "{\n  " : ",\n  ", 4);
	size_t from = out->len;

	if (rc != SESS_OK || (rc = json_write(out, &one)) != SESS_OK)
		return rc;
	/* Without its braces. */
	memmove(out->at + from, out->at + from + 1, out->len - from - 2);
	out->len -= 2;
	return SESS_OK;
}

static void
fn_json(sqlite3_context *context, int n, sqlite3_value **arg)
{
	size_t len, where;
	buffer out = { .at = NULL };
	char *text;
	int rc;

	(void)n;
	/* Sealed values are no text. */
	if (sqlite3_value_type(arg[0]) != SQLITE_TEXT)
		return;
	len = (size_t)sqlite3_value_bytes(arg[0]);
	text = malloc(len + 1);
	if (text == NULL) {
		sqlite3_result_error_nomem(context);
		return;
	}
	memcpy(text, sqlite3_value_text(arg[0]), len);
	text[len] = '\0';
	rc = json_read(text, len, write_member, &out, &where);
	if (rc == SESS_OK)
		rc = buffer_put(&out, out.len == 0 ? "{}" : "\n}", 2);
	if (rc == SESS_OK)
		sqlite3_result_text64(context, out.at, out.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	else if (rc == SESS_NOMEM)
		sqlite3_result_error_nomem(context);
	buffer_free(&out);
	free(text);
}

/* -- words and times --------------------------------------------------------------------------- */

static void
fn_state(sqlite3_context *context, int n, sqlite3_value **arg)
{
	(void)n;
	if (sqlite3_value_type(arg[0]) == SQLITE_INTEGER)
		sqlite3_result_text(context, status_text(sqlite3_value_int64(arg[0])), -1, SQLITE_STATIC);
}

/* A time that means one: 0 is "never" in all columns. */
static bool
take_time(sqlite3_value *value, int64_t *t)
{
	*t = sqlite3_value_int64(value);
	return sqlite3_value_type(value) == SQLITE_INTEGER && *t != 0 && *t >= TIME_MIN
		&& *t <= TIME_MAX;
}

static void
fn_time(sqlite3_context *context, int n, sqlite3_value **arg)
{
	char text[40];
	struct tm tm;
	time_t when;
	int64_t t;

	(void)n;
	if (!take_time(arg[0], &t))
		return;
	when = (time_t)t;
	if (gmtime_r(&when, &tm) == NULL)
		return;
	snprintf(text, sizeof(text), "%04d-%02d-%02d %02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	give_text(context, text);
}

/* The two largest units; what is still to come has "in" before it. */
static void
fn_age(sqlite3_context *context, int n, sqlite3_value **arg)
{
	static const struct {
		long long seconds;
		char name;
	} unit[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0, last = sizeof(unit) / sizeof(unit[0]) - 1;
	char text[64];
	int64_t t;
	long long age;

	(void)n;
	if (!take_time(arg[0], &t))
		return;
	age = (long long)time(NULL) - t;
	n = snprintf(text, sizeof(text), "%s", age < 0 ? "in " : "");
	age = age < 0 ? -age : age;
	while (i < last && age < unit[i].seconds)
		i++;
	n += snprintf(text + n, sizeof(text) - (size_t)n, "%lld%c", age / unit[i].seconds, unit[i].name);
	if (i < last)
		snprintf(text + n, sizeof(text) - (size_t)n, " %lld%c",
			age % unit[i].seconds / unit[i + 1].seconds, unit[i + 1].name);
	give_text(context, text);
}

/* The name follows from that of the file. */
SESS_API int sqlite3_sesskitsqlite_init(sqlite3 *, char **, const sqlite3_api_routines *);

int
sqlite3_sesskitsqlite_init(sqlite3 *db, char **message, const sqlite3_api_routines *api)
{
	static const struct {
		const char *name;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
		int flags;
	} functions[] = {
		{ "sess_ref", fn_ref, SQLITE_DETERMINISTIC }, { "sess_id", fn_id, SQLITE_DETERMINISTIC },
		{ "sess_json", fn_json, SQLITE_DETERMINISTIC },
		{ "sess_state", fn_state, SQLITE_DETERMINISTIC },
		{ "sess_time", fn_time, SQLITE_DETERMINISTIC }, { "sess_age", fn_age, 0 },
	};
	int rc = SQLITE_OK;

	SQLITE_EXTENSION_INIT2(api);
	(void)message;
	for (size_t i = 0; rc == SQLITE_OK && i < sizeof(functions) / sizeof(functions[0]); i++)
		rc = sqlite3_create_function_v2(db, functions[i].name, 1,
			SQLITE_UTF8 | SQLITE_INNOCUOUS | functions[i].flags, NULL, functions[i].call, NULL,
			NULL, NULL);
	return rc;
}
