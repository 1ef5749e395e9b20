/* SPDX-License-Identifier: ISC */
/* test_json.c - what is written is read back exactly, and nothing else than what could have been
 * written is read at all. test_json_real.c has the numbers with a point. */
#include "alloc.h"
#include "internal.h"
#include "measure.h"
#include "tap.h"

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

static char *text; /* what was read last; map points into it */
static values map;
static size_t where;

static int
keep(void *arg, const entry *e)
{
	(void)arg;
	return values_put(&map, e);
}

/* Read a copy that ends exactly behind its NUL, so that the sanitizer sees any step too far. */
static int
read_bytes(const char *json, size_t len)
{
	values_reset(&map);
	free(text);
	if ((text = malloc(len + 1)) == NULL)
		bail("out of memory");
	memcpy(text, json, len);
	text[len] = '#';
	return json_read(text, len, keep, NULL, &where);
}

/* What is read, written again; "refused at N" if it is not read. */
static const char *
rewritten(const char *json)
{
	static buffer out;
	int rc = read_bytes(json, strlen(json));

	buffer_wipe(&out);
	if (rc == SESS_OK)
		rc = json_write(&out, &map);
	else
		(void)buffer_room(&out, 40);
	if (rc != SESS_OK)
		out.len = (size_t)snprintf(out.at, 40, "refused (%d) at %zu", rc, where);
	if (buffer_end(&out) != SESS_OK)
		bail("out of memory");
	return out.at;
}

static void
read_takes(void)
{
	static const struct {
		const char *json, *again;
	} cases[] = {
		{ "{}", "{}" },
		{ " { } ", "{}" },
		{ "\t{\r\n}\n", "{}" },
		{ "{\"a\":1}", "{\"a\":1}" },
		{ " { \"a\" : 1 , \"b\" : true } ", "{\"a\":1,\"b\":true}" },
		{ "{\"b\":true,\"a\":false}", "{\"a\":false,\"b\":true}" },
		{ "{\"a\":\"\"}", "{\"a\":\"\"}" },
		{ "{\"a\":\" b c\"}", "{\"a\":\" b c\"}" },
		{ "{\"a\":-0}", "{\"a\":0}" },
		{ "{\"a\":9223372036854775807}", "{\"a\":9223372036854775807}" },
		{ "{\"a\":-9223372036854775808}", "{\"a\":-9223372036854775808}" },
		{ "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
			"{\"a\":\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\"}" },
		{ "{\"a\":\"\\u0041\\u00e4\\u20AC\\ud83c\\udf6a\"}",
			"{\"a\":\"A\xc3\xa4\xe2\x82\xac\xf0\x9f\x8d\xaa\"}" },
		{ "{\"a\":\"x\\u0041y\\\\z\"}", "{\"a\":\"xAy\\\\z\"}" },
		{ "{\"a\":\"\x7f\"}", "{\"a\":\"\x7f\"}" },
		{ "{\"a\":{\"bytes\":\"\"}}", "{\"a\":{\"bytes\":\"\"}}" },
		{ "{\"a\":{ \"bytes\" : \"AAH_\" } }", "{\"a\":{\"bytes\":\"AAH_\"}}" },
		{ "{\"a\":{\"text\":\"_w\"}}", "{\"a\":{\"text\":\"_w\"}}" },
		{ "{\"\\u0061\":1}", "{\"a\":1}" },
		{ "{\"@x\":1}", "{\"@x\":1}" },
	};

	for (size_t i = 0; i < PARTS(cases); i++)
		is_str(rewritten(cases[i].json), cases[i].again, "text %zu is taken", i);
}

