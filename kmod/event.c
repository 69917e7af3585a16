// SPDX-License-Identifier: GPL-2.0-only
/*
 * event: the multicast group that is told of changes
 */
#include <linux/notifier.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>

#include "channel.h"
#include "daemon.h"
#include "event.h"
#include "guest.h"
#include "message.h"
#include "notify.h"
#include "port.h"
#include "session.h"

/* The registered family; its first multicast group gets the events. */
static const struct genl_family *vserial_event_family;

typedef int (*vserial_event_fill)(struct sk_buff *skb, void *hdr, void *object);

/* A message of what @fill writes, or NULL. */
static struct sk_buff *vserial_event_make(u8 cmd, size_t size, void *object,
					  vserial_event_fill fill)
{
	struct sk_buff *skb = genlmsg_new(size, GFP_KERNEL);
	void *hdr = NULL;

	if (skb)
		hdr = genlmsg_put(skb, 0, 0, vserial_event_family, 0, cmd);
	if (hdr && !fill(skb, hdr, object))
		return skb;
	nlmsg_free(skb);
	return NULL;
}

/* Tells all who listen. */
static void vserial_event_send(u8 cmd, size_t size, void *object,
			       vserial_event_fill fill)
{
	struct sk_buff *skb;

	if (!genl_has_listeners(vserial_event_family, &init_net, 0))
		return;
	skb = vserial_event_make(cmd, size, object, fill);
	if (skb)
		genlmsg_multicast(vserial_event_family, skb, 0, 0, GFP_KERNEL);
	else
		/* As when a listener has no room: it has missed something. */
		genl_set_err(vserial_event_family, &init_net, 0, 0, -ENOBUFS);
}

/* Tells the socket of a link alone, which is open. */
static void vserial_event_post(const struct vserial_link *l, u8 cmd,
			       size_t size, void *object,
			       vserial_event_fill fill)
{
	struct sk_buff *skb = vserial_event_make(cmd, size, object, fill);

	if (!skb)
		return;
	rcu_read_lock();
	vserial_channel_post(l, skb);
	rcu_read_unlock();
}

static int vserial_event_fill_guest(struct sk_buff *skb, void *hdr,
				    void *object)
{
	return vserial_message_guest(skb, hdr, object);
}

static int vserial_event_fill_guest_gone(struct sk_buff *skb, void *hdr,
					 void *object)
{
	if (nla_put_string(skb, VSERIAL_A_GUEST_NAME,
			   vserial_guest_name(object)))
		return -EMSGSIZE;
	genlmsg_end(skb, hdr);
	return 0;
}

static int vserial_event_fill_port(struct sk_buff *skb, void *hdr,
				   void *object)
{
	return vserial_message_port(skb, hdr, object);
}

static int vserial_event_fill_port_gone(struct sk_buff *skb, void *hdr,
					void *object)
{
	struct vserial_port *port = object;

	if (nla_put_string(skb, VSERIAL_A_PORT_GUEST,
			   vserial_port_guest_name(port)) ||
	    nla_put_u32(skb, VSERIAL_A_PORT_INDEX, port->index))
		return -EMSGSIZE;
	genlmsg_end(skb, hdr);
	return 0;
}

static int vserial_event_fill_session(struct sk_buff *skb, void *hdr,
				      void *object)
{
	return vserial_message_session(skb, hdr, object);
}

static int vserial_event_fill_rule(struct sk_buff *skb, void *hdr,
				   void *object)
{
	const struct vserial_guest_rule *which = object;

	return vserial_message_rule(skb, hdr, which->guest, which->rule);
}

static int vserial_event_fill_rule_gone(struct sk_buff *skb, void *hdr,
					void *object)
{
	const struct vserial_guest_rule *which = object;

	if (nla_put_string(skb, VSERIAL_A_SERVICE_GUEST,
			   vserial_guest_name(which->guest)) ||
	    nla_put_u32(skb, VSERIAL_A_SERVICE_RANK, which->rule->terms.rank))
		return -EMSGSIZE;
	genlmsg_end(skb, hdr);
	return 0;
}

static void vserial_event_guest(struct vserial_guest *g)
{
	vserial_event_send(VSERIAL_CMD_GUEST_NTF, NLMSG_GOODSIZE, g,
			   vserial_event_fill_guest);
}

