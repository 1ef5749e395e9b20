/* SPDX-License-Identifier: ISC */
/* contract_url.c - the contract of stores, for the store URL that is its argument. */
#include "../store_contract.h"
#include "../tap.h"
#include "address.h"

int
main(int argc, char **argv)
{
	const sess_provider *provider;

	if (argc != 2)
		bail("usage: contract_url URL");
	provider = provider_of(argv[1]);
	return store_contract_main(provider, place_of(provider, argv[1]));
}