static void
read_refuses(void)
{
	static const char *const cases[] = { "", " ", "{", "}", "[]", "1", "\"a\"", "null", "{}}",
		"{}x", "{},", "{} {}", "{,}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}",
		"{\"a\":1 \"b\":2}", "{\"a\":1;\"b\":2}", "{a:1}", "{'a':1}", "{\"\":1}", "{1:1}",
		"{\"a\":null}", "{\"a\":[1]}", "{\"a\":{}}", "{\"a\":{\"b\":1}}",
		"{\"a\":{\"bytes\":1}}", "{\"a\":{\"bytes\":\"A\"}}", "{\"a\":{\"bytes\":\"AB\"}}",
		"{\"a\":{\"bytes\":\"AA==\"}}", "{\"a\":{\"bytes\":\"A+A/\"}}",
		"{\"a\":{\"bytes\":\"AA\",}}", "{\"a\":{\"bytes\":\"AA\",\"text\":\"AA\"}}",
		"{\"a\":{\"bytes\":\"AA\"}", "{\"a\":{\"text\":\"AA\"}}",
		"{\"a\":{\"bytes\":{\"bytes\":\"\"}}}", "{\"a\":{\"Bytes\":\"AA\"}}", "{\"a\":tru}",
		"{\"a\":True}", "{\"a\":truex}", "{\"a\":f}", "{\"a\":nan}", "{\"a\":NaN}",
		"{\"a\":Infinity}", "{\"a\":-}", "{\"a\":+1}", "{\"a\":01}", "{\"a\":-01}",
		"{\"a\":.5}", "{\"a\":1.}", "{\"a\":1.e5}", "{\"a\":1e}", "{\"a\":1e+}",
		"{\"a\":1,5}", "{\"a\":0x10}", "{\"a\":0x1p3}", "{\"a\":1.5p3}", "{\"a\":1e400}",
		"{\"a\":-1e400}", "{\"a\":9223372036854775808}", "{\"a\":-9223372036854775809}",
		"{\"a\":99999999999999999999999999999999}", "{\"a\":1_000}", "{\"a\":1 000}",
		"{\"a\":--1}", "{\"a\":\"\\u0000\"}", "{\"a\\u0000\":1}", "{\"a\":\"\\x41\"}",
		"{\"a\":\"\\'\"}", "{\"a\":\"\\u12\"}", "{\"a\":\"\\u12g4\"}",
		"{\"a\":\"\\U0041\"}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\udc00\"}",
		"{\"a\":\"\\ud800xudc00\"}", "{\"a\":\"\\ud800\\xdc00\"}",
		"{\"a\":\"\\ud800\\ud800\"}", "{\"a\":\"\\ud800x\"}", "{\"a\":\"\\ud83c\\u0041\"}",
		"{\"a\":\"\\udf6a\\ud83c\"}", "{\"a\":\"\\ud800\\", "{\"a\":\"\\", "{\"a\":\"\\\"}",
		"{\"a\":\"\x80\"}", "{\"a\":\"\xc3\"}", "{\"a\":\"\xed\xa0\x80\"}", "{\"\xff\":1}",
		"{\"a\":\"\n\"}", "{\"a\":\"\t\"}", "\xef\xbb\xbf{}", "/**/{}", "{\"a\":1}//",
		"{\v}", "{\"a\":\"x\" \"y\"}", "{\"a\":1\"b\":2}" };
	size_t taken = PARTS(cases);

	for (size_t i = 0; i < PARTS(cases); i++)
		if (strncmp(rewritten(cases[i]), "refused (-5)", 12) != 0)
			taken = i;
	is_int((int64_t)taken, PARTS(cases), "%zu texts of another form are refused", PARTS(cases));
	is_str(rewritten("{\"a\":1,\"b\":x}"), "refused (-5) at 11", "where it went wrong is told");
	is_str(rewritten("{\"a\":1} 5"), "refused (-5) at 8", "also behind the end");
}

