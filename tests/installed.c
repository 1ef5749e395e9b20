/* SPDX-License-Identifier: ISC */
/* installed.c - a program as a user of the installed library writes it; "make installcheck". */
#include <sesskit.h>

#include <stdio.h>
#include <string.h>

int
main(void)
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
	return rc != SESS_OK || strcmp(sess_version(), SESS_VERSION) != 0;
}
