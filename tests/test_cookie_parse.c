/* SPDX-License-Identifier: ISC */
/* test_cookie_parse.c - our cookie is found as browsers write it, and nothing else is taken for
 * it. */
#include "alloc.h"
#include "internal.h"
#include "measure.h"
#include "tap.h"

#define NAME "__Host-sid"
#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

/* The value if there is exactly one such cookie, else its number: "0", "2", "-1". */
static const char *
found(const char *header, const char *name)
{
	static char text[COOKIE_HEADER_MAX + 1];
	const char *value = NULL;
	size_t len = 0;
	int n = cookie_find(header, name, &value, &len);

	if (n != 1)
		snprintf(text, sizeof(text), "%d", n);
	else
		snprintf(text, sizeof(text), "<%.*s>", (int)len, value);
	return text;
}

static void
find_ours(void)
{
	static const struct {
		const char *header, *want, *why;
	} cases[] = {
		{ "__Host-sid=abc", "<abc>", "alone" },
		{ "a=b; __Host-sid=abc", "<abc>", "last" },
		{ "__Host-sid=abc; a=b", "<abc>", "first" },
		{ "a=b; __Host-sid=abc; c=d", "<abc>", "between others" },
		{ "a=b;__Host-sid=abc;c=d", "<abc>", "without blanks" },
		{ " \t__Host-sid=abc\t ;", "<abc>", "with blanks around" },
		{ "__Host-sid=", "<>", "an empty value" },
		{ "__Host-sid==a=b=", "<=a=b=>", "= in the value" },
		{ "__Host-sid=\"abc\"", "<\"abc\">", "quotes are part of the value" },
		{ "__Host-sid=a b", "<a b>", "blanks inside are part of the value" },
		{ "__Host-sid=a%20b", "<a%20b>", "percent signs are not decoded" },
		{ ";;; ;__Host-sid=abc;;", "<abc>", "empty pairs do not matter" },
		{ "sid; __Host-sid=abc", "<abc>", "nor do nameless ones" },
		{ "__Host-sid=a,__Host-sid=b", "<a,__Host-sid=b>", "a comma separates nothing" },
	};

	for (size_t i = 0; i < PARTS(cases); i++)
		is_str(found(cases[i].header, NAME), cases[i].want, "found: %s", cases[i].why);
}

static void
find_nothing(void)
{
	static const char *const headers[] = { "", " ", ";", "; ; ;", "=", "__Host-sid",
		"__Host-si=a", "__Host-sid2=a", "x__Host-sid=a", "__Host-sid =a", "__HOST-sid=a",
		"__host-sid=a", "__Host-SID=a", "..Host-sid=a", "_[Host-sid=a", "%5f_Host-sid=a",
		"%5F%5FHost-sid=a", "=__Host-sid=a", "; =__Host-sid=a", "== __Host-sid=a",
		"a=__Host-sid=b", "a=\"; b\"=__Host-sid=c", "a=b, __Host-sid=c", "a b __Host-sid=c",
		"+_Host-sid=a", "\xff__Host-sid=a", "__Host-sid\xc2\xa0=a", "__Host%2Dsid=a",
		"$Version=1, __Host-sid=c", "\v__Host-sid=a", "\r\n__Host-sid=a" };

	for (size_t i = 0; i < PARTS(headers); i++)
		is_str(found(headers[i], NAME), "0", "not ours: case %zu", i);
}

static void
find_doubled(void)
{
	const char *value = NULL;
	size_t len = 0;

	is_str(found("__Host-sid=a; __Host-sid=b", NAME), "2", "two of our name are two");
	is_str(found("__Host-sid=; __Host-sid=b", NAME), "2", "also when one is empty");
	is_str(found("__Host-sid=b; x=y;__Host-sid=b", NAME), "2", "also when they are equal");
	is_str(found("__Host-sid=a; __Host-sid=b;__Host-sid=c", NAME), "3", "three are three");
	is_int(cookie_find("__Host-sid=abc; __Host-sid=d", NAME, &value, &len), 2, "counted");
	ok(len == 3 && memcmp(value, "abc", 3) == 0, "and the first one's value is told");
}

