/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tty: the driver of /dev/ttyVS*
 */
#ifndef _VSERIAL_TTY_H
#define _VSERIAL_TTY_H

struct vserial_port;

int vserial_tty_init(void);
void vserial_tty_exit(void);

void vserial_tty_setup(struct vserial_port *port);
int vserial_tty_publish(struct vserial_port *port);
void vserial_tty_unpublish(struct vserial_port *port);

#endif /* _VSERIAL_TTY_H */
