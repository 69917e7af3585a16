/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many of something in a second: a bucket that fills with time. */
#ifndef VSERIALD_RATE_H
#define VSERIALD_RATE_H

#include <stdint.h>

/**
 * struct rate - a limit and how much of it is used
 * @per_second: how many are allowed in a second, and at once; 0: no limit
 * @free_at: when the next one is, on the clock of rate_wait(), in microseconds
 */
struct rate {
	uint32_t per_second;
	uint64_t free_at;
};

/**
 * rate_wait() - whether one more is allowed
 * @rate: the limit
 * @now: the time, in microseconds
 *
 * Return: 0, and one more is counted; or after how many microseconds to ask
 * again.
 */
uint64_t rate_wait(struct rate *rate, uint64_t now);

#endif
