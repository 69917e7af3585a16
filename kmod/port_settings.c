// SPDX-License-Identifier: GPL-2.0-only
/*
 * port_settings: what can be set of a port, and how it stands
 */
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

#include "backing.h"
#include "hold.h"
#include "input.h"
#include "log.h"
#include "notify.h"
#include "output.h"
#include "port_parts.h"
#include "spec.h"
#include "state.h"
#include "stream.h"
#include "yield.h"

/**
 * vserial_port_lock_config() - begin to change a port
 * @port: the port
 * @reason: says why not
 *
 * Context: process, no locks; ends with mutex_unlock() of config.
 * Return: 0; -EINTR or -ENODEV with @reason filled.
 */
int vserial_port_lock_config(struct vserial_port *port,
			     struct vserial_reason *reason)
{
	if (mutex_lock_killable(&port->config))
		return vserial_refuse(reason, -EINTR,
				      "interrupted while another change of port '%s/%u' is under way",
				      vserial_port_guest_name(port),
				      port->index);
	if (!port->dead)
		return 0;
	mutex_unlock(&port->config);
	return vserial_refuse(reason, -ENODEV, "port '%s/%u' is being removed",
			      vserial_port_guest_name(port), port->index);
}

static int vserial_port_judge(const struct vserial_settings *s,
			      struct vserial_reason *reason)
{
	if (s->set & BIT_ULL(VSERIAL_A_PORT_OVERFLOW) &&
	    s->overflow > VSERIAL_OVERFLOW_DROP_NEW)
		return vserial_refuse(reason, -EINVAL,
				      "overflow %u is unknown; known are 0 (block), 1 (drop-old) and 2 (drop-new)",
				      s->overflow);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_CARRIER) &&
	    s->carrier > VSERIAL_CARRIER_PEER)
		return vserial_refuse(reason, -EINVAL,
				      "carrier %u is unknown; known are 0 (auto), 1 (always) and 2 (peer)",
				      s->carrier);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_ENDPOINT) &&
	    s->endpoint > VSERIAL_ENDPOINT_CLIENT)
		return vserial_refuse(reason, -EINVAL,
				      "endpoint %u is unknown; known are 0 (auto), 1 (server) and 2 (client)",
				      s->endpoint);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_MAX_CLIENTS) &&
	    (!s->max_clients || s->max_clients > VSERIAL_MAX_CLIENTS_MAX))
		return vserial_refuse(reason, -ERANGE,
				      "max-clients %u is out of range; it is 1 to %u",
				      s->max_clients, VSERIAL_MAX_CLIENTS_MAX);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_IDLE_TIMEOUT) &&
	    s->idle_timeout > VSERIAL_IDLE_TIMEOUT_MAX)
		return vserial_refuse(reason, -ERANGE,
				      "idle-timeout %u s is too long; the most is %u",
				      s->idle_timeout,
				      VSERIAL_IDLE_TIMEOUT_MAX);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_STALL_LIMIT) &&
	    s->stall_limit > VSERIAL_STALL_LIMIT_MAX)
		return vserial_refuse(reason, -ERANGE,
				      "stall-limit %u ms is too long; the most is %u",
				      s->stall_limit, VSERIAL_STALL_LIMIT_MAX);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_HISTORY) &&
	    s->history > VSERIAL_HISTORY_MAX)
		return vserial_refuse(reason, -ERANGE,
				      "history of %u bytes is too large; the most is %u",
				      s->history, VSERIAL_HISTORY_MAX);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_DIRECTION) &&
	    s->direction > VSERIAL_DIRECTION_IN)
		return vserial_refuse(reason, -EINVAL,
				      "direction %u is unknown; known are 0 (both), 1 (out) and 2 (in)",
				      s->direction);
	return 0;
}

/**
 * vserial_port_police() - set how fast bytes may go, and which way
 * @port: the port, with its lock held
 * @rate: bytes/s each way, 0: no limit
 *
 * Who waits is told by the caller, without the lock: vserial_output_released(),
 * vserial_output_kick(), vserial_input_pump().
 */
void vserial_port_police(struct vserial_port *port, u32 rate)
{
	port->tx_shut = port->direction == VSERIAL_DIRECTION_IN ||
			port->opened.denied & VSERIAL_WAY_HOST;
	port->rx_shut = port->direction == VSERIAL_DIRECTION_OUT ||
			port->opened.denied & VSERIAL_WAY_GUEST;
	vserial_output_police(port, rate);
	vserial_input_police(port, rate);
	vserial_state_update_lines(port);
}

/*
 * A specification and a concentrator are of one backing: what of them is not
 * set stays as it is.
 */
