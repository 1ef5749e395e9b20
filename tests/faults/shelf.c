/* SPDX-License-Identifier: ISC */
/* shelf.c - a small database with four sessions, and the requests that tests let fail on it. */
#include "shelf.h"

void
shelf_fill(shelf *d, const char *name)
{
	char *url = sqlite_url(name);

	memset(d, 0, sizeof(*d));
	d->budget = -1;
	d->now = 1700000000;
	d->config = store_settings(url, &d->now);
	d->kit = open_kit(&d->config);
	for (int i = 0; i < 4; i++)
		if (new_session(d->kit, &d->jars[i], i < 2 ? "user" : NULL) != SESS_OK)
			bail("no sessions");
	free(url);
}

const char *
shelf_path(const shelf *d)
{
	return d->config.store + sizeof("sqlite:") - 1;
}

int
shelf_live(shelf *d)
{
	int n = 0;

	for (int i = 0; i < 4; i++)
		n += is_live(d->kit, &d->jars[i]);
	return n;
}

static int
start(shelf *d, jar *j)
{
	j->line[0] = '\0';
	return add_one(d->kit, j, "n");
}

int
shelf_store(shelf *d, jar *j)
{
	sess *s = enter(d->kit, j);
	char text[5000];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	if (s == NULL)
		return SESS_DAMAGED;
	(void)sess_set_str(s, "text", text);
	return leave(s, j);
}

static int
log_in(shelf *d, jar *j)
{
	sess *s = enter(d->kit, j);

	if (s == NULL)
		return SESS_DAMAGED;
	(void)sess_login(s, "user");
	return leave(s, j);
}

int
shelf_log_out(shelf *d, jar *j)
{
	sess *s = enter(d->kit, j);

	if (s == NULL)
		return SESS_DAMAGED;
	(void)sess_logout(s);
	return leave(s, j);
}

static int
end_all(shelf *d, jar *j)
{
	(void)j;
	return sess_end_user(d->kit, "user", NULL, NULL);
}

const shelf_request shelf_requests[] = { { "start", start }, { "store", shelf_store },
	{ "login", log_in }, { "logout", shelf_log_out }, { "end_user", end_all }, { NULL, NULL } };
