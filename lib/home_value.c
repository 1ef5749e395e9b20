/* SPDX-License-Identifier: ISC */
/*
 * home_value.c - a home as bytes, and back. A value is a head (what it is, and a checksum that
 * covers its key as well, so that it counts nowhere else), then fields of fixed order: numbers of 8
 * bytes, the lowest first; texts and data behind their length. What is read may be anything.
 */
#include "home.h"
#include "internal.h"

#include <sodium.h>
#include <string.h>

#define SUM_BYTES 16
#define HEAD_BYTES (4 + SUM_BYTES)
#define NUMBERS 11
#define FIXED_BYTES (HEAD_BYTES + 2 * SESS_ID_BYTES + SESS_FAMILY_BYTES + 8 * NUMBERS + 4 * 5 + 5)
#define TRACE_BYTES (2 + 2 * SESS_ID_BYTES + 2 * 8)
#define NO_TEXT UINT32_MAX      /* as a length: NULL */
#define SEAL_ROOM 256           /* what sealing may add to max_bytes */

_Static_assert(SESS_DAMAGED <= UINT8_MAX, "a reason takes one byte");

/* -- fields ------------------------------------------------------------------------------------ */

static unsigned char *
put_bytes(unsigned char *to, const void *bytes, size_t len)
{
	if (len)
		memcpy(to, bytes, len);
	return to + len;
}

static unsigned char *
put_number(unsigned char *to, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		*to++ = (unsigned char)(number >> 8 * i);
	return to;
}

/* With a NUL behind, so that it can be lent as it is. */
static unsigned char *
put_text(unsigned char *to, const char *text)
{
	size_t len = text ? strlen(text) : 0;

	to = put_number(to, text ? len : NO_TEXT, 4);
	return text ? put_bytes(to, text, len + 1) : to;
}

typedef struct reader {
	const unsigned char *at;
	size_t left;
	bool bad;
} reader;

/* Where so many bytes are; NULL if there are fewer. */
static const unsigned char *
take(reader *r, size_t len)
{
	const unsigned char *at = r->at;

	if (r->bad || len > r->left) {
		r->bad = true;
		return NULL;
	}
	r->at += len;
	r->left -= len;
	return at;
}

static void
take_bytes(reader *r, void *to, size_t len)
{
	const unsigned char *at = take(r, len);

	if (at)
		memcpy(to, at, len);
}

static uint64_t
take_number(reader *r, size_t bytes)
{
	const unsigned char *at = take(r, bytes);
	uint64_t number = 0;

	for (size_t i = bytes; at && i-- > 0;)
		number = number << 8 | at[i];
	return number;
}

static const char *
take_text(reader *r)
{
	size_t len = (size_t)take_number(r, 4);
	const unsigned char *at = len == NO_TEXT ? NULL : take(r, len + 1);

	if (at && memchr(at, '\0', len + 1) != at + len)
		r->bad = true;
	return (const char *)at;
}

/* -- head -------------------------------------------------------------------------------------- */

/* What is here, and a version of this format. */
static void
head_of(unsigned char head[4], int what)
{
	memcpy(head, what == HOME_SESSION ? "sks\1" : what == HOME_LINK ? "skl\1" : "skn\1", 4);
}

static void
checksum(unsigned char sum[SUM_BYTES], const unsigned char *key, const unsigned char *head,
	const unsigned char *rest, size_t len)
{
	crypto_generichash_state state;

	/* Fails only for wrong sizes, and these are constant. */
	(void)crypto_generichash_init(&state, NULL, 0, SUM_BYTES);
	(void)crypto_generichash_update(&state, key, SESS_ID_BYTES);
	(void)crypto_generichash_update(&state, head, 4);
	(void)crypto_generichash_update(&state, rest, len);
	(void)crypto_generichash_final(&state, sum, SUM_BYTES);
}

/* All behind the head is there, up to end. */
static void
finish(home_value *v, const unsigned char *key, int what, const unsigned char *end)
{
	v->len = (size_t)(end - v->bytes);
	head_of(v->bytes, what);
	checksum(v->bytes + 4, key, v->bytes, v->bytes + HEAD_BYTES, v->len - HEAD_BYTES);
}

