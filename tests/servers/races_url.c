/* SPDX-License-Identifier: ISC */
/* races_url.c - the races between processes, for the store URL that is its argument. */
#include "../store_races.h"
#include "../tap.h"
#include "address.h"

int
main(int argc, char **argv)
{
	const sess_provider *provider;

	if (argc != 2)
		bail("usage: races_url URL");
	provider = provider_of(argv[1]);
	return store_races_main(provider, place_of(provider, argv[1]));
}
