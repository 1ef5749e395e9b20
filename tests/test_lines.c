/* SPDX-License-Identifier: ISC */
/* test_lines.c - the lines of an export: what is written is read as the same, and nothing else is
 * read at all. */
#include "../fcgi-apps/tools/lines.h"

#include "tap.h"

#include <sodium.h>

#define MAX_BYTES 4096
#define HEX32 "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define HEX16 "0102030405060708090a0b0c0d0e0f10"

static line read_into;
static sess_error error;
static char *text;              /* what read_into points to */

/* Read one line with its end, as it is in the buffer. */
static int
read_back(const buffer *written)
{
	free(text);
	text = malloc(written->len + 1);
	if (text == NULL || written->len == 0 || written->at[written->len - 1] != '\n')
		bail("no line was written");
	memcpy(text, written->at, written->len);
	error = (sess_error){ 0 };
	return line_read(&read_into, text, written->len - 1, MAX_BYTES, &error);
}

static sess_record
record(void)
{
	sess_record rec = { .revision = 3, .created = 1, .seen = 2, .expires = 50, .absolute = 60,
		.idle = 48, .renew = 6, .offered = 7, .login = 8, .persist = 9, .level = 10,
		.user = "al\"ice\\", .address = "", .agent = "\x01\x1b[31m \xff\xfe", .data =
		"{\"a\":1, \"b\":\"\\u00e9 },{ ,\\\"data\\\":\"}", };

