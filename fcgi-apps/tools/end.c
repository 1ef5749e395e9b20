/* SPDX-License-Identifier: ISC */
/* end.c - "sesskit end": sessions end at once and for good, in all programs that use the store. */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

/* -- by name ----------------------------------------------------------------------------------- */

/* How the store knows an id, before it is ended: 1 live, 0 not, with the reason in *why. */
static int
look_up(const tool *t, const unsigned char *id, sess_status *why, sess_error *err)
{
	store *from = &t->kit->store;
	sess_record rec = { .ended = SESS_UNKNOWN };
	sess_sink sink = { { NULL, NULL } };
	int rc = from->provider->load(from->self, id, kit_now(t->kit), &rec, &sink, err);

	*why = rec.ended;
	arena_free(&sink.memory);
	return rc;
}

static void
report(const tool *t, const char *ref, int live, sess_status why)
{
	/* An id from before a login leads on to the session, which was ended there. */
	bool ended = live || why == SESS_ROTATED;
	json_out o;

	if (t->json) {
		json_start(&o, stdout);
		json_open(&o, NULL, '{');
		json_text(&o, "ref", ref);
		json_text(&o, "result", ended ? "ended" : why == SESS_UNKNOWN ? "unknown" : "already");
		json_text(&o, "reason", live || why == SESS_UNKNOWN ? NULL : end_reason(why));
		json_close(&o, '}');
		json_line(&o);
	} else if (!ended && why != SESS_UNKNOWN) {
		printf("%s had ended already: %s\n", ref, end_reason(why));
	} else if (ended && !t->quiet) {
		printf("%s%s ended\n", ref, live ? "" : ", under its id since the login,");
	}
}

/* *unknown counts the refs that named nothing. */
static int
end_one(const tool *t, const char *ref, const unsigned char *id, size_t *unknown)
{
	sess_error err = { 0 };
	sess_status why;
	int live = look_up(t, id, &why, &err), rc = live < 0 ? live : SESS_OK;

	if (rc == SESS_OK) {
		/* Also when it seems to have ended: the clock of the programs may be behind. */
		rc = sess_end_ref(t->kit, ref);
		err = t->kit->error;
	}
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &err);
	report(t, ref, live, why);
	if (!live && why == SESS_UNKNOWN) {
		(*unknown)++;
		tool_fail(t, EX_NOINPUT, "%s: there is no such session", ref);
	}
	return EX_OK;
}

static int
end_named(tool *t, char **refs)
{
	unsigned char id[SESS_ID_BYTES];
	size_t unknown = 0;
	int rc = EX_OK;

	/* All of them first: half a job is hard to make out. */
	for (size_t i = 0; refs[i] != NULL && rc == EX_OK; i++)
		rc = read_ref(t, refs[i], id);
	if (rc == EX_OK)
		rc = tool_open(t);
	for (size_t i = 0; refs[i] != NULL && rc == EX_OK; i++) {
		if (tool_stopping())
			return tool_stopped(t, "the rest was not ended");
		(void)ref_decode(refs[i], id);
		rc = end_one(t, refs[i], id, &unknown);
	}
	if (rc == EX_OK)
		rc = tool_flush(t);
	return rc == EX_OK && unknown > 0 ? EX_NOINPUT : rc;
}

/* -- many -------------------------------------------------------------------------------------- */

/* Sessions in browsers nobody can count, before they end or after. */
static void
report_many(const tool *t, const char *key, size_t n)
{
	bool counts = !carry_is_on(t->kit);
	json_out o;

	if (t->json) {
		json_start(&o, stdout);
		json_open(&o, NULL, '{');
		if (counts)
			json_int(&o, key, (int64_t)n);
		else
			json_text(&o, key, NULL);
		json_close(&o, '}');
		json_line(&o);
	} else if (!counts && !t->quiet) {
		printf("ended, in whichever browsers they are\n");
	} else if (!t->quiet || strcmp(key, "ended") != 0) {
		printf("%zu session%s %s\n", n, n == 1 ? "" : "s",
			strcmp(key, "ended") == 0 ? "ended" : "would be ended");
	}
}

