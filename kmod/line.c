// SPDX-License-Identifier: GPL-2.0-only
/*
 * line: modem lines as a guest sees them.  Pure code.
 */
#include <linux/serial.h>
#include <linux/termios.h>
#include <linux/tty.h>

#include "line.h"

#define VSERIAL_MSR_UP	(TIOCM_CTS | TIOCM_DSR | TIOCM_CAR)

/**
 * vserial_line_msr() - the lines a guest sees when its backing has none
 * @carrier: the port's policy
 * @present: somebody is at the far end
 *
 * Return: TIOCM_* bits.
 */
unsigned int vserial_line_msr(enum vserial_carrier carrier, bool present)
{
	if (carrier == VSERIAL_CARRIER_PEER && !present)
		return 0;
	return VSERIAL_MSR_UP;
}

/**
 * vserial_line_cross() - a null modem
 * @lines: TIOCM_* that one end drives
 *
 * Return: TIOCM_* that the other end sees: DTR is its DSR and DCD, RTS its CTS.
 */
unsigned int vserial_line_cross(unsigned int lines)
{
	return (lines & TIOCM_DTR ? TIOCM_DSR | TIOCM_CAR : 0) |
	       (lines & TIOCM_RTS ? TIOCM_CTS : 0);
}

/**
 * vserial_line_error() - what netlink calls a receive error
 * @flag: TTY_FRAME, TTY_PARITY or TTY_OVERRUN; above its 8 bits may be the byte
 *
 * Return: enum vserial_line_error.
 */
u32 vserial_line_error(u32 flag)
{
	switch (flag & 0xff) {
	case TTY_FRAME:
		return VSERIAL_LINE_ERROR_FRAME;
	case TTY_PARITY:
		return VSERIAL_LINE_ERROR_PARITY;
	default:
		return VSERIAL_LINE_ERROR_OVERRUN;
	}
}

/**
 * vserial_line_count() - count line changes as a UART does
 * @icount: counters to advance; RI counts trailing edges only, as the 8250
 *	driver's (serial8250_modem_status())
 * @old: TIOCM_* bits before
 * @new: TIOCM_* bits now
 *
 * Return: the lines that TIOCMIWAIT would report.
 */
unsigned int vserial_line_count(struct async_icount *icount, unsigned int old,
				unsigned int new)
{
	unsigned int changed = old ^ new;
	unsigned int told = changed & (TIOCM_CTS | TIOCM_DSR | TIOCM_CAR);

	if (changed & TIOCM_CTS)
		icount->cts++;
	if (changed & TIOCM_DSR)
		icount->dsr++;
	if (changed & TIOCM_CAR)
		icount->dcd++;
	if (changed & old & TIOCM_RNG) {
		icount->rng++;
		told |= TIOCM_RNG;
	}
	return told;
}
