/* SPDX-License-Identifier: ISC */
/* list.c - "sesskit list": a table on a terminal, else a line of JSON for each session. */
#include "tool.h"

#include <string.h>

#define LIMIT 50
#define REF_WIDTH TOKEN_CHARS
#define CELL_MAX 512

typedef struct listing {
	const tool *t;
	int64_t now;
	bool table;
	int address, agent, bytes;      /* width of these columns; 0: no room */
	size_t lines;
	json_out json;
} listing;

/* -- a table ----------------------------------------------------------------------------------- */

enum { USER_WIDTH = 16, AGE_WIDTH = 8, BYTES_WIDTH = 9, ADDRESS_WIDTH = 15, AGENT_LEAST = 10 };

/* Give the columns that are not always there what is left of the line. */
static void
fit(listing *l, int width)
{
	int left = width - (REF_WIDTH + 1 + USER_WIDTH + 1 + AGE_WIDTH + 1 + AGE_WIDTH);

	if (left > BYTES_WIDTH) {
		l->bytes = BYTES_WIDTH;
		left -= BYTES_WIDTH + 1;
	}
	if (left > ADDRESS_WIDTH) {
		l->address = ADDRESS_WIDTH;
		left -= ADDRESS_WIDTH + 1;
	}
	if (left > AGENT_LEAST)
		l->agent = left - 1;
}

static void
cell(const char *text, int width, bool last)
{
	char clean[CELL_MAX];
	int columns = width < (CELL_MAX - 4) / 4 ? width : (CELL_MAX - 4) / 4;

	term_clean(clean, sizeof(clean), text != NULL ? text : "-", columns);
	printf("%s%*s", clean, last ? 0 : width - term_columns(clean) + 1, "");
}

static void
row(const listing *l, const char *const texts[7])
{
	const int widths[] = { REF_WIDTH, USER_WIDTH, AGE_WIDTH, AGE_WIDTH, l->bytes, l->address,
		l->agent };
	size_t last = 6;

	while (widths[last] == 0)
		last--;
	for (size_t i = 0; i <= last; i++)
		if (widths[i] != 0)
			cell(texts[i], widths[i], i == last);
	putchar('\n');
}

static void
print_row(listing *l, const char *ref, const sess_record *rec)
{
	static const char *const titles[] = { "REF", "USER", "SEEN", "LEFT", "BYTES", "ADDRESS",
		"AGENT" };
	char seen[TERM_TIME_MAX], left[TERM_TIME_MAX], bytes[TERM_TIME_MAX];
	const char *texts[] = { ref, rec->user, term_span(seen, l->now - rec->seen), "expired",
		term_size(bytes, (int64_t)rec->len), rec->address, rec->agent };

	if (rec->expires > l->now)
		texts[3] = term_span(left, rec->expires - l->now);
	if (l->lines == 0 && !l->t->quiet)
		row(l, titles);
	row(l, texts);
}

/* -- JSON -------------------------------------------------------------------------------------- */

static void
print_json(listing *l, const char *ref, const sess_record *rec)
{
	json_out *o = &l->json;

	json_open(o, NULL, '{');
	json_text(o, "ref", ref);
	json_text(o, "state", rec->expires > l->now ? "live" : "expired");
	json_text(o, "user", rec->user);
	json_int(o, "level", rec->level);
	json_int(o, "created", rec->created);
	json_int(o, "seen", rec->seen);
	json_int(o, "expires", rec->expires);
	json_int(o, "absolute", rec->absolute);
	json_int(o, "login", rec->login);
	json_text(o, "address", rec->address);
	json_text(o, "agent", rec->agent);
	json_int(o, "bytes", (int64_t)rec->len);
	json_close(o, '}');
	json_line(o);
}

static int
print(void *arg, const sess_record *rec)
{
	listing *l = arg;
	char ref[TOKEN_CHARS + 1];

	token_encode(ref, rec->id);
	if (l->table)
		print_row(l, ref, rec);
	else
		print_json(l, ref, rec);
	l->lines++;
	return ferror(stdout);
}

