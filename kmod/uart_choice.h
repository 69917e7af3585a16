/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uart_choice: which UARTs a port may have
 */
#ifndef _VSERIAL_UART_CHOICE_H
#define _VSERIAL_UART_CHOICE_H

#include <linux/serial_core.h>
#include <linux/types.h>

struct tty_struct;
struct vserial_reason;

/* Long enough for "/dev/ttyS" and any number. */
#define VSERIAL_UART_PATH_MAX	20

/**
 * struct vserial_uart_info - a UART at one moment
 * @path: its device
 * @hardware: what it is, and where
 * @holder: who has it open, "" if nobody
 * @refusal: a negative errno if no port can have it whoever holds it, else 0
 */
struct vserial_uart_info {
	char path[VSERIAL_UART_PATH_MAX];
	char hardware[96];
	char holder[64];
	int refusal;
};

unsigned int vserial_uart_lines(void);
bool vserial_uart_describe(unsigned int line, struct vserial_uart_info *info,
			   struct vserial_reason *reason);
int vserial_uart_choose(const char *path, dev_t *dev, unsigned int *line,
			struct vserial_reason *reason);
bool vserial_uart_is_8250(const struct tty_struct *tty);

#endif /* _VSERIAL_UART_CHOICE_H */
