/* SPDX-License-Identifier: ISC */
/* powerplant.c - traffic on a store, and power cuts at any moment of it: nobody who logged out is
 * logged in again, no id is lost that was given out for good, and all of a user's are found. */
#include "powerplant.h"

#define USERS 4

/* What a browser was told, and so must hold after any power cut. */
enum {
	NOBODY,
	SOMEBODY,                       /* may be lost */
	FOR_GOOD,                       /* may not */
	BUSY                            /* a request is under way */
};

/* -- after the cut ----------------------------------------------------------------------------- */

static const char *
examine_sessions(plant *p, sess_kit *kit)
{
	for (unsigned i = 0; i < POWER_GRAVES && i < p->buried; i++)
		if (is_live(kit, &p->graves[i]))
			return "an ended id is served again";
	for (int i = 0; i < POWER_SLOTS; i++)
		if (p->slots[i].told == FOR_GOOD && !is_live(kit, &p->slots[i].cookie))
			return "an id given out for good is lost";
	return NULL;
}

static void
name_user(char name[16], int user)
{
	snprintf(name, 16, "user%d", user);
}

/* Whoever is found by a cookie must be found by the name. */
static const char *
examine_users(plant *p, sess_kit *kit)
{
	char user[16];

	for (int i = 0; i < USERS; i++) {
		name_user(user, i);
		if (sess_end_user(kit, user, NULL, NULL) != SESS_OK)
			return "a user cannot be logged out everywhere";
	}
	for (int i = 0; i < POWER_SLOTS; i++)
		if (p->slots[i].told == FOR_GOOD && p->slots[i].user >= 0 &&
			is_live(kit, &p->slots[i].cookie))
			return "a session is not found by its user";
	return NULL;
}

static const char *
examine(plant *p)
{
	const char *fault = p->form != NULL ? p->form(p) : "ok";
	sess_kit *kit;

	if (strcmp(fault, "ok") != 0)
		return fault;
	kit = open_kit(&p->after);
	fault = kit != NULL ? examine_sessions(p, kit) : "it cannot be opened";
	if (fault == NULL)
		fault = examine_users(p, kit);
	/* Its last collection may have been cut off, and seem to go on. */
	if (fault == NULL && sess_collect(kit, NULL, NULL) == SESS_STORE)
		fault = "it cannot collect";
	sess_kit_close(kit);
	return fault;
}

static void
cut(plant *p)
{
	const char *fault;

	if (p->leave(p) != 0)
		bail("no image: is the disk full?");
	p->images++;
	fault = examine(p);
	if (fault != NULL && p->faults++ < 10)
		diag("image %d, cut while: %s: %s", p->images, p->doing, fault);
}

void
power_maybe_cut(plant *p)
{
	if (dice(&p->seed, (unsigned)p->one_in) == 0)
		cut(p);
}

/* -- before the cut ---------------------------------------------------------------------------- */

static void
bury(plant *p, const jar *cookie)
{
	p->graves[p->buried++ % POWER_GRAVES] = *cookie;
}

static void
must(plant *p, int rc)
{
	if (rc != SESS_OK)
		bail("%s: %s", p->doing, sess_strerror(rc));
}

/* A session without a user: nothing of it is for good, before it takes a new id or a user. */
static void
visit(plant *p, sess_kit *kit, power_slot *at)
{
	sess *s;

	p->doing = "visit";
	at->told = SOMEBODY;
	at->user = -1;
	if ((s = enter(kit, &at->cookie)) == NULL)
		bail("begin: %s", sess_kit_error(kit));
	(void)sess_set_str(s, "text", "hello");
	must(p, leave(s, &at->cookie));
}

static void
begin_or_log_in(plant *p, sess_kit *kit, power_slot *at)
{
	jar before = at->cookie;
	char user[16];
	sess *s;

	p->doing = "login";
	at->user = (int)dice(&p->seed, USERS);
	name_user(user, at->user);
	at->told = BUSY;
	if ((s = enter(kit, &at->cookie)) == NULL)
		bail("begin: %s", sess_kit_error(kit));
	(void)sess_login(s, user);
	must(p, leave(s, &at->cookie));
	at->told = FOR_GOOD;
	if (before.line[0] != '\0')
		bury(p, &before);
}

