/* SPDX-License-Identifier: ISC */
/* contract_memory.c - the contract of stores, for memory: */
#include "store_contract.h"

extern const sess_provider sess_provider_memory;

int main(void)
{
	return store_contract_main(&sess_provider_memory, "contract");
}
