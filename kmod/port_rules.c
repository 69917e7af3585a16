// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_rules: what its guest's service rules make of a port
 *
 * The verdict on its backing and the one on who has it open are kept in the
 * port, as flags beside those of its settings.
 */
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include "backing.h"
#include "input.h"
#include "notify.h"
#include "output.h"
#include "port_parts.h"
#include "state.h"

/**
 * vserial_port_may_serve() - do the guest's rules allow the port's backing?
 * @port: the port, which keeps what they say
 * @anew: the backing is about to start, which counts; else only another verdict
 *	does
 * @reason: says why not
 *
 * Context: process, with config.
 * Return: 0; or -EACCES with @reason filled if neither way is allowed.
 */
int vserial_port_may_serve(struct vserial_port *port, bool anew,
			   struct vserial_reason *reason)
{
	struct vserial_access access;
	struct vserial_verdict v;
	unsigned long flags;
	bool news;
	int err = 0;

	vserial_access_backing(&access, vserial_port_backing(port)->spec,
			       port->endpoint);
	vserial_ruleset_judge(port->rules, &access, &v);
	news = anew || !vserial_verdict_same(&v, &port->served);
	if (news)
		vserial_verdict_count(&v);
	if (vserial_verdict_denies(&v))
		err = vserial_ruleset_refuse(port->rules, &access, &v, reason);
	if (news && err)
		vserial_ruleset_audit(port->rules, reason, NULL, port->index);

	spin_lock_irqsave(&port->lock, flags);
	swap(v, port->served);
	WRITE_ONCE(port->tx_denied, port->served.denied & VSERIAL_WAY_HOST);
	WRITE_ONCE(port->rx_denied, port->served.denied & VSERIAL_WAY_GUEST);
	vserial_state_update_lines(port);
	spin_unlock_irqrestore(&port->lock, flags);
	vserial_verdict_put(&v);
	return err;
}

/* Judges who has the device open.  Call with config. */
static void vserial_port_judge_opener(struct vserial_port *port)
{
	struct vserial_reason reason;
	struct vserial_access access;
	struct vserial_verdict v;
	unsigned long flags;

	vserial_access_program(&access, VSERIAL_SERVICE_HYPERVISOR,
			       &port->opener);
	vserial_ruleset_judge(port->rules, &access, &v);
	/* Who waits by a rate is not to lose the timer that wakes him. */
	if (vserial_verdict_same(&v, &port->opened))
		goto put;
	vserial_verdict_count(&v);
	if (v.denied) {
		vserial_ruleset_refuse(port->rules, &access, &v, &reason);
		vserial_ruleset_audit(port->rules, &reason, &port->opener,
				      port->index);
	}
	spin_lock_irqsave(&port->lock, flags);
	swap(v, port->opened);
	vserial_port_police(port, port->tx_rate.limit);
	spin_unlock_irqrestore(&port->lock, flags);
put:
	vserial_verdict_put(&v);
}

/**
 * vserial_port_opened() - the calling process is the first to open a port
 * @port: the port
 *
 * Context: process, with config.
 */
void vserial_port_opened(struct vserial_port *port)
{
	vserial_program_current(&port->opener);
	vserial_port_judge_opener(port);
}

/**
 * vserial_port_closed() - nobody has a port open any more
 * @port: the port
 *
 * Context: process, with config.
 */
void vserial_port_closed(struct vserial_port *port)
{
	struct vserial_verdict v = {};
	unsigned long flags;

	spin_lock_irqsave(&port->lock, flags);
	swap(v, port->opened);
	vserial_port_police(port, port->tx_rate.limit);
	spin_unlock_irqrestore(&port->lock, flags);
	vserial_verdict_put(&v);
}

/*
 * May the calling process do this to a port, in one of @ways at least, and in
 * all of @needed?
 */
static int vserial_port_admit(struct vserial_port *port, u32 service,
			      unsigned long ways, unsigned long needed,
			      struct vserial_reason *reason)
{
	struct vserial_program program;
	struct vserial_access access;
	struct vserial_verdict v;
	int err = 0;

