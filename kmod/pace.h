/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pace: how long somebody who polls may sleep before he polls again
 *
 * Pure code, no locks of its own; the caller says what time it is.
 */
#ifndef _VSERIAL_PACE_H
#define _VSERIAL_PACE_H

#include <linux/types.h>

/* Polls in a row that find nothing before the first sleep. */
#define VSERIAL_PACE_FREE	16
/* Polls that are further apart than this many ns cost little: no row. */
#define VSERIAL_PACE_GAP	5000000
/* The first sleep and the longest, in us; those between double. */
#define VSERIAL_PACE_FIRST	50
#define VSERIAL_PACE_LONGEST	200

/**
 * struct vserial_pace - somebody's polls
 * @last: when the last was, or its sleep ended, in ns
 * @fruitless: how many in a row found nothing, up to VSERIAL_PACE_FREE
 * @sleep: how long the last one slept, in us
 */
struct vserial_pace {
	u64 last;
	u32 fruitless;
	u32 sleep;
};

void vserial_pace_reset(struct vserial_pace *p, u64 now);
bool vserial_pace_counts(const struct vserial_pace *p, u64 now);
u32 vserial_pace_poll(struct vserial_pace *p, u64 now);

#endif /* _VSERIAL_PACE_H */
