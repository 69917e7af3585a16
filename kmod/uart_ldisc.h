/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uart_ldisc: the line discipline of a UART that a port has
 */
#ifndef _VSERIAL_UART_LDISC_H
#define _VSERIAL_UART_LDISC_H

#include <linux/types.h>

struct tty_struct;
struct vserial_uart_tap;

/**
 * struct vserial_uart_tap_ops - who hears what a UART has to say
 * @receive: bytes came.  @flags says of each whether it is one, TTY_NORMAL,
 *	or an error, TTY_*; NULL: all are.  Returns how many were taken; the
 *	others come again after vserial_uart_tty_restart().
 *	In a worker; must not sleep.
 * @room: there may be room for output.
 *	In any context; must not sleep.
 * @hangup: the UART is gone, or about to go.
 *	In process context with the tty's locks held; must not wait for them.
 */
struct vserial_uart_tap_ops {
	size_t (*receive)(struct vserial_uart_tap *tap, const u8 *buf,
			  const u8 *flags, size_t n);
	void (*room)(struct vserial_uart_tap *tap);
	void (*hangup)(struct vserial_uart_tap *tap);
};

struct vserial_uart_tap {
	const struct vserial_uart_tap_ops *ops;
	size_t ahead;	/* bytes looked at for XON and XOFF, not yet received */
};

int vserial_uart_ldisc_attach(struct tty_struct *tty,
			      struct vserial_uart_tap *tap);
int vserial_uart_ldisc_init(void);
void vserial_uart_ldisc_exit(void);

#endif /* _VSERIAL_UART_LDISC_H */
