// SPDX-License-Identifier: GPL-2.0-only
/*
 * file: captures the guest's output
 *
 * One worker a port takes bytes from the stream and writes them, so that a
 * file system that hangs holds up nobody else.  The guest's single bytes are
 * gathered for a moment; nobody reads a file that fast.
 *
 * A run of the worker moves what was there when it began, so it ends even if
 * the guest never stops writing.  stop waits for the worker, but not for ever:
 * one that is stuck in its file system finds out later that it is no longer
 * the port's backing, and close waits for it.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "backing.h"
#include "host.h"
#include "owner.h"
#include "port.h"
#include "reason.h"
#include "spec.h"
#include "trace.h"
#include "writer.h"

/* Gather output for so long, unless there is as much as this already. */
#define VSERIAL_FILE_DELAY	(HZ / 100)
#define VSERIAL_FILE_EAGER	16384
/* Write so much at a time at most. */
#define VSERIAL_FILE_CHUNK	32768
/* Try again after an error that may pass. */
#define VSERIAL_FILE_RETRY	(HZ / 4)
/* Wait for the worker so long when the backing is stopped. */
#define VSERIAL_FILE_STOP	(2 * HZ)

/* bits of &vserial_file.flags */
enum {
	VSERIAL_FILE_QUEUED,	/* the worker will run */
	VSERIAL_FILE_SOON,	/* ... without delay */
	VSERIAL_FILE_RUNNING,	/* it runs */
	VSERIAL_FILE_STOPPING,	/* nothing but stop queues it any more */
	VSERIAL_FILE_STOPPED,	/* it shall move nothing */
	VSERIAL_FILE_FAILED,	/* its last write failed; a retry is queued */
	VSERIAL_FILE_STUCK,	/* stop did not wait; holds a module reference */
};

/**
 * struct vserial_file - the file backing
 * @b: the common part
 * @writer: used by the worker alone once the backing is started
 * @work: the worker
 * @idle: woken when a run of the worker ends
 * @flags: see above
 */
struct vserial_file {
	struct vserial_backing b;
	struct vserial_writer *writer;
	struct delayed_work work;
	wait_queue_head_t idle;
	unsigned long flags;
};

static struct vserial_file *to_file(struct vserial_backing *b)
{
	return container_of(b, struct vserial_file, b);
}

static void vserial_file_queue(struct vserial_file *f, unsigned long delay)
{
	if (!test_and_set_bit(VSERIAL_FILE_QUEUED, &f->flags))
		queue_delayed_work(vserial_wq, &f->work, delay);
	else if (!delay && !test_and_set_bit(VSERIAL_FILE_SOON, &f->flags))
		mod_delayed_work(vserial_wq, &f->work, 0);
}

static void vserial_file_tx(struct vserial_backing *b)
{
	struct vserial_file *f = to_file(b);
	unsigned long delay = VSERIAL_FILE_DELAY;

	/* The common case, once for each byte a guest writes. */
	if (test_bit(VSERIAL_FILE_SOON, &f->flags) ||
	    test_bit(VSERIAL_FILE_FAILED, &f->flags) ||
	    test_bit(VSERIAL_FILE_STOPPING, &f->flags))
		return;
	if (vserial_output_unread(b) >= VSERIAL_FILE_EAGER)
		delay = 0;
	vserial_file_queue(f, delay);
}

static void vserial_file_flush(struct vserial_backing *b)
{
	struct vserial_file *f = to_file(b);

	if (!test_bit(VSERIAL_FILE_FAILED, &f->flags))
		vserial_file_queue(f, 0);
}

static size_t vserial_file_take(struct vserial_file *f, u8 *buf, size_t n,
				u64 *offset)
{
	struct vserial_marker m;
	size_t r;

	/* A file has no place for what is not a byte. */
	do {
		r = vserial_output_take(&f->b, buf, n, offset);
	} while (!r && vserial_output_take_marker(&f->b, &m));
	return r;
}

/* Moves up to @left bytes.  Return: 0 or the errno of a failed write. */
static int vserial_file_move(struct vserial_file *f, size_t left,
			     struct vserial_reason *reason)
{
	size_t size = min_t(size_t, left, VSERIAL_FILE_CHUNK);
	const struct cred *cred;
	ssize_t r = 0;
	u8 *buf;

	buf = kmalloc(size, GFP_KERNEL);
	if (!buf)
		return vserial_refuse(reason, -ENOMEM, "out of memory");
	cred = vserial_owner_cred(f->b.port->owner);

