/* SPDX-License-Identifier: ISC */
/*
 * tool_fill.c - make a store with given sessions, for the tests of the command:
 *     tool_fill STORE_URL COUNT [user=NAME] [expired=N] [step=SECONDS] [agent=TEXT] [value=TEXT]
 *         [sealed] [resume=TOKEN]
 * One line per session on standard output: its ref, and the token in its cookie. The first session
 * was seen just now, each other one step (default 1) earlier. The N that are expired come last, and
 * lie 30 days back. user may hold a "%", which stands for the number of the session. Before all that,
 * resume says what becomes of a visitor who comes with that token: "live alice", "unknown -"; user
 * logs that visitor in.
 */
#include "internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY INT64_C(86400)

static struct {
	const char *url, *user, *agent, *value, *resume;
	int64_t count, expired, step;
	bool sealed;
} want = { .agent = "Test/1.0", .value = "hello", .step = 1 };

static int64_t now;                     /* what the kit takes for the time */

static int64_t
clock_now(void *arg)
{
	(void)arg;
	return now;
}

static _Noreturn void
die(const char *what, const char *why)
{
	fprintf(stderr, "tool_fill: %s: %s\n", what, why);
	exit(1);
}

static void
read_arguments(int argc, char **argv)
{
	if (argc < 3)
		die("usage", "tool_fill STORE_URL COUNT [NAME=VALUE]...");
	want.url = argv[1];
	want.count = strtoll(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++) {
		if (strncmp(argv[i], "user=", 5) == 0)
			want.user = argv[i] + 5;
		else if (strncmp(argv[i], "agent=", 6) == 0)
			want.agent = argv[i] + 6;
		else if (strncmp(argv[i], "value=", 6) == 0)
			want.value = argv[i] + 6;
		else if (strncmp(argv[i], "resume=", 7) == 0)
			want.resume = argv[i] + 7;
		else if (strncmp(argv[i], "expired=", 8) == 0)
			want.expired = strtoll(argv[i] + 8, NULL, 10);
		else if (strncmp(argv[i], "step=", 5) == 0)
			want.step = strtoll(argv[i] + 5, NULL, 10);
		else if (strcmp(argv[i], "sealed") == 0)
			want.sealed = true;
		else
			die(argv[i], "no such argument");
	}
}

/* The user of the n-th session into name. */
static void
user_name(char *name, size_t size, int64_t n)
{
	const char *mark = strchr(want.user, '%');

	if (mark == NULL)
		snprintf(name, size, "%s", want.user);
	else
		snprintf(name, size, "%.*s%" PRId64 "%s", (int)(mark - want.user), want.user, n,
			mark + 1);
}

static void
visit(sess_kit *kit, int64_t n)
{
	char agent[600], name[256];
	char *env[] = { (char[]){ "HTTPS=on" }, (char[]){ "REMOTE_ADDR=192.0.2.7" }, agent, NULL };
	const char *cookie;
	sess *s;

	snprintf(agent, sizeof(agent), "HTTP_USER_AGENT=%s", want.agent);
	if (sess_begin(kit, env, &s) != SESS_OK)
		die("begin", sess_kit_error(kit));
	(void)sess_set_str(s, "value", want.value);
	(void)sess_set_int(s, "number", n);
	if (want.user != NULL) {
		user_name(name, sizeof(name), n);
		(void)sess_login(s, name);
	}
	if (sess_commit(s) != SESS_OK)
		die("commit", sess_kit_error(kit));
	cookie = sess_cookie(s);
	cookie = cookie != NULL ? strchr(cookie, '=') : NULL;
	if (cookie == NULL)
		die("commit", "there is no cookie");
	printf("%s %.*s\n", sess_ref(s), TOKEN_CHARS, cookie + 1);
	sess_end(s);
}

static void
resume(sess_kit *kit)
{
	char cookie[200];
	char *env[] = { (char[]){ "HTTPS=on" }, cookie, NULL };
	sess *s;

	snprintf(cookie, sizeof(cookie), "HTTP_COOKIE=__Host-sid=%s", want.resume);
	if (sess_begin(kit, env, &s) != SESS_OK)
		die("resume", sess_kit_error(kit));
	printf("%s %s\n", sess_state(s) == SESS_LIVE ? "live" : sess_state(s) == SESS_UNKNOWN ?
		"unknown" : sess_state(s) == SESS_REVOKED ? "revoked" : "other",
		sess_user(s) != NULL ? sess_user(s) : "-");
	if (want.user != NULL)
		(void)sess_login(s, want.user);
	if (sess_commit(s) != SESS_OK)
		die("resume", sess_kit_error(kit));
	sess_end(s);
}

int
main(int argc, char **argv)
{
	sess_config config = SESS_CONFIG_INIT;
	int64_t start = (int64_t)time(NULL);
	sess_error err = { 0 };
	sess_kit *kit;

	read_arguments(argc, argv);
	config.now = clock_now;
	config.seal = want.sealed ? SESS_YES : SESS_NO;
	if (sess_config_set(&config, "store", want.url, &err) != SESS_OK ||
		sess_kit_open(&kit, &config, &err) != SESS_OK)
		die(want.url, err.text);
	now = start;
	if (want.resume != NULL)
		resume(kit);
	for (int64_t i = 0; i < want.count + want.expired; i++) {
		now = start - i * want.step - (i < want.count ? 0 : 30 * DAY);
		visit(kit, i);
	}
	sess_kit_close(kit);
	return fflush(stdout) != 0;
}
