// SPDX-License-Identifier: GPL-2.0-only
/*
 * session: somebody who is attached to a port
 *
 *   socket <--channel-- vserial_session --port--> vserial_port
 *                         .link  .reader --> port's output, own cursor
 *
 * Of a port's sessions one writes: the first that can, until it ends or
 * another takes over by force; then the one that has waited longest.
 *
 * A session ends with its socket, with its port, when its user loses the
 * guest, or when it is kicked; always under vserial_sessions_lock, so that who
 * finds one in the list finds a live one.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include "guest.h"
#include "host.h"
#include "input.h"
#include "notify.h"
#include "port.h"
#include "session.h"

/* More sessions than this a port does not take. */
#define VSERIAL_SESSIONS_MAX	64

LIST_HEAD(vserial_sessions);
/*
 * Guards vserial_sessions and all that is in a session but @link and @reader.
 * Taken inside vserial_guests_lock, outside a port's and a channel's.
 */
DEFINE_MUTEX(vserial_sessions_lock);
/* Counts arrivals and ends. */
unsigned int vserial_sessions_generation;

static struct vserial_session *of_link(struct vserial_link *l)
{
	return container_of(l, struct vserial_session, link);
}

static struct vserial_session *of_reader(struct vserial_reader *r)
{
	return container_of(r, struct vserial_session, reader);
}

/* The link's half */

static bool vserial_session_pending(struct vserial_link *l, size_t *bytes)
{
	struct vserial_session *s = of_link(l);

	return vserial_reader_pending(s->port, &s->reader, bytes);
}

static size_t vserial_session_take(struct vserial_link *l, u8 *buf, size_t n,
				   u64 *offset)
{
	struct vserial_session *s = of_link(l);

	return vserial_reader_take(s->port, &s->reader, buf, n, offset);
}

static bool vserial_session_take_marker(struct vserial_link *l,
					struct vserial_marker *m)
{
	struct vserial_session *s = of_link(l);

	return vserial_reader_take_marker(s->port, &s->reader, m);
}

static void vserial_session_ack(struct vserial_link *l, u64 upto)
{
	struct vserial_session *s = of_link(l);

	vserial_reader_ack(s->port, &s->reader, upto);
}

static void vserial_session_untake(struct vserial_link *l, u64 from,
				   const struct vserial_marker *m)
{
	struct vserial_session *s = of_link(l);

	vserial_reader_untake(s->port, &s->reader, from, m);
}

static int vserial_session_may_write(const struct vserial_session *s,
				     struct vserial_reason *reason)
{
	if (READ_ONCE(s->writer))
		return 0;
	return vserial_refuse(reason, -EPERM,
			      "session %u only reads port '%s/%u'; another writes, until it ends or is taken over from by force",
			      s->link.id, vserial_port_guest_name(s->port),
			      s->port->index);
}

static int vserial_session_admit(struct vserial_link *l,
				 struct vserial_reason *reason)
{
	struct vserial_session *s = of_link(l);

	if (s->backing)
		return vserial_refuse(reason, -EINVAL,
				      "session %u moves no data; its backing %u does",
				      l->id, s->backing);
	return vserial_session_may_write(s, reason);
}

static size_t vserial_session_input(struct vserial_link *l, const u8 *buf,
				    size_t n)
{
	struct vserial_session *s = of_link(l);

	return vserial_reader_input(s->port, &s->reader, buf, n);
}

static void vserial_session_break(struct vserial_link *l, unsigned int ms)
{
	vserial_input_send_break(of_link(l)->port, ms);
}

static void vserial_session_closed(u32 id);

static const struct vserial_link_ops vserial_session_link_ops = {
	.pending = vserial_session_pending,
	.take = vserial_session_take,
	.take_marker = vserial_session_take_marker,
	.ack = vserial_session_ack,
	.untake = vserial_session_untake,
	.admit = vserial_session_admit,
	.input = vserial_session_input,
	.input_break = vserial_session_break,
	.closed = vserial_session_closed,
};

static void vserial_session_tx(struct vserial_reader *r)
{
	vserial_link_kick(&of_reader(r)->link);
}

static void vserial_session_room(struct vserial_reader *r)
{
	vserial_link_room(&of_reader(r)->link);
}

/* Life */

