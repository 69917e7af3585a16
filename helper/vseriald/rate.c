// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits in time. */
#include "rate.h"

#define SECOND 1000000ull

uint64_t rate_wait(struct rate *rate, uint64_t now)
{
	uint64_t cost;

	if (!rate->per_second)
		return 0;
	/* @free_at runs ahead of the clock by what is used; a second's worth may be. */
	cost = SECOND / rate->per_second;
	if (rate->free_at < now)
		rate->free_at = now;
	if (rate->free_at + cost > now + SECOND)
		return rate->free_at + cost - now - SECOND;
	rate->free_at += cost;
	return 0;
}
