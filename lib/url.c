/* SPDX-License-Identifier: ISC */
/* url.c - links for clients without cookies: the id as a query parameter, when that is switched on. */
#include "internal.h"

#include <string.h>

/* Only links that stay here may carry the id: no scheme, no host ("//", and "\" which browsers
 * take for "/"), nor blanks and controls, some of which browsers drop before they look. */
static bool
leads_elsewhere(const char *url)
{
	size_t first = strcspn(url, ":/?#");

	for (const char *at = url; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return true;
	return url[first] == ':' || strchr(url, '\\') != NULL || strncmp(url, "//", 2) == 0;
}

const char *
sess_url(sess *s, const char *url)
{
	const char *name, *token, *fragment;
	buffer *out;
	size_t len;

	if (s == NULL || url == NULL)
		return url;
	name = s->kit->config.query;
	token = s->minted ? s->next.text : s->send == SEND_TOKEN ? s->send_text : s->current.text;
	if (*name == '\0' || *token == '\0' || s->from == FROM_COOKIE || s->from == FROM_HEADER ||
		leads_elsewhere(url))
		return url;
	/* A link that brings an id already, from the address of this page perhaps, would bring two. */
	if (strchr(url, '?') != NULL && query_find(strchr(url, '?') + 1, name, &fragment, &len) > 0)
		return url;
	fragment = strchr(url, '#');
	len = fragment != NULL ? (size_t)(fragment - url) : strlen(url);
	out = &s->link;
	buffer_wipe(out);
	if (buffer_put(out, url, len) != SESS_OK ||
		buffer_char(out, memchr(url, '?', len) != NULL ? '&' : '?') != SESS_OK ||
		buffer_text(out, name) != SESS_OK || buffer_char(out, '=') != SESS_OK ||
		buffer_text(out, token) != SESS_OK || buffer_text(out, url + len) != SESS_OK ||
		buffer_end(out) != SESS_OK) {
		(void)session_stick(s, SESS_NOMEM, "sess_url");
		return url;
	}
	return out->at;
}
