/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * minor: the numbers of the tty devices, N of /dev/ttyVS<N>
 */
#ifndef _VSERIAL_MINOR_H
#define _VSERIAL_MINOR_H

#include <linux/types.h>

struct tty_driver;
struct vserial_minor;

struct vserial_minor *vserial_minor_alloc(void);
struct vserial_minor *vserial_minor_get(struct vserial_minor *m);
void vserial_minor_put(struct vserial_minor *m);
bool vserial_minor_is_used(const struct vserial_minor *m);
unsigned int vserial_minor_nr(const struct vserial_minor *m);
struct tty_driver *vserial_minor_driver(void);
void vserial_minor_init(struct tty_driver *driver);
void vserial_minor_exit(void);

#endif /* _VSERIAL_MINOR_H */
