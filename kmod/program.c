// SPDX-License-Identifier: GPL-2.0-only
/*
 * program: which program of the host asks for something
 *
 * Files are compared, not paths: a process in a mount namespace of its own has
 * whatever it likes at any path, and libvirt's VMMs have one.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/init_task.h>
#include <linux/mm_types.h>
#include <linux/path.h>
#include <linux/rcupdate.h>
#include <linux/sched/task.h>
#include <linux/string.h>

#include "compat.h"
#include "program.h"

static void vserial_exe_of(const struct inode *inode, struct vserial_exe *exe)
{
	exe->dev = inode->i_sb->s_dev;
	exe->ino = inode->i_ino;
	exe->generation = inode->i_generation;
}

/**
 * vserial_program_current() - the calling process
 * @p: filled
 *
 * Context: process.
 */
void vserial_program_current(struct vserial_program *p)
{
	struct file *file = NULL;

	memset(p, 0, sizeof(*p));
	p->uid = current_uid();
	p->pid = task_tgid_nr(current);
	get_task_comm(p->comm, current);
	rcu_read_lock();
	if (current->mm)
		file = vserial_get_file(&current->mm->exe_file);
	rcu_read_unlock();
	if (!file)
		return;
	vserial_exe_of(file_inode(file), &p->exe);
	fput(file);
}

/**
 * vserial_program_look_up() - the file that has a path now
 * @path: the path, as the host's first process sees it
 * @exe: filled; all zero if there is none
 *
 * Whoever asks may not be allowed to see it, so this is done as the kernel.
 * Nothing is opened: O_PATH only finds.
 *
 * Context: process; may sleep for as long as the file system likes.
 */
void vserial_program_look_up(const char *path, struct vserial_exe *exe)
{
	struct cred *cred = prepare_kernel_cred(&init_task);
	const struct cred *saved;
	struct file *file;
	struct path root;

	memset(exe, 0, sizeof(*exe));
	if (!cred)
		return;
	task_lock(&init_task);
	get_fs_root(init_task.fs, &root);
	task_unlock(&init_task);
	saved = override_creds(cred);
	file = file_open_root(&root, path, O_PATH, 0);
	revert_creds(saved);
	if (!IS_ERR(file)) {
		vserial_exe_of(file_inode(file), exe);
		fput(file);
	}
	path_put(&root);
	put_cred(cred);
}
