/* SPDX-License-Identifier: ISC */
/* test_utf8.c - every character there is, and every sequence of bytes that is none. */
#include "internal.h"
#include "tap.h"

/* What the bytes are by decoding them: the length of the sequence if its value has this form and no
 * shorter one, is no surrogate and in range; else 0. Another road than the table in utf8.c. */
static size_t
decoded(const unsigned char *p, size_t left)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	uint32_t value;
	size_t len = 1;

	if (p[0] < 0x80)
		return 1;
	while (len < 8 && p[0] & 0x80 >> len)
		len++;
	if (len < 2 || len > 4 || len > left)
		return 0;
	value = p[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (p[i] & 0x3f);
	}
	return value >= least[len] && value <= 0x10ffff && (value < 0xd800 || value > 0xdfff) ? len
											      : 0;
}

static void
every_character(void)
{
	bool whole = true, sole = true, cut = true;
	unsigned count = 0;
	char text[8];

	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		size_t len = (size_t)(utf8_put(text, c) - text);

		if (c >= 0xd800 && c <= 0xdfff) {
			sole = sole && utf8_sequence(text, len) == 0;
			continue;
		}
		count++;
		whole = whole && utf8_sequence(text, len) == len &&
			decoded((unsigned char *)text, len) == len;
		for (size_t left = 1; left < len; left++)
			cut = cut && utf8_sequence(text, left) == 0;
	}
	is_int(count, 0x110000 - 0x800, "all characters were tried");
	ok(whole, "each is written as one well-formed sequence");
	ok(cut, "and is malformed when cut off");
	ok(sole, "surrogates are malformed");
}

/* All sequences of three bytes, and of four where the third and fourth are at the edges. */
static void
every_sequence(void)
{
	static const unsigned char edges[] = { 0, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
		0xff };
	unsigned char p[4] = { 0, 0, 0, 0 };
	bool same = true;

	for (uint32_t n = 0; n < 1U << 24; n++) {
		p[0] = (unsigned char)(n >> 16);
		p[1] = (unsigned char)(n >> 8);
		p[2] = (unsigned char)n;
		same = same && utf8_sequence((char *)p, 3) == decoded(p, 3);
	}
	ok(same, "of all sequences of three bytes the well-formed are taken");
	same = true;
	for (uint32_t n = 0; n < 1U << 16; n++)
		for (size_t edge = 0; edge < sizeof(edges) * sizeof(edges); edge++) {
			p[0] = (unsigned char)(n >> 8);
			p[1] = (unsigned char)n;
			p[2] = edges[edge / sizeof(edges)];
			p[3] = edges[edge % sizeof(edges)];
			same = same && utf8_sequence((char *)p, 4) == decoded(p, 4);
		}
	ok(same, "and so with four bytes");
}

static void
span_stops(void)
{
	is_int((int64_t)utf8_span("", 0), 0, "nothing is well-formed, and empty");
	is_int((int64_t)utf8_span("a\0b", 3), 3, "a NUL is a character");
	is_int((int64_t)utf8_span("gr\xc3\xbc\xc3\x9f", 6), 6, "to the end");
	is_int((int64_t)utf8_span("gr\xc3\xbc\xc3\x9f", 5), 4, "to before a character cut off");
	is_int((int64_t)utf8_span("ab\xff"
				  "cd",
		       5),
		2, "to before a stray byte");
	is_int((int64_t)utf8_span("\x80", 1), 0, "from a stray byte nowhere");
	is_int((int64_t)utf8_span("\xed\xa0\x80", 3), 0, "a surrogate is no character");
	is_int((int64_t)utf8_span("\xf4\x8f\xbf\xbf\xf4\x90\x80\x80", 8), 4,
		"nor what is past the last");
}

int
main(void)
{
	every_character();
	every_sequence();
	span_stops();
	return done();
}
