// SPDX-License-Identifier: GPL-2.0-only
/*
 * message: guests, ports, sessions and rules as netlink messages
 */
#include <linux/rcupdate.h>
#include <net/genetlink.h>

#include "backing.h"
#include "daemon.h"
#include "guest.h"
#include "hold.h"
#include "log.h"
#include "message.h"
#include "port.h"
#include "reader.h"
#include "session.h"
#include "spec.h"

static int vserial_put_uuid(struct sk_buff *skb, int attr, const uuid_t *uuid)
{
	if (uuid_is_null(uuid))
		return 0;
	return nla_put(skb, attr, VSERIAL_UUID_SIZE, uuid->b);
}

/**
 * vserial_message_guest() - write a guest into a message
 * @skb: the message
 * @hdr: its generic netlink header; the message is ended, or cancelled if
 *	there is no room
 * @g: the guest, with vserial_guests_lock held
 *
 * Return: 0 or -EMSGSIZE.
 */
int vserial_message_guest(struct sk_buff *skb, void *hdr,
			  struct vserial_guest *g)
{
	kuid_t uid;
	kgid_t gid;

	if (nla_put_string(skb, VSERIAL_A_GUEST_NAME, vserial_guest_name(g)) ||
	    vserial_put_uuid(skb, VSERIAL_A_GUEST_UUID,
			     &g->uuid[VSERIAL_UUID_BIOS]) ||
	    vserial_put_uuid(skb, VSERIAL_A_GUEST_VC_UUID,
			     &g->uuid[VSERIAL_UUID_VC]) ||
	    vserial_put_uuid(skb, VSERIAL_A_GUEST_LOCATION_UUID,
			     &g->uuid[VSERIAL_UUID_LOCATION]) ||
	    nla_put_u32(skb, VSERIAL_A_GUEST_NR_PORTS,
			vserial_guest_nr_ports(g)) ||
	    nla_put_u8(skb, VSERIAL_A_GUEST_POWER, vserial_guest_power(g)) ||
	    nla_put_u32(skb, VSERIAL_A_GUEST_MIGRATION_LIMIT, g->limit) ||
	    (g->migration &&
	     nla_put_u32(skb, VSERIAL_A_GUEST_MIGRATION, g->migration)))
		goto full;
	vserial_owner_get(&g->owner, &uid, &gid);
	if (uid_valid(uid) &&
	    (nla_put_u32(skb, VSERIAL_A_GUEST_UID,
			 from_kuid(&init_user_ns, uid)) ||
	     nla_put_u32(skb, VSERIAL_A_GUEST_GID,
			 from_kgid(&init_user_ns, gid))))
		goto full;
	genlmsg_end(skb, hdr);
	return 0;
full:
	genlmsg_cancel(skb, hdr);
	return -EMSGSIZE;
}

static int vserial_put_backing(struct sk_buff *skb, struct vserial_port *port)
{
	struct vserial_backing *b;
	int err = 0;

	rcu_read_lock();
	b = rcu_dereference(port->backing);
	if (b)
		err = nla_put_string(skb, VSERIAL_A_PORT_BACKING,
				     b->spec->text);
	if (b && !err && b->spec->proxy)
		err = nla_put_string(skb, VSERIAL_A_PORT_PROXY,
				     b->spec->proxy);
	rcu_read_unlock();
	return err;
}

/* What there is to say of a log, if there is one. */
static int vserial_put_log(struct sk_buff *skb, struct vserial_port *port,
			   const struct vserial_port_status *st)
{
	struct vserial_log *log;
	int err = 0;

	rcu_read_lock();
	log = rcu_dereference(port->log);
	if (log)
		err = nla_put_string(skb, VSERIAL_A_PORT_LOG,
				     log->spec->text) ?:
		      nla_put_u64_64bit(skb, VSERIAL_A_PORT_LOG_DROPPED,
					st->log_dropped, VSERIAL_A_PORT_PAD);
	rcu_read_unlock();
	if (!err && st->log_reason.text[0])
		err = nla_put_string(skb, VSERIAL_A_PORT_LOG_REASON,
				     st->log_reason.text);
	return err;
}

