/* SPDX-License-Identifier: ISC */
/* options.c - the command line behind the verb, and the settings that come of it. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const tool_option common_options[] = {
	{ "store", "URL", "where the sessions are" },
	{ "config", "FILE", "settings, as the programs read them" },
	{ "set", "NAME=VALUE", "one setting of sesskit.conf(5); may be repeated" },
	{ "json", NULL, "print JSON, for programs" },
	{ "quiet", NULL, "print no more than asked for" },
	{ "help", NULL, "explain the verb" },
	{ NULL, NULL, NULL }
};

/* The command line while it is read. Settings are applied last, in their order. */
typedef struct line {
	tool *t;
	const char *config;
	struct {
		const char *name, *value;       /* name NULL: value is NAME=VALUE */
	} set[TOOL_OPTIONS_MAX];
	size_t sets;
	bool help;
} line;

void
guess_try(guess *g, const char *name)
{
	size_t distance = name_distance(g->word, name);

	if (distance <= strlen(name) / 3 + 1 && (g->nearest == NULL || distance < g->distance)) {
		g->nearest = name;
		g->distance = distance;
	}
}

static const tool_option *
option_find(const tool_option *list, const char *name, size_t len)
{
	for (; list != NULL && list->name != NULL; list++)
		if (strlen(list->name) == len && memcmp(list->name, name, len) == 0)
			return list;
	return NULL;
}

static int
fail_unknown(const tool *t, const char *arg)
{
	const tool_option *lists[] = { t->verb->options, common_options };
	char name[64];
	guess g = { .word = name };

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(arg + 2, "="), arg + 2);
	for (size_t i = 0; i < 2; i++)
		for (const tool_option *o = lists[i]; o != NULL && o->name != NULL; o++)
			guess_try(&g, o->name);
	if (g.nearest != NULL)
		return tool_fail(t, EX_USAGE, "--%s: no such option; did you mean --%s?", name,
			g.nearest);
	return tool_fail(t, EX_USAGE, "--%s: no such option; sesskit help %s lists them", name,
		t->verb->name);
}

/* Note an option that every verb has. */
static int
take_common(line *l, const tool_option *o, const char *value)
{
	if (strcmp(o->name, "help") == 0)
		l->help = true;
	else if (strcmp(o->name, "json") == 0)
		l->t->json = true;
	else if (strcmp(o->name, "quiet") == 0)
		l->t->quiet = true;
	else if (strcmp(o->name, "config") == 0)
		l->config = value;
	else if (l->sets == TOOL_OPTIONS_MAX)
		return tool_fail(l->t, EX_USAGE, "--set: more than %d; use --config", TOOL_OPTIONS_MAX);
	else {
		l->set[l->sets].name = strcmp(o->name, "set") == 0 ? NULL : o->name;
		l->set[l->sets++].value = value;
	}
	return EX_OK;
}

static int
take_own(tool *t, const tool_option *o, const char *value)
{
	if (t->givens == TOOL_OPTIONS_MAX)
		return tool_fail(t, EX_USAGE, "--%s: more than %d options", o->name, TOOL_OPTIONS_MAX);
	t->given[t->givens].name = o->name;
	t->given[t->givens++].value = value;
	return EX_OK;
}

/* One option; *next is the argument behind it, and moves on if that is its value. */
static int
take_option(line *l, const char *arg, char ***next)
{
	size_t len = strcspn(arg + 2, "=");
	const char *value = arg[2 + len] == '=' ? arg + 2 + len + 1 : NULL;
	const tool_option *own = option_find(l->t->verb->options, arg + 2, len);
	const tool_option *o = own != NULL ? own : option_find(common_options, arg + 2, len);

	if (o == NULL)
		return fail_unknown(l->t, arg);
	if (o->value == NULL && value != NULL)
		return tool_fail(l->t, EX_USAGE, "--%s: takes no value", o->name);
	if (o->value != NULL && value == NULL && **next != NULL)
		value = *(*next)++;
	/* An empty one is a variable that a script failed to set, and must not mean something. */
	if (o->value != NULL && (value == NULL || *value == '\0'))
		return tool_fail(l->t, EX_USAGE, "--%s: expected %s behind it", o->name, o->value);
	if (value == NULL)
		value = "";
	return own != NULL ? take_own(l->t, o, value) : take_common(l, o, value);
}

