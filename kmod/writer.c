// SPDX-License-Identifier: GPL-2.0-only
/*
 * writer: puts bytes into a file, with a size cap, rotation and time stamps
 *
 *   vserial_writer --dir---> the directory; as whoever configured
 *        |
 *        +----------file---> the open file; as the guest's owner
 *
 * A name in the directory is looked up only when it has to be: to rotate, and
 * when the open file lost its name.  That is how rotating goes on after a
 * failure, too: the names are shifted first, and then the open file is one that
 * lost its name.  It stays open until its successor is, so there is always one.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "logdir.h"
#include "reason.h"
#include "spec.h"
#include "stamp.h"
#include "writer.h"

/* Stamps and text are put together in pieces of so many bytes. */
#define CHUNK	4096

/**
 * struct vserial_writer - a file that takes bytes
 * @dir: where the file is made and rotated
 * @file: what is written to
 * @parent: the directory that held @file's name when it was opened; only
 *	compared, never followed
 * @name: the name @file had when it was opened
 * @max_size: bytes the file may hold, 0: no limit
 * @keep: rotated files that are kept
 * @truncate: the file is to be emptied before the first byte
 * @stamp: where time stamps stand, once bytes were written
 * @begun: bytes were written
 * @chunk: CHUNK bytes to put stamps and text together, or NULL: no stamps
 */
struct vserial_writer {
	struct vserial_logdir dir;
	struct file *file;
	struct dentry *parent;
	struct name_snapshot name;
	u64 max_size;
	u32 keep;
	bool truncate;
	struct vserial_stamp stamp;
	bool begun;
	u8 *chunk;
};

static int refuse(const struct vserial_writer *w, struct vserial_reason *reason,
		  int err, const char *what)
{
	return vserial_logdir_refuse(&w->dir, reason, err, what);
}

static void set_file(struct vserial_writer *w, struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;

	w->file = file;
	take_dentry_name_snapshot(&w->name, dentry);
	spin_lock(&dentry->d_lock);
	w->parent = dentry->d_parent;
	spin_unlock(&dentry->d_lock);
}

static void unset_file(struct vserial_writer *w)
{
	release_dentry_name_snapshot(&w->name);
	vserial_logdir_close_file(w->file);
}

/* Does the open file still have the name it had?  Costs no lookup. */
static bool in_place(const struct vserial_writer *w)
{
	struct dentry *dentry = w->file->f_path.dentry;
	bool same;

	spin_lock(&dentry->d_lock);
	same = !d_unhashed(dentry) && dentry->d_parent == w->parent &&
	       dentry->d_name.len == w->name.name.len &&
	       !memcmp(dentry->d_name.name, w->name.name.name,
		       dentry->d_name.len);
	spin_unlock(&dentry->d_lock);
	return same;
}

/* Goes on in the newest file, whatever became of the open one. */
static int reopen(struct vserial_writer *w, struct vserial_reason *reason)
{
	struct file *file = vserial_logdir_open(&w->dir, reason);

	if (IS_ERR(file))
		return PTR_ERR(file);
	unset_file(w);
	set_file(w, file);
	return 0;
}

/* As whoever configured, who may do what the guest's owner may not. */
static int start_over(struct vserial_writer *w, struct vserial_reason *reason)
{
	const struct cred *old = override_creds(w->dir.cred);
	int err = vfs_truncate(&w->file->f_path, 0);

	revert_creds(old);
	return err ? refuse(w, reason, err, "empty the file") : 0;
}

/* Makes room: the open file has reached its size. */
static int make_room(struct vserial_writer *w, struct vserial_reason *reason)
{
	int err;

	if (w->keep)
		err = vserial_logdir_shift(&w->dir, file_inode(w->file),
					   w->keep, reason) ?:
		      reopen(w, reason);
	else
		err = start_over(w, reason);
	if (!err && i_size_read(file_inode(w->file)) >= w->max_size)
		err = refuse(w, reason, -EAGAIN, "rotate the file");
	return err;
}

