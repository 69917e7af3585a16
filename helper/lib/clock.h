/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time, to measure how long something takes. */
#ifndef HELPER_CLOCK_H
#define HELPER_CLOCK_H

#include <stdint.h>
#include <time.h>

/** clock_ms() - the time in milliseconds, since some time ago. */
static inline uint64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