/* A name of a session may begin with "-", but has a length and an alphabet of its own. */
static bool
is_option(const char *arg)
{
	unsigned char raw[TOKEN_BYTES];

	return arg[0] == '-' && arg[1] != '\0' && !token_decode(raw, arg, strnlen(arg, 64));
}

/* The operands move to the front of args. */
static int
read_line(line *l, char **args)
{
	char **to = args, *arg;
	bool only_operands = false;
	int rc = EX_OK;

	while (rc == EX_OK && (arg = *args) != NULL) {
		args++;
		if (only_operands || !is_option(arg))
			*to++ = arg;
		else if (strcmp(arg, "--") == 0)
			only_operands = true;
		else if (arg[1] != '-')
			rc = tool_fail(l->t, EX_USAGE, "%s: no such option; options begin with two "
				"dashes", arg);
		else
			rc = take_option(l, arg, &args);
	}
	*to = NULL;
	return rc;
}

static int
apply_set(line *l, const char *name, const char *value)
{
	char copy[64];
	const char *equals = strchr(value, '=');
	sess_error err = { 0 };

	if (name == NULL && equals == NULL)
		return tool_fail(l->t, EX_USAGE, "--set: expected NAME=VALUE, got \"%s\"", value);
	if (name == NULL) {
		snprintf(copy, sizeof(copy), "%.*s", (int)(equals - value), value);
		name = copy;
		value = equals + 1;
	}
	if (sess_config_set(&l->t->config, name, value, &err) == SESS_OK)
		return EX_OK;
	return tool_fail(l->t, EX_USAGE, "%s", err.text);
}

/* Defaults, then the file, then the environment, then the command line. */
static int
apply_settings(line *l)
{
	sess_error err = { 0 };
	int rc = SESS_OK;

	if (l->config != NULL) {
		rc = sess_config_file(&l->t->config, l->config, &err);
		unsetenv("SESSKIT_CONFIG");     /* one file, not two */
	}
	if (rc == SESS_OK)
		rc = sess_config_env(&l->t->config, environ, &err);
	if (rc != SESS_OK)
		return tool_fail_code(l->t, rc, &err);
	for (size_t i = 0; i < l->sets && rc == EX_OK; i++)
		rc = apply_set(l, l->set[i].name, l->set[i].value);
	return rc;
}

int
tool_read_line(tool *t, char **args, bool *help)
{
	line l = { .t = t };
	int rc = read_line(&l, args);

	*help = l.help;
	if (rc != EX_OK || l.help)
		return rc;
	if (args[0] != NULL && t->verb->operands == NULL)
		return tool_fail(t, EX_USAGE, "\"%s\" is one word too many; sesskit help %s explains",
			args[0], t->verb->name);
	return apply_settings(&l);
}

const char *
tool_given(const tool *t, const char *option)
{
	/* The last one wins. */
	for (size_t i = t->givens; i > 0; i--)
		if (strcmp(t->given[i - 1].name, option) == 0)
			return t->given[i - 1].value;
	return NULL;
}

int
tool_number(const tool *t, const char *option, setting_kind kind, int64_t otherwise, int64_t *out)
{
	const char *value = tool_given(t, option);

	*out = otherwise;
	if (value == NULL || number_parse(value, kind, out))
		return EX_OK;
	*out = otherwise;
	return tool_fail(t, EX_USAGE, "--%s: expected %s, got \"%s\"", option,
		kind == SETTING_TIME ? "a time such as 30m" : kind == SETTING_SIZE ?
		"a size such as 64K" : "a whole number", value);
}
