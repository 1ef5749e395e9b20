/* SPDX-License-Identifier: ISC */
/* lines_input.c - lines from a file, however long or broken, in memory for one. */
#include "lines.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* 1 there is more in chunk, 0 the file is at its end, -1 with errno. */
static int
refill(line_input *in)
{
	ssize_t n;

	if (in->at < in->end)
		return 1;
	do
		n = read(in->fd, in->chunk, sizeof(in->chunk));
	while (n < 0 && errno == EINTR);
	in->at = 0;
	in->end = n > 0 ? (size_t)n : 0;
	return n > 0 ? 1 : (int)n;
}

int
line_next(line_input *in)
{
	bool too_long = false;
	int rc;

	in->text.len = 0;
	in->number++;
	while ((rc = refill(in)) == 1) {
		const char *from = in->chunk + in->at;
		const char *stop = memchr(from, '\n', in->end - in->at);
		size_t len = stop != NULL ? (size_t)(stop - from) : in->end - in->at;

		too_long = too_long || len > in->max - in->text.len;
		if (!too_long && buffer_put(&in->text, from, len) != SESS_OK)
			return INPUT_NOMEM;
		in->at += len + (stop != NULL);
		in->offset += (int64_t)len + (stop != NULL);
		if (stop != NULL && too_long)
			return INPUT_LONG;
		if (stop != NULL)
			return buffer_end(&in->text) == SESS_OK ? INPUT_LINE : INPUT_NOMEM;
	}
	if (rc < 0)
		return INPUT_FAILED;
	return in->text.len > 0 || too_long ? INPUT_CUT : INPUT_END;
}

void
line_input_free(line_input *in)
{
	buffer_free(&in->text);
}
