/* SPDX-License-Identifier: ISC */
/* lines_read.c - the lines of an export, read. The file may be damaged or made by an enemy: what is
 * not exactly a line that could have been written is refused, with the reason. */
#include "lines.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* The end of the year 9999: later times are mistakes, or sessions that would never end. */
#define LATEST INT64_C(253402300799)
#define SEAL_ROOM 256

/* What a member is and where it goes. */
enum { HEX, NUMBER, TEXT, PACKED };

typedef struct field {
	const char *name;
	int type;
	bool optional;
	size_t offset, size;            /* in the struct read into; size: of HEX */
	int64_t low, high;              /* NUMBER; low: shortest TEXT */
} field;

#define AT(type, member) offsetof(type, member), sizeof(((type *)0)->member)
#define TIME 0, LATEST
#define ANY 0, INT64_MAX

static const field head_fields[] = {
	{ "sesskit_export", NUMBER, false, AT(line, version), ANY },
	{ "made", NUMBER, false, AT(line, made), TIME },
	{ "store", TEXT, false, AT(line, store), 0, 0 },
	{ "keys", TEXT, false, AT(line, keys), 0, 0 },
	{ .name = NULL }
};

static const field record_fields[] = {
	{ "id", HEX, false, AT(line, rec.id), 0, 0 },
	{ "secret", HEX, false, AT(line, rec.secret), 0, 0 },
	{ "family", HEX, false, AT(line, rec.family), 0, 0 },
	{ "revision", NUMBER, false, AT(line, rec.revision), 1, INT64_MAX },
	{ "created", NUMBER, false, AT(line, rec.created), TIME },
	{ "seen", NUMBER, false, AT(line, rec.seen), TIME },
	{ "expires", NUMBER, false, AT(line, rec.expires), TIME },
	{ "absolute", NUMBER, false, AT(line, rec.absolute), TIME },
	{ "idle", NUMBER, false, AT(line, rec.idle), TIME },
	{ "renew", NUMBER, false, AT(line, rec.renew), TIME },
	{ "offered", NUMBER, false, AT(line, rec.offered), TIME },
	{ "login", NUMBER, false, AT(line, rec.login), TIME },
	{ "persist", NUMBER, false, AT(line, rec.persist), TIME },
	{ "level", NUMBER, false, AT(line, rec.level), 0, 100 },
	{ "user", TEXT, true, AT(line, rec.user), 1, 0 },
	{ "address", TEXT, true, AT(line, rec.address), 0, 0 },
	{ "agent", TEXT, true, AT(line, rec.agent), 0, 0 },
	{ "sealed", PACKED, true, AT(line, rec.data), 0, 0 },
	{ "text", PACKED, true, AT(line, rec.data), 0, 0 },
	{ .name = NULL }
};

static const field trace_fields[] = {
	{ "kind", NUMBER, false, AT(sess_trace, kind), SESS_TRACE_CANDIDATE, SESS_TRACE_RETIRED },
	{ "id", HEX, false, AT(sess_trace, id), 0, 0 },
	{ "secret", HEX, false, AT(sess_trace, secret), 0, 0 },
	{ "at", NUMBER, false, AT(sess_trace, at), TIME },
	{ "keep", NUMBER, false, AT(sess_trace, keep), TIME },
	{ .name = NULL }
};

static const field ended_fields[] = {
	{ "ended", HEX, false, AT(sess_trace, id), 0, 0 },
	{ "why", NUMBER, false, AT(sess_trace, why), SESS_UNKNOWN, SESS_DAMAGED },
	{ "at", NUMBER, false, AT(sess_trace, at), TIME },
	{ "keep", NUMBER, false, AT(sess_trace, keep), TIME },
	{ "next", HEX, true, AT(sess_trace, next), 0, 0 },
	{ .name = NULL }
};

#define TALLY_FIELDS \
	{ "records", NUMBER, false, AT(line, tally.records), ANY }, \
	{ "ids_ended", NUMBER, false, AT(line, tally.ended), ANY }, \
	{ "left_out", NUMBER, false, AT(line, tally.damaged), ANY }, \
	{ "chain", HEX, false, AT(line, tally.chain), 0, 0 }, \
	{ .name = NULL }

static const field checkpoint_fields[] = {
	{ "checkpoint", HEX, false, AT(line, cursor), 0, 0 },
	TALLY_FIELDS
};

static const field complete_fields[] = {
	{ "complete", NUMBER, false, AT(line, version), 1, 1 },
	TALLY_FIELDS
};

/* -- an object --------------------------------------------------------------------------------- */

typedef struct reader {
	const field *fields;
	unsigned char *base;            /* of the offsets */
	uint32_t seen;                  /* a bit for each field */
	sess_error *err;
} reader;

