// SPDX-License-Identifier: GPL-2.0-only
/*
 * backing: making and unmaking what stands at the far end of a port's cable
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "backing.h"
#include "host.h"
#include "port.h"
#include "reason.h"
#include "spec.h"

/* What is to be free again afterwards is waited for no longer. */
#define VSERIAL_BACKING_PATIENCE	(5 * HZ)

/**
 * struct vserial_closing - somebody waits until a backing is closed
 * @node: in vserial_closings
 * @b: the backing, which only its worker may look at
 * @closed: it is
 */
struct vserial_closing {
	struct list_head node;
	const struct vserial_backing *b;
	struct completion closed;
};

static LIST_HEAD(vserial_closings);
/* Guards vserial_closings. */
static DEFINE_SPINLOCK(vserial_closings_lock);

static const struct vserial_backing_ops *const vserial_backings[] = {
	[VSERIAL_SCHEME_NULL] = &vserial_backing_null,
	[VSERIAL_SCHEME_LOOPBACK] = &vserial_backing_loopback,
	[VSERIAL_SCHEME_FILE] = &vserial_backing_file,
	[VSERIAL_SCHEME_UART] = &vserial_backing_uart,
	[VSERIAL_SCHEME_PIPE] = &vserial_backing_pipe,
	[VSERIAL_SCHEME_HELPER] = &vserial_backing_helper,
};

static void vserial_backing_free(struct vserial_backing *b)
{
	vserial_spec_free(b->spec);
	put_device(&b->port->dev);
	kfree(b);
}

static void vserial_backing_closed(const struct vserial_backing *b)
{
	struct vserial_closing *c;

	spin_lock(&vserial_closings_lock);
	list_for_each_entry(c, &vserial_closings, node)
		if (c->b == b)
			complete(&c->closed);
	spin_unlock(&vserial_closings_lock);
}

static void vserial_backing_release(struct work_struct *work)
{
	struct vserial_backing *b = container_of(to_rcu_work(work),
						 struct vserial_backing,
						 release);

	if (b->ops->close)
		b->ops->close(b);
	if (b->ops->exclusive)
		vserial_backing_closed(b);
	vserial_backing_free(b);
}

/**
 * vserial_backing_create() - open what a specification names
 * @port: the port it is for; the backing holds a reference on its device
 * @text: the specification
 * @proxy: the concentrator that has the service @text, or NULL or "": none
 * @reason: says why not
 *
 * Context: process, in the configuring task; may sleep for as long as the file
 * system likes.
 * Return: a backing, not started, that the caller owns; or an ERR_PTR with
 * @reason filled.
 */
struct vserial_backing *vserial_backing_create(struct vserial_port *port,
					       const char *text,
					       const char *proxy,
					       struct vserial_reason *reason)
{
	const struct vserial_backing_ops *ops = NULL;
	struct vserial_backing *b;
	struct vserial_spec *spec;
	int err;

	spec = proxy && *proxy ?
	       vserial_spec_parse_service(text, proxy, reason) :
	       vserial_spec_parse(text, reason);
	if (IS_ERR(spec))
		return ERR_CAST(spec);

	if (spec->scheme < ARRAY_SIZE(vserial_backings))
		ops = vserial_backings[spec->scheme];
	if (!ops) {
		err = vserial_refuse(reason, -EOPNOTSUPP,
				     "backing '" VSERIAL_VALUE "': this version of the module cannot connect a port to it; it knows null, loopback, file, uart, pipe and what vseriald serves",
				     spec->text);
		vserial_spec_free(spec);
		return ERR_PTR(err);
	}

	b = kzalloc(ops->size, GFP_KERNEL);
	if (!b) {
		vserial_spec_free(spec);
		return ERR_PTR(vserial_refuse(reason, -ENOMEM,
					      "out of memory"));
	}
	b->ops = ops;
	b->spec = spec;
	b->port = port;
	get_device(&port->dev);
	INIT_RCU_WORK(&b->release, vserial_backing_release);

	if (ops->open) {
		err = ops->open(b, reason);
		if (err) {
			vserial_backing_free(b);
			return ERR_PTR(err);
		}
	}
	return b;
}

/**
 * vserial_backing_destroy() - let go of a backing that is not started
 * @b: the backing; a worker closes and frees it, as readers of port->backing
 *	may still look at it
 *
 * Whoever wants next what it had to itself finds that free, unless its last
 * output takes too long.
 *
 * Context: process, no locks; waits for a bounded time.
 */
void vserial_backing_destroy(struct vserial_backing *b)
{
	struct vserial_closing c = { .b = b };

	if (!b->ops->exclusive) {
		queue_rcu_work(vserial_wq, &b->release);
		return;
	}
	init_completion(&c.closed);
	spin_lock(&vserial_closings_lock);
	list_add(&c.node, &vserial_closings);
	spin_unlock(&vserial_closings_lock);
	queue_rcu_work(vserial_wq, &b->release);
	wait_for_completion_killable_timeout(&c.closed,
					     VSERIAL_BACKING_PATIENCE);
	spin_lock(&vserial_closings_lock);
	list_del(&c.node);
	spin_unlock(&vserial_closings_lock);
}
