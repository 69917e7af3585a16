// SPDX-License-Identifier: GPL-2.0-only
/*
 * logdir: a directory, the file in it that output goes to, and the older ones
 *
 * The directory is found once, through no symbolic link, and kept; its path is
 * not.  Whoever renames a directory above it, or has another root, changes
 * nothing.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "logdir.h"
#include "reason.h"
#include "spec.h"

#define refuse(d, reason, err, fmt, ...)				\
	vserial_refuse(reason, err, "%s '" VSERIAL_VALUE "': " fmt,	\
		       (d)->role, (d)->text, ##__VA_ARGS__)

/* What the file system meant, for the end of a sentence. */
static const char *meaning(int err)
{
	switch (err) {
	case -EACCES:
		return "permission denied to whoever set it";
	case -EPERM:
		return "the file system does not permit it";
	case -EROFS:
		return "the file system is read-only";
	case -ENOSPC:
		return "no space left on the file system";
	case -EDQUOT:
		return "the disk quota is used up";
	case -ENOENT:
		return "its directory was removed, or takes no new files";
	case -ENOTDIR:
		return "a part of the path is not a directory";
	case -ELOOP:
		return "symbolic links are not followed";
	case -ENAMETOOLONG:
		return "the name is longer than the file system allows";
	case -EISDIR:
		return "it is a directory";
	case -EFBIG:
		return "the file system allows no larger file";
	case -EBUSY:
		return "something is mounted on it";
	case -ETXTBSY:
		return "it is being executed or swapped to";
	case -EAGAIN:
		return "somebody else holds a lease on it, or fills it";
	case -ESTALE:
		return "the file server no longer knows it";
	case -EIO:
		return "the device reports an I/O error";
	case -ENOMEM:
		return "no memory left";
	case -ENFILE:
		return "the host has too many open files";
	default:
		return NULL;
	}
}

/**
 * vserial_logdir_refuse() - say what could not be done, and why
 * @d: the directory
 * @reason: filled with the sentence
 * @err: what the file system said, a negative errno
 * @what: what could not be done, to follow the word "cannot"
 *
 * Return: @err.
 */
int vserial_logdir_refuse(const struct vserial_logdir *d,
			  struct vserial_reason *reason, int err,
			  const char *what)
{
	const char *means = meaning(err);

	if (means)
		return refuse(d, reason, err, "cannot %s: %s", what, means);
	return refuse(d, reason, err, "cannot %s: error %d", what, -err);
}

/**
 * vserial_logdir_close_file() - what close(2) does
 * @file: from vserial_logdir_open()
 *
 * ->flush makes a network file system send what it holds.  A kernel thread's
 * fput() only queues, and whoever reconfigured a port expects to be able to
 * unmount the file system then: so the file is closed when this returns.
 *
 * Context: may sleep.
 */
void vserial_logdir_close_file(struct file *file)
{
	get_file(file);
	filp_close(file, NULL);
	if (current->flags & PF_KTHREAD)
		__fput_sync(file);
	else
		fput(file);
}

static const char *kind(umode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFLNK:
		return "a symbolic link";
	case S_IFIFO:
		return "a FIFO";
	case S_IFSOCK:
		return "a socket";
	case S_IFCHR:
		return "a character device";
	case S_IFBLK:
		return "a block device";
	default:
		return "of unknown type";
	}
}

/*
 * A second name of a file may be one that an attacker gave it: a guest's
 * owner, in a directory of their own, could else point the output at any file
 * of that file system.
 */
static int check_inode(const struct vserial_logdir *d,
		       const struct inode *inode, struct vserial_reason *reason)
{
	if (S_ISLNK(inode->i_mode))
		return refuse(d, reason, -ELOOP,
			      "the file is a symbolic link, which is not followed");
	if (!S_ISREG(inode->i_mode))
		return refuse(d, reason,
			      S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL,
			      "it is %s, not a regular file",
			      kind(inode->i_mode));
	if (inode->i_nlink > 1)
		return refuse(d, reason, -EMLINK,
			      "the file has %u names (hard links), only one is allowed",
			      inode->i_nlink);
	if (IS_IMMUTABLE(inode))
		return refuse(d, reason, -EPERM, "the file is immutable");
	return 0;
}

