/* SPDX-License-Identifier: ISC */
/* show.c - "sesskit show": all that is known of one session, but its secrets. */
#include "tool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

typedef struct showing {
	const tool *t;
	int64_t now;
	const char *ref;
	sess_record rec;
	values vals;                    /* of a readable session */
	bool damaged;
} showing;

int
read_ref(const tool *t, const char *text, unsigned char id[SESS_ID_BYTES])
{
	if (ref_decode(text, id))
		return EX_OK;
	return tool_fail(t, EX_USAGE, "%s: names no session; expected the 43 characters that sesskit "
		"list shows, or 64 hexadecimal digits", text);
}

const char *
end_reason(sess_status why)
{
	/* The states before this one are none of a session that ended. */
	const char *reason = why >= SESS_IDLE ? status_text(why) : NULL;

	return reason != NULL ? reason : "for an unknown reason";
}

/* -- for people -------------------------------------------------------------------------------- */

static void
line(const char *name, const char *text)
{
	size_t size = text != NULL ? strlen(text) + 4 : 0;
	char *clean = text != NULL ? malloc(size) : NULL;

	printf("%-10s %s\n", name, clean != NULL ? term_clean(clean, size, text, 0) : "-");
	free(clean);
}

/* A time, and how long ago or ahead it is. */
static void
line_time(const showing *s, const char *name, int64_t when, const char *otherwise)
{
	char time[TERM_TIME_MAX], span[TERM_TIME_MAX];

	if (when == 0)
		printf("%-10s %s\n", name, otherwise);
	else if (when > s->now)
		printf("%-10s %s (in %s)\n", name, term_time(time, when),
			term_span(span, when - s->now));
	else
		printf("%-10s %s (%s ago)\n", name, term_time(time, when),
			term_span(span, s->now - when));
}

static void
print_value(const entry *e)
{
	char *text, *key = malloc(strlen(e->key) + 4);

	/* Bytes, and text that holds a NUL, are shown as they are stored. */
	bool plain = e->type == SESS_STR && strlen(e->bytes) == e->len;
	size_t size = 4 * e->len + 8;

	if ((text = malloc(size)) == NULL || key == NULL) {
		free(text);
		free(key);
		return;
	}
	printf("  %s ", term_clean(key, strlen(e->key) + 4, e->key, 0));
	if (e->type == SESS_INT)
		printf("(integer) %" PRId64 "\n", e->is.num);
	else if (e->type == SESS_REAL)
		printf("(real) %.17g\n", e->is.real);
	else if (e->type == SESS_BOOL)
		printf("(boolean) %s\n", e->is.yes ? "true" : "false");
	else if (plain)
		printf("(text) \"%s\"\n", term_clean(text, size, e->bytes, 0));
	else {
		base64_encode(text, e->bytes, e->len);
		printf("(bytes) %zu, in base64url %s\n", e->len, text);
	}
	free(text);
	free(key);
}

static void
print_values(const showing *s)
{
	char size[TERM_TIME_MAX];

	term_size(size, (int64_t)s->rec.len);
	if (s->rec.sealed)
		printf("%-10s %s, sealed: only the cookie opens them\n", "values", size);
	else if (s->damaged)
		printf("%-10s %s, damaged: no JSON object of single values\n", "values", size);
	else
		printf("%-10s %s, readable\n", "values", size);
	for (const entry *e = values_after(&s->vals, ""); e != NULL; e = values_after(&s->vals, e->key))
		print_value(e);
}

static void
print_text(const showing *s)
{
	static const char *const ways[] = { "live", "live; this ref was offered as its next one",
		"live; this ref was replaced by a newer one" };
	const sess_record *rec = &s->rec;
	char text[TERM_TIME_MAX];

	line("ref", s->ref);
	line("state", ways[rec->via]);
	line("user", rec->user != NULL ? rec->user : "nobody");
	if (rec->login != 0) {
		printf("%-10s %" PRId64 "\n", "level", rec->level);
		line_time(s, "login", rec->login, "-");
	}
	line_time(s, "created", rec->created, "-");
	line_time(s, "seen", rec->seen, "-");
	line_time(s, "expires", rec->expires, "-");
	line_time(s, "at latest", rec->absolute, "no such limit");
	line("idle limit", term_span(text, rec->idle));
	line_time(s, "new id", rec->renew, "never");
	line_time(s, "offered", rec->offered, "-");
	line("cookie", rec->persist > 0 ? "kept when the browser closes" : "until the browser closes");
	line("address", rec->address);
	line("agent", rec->agent);
	printf("%-10s %" PRIu64 "\n", "revision", rec->revision);
	print_values(s);
}

/* -- for programs ------------------------------------------------------------------------------ */

static void
json_value(json_out *o, const entry *e)
{
	char real[40], *text;

	if (e->type == SESS_INT) {
		json_int(o, e->key, e->is.num);
	} else if (e->type == SESS_REAL) {
		snprintf(real, sizeof(real), "%.17g", e->is.real);
		json_raw(o, e->key, real, strlen(real));
	} else if (e->type == SESS_BOOL) {
		json_bool(o, e->key, e->is.yes);
	} else if (e->type == SESS_STR && strlen(e->bytes) == e->len &&
		utf8_span(e->bytes, e->len) == e->len) {
		json_text(o, e->key, e->bytes);
	} else {
		/* In the form in which it is stored. */
		text = malloc(4 * e->len / 3 + 8);
		if (text != NULL)
			base64_encode(text, e->bytes, e->len);
		json_open(o, e->key, '{');
		json_text(o, e->type == SESS_STR ? "text" : "bytes", text);
		json_close(o, '}');
		free(text);
	}
}

