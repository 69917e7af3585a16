/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tty: the driver of /dev/ttyVS*, and its minors
 */
#ifndef _VSERIAL_TTY_H
#define _VSERIAL_TTY_H

#include <linux/types.h>

struct vserial_minor;
struct vserial_port;

int vserial_tty_init(void);
void vserial_tty_exit(void);

/*
 * A minor is held by its guest and by the port that uses it.  The port gives
 * it back when the last process has closed it, hung up or not: until then the
 * tty layer would hand a new port the old tty.
 */
struct vserial_minor *vserial_minor_alloc(void);
struct vserial_minor *vserial_minor_get(struct vserial_minor *m);
void vserial_minor_put(struct vserial_minor *m);
bool vserial_minor_is_used(const struct vserial_minor *m);
unsigned int vserial_minor_nr(const struct vserial_minor *m);

void vserial_tty_setup(struct vserial_port *port);
int vserial_tty_publish(struct vserial_port *port);
void vserial_tty_unpublish(struct vserial_port *port);

#endif /* _VSERIAL_TTY_H */