/* 0 is the newest file, 1 is older.  The directory's inode is locked. */
static struct dentry *nth_lookup(struct vserial_logdir *d, u32 nth)
{
	const char *name = d->base;

	if (nth) {
		snprintf(d->scratch, sizeof(d->scratch), "%s.%u", name, nth);
		name = d->scratch;
	}
	return lookup_one(vserial_mnt_map(d->path.mnt), name, d->path.dentry,
			  strlen(name));
}

/* The file was just created: its blocks count for the guest's owner. */
static int give_to_owner(const struct vserial_logdir *d, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct iattr attr = { .ia_valid = ATTR_CTIME };
	int err;

	if (!uid_valid(d->uid))
		return 0;
	attr.ia_valid |= ATTR_UID;
	attr.ia_vfsuid = VFSUIDT_INIT(d->uid);
	if (gid_valid(d->gid)) {
		attr.ia_valid |= ATTR_GID;
		attr.ia_vfsgid = VFSGIDT_INIT(d->gid);
	}

	err = mnt_want_write(file->f_path.mnt);
	if (err)
		return err;
	inode_lock(inode);
	err = notify_change(vserial_mnt_map(file->f_path.mnt),
			    file->f_path.dentry, &attr, NULL);
	inode_unlock(inode);
	mnt_drop_write(file->f_path.mnt);
	return err;
}

/* A refusal leaves nothing behind, so neither the empty file it made. */
static void unmake(struct vserial_logdir *d, struct file *file)
{
	struct inode *dir = d_inode(d->path.dentry);
	struct dentry *dentry;

	if (mnt_want_write(d->path.mnt))
		return;
	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = nth_lookup(d, 0);
	if (!IS_ERR(dentry)) {
		if (d_inode(dentry) == file_inode(file))
			vfs_unlink(vserial_mnt_map(d->path.mnt), dir, dentry,
				   NULL);
		dput(dentry);
	}
	inode_unlock(dir);
	mnt_drop_write(d->path.mnt);
}

/* What is wrong with a file that was opened? */
static int check_file(struct vserial_logdir *d, struct file *file,
		      struct vserial_reason *reason)
{
	int err = check_inode(d, file_inode(file), reason);

	if (err)
		return err;
	if (!file->f_op->write_iter || file->f_op->write)
		return refuse(d, reason, -EINVAL,
			      "its file system takes no output from the kernel");
	if (!(file->f_mode & FMODE_CREATED))
		return 0;
	err = give_to_owner(d, file);
	if (err) {
		unmake(d, file);
		vserial_logdir_refuse(d, reason, err,
				      "give the new file to the guest's owner");
	}
	return err;
}

static struct file *open_newest(struct vserial_logdir *d,
				struct vserial_reason *reason)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_LARGEFILE | O_NOFOLLOW |
		    O_NOCTTY | O_NONBLOCK;
	struct dentry *dentry;
	struct file *file;
	int err;

	dentry = lookup_one_positive_unlocked(vserial_mnt_map(d->path.mnt),
					      d->base, d->path.dentry,
					      strlen(d->base));
	if (!IS_ERR(dentry)) {
		const struct inode *inode = d_inode(dentry);

		/*
		 * fs.protected_regular refuses O_CREAT on somebody else's file
		 * in /tmp, and so the file this very guest was given before.
		 */
		if (uid_valid(d->uid) && uid_eq(inode->i_uid, d->uid))
			flags &= ~O_CREAT;
		err = check_inode(d, inode, reason);
		dput(dentry);
		if (err)
			return ERR_PTR(err);
	} else if (dentry != ERR_PTR(-ENOENT)) {
		err = PTR_ERR(dentry);
		goto refuse;
	}

	file = file_open_root(&d->path, d->base, flags, d->mode);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto refuse;
	}
	err = check_file(d, file, reason);
	if (err) {
		vserial_logdir_close_file(file);
		return ERR_PTR(err);
	}
	return file;