/* Cut off anywhere, with a byte more, or with a NUL for any byte, it is no longer of the form. */
static void
read_refuses_damage(void)
{
	static const char json[] = "{\"ab\":\"c\\nd\xc3\xa4\",\"e\":12,\"f\":-1.5e3,\"g\":true,"
				   "\"h\":{\"bytes\":\"AAEC\"},\"i\":false}";
	size_t len = strlen(json);
	bool cut = true, nul = true, more = true;
	char copy[sizeof(json) + 1];

	is_int(read_bytes(json, len), SESS_OK, "a text with everything in it");
	for (size_t i = 0; i < len; i++) {
		cut = cut && read_bytes(json, i) == SESS_INVALID;
		memcpy(copy, json, sizeof(json));
		copy[i] = '\0';
		nul = nul && read_bytes(copy, len) == SESS_INVALID;
	}
	for (int c = 0; c < 256; c++) {
		memcpy(copy, json, sizeof(json));
		copy[len] = (char)c;
		more = more && (read_bytes(copy, len + 1) == SESS_OK) ==
				       (c == ' ' || c == '\t' || c == '\n' || c == '\r');
	}
	ok(cut, "cut off anywhere it is refused");
	ok(nul, "with a NUL anywhere too");
	ok(more, "with a byte more too, but for blanks");
}

static void
every_escape(void)
{
	char json[40], want[8];
	bool single = true, pairs = true;

	for (uint32_t c = 0; c <= 0xffff; c++) {
		bool good = c != 0 && (c < 0xd800 || c > 0xdfff);

		snprintf(json, sizeof(json), c % 2 ? "{\"k\":\"\\u%04x\"}" : "{\"k\":\"\\u%04X\"}",
			c);
		*utf8_put(want, c) = '\0';
		single = single && (read_bytes(json, strlen(json)) == SESS_OK) == good &&
			 (!good || strcmp(values_find(&map, "k")->bytes, want) == 0);
	}
	for (uint32_t c = 0x10000; c <= 0x10ffff; c += 61) {
		snprintf(json, sizeof(json), "{\"k\":\"\\u%04x\\u%04x\"}",
			0xd800 + ((c - 0x10000) >> 10), 0xdc00 + (c & 0x3ff));
		*utf8_put(want, c) = '\0';
		pairs = pairs && read_bytes(json, strlen(json)) == SESS_OK &&
			strcmp(values_find(&map, "k")->bytes, want) == 0;
	}
	ok(single, "65536 escapes mean what they say, but for NUL and surrogates");
	ok(pairs, "pairs of surrogates are one character");
}

/* A value through its text and back; true if it is the same to the byte. */
static bool
survives(const entry *e)
{
	values one = { 0 };
	buffer out = { 0 };
	const entry *back;
	bool same;

	if (values_put(&one, e) != SESS_OK || json_write(&out, &one) != SESS_OK)
		bail("out of memory");
	same = read_bytes(out.at, out.len) == SESS_OK && map.count == 1 &&
	       (back = values_find(&map, e->key)) != NULL && back->type == e->type &&
	       back->len == e->len && memcmp(back->bytes, e->bytes, e->len) == 0 &&
	       back->bytes[back->len] == '\0';
	values_free(&one);
	buffer_free(&out);
	return same;
}

static void
bytes_survive(void)
{
	char data[300], texts[300];
	bool text_same = true, bytes_same = true;
	uint64_t seed = 5;

	for (int i = 0; i < 20000; i++) {
		size_t len = i < 256 ? 1 : dice_below(&seed, sizeof(data));

		for (size_t j = 0; j < len; j++) {
			data[j] = (char)(i < 256 ? i : (int)dice_below(&seed, i % 3 ? 256 : 128));
			texts[j] = data[j] != '\0' ? data[j] : 'n';
		}
		data[len < sizeof(data) ? len : len - 1] =
			texts[len < sizeof(data) ? len : len - 1] = '\0';
		bytes_same = bytes_same && survives(&(entry){ .key = "k",
						   .type = SESS_BYTES,
						   .bytes = data,
						   .len = strnlen(data, 1) ? len : 1 });
		text_same = text_same && survives(&(entry){ .key = "k",
						 .type = SESS_STR,
						 .bytes = texts,
						 .len = strlen(texts) });
	}
	ok(text_same, "text of any bytes comes back exactly, UTF-8 or not");
	ok(bytes_same, "so do bytes, NUL included");
	ok(survives(&(entry){ .key = "~!\"\\", .type = SESS_BYTES, .bytes = "", .len = 0 }),
		"and no bytes under a key of signs");
}

