/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uart_tty: a UART taken inside the kernel
 */
#ifndef _VSERIAL_UART_TTY_H
#define _VSERIAL_UART_TTY_H

#include <linux/termios.h>
#include <linux/types.h>

struct tty_ldisc;
struct tty_struct;
struct vserial_reason;
struct vserial_uart_tap;
struct wait_queue_entry;

/**
 * struct vserial_uart_tty - a UART that was taken
 * @tty: its tty; NULL if there is none, or none any more
 * @before: its settings when it was taken
 * @lines: TIOCM_DTR and TIOCM_RTS as they were then
 */
struct vserial_uart_tty {
	struct tty_struct *tty;
	struct ktermios before;
	unsigned int lines;
};

int vserial_uart_tty_take(struct vserial_uart_tty *u, dev_t dev,
			  struct vserial_uart_tap *tap,
			  struct wait_queue_entry *lines);
struct tty_ldisc *vserial_uart_tty_hold(struct vserial_uart_tty *u);
void vserial_uart_tty_put(struct tty_ldisc *hold);
void vserial_uart_tty_release(struct vserial_uart_tty *u,
			      struct wait_queue_entry *lines);
bool vserial_uart_tty_differs(struct vserial_uart_tty *u,
			      const struct ktermios *guest);
void vserial_uart_tty_follow(struct vserial_uart_tty *u,
			     const struct ktermios *guest);
unsigned int vserial_uart_tty_lines(struct vserial_uart_tty *u);
void vserial_uart_tty_drive(struct vserial_uart_tty *u, unsigned int lines);
void vserial_uart_tty_break(struct vserial_uart_tty *u, bool on);
void vserial_uart_tty_throttle(struct vserial_uart_tty *u, bool on);
void vserial_uart_tty_restart(struct vserial_uart_tty *u);
unsigned int vserial_uart_tty_unsent(struct vserial_uart_tty *u);
size_t vserial_uart_tty_write(struct vserial_uart_tty *u, const u8 *buf,
			      size_t n);

#endif /* _VSERIAL_UART_TTY_H */