refuse:
	return ERR_PTR(vserial_logdir_refuse(d, reason, err, "open the file"));
}

/**
 * vserial_logdir_open() - open the newest file, making it if there is none
 * @d: the directory
 * @reason: filled when refused
 *
 * What is there is looked at before it is opened, because opening alone wakes
 * a FIFO's reader or starts a watchdog; and looked at again afterwards, because
 * it may have been replaced.  A new file is given to the guest's owner.
 *
 * Context: may sleep.
 *
 * Return: a file for appending, to be given to vserial_logdir_close_file(); or
 * an ERR_PTR: -ELOOP (a symbolic link), -EISDIR, -EINVAL (neither file nor
 * directory), -EMLINK (the file has several names), -EPERM (immutable), or what
 * the file system says.
 */
struct file *vserial_logdir_open(struct vserial_logdir *d,
				 struct vserial_reason *reason)
{
	const struct cred *old = override_creds(d->cred);
	struct file *file = open_newest(d, reason);

	revert_creds(old);
	return file;
}

/* Neither moves nor replaces what the module would not have made. */
static int check_rename(const struct vserial_logdir *d, struct dentry *dentry,
			struct vserial_reason *reason)
{
	if (d_is_negative(dentry) || d_is_reg(dentry))
		return 0;
	return refuse(d, reason, -EEXIST,
		      "cannot rotate the file: '%.60s' is %s, not a regular file",
		      dentry->d_name.name, kind(d_inode(dentry)->i_mode));
}

/* Renames .(nth - 1) to .nth; the directory's inode is locked. */
static int shift_one(struct vserial_logdir *d, u32 nth,
		     struct vserial_reason *reason)
{
	struct inode *dir = d_inode(d->path.dentry);
	struct renamedata rd = {
		.vserial_old_mnt_map = vserial_mnt_map(d->path.mnt),
		.vserial_new_mnt_map = vserial_mnt_map(d->path.mnt),
		.old_dir = dir,
		.new_dir = dir,
	};
	int err;

	rd.old_dentry = nth_lookup(d, nth - 1);
	if (IS_ERR(rd.old_dentry)) {
		err = PTR_ERR(rd.old_dentry);
		goto refuse;
	}
	rd.new_dentry = nth_lookup(d, nth);
	if (IS_ERR(rd.new_dentry)) {
		err = PTR_ERR(rd.new_dentry);
		goto put_old;
	}

	err = check_rename(d, rd.old_dentry, reason) ?:
	      check_rename(d, rd.new_dentry, reason);
	if (err) {
		dput(rd.new_dentry);
		dput(rd.old_dentry);
		return err;
	}
	err = vfs_rename(&rd);
	dput(rd.new_dentry);
put_old:
	dput(rd.old_dentry);
refuse:
	if (err)
		vserial_logdir_refuse(d, reason, err, "rotate the file");
	return err;
}

/*
 * How many names have to move: those up to the first gap.  None if the newest
 * is no longer ours, because somebody else was faster.
 */
static int count_shifts(struct vserial_logdir *d, const struct inode *newest,
			u32 keep)
{
	u32 nth;

	for (nth = 0; nth < keep; nth++) {
		struct dentry *dentry = nth_lookup(d, nth);
		bool busy, found;

		if (IS_ERR(dentry))
			return PTR_ERR(dentry);
		found = nth ? d_is_positive(dentry) : d_inode(dentry) == newest;
		busy = !nth && !found && d_mountpoint(dentry);
		dput(dentry);
		if (busy)
			return -EBUSY;
		if (!found)
			break;
	}
	return nth;
}

/**
 * vserial_logdir_shift() - rename the newest file to .1, .1 to .2, and so on
 * @d: the directory
 * @newest: the file that is to become .1; if it no longer has the newest
 *	file's name, nothing happens
 * @keep: how many older files there may be, at least 1; one more is replaced
 * @reason: filled when not everything was renamed
 *
 * Only the names up to the first gap move.  So when this fails half-way, the
 * next call goes on at the gap that was left, and nothing kept falls out twice.
 *
 * Context: may sleep.
 *
 * Return: 0, and the newest file's name is free unless somebody else took it;
 * -EEXIST if something other than a regular file has one of the names; or what
 * the file system says.
 */
