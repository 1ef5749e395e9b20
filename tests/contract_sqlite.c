/* SPDX-License-Identifier: ISC */
/* contract_sqlite.c - the contract of stores, for sqlite:PATH */
#include "store_contract.h"
#include "support.h"

#include <stdlib.h>

extern const sess_provider sess_provider_sqlite;

int main(void)
{
	char *path = temp_path("contract.db");
	int status = store_contract_main(&sess_provider_sqlite, path);

	free(path);
	return status;
}
