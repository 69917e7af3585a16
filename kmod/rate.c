// SPDX-License-Identifier: GPL-2.0-only
/*
 * rate: how many bytes may pass in a time, a token bucket.  Pure code.
 *
 * Credit is counted in billionths of a byte, so that a nanosecond earns exactly
 * the limit and single bytes do not add up to an error.
 */
#include <linux/limits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "rate.h"

static u64 full(const struct vserial_rate *r)
{
	return (u64)r->burst * NSEC_PER_SEC;
}

/* Adds what was earned until @now.  Nothing overflows: full() is below 2^59. */
static void earn(struct vserial_rate *r, u64 now)
{
	u64 missing = full(r) - r->credit;
	u64 elapsed = now > r->stamp ? now - r->stamp : 0;

	if (elapsed > div_u64(missing, r->limit))
		r->credit = full(r);
	else
		r->credit += elapsed * r->limit;
	r->stamp = max(now, r->stamp);
}

/**
 * vserial_rate_set() - set or change the limit
 * @r: the bucket, zeroed before the first time
 * @limit: bytes a second, 0: no limit
 * @now: the time in ns
 *
 * A bucket that had no limit is full then; one that had keeps its credit, as
 * far as it holds that.
 */
void vserial_rate_set(struct vserial_rate *r, u32 limit, u64 now)
{
	if (limit == r->limit)
		return;
	if (r->limit)
		earn(r, now);
	else
		r->credit = U64_MAX;
	r->limit = limit;
	r->burst = max_t(u32, limit / 10, VSERIAL_RATE_BURST_MIN);
	r->credit = min(r->credit, full(r));
	r->stamp = now;
}

/**
 * vserial_rate_room() - how many bytes may pass now
 * @r: the bucket
 * @now: the time in ns; one before the last earns nothing
 *
 * Return: bytes; U32_MAX if there is no limit.
 */
u32 vserial_rate_room(struct vserial_rate *r, u64 now)
{
	if (!r->limit)
		return U32_MAX;
	earn(r, now);
	return div_u64(r->credit, NSEC_PER_SEC);
}

/**
 * vserial_rate_take() - bytes have passed
 * @r: the bucket
 * @n: how many, not more than vserial_rate_room() just said
 */
void vserial_rate_take(struct vserial_rate *r, u32 n)
{
	if (r->limit)
		r->credit -= min(r->credit, (u64)n * NSEC_PER_SEC);
}

/**
 * vserial_rate_ready() - is it worth while to wake whoever waits?
 * @r: the bucket
 * @now: the time in ns
 * @wait: filled with the ns until it is, if it is not
 *
 * Return: whether %VSERIAL_RATE_WAKE bytes may pass, or as many as ever can at
 * once.
 */
bool vserial_rate_ready(struct vserial_rate *r, u64 now, u64 *wait)
{
	u64 want = min_t(u32, r->burst, VSERIAL_RATE_WAKE) * (u64)NSEC_PER_SEC;

	*wait = 0;
	if (!r->limit)
		return true;
	earn(r, now);
	if (r->credit >= want)
		return true;
	*wait = div_u64(want - r->credit + r->limit - 1, r->limit);
	return false;
}
