/* SPDX-License-Identifier: ISC */
/* test_expiry.c - the arithmetic of how long things live, at its edges and at those of int64_t. */
#include "internal.h"
#include "measure.h"
#include "tap.h"

#define PARTS(array) (sizeof(array) / sizeof((array)[0]))

static void
add_saturates(void)
{
	static const struct {
		int64_t time, seconds, sum;
	} cases[] = {
		{ 0, 0, 0 },
		{ 5, -7, -2 },
		{ INT64_MAX, 0, INT64_MAX },
		{ INT64_MAX, 1, INT64_MAX },
		{ INT64_MAX - 1, 1, INT64_MAX },
		{ INT64_MAX, INT64_MAX, INT64_MAX },
		{ INT64_MIN, 0, INT64_MIN },
		{ INT64_MIN, -1, INT64_MIN },
		{ INT64_MIN + 1, -1, INT64_MIN },
		{ INT64_MIN, INT64_MIN, INT64_MIN },
		{ INT64_MAX, INT64_MIN, -1 },
		{ INT64_MIN, INT64_MAX, -1 },
		{ 1, INT64_MAX, INT64_MAX },
		{ -1, INT64_MIN, INT64_MIN },
		{ -1, INT64_MAX, INT64_MAX - 1 },
	};

	for (size_t i = 0; i < PARTS(cases); i++)
		is_int(expiry_add(cases[i].time, cases[i].seconds), cases[i].sum,
			"%" PRId64 " and %" PRId64, cases[i].time, cases[i].seconds);
}

static void
deadline_grants_a_touch(void)
{
	is_int(expiry_deadline(1000, 1800, 90, 0), 2890, "idle and a touch interval after seen");
	is_int(expiry_deadline(1000, 1800, 90, 2889), 2889, "never later than the absolute limit");
	is_int(expiry_deadline(1000, 1800, 90, 2890), 2890, "which may be the same");
	is_int(expiry_deadline(1000, 1800, 90, 2891), 2890, "or later");
	is_int(expiry_deadline(1000, 1800, 90, 500), 500, "or past already");
	is_int(expiry_deadline(INT64_MAX - 1, 1800, 90, 0), INT64_MAX, "the end of time holds");
	is_int(expiry_deadline(INT64_MAX, INT64_MAX, INT64_MAX, 7), 7, "below the absolute limit");
}

static void
due_at_edges(void)
{
	ok(!expiry_touch_due(1089, 1000, 90), "no touch a second early");
	ok(expiry_touch_due(1090, 1000, 90), "but when its time has come");
	ok(!expiry_touch_due(900, 1000, 90), "nor when the clock went back");
	ok(!expiry_touch_due(INT64_MAX - 1, INT64_MAX, 90), "nor at the end of time");
	ok(!expiry_renewal_due(5000, 0, 0, 60), "0 never renews");
	ok(!expiry_renewal_due(4999, 5000, 0, 60), "no renewal a second early");
	ok(expiry_renewal_due(5000, 5000, 0, 60), "but when its time has come");
	ok(!expiry_renewal_due(5059, 5000, 5000, 60), "not while one was offered within the grace");
	ok(expiry_renewal_due(5060, 5000, 5000, 60), "again after it");
	ok(!expiry_renewal_due(4000, 5000, 3000, 60), "an offer does not bring it forward");
	ok(expiry_in_grace(1060, 1000, 60), "the last second of the grace");
	ok(!expiry_in_grace(1061, 1000, 60), "is followed by none");
	ok(expiry_in_grace(900, 1000, 60), "a clock that went back does not end it");
	ok(expiry_in_grace(INT64_MAX, INT64_MAX, 60), "nor does the end of time");
}

/* Visitors who come again within idle, at random, are never refused; those who stay away for idle
 * and a touch interval always are. */
static void
visits_keep_alive(void)
{
	uint64_t seed = 4;
	bool served = true, refused = true, bounded = true;

	for (int life = 0; life < 2000; life++) {
		int64_t idle = 20 + (int64_t)dice_below(&seed, 3000);
		int64_t touch = 1 + (int64_t)dice_below(&seed, (size_t)idle - 1);
		int64_t now = (int64_t)dice_below(&seed, 2000000000), seen = now;
		int64_t absolute = life % 2 ? now + (int64_t)dice_below(&seed, 20000) + 1 : 0;

		for (int visit = 0; visit < 20; visit++) {
			now += (int64_t)dice_below(&seed, (size_t)idle + 1);
			if (absolute != 0 && now >= absolute)
				break;
			served = served && now < expiry_deadline(seen, idle, touch, absolute);
			if (expiry_touch_due(now, seen, touch))
				seen = now;
		}
		now += idle + touch;
		refused = refused && now >= expiry_deadline(seen, idle, touch, absolute);
		bounded = bounded && (absolute == 0 || expiry_deadline(seen, idle, touch,
							       absolute) <= absolute);
	}
	ok(served, "who comes again within idle is served");
	ok(refused, "who stays away for idle and a touch interval is not");
	ok(bounded, "nobody outlives the absolute limit");
}

int
main(void)
{
	add_saturates();
	deadline_grants_a_touch();
	due_at_edges();
	visits_keep_alive();
	return done();
}