static int
bad(const reader *r, const char *name, const char *what)
{
	return sess_fail(r->err, SESS_INVALID, "field \"%s\" %s", name, what);
}

static int
take_number(const reader *r, const field *f, const entry *e)
{
	int32_t small = (int32_t)e->is.num;

	if (e->type != SESS_INT)
		return bad(r, f->name, "is not a whole number");
	if (e->is.num < f->low || e->is.num > f->high)
		return bad(r, f->name, "is out of range");
	if (f->size == sizeof(small))
		memcpy(r->base + f->offset, &small, sizeof(small));
	else
		memcpy(r->base + f->offset, &e->is.num, sizeof(e->is.num));
	return SESS_OK;
}

static int
take_hex(const reader *r, const field *f, const entry *e)
{
	size_t len;

	if (e->type != SESS_STR || e->len != 2 * f->size || sodium_hex2bin(r->base + f->offset,
			f->size, e->bytes, e->len, NULL, &len, NULL) != 0 || len != f->size)
		return bad(r, f->name, "is not hexadecimal of the right length");
	return SESS_OK;
}

static int
take_text(const reader *r, const field *f, const entry *e)
{
	if (e->type != SESS_STR || (int64_t)e->len < f->low)
		return bad(r, f->name, "is not a text, or empty");
	memcpy(r->base + f->offset, &e->bytes, sizeof(e->bytes));
	return SESS_OK;
}

/* Only records have these: they are read into a line. */
static int
take_packed(const reader *r, const field *f, const entry *e)
{
	line *l = (line *)(void *)r->base;
	char *text = (char *)(uintptr_t)e->bytes;
	ssize_t len = e->type == SESS_STR ? base64_decode(text, e->len, text, e->len) : -1;

	if (len < 0)
		return bad(r, f->name, "is not base64url");
	if (l->rec.data != NULL)
		return bad(r, f->name, "comes beside other values");
	l->rec.data = text;
	l->rec.len = (size_t)len;
	l->rec.sealed = strcmp(f->name, "sealed") == 0;
	return SESS_OK;
}

static int
member(void *arg, const entry *e)
{
	static int (*const take[])(const reader *, const field *, const entry *) = {
		[HEX] = take_hex, [NUMBER] = take_number, [TEXT] = take_text, [PACKED] = take_packed };
	reader *r = arg;
	const field *f = r->fields;

	while (f->name != NULL && strcmp(f->name, e->key) != 0)
		f++;
	if (f->name == NULL)
		return bad(r, e->key, "is unknown");
	if (r->seen & 1U << (f - r->fields))
		return bad(r, e->key, "comes twice");
	r->seen |= 1U << (f - r->fields);
	return take[f->type](r, f, e);
}

static int
read_object(char *text, size_t len, const field *fields, void *base, sess_error *err)
{
	reader r = { .fields = fields, .base = base, .err = err };
	size_t where;
	int rc;

	err->text[0] = '\0';
	rc = json_read(text, len, member, &r, &where);
	if (rc != SESS_OK)
		return err->text[0] != '\0' ? rc : sess_fail(err, rc, rc == SESS_NOMEM ? "out of memory"
			: "it is not a line as export writes them");
	for (size_t i = 0; fields[i].name != NULL; i++)
		if (!fields[i].optional && !(r.seen & 1U << i))
			return bad(&r, fields[i].name, "is missing");
	return SESS_OK;
}

/* -- a record ---------------------------------------------------------------------------------- */

/* Where this stands, cut off what comes from there on; NULL when it is not there. Inside of a JSON
 * string its quotes would have backslashes, so the first one that is found is a member. */
static char *
cut(char *text, size_t *len, const char *at)
{
	char *found = memmem(text, *len, at, strlen(at));

	if (found != NULL) {
		*len = (size_t)(found - text) + 1;
		*found = '}';
	}
	return found != NULL ? found + strlen(at) : NULL;
}

static sess_trace *
add_trace(line *l, sess_error *err)
{
	if (l->count == l->room) {
		size_t room = l->room * 2 + 8;
		sess_trace *more = reallocarray(l->traces, room, sizeof(*more));

		if (more == NULL) {
			(void)sess_fail(err, SESS_NOMEM, "out of memory");
			return NULL;
		}
		l->traces = more;
		l->room = room;
	}
	l->traces[l->count] = (sess_trace){ .kind = 0 };
	return &l->traces[l->count++];
}

