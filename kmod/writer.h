/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * writer: puts bytes into a file, with a size cap, rotation and time stamps
 *
 * Knows files and nothing of ports: the backing file: and a port's log use
 * it alike.  All functions may sleep, as long as the file system likes; one
 * caller at a time per writer.
 */
#ifndef _VSERIAL_WRITER_H
#define _VSERIAL_WRITER_H

#include <linux/types.h>
#include <linux/uidgid.h>

struct cred;
struct vserial_reason;
struct vserial_spec;
struct vserial_writer;

struct vserial_writer *vserial_writer_open(const struct vserial_spec *spec,
					   kuid_t uid, kgid_t gid,
					   struct vserial_reason *reason);
int vserial_writer_begin(struct vserial_writer *w,
			 struct vserial_reason *reason);
void vserial_writer_close(struct vserial_writer *w);
ssize_t vserial_writer_write(struct vserial_writer *w, const struct cred *cred,
			     const u8 *buf, size_t n,
			     struct vserial_reason *reason);

#endif /* _VSERIAL_WRITER_H */
