// SPDX-License-Identifier: GPL-2.0-only
/*
 * writer: puts bytes into a file, with a size cap, rotation and time stamps
 *
 *   vserial_writer --dir--> the directory, found once, through no symlink
 *        |    |                  |
 *        |    +--cred--> who configured; looks up, creates and renames there
 *        |                       |
 *        +--file--> the open file, written as the guest's owner
 *
 * The directory is kept, its path is not: whoever renames a directory above
 * it, or has another root, changes nothing.  A name in it is looked up again
 * only when it has to be: to rotate, and when the open file lost its name.
 * That is how rotating goes on after a failure, too: the names are shifted
 * first, and then the open file is one that lost its name.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/highuid.h>
#include <linux/mm.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "compat.h"
#include "reason.h"
#include "spec.h"
#include "writer.h"

/* "2026-01-31T12:34:56.789Z " */
#define STAMP_LEN	25
#define STAMP_CHUNK	4096

/**
 * struct stamp_state - where a file stands with its time stamps
 * @line_start: the next byte begins a line
 * @left: the last bytes of @text that are still to be written
 * @text: the stamp of the line that was begun last
 */
struct stamp_state {
	bool line_start;
	u8 left;
	char text[STAMP_LEN + 1];
};

/**
 * struct vserial_writer - a file that takes bytes
 * @file: what is written to
 * @parent: the directory that held @file's name when it was opened; only
 *	compared, never followed
 * @name: the name @file had when it was opened
 * @dir: where the file is made and rotated
 * @cred: who looks up, creates and renames there
 * @text: the specification, for sentences
 * @base: the file's name in @dir
 * @scratch: a name in @dir, while it is looked up
 * @mode: permissions of a new file
 * @uid: owner of a new file, or invalid
 * @gid: group of a new file, or invalid
 * @max_size: bytes the file may hold, 0: no limit
 * @keep: rotated files that are kept
 * @stamp: where time stamps stand
 * @chunk: STAMP_CHUNK bytes to put stamps and text together, or NULL: no stamps
 */
struct vserial_writer {
	struct file *file;
	struct dentry *parent;
	struct name_snapshot name;
	struct path dir;
	const struct cred *cred;
	char *text;
	char *base;
	char scratch[NAME_MAX + 1];
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	u64 max_size;
	u32 keep;
	struct stamp_state stamp;
	u8 *chunk;
};