/**
 * vserial_message_port() - write a port into a message
 * @skb: the message
 * @hdr: its generic netlink header; the message is ended, or cancelled if
 *	there is no room
 * @port: the port
 *
 * Return: 0 or -EMSGSIZE.
 */
int vserial_message_port(struct sk_buff *skb, void *hdr,
			 struct vserial_port *port)
{
	struct vserial_port_status st;

	vserial_port_status(port, &st);
	if (nla_put_string(skb, VSERIAL_A_PORT_GUEST,
			   vserial_port_guest_name(port)) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_INDEX, port->index) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_MINOR, port->minor) ||
	    vserial_put_backing(skb, port) ||
	    nla_put_u8(skb, VSERIAL_A_PORT_CONNECT_AT_POWER_ON,
		       st.connect_at_power_on) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_OVERFLOW, st.overflow) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_STALL_LIMIT, st.stall_limit) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_HISTORY, st.history) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_CARRIER, st.carrier) ||
	    nla_put_u8(skb, VSERIAL_A_PORT_CONNECTED, st.connected) ||
	    nla_put_u8(skb, VSERIAL_A_PORT_POWER, st.power) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_STATE, st.state) ||
	    (st.reason.text[0] &&
	     nla_put_string(skb, VSERIAL_A_PORT_REASON, st.reason.text)) ||
	    (st.peer[0] &&
	     nla_put_string(skb, VSERIAL_A_PORT_PEER, st.peer)) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_ENDPOINT, st.endpoint) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_MAX_CLIENTS, st.max_clients) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_IDLE_TIMEOUT, st.idle_timeout) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_PORT_TX_BYTES, st.tx_bytes,
			      VSERIAL_A_PORT_PAD) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_PORT_RX_BYTES, st.rx_bytes,
			      VSERIAL_A_PORT_PAD) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_PORT_DROPPED_BYTES,
			      st.dropped_bytes, VSERIAL_A_PORT_PAD) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_TX_UNREAD, st.tx_unread) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_RX_UNREAD, st.rx_unread) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_LINES, st.lines) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_BREAK, st.icount.brk) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_FRAME, st.icount.frame) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_PARITY, st.icount.parity) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_OVERRUN, st.icount.overrun) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_RATE, st.rate) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_DIRECTION, st.direction) ||
	    nla_put_u8(skb, VSERIAL_A_PORT_YIELD_ON_POLL, st.yield_on_poll) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_PORT_POLLS, st.polls,
			      VSERIAL_A_PORT_PAD) ||
	    (st.handover &&
	     nla_put_u32(skb, VSERIAL_A_PORT_HANDOVER, st.handover)) ||
	    (st.handover_reason.text[0] &&
	     nla_put_string(skb, VSERIAL_A_PORT_HANDOVER_REASON,
			    st.handover_reason.text)) ||
	    vserial_put_log(skb, port, &st)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/**
 * vserial_message_rule() - write a service rule into a message
 * @skb: the message
 * @hdr: its generic netlink header; the message is ended, or cancelled if
 *	there is no room
 * @g: the guest whose it is
 * @rule: the rule, with its guest's rules locked or a reference
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int vserial_message_rule(struct sk_buff *skb, void *hdr,
			 const struct vserial_guest *g,
			 const struct vserial_rule *rule)
{
	const struct vserial_rule_terms *t = &rule->terms;

	if (nla_put_string(skb, VSERIAL_A_SERVICE_GUEST,
			   vserial_guest_name(g)) ||
	    nla_put_u32(skb, VSERIAL_A_SERVICE_RANK, t->rank) ||
	    nla_put_u32(skb, VSERIAL_A_SERVICE_ACTION, t->action) ||
	    nla_put_u32(skb, VSERIAL_A_SERVICE_SERVICE, t->service) ||
	    nla_put_u32(skb, VSERIAL_A_SERVICE_DIRECTION, t->towards) ||
	    (t->has_port &&
	     (nla_put_u32(skb, VSERIAL_A_SERVICE_PORT, t->port) ||
	      nla_put_u32(skb, VSERIAL_A_SERVICE_PORT_LAST, t->port_last))) ||
	    (t->has_uid &&
	     nla_put_u32(skb, VSERIAL_A_SERVICE_UID,
			 from_kuid(&init_user_ns, t->uid))) ||
	    (*t->exe && nla_put_string(skb, VSERIAL_A_SERVICE_EXE, t->exe)) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_SERVICE_HITS,
			      atomic64_read(&rule->hits),
			      VSERIAL_A_SERVICE_PAD)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/**
 * vserial_message_session() - write a session into a message
 * @skb: the message
 * @hdr: its generic netlink header; the message is ended, or cancelled if
 *	there is no room
 * @s: the session, with vserial_sessions_lock held
 *
 * Return: 0 or -EMSGSIZE.
 */
