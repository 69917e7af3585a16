/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tty: the driver of /dev/ttyVS*
 */
#ifndef _VSERIAL_TTY_H
#define _VSERIAL_TTY_H

int vserial_tty_init(void);
void vserial_tty_exit(void);

#endif /* _VSERIAL_TTY_H */
