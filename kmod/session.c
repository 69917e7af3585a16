// SPDX-License-Identifier: GPL-2.0-only
/*
 * session: somebody who is attached to a port
 *
 *   socket <--channel-- vserial_session --port--> vserial_port
 *                         .link  .reader --> port's output, own cursor
 *
 * A session ends with its socket, with its port, when its user loses the
 * guest, when a rule denies it, or when it is kicked; always under
 * vserial_sessions_lock, so that who finds one in the list finds a live one.
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
#include "notify.h"
#include "port.h"
#include "session.h"
#include "session_tap.h"

/* More sessions than this a port does not take. */
#define VSERIAL_SESSIONS_MAX	64
/* The last of them are for administrators: its owner cannot lock them out. */
#define VSERIAL_SESSIONS_KEPT	8

LIST_HEAD(vserial_sessions);
/*
 * Guards vserial_sessions and all that is in a session but @link and @reader.
 * Taken inside vserial_guests_lock, outside a port's and a channel's.
 */
DEFINE_MUTEX(vserial_sessions_lock);
/* Counts arrivals and ends. */
unsigned int vserial_sessions_generation;

static void vserial_session_release(struct work_struct *work)
{
	struct vserial_session *s = container_of(to_rcu_work(work),
						 struct vserial_session,
						 release);

	vserial_verdict_put(&s->verdict);
	vserial_session_tap_destroy(s);
	put_device(&s->port->dev);
	kfree(s);
}

/* Ends a session; its @reason says why.  Call with the lock. */
static void vserial_session_end(struct vserial_session *s)
{
	bool writer = s->writer;
	struct vserial_port *port = s->port;

	WRITE_ONCE(s->writer, false);
	list_del(&s->node);
	vserial_sessions_generation++;
	if (s->tap)
		vserial_session_tap_leave(s);
	else if (!s->backing)
		vserial_reader_leave(port, &s->reader);
	vserial_link_ebb(&s->link);
	/* Its socket is told by the link. */
	vserial_notify(VSERIAL_EVENT_SESSION_GONE, s);
	vserial_link_close(&s->link);
	if (writer)
		vserial_session_promote(port);
	queue_rcu_work(vserial_wq, &s->release);
	/*
	 * Who got us here holds the module too, or, when it is the end of the
	 * socket, vserial_channel_exit() waits for it.
	 */
	module_put(THIS_MODULE);
}

/**
 * vserial_session_closed() - a session's socket is gone
 * @id: its number; it may have ended meanwhile
 *
 * Context: process, no locks.
 */
void vserial_session_closed(u32 id)
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

/*
 * Judges somebody who is attached, or wants to be.  @v is what was decided
 * before, and becomes what is.  A peer of the daemon comes with its backing and
 * is not judged by itself.  Return: 0 or -EACCES.
 */
static int vserial_session_judge(struct vserial_port *port,
				 const struct vserial_program *program,
				 bool capture, struct vserial_verdict *v,
				 struct vserial_reason *reason)
{
	struct vserial_verdict old = *v;
	struct vserial_access access;
	int err = 0;

	vserial_access_program(&access, VSERIAL_SERVICE_CONSOLE, program);
	vserial_ruleset_judge(port->rules, &access, v);
	/* Who captures has what goes either way, and all of it is to read. */
	if (vserial_verdict_denies(v) ||
	    (capture && v->denied & VSERIAL_WAY_HOST))
		err = vserial_ruleset_refuse(port->rules, &access, v, reason);
	if (!vserial_verdict_same(v, &old)) {
		vserial_verdict_count(v);
		if (err)
			vserial_ruleset_audit(port->rules, reason, program,
					      port->index);
	}
	vserial_verdict_put(&old);
	return err;
}

/* Has a session do what the rules leave to it.  Call with the lock. */
static void vserial_session_obey(struct vserial_session *s)
{
	bool mute = s->verdict.denied & VSERIAL_WAY_GUEST;

	/* A peer whose bytes are dropped is not to keep others from writing. */
	if (s->backing)
		mute = READ_ONCE(s->port->rx_denied);
	WRITE_ONCE(s->mute, mute);
	WRITE_ONCE(s->deaf, s->verdict.denied & VSERIAL_WAY_HOST);
}

