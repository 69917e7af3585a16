/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysfs: the attributes of guests and ports
 */
#ifndef _VSERIAL_SYSFS_H
#define _VSERIAL_SYSFS_H

#include <linux/types.h>

struct attribute_group;
struct vserial_reason;
struct vserial_words;

/* sysfs_guest.c and sysfs_port.c */
extern const struct attribute_group *vserial_sysfs_guest[];
extern const struct attribute_group *vserial_sysfs_port[];

int vserial_sysfs_init(void);
void vserial_sysfs_exit(void);
int vserial_sysfs_may_configure(struct vserial_reason *reason);
int vserial_sysfs_begin(struct vserial_words *words, const char *buf,
			unsigned int max, struct vserial_reason *reason);
ssize_t vserial_sysfs_done(int err, const char *what, size_t count,
			   const struct vserial_reason *reason);

#endif /* _VSERIAL_SYSFS_H */