static void
print_json(const showing *s)
{
	static const char *const ways[] = { "id", "candidate", "retired" };
	const sess_record *rec = &s->rec;
	json_out o;

	json_start(&o, stdout);
	json_open(&o, NULL, '{');
	json_text(&o, "ref", s->ref);
	json_text(&o, "state", "live");
	json_text(&o, "via", ways[rec->via]);
	json_text(&o, "user", rec->user);
	json_int(&o, "level", rec->level);
	json_int(&o, "login", rec->login);
	json_int(&o, "created", rec->created);
	json_int(&o, "seen", rec->seen);
	json_int(&o, "expires", rec->expires);
	json_int(&o, "absolute", rec->absolute);
	json_int(&o, "idle", rec->idle);
	json_int(&o, "renew", rec->renew);
	json_int(&o, "offered", rec->offered);
	json_int(&o, "persist", rec->persist);
	json_text(&o, "address", rec->address);
	json_text(&o, "agent", rec->agent);
	json_int(&o, "revision", (int64_t)rec->revision);
	json_int(&o, "bytes", (int64_t)rec->len);
	json_bool(&o, "sealed", rec->sealed);
	if (!rec->sealed) {
		json_bool(&o, "damaged", s->damaged);
		json_open(&o, "values", '{');
		for (const entry *e = values_after(&s->vals, ""); e != NULL;
			e = values_after(&s->vals, e->key))
			json_value(&o, e);
		json_close(&o, '}');
	}
	json_close(&o, '}');
	json_line(&o);
}

static void
print_ended(const showing *s)
{
	json_out o;

	if (!s->t->json) {
		line("ref", s->ref);
		line("state", "ended");
		line("reason", end_reason(s->rec.ended));
		line_time(s, "ended", s->rec.since, "not known");
		return;
	}
	json_start(&o, stdout);
	json_open(&o, NULL, '{');
	json_text(&o, "ref", s->ref);
	json_text(&o, "state", "ended");
	json_text(&o, "reason", end_reason(s->rec.ended));
	json_int(&o, "ended", s->rec.since);
	json_close(&o, '}');
	json_line(&o);
}

/* -- the verb ---------------------------------------------------------------------------------- */

static int
member(void *arg, const entry *e)
{
	return values_put(arg, e);
}

/* Data of the record into vals; the text that they point to is the sink's. */
static int
read_values(showing *s)
{
	char *text = (char *)(uintptr_t)s->rec.data;
	size_t where;
	int rc;

	if (s->rec.sealed)
		return SESS_OK;
	rc = text == NULL ? SESS_INVALID : json_read(text, s->rec.len, member, &s->vals, &where);
	s->damaged = rc == SESS_INVALID;
	if (s->damaged)
		values_reset(&s->vals);
	return s->damaged ? SESS_OK : rc;
}

static int
show(showing *s, sess_sink *sink, const unsigned char *id)
{
	store *from = &s->t->kit->store;
	sess_error err = { 0 };
	int rc = from->provider->load(from->self, id, s->now, &s->rec, sink, &err);

	if (rc < 0)
		return tool_fail_code(s->t, rc, &err);
	if (rc == 0 && s->rec.ended == SESS_UNKNOWN)
		return tool_fail(s->t, EX_NOINPUT, "%s: there is no such session; it may have ended "
			"some time ago", s->ref);
	if (rc == 0) {
		print_ended(s);
		return tool_flush(s->t);
	}
	if ((rc = read_values(s)) != SESS_OK)
		return tool_fail_code(s->t, rc, NULL);
	if (s->t->json)
		print_json(s);
	else
		print_text(s);
	return tool_flush(s->t);
}

static int
run(tool *t, char **operands)
{
	showing s = { .t = t };
	sess_sink sink = { { NULL, NULL } };
	unsigned char id[SESS_ID_BYTES];
	char ref[TOKEN_CHARS + 1];
	int rc;

	if (operands[0] == NULL || operands[1] != NULL)
		return tool_fail(t, EX_USAGE, "expected one session; sesskit list shows them");
	if ((rc = read_ref(t, operands[0], id)) != EX_OK || (rc = tool_open(t)) != EX_OK)
		return rc;
	token_encode(ref, id);
	s.ref = ref;
	s.now = kit_now(t->kit);
	rc = show(&s, &sink, id);
	values_free(&s.vals);
	arena_free(&sink.memory);
	return rc;
}

const verb verb_show = {
	.name = "show",
	.operands = "REF",
	.summary = "one session with its values",
	.details = "Shows all that is stored of a session but its secrets: times in UTC, the user,\n"
		"and the values, which may be private. Those of a sealed session cannot be\n"
		"shown. Of a session that has ended it says when and why, as long as that is\n"
		"kept. REF is what \"sesskit list\" shows, or 64 hexadecimal digits.",
	.run = run,
};