/* -- the command line -------------------------------------------------------------------------- */

/* Which of the words was given, the first by default. */
static int
choose(const tool *t, const char *option, const char *const *words, int *out)
{
	const char *value = tool_given(t, option);
	char all[100] = "";

	for (*out = 0; value != NULL && words[*out] != NULL; (*out)++)
		if (strcmp(words[*out], value) == 0)
			return EX_OK;
	if (value == NULL)
		return EX_OK;
	for (size_t i = 0; words[i] != NULL; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i > 0 ? "|" : "",
			words[i]);
	return tool_fail(t, EX_USAGE, "--%s: expected one of %s, got \"%s\"", option, all, value);
}

static int
read_options(const tool *t, find *f)
{
	static const char *const states[] = { "live", "expired", "all", NULL };
	static const char *const orders[] = { "seen", "created", "expires", "user", "bytes", NULL };
	int64_t limit = 0;
	int rc;

	f->user = tool_given(t, "user");
	if (tool_given(t, "anonymous") != NULL) {
		if (f->user != NULL)
			return tool_fail(t, EX_USAGE, "--anonymous and --user exclude each other");
		f->user = "";
	}
	f->address = tool_given(t, "address");
	if ((rc = choose(t, "state", states, &f->state)) != EX_OK ||
		(rc = choose(t, "sort", orders, &f->order)) != EX_OK ||
		(rc = tool_number(t, "idle-since", SETTING_TIME, 0, &f->idle)) != EX_OK ||
		(rc = tool_number(t, "active-within", SETTING_TIME, 0, &f->active)) != EX_OK ||
		(rc = tool_number(t, "limit", SETTING_COUNT, LIMIT, &limit)) != EX_OK)
		return rc;
	f->limit = (size_t)limit;
	if (t->json && tool_given(t, "table") != NULL)
		return tool_fail(t, EX_USAGE, "--json and --table exclude each other");
	return EX_OK;
}

static int
run(tool *t, char **operands)
{
	listing l = { .t = t };
	find f = { 0 };
	bool more;
	int rc = read_options(t, &f);

	(void)operands;
	if (rc == EX_OK)
		rc = tool_open(t);
	if (rc != EX_OK)
		return rc;
	l.now = f.now = kit_now(t->kit);
	l.table = tool_given(t, "table") != NULL || (!t->json && term_is(stdout));
	json_start(&l.json, stdout);
	fit(&l, term_width());
	rc = find_each(t, &f, print, &l, &more);
	if (rc == EX_OK && (rc = tool_flush(t)) == EX_OK && more && l.table && !t->quiet)
		fprintf(stderr, "There are more; --limit 0 lists all.\n");
	return rc;
}

static const tool_option options[] = {
	{ "user", "NAME", "only sessions of this user" },
	{ "anonymous", NULL, "only sessions of nobody" },
	{ "state", "STATE", "live (the default), expired or all" },
	{ "address", "ADDRESS", "only those that came from there last" },
	{ "idle-since", "TIME", "only those without a request for so long" },
	{ "active-within", "TIME", "only those with a request within so long" },
	{ "sort", "BY", "seen (the default), created, expires, user or bytes" },
	{ "limit", "N", "at most so many; 50 by default, 0 for all" },
	{ "table", NULL, "a table, although this is no terminal" },
	{ NULL, NULL, NULL }
};

const verb verb_list = {
	.name = "list",
	.summary = "who is there",
	.details = "Lists sessions: on a terminal a table, otherwise a line of JSON for each. A\n"
		"time is a number with s, m, h or d behind it, as in 30m. Live sessions in the\n"
		"order in which they were seen come at once, however many there are; any other\n"
		"state or order reads the whole store. An expired session is refused to its\n"
		"visitor, and waits to be removed by \"sesskit gc\".",
	.options = options,
	.run = run,
};
