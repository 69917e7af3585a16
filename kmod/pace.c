// SPDX-License-Identifier: GPL-2.0-only
/*
 * pace: how long somebody who polls may sleep before he polls again.  Pure
 * code.
 *
 * A driver that waits for a byte to leave polls a few times and is not held
 * up.  Whoever goes on polling sleeps, longer each time, until something
 * happens.
 */
#include <linux/minmax.h>

#include "pace.h"

/**
 * vserial_pace_reset() - a poll found something, or something else was done
 * @p: the polls
 * @now: the time in ns
 */
void vserial_pace_reset(struct vserial_pace *p, u64 now)
{
	WRITE_ONCE(p->last, now);
	p->fruitless = 0;
	p->sleep = 0;
}

/**
 * vserial_pace_counts() - does a poll belong to a row?
 * @p: the polls
 * @now: the time in ns
 *
 * Return: whether it comes so soon after the last that it is not a look now
 * and then.
 */
bool vserial_pace_counts(const struct vserial_pace *p, u64 now)
{
	return now < p->last || now - p->last <= VSERIAL_PACE_GAP;
}

/**
 * vserial_pace_poll() - a poll found nothing
 * @p: the polls; @p->last is the caller's to move on after the sleep
 * @now: the time in ns
 *
 * Return: us to sleep, 0: not yet.
 */
u32 vserial_pace_poll(struct vserial_pace *p, u64 now)
{
	if (!vserial_pace_counts(p, now))
		vserial_pace_reset(p, now);
	WRITE_ONCE(p->last, now);
	if (p->fruitless < VSERIAL_PACE_FREE) {
		p->fruitless++;
		return 0;
	}
	p->sleep = clamp_t(u32, 2 * p->sleep, VSERIAL_PACE_FIRST,
			   VSERIAL_PACE_LONGEST);
	return p->sleep;
}
