// SPDX-License-Identifier: GPL-2.0-only
/*
 * helper: backings that the daemon serves (network, Unix sockets, printers)
 *
 *   port --backing--> vserial_helper --serving--> vserial_serving --channel-->
 *                          |  (in vserial_helpers      the daemon's socket
 *                          |   while it is started)
 *
 * The module keeps the specification and, while nobody is at the far end, the
 * newest of the guest's output; the daemon does the rest.  It may come and go
 * at any time: a backing has a serving while it is started and a daemon is
 * registered.
 *
 * Locks: a port's config, then vserial_daemon_lock, then what channel.c and
 * the port take.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/tty.h>
#include <linux/wait.h>
#include <net/sock.h>

#include "backing.h"
#include "daemon.h"
#include "guest.h"
#include "hold.h"
#include "line.h"
#include "notify.h"
#include "port.h"
#include "reason.h"
#include "spec.h"
#include "stream.h"

/* The daemon is given so long to let go of a backing. */
#define VSERIAL_LET_GO	HZ

/**
 * struct vserial_daemon - the registered daemon
 * @link: holds its place on its socket; moves nothing
 * @sk: the socket, NULL: there is none
 * @portid: its address
 * @pid: its process
 */
struct vserial_daemon {
	struct vserial_link *link;
	struct sock *sk;
	u32 portid;
	pid_t pid;
};

/* Guards vserial_the_daemon, vserial_helpers and what is said to be so below. */
DEFINE_MUTEX(vserial_daemon_lock);
LIST_HEAD(vserial_helpers);
unsigned int vserial_helpers_generation;
static struct vserial_daemon vserial_the_daemon;
/* Woken when the daemon let go of a backing, or went. */
static DECLARE_WAIT_QUEUE_HEAD(vserial_let_go);

static struct vserial_helper *to_helper(struct vserial_backing *b)
{
	return container_of(b, struct vserial_helper, b);
}

static struct vserial_backing *of_link(struct vserial_link *l)
{
	return &container_of(l, struct vserial_serving, link)->helper->b;
}

/* The link's half */

static bool vserial_serving_pending(struct vserial_link *l, size_t *bytes)
{
	return vserial_output_pending(of_link(l), bytes);
}

static size_t vserial_serving_take(struct vserial_link *l, u8 *buf, size_t n,
				   u64 *offset)
{
	return vserial_output_take(of_link(l), buf, n, offset);
}

static bool vserial_serving_take_marker(struct vserial_link *l,
					struct vserial_marker *m)
{
	return vserial_output_take_marker(of_link(l), m);
}

static void vserial_serving_ack(struct vserial_link *l, u64 upto)
{
	vserial_output_ack(of_link(l), upto);
}

static void vserial_serving_untake(struct vserial_link *l, u64 from,
				   const struct vserial_marker *m)
{
	vserial_output_untake(of_link(l), from, m);
}

static int vserial_serving_admit(struct vserial_link *l,
				 struct vserial_reason *reason)
{
	return 0;
}

static size_t vserial_serving_input(struct vserial_link *l, const u8 *buf,
				    size_t n)
{
	return vserial_input_write(of_link(l), buf, n);
}

static void vserial_serving_break(struct vserial_link *l, unsigned int ms)
{
	vserial_input_break(of_link(l), ms);
}

static void vserial_serving_closed(u32 id);

static const struct vserial_link_ops vserial_serving_ops = {
	.pending = vserial_serving_pending,
	.take = vserial_serving_take,
	.take_marker = vserial_serving_take_marker,
	.ack = vserial_serving_ack,
	.untake = vserial_serving_untake,
	.admit = vserial_serving_admit,
	.input = vserial_serving_input,
	.input_break = vserial_serving_break,
	.closed = vserial_serving_closed,
};

/* Servings; call these with vserial_daemon_lock. */

static struct vserial_helper *vserial_helper_find(u32 id)
{
	struct vserial_helper *h;

	list_for_each_entry(h, &vserial_helpers, node)
		if (h->serving && h->serving->link.id == id)
			return h;
	return NULL;
}

static void vserial_helper_alone(struct vserial_helper *h)
{
	vserial_backing_no_lines(&h->b);
	vserial_backing_peer(&h->b, "");
	vserial_backing_report(&h->b, VSERIAL_STATE_RECOVERABLE_ERROR,
			       "vseriald, which serves this backing, is not running");
}