int vserial_message_session(struct sk_buff *skb, void *hdr,
			    const struct vserial_session *s)
{
	if (nla_put_u32(skb, VSERIAL_A_SESSION_ID, s->link.id) ||
	    nla_put_string(skb, VSERIAL_A_SESSION_GUEST,
			   vserial_port_guest_name(s->port)) ||
	    nla_put_u32(skb, VSERIAL_A_SESSION_INDEX, s->port->index) ||
	    (s->read_only && nla_put_flag(skb, VSERIAL_A_SESSION_READ_ONLY)) ||
	    (s->tap && nla_put_flag(skb, VSERIAL_A_SESSION_CAPTURE)) ||
	    nla_put_u8(skb, VSERIAL_A_SESSION_WRITER, s->writer) ||
	    nla_put_string(skb, VSERIAL_A_SESSION_PEER, s->peer) ||
	    nla_put_u32(skb, VSERIAL_A_SESSION_UID,
			from_kuid_munged(&init_user_ns, s->uid)) ||
	    nla_put_u32(skb, VSERIAL_A_SESSION_PID, s->pid) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_SESSION_SINCE, s->since,
			      VSERIAL_A_SESSION_PAD) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_SESSION_OFFSET, s->offset,
			      VSERIAL_A_SESSION_PAD) ||
	    (s->backing && nla_put_u32(skb, VSERIAL_A_SESSION_BACKING,
				       s->backing)) ||
	    (s->reason.text[0] &&
	     nla_put_string(skb, VSERIAL_A_SESSION_REASON, s->reason.text))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* What the daemon has to know of a migration. */
static int vserial_put_handing(struct sk_buff *skb,
			       const struct vserial_helper *h)
{
	struct vserial_port *port = h->b.port;
	const struct vserial_guest *g = vserial_guest_of_port(port);
	const struct vserial_handing *handing;
	unsigned long flags;
	int err = 0;

	if (h->terms.migration)
		err = nla_put_u32(skb, VSERIAL_A_BACKING_MIGRATION,
				  h->terms.migration);
	spin_lock_irqsave(&port->lock, flags);
	handing = port->handing;
	if (!err && handing)
		err = nla_put_u32(skb, VSERIAL_A_BACKING_HANDOVER,
				  handing->state) ?:
		      nla_put_u32(skb, VSERIAL_A_BACKING_MIGRATION_LIMIT,
				  READ_ONCE(g->migration_limit));
	if (!err && handing && handing->len)
		err = nla_put(skb, VSERIAL_A_BACKING_HANDOVER_BLOB,
			      handing->len, handing->blob) ?:
		      nla_put_u32(skb, VSERIAL_A_BACKING_HANDOVER_SEQUENCE,
				  handing->sequence_len);
	spin_unlock_irqrestore(&port->lock, flags);
	return err;
}