	vserial_program_current(&program);
	vserial_access_program(&access, service, &program);
	vserial_ruleset_judge(port->rules, &access, &v);
	vserial_verdict_count(&v);
	if ((v.denied & ways) == ways || v.denied & needed) {
		err = vserial_ruleset_refuse(port->rules, &access, &v, reason);
		vserial_ruleset_audit(port->rules, reason, &program,
				      port->index);
	}
	vserial_verdict_put(&v);
	return err;
}

/**
 * vserial_port_may_open() - may the calling process open a port's device?
 * @port: the port
 *
 * Context: process; may sleep for as long as the file system with a rule's
 * executable likes.
 * Return: 0 or -EACCES.
 */
int vserial_port_may_open(struct vserial_port *port)
{
	const unsigned long both = VSERIAL_WAY_GUEST | VSERIAL_WAY_HOST;
	struct vserial_reason reason;
	unsigned long needed = 0;

	vserial_ruleset_refresh(port->rules);
	/* A device is shared: who comes to others has what they have. */
	spin_lock_irq(&port->lock);
	if (port->in_use)
		needed = both & ~port->opened.denied;
	spin_unlock_irq(&port->lock);
	return vserial_port_admit(port, VSERIAL_SERVICE_HYPERVISOR, both,
				  needed, &reason);
}

/**
 * vserial_port_may_control() - may the calling process operate a port?
 * @port: the port
 * @reason: says why not
 *
 * Context: as vserial_port_may_open().
 * Return: 0 or -EACCES with @reason filled.
 */
int vserial_port_may_control(struct vserial_port *port,
			     struct vserial_reason *reason)
{
	vserial_ruleset_refresh(port->rules);
	return vserial_port_admit(port, VSERIAL_SERVICE_CONTROL,
				  VSERIAL_WAY_GUEST, 0, reason);
}

/**
 * vserial_port_may_look_back() - may the calling process read what a port keeps?
 * @port: the port
 * @daemon: it is the daemon, for which that is a part of serving the backing
 * @reason: says why not
 *
 * Rules name the executables that were found last: who asks may not sleep.
 *
 * Context: process.
 * Return: 0 or -EACCES with @reason filled.
 */
int vserial_port_may_look_back(struct vserial_port *port, bool daemon,
			       struct vserial_reason *reason)
{
	struct vserial_access access;
	struct vserial_backing *b;
	struct vserial_verdict v;
	int err = 0;

	if (!daemon)
		return vserial_port_admit(port, VSERIAL_SERVICE_CONSOLE,
					  VSERIAL_WAY_HOST, 0, reason);
	/* Whether it serves the backing or not: it may be at fault. */
	rcu_read_lock();
	b = rcu_dereference(port->backing);
	if (b)
		vserial_access_backing(&access, b->spec,
				       READ_ONCE(port->endpoint));
	rcu_read_unlock();
	if (!b)
		return 0;
	vserial_ruleset_judge(port->rules, &access, &v);
	if (v.denied & VSERIAL_WAY_HOST)
		err = vserial_ruleset_refuse(port->rules, &access, &v, reason);
	vserial_verdict_put(&v);
	return err;
}

/**
 * vserial_port_follow_rules() - the guest's rules changed
 * @port: the port
 *
 * What is connected and denied now ends, and what waited for this begins.
 *
 * Context: process, no locks; may sleep for a bounded time.
 */
void vserial_port_follow_rules(struct vserial_port *port)
{
	struct vserial_verdict served, opened;
	bool news = false;

	mutex_lock(&port->config);
	/* To be compared only: without references. */
	served = port->served;
	opened = port->opened;
	if (!port->dead) {
		if (port->in_use)
			vserial_port_judge_opener(port);
		vserial_port_reconsider(port);
		news = !vserial_verdict_same(&served, &port->served) ||
		       !vserial_verdict_same(&opened, &port->opened);
	}
	mutex_unlock(&port->config);
	if (!news)
		return;

	/* Who waits does so by the old rules. */
	vserial_output_released(port);
	vserial_output_kick(port);
	vserial_input_pump(port);
	vserial_notify(VSERIAL_EVENT_PORT_CHANGED, port);
}
