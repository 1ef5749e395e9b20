/* SPDX-License-Identifier: ISC */
/* expiry.c - how long things live: pure arithmetic on unix seconds. */
#include "internal.h"

int64_t
expiry_add(int64_t time, int64_t seconds)
{
	int64_t sum;

	if (__builtin_add_overflow(time, seconds, &sum))
		return seconds > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

int64_t
expiry_deadline(int64_t seen, int64_t idle, int64_t touch, int64_t absolute)
{
	/* Requests within a touch interval are not written down, so the last one may have come that
	 * much later than seen: grant it, or a session would die before its idle time. */
	int64_t deadline = expiry_add(expiry_add(seen, idle), touch);

	return absolute != 0 && absolute < deadline ? absolute : deadline;
}

bool
expiry_touch_due(int64_t now, int64_t seen, int64_t touch)
{
	return now >= expiry_add(seen, touch);
}

bool
expiry_renewal_due(int64_t now, int64_t renew, int64_t offered, int64_t grace)
{
	if (renew == 0 || now < renew)
		return false;
	return offered == 0 || now >= expiry_add(offered, grace);
}

bool
expiry_in_grace(int64_t now, int64_t since, int64_t grace)
{
	return now <= expiry_add(since, grace);
}
