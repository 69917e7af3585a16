/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysfs: the attributes of guests and ports
 */
#ifndef _VSERIAL_SYSFS_H
#define _VSERIAL_SYSFS_H

#include <linux/types.h>

struct vserial_reason;
struct vserial_words;

int vserial_sysfs_init(void);
void vserial_sysfs_exit(void);
int vserial_sysfs_begin(struct vserial_words *words, const char *buf,
			unsigned int max, struct vserial_reason *reason);
ssize_t vserial_sysfs_done(int err, const char *what, size_t count,
			   const struct vserial_reason *reason);

#endif /* _VSERIAL_SYSFS_H */