int vserial_logdir_shift(struct vserial_logdir *d, const struct inode *newest,
			 u32 keep, struct vserial_reason *reason)
{
	struct inode *dir = d_inode(d->path.dentry);
	const struct cred *old = override_creds(d->cred);
	int err, nth;

	err = mnt_want_write(d->path.mnt);
	if (err) {
		vserial_logdir_refuse(d, reason, err, "rotate the file");
		goto revert;
	}
	inode_lock_nested(dir, I_MUTEX_PARENT);
	nth = count_shifts(d, newest, keep);
	if (nth < 0)
		err = vserial_logdir_refuse(d, reason, nth, "rotate the file");
	for (; nth > 0 && !err; nth--)
		err = shift_one(d, nth, reason);
	inode_unlock(dir);
	mnt_drop_write(d->path.mnt);
revert:
	revert_creds(old);
	return err;
}

static int find_dir(struct vserial_logdir *d, const char *name,
		    struct vserial_reason *reason)
{
	/* FOLLOW: so that a link at the end is found, too, and refused. */
	int err = kern_path(name, LOOKUP_DIRECTORY | LOOKUP_FOLLOW |
			    LOOKUP_NO_SYMLINKS, &d->path);

	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
		return refuse(d, reason, err,
			      "the directory '%.100s' does not exist", name);
	case -ENOTDIR:
		return refuse(d, reason, err, "'%.100s' is not a directory",
			      name);
	case -ELOOP:
		return refuse(d, reason, err,
			      "a part of '%.80s' is a symbolic link, which is not followed",
			      name);
	default:
		return vserial_logdir_refuse(d, reason, err,
					     "open the file's directory");
	}
}

/**
 * vserial_logdir_init() - find the directory a file is to be in
 * @d: filled
 * @spec: where the file is to be, absolute, with room behind its name for the
 *	number of an older one; not needed afterwards
 * @uid: owner of a file that has to be made; invalid: as any file the caller
 *	makes
 * @gid: its group; invalid: as above
 * @reason: filled when refused
 *
 * The path is walked with the root, mount namespace and credentials of the
 * calling process.  The credentials and the umask are kept to make and rename
 * files later, which a kernel thread does.
 *
 * Context: may sleep.
 *
 * Return: 0, and vserial_logdir_destroy() has to be called; or, and then not,
 * -ENOENT, -ENOTDIR, -ELOOP (there is a symbolic link on the way), -ENOMEM, or
 * what the file system says.
 */
int vserial_logdir_init(struct vserial_logdir *d,
			const struct vserial_spec *spec, kuid_t uid, kgid_t gid,
			struct vserial_reason *reason)
{
	const char *slash = strrchr(spec->path, '/');
	char *name;
	int err;

	d->role = spec->role;
	d->text = kstrdup(spec->text, GFP_KERNEL);
	d->base = kstrdup(slash + 1, GFP_KERNEL);
	name = kmemdup_nul(spec->path, max_t(size_t, slash - spec->path, 1),
			   GFP_KERNEL);
	if (d->text && d->base && name)
		err = find_dir(d, name, reason);
	else
		err = vserial_refuse(reason, -ENOMEM,
				     "%s '" VSERIAL_VALUE "': no memory left",
				     spec->role, spec->text);
	kfree(name);
	if (err) {
		kfree(d->base);
		kfree(d->text);
		return err;
	}
	d->cred = get_current_cred();
	d->mode = 0640 & ~current_umask();
	d->uid = uid;
	d->gid = gid;
	return 0;
}

/**
 * vserial_logdir_destroy() - let the directory go
 * @d: the directory
 *
 * Context: may sleep.
 */
void vserial_logdir_destroy(struct vserial_logdir *d)
{
	path_put(&d->path);
	put_cred(d->cred);
	kfree(d->base);
	kfree(d->text);
}