static struct vserial_backing *
vserial_port_new_backing(struct vserial_port *port,
			 const struct vserial_settings *s,
			 struct vserial_reason *reason)
{
	struct vserial_backing *old, *b = NULL;
	char *text, *proxy;
	int err;

	err = vserial_port_lock_config(port, reason);
	if (err)
		return ERR_PTR(err);
	old = vserial_port_backing(port);
	text = kstrdup(s->set & BIT_ULL(VSERIAL_A_PORT_BACKING) ?
		       s->backing : old->spec->text, GFP_KERNEL);
	proxy = kstrdup(s->set & BIT_ULL(VSERIAL_A_PORT_PROXY) ?
			s->proxy : old->spec->proxy ?: "", GFP_KERNEL);
	mutex_unlock(&port->config);
	if (text && proxy)
		b = vserial_backing_create(port, text, proxy, reason);
	else
		b = ERR_PTR(vserial_refuse(reason, -ENOMEM, "out of memory"));
	kfree(text);
	kfree(proxy);
	return b;
}

/**
 * vserial_port_apply() - change settings, of which nobody is told
 * @port: the port
 * @s: which, and to what
 * @reason: says why not
 *
 * All of it or nothing: the values are judged and the files opened, then all
 * is changed.
 *
 * Context: as vserial_port_configure().
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_port_apply(struct vserial_port *port,
		       const struct vserial_settings *s,
		       struct vserial_reason *reason)
{
	bool police = s->set & (BIT_ULL(VSERIAL_A_PORT_RATE) |
				BIT_ULL(VSERIAL_A_PORT_DIRECTION));
	struct vserial_backing *b = NULL;
	struct vserial_log *log = NULL;
	struct vserial_stream_mem mem = {};
	unsigned long flags;
	u64 asked;
	int err;

	err = vserial_port_judge(s, reason);
	if (err)
		return err;
	asked = atomic64_inc_return(&port->asked);
	if (s->set & (BIT_ULL(VSERIAL_A_PORT_BACKING) |
		      BIT_ULL(VSERIAL_A_PORT_PROXY))) {
		b = vserial_port_new_backing(port, s, reason);
		if (IS_ERR(b))
			return PTR_ERR(b);
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_LOG)) {
		log = vserial_log_create(port, s->log, reason);
		if (IS_ERR(log)) {
			err = PTR_ERR(log);
			log = NULL;
			goto destroy;
		}
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_HISTORY)) {
		err = vserial_stream_prepare(&port->tx, s->history, &mem);
		if (err) {
			vserial_refuse(reason, err,
				       "no memory for a history of %u bytes",
				       s->history);
			goto destroy;
		}
	}
	/* All is open.  From here on little can go wrong. */
	if (b && b->ops->begin)
		err = b->ops->begin(b, reason);
	if (!err && log)
		err = vserial_capture_begin(&log->capture, reason);
	if (!err)
		err = vserial_port_lock_config(port, reason);
	if (err)
		goto destroy;
	if (b && asked < port->answered) {
		mutex_unlock(&port->config);
		err = vserial_refuse(reason, -ECANCELED,
				     "backing '" VSERIAL_VALUE "' took so long to open that another was set meanwhile",
				     b->spec->text);
		goto destroy;
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_LOG) &&
	    asked < port->log_answered) {
		mutex_unlock(&port->config);
		err = vserial_refuse(reason, -ECANCELED,
				     "log '" VSERIAL_VALUE "' took so long to open that another was set meanwhile",
				     s->log);
		goto destroy;
	}

	spin_lock_irqsave(&port->lock, flags);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_CONNECT_AT_POWER_ON))
		port->connect_at_power_on = s->connect_at_power_on;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_OVERFLOW))
		port->overflow = s->overflow;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_STALL_LIMIT))
		port->stall_limit = s->stall_limit;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_HISTORY)) {
		if (port->tx.reserved)
			vserial_stream_reserve(&port->tx, s->history, &mem);
		else
			vserial_stream_keep(&port->tx, s->history);
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_ENDPOINT))
		WRITE_ONCE(port->endpoint, s->endpoint);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_MAX_CLIENTS))
		port->max_clients = s->max_clients;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_IDLE_TIMEOUT))
		port->idle_timeout = s->idle_timeout;
	if (s->set & BIT_ULL(VSERIAL_A_PORT_YIELD_ON_POLL))
		vserial_yield_set(port, s->yield_on_poll);
	if (s->set & BIT_ULL(VSERIAL_A_PORT_CARRIER)) {
		port->carrier = s->carrier;
		vserial_state_update_lines(port);
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_DIRECTION))
		port->direction = s->direction;
	if (police)
		vserial_port_police(port, s->set & BIT_ULL(VSERIAL_A_PORT_RATE) ?
					  s->rate : port->tx_rate.limit);
	spin_unlock_irqrestore(&port->lock, flags);

	if (b) {
		b = vserial_port_swap_backing(port, b);
		port->answered = asked;
	}
	if (s->set & BIT_ULL(VSERIAL_A_PORT_LOG)) {
		log = vserial_log_swap(port, log);
		port->log_answered = asked;
	}
	/* Whether a network's peer calls or is called is two services. */
	if (s->set & BIT_ULL(VSERIAL_A_PORT_ENDPOINT))
		vserial_port_reconsider(port);
	mutex_unlock(&port->config);

	/* Writers wait by the old settings, and so do those with input. */
	vserial_output_released(port);
	if (police || s->set & BIT_ULL(VSERIAL_A_PORT_ENDPOINT)) {
		vserial_output_kick(port);
		vserial_input_pump(port);
	}