static void
work_on(plant *p, sess_kit *kit, power_slot *at)
{
	static const char *const names[] = { "store", "store", "store", "rotate", "logout" };
	unsigned what = dice(&p->seed, 5);
	jar before = at->cookie;
	int told = at->told;
	char text[2000];
	sess *s = enter(kit, &at->cookie);

	if (s == NULL)
		bail("begin: %s", sess_kit_error(kit));
	p->doing = names[what];
	/* What is not answered may be done or not. */
	at->told = what < 3 ? told : BUSY;
	memset(text, 'x', sizeof(text));
	text[dice(&p->seed, sizeof(text))] = '\0';
	text[sizeof(text) - 1] = '\0';
	if (what < 3)
		(void)sess_set_str(s, "text", text);
	else if (what == 3)
		(void)sess_rotate(s);
	else
		(void)sess_destroy(s);
	if (what == 4)
		bury(p, &before);
	must(p, leave(s, &at->cookie));
	if (what == 3)
		bury(p, &before);
	if (strcmp(before.line, at->cookie.line) != 0)
		at->told = at->cookie.line[0] != '\0' ? FOR_GOOD : NOBODY;
}

static void
end_one_user(plant *p, sess_kit *kit)
{
	int who = (int)dice(&p->seed, USERS);
	char user[16];

	p->doing = "end_user";
	name_user(user, who);
	for (int i = 0; i < POWER_SLOTS; i++)
		if (p->slots[i].told == FOR_GOOD && p->slots[i].user == who)
			p->slots[i].told = BUSY;
	must(p, sess_end_user(kit, user, NULL, NULL));
	for (int i = 0; i < POWER_SLOTS; i++)
		if (p->slots[i].told == BUSY) {
			bury(p, &p->slots[i].cookie);
			p->slots[i] = (power_slot){ .told = NOBODY };
		}
}

static void
step(plant *p)
{
	sess_kit *kit = p->kit[dice(&p->seed, 2)];
	power_slot *at = &p->slots[dice(&p->seed, POWER_SLOTS)];

	switch (dice(&p->seed, 40)) {
	case 0:
		end_one_user(p, kit);
		break;
	case 1:
		p->doing = "tidy";
		if (p->tidy != NULL)
			p->tidy(p);
		break;
	case 2:
		/* Past the mark: the next requests are given candidates. */
		p->now += 16 * 60;
		break;
	case 3:
		p->doing = "idle";
		must(p, sess_idle(kit));
		break;
	default:
		if (at->told == NOBODY && dice(&p->seed, 2) == 0)
			visit(p, kit, at);
		else if (at->told == NOBODY || dice(&p->seed, 6) == 0)
			begin_or_log_in(p, kit, at);
		else
			work_on(p, kit, at);
	}
}

/* -- all of it --------------------------------------------------------------------------------- */

void
power_settings(plant *p, const char *store, const char *after)
{
	p->seed = first_seed();
	p->now = 1700000000;
	p->one_in = 12;
	p->config = store_settings(store, &p->now);
	/* Nothing expires here; nothing is made durable by the touch of a page. */
	p->config.idle = 300 * 86400;
	p->config.absolute = -1;
	p->after = p->config;
	snprintf(p->after.store, sizeof(p->after.store), "%s", after);
}

void
power_open(plant *p)
{
	p->kit[0] = open_kit(&p->config);
	p->kit[1] = open_kit(&p->config);
	begin_or_log_in(p, p->kit[0], &p->slots[0]);
}

void
power_run(plant *p, int cuts)
{
	int steps = 0;

	for (; p->images < cuts; steps++) {
		step(p);
		/* Also between requests, when all is answered. */
		power_maybe_cut(p);
	}
	is_int(p->faults, 0, "%d power cuts in %d requests: the store is sound, every end, login and "
		"new id is in force", p->images, steps);
	ok(p->buried > POWER_GRAVES, "%u ids ended meanwhile", p->buried);
	sess_kit_close(p->kit[0]);
	sess_kit_close(p->kit[1]);
}