/* Writes bytes as they are.  Returns how many; *err says why not all. */
static size_t put(struct vserial_writer *w, const u8 *buf, size_t n, int *err,
		  struct vserial_reason *reason)
{
	size_t done = 0;

	while (done < n) {
		size_t part = n - done;
		loff_t pos = 0;	/* O_APPEND finds the end */
		ssize_t ret;

		if (w->max_size) {
			u64 size = i_size_read(file_inode(w->file));

			if (size >= w->max_size) {
				*err = make_room(w, reason);
				if (*err)
					break;
				continue;
			}
			part = min_t(u64, part, w->max_size - size);
		}
		ret = kernel_write(w->file, buf + done, part, &pos);
		if (ret <= 0) {
			*err = refuse(w, reason, ret ? ret : -EIO,
				      "write to the file");
			break;
		}
		done += ret;
	}
	return done;
}

/* Does the file end in the middle of a line?  Then output goes on with it. */
static bool ends_in_line(const struct vserial_writer *w)
{
	loff_t pos = i_size_read(file_inode(w->file)) - 1;
	struct file *file;
	char last = '\n';

	if (pos < 0)
		return false;
	/* The open file cannot be read: whoever configured may not need to. */
	file = dentry_open(&w->file->f_path, O_RDONLY | O_LARGEFILE | O_NOATIME,
			   w->dir.cred);
	if (IS_ERR(file))
		return false;
	if (kernel_read(file, &last, 1, &pos) != 1)
		last = '\n';
	vserial_logdir_close_file(file);
	return last != '\n';
}

static size_t put_stamped(struct vserial_writer *w, const u8 *buf, size_t n,
			  int *err, struct vserial_reason *reason)
{
	char text[VSERIAL_STAMP_LEN];
	struct timespec64 now;
	size_t done = 0;

	/* Not before: the file may be another writer's until now. */
	if (!w->begun)
		w->stamp.line_start = !ends_in_line(w);
	w->begun = true;
	ktime_get_real_ts64(&now);
	vserial_stamp_format(text, &now);
	while (done < n && !*err) {
		struct vserial_stamp ahead = w->stamp;
		size_t len, used;

		len = vserial_stamp_merge(&ahead, text, buf + done, n - done,
					  w->chunk, CHUNK, &used);
		len = put(w, w->chunk, len, err, reason);
		vserial_stamp_merge(&w->stamp, text, buf + done, n - done,
				    w->chunk, len, &used);
		done += used;
	}
	return done;
}

/**
 * vserial_writer_open() - open a file for output
 * @spec: what is asked for; not needed afterwards
 * @uid: owner of a file that has to be made, now or by rotation; invalid: as
 *	any file the caller makes
 * @gid: its group; invalid: as above
 * @reason: filled when refused
 *
 * The path is walked with the root, mount namespace and credentials of the
 * calling process; the credentials are kept to create and rename files in that
 * directory later.  Neither the file nor a directory on its way may be a
 * symbolic link, and the file must be a regular one with a single name.  An
 * existing file keeps its owner and mode; with time stamps, one that ends within
 * a line goes on with that line.  A refusal leaves no new file, and an existing
 * one untouched.
 *
 * Context: process context; may sleep as long as the file system likes.
 *
 * Return: the writer, for vserial_writer_begin() or vserial_writer_close(); or
 * an ERR_PTR:
 * -ENOENT, -ENOTDIR, -ELOOP, -EISDIR, -EMLINK (the file has several names),
 * -EINVAL (neither file nor directory), -ENOMEM, or what the file system says.
 */
struct vserial_writer *vserial_writer_open(const struct vserial_spec *spec,
					   kuid_t uid, kgid_t gid,
					   struct vserial_reason *reason)
{
	struct vserial_writer *w;
	struct file *file;
	int err;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (w && spec->file.timestamps)
		w->chunk = kmalloc(CHUNK, GFP_KERNEL);
	if (!w || (spec->file.timestamps && !w->chunk)) {
		err = vserial_refuse(reason, -ENOMEM,
				     "%s '" VSERIAL_VALUE "': no memory left",
				     spec->role, spec->text);
		goto free;
	}
	w->max_size = spec->file.max_size;
	w->keep = spec->file.keep;
	w->truncate = spec->file.truncate;

