/* SPDX-License-Identifier: ISC */
/* hijack_stage.c - scenes with an owner, a thief and a clock: real calls of the library on a store
 * of their own in memory, so that minutes pass in no time. */
#include "hijack.h"

#include <string.h>

#define MINUTE 60               /* seconds */
#define START 1800000000        /* any time will do on the stage */

const char *
hijack_verdict(sess_status state, bool secret)
{
	switch (state) {
	case SESS_LIVE:
		return secret ? "is let in, and reads the secret" : "is let in";
	case SESS_FRESH:
		return "is a new visitor, who sent no cookie";
	case SESS_ROTATED:
		return "is turned away: this id was given up for a new one";
	case SESS_LOGGED_OUT:
		return "is turned away: its owner has signed out";
	case SESS_REUSED:
		return "is turned away: two had this cookie, so the session was ended";
	case SESS_UNKNOWN:
		return "is turned away: there is no such session";
	default:
		return "is turned away";
	}
}

typedef struct stage {
	app_request *r;
	sess_kit *kit;
	int64_t now;
	int rc;                         /* of the first call that failed */
} stage;

typedef struct actor {
	const char *name;
	char cookie[200];               /* as a variable, "HTTP_COOKIE=..."; "" if there is none */
	char ref[44];                   /* what the store calls the session */
} actor;

typedef enum { LOOK, KEEP, SIGN_IN, SIGN_OUT } deed;

static int64_t
stage_now(void *arg)
{
	return ((stage *)arg)->now;
}

static void
do_deed(sess *s, deed what)
{
	if (what == KEEP)
		sess_set_str(s, "secret", "the owner's");
	else if (what == SIGN_IN)
		sess_login(s, "owner");
	else if (what == SIGN_OUT)
		sess_logout(s);
}

/* One request of an actor, and a line about it. */
static void
visit(stage *st, actor *who, deed what, const char *line)
{
	char method[] = "REQUEST_METHOD=GET", address[] = "REMOTE_ADDR=127.0.0.1";
	char *env[] = { method, address, *who->cookie ? who->cookie : NULL, NULL };
	const char *cookie, *answer;
	sess *s = NULL;

	if (st->rc == SESS_OK)
		st->rc = sess_begin(st->kit, env, &s);
	if (st->rc != SESS_OK)
		return;
	answer = hijack_verdict(sess_state(s), sess_get_str(s, "secret", NULL) != NULL);
	do_deed(s, what);
	st->rc = sess_commit(s);
	cookie = sess_cookie(s);
	if (cookie)
		snprintf(who->cookie, sizeof(who->cookie), "HTTP_COOKIE=%.*s",
			(int)strcspn(cookie, ";"), cookie);
	snprintf(who->ref, sizeof(who->ref), "%s", sess_ref(s));
	/* A cookie without a value is to be deleted. */
	page_print(st->r, "<li>Minute %d: %s %s%s", (int)((st->now - START) / MINUTE), who->name,
		line, cookie && !strstr(cookie, "=;") ? ", gets a new id" : "");
	sess_end(s);
	page_print(st->r, what == LOOK ? ", and <strong>%s</strong>.</li>\n" : ".</li>\n", answer);
}

static void
copy_cookie(const actor *from, actor *to)
{
	memcpy(to->cookie, from->cookie, sizeof(to->cookie));
}

static void
renewal(stage *st, actor *first, actor *second)
{
	visit(st, first, LOOK, "loads a page");
	visit(st, first, LOOK, "loads another");
	st->now += 2 * MINUTE;
	visit(st, second, LOOK, "comes with the old id");
	visit(st, first, LOOK, "comes back");
}

static void
copied_database(stage *st, actor *owner, actor *thief)
{
	/* The cookie's name is known to all; its value is to be what the store has. */
	snprintf(thief->cookie, sizeof(thief->cookie), "%.*s%s",
		(int)(strrchr(owner->cookie, '=') + 1 - owner->cookie), owner->cookie, owner->ref);
	visit(st, thief, LOOK, "sends as a cookie what the database calls the session");
	visit(st, owner, LOOK, "loads a page");
}

static void
login(stage *st, actor *owner, actor *thief)
{
	visit(st, owner, SIGN_IN, "signs in");
	visit(st, thief, LOOK, "sends the copy");
	visit(st, owner, LOOK, "loads a page");
}

static void
logout(stage *st, actor *owner, actor *thief)
{
	visit(st, owner, SIGN_OUT, "signs out");
	visit(st, thief, LOOK, "sends the copy");
}

static void
thief_renews(stage *st, actor *owner, actor *thief)
{
	st->now += 16 * MINUTE;
	renewal(st, thief, owner);
}

static void
owner_renews(stage *st, actor *owner, actor *thief)
{
	st->now += 16 * MINUTE;
	renewal(st, owner, thief);
}

/* A session with a secret, of which the thief has a copy; and then what the scene says. */
static void
print_scene(app_request *r, const char *title, void (*scene)(stage *, actor *, actor *))
{
	actor owner = { .name = "the owner" }, thief = { .name = "the thief" };
	sess_config config = SESS_CONFIG_INIT;
	stage st = { .r = r, .now = START };

	/* A store for each stage: threads may play at the same time. */
	snprintf(config.store, sizeof(config.store), "memory:stage-%p", (void *)&st);
	config.now = stage_now;
	config.arg = &st;
	page_print(r, "<h3>%s</h3>\n<ol>\n", title);
	st.rc = sess_kit_open(&st.kit, &config, NULL);
	visit(&st, &owner, KEEP, "begins a session");
	copy_cookie(&owner, &thief);
	visit(&st, &thief, LOOK, "sends a copy of the cookie");
	if (st.rc == SESS_OK)
		scene(&st, &owner, &thief);
	page_print(r, "</ol>\n");
	if (st.rc != SESS_OK)
		page_print(r, "<p class=\"error\">Here the play ended: %s.</p>\n",
			sess_strerror(st.rc));
	sess_kit_close(st.kit);
}

/* -- all of them ------------------------------------------------------------------------------- */

void
hijack_scenes(app_request *r)
{
	print_scene(r, "The owner signs in", login);
	print_scene(r, "The owner signs out", logout);
	print_scene(r, "The id is renewed, and the owner was first", owner_renews);
	print_scene(r, "The id is renewed, and the thief was first", thief_renews);
	print_scene(r, "The thief has the database as well", copied_database);
}
