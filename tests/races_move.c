/* SPDX-License-Identifier: ISC */
/* races_move.c - the races between processes, for move:FROM TO while the move is under way. */
#include "move_fixture.h"
#include "store_races.h"
#include "support.h"

#include <stdlib.h>

extern const sess_provider sess_provider_sqlite;

int
main(void)
{
	sess_provider over = move_between(&sess_provider_sqlite, &sess_provider_sqlite, MOVE_BEGUN);
	char *path = temp_path("races.db");
	int status = store_races_main(&over, path);

	free(path);
	return status;
}