/* What a value says it is, if it is whole; the reader is behind its head. */
static int
begin(reader *r, const unsigned char *key, const home_value *v)
{
	unsigned char sum[SUM_BYTES], head[4];

	*r = (reader){ .at = v->bytes, .left = v->len };
	if (!take(r, HEAD_BYTES))
		return HOME_DAMAGED;
	checksum(sum, key, v->bytes, r->at, r->left);
	if (memcmp(sum, v->bytes + 4, SUM_BYTES) != 0)
		return HOME_DAMAGED;
	for (int what = HOME_SESSION; what <= HOME_NUMBER; what++) {
		head_of(head, what);
		if (memcmp(head, v->bytes, sizeof(head)) == 0)
			return what;
	}
	return HOME_DAMAGED;
}

/* -- records and ids --------------------------------------------------------------------------- */

static size_t
text_size(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static unsigned char *
put_record(unsigned char *to, const sess_record *rec)
{
	const int64_t number[NUMBERS] = { (int64_t)rec->revision, rec->created, rec->seen,
		rec->expires, rec->absolute, rec->idle, rec->renew, rec->offered, rec->login,
		rec->persist, rec->level };

	to = put_bytes(to, rec->id, sizeof(rec->id));
	to = put_bytes(to, rec->secret, sizeof(rec->secret));
	to = put_bytes(to, rec->family, sizeof(rec->family));
	for (size_t i = 0; i < NUMBERS; i++)
		to = put_number(to, (uint64_t)number[i], 8);
	to = put_text(to, rec->user);
	to = put_text(to, rec->address);
	to = put_text(to, rec->agent);
	*to++ = rec->sealed;
	to = put_number(to, rec->len, 4);
	return put_bytes(to, rec->data, rec->len);
}

static void
take_record(reader *r, sess_record *rec, size_t max_bytes)
{
	int64_t *const number[NUMBERS - 1] = { &rec->created, &rec->seen, &rec->expires,
		&rec->absolute, &rec->idle, &rec->renew, &rec->offered, &rec->login, &rec->persist,
		&rec->level };
	uint64_t sealed;

	take_bytes(r, rec->id, sizeof(rec->id));
	take_bytes(r, rec->secret, sizeof(rec->secret));
	take_bytes(r, rec->family, sizeof(rec->family));
	rec->revision = take_number(r, 8);
	for (size_t i = 0; i < NUMBERS - 1; i++)
		*number[i] = (int64_t)take_number(r, 8);
	rec->user = take_text(r);
	rec->address = take_text(r);
	rec->agent = take_text(r);
	sealed = take_number(r, 1);
	rec->sealed = sealed != 0;
	rec->len = (size_t)take_number(r, 4);
	rec->data = take(r, rec->len);
	/* The age of a login is told, and that of no time would overflow. */
	if (rec->revision < 1 || rec->login < 0 || sealed > 1 ||
		(max_bytes && rec->len > max_bytes + SEAL_ROOM))
		r->bad = true;
}

static bool
take_id(reader *r, home *h, sess_error *err)
{
	const unsigned char *kind = take(r, 1), *id = take(r, SESS_ID_BYTES);
	sess_trace *t;

	if (!id)
		return true;
	t = home_add_id(h, *kind, id, err);
	if (!t)
		return false;
	take_bytes(r, t->kind == SESS_TRACE_ENDED ? t->next : t->secret, SESS_ID_BYTES);
	t->at = (int64_t)take_number(r, 8);
	t->keep = (int64_t)take_number(r, 8);
	t->why = (sess_status)take_number(r, 1);
	if (t->kind < SESS_TRACE_CANDIDATE || t->kind > SESS_TRACE_ENDED || t->why > SESS_DAMAGED ||
		(t->kind != SESS_TRACE_ENDED && !h->live))
		r->bad = true;
	return true;
}

/* False: out of memory. */
static bool
take_session(reader *r, home *h, size_t max_bytes, sess_error *err)
{
	uint64_t live = take_number(r, 1);

	h->live = live == 1;
	if (h->live)
		take_record(r, &h->rec, max_bytes);
	for (uint64_t n = take_number(r, 2); n > 0 && !r->bad; n--)
		if (!take_id(r, h, err))
			return false;
	if (live > 1 || r->left || (!h->live && !h->count))
		r->bad = true;
	return true;
}

/* -- values ------------------------------------------------------------------------------------ */

int
home_read(home *h, size_t max_bytes, sess_error *err)
{
	reader r;

	h->live = false;
	h->count = 0;
	h->rec = (sess_record){ .revision = 0 };
	h->was = (home_mark){ .kind = 0 };
	h->what = h->got ? begin(&r, h->key, &h->value) : HOME_NOTHING;
	if (h->what == HOME_SESSION) {
		if (!take_session(&r, h, max_bytes, err))
			return err->code;
		h->what = r.bad ? HOME_DAMAGED : HOME_SESSION;
	} else if (h->what == HOME_LINK || h->what == HOME_NUMBER) {
		if (h->what == HOME_LINK)
			take_bytes(&r, h->target, sizeof(h->target));
		*(h->what == HOME_LINK ? &h->look : &h->number) = (int64_t)take_number(&r, 8);
		h->what = r.bad || r.left ? HOME_DAMAGED : h->what;
	}
	if (h->what == HOME_DAMAGED) {
		h->live = false;
		h->count = 0;
	}
	h->was = home_marks(h);
	return SESS_OK;
}

static int
write_session(const home *h, home_value *out, sess_error *err)
{
	const sess_record *rec = &h->rec;
	unsigned char *to;

	if (rec->len > INT32_MAX || h->count > UINT16_MAX)
		return sess_fail(err, SESS_TOOBIG, "a session of %zu bytes and %zu ids is too big",
			rec->len, h->count);
	if (!home_room(out, FIXED_BYTES + (h->live ? text_size(rec->user) + text_size(rec->address) +
		text_size(rec->agent) + rec->len : 0) + h->count * TRACE_BYTES))
		return home_full(err);
	to = out->bytes + HEAD_BYTES;
	*to++ = h->live;
	if (h->live)
		to = put_record(to, rec);
	to = put_number(to, h->count, 2);
	for (size_t i = 0; i < h->count; i++) {
		const sess_trace *t = &h->ids[i];

		*to++ = (unsigned char)t->kind;
		to = put_bytes(to, t->id, sizeof(t->id));
		to = put_bytes(to, t->kind == SESS_TRACE_ENDED ? t->next : t->secret, SESS_ID_BYTES);
		to = put_number(to, (uint64_t)t->at, 8);
		to = put_number(to, (uint64_t)t->keep, 8);
		*to++ = (unsigned char)t->why;
	}
	finish(out, h->key, HOME_SESSION, to);
	return SESS_OK;
}

int
home_write(const home *h, home_value *out, sess_error *err)
{
	unsigned char *to;

	if (h->what == HOME_SESSION)
		return write_session(h, out, err);
	if (!home_room(out, HEAD_BYTES + SESS_ID_BYTES + 8))
		return home_full(err);
	to = out->bytes + HEAD_BYTES;
	if (h->what == HOME_LINK)
		to = put_bytes(to, h->target, sizeof(h->target));
	to = put_number(to, (uint64_t)(h->what == HOME_LINK ? h->look : h->number), 8);
	finish(out, h->key, h->what, to);
	return SESS_OK;
}

home_mark
home_marks(const home *h)
{
	home_mark mark = { .kind = 0 };

	if (h->what == HOME_LINK)
		return (home_mark){ .kind = HOME_POINTER, .due = h->look };
	if (h->what == HOME_NUMBER)
		return (home_mark){ .due = INT64_MAX };
	if (h->what != HOME_SESSION)
		return mark;
	if (h->live)
		return (home_mark){ .kind = h->rec.user ? HOME_USER : HOME_ANONYMOUS,
			.due = h->rec.expires, .user = h->rec.user, .home = true };
	mark = (home_mark){ .kind = HOME_TRACES, .due = h->ids[0].keep, .home = true };
	for (size_t i = 1; i < h->count; i++)
		if (h->ids[i].keep > mark.due)
			mark.due = h->ids[i].keep;
	return mark;
}
