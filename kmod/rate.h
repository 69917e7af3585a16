/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rate: how many bytes may pass in a time, a token bucket
 *
 * Pure code, no locks of its own; the caller says what time it is.
 */
#ifndef _VSERIAL_RATE_H
#define _VSERIAL_RATE_H

#include <linux/types.h>

/* A bucket holds a tenth of a second's bytes, but so many at least. */
#define VSERIAL_RATE_BURST_MIN	64
/* Whoever waits need not be told before so many may pass. */
#define VSERIAL_RATE_WAKE	256

/**
 * struct vserial_rate - a token bucket
 * @limit: bytes a second, 0: no limit
 * @burst: bytes that may pass at once when none did for long
 * @credit: what may pass, in billionths of a byte
 * @stamp: when @credit was right, in ns
 */
struct vserial_rate {
	u32 limit;
	u32 burst;
	u64 credit;
	u64 stamp;
};

void vserial_rate_set(struct vserial_rate *r, u32 limit, u64 now);
u32 vserial_rate_room(struct vserial_rate *r, u64 now);
void vserial_rate_take(struct vserial_rate *r, u32 n);
bool vserial_rate_ready(struct vserial_rate *r, u64 now, u64 *wait);

#endif /* _VSERIAL_RATE_H */
