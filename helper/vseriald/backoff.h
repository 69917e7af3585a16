/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long to wait before the next try: longer each time, up to a cap. */
#ifndef VSERIALD_BACKOFF_H
#define VSERIALD_BACKOFF_H

#include <stdint.h>

/**
 * struct backoff - the tries of one thing that keeps failing
 * @min: the first wait, in microseconds
 * @max: the longest
 * @tries: how often it failed in a row
 */
struct backoff {
	uint64_t min;
	uint64_t max;
	unsigned int tries;
};

/**
 * backoff_next() - count a failure
 * @backoff: the tries
 * @random: any number, evenly spread; it moves the wait, so that ports that
 *	lost their peer together do not all come back at once
 *
 * Return: how long to wait, in microseconds: from 1/2 to 1 of @min, then of
 * twice as much after every failure, up to @max.
 */
uint64_t backoff_next(struct backoff *backoff, uint32_t random);

/** backoff_reset() - it worked. */
void backoff_reset(struct backoff *backoff);

#endif