/* @v is the session's if this succeeds. */
static int vserial_session_add(struct vserial_port *port,
			       const struct vserial_caller *who,
			       const struct vserial_program *program,
			       struct vserial_verdict *v, u32 *id,
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
	s->program = *program;
	s->since = ktime_get_real_seconds();
	strscpy(s->peer, who->peer, sizeof(s->peer));
	INIT_RCU_WORK(&s->release, vserial_session_release);
	vserial_session_link_setup(s);
	if (who->capture) {
		s->link.ops = &vserial_session_tap_ops;
		if (vserial_session_tap_create(s)) {
			kfree(s);
			return vserial_refuse(reason, -ENOMEM, "out of memory");
		}
	}
	s->link.id = vserial_channel_id();
	*id = s->link.id;
	err = vserial_link_open(&s->link, who->sk, who->portid, reason);
	if (err) {
		vserial_session_tap_destroy(s);
		kfree(s);
		return err;
	}

	get_device(&port->dev);
	__module_get(THIS_MODULE);
	swap(s->verdict, *v);
	vserial_session_obey(s);
	if (s->tap)
		vserial_session_tap_join(s);
	else if (!s->backing)
		s->offset = vserial_reader_join(port, &s->reader,
						port->tx.history);
	list_add_tail(&s->node, &vserial_sessions);
	vserial_sessions_generation++;
	if (who->force)
		vserial_session_take_over(s);
	else
		vserial_session_turn(s);
	vserial_notify(VSERIAL_EVENT_SESSION_NEW, s);
	return 0;
}

static int vserial_session_change(struct vserial_session *s,
				  const struct vserial_caller *who,
				  struct vserial_verdict *v)
{
	swap(s->verdict, *v);
	vserial_session_obey(s);
	s->read_only = who->read_only;
	s->reason.text[0] = '\0';
	if (who->force)
		vserial_session_take_over(s);
	else
		vserial_session_turn(s);
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
 * Return: 0; -EPERM, -EACCES, -ENODEV, -EUSERS, -EINVAL, -ENOMEM or -ENOTCONN
 * with @reason filled.
 */
int vserial_session_attach(struct vserial_port *port,
			   const struct vserial_caller *who, u32 *id,
			   struct vserial_reason *reason)
{
	struct vserial_verdict verdict = {};
	struct vserial_program program;
	unsigned int nr, most = VSERIAL_SESSIONS_MAX;
	struct vserial_session *s;
	int err;

	if (!who->admin)
		most -= VSERIAL_SESSIONS_KEPT;
	if (who->force && who->read_only)
		return vserial_refuse(reason, -EINVAL,
				      "force makes a session the writer, read-only keeps it from that; ask for one of them");
	vserial_program_current(&program);
	vserial_ruleset_refresh(port->rules);
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
	if (!who->backing) {
		err = vserial_session_judge(port, &program, who->capture,
					    &verdict, reason);
		if (!err && who->force && verdict.denied & VSERIAL_WAY_GUEST)
			err = vserial_refuse(reason, -EACCES,
					     "service rules of guest '%s' let its console be read only, so force is no use",
					     vserial_port_guest_name(port));
		if (err)
			goto unlock;
	}
	s = vserial_session_again(port, who, &nr);
	if (s && !s->tap != !who->capture) {
		err = vserial_refuse(reason, -EINVAL,
				     "session %u of this socket is attached to port '%s/%u' another way; end it first",
				     s->link.id, vserial_port_guest_name(port),
				     port->index);
	} else if (s) {
		*id = s->link.id;
		err = vserial_session_change(s, who, &verdict);
	} else if (nr >= most) {
		err = vserial_refuse(reason, -EUSERS,
				     "port '%s/%u' has %u sessions, and %u are the most%s",
				     vserial_port_guest_name(port),
				     port->index, nr, most,
				     who->admin ? "" : " for an owner");
	} else {
		err = vserial_session_add(port, who, &program, &verdict, id,
					  reason);
	}
unlock:
	mutex_unlock(&vserial_sessions_lock);
	vserial_verdict_put(&verdict);
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

/* May somebody end a session?  His own he always may. */
static int vserial_session_may_kick(u32 id, const struct vserial_caller *who,
				    struct vserial_reason *reason)
{
	struct vserial_port *port = NULL;
	struct vserial_session *s;
	int err;

	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, reason);
	err = PTR_ERR_OR_ZERO(s);
	if (!err && !vserial_link_is_of(&s->link, who->sk)) {
		port = s->port;
		get_device(&port->dev);
		err = vserial_guest_may_connect(vserial_guest_of_port(port),
						who->admin, who->uid, reason);
	}
	mutex_unlock(&vserial_sessions_lock);
	if (!port)
		return err;
	/* Looking for the executables that rules name may take its time. */
	if (!err)
		err = vserial_port_may_control(port, reason);
	put_device(&port->dev);
	return err;
}

/**
 * vserial_session_kick() - end a session
 * @id: its number
 * @who: who wants that
 * @reason: says why not
 *
 * Context: process, no locks.
 * Return: 0; -ENOENT, -EPERM or -EACCES with @reason filled.
 */
int vserial_session_kick(u32 id, const struct vserial_caller *who,
			 struct vserial_reason *reason)
{
	struct vserial_session *s;
	int err;

