/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * compat: what differs between the kernels this module builds for
 *
 * The only file that asks for a kernel version.  A difference that shows as a
 * macro is asked for by that macro, because stable kernels take backports.
 */
#ifndef _VSERIAL_COMPAT_H
#define _VSERIAL_COMPAT_H

#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/version.h>

/*
 * 6.3 replaced the user namespace of a mount by its idmap.  Both are only
 * handed from here to the VFS, so one name does.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define vserial_mnt_map(mnt)	mnt_idmap(mnt)
#define vserial_old_mnt_map	old_mnt_idmap
#define vserial_new_mnt_map	new_mnt_idmap
#else
#define vserial_mnt_map(mnt)	mnt_user_ns(mnt)
#define vserial_old_mnt_map	old_mnt_userns
#define vserial_new_mnt_map	new_mnt_userns
#endif

#endif /* _VSERIAL_COMPAT_H */
