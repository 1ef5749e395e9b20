/* SPDX-License-Identifier: ISC */
/* address.h - the address of a store that a test opens without the core. */
#ifndef ADDRESS_H
#define ADDRESS_H

#include "sesskit_store.h"

/* A path for a store of this machine, a whole URL for one on a server, whose password is in the
 * environment as SESSKIT_STORE_PASSWORD. What it points to stays until the process ends. */
sess_address address_of(const sess_provider *, const char *url);

/* The provider that a URL names, of those that this program was linked with. Ends the test if there
 * is none. */
const sess_provider *provider_of(const char *url);
/* What its open makes of the URL: the whole of it, or its path. */
const char *place_of(const sess_provider *, const char *url);

#endif