static void vserial_event_port(struct vserial_port *port)
{
	vserial_event_send(VSERIAL_CMD_PORT_NTF, VSERIAL_MESSAGE_PORT_SIZE,
			   port, vserial_event_fill_port);
}

/* Sessions' own sockets are told, too, whatever they listen to. */
static void vserial_event_session(struct vserial_session *s, u8 cmd, bool own)
{
	vserial_event_send(cmd, VSERIAL_MESSAGE_SESSION_SIZE, s,
			   vserial_event_fill_session);
	if (own)
		vserial_event_post(&s->link, cmd, VSERIAL_MESSAGE_SESSION_SIZE,
				   s, vserial_event_fill_session);
}

static int vserial_event_fill_helper(struct sk_buff *skb, void *hdr,
				     void *object)
{
	return vserial_message_backing(skb, hdr, object);
}

/* Only for the daemon; one that has no room for it asks again (ENOBUFS). */
static void vserial_event_helper(struct vserial_helper *h, u8 cmd)
{
	vserial_event_post(&h->serving->link, cmd, VSERIAL_MESSAGE_PORT_SIZE,
			   h, vserial_event_fill_helper);
}

static int vserial_event_told(struct notifier_block *listener,
			      unsigned long event, void *object)
{
	struct vserial_session *s;
	struct vserial_guest *g;

	switch (event) {
	case VSERIAL_EVENT_GUEST_NEW:
	case VSERIAL_EVENT_GUEST_OWNER:
	case VSERIAL_EVENT_GUEST_CHANGED:
		vserial_event_guest(object);
		break;
	case VSERIAL_EVENT_GUEST_GONE:
		vserial_event_send(VSERIAL_CMD_GUEST_DEL_NTF, NLMSG_GOODSIZE,
				   object, vserial_event_fill_guest_gone);
		break;
	case VSERIAL_EVENT_PORT_POWER:
		/* The guest's power may be another, too. */
		vserial_event_port(object);
		g = vserial_guest_of_port(object);
		mutex_lock(&vserial_guests_lock);
		if (!g->dead)
			vserial_event_guest(g);
		mutex_unlock(&vserial_guests_lock);
		break;
	case VSERIAL_EVENT_PORT_NEW:
	case VSERIAL_EVENT_PORT_CHANGED:
		vserial_event_port(object);
		break;
	case VSERIAL_EVENT_PORT_GONE:
		vserial_event_send(VSERIAL_CMD_PORT_DEL_NTF, NLMSG_GOODSIZE,
				   object, vserial_event_fill_port_gone);
		break;
	case VSERIAL_EVENT_RULE_NEW:
		vserial_event_send(VSERIAL_CMD_SERVICE_NTF,
				   VSERIAL_MESSAGE_RULE_SIZE, object,
				   vserial_event_fill_rule);
		break;
	case VSERIAL_EVENT_RULE_GONE:
		vserial_event_send(VSERIAL_CMD_SERVICE_DEL_NTF,
				   VSERIAL_MESSAGE_RULE_SIZE, object,
				   vserial_event_fill_rule_gone);
		break;
	case VSERIAL_EVENT_HELPER_START:
		vserial_event_helper(object, VSERIAL_CMD_BACKING_NTF);
		break;
	case VSERIAL_EVENT_HELPER_STOP:
		vserial_event_helper(object, VSERIAL_CMD_BACKING_DEL_NTF);
		break;
	case VSERIAL_EVENT_SESSION_NEW:
		vserial_event_session(object, VSERIAL_CMD_SESSION_NTF, false);
		break;
	case VSERIAL_EVENT_SESSION_CHANGED:
		vserial_event_session(object, VSERIAL_CMD_SESSION_NTF, true);
		break;
	case VSERIAL_EVENT_SESSION_GONE:
		s = object;
		vserial_event_session(s, VSERIAL_CMD_SESSION_DEL_NTF,
				      !s->quiet);
		break;
	}
	return NOTIFY_DONE;
}

static struct notifier_block vserial_event_listener = {
	.notifier_call = vserial_event_told,
};

/**
 * vserial_event_init() - send events from now on
 * @family: the registered family
 *
 * Return: 0 or a negative errno.
 */
int vserial_event_init(const struct genl_family *family)
{
	vserial_event_family = family;
	return vserial_notify_register(&vserial_event_listener);
}

/**
 * vserial_event_exit() - send none any more, before the family goes
 */
void vserial_event_exit(void)
{
	vserial_notify_unregister(&vserial_event_listener);
}
