/* SPDX-License-Identifier: ISC */
/* oom_requests.c - one request of each kind, during which memory is refused. */
#include "oom.h"

/* Commit and end; the cookie is kept if that is done. Telling the cookie is not under test here. */
static int
finish(stage *g, sess *s)
{
	int rc = sess_commit(s);

	refusing = false;
	if (rc == SESS_OK)
		jar_keep(&g->own, sess_cookie(s));
	sess_end(s);
	return rc;
}

/* Begin as the browser of this jar; *rc tells why there is no session. */
static sess *
come(stage *g, jar *j, int *rc)
{
	char *env[] = { j->line[0] != '\0' ? j->line : NULL, NULL };
	sess *s;

	*rc = sess_begin(g->kit, env, &s);
	return s;
}

static int
open_only(stage *g)
{
	sess_error err;
	sess_kit *kit;
	int rc = sess_kit_open(&kit, &g->config, &err);

	refusing = false;
	sess_kit_close(kit);
	return rc == err.code ? rc : SESS_INVALID;
}

static int
start(stage *g)
{
	jar nobody = { "" };
	int rc;
	sess *s = come(g, &nobody, &rc);

	if (s == NULL)
		return rc;
	(void)sess_set_str(s, "text", "of a new visitor");
	return finish(g, s);
}

static int
read_values(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);

	if (s == NULL)
		return rc;
	if (sess_get_int(s, "n", -1) != 0 || sess_url(s, "/next") == NULL || sess_ref(s)[0] == '\0')
		rc = SESS_DAMAGED;
	refusing = false;
	sess_end(s);
	return rc;
}

static int
write_values(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);
	static const char bytes[1000];

	if (s == NULL)
		return rc;
	(void)sess_set_str(s, "text", "changed");
	(void)sess_add_int(s, "n", 1);
	(void)sess_set_bytes(s, "bytes", bytes, sizeof(bytes));
	(void)sess_set_real(s, "real", 0.5);
	(void)sess_unset(s, "bytes");
	(void)sess_flash(s, "note", "later");
	return finish(g, s);
}

/* Two requests at once: the one that is under test comes second, and merges. */
static int
merge_values(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);
	jar j = g->own;
	bool saved = refusing;

	if (s == NULL)
		return rc;
	refusing = false;
	if (add_one(g->witness, &j, "m") != SESS_OK)
		bail("the witness cannot write: %s", sess_kit_error(g->witness));
	refusing = saved;
	(void)sess_add_int(s, "n", 1);
	return finish(g, s);
}

static int
log_in(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);

	if (s == NULL)
		return rc;
	(void)sess_set_str(s, "text", "of the same user");
	(void)sess_login(s, "user");
	return finish(g, s);
}

static int
take_new_id(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);

	if (s == NULL)
		return rc;
	(void)sess_rotate(s);
	return finish(g, s);
}

static int
renew(stage *g)
{
	int rc;
	sess *s;

	g->now += 16 * 60;
	s = come(g, &g->own, &rc);
	if (s != NULL)
		rc = finish(g, s);
	g->now -= 16 * 60;
	return rc;
}

static int
confirm(stage *g)
{
	int rc;
	sess *s = come(g, &g->candidate, &rc);

	return s != NULL ? finish(g, s) : rc;
}

/* By the old id, which leads to the new one. */
static int
come_late(stage *g)
{
	bool saved = refusing;
	int64_t n;
	int rc;
	sess *s;

	refusing = false;
	if (add_one(g->witness, &g->candidate, "m") != SESS_OK)
		bail("the witness cannot write: %s", sess_kit_error(g->witness));
	refusing = saved;
	s = come(g, &g->other, &rc);
	if (s == NULL)
		return rc;
	n = sess_get_int(s, "n", -1);
	rc = finish(g, s);
	return rc == SESS_OK && n != 0 ? SESS_DAMAGED : rc;
}

static int
stay(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);

	if (s == NULL)
		return rc;
	(void)sess_remember(s, 86400);
	return finish(g, s);
}

static int
log_out(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);

	if (s == NULL)
		return rc;
	(void)sess_logout(s);
	return finish(g, s);
}

static int
use_ticket(stage *g)
{
	int rc;
	sess *s = come(g, &g->own, &rc);

	if (s == NULL)
		return rc;
	/* At once, without a commit. */
	rc = sess_once_take(s, "form", g->ticket);
	refusing = false;
	sess_end(s);
	return rc;
}

static int
count_info(void *arg, const sess_info *info)
{
	*(int *)arg += info->ref[0] != '\0';
	return SESS_OK;
}

static int
tell_devices(stage *g)
{
	int found = 0, rc = sess_list(g->kit, "user", count_info, &found);
	size_t n = 0;

	if (rc == SESS_OK)
		rc = sess_count(g->kit, "user", 0, &n);
	return rc == SESS_OK && (found != 2 || n != 2) ? SESS_INVALID : rc;
}

static int
end_devices(stage *g)
{
	size_t n;

	return sess_end_user(g->kit, "user", NULL, &n);
}

static int
sweep(stage *g)
{
	sess_budget b = { .force = true };
	int rc;

	/* Who collects holds a lease; one that could not be given back has run out by then. */
	g->now += 61;
	rc = sess_collect(g->kit, &b, NULL);
	return rc == SESS_OK ? sess_idle(g->kit) : rc;
}

const scenario scenarios[] = {
	{ "open", open_only, false, false }, { "start", start, false, false },
	{ "read", read_values, false, false }, { "write", write_values, false, false },
	{ "merge", merge_values, true, true }, { "login", log_in, false, false },
	{ "rotate", take_new_id, false, false }, { "renew", renew, false, true },
	{ "confirm", confirm, false, true }, { "late", come_late, false, true },
	{ "remember", stay, false, false }, { "logout", log_out, false, false },
	{ "ticket", use_ticket, false, false }, { "list", tell_devices, false, true },
	{ "end_user", end_devices, false, false }, { "collect", sweep, false, false },
	{ NULL, NULL, false, false },
};
