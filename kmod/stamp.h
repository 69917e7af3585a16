/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stamp: the time in front of each line of a file
 *
 * Pure code: no clock, no I/O.
 */
#ifndef _VSERIAL_STAMP_H
#define _VSERIAL_STAMP_H

#include <linux/time64.h>
#include <linux/types.h>

/* "2026-01-31T12:34:56.789Z ", without a NUL */
#define VSERIAL_STAMP_LEN	25

/**
 * struct vserial_stamp - where a file stands with its time stamps
 * @line_start: the next byte begins a line
 * @left: the last bytes of @text that are still to be written
 * @text: the stamp of the line that was begun last
 */
struct vserial_stamp {
	bool line_start;
	u8 left;
	char text[VSERIAL_STAMP_LEN];
};

void vserial_stamp_format(char *text, const struct timespec64 *ts);
size_t vserial_stamp_merge(struct vserial_stamp *st, const char *text,
			   const u8 *buf, size_t n, u8 *out, size_t room,
			   size_t *used);

#endif /* _VSERIAL_STAMP_H */
