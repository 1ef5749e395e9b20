/* SPDX-License-Identifier: ISC */
/* key.c - "sesskit key": the keys of a key file by their names, and a new one before them. */
#include "tool.h"

#include <string.h>
#include <time.h>

void
key_say(const tool *t, const char *what, const char *path, const char *name)
{
	char clean[TOOL_PATH_MAX + 4];
	json_out o;

	if (!t->json) {
		printf("%s %s, key %s\n", what, term_clean(clean, sizeof(clean), path, 0), name);
		return;
	}
	json_start(&o, stdout);
	json_open(&o, NULL, '{');
	json_text(&o, "done", what);
	json_text(&o, "file", path);
	json_text(&o, "key", name);
	json_close(&o, '}');
	json_line(&o);
}

static int
read_ring(const tool *t, const char *path, keyring *ring)
{
	sess_error err = { 0 };
	int rc = keyring_open(ring, path, false, &err);

	return rc == SESS_OK ? EX_OK : tool_fail_code(t, rc, &err);
}

static int
list_keys(const tool *t, const char *path)
{
	keyring ring;
	int rc = read_ring(t, path, &ring);

	if (rc != EX_OK)
		return rc;
	for (size_t i = 0; i < ring.count; i++) {
		const char *use = i == 0 ? "newest: for all that is new" : "older: still accepted";
		json_out o;

		if (!t->json) {
			printf("%zu  %-*s  %s\n", i + 1, KEY_ID_MAX, ring.name[i], use);
			continue;
		}
		json_start(&o, stdout);
		json_open(&o, NULL, '{');
		json_int(&o, "position", (int64_t)i + 1);
		json_text(&o, "key", ring.name[i]);
		json_bool(&o, "newest", i == 0);
		json_close(&o, '}');
		json_line(&o);
	}
	keyring_close(&ring);
	return tool_flush(t);
}

static bool
taken(const keyring *ring, const char *name)
{
	for (size_t i = 0; i < ring->count; i++)
		if (strcmp(ring->name[i], name) == 0)
			return true;
	return false;
}

/* The day, which tells later how old a key is; with a number behind it from the second on. */
static void
name_key(const keyring *ring, char name[KEY_ID_MAX + 1])
{
	time_t now = time(NULL);
	char day[16];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(day, sizeof(day), "%Y-%m-%d", &tm);
	snprintf(name, KEY_ID_MAX + 1, "%.10s", day);
	for (unsigned n = 2; taken(ring, name); n++)
		snprintf(name, KEY_ID_MAX + 1, "%.10s.%u", day, n);
}

static int
rotate(const tool *t, const char *path)
{
	char name[KEY_ID_MAX + 1];
	sess_error err = { 0 };
	keyring ring;
	size_t had, kept = tool_given(t, "drop-older") != NULL ? 2 : KEYS_MAX;
	int rc = read_ring(t, path, &ring);

	if (rc != EX_OK)
		return rc;
	name_key(&ring, name);
	had = ring.count;
	keyring_close(&ring);
	if ((rc = key_file_rotate(path, name, kept, &err)) != SESS_OK)
		return tool_fail_code(t, rc, &err);
	if (!t->quiet)
		key_say(t, "rotated", path, name);
	if (!t->quiet && !t->json) {
		if (had >= kept)
			printf("%zu of the oldest dropped: what still needs them is gone\n",
				had + 1 - kept);
		puts("Programs use it when they are started again: restart them all together.");
	}
	return tool_flush(t);
}

static int
run(tool *t, char **operands)
{
	char path[TOOL_PATH_MAX];
	bool rotates;
	int rc;

	if (operands[0] == NULL || operands[1] != NULL)
		return tool_fail(t, EX_USAGE, "expected list or rotate");
	rotates = strcmp(operands[0], "rotate") == 0;
	if (!rotates && strcmp(operands[0], "list") != 0)
		return tool_fail(t, EX_USAGE, "\"%s\": expected list or rotate", operands[0]);
	if (!rotates && tool_given(t, "drop-older") != NULL)
		return tool_fail(t, EX_USAGE, "--drop-older goes with rotate");
	if ((rc = tool_key_path(t, path)) != EX_OK || (rc = tool_own_file(t, path, false)) != EX_OK)
		return rc;
	return rotates ? rotate(t, path) : list_keys(t, path);
}

static const tool_option options[] = {
	{ "drop-older", NULL, "keep only the new key and the one before it" },
	{ NULL, NULL, NULL }
};

const verb verb_key = {
	.name = "key",
	.operands = "list|rotate",
	.summary = "name or rotate the keys",
	.details = "\"list\" names the keys of the key file, newest first; no key is ever shown.\n"
		"\"rotate\" puts a new one before them. Programs read the file when they start:\n"
		"restart all of them together, or those not restarted do not know the sessions\n"
		"that the others begin. Sessions under older keys go on, and take the new key\n"
		"with their next id. Of more than 8 keys the oldest is dropped.",
	.options = options,
	.run = run,
};
