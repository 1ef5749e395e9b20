/* SPDX-License-Identifier: ISC */
/* keygen.c - "sesskit keygen": a new key file; one that is there is never touched. */
#include "tool.h"

#include <string.h>

static int
run(tool *t, char **operands)
{
	char path[TOOL_PATH_MAX];
	sess_error err = { 0 };
	bool made;
	int rc = EX_OK;

	if (operands[0] != NULL && operands[1] != NULL)
		return tool_fail(t, EX_USAGE, "expected one file at most");
	if (operands[0] == NULL)
		rc = tool_key_path(t, path);
	else if (strlen(operands[0]) >= sizeof(path))
		rc = tool_fail(t, EX_USAGE, "the name of the file is too long");
	else
		strcpy(path, operands[0]);
	if (rc == EX_OK)
		rc = tool_own_file(t, path, true);
	if (rc != EX_OK)
		return rc;
	if (key_file_make(path, &made, &err) != SESS_OK)
		return tool_fail(t, EX_CANTCREAT, "%s", err.text);
	if (!made)
		return tool_fail(t, EX_CANTCREAT, "%s: is there already, and stays as it is; sesskit key "
			"rotate puts a new key into it", path);
	if (!t->quiet)
		key_say(t, "made", path, "1");
	return tool_flush(t);
}

const verb verb_keygen = {
	.name = "keygen",
	.operands = "[FILE]",
	.summary = "make a key file",
	.details = "Makes a key file that only its owner can read, in the place that the settings\n"
		"name, or in FILE. Programs with a local store make their own; a store that\n"
		"several machines share needs one that all of them have.",
	.run = run,
};