#define refuse(w, reason, err, fmt, ...)				\
	vserial_refuse(reason, err, "backing '" VSERIAL_VALUE "': " fmt,	\
		       (w)->text, ##__VA_ARGS__)

/* What the file system meant, for the end of a sentence. */
static const char *meaning(int err)
{
	switch (err) {
	case -EACCES:
		return "permission denied to whoever set the backing";
	case -EPERM:
		return "the file system does not permit it";
	case -EROFS:
		return "the file system is read-only";
	case -ENOSPC:
		return "no space left on the file system";
	case -EDQUOT:
		return "the disk quota is used up";
	case -ENOENT:
		return "its directory was removed";
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
		return "somebody holds a lease on it";
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

static int refuse_errno(const struct vserial_writer *w,
			struct vserial_reason *reason, int err,
			const char *what)
{
	const char *means = meaning(err);

	if (means)
		return refuse(w, reason, err, "cannot %s: %s", what, means);
	return refuse(w, reason, err, "cannot %s: error %d", what, -err);
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
	case S_IFREG:
		return "a regular file";
	default:
		return "of unknown type";
	}
}

/* A name in the directory: 0 is the newest file, .1 is older. */
static const char *nth_name(struct vserial_writer *w, u32 nth)
{
	if (!nth)
		return w->base;
	snprintf(w->scratch, sizeof(w->scratch), "%s.%u", w->base, nth);
	return w->scratch;
}

/* The directory's inode is locked. */
static struct dentry *nth_lookup(struct vserial_writer *w, u32 nth)
{
	const char *name = nth_name(w, nth);

	return lookup_one(vserial_mnt_map(w->dir.mnt), name, w->dir.dentry,
			  strlen(name));
}

/*
 * What close(2) does: ->flush makes a network file system send what it holds.
 * A kernel thread's fput() only queues, and whoever reconfigured a port
 * expects to be able to unmount the file system then.
 */
static void close_file(struct file *file)
{
	get_file(file);
	filp_close(file, NULL);
	if (current->flags & PF_KTHREAD)
		__fput_sync(file);
	else
		fput(file);
}

/* The file now written to is @file. */
static void take_file(struct vserial_writer *w, struct file *file)
{
	struct dentry *dentry = file->f_path.dentry;

	if (w->file) {
		release_dentry_name_snapshot(&w->name);
		close_file(w->file);
	}
	w->file = file;
	take_dentry_name_snapshot(&w->name, dentry);
	spin_lock(&dentry->d_lock);
	w->parent = dentry->d_parent;
	spin_unlock(&dentry->d_lock);
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

/*
 * A second name of a file may be one that an attacker gave it: a guest's
 * owner, in a directory of their own, could else point the writer at any file
 * of that file system.
 */
static int check_inode(const struct vserial_writer *w,
		       const struct inode *inode, struct vserial_reason *reason)
{
	if (S_ISLNK(inode->i_mode))
		return refuse(w, reason, -ELOOP,
			      "the file is a symbolic link, which is not followed");
	if (!S_ISREG(inode->i_mode))
		return refuse(w, reason,
			      S_ISDIR(inode->i_mode) ? -EISDIR : -EINVAL,
			      "it is %s, not a regular file",
			      kind(inode->i_mode));
	if (inode->i_nlink > 1)
		return refuse(w, reason, -EMLINK,
			      "the file has %u names (hard links), only one is allowed",
			      inode->i_nlink);
	if (IS_IMMUTABLE(inode))
		return refuse(w, reason, -EPERM, "the file is immutable");
	return 0;
}

/* The file was just created: its blocks count for the guest's owner. */
static int give_to_owner(struct vserial_writer *w, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct iattr attr = { .ia_valid = ATTR_CTIME };
	int err;

	if (uid_valid(w->uid)) {
		attr.ia_valid |= ATTR_UID;
		attr.ia_vfsuid = VFSUIDT_INIT(w->uid);
	}
	if (uid_valid(w->uid) && gid_valid(w->gid)) {
		attr.ia_valid |= ATTR_GID;
		attr.ia_vfsgid = VFSGIDT_INIT(w->gid);
	}
	if (attr.ia_valid == ATTR_CTIME)
		return 0;

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
static void unmake(struct vserial_writer *w, struct file *file)
{
	struct inode *dir = d_inode(w->dir.dentry);
	struct dentry *dentry;

	if (mnt_want_write(w->dir.mnt))
		return;
	inode_lock_nested(dir, I_MUTEX_PARENT);
	dentry = nth_lookup(w, 0);
	if (!IS_ERR(dentry)) {
		if (d_inode(dentry) == file_inode(file))
			vfs_unlink(vserial_mnt_map(w->dir.mnt), dir, dentry,
				   NULL);
		dput(dentry);
	}
	inode_unlock(dir);
	mnt_drop_write(w->dir.mnt);
}

/*
 * Opens, or makes, the newest file; as w->cred.  What is there is looked at
 * before it is opened, because opening alone wakes a FIFO's reader or starts a
 * watchdog; and looked at again afterwards, because it may have been replaced.
 */
static struct file *open_newest(struct vserial_writer *w,
				struct vserial_reason *reason)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_LARGEFILE | O_NOFOLLOW |
		    O_NOCTTY | O_NONBLOCK;
	struct dentry *dentry;
	struct file *file;
	int err;

	dentry = lookup_one_positive_unlocked(vserial_mnt_map(w->dir.mnt),
					      w->base, w->dir.dentry,
					      strlen(w->base));
	if (!IS_ERR(dentry)) {
		const struct inode *inode = d_inode(dentry);

		/*
		 * fs.protected_regular refuses O_CREAT on somebody else's file
		 * in /tmp, and so the file this very guest was given before.
		 */
		if (uid_valid(w->uid) && uid_eq(inode->i_uid, w->uid))
			flags &= ~O_CREAT;
		err = check_inode(w, inode, reason);
		dput(dentry);
		if (err)
			return ERR_PTR(err);
	} else if (dentry != ERR_PTR(-ENOENT)) {
		return ERR_PTR(refuse_errno(w, reason, PTR_ERR(dentry),
					    "open the file"));
	}

	file = file_open_root(&w->dir, w->base, flags, w->mode);
	if (IS_ERR(file))
		return ERR_PTR(refuse_errno(w, reason, PTR_ERR(file),
					    "open the file"));
	err = check_inode(w, file_inode(file), reason);
	if (!err && (!file->f_op->write_iter || file->f_op->write))
		err = refuse(w, reason, -EINVAL,
			     "its file system takes no output from the kernel");
	if (!err && file->f_mode & FMODE_CREATED) {
		err = give_to_owner(w, file);
		if (err) {
			refuse_errno(w, reason, err,
				     "give the new file to the guest's owner");
			unmake(w, file);
		}
	}
	if (err) {
		close_file(file);
		return ERR_PTR(err);
	}
	return file;
}

/* Goes on in the newest file, whatever became of the open one. */
static int reopen(struct vserial_writer *w, struct vserial_reason *reason)
{
	const struct cred *old = override_creds(w->cred);
	struct file *file = open_newest(w, reason);

	revert_creds(old);
	if (IS_ERR(file))
		return PTR_ERR(file);
	take_file(w, file);
	return 0;
}

/* Renames .(nth - 1) to .nth; the directory's inode is locked. */
static int shift_one(struct vserial_writer *w, u32 nth,
		     struct vserial_reason *reason)
{
	struct inode *dir = d_inode(w->dir.dentry);
	struct renamedata rd = {
		.vserial_old_mnt_map = vserial_mnt_map(w->dir.mnt),
		.vserial_new_mnt_map = vserial_mnt_map(w->dir.mnt),
		.old_dir = dir,
		.new_dir = dir,
	};
	struct dentry *from, *to;
	int err;

	from = nth_lookup(w, nth - 1);
	if (IS_ERR(from))
		return refuse_errno(w, reason, PTR_ERR(from), "rotate the file");
	to = nth_lookup(w, nth);
	if (IS_ERR(to)) {
		err = refuse_errno(w, reason, PTR_ERR(to), "rotate the file");
		goto put_from;
	}

	/* Neither moves nor replaces what this writer would not have made. */
	if (!d_is_reg(from) || (d_is_positive(to) && !d_is_reg(to))) {
		struct dentry *bad = d_is_reg(from) ? to : from;

		err = refuse(w, reason, -EEXIST,
			     "cannot rotate the file: '%.60s' is %s, not a regular file",
			     nth_name(w, bad == to ? nth : nth - 1),
			     d_is_positive(bad) ? kind(d_inode(bad)->i_mode) :
						  "gone");
		goto put_to;
	}

	rd.old_dentry = from;
	rd.new_dentry = to;
	err = vfs_rename(&rd);
	if (err)
		refuse_errno(w, reason, err, "rotate the file");
put_to:
	dput(to);
put_from:
	dput(from);
	return err;
}

/*
 * Makes the newest name free.  The names up to the first gap move: when a
 * shift failed half-way, the next one goes on at the gap it left, and nothing
 * that was kept falls out twice.
 */
static int shift(struct vserial_writer *w, struct vserial_reason *reason)
{
	struct inode *dir = d_inode(w->dir.dentry);
	struct dentry *dentry;
	bool found;
	u32 nth;
	int err;

	err = mnt_want_write(w->dir.mnt);
	if (err)
		return refuse_errno(w, reason, err, "rotate the file");
	inode_lock_nested(dir, I_MUTEX_PARENT);
	for (nth = 0; nth < w->keep; nth++) {
		dentry = nth_lookup(w, nth);
		if (IS_ERR(dentry)) {
			err = refuse_errno(w, reason, PTR_ERR(dentry),
					   "rotate the file");
			goto unlock;
		}
		/* The newest is the open file, or somebody was faster. */
		found = nth ? d_is_positive(dentry) :
			      d_inode(dentry) == file_inode(w->file);
		dput(dentry);
		if (!found)
			break;
	}
	for (; nth && !err; nth--)
		err = shift_one(w, nth, reason);
unlock:
	inode_unlock(dir);
	mnt_drop_write(w->dir.mnt);
	return err;
}

/* Makes room: the open file has reached its size. */
static int rotate(struct vserial_writer *w, struct vserial_reason *reason)
{
	const struct cred *old = override_creds(w->cred);
	int err;

	if (w->keep) {
		err = shift(w, reason);
	} else {
		err = vfs_truncate(&w->file->f_path, 0);
		if (err)
			refuse_errno(w, reason, err, "start the file over");
	}
	revert_creds(old);
	if (!err && w->keep)
		err = reopen(w, reason);
	if (!err && i_size_read(file_inode(w->file)) >= w->max_size)
		err = refuse(w, reason, -EAGAIN,
			     "somebody else fills the file as soon as it is rotated");
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
				*err = rotate(w, reason);
				if (*err)
					break;
				size = i_size_read(file_inode(w->file));
			}
			part = min_t(u64, part, w->max_size - size);
		}
		ret = kernel_write(w->file, buf + done, part, &pos);
		if (ret <= 0) {
			*err = refuse_errno(w, reason, ret ? ret : -EIO,
					    "write to the file");
			break;
		}
		done += ret;
	}
	return done;
}

