/* SPDX-License-Identifier: ISC */
/* clock.c - the time, from the program's own clock if it brought one. */
#include "internal.h"

#include <time.h>

int64_t
kit_now(const sess_kit *kit)
{
	if (kit->config.now != NULL)
		return kit->config.now(kit->config.arg);
	return (int64_t)time(NULL);
}

int64_t
clock_monotonic_ms(void)
{
	struct timespec t;

	/* Cannot fail: the clock exists and the pointer is good. */
	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