/* The daemon is to serve @h; it is told later. */
static void vserial_helper_serve(struct vserial_helper *h)
{
	struct vserial_serving *s = kzalloc(sizeof(*s), GFP_KERNEL);
	struct vserial_reason reason = { "out of memory" };

	if (s) {
		s->helper = h;
		s->link.ops = &vserial_serving_ops;
		s->link.id = vserial_channel_id();
		/* What the daemon before sent and the guest took stays taken. */
		s->link.input = h->input;
		if (!vserial_link_open(&s->link, vserial_the_daemon.sk,
				       vserial_the_daemon.portid, &reason)) {
			/* vserial_helper_tx() holds no lock, and is to see all of it. */
			smp_store_release(&h->serving, s);
			vserial_backing_report(&h->b,
					       VSERIAL_STATE_CONNECTING, "%s",
					       "");
			return;
		}
		kfree(s);
	}
	vserial_backing_report(&h->b, VSERIAL_STATE_RECOVERABLE_ERROR,
			       "vseriald cannot be told of it: %s",
			       reason.text);
}

/* Nobody serves @h any more. */
static void vserial_helper_unserve(struct vserial_helper *h)
{
	struct vserial_serving *s = h->serving;

	WRITE_ONCE(h->serving, NULL);
	vserial_link_close(&s->link);
	h->input = vserial_link_taken(&s->link);
	vserial_notify(VSERIAL_EVENT_BACKING_GONE, &s->link.id);
	vserial_output_rewind(&h->b);
	vserial_hold_unanswered(&h->b);
	kfree_rcu(s, rcu);
}

/* What the daemon has to know of @h; returns whether that is new. */
static bool vserial_helper_look(struct vserial_helper *h)
{
	struct vserial_port *port = h->b.port;
	struct vserial_terms now = {};
	struct vserial_reason ignored;
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	now.endpoint = port->endpoint;
	now.max_clients = port->max_clients;
	now.idle_timeout = port->idle_timeout;
	now.power = port->power;
	now.migration = port->held;
	now.handover = vserial_hold_handover(port, &ignored);
	now.lines = vserial_output_lines_told(&h->b);
	now.speed = tty_termios_baud_rate(&port->termios);
	now.cflag = port->termios.c_cflag & VSERIAL_LINE_CFLAG;
	spin_unlock_irqrestore(&port->lock, flags);
	vserial_owner_get(port->owner, &now.uid, &now.gid);
	vserial_guest_uuids(vserial_guest_of_port(port), now.uuid);
	if (!memcmp(&now, &h->terms, sizeof(now)))
		return false;
	h->terms = now;
	return true;
}

static void vserial_helper_tell(struct vserial_helper *h, bool gone)
{
	vserial_notify(gone ? VSERIAL_EVENT_HELPER_STOP :
			      VSERIAL_EVENT_HELPER_START, h);
}

/* The backing's half */

static void vserial_helper_start(struct vserial_backing *b)
{
	struct vserial_helper *h = to_helper(b);

	mutex_lock(&vserial_daemon_lock);
	list_add_tail(&h->node, &vserial_helpers);
	vserial_helpers_generation++;
	vserial_helper_look(h);
	if (!vserial_the_daemon.sk) {
		vserial_helper_alone(h);
	} else {
		vserial_helper_serve(h);
		if (h->serving)
			vserial_helper_tell(h, false);
	}
	mutex_unlock(&vserial_daemon_lock);
}

static void vserial_helper_stop(struct vserial_backing *b)
{
	struct vserial_helper *h = to_helper(b);

	mutex_lock(&vserial_daemon_lock);
	if (h->serving) {
		WRITE_ONCE(h->stopping, true);
		vserial_link_hasten(&h->serving->link);
		vserial_link_ebb(&h->serving->link);
		vserial_helper_tell(h, true);
		mutex_unlock(&vserial_daemon_lock);
		wait_event_timeout(vserial_let_go,
				   !READ_ONCE(h->stopping), VSERIAL_LET_GO);
		mutex_lock(&vserial_daemon_lock);
		WRITE_ONCE(h->stopping, false);
		if (h->serving)
			vserial_helper_unserve(h);
	}
	list_del(&h->node);
	vserial_helpers_generation++;
	mutex_unlock(&vserial_daemon_lock);
}

static void vserial_helper_tx(struct vserial_backing *b)
{
	struct vserial_serving *s = READ_ONCE(to_helper(b)->serving);

	if (s)
		vserial_link_kick(&s->link);
}