static void stamp_begin(struct stamp_state *st, const struct timespec64 *now)
{
	struct tm tm;

	time64_to_tm(now->tv_sec, 0, &tm);
	/* The bounds are the real ones; they tell the compiler that it fits. */
	snprintf(st->text, sizeof(st->text),
		 "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ ",
		 (u32)(tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100U,
		 tm.tm_mday % 100U, tm.tm_hour % 100U, tm.tm_min % 100U,
		 tm.tm_sec % 100U, (u32)(now->tv_nsec / NSEC_PER_MSEC) % 1000);
	st->left = STAMP_LEN;
	st->line_start = false;
}

/*
 * Puts stamps and text together into @out, at most @room bytes, and moves @st
 * on by exactly these.  Returns the bytes put out; *used are those of @buf
 * among them.  Called twice for a chunk: to learn what is to be written, and,
 * on the real state, how far what was written has got.
 */
static size_t stamp(struct stamp_state *st, const struct timespec64 *now,
		    const u8 *buf, size_t n, u8 *out, size_t room, size_t *used)
{
	size_t in = 0, len = 0;

	while (in < n) {
		size_t part;
		const u8 *nl;

		if (st->line_start)
			stamp_begin(st, now);
		part = min_t(size_t, st->left, room - len);
		memcpy(out + len, st->text + STAMP_LEN - st->left, part);
		st->left -= part;
		len += part;

		part = min(n - in, room - len);
		if (!part)
			break;
		nl = memchr(buf + in, '\n', part);
		if (nl) {
			part = nl + 1 - (buf + in);
			st->line_start = true;
		}
		memcpy(out + len, buf + in, part);
		in += part;
		len += part;
	}
	*used = in;
	return len;
}

static size_t put_stamped(struct vserial_writer *w, const u8 *buf, size_t n,
			  int *err, struct vserial_reason *reason)
{
	struct timespec64 now;
	size_t done = 0;

	ktime_get_real_ts64(&now);
	while (done < n && !*err) {
		struct stamp_state ahead = w->stamp;
		size_t len, used;

		len = stamp(&ahead, &now, buf + done, n - done, w->chunk,
			    STAMP_CHUNK, &used);
		len = put(w, w->chunk, len, err, reason);
		stamp(&w->stamp, &now, buf + done, n - done, w->chunk, len,
		      &used);
		done += used;
	}
	return done;
}

/* Does the file end in the middle of a line?  Then output goes on with it. */
static bool ends_in_line(struct vserial_writer *w)
{
	loff_t pos = i_size_read(file_inode(w->file)) - 1;
	struct file *file;
	char last = '\n';

	if (pos < 0)
		return false;
	file = dentry_open(&w->file->f_path, O_RDONLY | O_LARGEFILE, w->cred);
	if (IS_ERR(file))
		return false;
	if (kernel_read(file, &last, 1, &pos) != 1)
		last = '\n';
	close_file(file);
	return last != '\n';
}

static int open_dir(struct vserial_writer *w, const char *path,
		    struct vserial_reason *reason)
{
	const char *slash = strrchr(path, '/');
	char *name;
	int err;

	w->base = kstrdup(slash + 1, GFP_KERNEL);
	name = kmemdup_nul(path, max_t(size_t, slash - path, 1), GFP_KERNEL);
	if (!w->base || !name) {
		err = refuse_errno(w, reason, -ENOMEM, "open the file");
		goto free_name;
	}
	if (!*w->base || !strcmp(w->base, ".") || !strcmp(w->base, "..")) {
		err = refuse(w, reason, -EISDIR,
			     "it is a directory, not a regular file");
		goto free_name;
	}

	err = kern_path(name, LOOKUP_DIRECTORY | LOOKUP_NO_SYMLINKS, &w->dir);
	if (err == -ENOENT)
		refuse(w, reason, err, "the directory '%.100s' does not exist",
		       name);
	else if (err == -ENOTDIR)
		refuse(w, reason, err, "'%.100s' is not a directory", name);
	else if (err == -ELOOP)
		refuse(w, reason, err,
		       "a part of '%.70s' is a symbolic link, which is not followed",
		       name);
	else if (err)
		refuse_errno(w, reason, err, "open its directory");
free_name:
	kfree(name);
	return err;
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
 * existing file keeps its owner and mode.  A refusal leaves no new file, and an
 * existing one untouched.
 *
 * Context: process context; may sleep as long as the file system likes.
 *
 * Return: the writer, to be given to vserial_writer_close(); or an ERR_PTR:
 * -ENOENT, -ENOTDIR, -ELOOP, -EISDIR, -EMLINK (the file has several names),
 * -EINVAL (neither file nor directory), -ENAMETOOLONG, -ENOMEM, or what the
 * file system says.
 */
struct vserial_writer *vserial_writer_open(const struct vserial_spec *spec,
					   kuid_t uid, kgid_t gid,
					   struct vserial_reason *reason)
{
	struct vserial_writer *w;
	struct file *file;
	int err = -ENOMEM;

	w = kzalloc(sizeof(*w), GFP_KERNEL);
	if (!w)
		return ERR_PTR(vserial_refuse(reason, -ENOMEM,
					      "backing '" VSERIAL_VALUE "': no memory left",
					      spec->text));
	w->cred = get_current_cred();
	w->uid = uid;
	w->gid = gid;
	/* Files made later are made by a kernel thread, with its own umask. */
	w->mode = 0640 & ~current_umask();
	w->max_size = spec->file.max_size;
	w->keep = spec->file.keep;
	w->text = kstrdup(spec->text, GFP_KERNEL);
	if (spec->file.timestamps)
		w->chunk = kmalloc(STAMP_CHUNK, GFP_KERNEL);
	if (!w->text || (spec->file.timestamps && !w->chunk)) {
		vserial_refuse(reason, err,
			       "backing '" VSERIAL_VALUE "': no memory left",
			       spec->text);
		goto free;
	}

	err = open_dir(w, spec->path, reason);
	if (err)
		goto free;
	if (w->max_size && w->keep &&
	    snprintf(NULL, 0, "%s.%u", w->base, w->keep) > NAME_MAX) {
		err = refuse(w, reason, -ENAMETOOLONG,
			     "with .%u, as a rotated file, the name is longer than %d bytes",
			     w->keep, NAME_MAX);
		goto put_dir;
	}
	file = open_newest(w, reason);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		goto put_dir;
	}
	take_file(w, file);
	if (spec->file.truncate) {
		err = vfs_truncate(&file->f_path, 0);
		if (err) {
			refuse_errno(w, reason, err, "empty the file");
			vserial_writer_close(w);
			return ERR_PTR(err);
		}
	}
	w->stamp.line_start = !w->chunk || !ends_in_line(w);
	return w;

put_dir:
	path_put(&w->dir);
free:
	put_cred(w->cred);
	kfree(w->chunk);
	kfree(w->base);
	kfree(w->text);
	kfree(w);
	return ERR_PTR(err);
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
	release_dentry_name_snapshot(&w->name);
	close_file(w->file);
	path_put(&w->dir);
	put_cred(w->cred);
	kfree(w->chunk);
	kfree(w->base);
	kfree(w->text);
	kfree(w);
}

/**
 * vserial_writer_write() - append bytes to the file
 * @w: the writer
 * @cred: who writes, from vserial_writer_cred(): the quota that counts
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
		return refuse_errno(w, reason, err,
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

/**
 * vserial_writer_cred() - who writes
 * @uid: the guest's owner, or invalid: none
 * @gid: the owner's group, or invalid: the overflow group
 *
 * An owner has no capabilities and no other groups.  Root, who writes for a
 * guest without an owner, has all but CAP_SYS_RESOURCE, which would let it
 * exceed a quota.
 *
 * Context: may sleep.
 *
 * Return: credentials, to be given to put_cred(); or ERR_PTR(-ENOMEM).
 */
const struct cred *vserial_writer_cred(kuid_t uid, kgid_t gid)
{
	struct cred *cred = prepare_kernel_cred(&init_task);

	if (!cred)
		return ERR_PTR(-ENOMEM);
	if (!uid_valid(uid)) {
		cap_lower(cred->cap_effective, CAP_SYS_RESOURCE);
		cap_lower(cred->cap_permitted, CAP_SYS_RESOURCE);
		cap_lower(cred->cap_bset, CAP_SYS_RESOURCE);
		return cred;
	}
	if (!gid_valid(gid))
		gid = KGIDT_INIT(DEFAULT_OVERFLOWGID);
	cred->uid = uid;
	cred->euid = uid;
	cred->suid = uid;
	cred->fsuid = uid;
	cred->gid = gid;
	cred->egid = gid;
	cred->sgid = gid;
	cred->fsgid = gid;
	cred->cap_inheritable = CAP_EMPTY_SET;
	cred->cap_permitted = CAP_EMPTY_SET;
	cred->cap_effective = CAP_EMPTY_SET;
	cred->cap_bset = CAP_EMPTY_SET;
	cred->cap_ambient = CAP_EMPTY_SET;
	return cred;
}
