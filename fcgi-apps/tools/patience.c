/* SPDX-License-Identifier: ISC */
/*
 * patience.c - Linux lets a program run to the end of its time slice before one that wakes up gets
 * the processor, unless the other one's slices are shorter. So we ask for long ones: all in all
 * they come no sooner than otherwise, and the one that wakes up does not wait. Requests beside a
 * collector took up to 1.5 ms longer without. A low priority (nice) does not help with that, and
 * SCHED_IDLE is no choice for who enters the writers' gate: kept off the processor, it would keep
 * them out.
 */
#include "patience.h"

#include <sched.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SLICE_NS 100000000

/* As the kernel has it (sched_setattr(2)); the C library of Debian 12 knows nothing of it. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

void
be_patient(void)
{
	struct attributes now = { .size = 0 };

	if (syscall(SYS_sched_getattr, 0, &now, sizeof(now), 0) != 0 || now.policy != SCHED_OTHER)
		return;
	now.size = sizeof(now);
	now.runtime = SLICE_NS;
	/* Before Linux 6.12 it is accepted and without effect; a sandbox may refuse it. */
	(void)syscall(SYS_sched_setattr, 0, &now, 0);
}
