/* SPDX-License-Identifier: ISC */
/* provider.c - the provider that a URL names, for test programs of any store. */
#include "address.h"

#include "../tap.h"

extern const sess_provider sess_provider_sqlite, sess_provider_memory, sess_provider_file,
	sess_provider_redis, sess_provider_mysql;

const sess_provider *
provider_of(const char *url)
{
	static const sess_provider *const all[] = {
		&sess_provider_sqlite, &sess_provider_memory, &sess_provider_file,
		&sess_provider_redis, &sess_provider_mysql,
	};
	size_t len = strcspn(url, ":+");

	for (size_t i = 0; url[len] != '\0' && i < sizeof(all) / sizeof(all[0]); i++)
		if (strncmp(all[i]->scheme, url, len) == 0 && all[i]->scheme[len] == '\0')
			return all[i];
	bail("%s: no such store", url);
}

const char *
place_of(const sess_provider *provider, const char *url)
{
	return provider->flags & SESS_STORE_REMOTE ? url : strchr(url, ':') + 1;
}