	for (int i = 0; i < SESS_ID_BYTES; i++) {
		rec.id[i] = (unsigned char)i;
		rec.secret[i] = (unsigned char)(i * 3);
	}
	memset(rec.family, 0xfa, sizeof(rec.family));
	rec.len = strlen(rec.data);
	return rec;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_record(const sess_record *a, const sess_record *b)
{
	return memcmp(a->id, b->id, sizeof(a->id)) == 0
		&& memcmp(a->secret, b->secret, sizeof(a->secret)) == 0
		&& memcmp(a->family, b->family, sizeof(a->family)) == 0 && a->revision == b->revision
		&& a->created == b->created && a->seen == b->seen && a->expires == b->expires
		&& a->absolute == b->absolute && a->idle == b->idle && a->renew == b->renew
		&& a->offered == b->offered && a->login == b->login && a->persist == b->persist
		&& a->level == b->level && same_text(a->user, b->user)
		&& same_text(a->address, b->address) && same_text(a->agent, b->agent)
		&& a->len == b->len && memcmp(a->data, b->data, a->len) == 0 && a->sealed == b->sealed;
}

static void
round_trip(const sess_record *rec, const sess_trace *traces, size_t count, const char *what)
{
	buffer out = { 0 };
	line_tally tally = { .records = 0 };
	sess_item item = { .rec = rec, .traces = traces, .count = count };
	int rc = line_put_item(&out, &tally, &item);

	is_int(rc, SESS_OK, "%s is written", what);
	is_int(tally.records, 1, "and counted");
	ok(memchr(out.at, '\n', out.len) == out.at + out.len - 1, "as one line");
	is_int(read_back(&out), SESS_OK, "%s is read (%s)", what, error.text);
	is_int(read_into.kind, LINE_RECORD, "as a record");
	ok(same_record(&read_into.rec, rec), "which is the same");
	ok(read_into.count == count && (count == 0 || memcmp(read_into.traces, traces,
		count * sizeof(*traces)) == 0), "and so are its %zu traces", count);
	buffer_free(&out);
}

static void
test_records(void)
{
	sess_record rec = record();
	sess_trace traces[3] = { { .kind = SESS_TRACE_CANDIDATE, .at = 5, .keep = 500 },
		{ .kind = SESS_TRACE_RETIRED, .at = 6, .keep = 600 },
		{ .kind = SESS_TRACE_RETIRED, .at = 0, .keep = 0 } };

	for (int i = 0; i < 3; i++) {
		memset(traces[i].id, 0x10 + i, sizeof(traces[i].id));
		memset(traces[i].secret, 0x20 + i, sizeof(traces[i].secret));
	}
	round_trip(&rec, NULL, 0, "a record with everything");
	round_trip(&rec, traces, 3, "one with traces");
	rec.user = rec.address = rec.agent = NULL;
	round_trip(&rec, traces, 1, "an anonymous one");
	rec.data = "\x01\x00\xff\n binary";
	rec.len = 11;
	rec.sealed = true;
	round_trip(&rec, traces, 2, "a sealed one");
	rec.len = 0;
	round_trip(&rec, NULL, 0, "a sealed one without a byte");
	rec.sealed = false;
	round_trip(&rec, traces, 1, "no values at all");
	rec.data = "{\"a\":1}\n";
	rec.len = 8;
	round_trip(&rec, traces, 1, "values of two lines");
	rec.data = "{\"a\":1},\"revision\":99,\"x\":{}";
	rec.len = strlen(rec.data);
	round_trip(&rec, traces, 1, "values that would break out");
	rec.data = "[1,2]";
	rec.len = 5;
	round_trip(&rec, traces, 3, "values that no program stores");
	rec.data = " {\"a\" : 1} ";
	rec.len = 11;
	round_trip(&rec, traces, 3, "values with blanks");
}

static void
test_ended(void)
{
	sess_trace t = { .kind = SESS_TRACE_ENDED, .at = 5, .keep = 9, .why = SESS_REVOKED };
	line_tally tally = { .records = 0 };
	buffer out = { 0 };

	memset(t.id, 1, sizeof(t.id));
	for (int i = 0; i < 2; i++) {
		memset(t.next, i, sizeof(t.next));
		out.len = 0;
		is_int(line_put_item(&out, &tally, &(sess_item){ .traces = &t, .count = 1 }), SESS_OK,
			"an ended id");
		is_int(read_back(&out), SESS_OK, "is read (%s)", error.text);
		ok(read_into.kind == LINE_ENDED && read_into.count == 1
			&& memcmp(&read_into.traces[0], &t, sizeof(t)) == 0, "as the same");
	}
	is_int(tally.ended, 2, "both were counted");
	buffer_free(&out);
}

/* Five lines as an export has them; each in its own buffer. */
static void
write_five(buffer out[5], sess_cursor *cursor)
{
	line_tally tally = { .damaged = 2 };
	sess_record rec = record();

	memset(cursor->at, 0x5c, sizeof(cursor->at));
	line_put_head(&out[0], &tally, "sqlite:/a \"b\"", "abc", 77);
	line_put_item(&out[1], &tally, &(sess_item){ .rec = &rec });
	rec.id[0] ^= 1;
	line_put_item(&out[2], &tally, &(sess_item){ .rec = &rec });
	line_put_checkpoint(&out[3], &tally, cursor);
	line_put_complete(&out[4], &tally);
}

/* How many of the lines, read in this order, do not fit behind those before them. */
static int
misfits(const buffer lines[5], const int order[5])
{
	line_tally tally = { .records = 0 };
	int n = 0;

	for (int i = 0; i < 5; i++) {
		if (order[i] < 0)
			continue;
		if (read_back(&lines[order[i]]) != SESS_OK)
			bail("%s", error.text);
		n += !line_count(&tally, &read_into);
	}
	return n;
}

static void
test_chain(void)
{
	buffer lines[5] = { { 0 } };
	sess_cursor cursor;

	write_five(lines, &cursor);
	is_int(read_back(&lines[0]), SESS_OK, "a head");
	ok(read_into.kind == LINE_HEAD && strcmp(read_into.store, "sqlite:/a \"b\"") == 0
		&& strcmp(read_into.keys, "abc") == 0 && read_into.made == 77, "says what it said");
	is_int(read_back(&lines[3]), SESS_OK, "a checkpoint");
	ok(read_into.kind == LINE_CHECKPOINT && read_into.tally.records == 2
		&& read_into.tally.damaged == 2
		&& memcmp(&read_into.cursor, &cursor, sizeof(cursor)) == 0, "says what it said");
	is_int(misfits(lines, (int[]){ 0, 1, 2, 3, 4 }), 0, "all lines in order fit");
	is_int(misfits(lines, (int[]){ 0, 2, 1, 3, 4 }), 1, "two that were swapped do not");
	is_int(misfits(lines, (int[]){ 0, 1, 1, 3, 4 }), 1, "nor one in the place of another");
	is_int(misfits(lines, (int[]){ 0, 1, -1, 3, 4 }), 1, "nor one too few");
	is_int(misfits(lines, (int[]){ 0, 1, 2, -1, 4 }), 1, "not even a checkpoint");
	for (int i = 0; i < 5; i++)
		buffer_free(&lines[i]);
}

static void
test_flips(void)
{
	buffer out = { 0 };
	line_tally tally = { .records = 0 };
	sess_record rec = record();
	int read = 0;

	line_put_item(&out, &tally, &(sess_item){ .rec = &rec });
	for (size_t i = 0; i + 1 < out.len; i++)
		for (int bit = 0; bit < 8; bit++) {
			out.at[i] = (char)(out.at[i] ^ 1 << bit);
			read += read_back(&out) != SESS_INVALID;
			out.at[i] = (char)(out.at[i] ^ 1 << bit);
		}
	is_int(read, 0, "no line with a changed bit is read");
	buffer_free(&out);
}

/* -- what nobody wrote ------------------------------------------------------------------------- */

#define RECORD(more) "{\"id\":\"" HEX32 "\",\"secret\":\"" HEX32 "\",\"family\":\"" HEX16 "\"," more
#define TIMES "\"created\":1,\"seen\":2,\"expires\":3,\"absolute\":9,\"idle\":1,\"renew\":0," \
	"\"offered\":0,\"login\":0,\"persist\":0,\"level\":0"
#define WHOLE RECORD("\"revision\":1," TIMES)
#define TRACE(id) "{\"kind\":1,\"id\":\"" id "\",\"secret\":\"" HEX32 "\",\"at\":1,\"keep\":2}"
#define OTHER "ff02030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define ENDED(more) "{\"ended\":\"" HEX32 "\"," more "}"

static const struct {
	const char *body, *says;        /* says NULL: it is good */
} bodies[] = {
	{ WHOLE ",\"data\":{}}", NULL },
	{ WHOLE ",\"traces\":[" TRACE(OTHER) "],\"data\":{\"a\":1}}", NULL },
	{ WHOLE ",\"sealed\":\"AAEC\"}", NULL },
	{ ENDED("\"why\":8,\"at\":1,\"keep\":2"), NULL },
	{ "", "not a line" },
	{ "{}", "not a line" },
	{ "null}", "not a line" },
	{ WHOLE "}", "no values" },
	{ WHOLE ",\"data\":{},\"data\":{}}", "\"data\" is not" },
	{ WHOLE ",\"sealed\":\"AAEC\",\"data\":{}}", "beside other values" },
	{ WHOLE ",\"sealed\":\"AAEC\",\"text\":\"AAEC\"}", "beside other values" },
	{ WHOLE ",\"data\":{\"a\":[1]}}", "\"data\" is not" },
	{ WHOLE ",\"data\":[]}", "\"data\" is not" },
	{ WHOLE ",\"data\":}", "\"data\" is not" },
	{ WHOLE ",\"data\":{\"a\":1}", "\"data\" is not" },
	{ WHOLE ",\"data\":{},\"traces\":[]}", "\"data\" is not" },
	{ WHOLE ",\"traces\":[],\"data\":{}}", "not a line" },
	{ WHOLE ",\"traces\":[,\"data\":{}}", "not a list" },
	{ WHOLE ",\"traces\":[" TRACE(OTHER) ",\"data\":{}}", "not a list" },
	{ WHOLE ",\"traces\":[" TRACE(OTHER) "," TRACE(OTHER) "x],\"data\":{}}", "not a line" },
	{ WHOLE ",\"traces\":[" TRACE(HEX32) "],\"data\":{}}", "leads to itself" },
	{ WHOLE ",\"traces\":[{\"kind\":3}],\"data\":{}}", "\"kind\" is out of range" },
	{ WHOLE ",\"traces\":[{\"kind\":1}],\"data\":{}}", "\"id\" is missing" },
	{ WHOLE ",\"sealed\":\"A\"}", "not base64url" },
	{ WHOLE ",\"sealed\":5}", "not base64url" },
	{ WHOLE ",\"admin\":true,\"data\":{}}", "\"admin\" is unknown" },
	{ WHOLE ",\"level\":1,\"data\":{}}", "\"level\" comes twice" },
	{ WHOLE ",\"user\":\"\",\"data\":{}}", "\"user\" is not" },
	{ WHOLE ",\"user\":7,\"data\":{}}", "\"user\" is not" },
	{ WHOLE ",\"user\":\"a\\u0000b\",\"data\":{}}", "not a line" },
	{ WHOLE ",\"user\":\"\xff\",\"data\":{}}", "not a line" },
	{ WHOLE ",\"data\":{}} ", "\"data\" is not" },
	{ RECORD(TIMES ",\"data\":{}}"), "\"revision\" is missing" },
	{ RECORD("\"revision\":0," TIMES ",\"data\":{}}"), "\"revision\" is out of range" },
	{ RECORD("\"revision\":-1," TIMES ",\"data\":{}}"), "\"revision\" is out of range" },
	{ RECORD("\"revision\":9223372036854775808," TIMES ",\"data\":{}}"), "not a line" },
	{ RECORD("\"revision\":1.0," TIMES ",\"data\":{}}"), "\"revision\" is not a whole number" },
	{ RECORD("\"revision\":true," TIMES ",\"data\":{}}"), "\"revision\" is not a whole number" },
	{ RECORD("\"seen\":253402300800}"), "\"seen\" is out of range" },
	{ RECORD("\"seen\":-1}"), "\"seen\" is out of range" },
	{ RECORD("\"level\":101}"), "\"level\" is out of range" },
	{ RECORD("\"revision\":1,\"created\":1,\"seen\":2,\"expires\":10,\"absolute\":9,\"idle\":1,"
		"\"renew\":0,\"offered\":0,\"login\":0,\"persist\":0,\"level\":0,\"data\":{}}"),
		"later than \"absolute\"" },
	{ "{\"id\":\"01\"}", "\"id\" is not hexadecimal" },
	{ "{\"id\":\"" HEX32 "00\"}", "\"id\" is not hexadecimal" },
	{ "{\"id\":\"x" HEX32 "\"}", "\"id\" is not hexadecimal" },
	{ "{\"id\":5}", "\"id\" is not hexadecimal" },
	{ ENDED("\"why\":1,\"at\":1,\"keep\":2"), "\"why\" is out of range" },
	{ ENDED("\"why\":12,\"at\":1,\"keep\":2"), "\"why\" is out of range" },
	{ ENDED("\"why\":8,\"at\":1"), "\"keep\" is missing" },
	{ ENDED("\"why\":8,\"at\":1,\"keep\":2,\"data\":{}"), "not a line" },
	{ "{\"sesskit_export\":2,\"made\":1,\"store\":\"s\",\"keys\":\"k\"}", "of version 2" },
	{ "{\"sesskit_export\":1,\"made\":1,\"store\":\"s\"}", "\"keys\" is missing" },
	{ "{\"checkpoint\":\"00\"}", "\"checkpoint\" is not hexadecimal" },
	{ "{\"complete\":2}", "\"complete\" is out of range" },
};

/* With a right checksum, as an enemy would. */
static void
sign(buffer *out, const char *body)
{
	size_t len = strlen(body) > 0 ? strlen(body) - 1 : 0;
	unsigned char sum[LINE_SUM];
	char packed[LINE_SUM_CHARS + 1];

	out->len = 0;
	crypto_generichash(sum, sizeof(sum), (const unsigned char *)body, len, NULL, 0);
	base64_encode(packed, sum, sizeof(sum));
	buffer_put(out, body, len);
	buffer_text(out, ",\"sum\":\"");
	buffer_text(out, packed);
	buffer_text(out, "\"}\n");
}

static void
test_bodies(void)
{
	buffer out = { 0 };

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const char *says = bodies[i].says;
		int rc;

		sign(&out, bodies[i].body);
		rc = read_back(&out);
		ok(says == NULL ? rc == SESS_OK : rc == SESS_INVALID && strstr(error.text, says) != NULL,
			"line %zu: %s (%d %s)", i + 1, says != NULL ? says : "is good", rc, error.text);
	}
	buffer_free(&out);
}

static void
test_sizes(void)
{
	line_tally tally = { .records = 0 };
	sess_record rec = record();
	char data[MAX_BYTES + 2];
	buffer out = { 0 };

	memset(data, ' ', sizeof(data));
	data[0] = '{';
	data[1] = '}';
	rec.data = data;
	rec.len = MAX_BYTES;
	line_put_item(&out, &tally, &(sess_item){ .rec = &rec });
	is_int(read_back(&out), SESS_OK, "values of max_bytes");
	ok(out.len < line_max(MAX_BYTES), "fit into the longest line");
	rec.len++;
	out.len = 0;
	line_put_item(&out, &tally, &(sess_item){ .rec = &rec });
	is_int(read_back(&out), SESS_INVALID, "a byte more is refused");
	ok(strstr(error.text, "max_bytes") != NULL, "with the setting: %s", error.text);
	buffer_free(&out);
}

int
main(void)
{
	test_records();
	test_ended();
	test_chain();
	test_flips();
	test_bodies();
	test_sizes();
	line_free(&read_into);
	free(text);
	return done();
}