destroy:
	vserial_stream_discard_mem(&port->tx, &mem);
	if (b)
		vserial_backing_destroy(b);
	if (log)
		vserial_log_destroy(log);
	return err;
}

/**
 * vserial_port_configure() - change settings
 * @port: the port
 * @s: which, and to what
 * @reason: says why not
 *
 * All of it or nothing.  A new backing goes on where the old one had
 * acknowledged; of two that are set at a time the one that was asked for last
 * stays.
 *
 * Context: process, in the configuring task, no locks; may sleep for as long
 * as the file system likes.
 * Return: 0 or a negative errno with @reason filled.
 */
int vserial_port_configure(struct vserial_port *port,
			   const struct vserial_settings *s,
			   struct vserial_reason *reason)
{
	int err = vserial_port_apply(port, s, reason);

	if (!err)
		vserial_notify(VSERIAL_EVENT_PORT_CHANGED, port);
	return err;
}

/**
 * vserial_port_connect() - plug the cable in or pull it
 * @port: the port
 * @on: which
 * @reason: says why not
 *
 * Context: process, no locks; may sleep for a bounded time.
 * Return: 0, also if it is so already; or a negative errno with @reason filled,
 * -EACCES if a rule of the guest denies the backing.
 */
int vserial_port_connect(struct vserial_port *port, bool on,
			 struct vserial_reason *reason)
{
	int err = vserial_port_lock_config(port, reason);

	if (err)
		return err;
	if (on)
		err = vserial_port_plug_in(port, reason);
	else
		vserial_port_switch(port, false);
	mutex_unlock(&port->config);
	if (!err)
		vserial_notify(VSERIAL_EVENT_PORT_CHANGED, port);
	return err;
}

/**
 * vserial_port_status() - take down how a port is
 * @port: the port
 * @st: filled
 */
void vserial_port_status(struct vserial_port *port,
			 struct vserial_port_status *st)
{
	struct vserial_log *log;
	unsigned long flags;
	u64 rx_dropped;

	spin_lock_irqsave(&port->lock, flags);
	st->connected = port->connected;
	st->power = port->power;
	st->connect_at_power_on = port->connect_at_power_on;
	st->state = port->state;
	st->reason = port->reason;
	strscpy(st->peer, port->peer, sizeof(st->peer));
	st->endpoint = port->endpoint;
	st->max_clients = port->max_clients;
	st->idle_timeout = port->idle_timeout;
	st->overflow = port->overflow;
	st->carrier = port->carrier;
	st->direction = port->direction;
	st->yield_on_poll = port->yield_on_poll;
	st->polls = atomic64_read(&port->polls);
	st->rate = port->tx_rate.limit;
	st->stall_limit = port->stall_limit;
	st->history = port->tx.history;
	st->tx_unread = vserial_stream_unread(&port->tx, &port->tx_cursor);
	st->rx_unread = vserial_input_unread(port);
	st->lines = port->mcr | port->msr;
	st->tx_bytes = vserial_stream_written(&port->tx);
	vserial_input_count(port, &st->rx_bytes, &rx_dropped);
	/* What is in doubt is lost unless its reader says otherwise. */
	st->dropped_bytes = rx_dropped + port->tx_cursor.dropped +
			    port->tx_cursor.doubt + port->tx.refused;
	st->icount = port->icount;
	st->handover = vserial_hold_handover(port, &st->handover_reason);
	log = rcu_dereference_protected(port->log,
					lockdep_is_held(&port->lock));
	st->log_reason.text[0] = '\0';
	st->log_dropped = 0;
	if (log) {
		st->log_reason = log->reason;
		st->log_dropped = log->reader.cursor.dropped +
				  log->reader.cursor.doubt;
	}
	spin_unlock_irqrestore(&port->lock, flags);
}
