/* SPDX-License-Identifier: ISC */
/* measure.h - what tests of many inputs share: numbers that look random but are the same in every
 * run, and the processor time of a call. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* The next number of a sequence that starts with *state (splitmix64). */
static inline uint64_t
dice(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline size_t
dice_below(uint64_t *state, size_t n)
{
	return (size_t)(dice(state) % n);
}

/* Seconds of processor time of run(arg): the least of a few runs, the others were disturbed. */
static inline double
least_seconds(void (*run)(void *), void *arg)
{
	double least = 0;

	for (int i = 0; i < 7; i++) {
		struct timespec from, to;
		double seconds;

		(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		run(arg);
		(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		seconds = (double)(to.tv_sec - from.tv_sec) +
			  (double)(to.tv_nsec - from.tv_nsec) / 1e9;
		if (i == 0 || seconds < least)
			least = seconds;
	}
	return least;
}

/* Ten times the input may take so many times as long: linear work stays well below this, quadratic
 * work is at a hundred. */
#define LINEAR_AT_MOST 40.0

#endif