	err = vserial_session_may_kick(id, who, reason);
	if (err)
		return err;
	mutex_lock(&vserial_sessions_lock);
	s = vserial_session_find(id, reason);
	err = PTR_ERR_OR_ZERO(s);
	if (!err) {
		s->quiet = vserial_link_is_of(&s->link, who->sk);
		vserial_explain(&s->reason, "%s ended it", who->peer);
		vserial_session_end(s);
	}
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

/* The rules of a session's guest changed.  Return: whether it ends by them. */
static bool vserial_session_follow_rules(struct vserial_session *s)
{
	bool mute = s->mute, deaf = s->deaf;
	struct vserial_reason reason;

	if (!s->backing &&
	    vserial_session_judge(s->port, &s->program, s->tap, &s->verdict,
				  &reason)) {
		s->reason = reason;
		return true;
	}
	vserial_session_obey(s);
	if (s->mute == mute && s->deaf == deaf)
		return false;
	vserial_explain(&s->reason, "the guest's service rules changed");
	vserial_session_turn(s);
	vserial_notify(VSERIAL_EVENT_SESSION_CHANGED, s);
	if (deaf && !s->deaf) {
		rcu_read_lock();
		vserial_link_kick(&s->link);
		rcu_read_unlock();
	}
	return false;
}

static int vserial_session_told(struct notifier_block *listener,
				unsigned long event, void *object)
{
	struct vserial_session *s, *next;

	if (event != VSERIAL_EVENT_PORT_GONE &&
	    event != VSERIAL_EVENT_BACKING_GONE &&
	    event != VSERIAL_EVENT_GUEST_OWNER &&
	    event != VSERIAL_EVENT_GUEST_RULES)
		return NOTIFY_DONE;
	mutex_lock(&vserial_sessions_lock);
	list_for_each_entry_safe(s, next, &vserial_sessions, node) {
		if (event == VSERIAL_EVENT_PORT_GONE && s->port == object) {
			vserial_explain(&s->reason, "the port was removed");
			/* Nobody can come back for the guest's last words. */
			vserial_link_hasten(&s->link);
		} else if (event == VSERIAL_EVENT_BACKING_GONE &&
			   s->backing == *(u32 *)object) {
			vserial_explain(&s->reason,
					"the port has another backing, or none");
		} else if (event == VSERIAL_EVENT_GUEST_OWNER &&
			   vserial_session_owner_lost(s, object)) {
			vserial_explain(&s->reason,
					"the guest belongs to its user no more");
		} else if (event != VSERIAL_EVENT_GUEST_RULES ||
			   vserial_guest_of_port(s->port) != object ||
			   !vserial_session_follow_rules(s)) {
			continue;
		}
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