/* "{...},{...}]", and nothing behind it. */
static int
read_traces(line *l, char *at, char *end, sess_error *err)
{
	if (end == at || *--end != ']')
		return sess_fail(err, SESS_INVALID, "field \"traces\" is not a list");
	for (;;) {
		char *stop = memmem(at, (size_t)(end - at), "},{", 3), *next = stop != NULL ? stop + 2 : NULL;
		sess_trace *t = add_trace(l, err);
		int rc;

		if (t == NULL)
			return SESS_NOMEM;
		rc = read_object(at, (size_t)((stop != NULL ? stop + 1 : end) - at), trace_fields, t, err);
		if (rc != SESS_OK)
			return rc;
		if (memcmp(t->id, l->rec.id, sizeof(t->id)) == 0)
			return sess_fail(err, SESS_INVALID, "an id leads to itself");
		if (next == NULL)
			return SESS_OK;
		at = next;
	}
}

static int
check_record(const line *l, size_t max_bytes, sess_error *err)
{
	const sess_record *rec = &l->rec;

	if (rec->data == NULL)
		return sess_fail(err, SESS_INVALID, "it has no values");
	if (rec->len > max_bytes + (rec->sealed ? SEAL_ROOM : 0))
		return sess_fail(err, SESS_INVALID, "its values have %zu bytes, and max_bytes is %zu: "
			"raise it", rec->len, max_bytes);
	if (rec->absolute != 0 && rec->expires > rec->absolute)
		return sess_fail(err, SESS_INVALID, "field \"expires\" is later than \"absolute\"");
	return SESS_OK;
}

static int
read_record(line *l, char *text, size_t len, size_t max_bytes, sess_error *err)
{
	char *end = text + len - 1, *data = cut(text, &len, ",\"data\":"), *traces;
	int rc;

	if (data != NULL) {
		rc = line_data_fits(&l->scratch, data, (size_t)(end - data));
		if (rc <= 0)
			return sess_fail(err, rc < 0 ? rc : SESS_INVALID, rc < 0 ? "out of memory" :
				"field \"data\" is not an object of values");
		l->rec.data = data;
		l->rec.len = (size_t)(end - data);
		end = text + len - 1;
	}
	traces = cut(text, &len, ",\"traces\":[");
	rc = read_object(text, len, record_fields, l, err);
	if (rc == SESS_OK && traces != NULL)
		rc = read_traces(l, traces, end, err);
	return rc == SESS_OK ? check_record(l, max_bytes, err) : rc;
}

/* -- a line ------------------------------------------------------------------------------------ */

static int
read_ended(line *l, char *text, size_t len, sess_error *err)
{
	sess_trace *t = add_trace(l, err);

	if (t == NULL)
		return SESS_NOMEM;
	t->kind = SESS_TRACE_ENDED;
	return read_object(text, len, ended_fields, t, err);
}

static int
read_head(line *l, char *text, size_t len, sess_error *err)
{
	int rc = read_object(text, len, head_fields, l, err);

	if (rc == SESS_OK && l->version != LINES_VERSION)
		return sess_fail(err, SESS_INVALID, "it is of version %" PRId64 ", and this command reads "
			"version %d: use a newer one", l->version, LINES_VERSION);
	return rc;
}

/* The first member tells lines apart. */
static int
kind_of(const char *text, size_t len)
{
	static const struct {
		const char *begin;
		int kind;
	} kinds[] = { { "{\"id\":", LINE_RECORD }, { "{\"ended\":", LINE_ENDED },
		{ "{\"checkpoint\":", LINE_CHECKPOINT }, { "{\"complete\":", LINE_COMPLETE },
		{ "{\"sesskit_export\":", LINE_HEAD } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (len > strlen(kinds[i].begin)
			&& memcmp(text, kinds[i].begin, strlen(kinds[i].begin)) == 0)
			return kinds[i].kind;
	return -1;
}

int
line_read(line *l, char *text, size_t len, size_t max_bytes, sess_error *err)
{
	l->rec = (sess_record){ .revision = 0 };
	l->count = 0;
	if (!line_unsum(text, &len, l->sum))
		return sess_fail(err, SESS_INVALID, "its checksum is not that of the line, which was "
			"damaged or changed");
	l->kind = kind_of(text, len);
	switch (l->kind) {
	case LINE_HEAD:
		return read_head(l, text, len, err);
	case LINE_RECORD:
		return read_record(l, text, len, max_bytes, err);
	case LINE_ENDED:
		return read_ended(l, text, len, err);
	case LINE_CHECKPOINT:
		return read_object(text, len, checkpoint_fields, l, err);
	case LINE_COMPLETE:
		return read_object(text, len, complete_fields, l, err);
	default:
		return sess_fail(err, SESS_INVALID, "it is not a line as export writes them");
	}
}

void
line_free(line *l)
{
	free(l->traces);
	buffer_free(&l->scratch);
	*l = (line){ .kind = 0 };
}
