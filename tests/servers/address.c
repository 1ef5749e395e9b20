/* SPDX-License-Identifier: ISC */
/* address.c - the address of a store that a test opens without the core. */
#include "address.h"

#include "../tap.h"
#include "internal.h"

/* Stores keep what an address points to, so none of these is ever released. */
typedef struct split {
	struct split *next;
	char url[512];
	buffer text;
	sess_address address;
} split;

static split *splits;

static split *
split_of(const sess_provider *provider, const char *url)
{
	const char *password = getenv("SESSKIT_STORE_PASSWORD");
	sess_error err = { 0 };
	split *s = splits;

	while (s != NULL && strcmp(s->url, url) != 0)
		s = s->next;
	if (s != NULL)
		return s;
	if ((s = calloc(1, sizeof(*s))) == NULL)
		bail("out of memory");
	snprintf(s->url, sizeof(s->url), "%s", url);
	if (url_split(&s->address, &s->text, s->url, provider->flags, &err) != SESS_OK)
		bail("%s: %s", url, err.text);
	s->address.url = s->url;
	s->address.password = password != NULL ? password : "";
	s->next = splits;
	return splits = s;
}

sess_address
address_of(const sess_provider *provider, const char *url)
{
	if (provider->flags & SESS_STORE_REMOTE)
		return split_of(provider, url)->address;
	return (sess_address){ .url = url, .kind = "", .host = "", .user = "", .path = url,
		.query = "", .password = "" };
}
