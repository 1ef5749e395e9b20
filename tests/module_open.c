/* SPDX-License-Identifier: ISC */
/* module_open.c - FOLDER [NAME VALUE]...: open a kit with these settings, and with modules from that
 * folder; say "open", or what failed. */
#include "internal.h"

#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	sess_config config = SESS_CONFIG_INIT;
	sess_error err = { 0 };
	sess_kit *kit = NULL;
	int rc = sess_config_env(&config, environ, &err);

	if (argc < 2)
		return 2;
	store_module_folder = argv[1];
	for (char **at = argv + 2; rc == SESS_OK && at[0] != NULL && at[1] != NULL; at += 2)
		rc = sess_config_set(&config, at[0], at[1], &err);
	if (rc == SESS_OK)
		rc = sess_kit_open(&kit, &config, &err);
	puts(rc == SESS_OK ? "open" : err.text);
	sess_kit_close(kit);
	return rc == SESS_OK ? 0 : 1;
}
