/* SPDX-License-Identifier: ISC */
/* test_lines_input.c - the lines of a file, however long or broken; the fingerprints of keys. */
#include "../fcgi-apps/tools/lines.h"

#include "tap.h"

#include <unistd.h>

static void
test_input(void)
{
	static const char file[] = "first\n\n\0nul\n0123456789\n01234567890\nafter\nno end";
	line_input in = { .max = 10 };
	int fds[2];

	if (pipe(fds) != 0 || write(fds[1], file, sizeof(file) - 1) != (ssize_t)sizeof(file) - 1)
		bail("cannot make a pipe");
	close(fds[1]);
	in.fd = fds[0];
	ok(line_next(&in) == INPUT_LINE && strcmp(in.text.at, "first") == 0, "the first line");
	ok(line_next(&in) == INPUT_LINE && in.text.len == 0, "an empty one");
	ok(line_next(&in) == INPUT_LINE && in.text.len == 4, "one with a NUL");
	ok(line_next(&in) == INPUT_LINE && in.text.len == 10, "one of the greatest length");
	is_int(line_next(&in), INPUT_LONG, "one that is too long");
	ok(line_next(&in) == INPUT_LINE && strcmp(in.text.at, "after") == 0, "the one behind it");
	is_int(in.number, 6, "is line 6");
	is_int(in.offset, (int64_t)sizeof(file) - 1 - 6, "and ends there");
	is_int(line_next(&in), INPUT_CUT, "the last one lacks its end");
	is_int(line_next(&in), INPUT_END, "behind it there is nothing");
	close(fds[0]);
	is_int(line_next(&in), INPUT_FAILED, "a file that cannot be read");
	line_input_free(&in);
}

static void
test_keys(void)
{
	unsigned char key[2][KEY_BYTES] = { { 1 }, { 2 } };
	keyring ring = { .key = key, .count = 2 };
	char both[LINE_KEYS_MAX], one[LINE_KEYS_MAX];

	line_keys(both, &ring);
	ring.count = 1;
	line_keys(one, &ring);
	is_int((int64_t)strlen(one), LINE_KEY_CHARS, "the fingerprint of a key");
	ok(strncmp(both, one, strlen(one)) == 0 && both[LINE_KEY_CHARS] == ' '
		&& strcmp(both + LINE_KEY_CHARS + 1, one) != 0, "that of another is another");
	ring.count = 0;
	line_keys(one, &ring);
	is_str(one, "", "no key");
}

int
main(void)
{
	test_input();
	test_keys();
	return done();
}