	err = vserial_logdir_init(&w->dir, spec, uid, gid, reason);
	if (err)
		goto free_chunk;
	file = vserial_logdir_open(&w->dir, reason);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto destroy_dir;
	}
	set_file(w, file);
	return w;

destroy_dir:
	vserial_logdir_destroy(&w->dir);
free_chunk:
	kfree(w->chunk);
free:
	kfree(w);
	return ERR_PTR(err);
}

/**
 * vserial_writer_begin() - do what cannot be undone: empty the file, if asked to
 * @w: the writer, just opened
 * @reason: filled when refused
 *
 * Apart from opening, so that whoever opens several things can refuse while
 * none of them has lost anything.
 *
 * Context: process context; may sleep as long as the file system likes.
 *
 * Return: 0, and the writer may be written to; or what the file system says.
 */
int vserial_writer_begin(struct vserial_writer *w,
			 struct vserial_reason *reason)
{
	return w->truncate ? start_over(w, reason) : 0;
}

/**
 * vserial_writer_close() - let a file go
 * @w: the writer, freed
 *
 * Nothing is synced: what was written is the kernel's and survives all but the
 * host, as with any log file; and a port must not wait for a slow disk when
 * its backing is changed.  From a kernel thread the file is closed when this
 * returns.
 *
 * Context: process context, may sleep; no vserial_writer_write() may run.
 */
void vserial_writer_close(struct vserial_writer *w)
{
	unset_file(w);
	vserial_logdir_destroy(&w->dir);
	kfree(w->chunk);
	kfree(w);
}

/**
 * vserial_writer_write() - append bytes to the file
 * @w: the writer
 * @cred: who writes, from vserial_owner_cred(): the quota that counts
 * @buf: the bytes
 * @n: how many
 * @reason: filled when not all of them were written
 *
 * A file that would outgrow its max-size is rotated, in the middle of @buf if
 * need be.  The bytes of all files, oldest first, are the bytes written.
 *
 * If the open file lost its name, because somebody renamed, removed or
 * replaced it, the writer goes on in a file of that name, making it if there
 * is none: what an operator wants after "mv" or "rm", and what logrotate needs
 * no postrotate script for.  A file emptied in place is appended to from there.
 *
 * With time stamps, a line's is of the call that first tried to write a byte
 * of it.  A stamp may be cut by an error or a rotation; its rest comes with
 * the next byte.  What was written of a stamp is not counted in the return
 * value, and bytes the writer did not report as written it does not keep:
 * offer them again.
 *
 * An error is final for the call only: each call tries again whatever is
 * missing, be it space, a rotation or the file itself.
 *
 * Context: a kernel thread (a work item), may sleep as long as the file system
 * likes; one caller at a time.  A user's process would be stopped by its own
 * RLIMIT_FSIZE, and killed by SIGXFSZ.
 *
 * Return: bytes of @buf that are in the file, 0 ... @n, fewer than @n with
 * @reason filled; or, if none are, -ENOSPC, -EDQUOT, -EFBIG, -EIO, what
 * vserial_writer_open() returns, or what else the file system says.
 */
ssize_t vserial_writer_write(struct vserial_writer *w, const struct cred *cred,
			     const u8 *buf, size_t n,
			     struct vserial_reason *reason)
{
	const struct cred *old;
	size_t done;
	int err;

	/* Bytes that were written earlier may have failed on their way. */
	err = file_check_and_advance_wb_err(w->file);
	if (err)
		return refuse(w, reason, err,
			      "bring earlier output to the disk");
	if (!in_place(w)) {
		err = reopen(w, reason);
		if (err)
			return err;
	}

	old = override_creds(cred);
	if (w->chunk)
		done = put_stamped(w, buf, n, &err, reason);
	else
		done = put(w, buf, n, &err, reason);
	revert_creds(old);
	return done ? done : err;
}