/**
 * vserial_message_backing() - write a backing of the daemon into a message
 * @skb: the message
 * @hdr: its generic netlink header; the message is ended, or cancelled if
 *	there is no room
 * @h: the backing, with vserial_daemon_lock held and being served
 *
 * Return: 0 or -EMSGSIZE.
 */
int vserial_message_backing(struct sk_buff *skb, void *hdr,
			    struct vserial_helper *h)
{
	struct vserial_port *port = h->b.port;
	struct vserial_port_status st;

	vserial_port_status(port, &st);
	if (nla_put_u32(skb, VSERIAL_A_BACKING_ID, h->serving->link.id) ||
	    nla_put_string(skb, VSERIAL_A_BACKING_GUEST,
			   vserial_port_guest_name(port)) ||
	    nla_put_u32(skb, VSERIAL_A_BACKING_INDEX, port->index) ||
	    nla_put_string(skb, VSERIAL_A_BACKING_SPEC, h->b.spec->text) ||
	    (h->b.spec->proxy &&
	     nla_put_string(skb, VSERIAL_A_BACKING_PROXY,
			    h->b.spec->proxy)) ||
	    vserial_put_uuid(skb, VSERIAL_A_BACKING_UUID,
			     &h->terms.uuid[VSERIAL_UUID_BIOS]) ||
	    vserial_put_uuid(skb, VSERIAL_A_BACKING_VC_UUID,
			     &h->terms.uuid[VSERIAL_UUID_VC]) ||
	    vserial_put_uuid(skb, VSERIAL_A_BACKING_LOCATION_UUID,
			     &h->terms.uuid[VSERIAL_UUID_LOCATION]) ||
	    nla_put_u32(skb, VSERIAL_A_BACKING_ENDPOINT, h->terms.endpoint) ||
	    nla_put_u32(skb, VSERIAL_A_BACKING_MAX_CLIENTS,
			h->terms.max_clients) ||
	    nla_put_u32(skb, VSERIAL_A_BACKING_IDLE_TIMEOUT,
			h->terms.idle_timeout) ||
	    (uid_valid(h->terms.uid) &&
	     (nla_put_u32(skb, VSERIAL_A_BACKING_UID,
			  from_kuid(&init_user_ns, h->terms.uid)) ||
	      nla_put_u32(skb, VSERIAL_A_BACKING_GID,
			  from_kgid(&init_user_ns, h->terms.gid)))) ||
	    nla_put_u8(skb, VSERIAL_A_BACKING_POWER, h->terms.power) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_BACKING_OFFSET,
			      vserial_output_settled(&h->b),
			      VSERIAL_A_BACKING_PAD) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_BACKING_END,
			      vserial_reader_end(port),
			      VSERIAL_A_BACKING_PAD) ||
	    nla_put_u64_64bit(skb, VSERIAL_A_BACKING_INPUT,
			      vserial_link_taken(&h->serving->link),
			      VSERIAL_A_BACKING_PAD) ||
	    nla_put_u32(skb, VSERIAL_A_BACKING_LINES, h->terms.lines) ||
	    (h->terms.speed &&
	     (nla_put_u32(skb, VSERIAL_A_BACKING_SPEED, h->terms.speed) ||
	      nla_put_u32(skb, VSERIAL_A_BACKING_CFLAG, h->terms.cflag))) ||
	    vserial_put_handing(skb, h) ||
	    nla_put_u32(skb, VSERIAL_A_BACKING_STATE, st.state) ||
	    (st.reason.text[0] &&
	     nla_put_string(skb, VSERIAL_A_BACKING_REASON, st.reason.text)) ||
	    (st.peer[0] &&
	     nla_put_string(skb, VSERIAL_A_BACKING_PEER, st.peer))) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}
