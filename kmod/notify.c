// SPDX-License-Identifier: GPL-2.0-only
/*
 * notify: objects as netlink messages, and the multicast group that is told of
 * their changes
 */
#include <linux/rcupdate.h>
#include <net/genetlink.h>

#include "backing.h"
#include "guest.h"
#include "notify.h"
#include "port.h"
#include "spec.h"

/* Where events go; NULL before the family is registered and after. */
static const struct genl_family __rcu *vserial_notify_family;

/**
 * vserial_notify_open() - send events from now on
 * @family: the registered family; its first multicast group gets them
 */
void vserial_notify_open(const struct genl_family *family)
{
	rcu_assign_pointer(vserial_notify_family, family);
}

/**
 * vserial_notify_close() - send none any more, before the family goes
 */
void vserial_notify_close(void)
{
	RCU_INIT_POINTER(vserial_notify_family, NULL);
	synchronize_rcu();
}

static int vserial_put_uuid(struct sk_buff *skb, int attr, const uuid_t *uuid)
{
	if (uuid_is_null(uuid))
		return 0;
	return nla_put(skb, attr, VSERIAL_UUID_SIZE, uuid->b);
}

/**
 * vserial_fill_guest() - write a guest into a message
 * @skb: the message
 * @hdr: its generic netlink header; the message is ended, or cancelled if
 *	there is no room
 * @g: the guest, with vserial_guests_lock held
 *
 * Return: 0 or -EMSGSIZE.
 */
int vserial_fill_guest(struct sk_buff *skb, void *hdr, struct vserial_guest *g)
{
	if (nla_put_string(skb, VSERIAL_A_GUEST_NAME, vserial_guest_name(g)) ||
	    vserial_put_uuid(skb, VSERIAL_A_GUEST_UUID,
			     &g->uuid[VSERIAL_UUID_BIOS]) ||
	    vserial_put_uuid(skb, VSERIAL_A_GUEST_VC_UUID,
			     &g->uuid[VSERIAL_UUID_VC]) ||
	    vserial_put_uuid(skb, VSERIAL_A_GUEST_LOCATION_UUID,
			     &g->uuid[VSERIAL_UUID_LOCATION]) ||
	    nla_put_u32(skb, VSERIAL_A_GUEST_NR_PORTS,
			vserial_guest_nr_ports(g)) ||
	    nla_put_u8(skb, VSERIAL_A_GUEST_POWER, vserial_guest_power(g)))
		goto full;
	if (uid_valid(g->uid) &&
	    (nla_put_u32(skb, VSERIAL_A_GUEST_UID,
			 from_kuid(&init_user_ns, g->uid)) ||
	     nla_put_u32(skb, VSERIAL_A_GUEST_GID,
			 from_kgid(&init_user_ns, g->gid))))
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
	rcu_read_unlock();
	return err;
}

/**
 * vserial_fill_port() - write a port into a message
 * @skb: the message
 * @hdr: its generic netlink header; the message is ended, or cancelled if
 *	there is no room
 * @port: the port
 *
 * Return: 0 or -EMSGSIZE.
 */
int vserial_fill_port(struct sk_buff *skb, void *hdr, struct vserial_port *port)
{
	struct vserial_port_status st;

	vserial_port_status(port, &st);
	if (nla_put_string(skb, VSERIAL_A_PORT_GUEST,
			   vserial_guest_name(port->guest)) ||
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
	    nla_put_u32(skb, VSERIAL_A_PORT_OVERRUN, st.icount.overrun)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* Starts an event.  Return: the message, or NULL if nobody listens. */
static struct sk_buff *vserial_notify_begin(const struct genl_family *family,
					    u8 cmd, void **hdr)
{
	struct sk_buff *skb;

	if (!family || !genl_has_listeners(family, &init_net, 0))
		return NULL;
	skb = genlmsg_new(VSERIAL_PORT_MSG_SIZE, GFP_ATOMIC);
	if (!skb)
		return NULL;
	*hdr = genlmsg_put(skb, 0, 0, family, 0, cmd);
	if (*hdr)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

static void vserial_notify_send(const struct genl_family *family,
				struct sk_buff *skb, int err)
{
	if (err)
		nlmsg_free(skb);
	else
		genlmsg_multicast(family, skb, 0, 0, GFP_ATOMIC);
}

/**
 * vserial_notify_guest() - a guest was added or changed
 * @g: the guest, with vserial_guests_lock held
 */
void vserial_notify_guest(struct vserial_guest *g)
{
	const struct genl_family *family;
	struct sk_buff *skb;
	void *hdr;

	rcu_read_lock();
	family = rcu_dereference(vserial_notify_family);
	skb = vserial_notify_begin(family, VSERIAL_CMD_GUEST_NTF, &hdr);
	if (skb)
		vserial_notify_send(family, skb,
				    vserial_fill_guest(skb, hdr, g));
	rcu_read_unlock();
}

/**
 * vserial_notify_guest_gone() - a guest was removed
 * @name: its name
 */
void vserial_notify_guest_gone(const char *name)
{
	const struct genl_family *family;
	struct sk_buff *skb;
	void *hdr;
	int err;

	rcu_read_lock();
	family = rcu_dereference(vserial_notify_family);
	skb = vserial_notify_begin(family, VSERIAL_CMD_GUEST_DEL_NTF, &hdr);
	if (skb) {
		err = nla_put_string(skb, VSERIAL_A_GUEST_NAME, name);
		genlmsg_end(skb, hdr);
		vserial_notify_send(family, skb, err);
	}
	rcu_read_unlock();
}

/**
 * vserial_notify_port() - a port was added or changed
 * @port: the port
 */
void vserial_notify_port(struct vserial_port *port)
{
	const struct genl_family *family;
	struct sk_buff *skb;
	void *hdr;

	rcu_read_lock();
	family = rcu_dereference(vserial_notify_family);
	skb = vserial_notify_begin(family, VSERIAL_CMD_PORT_NTF, &hdr);
	if (skb)
		vserial_notify_send(family, skb,
				    vserial_fill_port(skb, hdr, port));
	rcu_read_unlock();
}

/**
 * vserial_notify_port_gone() - a port was removed
 * @guest: its guest's name
 * @index: its number
 */
void vserial_notify_port_gone(const char *guest, unsigned int index)
{
	const struct genl_family *family;
	struct sk_buff *skb;
	void *hdr;
	int err;

	rcu_read_lock();
	family = rcu_dereference(vserial_notify_family);
	skb = vserial_notify_begin(family, VSERIAL_CMD_PORT_DEL_NTF, &hdr);
	if (skb) {
		err = nla_put_string(skb, VSERIAL_A_PORT_GUEST, guest) ?:
		      nla_put_u32(skb, VSERIAL_A_PORT_INDEX, index);
		genlmsg_end(skb, hdr);
		vserial_notify_send(family, skb, err);
	}
	rcu_read_unlock();
}