	while (left) {
		u64 offset;
		size_t n = vserial_file_take(f, buf, min(size, left), &offset);

		if (!n)
			break;
		r = vserial_writer_write(f->writer, cred, buf, n, reason);
		if (r > 0)
			vserial_output_ack(&f->b, offset + r);
		if (r < (ssize_t)n)
			vserial_output_rewind(&f->b);
		if (r < 0)
			break;
		left -= r;
		cond_resched();
	}

	put_cred(cred);
	kfree(buf);
	return min_t(ssize_t, r, 0);
}

static void vserial_file_work(struct work_struct *work)
{
	struct vserial_file *f = container_of(to_delayed_work(work),
					      struct vserial_file, work);
	struct vserial_reason reason;
	size_t left;
	int err;

	set_bit(VSERIAL_FILE_RUNNING, &f->flags);
	clear_bit(VSERIAL_FILE_SOON, &f->flags);
	clear_bit(VSERIAL_FILE_QUEUED, &f->flags);
	/* What is written to the stream from here on queues us again. */
	smp_mb__after_atomic();

	left = test_bit(VSERIAL_FILE_STOPPED, &f->flags) ? 0 :
	       vserial_output_unread(&f->b);
	err = left ? vserial_file_move(f, left, &reason) : 0;
	if (err) {
		if (!test_and_set_bit(VSERIAL_FILE_FAILED, &f->flags))
			trace_vserial_error(f->b.port, err);
		vserial_backing_report(&f->b, VSERIAL_STATE_RECOVERABLE_ERROR,
				       "%s", reason.text);
		if (!test_bit(VSERIAL_FILE_STOPPING, &f->flags))
			vserial_file_queue(f, VSERIAL_FILE_RETRY);
	} else if (left && test_and_clear_bit(VSERIAL_FILE_FAILED, &f->flags)) {
		vserial_backing_connected(&f->b);
		/* What came meanwhile did not queue us. */
		vserial_file_queue(f, VSERIAL_FILE_DELAY);
	}

	clear_bit(VSERIAL_FILE_RUNNING, &f->flags);
	wake_up_all(&f->idle);
}

static int vserial_file_open(struct vserial_backing *b,
			     struct vserial_reason *reason)
{
	struct vserial_file *f = to_file(b);
	kuid_t uid;
	kgid_t gid;

	vserial_owner_get(b->port->owner, &uid, &gid);
	INIT_DELAYED_WORK(&f->work, vserial_file_work);
	init_waitqueue_head(&f->idle);
	f->writer = vserial_writer_open(b->spec, uid, gid, reason);
	return PTR_ERR_OR_ZERO(f->writer);
}

static void vserial_file_close(struct vserial_backing *b)
{
	struct vserial_file *f = to_file(b);

	cancel_delayed_work_sync(&f->work);
	vserial_writer_close(f->writer);
	if (test_bit(VSERIAL_FILE_STUCK, &f->flags))
		module_put(THIS_MODULE);
}

static void vserial_file_start(struct vserial_backing *b)
{
	struct vserial_file *f = to_file(b);

	clear_bit(VSERIAL_FILE_STOPPED, &f->flags);
	clear_bit(VSERIAL_FILE_STOPPING, &f->flags);
	clear_bit(VSERIAL_FILE_FAILED, &f->flags);
	vserial_backing_connected(b);
}

static bool vserial_file_is_idle(struct vserial_file *f)
{
	return !test_bit(VSERIAL_FILE_QUEUED, &f->flags) &&
	       !test_bit(VSERIAL_FILE_RUNNING, &f->flags);
}

static void vserial_file_stop(struct vserial_backing *b)
{
	struct vserial_file *f = to_file(b);
	long left;

	set_bit(VSERIAL_FILE_STOPPING, &f->flags);
	vserial_file_queue(f, 0);
	left = wait_event_timeout(f->idle, vserial_file_is_idle(f),
				  VSERIAL_FILE_STOP);
	/*
	 * A guest that wrote just now may have queued the worker once more.
	 * What it moved from here on, the next backing would move too.
	 */
	set_bit(VSERIAL_FILE_STOPPED, &f->flags);
	/* Either we see it run, or it sees that it is stopped. */
	smp_mb__after_atomic();
	if (!wait_event_timeout(f->idle,
				!test_bit(VSERIAL_FILE_RUNNING, &f->flags),
				max(left, 1L)) &&
	    !test_and_set_bit(VSERIAL_FILE_STUCK, &f->flags))
		/* Keeps rmmod from waiting where nobody can interrupt it. */
		__module_get(THIS_MODULE);
}

const struct vserial_backing_ops vserial_backing_file = {
	.size = sizeof(struct vserial_file),
	.waits_out_errors = true,
	.open = vserial_file_open,
	.close = vserial_file_close,
	.start = vserial_file_start,
	.stop = vserial_file_stop,
	.tx = vserial_file_tx,
	.flush = vserial_file_flush,
};
