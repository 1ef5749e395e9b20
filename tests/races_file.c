/* SPDX-License-Identifier: ISC */
/* races_file.c - races between processes, for file:FOLDER */
#include "store_races.h"
#include "support.h"

#include <stdlib.h>

extern const sess_provider sess_provider_file;

int main(void)
{
	char *path = temp_path("races");
	int status = store_races_main(&sess_provider_file, path);

	free(path);
	return status;
}
