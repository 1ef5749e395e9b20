/* SPDX-License-Identifier: ISC */
/* races_sqlite.c - races between processes, for sqlite:PATH */
#include "store_races.h"
#include "support.h"

#include <stdlib.h>

extern const sess_provider sess_provider_sqlite;

int main(void)
{
	char *path = temp_path("races.db");
	int status = store_races_main(&sess_provider_sqlite, path);

	free(path);
	return status;
}
