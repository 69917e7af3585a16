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
#include <linux/rcupdate.h>
#include <linux/types.h>
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

/* 6.6 gave the tty layer's callbacks u8 and size_t. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
typedef u8 vserial_u8;
typedef ssize_t vserial_write_t;
typedef size_t vserial_count_t;
typedef size_t vserial_receive_t;
typedef bool vserial_dtr_t;
typedef u8 vserial_flag_t;
typedef size_t vserial_ahead_t;
#else
typedef unsigned char vserial_u8;
typedef int vserial_write_t;
typedef int vserial_count_t;
typedef int vserial_receive_t;
typedef int vserial_dtr_t;
typedef char vserial_flag_t;
typedef unsigned int vserial_ahead_t;
#endif

/* 6.4 made the attributes of a bus take it as const. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
#define VSERIAL_BUS_CONST	const
#else
#define VSERIAL_BUS_CONST
#endif

/* 6.10 remembers __string()'s source. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
#define vserial_assign_str(field, source)	__assign_str(field)
#else
#define vserial_assign_str(field, source)	__assign_str(field, source)
#endif

/* 6.7 recycles files at once, so that one is got from where it is noted. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 7, 0)
#define vserial_get_file(f)	get_file_rcu(f)
#else
static inline struct file *vserial_get_file(struct file __rcu **f)
{
	struct file *file = rcu_dereference(*f);

	return file && get_file_rcu(file) ? file : NULL;
}
#endif

/*
 * Exported, the same in all kernels, but declared in the driver's own header
 * alone.  The lines' structures are static: they are there for any line below
 * CONFIG_SERIAL_8250_NR_UARTS, with hardware or without.
 */
struct uart_8250_port;
struct uart_8250_port *serial8250_get_port(int line);

#endif /* _VSERIAL_COMPAT_H */
