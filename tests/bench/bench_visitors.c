/* SPDX-License-Identifier: ISC */
/* bench_visitors.c - the prepared store of a bench, its exact copy, and the tokens to it. */
#include "bench.h"

#include <sqlite3.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PADDING "light-theme wide-layout no-banner sort-by-price page-size-50 currency-eur " \
	"vat-included"

const char bench_json[] = "{\"cart\":3,\"count\":17,\"language\":\"en-GB\",\"member\":true,"
	"\"name\":\"Ada Lovelace\",\"view\":\"" PADDING "\"}";

static int64_t
bench_now(void *arg)
{
	return *(const int64_t *)arg;
}

sess_kit *
bench_kit_at(const char *url, int64_t *now)
{
	sess_config config = { .size = sizeof(config), .idle = 30 * BENCH_TOUCH, .absolute = -1,
		.touch = BENCH_TOUCH, .renew = -1, .collect = -1, .now = bench_now, .arg = now };
	sess_error error;
	sess_kit *kit;

	if (sess_config_env(&config, environ, &error) != SESS_OK)
		bench_die("%s", error.text);
	if (snprintf(config.store, sizeof(config.store), "%s", url) >= (int)sizeof(config.store))
		bench_die("%s: the name is too long", url);
	if (sess_kit_open(&kit, &config, &error) != SESS_OK)
		bench_die("%s", error.text);
	return kit;
}

sess_kit *
bench_kit(const char *directory, int64_t *now)
{
	char *path = bench_path(directory, "library.db"), *url;
	sess_kit *kit;

	if (asprintf(&url, "sqlite:%s", path) < 0)
		bench_die("out of memory");
	kit = bench_kit_at(url, now);
	free(url);
	free(path);
	return kit;
}

void
bench_values(sess *s)
{
	sess_set_int(s, "cart", 3);
	sess_set_int(s, "count", 17);
	sess_set_str(s, "language", "en-GB");
	sess_set_bool(s, "member", true);
	sess_set_str(s, "name", "Ada Lovelace");
	sess_set_str(s, "view", PADDING);
}

/* A copy page by page, so that both sides work on trees of the same shape. */
void
visitors_copy(const char *directory)
{
	char *from_path = bench_path(directory, "library.db");
	char *to_path = bench_path(directory, "raw.db");
	sqlite3 *from = NULL, *to = NULL;
	sqlite3_backup *backup;

	if (sqlite3_open(from_path, &from) != SQLITE_OK || sqlite3_open(to_path, &to) != SQLITE_OK)
		bench_die("%s: %s", to_path, sqlite3_errmsg(to));
	backup = sqlite3_backup_init(to, "main", from, "main");
	if (backup == NULL || sqlite3_backup_step(backup, -1) != SQLITE_DONE)
		bench_die("%s: %s", to_path, sqlite3_errmsg(to));
	sqlite3_backup_finish(backup);
	sqlite3_close(from);
	sqlite3_close(to);
	free(from_path);
	free(to_path);
}

void
visitors_save(const visitors *v, const char *directory)
{
	char *path = bench_path(directory, "tokens");
	FILE *tokens = fopen(path, "w");

	if (tokens == NULL)
		bench_die("%s cannot be written", path);
	for (size_t i = 0; i < v->count; i++)
		fprintf(tokens, "%s\n", v->token[i]);
	if (fclose(tokens) != 0)
		bench_die("%s cannot be written", path);
	free(path);
}

void
visitors_make(const char *directory, size_t count)
{
	visitors v = { .count = count, .token = calloc(count, sizeof(*v.token)) };
	library l;

	if (v.token == NULL)
		bench_die("out of memory");
	library_open(&l, directory);
	for (size_t i = 0; i < count; i++) {
		library_start(&l, v.token[i]);
		library_idle(&l);
	}
	sess_kit_close(l.kit);
	visitors_save(&v, directory);
	visitors_free(&v);
	visitors_copy(directory);
}

void
visitors_load(visitors *v, const char *directory, size_t spare)
{
	char *path = bench_path(directory, "tokens");
	FILE *tokens = fopen(path, "r");

	if (tokens == NULL)
		bench_die("%s cannot be read", path);
	v->count = (size_t)bench_file_bytes(path) / (TOKEN_TEXT + 1);
	v->cap = v->count + spare;
	v->token = calloc(v->cap, sizeof(*v->token));
	v->id = calloc(v->cap, sizeof(*v->id));
	if (v->token == NULL || v->id == NULL)
		bench_die("out of memory");
	for (size_t i = 0; i < v->count; i++)
		if (fscanf(tokens, "%43s", v->token[i]) != 1)
			bench_die("%s is damaged", path);
	fclose(tokens);
	free(path);
}

void
visitors_free(visitors *v)
{
	free(v->token);
	free(v->id);
}