static void vserial_session_release(struct work_struct *work)
{
	struct vserial_session *s = container_of(to_rcu_work(work),
						 struct vserial_session,
						 release);

	put_device(&s->port->dev);
	kfree(s);
}

static struct vserial_session *vserial_session_writer(struct vserial_port *port)
{
	struct vserial_session *s;

	list_for_each_entry(s, &vserial_sessions, node)
		if (s->port == port && s->writer)
			return s;
	return NULL;
}

static void vserial_session_set_writer(struct vserial_session *s, bool writer)
{
	WRITE_ONCE(s->writer, writer);
	vserial_notify(VSERIAL_EVENT_SESSION_CHANGED, s);
}

/* The port has no writer: the session that has waited longest is next. */
static void vserial_session_promote(struct vserial_port *port)
{
	struct vserial_session *s;

	list_for_each_entry(s, &vserial_sessions, node) {
		if (s->port == port && !s->read_only) {
			vserial_explain(&s->reason, "the writer left");
			vserial_session_set_writer(s, true);
			return;
		}
	}
}

static void vserial_session_take_over(struct vserial_session *s)
{
	struct vserial_session *old = vserial_session_writer(s->port);

	if (old == s)
		return;
	if (old) {
		vserial_explain(&old->reason, "%s took over", s->peer);
		vserial_session_set_writer(old, false);
	}
	WRITE_ONCE(s->writer, true);
}

/* Ends a session; its @reason says why.  Call with the lock. */
static void vserial_session_end(struct vserial_session *s)
{
	bool writer = s->writer;
	struct vserial_port *port = s->port;

	WRITE_ONCE(s->writer, false);
	list_del(&s->node);
	vserial_sessions_generation++;
	if (!s->backing)
		vserial_reader_leave(port, &s->reader);
	vserial_link_close(&s->link);
	vserial_notify(VSERIAL_EVENT_SESSION_GONE, s);
	if (writer)
		vserial_session_promote(port);
	queue_rcu_work(vserial_wq, &s->release);
	/*
	 * Who got us here holds the module too, or, when it is the end of the
	 * socket, vserial_channel_exit() waits for it.
	 */
	module_put(THIS_MODULE);
}

static void vserial_session_closed(u32 id)
{
	struct vserial_reason ignored;
	struct vserial_session *s;

	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, &ignored);
	if (!IS_ERR(s)) {
		vserial_explain(&s->reason, "%s closed its socket", s->peer);
		s->quiet = true;
		vserial_session_end(s);
	}
	mutex_unlock(&vserial_sessions_lock);
}

/**
 * vserial_session_find() - look a session up
 * @id: its number
 * @reason: says why not
 *
 * Context: process, vserial_sessions_lock held.
 * Return: the session; or an ERR_PTR with @reason filled.
 */
struct vserial_session *vserial_session_find(u32 id,
					     struct vserial_reason *reason)
{
	struct vserial_session *s;

	list_for_each_entry(s, &vserial_sessions, node)
		if (s->link.id == id)
			return s;
	return ERR_PTR(vserial_refuse(reason, -ENOENT,
				      "there is no session %u", id));
}

/* What the socket has of the port already; NULL: nothing. */
static struct vserial_session *
vserial_session_again(struct vserial_port *port,
		      const struct vserial_caller *who, unsigned int *nr)
{
	struct vserial_session *s, *again = NULL;

	*nr = 0;
	list_for_each_entry(s, &vserial_sessions, node) {
		if (s->port != port)
			continue;
		++*nr;
		if (!who->backing && !s->backing &&
		    vserial_link_is_of(&s->link, who->sk))
			again = s;
	}
	return again;
}

static int vserial_session_add(struct vserial_port *port,
			       const struct vserial_caller *who, u32 *id,
			       struct vserial_reason *reason)
{
	struct vserial_session *s = kzalloc(sizeof(*s), GFP_KERNEL_ACCOUNT);
	int err;

