// SPDX-License-Identifier: GPL-2.0-only
/*
 * capture: a worker that writes a port's output to a file
 *
 * One worker a capture takes bytes from the stream and writes them, so that a
 * file system that hangs holds up nobody else.  The guest's single bytes are
 * gathered for a moment; nobody reads a file that fast.
 *
 * A run of the worker moves what was there when it began, so it ends even if
 * the guest never stops writing.  stop waits for the worker, but not for ever:
 * one that is stuck in its file system finds out later that its source has
 * nothing for it any more, and close waits for it.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "capture.h"
#include "host.h"
#include "owner.h"
#include "port.h"
#include "reason.h"
#include "trace.h"
#include "writer.h"

/* Gather output for so long, unless there is as much as this already. */
#define VSERIAL_CAPTURE_DELAY	(HZ / 100)
#define VSERIAL_CAPTURE_EAGER	16384
/* Write so much at a time at most. */
#define VSERIAL_CAPTURE_CHUNK	32768
/* Try again after an error that may pass. */
#define VSERIAL_CAPTURE_RETRY	(HZ / 4)
/* Wait for the worker so long when the capture is stopped. */
#define VSERIAL_CAPTURE_STOP	(2 * HZ)

/* bits of &vserial_capture.flags */
enum {
	VSERIAL_CAPTURE_QUEUED,		/* the worker will run */
	VSERIAL_CAPTURE_SOON,		/* ... without delay */
	VSERIAL_CAPTURE_RUNNING,	/* it runs */
	VSERIAL_CAPTURE_STOPPING,	/* nothing but stop queues it any more */
	VSERIAL_CAPTURE_STOPPED,	/* it shall move nothing */
	VSERIAL_CAPTURE_FAILED,		/* its last write failed; a retry is queued */
	VSERIAL_CAPTURE_STUCK,		/* stop did not wait; holds a module reference */
};

static void vserial_capture_queue(struct vserial_capture *c,
				  unsigned long delay)
{
	if (!test_and_set_bit(VSERIAL_CAPTURE_QUEUED, &c->flags))
		queue_delayed_work(vserial_wq, &c->work, delay);
	else if (!delay && !test_and_set_bit(VSERIAL_CAPTURE_SOON, &c->flags))
		mod_delayed_work(vserial_wq, &c->work, 0);
}

/**
 * vserial_capture_kick() - there is output
 * @c: the capture
 *
 * Context: any; must not sleep.
 */
void vserial_capture_kick(struct vserial_capture *c)
{
	unsigned long delay = VSERIAL_CAPTURE_DELAY;

	/* The common case, once for each byte a guest writes. */
	if (test_bit(VSERIAL_CAPTURE_SOON, &c->flags) ||
	    test_bit(VSERIAL_CAPTURE_FAILED, &c->flags) ||
	    test_bit(VSERIAL_CAPTURE_STOPPING, &c->flags))
		return;
	if (c->ops->unread(c) >= VSERIAL_CAPTURE_EAGER)
		delay = 0;
	vserial_capture_queue(c, delay);
}

/**
 * vserial_capture_flush() - what is gathered should be written now
 * @c: the capture
 *
 * Context: any; must not sleep.
 */
void vserial_capture_flush(struct vserial_capture *c)
{
	if (!test_bit(VSERIAL_CAPTURE_FAILED, &c->flags))
		vserial_capture_queue(c, 0);
}

static size_t vserial_capture_take(struct vserial_capture *c, u8 *buf, size_t n,
				   u64 *offset)
{
	struct vserial_marker m;
	size_t r;

	/* A file has no place for what is not a byte. */
	do {
		r = c->ops->take(c, buf, n, offset);
	} while (!r && c->ops->take_marker(c, &m));
	return r;
}

/* Moves up to @left bytes.  Return: 0 or the errno of a failed write. */
static int vserial_capture_move(struct vserial_capture *c, size_t left,
				struct vserial_reason *reason)
{
	size_t size = min_t(size_t, left, VSERIAL_CAPTURE_CHUNK);
	const struct cred *cred;
	ssize_t r = 0;
	u8 *buf;

	buf = kmalloc(size, GFP_KERNEL);
	if (!buf)
		return vserial_refuse(reason, -ENOMEM, "out of memory");
	cred = vserial_owner_cred(c->port->owner);

	while (left) {
		u64 offset;
		size_t n = vserial_capture_take(c, buf, min(size, left),
						&offset);

		if (!n)
			break;
		r = vserial_writer_write(c->writer, cred, buf, n, reason);
		if (r > 0)
			c->ops->ack(c, offset + r);
		if (r < (ssize_t)n)
			c->ops->rewind(c);
		if (r < 0)
			break;
		left -= r;
		cond_resched();
	}

	put_cred(cred);
	kfree(buf);
	return min_t(ssize_t, r, 0);
}

