/* SPDX-License-Identifier: ISC */
/* config_env.c - settings from SESSKIT_ variables. No other variable is looked at: those that begin
 * with HTTP_ are written by whoever sends the request. SESSKIT_STORE_PASSWORD is no setting: a struct
 * that programs copy is no place for it, and the store asks the process for it. */
#include "internal.h"

#include <string.h>

#define PREFIX "SESSKIT_"

/* Value of the variable if it begins with PREFIX, else NULL; its name behind the prefix becomes the
 * lower-case name, cut where no setting has so long a name. */
static const char *
variable_split(const char *variable, char *name, size_t size)
{
	const char *equals = strchr(variable, '=');
	size_t i, len;

	if (equals == NULL || strncmp(variable, PREFIX, strlen(PREFIX)) != 0)
		return NULL;
	variable += strlen(PREFIX);
	len = (size_t)(equals - variable);
	for (i = 0; i < len && i < size - 1; i++) {
		name[i] = variable[i];
		if (name[i] >= 'A' && name[i] <= 'Z')
			name[i] = (char)(name[i] - 'A' + 'a');
		else if (name[i] >= 'a' && name[i] <= 'z')
			name[i] = (char)(name[i] - 'a' + 'A');  /* so that it is not found */
	}
	name[i] = '\0';
	return equals + 1;
}

/* Set it, and let an error name the variable beside the setting. */
static int
variable_apply(sess_config *config, const char *variable, const char *name, const char *value,
	sess_error *err)
{
	int rc, len = (int)strnlen(variable, 40);
	sess_error why = { 0 };

	rc = sess_config_set(config, name, value, &why);
	if (rc == SESS_OK)
		return SESS_OK;
	if (value - variable - 1 < len)
		len = (int)(value - variable - 1);
	return sess_fail(err, rc, "environment: %.*s: %s", len, variable, why.text);
}

int
sess_config_env(sess_config *config, char *const *env, sess_error *err)
{
	const char *value;
	char name[65];
	size_t i;
	int rc;

	if (err != NULL)
		err->line = err->column = 0;
	if (config == NULL)
		return sess_fail(err, SESS_INVALID, "sess_config_env: the config is NULL");
	if (env == NULL)
		return SESS_OK;
	for (i = 0; env[i] != NULL; i++) {
		value = variable_split(env[i], name, sizeof(name));
		if (value == NULL || strcmp(name, "config") != 0)
			continue;
		if ((rc = sess_config_file(config, value, err)) != SESS_OK)
			return rc;
		break;
	}
	for (i = 0; env[i] != NULL; i++) {
		value = variable_split(env[i], name, sizeof(name));
		if (value == NULL || strcmp(name, "config") == 0 || strcmp(name, "store_password") == 0)
			continue;
		if ((rc = variable_apply(config, env[i], name, value, err)) != SESS_OK)
			return rc;
	}
	return SESS_OK;
}