	if (!s)
		return vserial_refuse(reason, -ENOMEM, "out of memory");
	s->port = port;
	s->owner = !who->admin;
	s->read_only = who->read_only;
	s->backing = who->backing;
	s->uid = who->uid;
	s->pid = who->pid;
	s->since = ktime_get_real_seconds();
	strscpy(s->peer, who->peer, sizeof(s->peer));
	s->reader.tx = vserial_session_tx;
	s->reader.room = vserial_session_room;
	INIT_RCU_WORK(&s->release, vserial_session_release);
	s->link.ops = &vserial_session_link_ops;
	s->link.id = vserial_channel_id();
	*id = s->link.id;
	err = vserial_link_open(&s->link, who->sk, who->portid, reason);
	if (err) {
		kfree(s);
		return err;
	}

	get_device(&port->dev);
	__module_get(THIS_MODULE);
	if (!s->backing)
		s->offset = vserial_reader_join(port, &s->reader,
						port->tx.history);
	list_add_tail(&s->node, &vserial_sessions);
	vserial_sessions_generation++;
	if (who->force)
		vserial_session_take_over(s);
	else if (!s->read_only && !vserial_session_writer(port))
		WRITE_ONCE(s->writer, true);
	vserial_notify(VSERIAL_EVENT_SESSION_NEW, s);
	return 0;
}

static int vserial_session_change(struct vserial_session *s,
				  const struct vserial_caller *who)
{
	s->read_only = who->read_only;
	s->reason.text[0] = '\0';
	if (who->force) {
		vserial_session_take_over(s);
	} else if (s->read_only && s->writer) {
		WRITE_ONCE(s->writer, false);
		vserial_session_promote(s->port);
	} else if (!s->read_only && !vserial_session_writer(s->port)) {
		WRITE_ONCE(s->writer, true);
	}
	vserial_notify(VSERIAL_EVENT_SESSION_CHANGED, s);
	return 0;
}

/**
 * vserial_session_attach() - attach a socket to a port
 * @port: the port
 * @who: the socket and what it wants
 * @id: filled with the session's number
 * @reason: says why not
 *
 * Data flows after vserial_session_start().
 *
 * Context: process, in the caller's task, no locks.
 * Return: 0; -EPERM, -ENODEV, -EUSERS, -EINVAL, -ENOMEM or -ENOTCONN with
 * @reason filled.
 */
int vserial_session_attach(struct vserial_port *port,
			   const struct vserial_caller *who, u32 *id,
			   struct vserial_reason *reason)
{
	struct vserial_session *s;
	unsigned int nr;
	int err;

	if (who->force && who->read_only)
		return vserial_refuse(reason, -EINVAL,
				      "force makes a session the writer, read-only keeps it from that; ask for one of them");
	mutex_lock(&vserial_sessions_lock);
	err = vserial_guest_may_connect(vserial_guest_of_port(port), who->admin,
					who->uid, reason);
	if (err)
		goto unlock;
	/* Removal marks the port before it looks for its sessions. */
	if (READ_ONCE(port->dead)) {
		err = vserial_refuse(reason, -ENODEV,
				     "port '%s/%u' is being removed",
				     vserial_port_guest_name(port),
				     port->index);
		goto unlock;
	}
	/* A backing's number goes before its sessions are looked for, too. */
	if (who->backing) {
		rcu_read_lock();
		err = PTR_ERR_OR_ZERO(vserial_link_find(who->backing, who->sk,
							reason));
		rcu_read_unlock();
		if (err)
			goto unlock;
	}
	s = vserial_session_again(port, who, &nr);
	if (s) {
		*id = s->link.id;
		err = vserial_session_change(s, who);
	} else if (nr >= VSERIAL_SESSIONS_MAX) {
		err = vserial_refuse(reason, -EUSERS,
				     "port '%s/%u' has %u sessions, and that is the most",
				     vserial_port_guest_name(port),
				     port->index, nr);
	} else {
		err = vserial_session_add(port, who, id, reason);
	}
unlock:
	mutex_unlock(&vserial_sessions_lock);
	return err;
}

/**
 * vserial_session_start() - let data flow
 * @id: the session's number; it may have ended meanwhile, or flow already
 *
 * Context: process, no locks.
 */
void vserial_session_start(u32 id)
{
	struct vserial_reason ignored;
	struct vserial_session *s;

	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, &ignored);
	if (!IS_ERR(s) && !s->backing && !s->link.flowing)
		vserial_link_flow(&s->link, s->offset);
	mutex_unlock(&vserial_sessions_lock);
}

