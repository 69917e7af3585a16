/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysfs: the attributes of guests and ports
 */
#ifndef _VSERIAL_SYSFS_H
#define _VSERIAL_SYSFS_H

#include <linux/types.h>

struct device_type;
struct vserial_port;
struct vserial_reason;
struct vserial_words;

extern const struct device_type vserial_guest_type;
extern const struct device_type vserial_port_type;

void vserial_sysfs_give(struct vserial_port *port);

int vserial_sysfs_begin(struct vserial_words *words, const char *buf,
			unsigned int max, struct vserial_reason *reason);
ssize_t vserial_sysfs_done(int err, const char *what, size_t count,
		       const struct vserial_reason *reason);

#endif /* _VSERIAL_SYSFS_H */
