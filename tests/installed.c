/* SPDX-License-Identifier: ISC */
/* installed.c - a program as a user of the installed library writes it; "make installcheck". The
 * modules that it is given must load, for which no server needs to be there. */
#include <sesskit.h>

#include <stdio.h>
#include <string.h>

/* What fails is the server, or the key file that is missing, but not the module. */
static int
loads(const char *name)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_error error = { 0 };
	sess_kit *kit;

	config.busy_ms = 100;
	snprintf(config.store, sizeof(config.store), "%s://127.0.0.1:1/1", name);
	if (sess_kit_open(&kit, &config, &error) == SESS_OK)
		sess_kit_close(kit);
	if (strstr(error.text, "module") == NULL)
		return 1;
	fprintf(stderr, "%s\n", error.text);
	return 0;
}

int
main(int argc, char **argv)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_kit *kit = NULL;
	sess_error error;
	int rc = sess_config_set(&config, "store", "memory:", &error);

	if (rc == SESS_OK)
		rc = sess_kit_open(&kit, &config, &error);
	if (rc != SESS_OK)
		fprintf(stderr, "%s: %s\n", sess_strerror(rc), error.text);
	sess_kit_close(kit);
	for (int i = 1; i < argc; i++)
		if (!loads(argv[i]))
			return 1;
	return rc != SESS_OK || strcmp(sess_version(), SESS_VERSION) != 0;
}
