/* SPDX-License-Identifier: ISC */
/* lines.c - the lines of an export, written. Values go as they are stored, so that what is put back
 * is the same byte for byte; what has no place in a line of JSON goes in base64url. */
#include "lines.h"

#include <sodium.h>
#include <string.h>

#define SUM_BEFORE ",\"sum\":\""
#define SUM_BEHIND "\"}"

/* Beside the values: numbers, ids, texts, and some 4000 former ids. */
#define ROOM ((size_t)1 << 20)
#define SEAL_ROOM 256

size_t
line_max(size_t max_bytes)
{
	return (max_bytes + SEAL_ROOM) / 3 * 4 + ROOM;
}

void
line_keys(char out[LINE_KEYS_MAX], const keyring *ring)
{
	unsigned char hash[KEY_BYTES];

	out[0] = '\0';
	for (size_t i = 0; i < ring->count; i++) {
		if (i > 0)
			*out++ = ' ';
		token_hash(hash, ring->key[i], "fingerprint", "", 0);
		out += base64_encode(out, hash, LINE_KEY_CHARS / 4 * 3);
	}
	sodium_memzero(hash, sizeof(hash));
}

/* -- members ----------------------------------------------------------------------------------- */

#define HEX_MAX (2 * sizeof(sess_cursor))
#define MEMBERS_MAX 24

/* An object under way; what is put into it must stay where it is until object_put. */
typedef struct object {
	entry at[MEMBERS_MAX];
	size_t count;
	char hex[3][HEX_MAX + 1];
	size_t hexes;
} object;

static void
put_text(object *o, const char *key, const char *text)
{
	if (text != NULL)
		o->at[o->count++] = (entry){ .key = key, .type = SESS_STR, .bytes = text,
			.len = strlen(text) };
}

static void
put_hex(object *o, const char *key, const unsigned char *bytes, size_t len)
{
	char *hex = o->hex[o->hexes++];

	put_text(o, key, sodium_bin2hex(hex, HEX_MAX + 1, bytes, len));
}

static void
put_int(object *o, const char *key, int64_t number)
{
	o->at[o->count++] = (entry){ .key = key, .type = SESS_INT, .is.num = number };
}

/* Append the object without its closing brace. */
static int
object_open(buffer *out, object *o)
{
	int rc = json_write(out, &(values){ .at = o->at, .count = o->count });

	if (rc == SESS_OK)
		out->len--;
	return rc;
}

/* -- a line ------------------------------------------------------------------------------------ */

static void
chain_add(unsigned char chain[LINE_SUM], const unsigned char sum[LINE_SUM])
{
	unsigned char both[2 * LINE_SUM];

	memcpy(both, chain, LINE_SUM);
	memcpy(both + LINE_SUM, sum, LINE_SUM);
	crypto_generichash(chain, LINE_SUM, both, sizeof(both), NULL, 0);
}

/* The line that begins at start lacks its end: rc, or SESS_NOMEM. */
static int
line_close(buffer *out, size_t start, line_tally *tally, int rc)
{
	unsigned char sum[LINE_SUM];
	char text[LINE_SUM_CHARS + 1];

	if (rc != SESS_OK)
		return rc;
	crypto_generichash(sum, sizeof(sum), (const unsigned char *)out->at + start,
		out->len - start, NULL, 0);
	base64_encode(text, sum, sizeof(sum));
	chain_add(tally->chain, sum);
	if (buffer_text(out, SUM_BEFORE) != SESS_OK || buffer_text(out, text) != SESS_OK)
		return SESS_NOMEM;
	return buffer_text(out, SUM_BEHIND "\n");
}

bool
line_unsum(char *text, size_t *len, unsigned char sum[LINE_SUM])
{
	const size_t before = sizeof(SUM_BEFORE) - 1, behind = sizeof(SUM_BEHIND) - 1;
	const size_t all = before + LINE_SUM_CHARS + behind;
	unsigned char said[LINE_SUM];
	char *end;

	if (*len < all)
		return false;
	end = text + *len - all;
	if (memcmp(end, SUM_BEFORE, before) != 0
		|| memcmp(text + *len - behind, SUM_BEHIND, behind) != 0
		|| base64_decode(said, sizeof(said), end + before, LINE_SUM_CHARS) != LINE_SUM)
		return false;
	*len -= all;
	crypto_generichash(sum, LINE_SUM, (const unsigned char *)text, *len, NULL, 0);
	if (memcmp(sum, said, LINE_SUM) != 0)
		return false;
	text[(*len)++] = '}';
	return true;
}

int
line_put_head(buffer *out, line_tally *tally, const char *url, const char *keys, int64_t now)
{
	object o = { .count = 0 };
	size_t start = out->len;

	put_int(&o, "sesskit_export", LINES_VERSION);
	put_int(&o, "made", now);
	put_text(&o, "store", url);
	put_text(&o, "keys", keys);
	return line_close(out, start, tally, object_open(out, &o));
}

static void
put_tally(object *o, const line_tally *tally)
{
	put_int(o, "records", tally->records);
	put_int(o, "ids_ended", tally->ended);
	put_int(o, "left_out", tally->damaged);
	put_hex(o, "chain", tally->chain, sizeof(tally->chain));
}

int
line_put_checkpoint(buffer *out, line_tally *tally, const sess_cursor *cursor)
{
	object o = { .count = 0 };
	size_t start = out->len;

	put_hex(&o, "checkpoint", cursor->at, sizeof(cursor->at));
	put_tally(&o, tally);
	return line_close(out, start, tally, object_open(out, &o));
}

