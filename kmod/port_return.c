// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_return: a port takes back what its tty holds for a guest that leaves
 *
 * Nothing shows what a line discipline holds without taking it.  So the module takes
 * it itself, of a descriptor of the caller's, and has it when the call ends, whatever
 * becomes of the caller.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/tty_flip.h>

#include "hold.h"
#include "minor.h"
#include "port_parts.h"

/* More than a line discipline holds. */
#define VSERIAL_TTY_MAX	8192

/* All of @bytes or none.  Call with the lock. */
static int take_back(struct vserial_port *port, const u8 *bytes, size_t n,
		     struct vserial_reason *reason)
{
	struct vserial_front *f = port->front;

	if (vserial_stream_append(&f->stream, bytes, n,
				  VSERIAL_OVERFLOW_BLOCK) < n) {
		vserial_stream_skip(&f->stream, &f->cursor);
		return vserial_refuse(reason, -ENOMEM,
				      "no memory to take back %zu bytes for port '%s/%u'",
				      n, vserial_port_guest_name(port),
				      port->index);
	}
	port->collecting = true;
	/* The flip buffer's worker says if not. */
	port->uncollected = false;
	return 0;
}

/**
 * vserial_port_return() - take back what the tty of a guest that leaves has
 * @port: the port
 * @bytes: what was read from its tty
 * @n: how many
 * @reason: says why not
 *
 * What is still on its way to the tty comes back as well, behind @bytes.
 *
 * Context: process, no locks but config, may sleep.
 * Return: 0; -EINVAL or -ENOMEM with @reason filled.
 */
int vserial_port_return(struct vserial_port *port, const u8 *bytes, size_t n,
			struct vserial_reason *reason)
{
	const char *name = vserial_port_guest_name(port);
	unsigned long flags;
	int err = 0;

	spin_lock_irqsave(&port->lock, flags);
	if (port->held != VSERIAL_MIGRATION_OUTGOING)
		err = vserial_refuse(reason, -EINVAL,
				     "port '%s/%u' takes nothing back: its guest is not about to leave",
				     name, port->index);
	else if (n && !vserial_hold_is_empty(port->front))
		err = vserial_refuse(reason, -EINVAL,
				     "port '%s/%u' has taken back what its tty had; there cannot be %zu bytes more",
				     name, port->index, n);
	else
		err = take_back(port, bytes, n, reason);
	spin_unlock_irqrestore(&port->lock, flags);
	if (err)
		return err;
	tty_flip_buffer_push(&port->tty);
	flush_work(&port->tty.buf.work);

	spin_lock_irqsave(&port->lock, flags);
	if (port->uncollected)
		err = vserial_refuse(reason, -ENOMEM,
				     "no memory for all that is on its way to the tty of port '%s/%u'; what is left can be taken back once more",
				     name, port->index);
	spin_unlock_irqrestore(&port->lock, flags);
	return err;
}

/* Else nothing is taken: the tty is given nothing more, or it would be refused. */
static bool wants_more(struct vserial_port *port)
{
	unsigned long flags;
	bool wants;

	spin_lock_irqsave(&port->lock, flags);
	wants = port->held == VSERIAL_MIGRATION_OUTGOING &&
		!port->collecting && vserial_hold_is_empty(port->front);
	spin_unlock_irqrestore(&port->lock, flags);
	return wants;
}

/* Is that the port's tty, which is read without waiting? */
static bool is_tty_of(const struct vserial_port *port, struct file *file)
{
	const struct inode *inode = file_inode(file);

	return S_ISCHR(inode->i_mode) &&
	       inode->i_rdev == MKDEV(vserial_minor_driver()->major,
				      port->minor) &&
	       file->f_mode & FMODE_READ && file->f_flags & O_NONBLOCK;
}

/**
 * vserial_port_return_tty() - the same, of what the tty holds
 * @port: the port
 * @fd: a descriptor of the caller's, of the port's tty
 * @reason: says why not
 *
 * One read takes all of it, so that nothing comes out of order if the VMM reads as
 * well.
 *
 * Context: process, no locks, may sleep.
 * Return: 0; -EBADF, -EINTR or -ENODEV, or as vserial_port_return(), with @reason
 * filled.
 */
int vserial_port_return_tty(struct vserial_port *port, unsigned int fd,
			    struct vserial_reason *reason)
{
	struct file *file = fget(fd);
	u8 *bytes;
	ssize_t n;
	int err;

	if (!file || !is_tty_of(port, file)) {
		err = vserial_refuse(reason, -EBADF,
				     "descriptor %u is not the tty of port '%s/%u', open for reading and without blocking",
				     fd, vserial_port_guest_name(port),
				     port->index);
		goto put;
	}
	bytes = kmalloc(VSERIAL_TTY_MAX, GFP_KERNEL_ACCOUNT);
	if (!bytes) {
		err = vserial_refuse(reason, -ENOMEM, "out of memory");
		goto put;
	}
	/* With config: or the guest might go on between the two, by its limit. */
	err = vserial_port_lock_config(port, reason);
	if (err)
		goto free;
	n = wants_more(port) ? kernel_read(file, bytes, VSERIAL_TTY_MAX, NULL) :
			       0;
	err = vserial_port_return(port, bytes, max_t(ssize_t, n, 0), reason);
	mutex_unlock(&port->config);
free:
	kfree(bytes);
put:
	if (file)
		fput(file);
	return err;
}