static void vserial_helper_rx_room(struct vserial_backing *b)
{
	struct vserial_serving *s = READ_ONCE(to_helper(b)->serving);

	if (s)
		vserial_link_room(&s->link);
}

const struct vserial_backing_ops vserial_backing_helper = {
	.size = sizeof(struct vserial_helper),
	.start = vserial_helper_start,
	.stop = vserial_helper_stop,
	.tx = vserial_helper_tx,
	.rx_room = vserial_helper_rx_room,
};

/* The daemon's half */

static void vserial_serving_closed(u32 id)
{
	struct vserial_helper *h;

	mutex_lock(&vserial_daemon_lock);
	h = vserial_helper_find(id);
	if (h) {
		vserial_helper_unserve(h);
		WRITE_ONCE(h->stopping, false);
		vserial_helper_alone(h);
	}
	mutex_unlock(&vserial_daemon_lock);
	wake_up_all(&vserial_let_go);
}

static void vserial_daemon_closed(u32 id)
{
	struct vserial_helper *h;

	mutex_lock(&vserial_daemon_lock);
	WRITE_ONCE(vserial_the_daemon.sk, NULL);
	list_for_each_entry(h, &vserial_helpers, node) {
		if (h->serving)
			vserial_helper_unserve(h);
		WRITE_ONCE(h->stopping, false);
		vserial_helper_alone(h);
	}
	vserial_link_close(vserial_the_daemon.link);
	kfree_rcu(container_of(vserial_the_daemon.link, struct vserial_serving,
			       link), rcu);
	vserial_the_daemon.link = NULL;
	mutex_unlock(&vserial_daemon_lock);
	wake_up_all(&vserial_let_go);
	/* As in vserial_session_end(): vserial_channel_exit() waits for us. */
	module_put(THIS_MODULE);
}

static bool vserial_daemon_pending(struct vserial_link *l, size_t *bytes)
{
	return false;
}

static int vserial_daemon_admit(struct vserial_link *l,
				struct vserial_reason *reason)
{
	return vserial_refuse(reason, -EINVAL,
			      "%u is the daemon itself, and no backing", l->id);
}

static void vserial_daemon_ack(struct vserial_link *l, u64 upto)
{
}

static const struct vserial_link_ops vserial_daemon_ops = {
	.pending = vserial_daemon_pending,
	.ack = vserial_daemon_ack,
	.admit = vserial_daemon_admit,
	.closed = vserial_daemon_closed,
};

/**
 * vserial_daemon_register() - a socket is the daemon's from now on
 * @sk: the socket
 * @portid: its address
 * @pid: its process
 * @reason: says why not
 *
 * Until it is closed.  What there is to serve it has to ask for.
 *
 * Context: process, no locks, may sleep.
 * Return: 0; -EBUSY, -ENOMEM or -ENOTCONN with @reason filled.
 */
int vserial_daemon_register(struct sock *sk, u32 portid, pid_t pid,
			    struct vserial_reason *reason)
{
	struct vserial_serving *own = kzalloc(sizeof(*own), GFP_KERNEL);
	struct vserial_helper *h;
	int err;

	if (!own)
		return vserial_refuse(reason, -ENOMEM, "out of memory");
	own->link.ops = &vserial_daemon_ops;
	own->link.id = vserial_channel_id();
	mutex_lock(&vserial_daemon_lock);
	if (vserial_the_daemon.sk) {
		err = vserial_refuse(reason, -EBUSY,
				     "process %d is the daemon; there can be one",
				     vserial_the_daemon.pid);
		goto unlock;
	}
	err = vserial_link_open(&own->link, sk, portid, reason);
	if (err)
		goto unlock;
	__module_get(THIS_MODULE);
	vserial_the_daemon.link = &own->link;
	vserial_the_daemon.portid = portid;
	vserial_the_daemon.pid = pid;
	/* vserial_daemon_is() holds no lock. */
	WRITE_ONCE(vserial_the_daemon.sk, sk);
	own = NULL;
	list_for_each_entry(h, &vserial_helpers, node)
		vserial_helper_serve(h);
unlock:
	mutex_unlock(&vserial_daemon_lock);
	kfree(own);
	return err;
}

/**
 * vserial_daemon_is() - is this the daemon's socket?
 * @sk: a socket that its holder keeps open
 *
 * Context: any.
 * Return: whether it is.
 */
bool vserial_daemon_is(const struct sock *sk)
{
	return sk && READ_ONCE(vserial_the_daemon.sk) == sk;
}

