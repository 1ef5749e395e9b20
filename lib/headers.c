/* SPDX-License-Identifier: ISC */
/* headers.c - the header lines of the response: cookie, cache, and what a logout asks for. */
#include "internal.h"

/* What cookie_write may take with the longest settings, and the header lines around two of them. */
#define COOKIE_ROOM 2600
#define HEADERS_ROOM 6000

/* How long the browser keeps the cookie; 0: until it closes. */
static int64_t
cookie_life(const sess *s)
{
	int64_t life = s->rec.persist > 0 ? s->rec.persist : s->kit->config.cookie_lifetime;
	int64_t left = s->rec.absolute != 0 ? s->rec.absolute - s->now : life;

	if (life == 0)
		return 0;
	if (left < life)
		life = left;
	/* 0 would mean "until the browser closes", which is longer than no time left. */
	return life > 0 ? life : -1;
}

/* What the browser is to bring next time. */
static const char *
sent(const sess *s)
{
	return s->value.len > 0 ? s->value.at : s->send_text;
}

static int
write_cookie(sess *s)
{
	int rc;

	buffer_wipe(&s->cookie);
	if (s->send == SEND_NOTHING || s->name[0] == '\0' || s->from == FROM_QUERY ||
		s->from == FROM_HEADER)
		return SESS_OK;
	if (s->send == SEND_DELETION)
		rc = cookie_write(&s->cookie, s->name, "", -1, &s->shape);
	else
		rc = cookie_write(&s->cookie, s->name, sent(s), cookie_life(s), &s->shape);
	return rc == SESS_OK ? buffer_end(&s->cookie) : rc;
}

static int
line(buffer *out, const char *name, const char *text)
{
	if (buffer_text(out, name) != SESS_OK || buffer_text(out, ": ") != SESS_OK ||
		buffer_text(out, text) != SESS_OK)
		return SESS_NOMEM;
	return buffer_text(out, "\r\n");
}

static int
write_set_cookie(sess *s)
{
	char name[160];
	int rc = SESS_OK;

	if (s->cookie.len > 0 && s->kit->config.cookie_emit != SESS_NO)
		rc = line(&s->headers, "Set-Cookie", s->cookie.at);
	if (rc == SESS_OK && s->form_text[0] != '\0' && s->name[0] != '\0') {
		form_cookie_name(s, name);
		buffer_wipe(&s->scratch);
		if ((rc = cookie_write(&s->scratch, name, s->form_text, 0, &s->shape)) == SESS_OK)
			rc = buffer_end(&s->scratch);
		if (rc == SESS_OK)
			rc = line(&s->headers, "Set-Cookie", s->scratch.at);
	}
	return rc;
}

static int
write_headers(sess *s)
{
	const sess_config *c = &s->kit->config;
	int rc = write_cookie(s);

	if (rc == SESS_OK)
		rc = write_set_cookie(s);
	if (rc == SESS_OK && s->send == SEND_TOKEN && c->header[0] != '\0' && s->from != FROM_COOKIE)
		rc = line(&s->headers, c->header, sent(s));
	/* The back button must not show what the session showed before it was ended. Browsers heed it
	 * by HTTPS, and on this machine itself. */
	if (rc == SESS_OK && s->send == SEND_DELETION)
		rc = line(&s->headers, "Clear-Site-Data", "\"cache\"");
	if (rc == SESS_OK && (s->read || s->send != SEND_NOTHING || s->form_text[0] != '\0'))
		rc = line(&s->headers, "Cache-Control", "no-store");
	if (rc == SESS_OK && c->query[0] != '\0')
		rc = line(&s->headers, "Referrer-Policy", "no-referrer");
	if (rc == SESS_OK)
		rc = line(&s->headers, "Vary", c->header[0] != '\0' ? c->header : "Cookie");
	if (rc == SESS_OK && c->header[0] != '\0')
		rc = line(&s->headers, "Vary", "Cookie");
	return rc == SESS_OK ? buffer_end(&s->headers) : rc;
}

int
session_reserve(sess *s)
{
	size_t value = carry_is_on(s->kit) ? COOKIE_PAIR_MAX : 0;

	/* A value that waits to be sent must not move either. */
	if (s->value.cap < value && buffer_room(&s->value, value) != SESS_OK)
		return SESS_NOMEM;
	/* They are lent to the program already, and must not move. */
	if (s->taken)
		return SESS_OK;
	if (buffer_room(&s->headers, HEADERS_ROOM + 2 * value) != SESS_OK ||
		buffer_room(&s->cookie, COOKIE_ROOM + value) != SESS_OK ||
		buffer_room(&s->scratch, COOKIE_ROOM) != SESS_OK ||
		buffer_room(&s->carried, value) != SESS_OK)
		return SESS_NOMEM;
	return SESS_OK;
}

const char *
sess_headers(sess *s)
{
	int rc;

	if (s == NULL)
		return "";
	if (!s->taken) {
		s->taken = true;
		if ((rc = write_headers(s)) != SESS_OK) {
			/* Half a header block could be read as something else. */
			buffer_wipe(&s->headers);
			(void)session_stick(s, rc, "header lines");
		}
	}
	return s->headers.len > 0 ? s->headers.at : "";
}

const char *
sess_cookie(sess *s)
{
	if (s == NULL)
		return NULL;
	if (!s->taken && write_cookie(s) != SESS_OK)
		return NULL;
	return s->cookie.len > 0 ? s->cookie.at : NULL;
}