int
line_put_complete(buffer *out, line_tally *tally)
{
	object o = { .count = 0 };
	size_t start = out->len;

	put_int(&o, "complete", 1);
	put_tally(&o, tally);
	return line_close(out, start, tally, object_open(out, &o));
}

/* -- an item ----------------------------------------------------------------------------------- */

static int
accept(void *arg, const entry *e)
{
	(void)arg;
	(void)e;
	return 0;
}

int
line_data_fits(buffer *scratch, const char *data, size_t len)
{
	size_t where;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)data[i] < ' ')
			return 0;
	/* Reading changes what it reads. */
	buffer_wipe(scratch);
	if (buffer_put(scratch, data, len) != SESS_OK || buffer_end(scratch) != SESS_OK)
		return SESS_NOMEM;
	return json_read(scratch->at, len, accept, NULL, &where) == SESS_OK;
}

static int
put_packed(buffer *out, const char *before, const void *data, size_t len)
{
	if (buffer_text(out, before) != SESS_OK || len > SIZE_MAX / 4
		|| buffer_room(out, len / 3 * 4 + 6) != SESS_OK)
		return SESS_NOMEM;
	out->len += base64_encode(out->at + out->len, data, len);
	return buffer_char(out, '"');
}

static int
put_traces(buffer *out, const sess_item *item)
{
	int rc = item->count > 0 ? buffer_text(out, ",\"traces\":[") : SESS_OK;

	for (size_t i = 0; rc == SESS_OK && i < item->count; i++) {
		const sess_trace *t = &item->traces[i];
		object o = { .count = 0 };

		put_int(&o, "kind", t->kind);
		put_hex(&o, "id", t->id, sizeof(t->id));
		put_hex(&o, "secret", t->secret, sizeof(t->secret));
		put_int(&o, "at", t->at);
		put_int(&o, "keep", t->keep);
		rc = i > 0 ? buffer_char(out, ',') : SESS_OK;
		if (rc == SESS_OK)
			rc = object_open(out, &o);
		if (rc == SESS_OK)
			rc = buffer_char(out, '}');
	}
	return rc == SESS_OK && item->count > 0 ? buffer_char(out, ']') : rc;
}

/* Values that are no JSON for a line come before the traces, others behind them: that is where a
 * reader expects text in braces. */
static int
put_parts(buffer *out, const sess_item *item, bool plain)
{
	const sess_record *rec = item->rec;
	int rc = SESS_OK;

	if (!plain)
		rc = put_packed(out, rec->sealed ? ",\"sealed\":\"" : ",\"text\":\"", rec->data, rec->len);
	if (rc == SESS_OK)
		rc = put_traces(out, item);
	if (rc == SESS_OK && plain)
		rc = buffer_text(out, ",\"data\":");
	return rc == SESS_OK && plain ? buffer_put(out, rec->data, rec->len) : rc;
}

static int
put_record(buffer *out, const sess_item *item)
{
	const sess_record *rec = item->rec;
	object o = { .count = 0 };
	buffer scratch = { NULL, 0, 0 };
	int rc, plain;

	put_hex(&o, "id", rec->id, sizeof(rec->id));
	put_hex(&o, "secret", rec->secret, sizeof(rec->secret));
	put_hex(&o, "family", rec->family, sizeof(rec->family));
	put_int(&o, "revision", (int64_t)rec->revision);
	put_int(&o, "created", rec->created);
	put_int(&o, "seen", rec->seen);
	put_int(&o, "expires", rec->expires);
	put_int(&o, "absolute", rec->absolute);
	put_int(&o, "idle", rec->idle);
	put_int(&o, "renew", rec->renew);
	put_int(&o, "offered", rec->offered);
	put_int(&o, "login", rec->login);
	put_int(&o, "persist", rec->persist);
	put_int(&o, "level", rec->level);
	put_text(&o, "user", rec->user);
	put_text(&o, "address", rec->address);
	put_text(&o, "agent", rec->agent);
	plain = rec->sealed ? 0 : line_data_fits(&scratch, rec->data, rec->len);
	buffer_free(&scratch);
	if (plain < 0)
		return plain;
	rc = object_open(out, &o);
	return rc == SESS_OK ? put_parts(out, item, plain) : rc;
}

static int
put_ended(buffer *out, const sess_trace *t)
{
	object o = { .count = 0 };

	put_hex(&o, "ended", t->id, sizeof(t->id));
	put_int(&o, "why", t->why);
	put_int(&o, "at", t->at);
	put_int(&o, "keep", t->keep);
	if (!sodium_is_zero(t->next, sizeof(t->next)))
		put_hex(&o, "next", t->next, sizeof(t->next));
	return object_open(out, &o);
}

int
line_put_item(buffer *out, line_tally *tally, const sess_item *item)
{
	size_t start = out->len;
	int rc = item->rec != NULL ? put_record(out, item) : put_ended(out, item->traces);

	rc = line_close(out, start, tally, rc);
	if (rc != SESS_OK) {
		out->len = start;
		return rc;
	}
	*(item->rec != NULL ? &tally->records : &tally->ended) += 1;
	return SESS_OK;
}

bool
line_count(line_tally *tally, const line *l)
{
	bool good = true;

	if (l->kind == LINE_RECORD)
		tally->records++;
	else if (l->kind == LINE_ENDED)
		tally->ended++;
	else if (l->kind != LINE_HEAD) {
		good = l->tally.records == tally->records && l->tally.ended == tally->ended
			&& memcmp(l->tally.chain, tally->chain, sizeof(tally->chain)) == 0;
		/* Whoever goes on does so from here. */
		*tally = l->tally;
	}
	chain_add(tally->chain, l->sum);
	return good;
}