/**
 * vserial_daemon_port() - the port of a backing that the daemon serves
 * @id: the backing's number
 * @reason: says why not
 *
 * Context: process, no locks.
 * Return: the port, with a reference on its device that the caller puts; or
 * an ERR_PTR with @reason filled.
 */
struct vserial_port *vserial_daemon_port(u32 id, struct vserial_reason *reason)
{
	struct vserial_port *port = NULL;
	struct vserial_helper *h;

	mutex_lock(&vserial_daemon_lock);
	h = vserial_helper_find(id);
	if (h) {
		port = h->b.port;
		get_device(&port->dev);
	}
	mutex_unlock(&vserial_daemon_lock);
	if (port)
		return port;
	return ERR_PTR(vserial_refuse(reason, -ENOENT,
				      "there is no backing %u", id));
}

/* The daemon reports: bytes flow exactly while it is connected. */
static void vserial_helper_stands(struct vserial_helper *h,
				  const struct vserial_standing *now)
{
	struct vserial_link *l = &h->serving->link;
	bool connected = now->state == VSERIAL_STATE_CONNECTED;

	if (h->stopping) {
		if (now->state == VSERIAL_STATE_NOT_CONNECTED)
			WRITE_ONCE(h->stopping, false);
		return;
	}
	if (!connected && l->flowing) {
		vserial_link_ebb(l);
		/* What was on its way is in the socket before our answer. */
		synchronize_rcu();
		vserial_output_rewind(&h->b);
	}
	if (now->has_lines)
		vserial_backing_lines(&h->b, vserial_line_cross(now->lines));
	else
		vserial_backing_no_lines(&h->b);
	vserial_backing_peer(&h->b, now->peer);
	vserial_backing_report(&h->b, now->state, "%s", now->why);
	if (now->handing)
		vserial_hold_answer(&h->b, now->handing);
	if (connected && !l->flowing)
		vserial_link_flow(l, vserial_output_settled(&h->b));
}

/**
 * vserial_daemon_report() - the daemon says how a backing stands
 * @id: the backing's number
 * @standing: how
 * @reason: says why not
 *
 * Context: process, no locks, may sleep.
 * Return: 0; -EINVAL or -ENOENT with @reason filled.
 */
int vserial_daemon_report(u32 id, const struct vserial_standing *standing,
			  struct vserial_reason *reason)
{
	struct vserial_helper *h;
	int err = 0;

	if (standing->state > VSERIAL_STATE_UNRECOVERABLE_ERROR)
		return vserial_refuse(reason, -EINVAL,
				      "state %u is unknown; the last is %u",
				      standing->state,
				      VSERIAL_STATE_UNRECOVERABLE_ERROR);
	mutex_lock(&vserial_daemon_lock);
	h = vserial_helper_find(id);
	if (h)
		vserial_helper_stands(h, standing);
	else
		err = vserial_refuse(reason, -ENOENT,
				     "there is no backing %u", id);
	mutex_unlock(&vserial_daemon_lock);
	wake_up_all(&vserial_let_go);
	return err;
}

static int vserial_daemon_told(struct notifier_block *listener,
			       unsigned long event, void *object)
{
	bool guest = event == VSERIAL_EVENT_GUEST_OWNER ||
		     event == VSERIAL_EVENT_GUEST_CHANGED;
	struct vserial_helper *h;

	if (!guest && event != VSERIAL_EVENT_PORT_POWER &&
	    event != VSERIAL_EVENT_PORT_CHANGED &&
	    event != VSERIAL_EVENT_PORT_LINE)
		return NOTIFY_DONE;
	mutex_lock(&vserial_daemon_lock);
	list_for_each_entry(h, &vserial_helpers, node) {
		if (guest ?
		    vserial_guest_of_port(h->b.port) != object :
		    h->b.port != object)
			continue;
		if (vserial_helper_look(h) && h->serving && !h->stopping)
			vserial_helper_tell(h, false);
	}
	mutex_unlock(&vserial_daemon_lock);
	return NOTIFY_DONE;
}

static struct notifier_block vserial_daemon_listener = {
	.notifier_call = vserial_daemon_told,
};

/**
 * vserial_daemon_init() - before the first daemon comes
 *
 * Return: 0 or a negative errno.
 */
int vserial_daemon_init(void)
{
	return vserial_notify_register(&vserial_daemon_listener);
}

/**
 * vserial_daemon_exit() - after the last daemon, which holds the module
 */
void vserial_daemon_exit(void)
{
	vserial_notify_unregister(&vserial_daemon_listener);
}
