/* SPDX-License-Identifier: ISC */
/*
 * tap.h - the Test Anything Protocol in a page. A program calls ok, is_int or is_str once per case
 * and ends with "return done();", which prints the plan. Only the process that began may call
 * these: a forked child reports through its exit status.
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAP_PRINTF(text, args) __attribute__((unused, format(printf, text, args)))

/* Weak, so that all files of a program count together. */
__attribute__((weak)) int tap_cases, tap_failures;

TAP_PRINTF(2, 0) static inline void
tap_line(const char *before, const char *fmt, va_list args)
{
	fputs(before, stdout);
	vprintf(fmt, args);
	putchar('\n');
	fflush(stdout);
}

TAP_PRINTF(1, 2) static inline void
diag(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tap_line("# ", fmt, args);
	va_end(args);
}

/* Nothing more can be tested: the whole program counts as failed. */
TAP_PRINTF(1, 2) __attribute__((noreturn)) static inline void
bail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tap_line("Bail out! ", fmt, args);
	va_end(args);
	exit(255);
}

TAP_PRINTF(2, 0) static inline bool
tap_case(bool passed, const char *fmt, va_list args)
{
	char before[40];

	tap_failures += !passed;
	snprintf(before, sizeof(before), "%sok %d - ", passed ? "" : "not ", ++tap_cases);
	tap_line(before, fmt, args);
	return passed;
}

/* Each of the three returns whether the case passed. */
TAP_PRINTF(2, 3) static inline bool
ok(bool passed, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	tap_case(passed, fmt, args);
	va_end(args);
	return passed;
}

TAP_PRINTF(3, 4) static inline bool
is_int(int64_t got, int64_t want, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	if (!tap_case(got == want, fmt, args))
		diag("got %" PRId64 ", want %" PRId64, got, want);
	va_end(args);
	return got == want;
}

/* NULL is equal to NULL only. */
TAP_PRINTF(3, 4) static inline bool
is_str(const char *got, const char *want, const char *fmt, ...)
{
	bool same = got && want ? strcmp(got, want) == 0 : got == want;
	va_list args;

	va_start(args, fmt);
	if (!tap_case(same, fmt, args))
		diag("got '%s', want '%s'", got ? got : "(null)", want ? want : "(null)");
	va_end(args);
	return same;
}

static inline int
done(void)
{
	printf("1..%d\n", tap_cases);
	fflush(stdout);
	return tap_failures != 0 || tap_cases == 0;
}

#endif
