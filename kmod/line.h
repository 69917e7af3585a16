/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * line: modem lines as a guest sees them.  Pure code.
 */
#ifndef _VSERIAL_LINE_H
#define _VSERIAL_LINE_H

#include <linux/termios.h>
#include <linux/types.h>

#include <linux/vserial.h>

struct async_icount;

/* What of a c_cflag is about the line, but for its speed. */
#define VSERIAL_LINE_CFLAG						\
	(CSIZE | CSTOPB | PARENB | PARODD | CMSPAR | CRTSCTS)

unsigned int vserial_line_msr(enum vserial_carrier carrier, bool present);
u32 vserial_line_error(u32 flag);
unsigned int vserial_line_cross(unsigned int lines);
unsigned int vserial_line_count(struct async_icount *icount, unsigned int old,
				unsigned int new);

#endif /* _VSERIAL_LINE_H */
