/* SPDX-License-Identifier: ISC */
/* copy.c - sesskit copy: all that is in one store into another, while the site goes on with the
 * first. A second pass takes over what changed during the first one. */
#include "copy.h"
#include "transfer.h"

#include <string.h>

/* Items in a piece, read in one transaction and written in another. */
#define PIECE_ITEMS 64

typedef struct copy {
	tool *t;
	sess_kit *to;
	int64_t sessions, ended;        /* taken over in the first pass */
	int64_t changed;                /* in the second */
	int64_t seen, refused, damaged; /* in the present pass */
	int64_t since;                  /* the clock when the first pass began */
	bool again;                     /* this is the second pass */
	bool held;                      /* the second store, from the first item of a piece on */
	progress bar;
	sess_error err;
} copy;

/* The revision does not tell that somebody was seen: touch moves forward only, so it may be told
 * what is known already. */
static int
move_seen(copy *c, const sess_record *rec)
{
	const store *to = &c->to->store;
	int rc;

	if (!c->again || rec->seen < c->since)
		return SESS_OK;
	rc = to->provider->touch(to->self, rec->id, rec->seen, rec->expires, &c->err);
	if (rc != SESS_GONE)
		return rc;
	c->err.text[0] = '\0';
	return SESS_OK;
}

static int
take_over(void *arg, const sess_item *item)
{
	copy *c = arg;
	store *to = &c->to->store;
	int rc = SESS_OK;

	/* Many at a time: one commit costs more than many items. */
	if (!c->held && to->provider->hold != NULL) {
		rc = to->provider->hold(to->self, item->rec != NULL ? item->rec->id
			: item->traces[0].id, &c->err);
		c->held = rc == SESS_OK;
	}
	if (rc == SESS_OK)
		rc = item_restore(to, item, &c->err);
	c->seen++;
	if (rc == SESS_CONFLICT || rc == SESS_INVALID || rc == SESS_TOOBIG) {
		c->refused++;
		progress_end(&c->bar);
		(void)tool_fail(c->t, EX_DATAERR, "%s", c->err.text);
		c->err.text[0] = '\0';
		return SESS_OK;
	}
	if (rc == 0 && item->rec != NULL)
		rc = move_seen(c, item->rec);
	else if (rc == 1)
		*(c->again ? &c->changed : item->rec != NULL ? &c->sessions : &c->ended) += 1;
	return rc < 0 ? rc : SESS_OK;
}

/* One piece of the first store into the second: what walk returned, or a failure. */
static int
piece(copy *c, sess_cursor *cursor)
{
	const store *from = &c->t->kit->store, *to = &c->to->store;
	sess_error ignored;
	int rc, released = SESS_OK;

	c->err.text[0] = '\0';
	rc = from->provider->walk(from->self, cursor, PIECE_ITEMS, take_over, c, &c->err);
	if (c->held)
		released = to->provider->release(to->self, rc < 0 ? &ignored : &c->err);
	c->held = false;
	return rc < 0 ? rc : released < 0 ? released : rc;
}

static int
pass(copy *c, const char *label, int64_t total)
{
	sess_cursor cursor = { { 0 } };
	int rc = 1;

	c->seen = c->refused = c->damaged = 0;
	progress_begin(&c->bar, c->t, label, total);
	while (rc == 1 && !tool_stopping()) {
		rc = piece(c, &cursor);
		if (rc >= 0 && c->err.text[0] != '\0') {
			c->damaged++;
			progress_end(&c->bar);
			(void)tool_fail(c->t, EX_DATAERR, "%s", c->err.text);
		}
		progress_at(&c->bar, c->seen);
	}
	progress_end(&c->bar);
	if (rc == 1)
		return tool_stopped(c->t, "run it again, and it goes on from here");
	return rc < 0 ? tool_fail_code(c->t, rc, &c->err) : EX_OK;
}

/* -- opening both ------------------------------------------------------------------------------ */

/* The other store needs the same keys. Beside a new one there is no key file yet, and the library
 * would make one with a key of its own: copy the file before that. */
static int
bring_keys(const tool *t, const char *url)
{
	char from[TOOL_PATH_MAX], to[TOOL_PATH_MAX];
	tool other = *t;
	int result;

	if (t->config.key_file[0] != '\0')
		return EX_OK;
	if (sess_config_set(&other.config, "store", url, NULL) != SESS_OK)
		return tool_fail(t, EX_USAGE, "%s: is too long for a store", url);
	result = tool_key_path(t, from);
	if (result == EX_OK)
		result = tool_key_path(&other, to);
	return result == EX_OK ? transfer_keys(t, from, to) : result;
}

static int
check_both(const copy *c)
{
	const store *from = &c->t->kit->store, *to = &c->to->store;
	char keys[LINE_KEYS_MAX];

	if (strcmp(from->address.url, to->address.url) == 0)
		return tool_fail(c->t, EX_USAGE, "%s: cannot be copied into itself", from->address.url);
	if (from->provider->walk == NULL)
		return tool_fail(c->t, EX_UNAVAILABLE, "store %s cannot be copied", from->address.url);
	if (to->provider->restore == NULL || (to->provider->flags & SESS_STORE_PROCESS))
		return tool_fail(c->t, EX_UNAVAILABLE, "nothing can be copied into store %s",
			to->address.url);
	if ((from->provider->flags | to->provider->flags) & SESS_STORE_OVER)
		return tool_fail(c->t, EX_USAGE, "name the two stores themselves, not one that stands on "
			"another");
	line_keys(keys, &c->t->kit->keys);
	if (!transfer_has_keys(&c->to->keys, keys))
		return tool_fail(c->t, EX_CONFIG, "%s has a key file that lacks keys of %s: put a copy of "
			"that in its place, or name one for both with --set key_file=FILE",
			to->address.url, from->address.url);
	return EX_OK;
}

