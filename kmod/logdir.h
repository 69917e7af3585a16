/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * logdir: a directory, the file in it that output goes to, and the older ones
 *
 * Finds, makes and renames files; puts no byte into them.  All functions may
 * sleep as long as the file system likes; one caller at a time per logdir.
 */
#ifndef _VSERIAL_LOGDIR_H
#define _VSERIAL_LOGDIR_H

#include <linux/limits.h>
#include <linux/path.h>
#include <linux/types.h>
#include <linux/uidgid.h>

struct cred;
struct file;
struct inode;
struct vserial_reason;
struct vserial_spec;

/**
 * struct vserial_logdir - where a file and its older ones live
 * @path: the directory
 * @cred: who looks up, creates and renames there
 * @role: what the file is, for sentences; a constant
 * @text: the specification, for sentences
 * @base: the newest file's name in @path; older ones are @base.1, @base.2 ...
 * @scratch: a name in @path, while it is looked up
 * @mode: permissions of a new file
 * @uid: owner of a new file, or invalid
 * @gid: group of a new file, or invalid
 */
struct vserial_logdir {
	struct path path;
	const struct cred *cred;
	const char *role;
	char *text;
	char *base;
	char scratch[NAME_MAX + 1];
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
};

int vserial_logdir_init(struct vserial_logdir *d,
			const struct vserial_spec *spec, kuid_t uid, kgid_t gid,
			struct vserial_reason *reason);
void vserial_logdir_destroy(struct vserial_logdir *d);
struct file *vserial_logdir_open(struct vserial_logdir *d,
				 struct vserial_reason *reason);
int vserial_logdir_shift(struct vserial_logdir *d, const struct inode *newest,
			 u32 keep, struct vserial_reason *reason);
int vserial_logdir_refuse(const struct vserial_logdir *d,
			  struct vserial_reason *reason, int err,
			  const char *what);
void vserial_logdir_close_file(struct file *file);

#endif /* _VSERIAL_LOGDIR_H */