static int
stop_at_second(void *arg, const entry *e)
{
	(void)e;
	return ++*(int *)arg == 2 ? 7 : 0;
}

static void
member_stops(void)
{
	char json[] = "{\"a\":1,\"a\":2,\"c\":3}";
	int seen = 0;

	is_int(json_read(json, strlen(json), stop_at_second, &seen, &where), 7,
		"a member may stop it");
	is_int(seen, 2, "and gets equal names as they come");
}

/* -- work and memory --------------------------------------------------------------------------- */

static int
ignore(void *arg, const entry *e)
{
	(void)arg;
	return e->key == NULL;
}

static buffer many, copy;

static void
fill_many(int n)
{
	char member[80];

	buffer_wipe(&many);
	for (int i = 0; i < n; i++) {
		snprintf(member, sizeof(member), "%c\"key%06d\":\"some \\n text\"", i ? ',' : '{',
			i);
		(void)buffer_text(&many, member);
	}
	(void)buffer_text(&many, "}");
	buffer_wipe(&copy);
	(void)buffer_room(&copy, many.len + 1);
}

static void
read_many(void *arg)
{
	memcpy(copy.at, many.at, many.len);
	*(int *)arg = json_read(copy.at, many.len, ignore, NULL, &where);
}

static void
work_is_linear(void)
{
	double small, large;
	size_t allocations;
	int rc = 1;

	fill_many(3000);
	small = least_seconds(read_many, &rc);
	fill_many(30000);
	large = least_seconds(read_many, &rc);
	is_int(rc, SESS_OK, "30000 members are read");
	if (!ok(large < small * LINEAR_AT_MOST, "in about ten times the time of 3000"))
		diag("%.6f s, %.6f s", small, large);
	allocations = alloc_count();
	read_many(&rc);
	is_int((int64_t)(alloc_count() - allocations), 0, "without allocating anything");
	buffer_free(&many);
	buffer_free(&copy);
}

/* The code of the first writing that gets through, after all those where one allocation failed. */
static int
write_failing(size_t want, bool onwards, size_t *tries)
{
	buffer out = { 0 };
	bool silent = false;
	int rc;

	for (*tries = 1;; ++*tries) {
		alloc_fail(*tries, onwards);
		rc = json_write(&out, &map);
		alloc_fail(0, false);
		if (rc != SESS_NOMEM)
			break;
		buffer_free(&out);
	}
	silent = out.len != want;
	buffer_free(&out);
	return silent ? SESS_INVALID : rc;
}

/* Values so long that each needs memory of its own. */
static void
write_without_memory(void)
{
	static char data[6][9000];
	static const char *const names[] = { "a", "b", "c", "d", "e", "f" };
	buffer whole = { 0 };
	size_t tries, want;

	values_reset(&map);
	for (size_t i = 0; i < 6; i++) {
		size_t len = 10u << 2 * i < 8999 ? 10u << 2 * i : 8999;

		memset(data[i], i % 3 == 0 ? 'x' : 0xff, len);
		if (values_put(&map, &(entry){ .key = names[i],
					     .bytes = data[i],
					     .len = len,
					     .type = i % 3 == 2 ? SESS_BYTES : SESS_STR }) !=
			SESS_OK)
			bail("out of memory");
	}
	if (json_write(&whole, &map) != SESS_OK)
		bail("out of memory");
	want = whole.len;
	buffer_free(&whole);
	is_int(write_failing(want, true, &tries), SESS_OK, "writing without memory says so");
	ok(tries > 3, "in each of %zu places", tries);
	is_int(write_failing(want, false, &tries), SESS_OK, "also if only one allocation fails");
	ok(tries > 3, "in each of %zu places", tries);
}

int
main(void)
{
	read_takes();
	read_refuses();
	read_refuses_damage();
	every_escape();
	bytes_survive();
	member_stops();
	work_is_linear();
	write_without_memory();
	values_free(&map);
	free(text);
	return done();
}