static int
open_both(copy *c, char **operands)
{
	sess_error err = { 0 };
	int result, rc;

	if (operands[0] == NULL || operands[1] == NULL || operands[2] != NULL)
		return tool_fail(c->t, EX_USAGE, "expected two stores, such as sqlite:old.db sqlite:new.db");
	rc = sess_config_set(&c->t->config, "store", operands[0], &err);
	if (rc != SESS_OK)
		return tool_fail_code(c->t, rc, &err);
	result = tool_open(c->t);
	if (result == EX_OK)
		result = bring_keys(c->t, operands[1]);
	if (result == EX_OK)
		result = tool_open_also(c->t, operands[1], &c->to);
	return result == EX_OK ? check_both(c) : result;
}

/* -- the verb ---------------------------------------------------------------------------------- */

static void
say(const copy *c, size_t from, size_t to)
{
	json_out out;

	if (!c->t->json) {
		printf("copied %lld sessions and %lld ended ids, then %lld that changed meanwhile; %zu "
			"live sessions there, %zu here\n", (long long)c->sessions, (long long)c->ended,
			(long long)c->changed, to, from);
		return;
	}
	json_start(&out, stdout);
	json_open(&out, NULL, '{');
	json_int(&out, "sessions", c->sessions);
	json_int(&out, "ids_ended", c->ended);
	json_int(&out, "changed_meanwhile", c->changed);
	json_int(&out, "refused", c->refused);
	json_int(&out, "left_out", c->damaged);
	json_int(&out, "live_from", (int64_t)from);
	json_int(&out, "live_to", (int64_t)to);
	json_close(&out, '}');
	json_line(&out);
}

/* Whether all is there: what was refused or damaged was named already. */
static int
verify(const copy *c)
{
	size_t from, to;
	int rc = sess_count(c->t->kit, NULL, 0, &from);

	if (rc != SESS_OK)
		return tool_fail_code(c->t, rc, &c->t->kit->error);
	rc = sess_count(c->to, NULL, 0, &to);
	if (rc != SESS_OK)
		return tool_fail_code(c->t, rc, &c->to->error);
	if (c->t->json || !c->t->quiet)
		say(c, from, to);
	if (c->refused + c->damaged > 0)
		return tool_fail(c->t, EX_DATAERR, "%lld sessions were not copied",
			(long long)(c->refused + c->damaged));
	if (to < from)
		return tool_fail(c->t, EX_TEMPFAIL, "%zu live sessions are not there: they ended "
			"there, or came since; run it again", from - to);
	return EX_OK;
}

/* Neither store may be one that sessions move out of, or have: of the first, part would be missing;
 * and programs with move: would look in the second for what is over where they look first. */
static int
check_home(const copy *c)
{
	int result = copy_at_home(c->t, c->t->kit, "finish that with --live, and copy from there");

	return result != EX_OK ? result : copy_at_home(c->t, c->to, "copy into another store; or move "
		"back with --live, once no program uses move: from there any more");
}

static int
run(tool *t, char **operands)
{
	copy c = { .t = t };
	int result = open_both(&c, operands), flushed;

	if (result == EX_OK && tool_given(t, "live") != NULL) {
		result = copy_live(t, c.to);
		sess_kit_close(c.to);
		return result;
	}
	if (result == EX_OK)
		result = check_home(&c);
	if (result == EX_OK) {
		c.since = kit_now(t->kit);
		result = pass(&c, "copy", 0);
	}
	if (result == EX_OK) {
		c.again = true;
		result = pass(&c, "what changed", c.seen);
	}
	/* Did a move begin meanwhile? */
	if (result == EX_OK)
		result = check_home(&c);
	if (result == EX_OK)
		result = transfer_settle(t, c.to);
	if (result == EX_OK)
		result = verify(&c);
	sess_kit_close(c.to);
	flushed = tool_flush(t);
	return result == EX_OK ? flushed : result;
}

static const tool_option options[] = {
	{ "live", NULL, "move them, for programs whose store is move:FROM TO" },
	{ NULL, NULL, NULL }
};

const verb verb_copy = {
	.name = "copy",
	.operands = "FROM TO",
	.summary = "copy all sessions into another store",
	.details =
		"FROM and TO are stores, such as sqlite:/var/lib/site/sessions.db. The site may\n"
		"go on with FROM; what changed during the copy is taken over by a second pass.\n"
		"What is in TO stays there, unless FROM has a later state of it. A key file is\n"
		"put beside TO if there is none. To go on after an interruption, run it again.\n"
		"\n"
		"With --live a site moves for good while it runs. First set store = move:FROM TO\n"
		"and restart the programs; then run this; then set store = TO and restart them.",
	.options = options,
	.run = run,
};
