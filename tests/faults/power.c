/* SPDX-License-Identifier: ISC */
/* power.c - power cuts: whatever is left of unsynced writes, the database is sound, nobody who
 * logged out is logged in again, and no id is lost that was given out for good. */
#include "faults.h"
#include "powervfs.h"


#define SLOTS 40
#define GRAVES 60
#define USERS 4

/* What a browser was told, and so must hold after any power cut. */
enum { NOBODY, SOMEBODY, FOR_GOOD, BUSY };      /* may be lost; may not; a request is under way */

typedef struct slot {
	int told, user;
	jar cookie;
} slot;

typedef struct plant {
	sess_kit *kit[2];
	sess_config config, after;
	int64_t now;
	uint64_t seed;
	char image[300];
	slot slots[SLOTS];
	jar graves[GRAVES];             /* ids that ended */
	unsigned buried;
	int images, one_in, faults;
	const char *doing;
} plant;

/* -- after the cut ----------------------------------------------------------------------------- */

static const char *
examine_sessions(plant *p, sess_kit *kit)
{
	for (unsigned i = 0; i < GRAVES && i < p->buried; i++)
		if (is_live(kit, &p->graves[i]))
			return "an ended id is served again";
	for (int i = 0; i < SLOTS; i++)
		if (p->slots[i].told == FOR_GOOD && !is_live(kit, &p->slots[i].cookie))
			return "an id given out for good is lost";
	return NULL;
}

static const char *
examine(plant *p)
{
	sess_kit *kit = open_kit(&p->after);
	const char *fault = kit != NULL ? examine_sessions(p, kit) : "it cannot be opened";

	sess_kit_close(kit);
	return fault;
}

static void
cut(plant *p)
{
	const char *fault;
	char index[320];

	snprintf(index, sizeof(index), "%s-shm", p->image);
	(void)remove(index);
	if (power_image(p->image, &p->seed) != 0)
		bail("no image: is the disk full?");
	p->images++;
	fault = integrity(p->image);
	if (strcmp(fault, "ok") == 0)
		fault = examine(p);
	if (fault != NULL && p->faults++ < 10)
		diag("image %d, cut while: %s: %s", p->images, p->doing, fault);
}

static void
maybe_cut(void *arg)
{
	plant *p = arg;

	if (dice(&p->seed, (unsigned)p->one_in) == 0)
		cut(p);
}

/* -- before the cut ---------------------------------------------------------------------------- */

static void
bury(plant *p, const jar *cookie)
{
	p->graves[p->buried++ % GRAVES] = *cookie;
}

static void
must(plant *p, int rc)
{
	if (rc != SESS_OK)
		bail("%s: %s", p->doing, sess_strerror(rc));
}

static void
begin_or_log_in(plant *p, sess_kit *kit, slot *at)
{
	jar before = at->cookie;
	char user[16];
	sess *s;

	p->doing = "login";
	at->user = (int)dice(&p->seed, USERS);
	snprintf(user, sizeof(user), "user%d", at->user);
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
work_on(plant *p, sess_kit *kit, slot *at)
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
	memset(text, 'x', sizeof(text));
	text[dice(&p->seed, sizeof(text))] = '\0';
	text[sizeof(text) - 1] = '\0';
	if (what < 3)
		(void)sess_set_str(s, "text", text);
	else if (what == 3)
		(void)sess_rotate(s);
	else
		(void)sess_destroy(s);
	/* What is not answered may be done or not. */
	at->told = what < 3 ? told : BUSY;
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
	snprintf(user, sizeof(user), "user%d", who);
	for (int i = 0; i < SLOTS; i++)
		if (p->slots[i].told == FOR_GOOD && p->slots[i].user == who)
			p->slots[i].told = BUSY;
	must(p, sess_end_user(kit, user, NULL, NULL));
	for (int i = 0; i < SLOTS; i++)
		if (p->slots[i].told == BUSY) {
			bury(p, &p->slots[i].cookie);
			p->slots[i] = (slot){ .told = NOBODY };
		}
}

static void
step(plant *p)
{
	sess_kit *kit = p->kit[dice(&p->seed, 2)];
	slot *at = &p->slots[dice(&p->seed, SLOTS)];

	switch (dice(&p->seed, 40)) {
	case 0:
		end_one_user(p, kit);
		break;
	case 1:
		p->doing = "checkpoint";
		if (!checkpoint(p->config.store + sizeof("sqlite:") - 1))
			bail("no checkpoint");
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
		if (at->told == NOBODY || dice(&p->seed, 6) == 0)
			begin_or_log_in(p, kit, at);
		else
			work_on(p, kit, at);
	}
}

static void
build(plant *p)
{
	char *url = sqlite_url("power.db"), *image = sqlite_url("image.db");

	p->seed = first_seed();
	p->now = 1700000000;
	p->config = store_settings(url, &p->now);
	/* Nothing expires here; nothing is made durable by the touch of a page. */
	p->config.idle = 300 * 86400;
	p->config.absolute = -1;
	p->after = p->config;
	snprintf(p->after.store, sizeof(p->after.store), "%s", image);
	snprintf(p->image, sizeof(p->image), "%s", image + sizeof("sqlite:") - 1);
	sess_kit_close(open_kit(&p->config));
	copy_file(url + sizeof("sqlite:") - 1, p->image, ".key");
	if (power_watch(url + sizeof("sqlite:") - 1) != 0)
		bail("SQLite takes no other file system");
	p->kit[0] = open_kit(&p->config);
	p->kit[1] = open_kit(&p->config);
	free(url);
	free(image);
}

int
main(void)
{
	int wanted = scale(400, 10000), steps = 0;
	static plant p;

	time_limit((unsigned)scale(60, 600));
	build(&p);
	p.one_in = 12;
	power_moment(maybe_cut, &p);
	for (; p.images < wanted; steps++) {
		step(&p);
		/* Also between requests, when all is answered. */
		maybe_cut(&p);
	}
	power_moment(NULL, NULL);
	is_int(p.faults, 0, "%d power cuts in %d requests: each database is sound, every end, "
		"login and new id is in force", p.images, steps);
	ok(p.buried > GRAVES, "%u ids ended meanwhile", p.buried);
	sess_kit_close(p.kit[0]);
	sess_kit_close(p.kit[1]);
	is_str(integrity(p.config.store + sizeof("sqlite:") - 1), "ok", "the live one is sound");
	return done();
}