/**
 * vserial_session_kick() - end a session
 * @id: its number
 * @who: who wants that
 * @reason: says why not
 *
 * Context: process, no locks.
 * Return: 0; -ENOENT or -EPERM with @reason filled.
 */
int vserial_session_kick(u32 id, const struct vserial_caller *who,
			 struct vserial_reason *reason)
{
	struct vserial_session *s;
	int err = 0;

	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, reason);
	if (IS_ERR(s)) {
		err = PTR_ERR(s);
		goto unlock;
	}
	s->quiet = vserial_link_is_of(&s->link, who->sk);
	if (!s->quiet)
		err = vserial_guest_may_connect(vserial_guest_of_port(s->port),
						who->admin, who->uid, reason);
	if (err)
		goto unlock;
	vserial_explain(&s->reason, "%s ended it", who->peer);
	vserial_session_end(s);
unlock:
	mutex_unlock(&vserial_sessions_lock);
	return err;
}

/**
 * vserial_session_resize() - the writer's terminal has another size
 * @id: its session's number
 * @sk: its socket
 * @rows: lines of text
 * @columns: characters a line
 * @reason: says why not
 *
 * Context: process, no locks.
 * Return: 0; -ENOENT, -EPERM or -ERANGE with @reason filled.
 */
int vserial_session_resize(u32 id, const struct sock *sk, unsigned int rows,
			   unsigned int columns, struct vserial_reason *reason)
{
	struct vserial_port *port = NULL;
	struct vserial_session *s;
	int err;

	if (rows > U16_MAX || columns > U16_MAX)
		return vserial_refuse(reason, -ERANGE,
				      "a terminal of %u rows and %u columns is too large; the most is %u each",
				      rows, columns, U16_MAX);
	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, reason);
	err = PTR_ERR_OR_ZERO(s);
	if (!err && !vserial_link_is_of(&s->link, sk))
		err = vserial_refuse(reason, -ENOENT,
				     "this socket has no session %u", id);
	/* A peer of the daemon, too, has a terminal of its own. */
	if (!err)
		err = vserial_session_may_write(s, reason);
	if (!err) {
		port = s->port;
		get_device(&port->dev);
	}
	mutex_unlock(&vserial_sessions_lock);
	if (err)
		return err;
	vserial_port_resize(port, rows, columns);
	put_device(&port->dev);
	return 0;
}

static bool vserial_session_owner_lost(const struct vserial_session *s,
				       const struct vserial_guest *g)
{
	struct vserial_reason ignored;

	return vserial_guest_of_port(s->port) == g && s->owner &&
	       vserial_guest_may_connect((struct vserial_guest *)g, false,
					 s->uid, &ignored);
}

static int vserial_session_told(struct notifier_block *listener,
				unsigned long event, void *object)
{
	struct vserial_session *s, *next;

	if (event != VSERIAL_EVENT_PORT_GONE &&
	    event != VSERIAL_EVENT_BACKING_GONE &&
	    event != VSERIAL_EVENT_GUEST_OWNER)
		return NOTIFY_DONE;
	mutex_lock(&vserial_sessions_lock);
	list_for_each_entry_safe(s, next, &vserial_sessions, node) {
		if (event == VSERIAL_EVENT_PORT_GONE && s->port == object)
			vserial_explain(&s->reason, "the port was removed");
		else if (event == VSERIAL_EVENT_BACKING_GONE &&
			 s->backing == *(u32 *)object)
			vserial_explain(&s->reason,
					"the port has another backing, or none");
		else if (event == VSERIAL_EVENT_GUEST_OWNER &&
			 vserial_session_owner_lost(s, object))
			vserial_explain(&s->reason,
					"the guest belongs to its user no more");
		else
			continue;
		vserial_session_end(s);
	}
	mutex_unlock(&vserial_sessions_lock);
	return NOTIFY_DONE;
}

static struct notifier_block vserial_session_listener = {
	.notifier_call = vserial_session_told,
};

/**
 * vserial_session_init() - before the first socket attaches
 *
 * Return: 0 or a negative errno.
 */
int vserial_session_init(void)
{
	return vserial_notify_register(&vserial_session_listener);
}

/**
 * vserial_session_exit() - after the last session, which holds the module
 */
void vserial_session_exit(void)
{
	vserial_notify_unregister(&vserial_session_listener);
}
