// SPDX-License-Identifier: GPL-2.0-only
/*
 * log: a file that a port's output is teed into, whatever its backing
 *
 *   port --log--> log = reader (its place in the output)
 *                     + capture --writer--> the file
 *
 * It reads beside the backing, connected or not, and never holds up the guest:
 * what it was too slow for is lost to it alone.  What goes wrong with it is
 * its own reason and never the port's state.
 */
#include <linux/err.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "host.h"
#include "log.h"
#include "port.h"
#include "spec.h"

static struct vserial_log *to_log(struct vserial_capture *c)
{
	return container_of(c, struct vserial_log, capture);
}

static size_t vserial_log_take(struct vserial_capture *c, u8 *buf, size_t n,
			       u64 *offset)
{
	return vserial_reader_take(c->port, &to_log(c)->reader, buf, n, offset);
}

static bool vserial_log_take_marker(struct vserial_capture *c,
				    struct vserial_marker *m)
{
	return vserial_reader_take_marker(c->port, &to_log(c)->reader, m);
}

static void vserial_log_ack(struct vserial_capture *c, u64 upto)
{
	vserial_reader_ack(c->port, &to_log(c)->reader, upto);
}

static void vserial_log_rewind(struct vserial_capture *c)
{
	vserial_reader_rewind(c->port, &to_log(c)->reader);
}

static size_t vserial_log_unread(struct vserial_capture *c)
{
	return vserial_reader_unread(c->port, &to_log(c)->reader);
}

static void vserial_log_report(struct vserial_capture *c, const char *reason)
{
	struct vserial_log *log = to_log(c);
	struct vserial_port *port = c->port;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	if (strcmp(log->reason.text, reason)) {
		strscpy(log->reason.text, reason, sizeof(log->reason.text));
		if (!port->dead)
			queue_work(vserial_wq, &port->event);
	}
	spin_unlock_irqrestore(&port->lock, flags);
}

static const struct vserial_capture_ops vserial_log_source = {
	.take = vserial_log_take,
	.take_marker = vserial_log_take_marker,
	.ack = vserial_log_ack,
	.rewind = vserial_log_rewind,
	.unread = vserial_log_unread,
	.report = vserial_log_report,
};

static void vserial_log_tx(struct vserial_reader *r)
{
	vserial_capture_kick(&container_of(r, struct vserial_log,
					   reader)->capture);
}

static void vserial_log_free(struct vserial_log *log)
{
	vserial_spec_free(log->spec);
	put_device(&log->port->dev);
	kfree(log);
}

static void vserial_log_release(struct work_struct *work)
{
	struct vserial_log *log = container_of(to_rcu_work(work),
					       struct vserial_log, release);

	vserial_capture_close(&log->capture);
	vserial_log_free(log);
}

static struct vserial_spec *vserial_log_parse(const char *text,
					      struct vserial_reason *reason)
{
	struct vserial_spec *spec = vserial_spec_parse_as("log", text, reason);

	if (IS_ERR(spec) || spec->scheme == VSERIAL_SCHEME_FILE)
		return spec;
	vserial_spec_free(spec);
	return ERR_PTR(vserial_refuse(reason, -EINVAL,
				      "log '" VSERIAL_VALUE "' is no file; a log is file:/PATH, or empty for none",
				      text));
}

/**
 * vserial_log_create() - open what a specification names
 * @port: the port it is for; the log holds a reference on its device
 * @text: a specification of the scheme file, or "": none
 * @reason: says why not
 *
 * Context: process, in the configuring task; may sleep for as long as the file
 * system likes.
 * Return: a log that the caller owns, for vserial_log_swap() or
 * vserial_log_destroy(); NULL if none is asked for; or an ERR_PTR with @reason
 * filled.
 */
struct vserial_log *vserial_log_create(struct vserial_port *port,
				       const char *text,
				       struct vserial_reason *reason)
{
	struct vserial_spec *spec;
	struct vserial_log *log;
	int err;

	if (!*text)
		return NULL;
	spec = vserial_log_parse(text, reason);
	if (IS_ERR(spec))
		return ERR_CAST(spec);
	log = kzalloc(sizeof(*log), GFP_KERNEL);
	if (!log) {
		vserial_spec_free(spec);
		return ERR_PTR(vserial_refuse(reason, -ENOMEM,
					      "out of memory"));
	}
	log->reader.tx = vserial_log_tx;
	log->spec = spec;
	log->port = port;
	get_device(&port->dev);
	INIT_RCU_WORK(&log->release, vserial_log_release);

	err = vserial_capture_open(&log->capture, &vserial_log_source, port,
				   spec, reason);
	if (err) {
		vserial_log_free(log);
		return ERR_PTR(err);
	}
	return log;
}

/**
 * vserial_log_destroy() - let go of a log that is not a port's
 * @log: the log; a worker closes and frees it, as others may still look at it
 */
void vserial_log_destroy(struct vserial_log *log)
{
	queue_rcu_work(vserial_wq, &log->release);
}

/**
 * vserial_log_swap() - put a log in place of a port's
 * @port: the port
 * @new: the log, or NULL; it goes on where the old one got to, or if there was
 *	none it begins with what the guest writes from now on
 *
 * Context: process, with the port's config lock; may sleep for a bounded time.
 * Return: the old one, for vserial_log_destroy(), or NULL.
 */
struct vserial_log *vserial_log_swap(struct vserial_port *port,
				     struct vserial_log *new)
{
	struct vserial_log *old;
	unsigned long flags;

	old = rcu_dereference_protected(port->log,
					lockdep_is_held(&port->config));
	if (old)
		vserial_capture_stop(&old->capture);
	if (new)
		vserial_capture_start(&new->capture);

	if (new && old)
		vserial_reader_replace(port, &old->reader, &new->reader);
	else if (new)
		vserial_reader_join(port, &new->reader, 0);
	else if (old)
		vserial_reader_leave(port, &old->reader);

	spin_lock_irqsave(&port->lock, flags);
	rcu_assign_pointer(port->log, new);
	spin_unlock_irqrestore(&port->lock, flags);
	if (new)
		vserial_capture_kick(&new->capture);
	return old;
}

/**
 * vserial_log_flush() - the guest was powered off
 * @port: the port, with its config lock held
 */
void vserial_log_flush(struct vserial_port *port)
{
	struct vserial_log *log;

	log = rcu_dereference_protected(port->log,
					lockdep_is_held(&port->config));
	if (log)
		vserial_capture_flush(&log->capture);
}