/* The session that is kept does not count. */
static int
on_counted(void *arg, const sess_info *info)
{
	const char **except = arg;

	if (strcmp(info->ref, *except) != 0)
		return 0;
	*except = NULL;
	return 1;
}

static int
count(const tool *t, const char *user, const char *except, size_t *n)
{
	unsigned char id[SESS_ID_BYTES];
	char ref[TOKEN_CHARS + 1];
	const char *sought = ref;
	int rc = sess_count(t->kit, user, 0, n);

	if (rc == SESS_OK && except != NULL && ref_decode(except, id)) {
		token_encode(ref, id);
		rc = sess_list(t->kit, user, on_counted, &sought);
		if (rc == 1)
			rc = SESS_OK;
		if (sought == NULL)
			(*n)--;
	}
	return rc == SESS_OK ? EX_OK : tool_fail_code(t, rc, &t->kit->error);
}

/* True when it may be done. */
static int
agree(const tool *t, const char *user, size_t n)
{
	char question[100] = "End all sessions of everyone?";

	if (user != NULL || tool_given(t, "yes") != NULL)
		return EX_OK;
	if (!carry_is_on(t->kit))
		snprintf(question, sizeof(question), "End all %zu session%s of everyone?", n,
			n == 1 ? "" : "s");
	if (tool_confirm(t, question))
		return EX_OK;
	return tool_stopping() ? tool_stopped(t, "nothing was ended") : EX_NOINPUT;
}

static int
end_many(tool *t, const char *user, const char *except)
{
	unsigned char id[SESS_ID_BYTES];
	size_t n = 0;
	int rc = except != NULL ? read_ref(t, except, id) : EX_OK;
	bool asks = user == NULL && tool_given(t, "yes") == NULL;

	if (rc == EX_OK)
		rc = tool_open(t);
	if (rc == EX_OK && ((asks && !carry_is_on(t->kit)) || tool_given(t, "dry-run") != NULL))
		rc = count(t, user, except, &n);
	if (rc == EX_OK && tool_given(t, "dry-run") != NULL) {
		report_many(t, "would_end", n);
		return tool_flush(t);
	}
	if (rc == EX_OK)
		rc = agree(t, user, n);
	if (rc != EX_OK)
		return rc;
	rc = sess_end_user(t->kit, user, except, &n);
	if (rc != SESS_OK)
		return tool_fail_code(t, rc, &t->kit->error);
	report_many(t, "ended", n);
	return tool_flush(t);
}

/* -- the verb ---------------------------------------------------------------------------------- */

static int
run(tool *t, char **operands)
{
	const char *user = tool_given(t, "user"), *except = tool_given(t, "except");
	bool all = tool_given(t, "all") != NULL, named = operands[0] != NULL;

	if (named + all + (user != NULL) != 1)
		return tool_fail(t, EX_USAGE, "expected either sessions, or --user NAME, or --all");
	if (except != NULL && named)
		return tool_fail(t, EX_USAGE, "--except goes with --user or --all");
	if (named && tool_given(t, "dry-run") != NULL)
		return tool_fail(t, EX_USAGE, "--dry-run goes with --user or --all");
	return named ? end_named(t, operands) : end_many(t, user, except);
}

static const tool_option options[] = {
	{ "user", "NAME", "end all sessions of this user" },
	{ "all", NULL, "end all sessions of everyone, after asking" },
	{ "except", "REF", "but this one" },
	{ "yes", NULL, "do not ask" },
	{ "dry-run", NULL, "only say how many live ones it would be" },
	{ NULL, NULL, NULL }
};

const verb verb_end = {
	.name = "end",
	.operands = "[REF]...",
	.summary = "end sessions at once",
	.details = "Ends sessions by the names that \"sesskit list\" shows, or all of a user, or all.\n"
		"The next request of such a visitor finds out. What has ended is on disk when\n"
		"the command returns, and cannot be brought back.",
	.options = options,
	.run = run,
};
