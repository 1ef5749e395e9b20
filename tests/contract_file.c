/* SPDX-License-Identifier: ISC */
/* contract_file.c - the contract of stores, for file:FOLDER */
#include "store_contract.h"
#include "support.h"

#include <stdlib.h>

extern const sess_provider sess_provider_file;

int main(void)
{
	char *path = temp_path("contract");
	int status = store_contract_main(&sess_provider_file, path);

	free(path);
	return status;
}