static void vserial_capture_work(struct work_struct *work)
{
	struct vserial_capture *c = container_of(to_delayed_work(work),
						 struct vserial_capture, work);
	struct vserial_reason reason;
	size_t left;
	int err;

	set_bit(VSERIAL_CAPTURE_RUNNING, &c->flags);
	clear_bit(VSERIAL_CAPTURE_SOON, &c->flags);
	clear_bit(VSERIAL_CAPTURE_QUEUED, &c->flags);
	/* What is written to the stream from here on queues us again. */
	smp_mb__after_atomic();

	left = test_bit(VSERIAL_CAPTURE_STOPPED, &c->flags) ? 0 :
	       c->ops->unread(c);
	err = left ? vserial_capture_move(c, left, &reason) : 0;
	if (err) {
		if (!test_and_set_bit(VSERIAL_CAPTURE_FAILED, &c->flags))
			trace_vserial_error(c->port, err);
		c->ops->report(c, reason.text);
		if (!test_bit(VSERIAL_CAPTURE_STOPPING, &c->flags))
			vserial_capture_queue(c, VSERIAL_CAPTURE_RETRY);
	} else if (!test_bit(VSERIAL_CAPTURE_STOPPED, &c->flags) &&
		   test_and_clear_bit(VSERIAL_CAPTURE_FAILED, &c->flags)) {
		/* It is written; or the guest has thrown it away meanwhile. */
		c->ops->report(c, "");
		/* What came meanwhile did not queue us. */
		vserial_capture_queue(c, VSERIAL_CAPTURE_DELAY);
	}

	clear_bit(VSERIAL_CAPTURE_RUNNING, &c->flags);
	wake_up_all(&c->idle);
}

/**
 * vserial_capture_open() - open the file
 * @c: filled
 * @ops: its source
 * @port: the port
 * @spec: of the scheme file; not needed afterwards
 * @reason: says why not
 *
 * Context: process, in the configuring task, no locks; may sleep for as long as
 * the file system likes.
 * Return: 0, for vserial_capture_begin() or vserial_capture_close(); or as
 * vserial_writer_open(), with @reason filled.
 */
int vserial_capture_open(struct vserial_capture *c,
			 const struct vserial_capture_ops *ops,
			 struct vserial_port *port,
			 const struct vserial_spec *spec,
			 struct vserial_reason *reason)
{
	kuid_t uid;
	kgid_t gid;

	c->ops = ops;
	c->port = port;
	INIT_DELAYED_WORK(&c->work, vserial_capture_work);
	init_waitqueue_head(&c->idle);
	vserial_owner_get(port->owner, &uid, &gid);
	c->writer = vserial_writer_open(spec, uid, gid, reason);
	return PTR_ERR_OR_ZERO(c->writer);
}

/**
 * vserial_capture_begin() - empty the file, if that is asked for
 * @c: the capture, just opened
 * @reason: says why not
 *
 * Context: as vserial_capture_open().
 * Return: 0, for vserial_capture_start(); or as vserial_writer_begin().
 */
int vserial_capture_begin(struct vserial_capture *c,
			  struct vserial_reason *reason)
{
	return vserial_writer_begin(c->writer, reason);
}

/**
 * vserial_capture_close() - let the file go
 * @c: the capture, stopped or never started; nobody kicks it any more
 *
 * Context: a worker; may sleep for as long as the file system likes.
 */
void vserial_capture_close(struct vserial_capture *c)
{
	cancel_delayed_work_sync(&c->work);
	vserial_writer_close(c->writer);
	if (test_bit(VSERIAL_CAPTURE_STUCK, &c->flags))
		module_put(THIS_MODULE);
}

/**
 * vserial_capture_start() - write from now on, when kicked
 * @c: the capture
 *
 * Context: process; not while it is being stopped.
 */
void vserial_capture_start(struct vserial_capture *c)
{
	clear_bit(VSERIAL_CAPTURE_STOPPED, &c->flags);
	clear_bit(VSERIAL_CAPTURE_STOPPING, &c->flags);
	clear_bit(VSERIAL_CAPTURE_FAILED, &c->flags);
}

static bool vserial_capture_is_idle(struct vserial_capture *c)
{
	return !test_bit(VSERIAL_CAPTURE_QUEUED, &c->flags) &&
	       !test_bit(VSERIAL_CAPTURE_RUNNING, &c->flags);
}

/**
 * vserial_capture_stop() - write what is there, and no more
 * @c: the capture, started
 *
 * Context: process; may sleep for a bounded time.
 */
void vserial_capture_stop(struct vserial_capture *c)
{
	long left;

	set_bit(VSERIAL_CAPTURE_STOPPING, &c->flags);
	vserial_capture_queue(c, 0);
	left = wait_event_timeout(c->idle, vserial_capture_is_idle(c),
				  VSERIAL_CAPTURE_STOP);
	/*
	 * A guest that wrote just now may have queued the worker once more.
	 * What it moved from here on, the next reader would move too.
	 */
	set_bit(VSERIAL_CAPTURE_STOPPED, &c->flags);
	/* Either we see it run, or it sees that it is stopped. */
	smp_mb__after_atomic();
	if (!wait_event_timeout(c->idle,
				!test_bit(VSERIAL_CAPTURE_RUNNING, &c->flags),
				max(left, 1L)) &&
	    !test_and_set_bit(VSERIAL_CAPTURE_STUCK, &c->flags))
		/* Keeps rmmod from waiting where nobody can interrupt it. */
		__module_get(THIS_MODULE);
}
