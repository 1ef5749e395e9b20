/* SPDX-License-Identifier: ISC */
/* examine.c - tell what was found in a store. */
#include "examine.h"

#include <stdarg.h>
#include <stdio.h>

void
examine_say(const examination *x, int level, const char *remedy, const char *text, ...)
{
	sess_error line;
	char words[sizeof(line.text)];
	va_list args;

	va_start(args, text);
	vsnprintf(words, sizeof(words), text, args);
	va_end(args);
	/* One clean line, whatever a damaged file says. */
	(void)sess_fail(&line, 0, "%s", words);
	x->each(x->arg, level, line.text, remedy);
}
