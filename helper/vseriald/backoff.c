// SPDX-License-Identifier: GPL-2.0-or-later
/* Waits between tries. */
#include "backoff.h"

uint64_t backoff_next(struct backoff *backoff, uint32_t random)
{
	uint64_t wait = backoff->min;
	unsigned int i;

	for (i = 0; i < backoff->tries && wait < backoff->max; i++)
		wait *= 2;
	if (wait > backoff->max)
		wait = backoff->max;
	backoff->tries++;
	/* A wait has at most 37 bits (a day), so nothing is cut off. */
	return wait / 2 + (wait - wait / 2) * (random >> 8) / (UINT32_MAX >> 8);
}

void backoff_reset(struct backoff *backoff)
{
	backoff->tries = 0;
}
