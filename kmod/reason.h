/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reason: the one sentence that says why
 *
 * Whoever refuses a request or reports a fault says why in a struct
 * vserial_reason; whoever asked passes it on: netlink as extack, sysfs to the
 * kernel log, a port as its "reason".
 */
#ifndef _VSERIAL_REASON_H
#define _VSERIAL_REASON_H

#include <linux/compiler.h>

/* Long enough for a sentence about a shortened value. */
#define VSERIAL_REASON_MAX	256
/* printf format for a value that a user gave, which may be very long. */
#define VSERIAL_VALUE		"%.100s"

struct vserial_reason {
	char text[VSERIAL_REASON_MAX];
};

/**
 * vserial_refuse() - note why a request is refused
 * @reason: filled with the sentence; longer ones are cut
 * @err: a negative errno
 * @fmt: printf format of the sentence, without a full stop or newline
 *
 * Return: @err.
 */
__printf(3, 4)
int vserial_refuse(struct vserial_reason *reason, int err, const char *fmt, ...);

/* The same for something that is no refusal. */
#define vserial_explain(reason, ...)					\
	((void)vserial_refuse(reason, 0, __VA_ARGS__))

#endif /* _VSERIAL_REASON_H */