/* Each byte but NUL: around and in the name it makes another cookie; in the value it stays. */
static void
every_byte(void)
{
	bool before = true, in = true, after = true, value = true;
	char header[64], want[64];

	for (int c = 1; c < 256; c++) {
		bool blank = c == ' ' || c == '\t', ends = c == ';';

		snprintf(header, sizeof(header), "%csid=a", c);
		before = before && strcmp(found(header, "sid"), blank || ends ? "<a>" : "0") == 0;
		snprintf(header, sizeof(header), "s%cd=a", c);
		in = in && strcmp(found(header, "sid"), c == 'i' ? "<a>" : "0") == 0;
		snprintf(header, sizeof(header), "sid%c=a", c);
		snprintf(want, sizeof(want), c == '=' ? "<=a>" : "0");
		after = after && strcmp(found(header, "sid"), want) == 0;
		snprintf(header, sizeof(header), "sid=x%cy", c);
		snprintf(want, sizeof(want), "<x%cy>", c);
		value = value && strcmp(found(header, "sid"), ends ? "<x>" : want) == 0;
	}
	ok(before, "of 255 bytes before a name only blanks and ; leave it ours");
	ok(in, "of 255 bytes in it only its own");
	ok(after, "of 255 bytes behind it only =");
	ok(value, "255 bytes stay as they are in a value, and ; ends it");
}

/* -- caps -------------------------------------------------------------------------------------- */

/* A header of exactly size bytes whose last pair is ours. */
static char *
sized(size_t size)
{
	char *header = malloc(size + 1);

	if (header == NULL)
		bail("out of memory");
	memset(header, 'x', size);
	memcpy(header, "a=", 2);
	memcpy(header + size - 7, "; sid=v", 8);
	return header;
}

static void
size_at_limit(void)
{
	static const struct {
		size_t size;
		const char *want;
	} cases[] = { { COOKIE_HEADER_MAX - 1, "<v>" }, { COOKIE_HEADER_MAX, "<v>" },
		{ COOKIE_HEADER_MAX + 1, "-1" }, { 65536, "-1" }, { 1 << 24, "-1" } };

	for (size_t i = 0; i < PARTS(cases); i++) {
		char *header = sized(cases[i].size);

		is_str(found(header, "sid"), cases[i].want, "a header of %zu bytes", cases[i].size);
		free(header);
	}
}

/* n pairs, the last of which is ours. */
static const char *
pairs(size_t n, const char *pair)
{
	static char header[200000];
	size_t len = 0;

	for (size_t i = 1; i < n; i++)
		len += (size_t)snprintf(header + len, sizeof(header) - len, "%s;", pair);
	snprintf(header + len, sizeof(header) - len, "sid=v");
	return header;
}

static void
pairs_at_limit(void)
{
	is_str(found(pairs(COOKIE_PAIRS_MAX, " a=b"), "sid"), "<v>", "as many pairs as may be");
	is_str(found(pairs(COOKIE_PAIRS_MAX + 1, " a=b"), "sid"), "-1", "one more");
	is_str(found(pairs(COOKIE_PAIRS_MAX + 1, ""), "sid"), "-1", "also of empty ones");
	is_str(found(pairs(10000, " a=b"), "sid"), "-1", "ten thousand");
	is_str(found(pairs(10000, ""), "sid"), "-1", "ten thousand of nothing");
	is_str(found(pairs(COOKIE_PAIRS_MAX + 1, "sid=w"), "sid"), "-1", "also when all are ours");
}

static void
repeat(void *header)
{
	const char *value;
	size_t len;

	for (int i = 0; i < 2000; i++)
		(void)cookie_find(header, "sid", &value, &len);
}

/* Pairs that are ours but for the last byte of the name. */
static double
seconds_for(size_t size)
{
	char *header = sized(size);
	double seconds;

	for (size_t at = 0; at + 100 < size; at += 95)
		memcpy(header + at, "; sie", 5);
	seconds = least_seconds(repeat, header);
	free(header);
	return seconds;
}

static void
work_is_linear(void)
{
	double small, large, capped;
	size_t allocations;

	small = seconds_for(COOKIE_HEADER_MAX / 10);
	large = seconds_for(COOKIE_HEADER_MAX);
	capped = seconds_for(COOKIE_HEADER_MAX * 100);
	if (!ok(large < small * LINEAR_AT_MOST, "ten times the header, about ten times the work"))
		diag("%.6f s, %.6f s", small, large);
	ok(capped < large * LINEAR_AT_MOST / 10, "and no more for what is over the cap");
	allocations = alloc_count();
	(void)found(pairs(COOKIE_PAIRS_MAX, " a=b"), "sid");
	(void)found(pairs(10000, " a=b"), "sid");
	is_int((int64_t)(alloc_count() - allocations), 0,
		"nothing is allocated, however many pairs");
}

int
main(void)
{
	find_ours();
	find_nothing();
	find_doubled();
	every_byte();
	size_at_limit();
	pairs_at_limit();
	work_is_linear();
	return done();
}
