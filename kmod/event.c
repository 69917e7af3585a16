// SPDX-License-Identifier: GPL-2.0-only
/*
 * event: the multicast group that is told of changes
 */
#include <linux/notifier.h>
#include <net/genetlink.h>

#include "daemon.h"
#include "event.h"
#include "guest.h"
#include "message.h"
#include "notify.h"
#include "port.h"
#include "session.h"

/* The registered family; its first multicast group gets the events. */
static const struct genl_family *vserial_event_family;

/* Sends what @fill writes, if anybody listens. */
static void vserial_event_send(u8 cmd, size_t size, void *object,
			       int (*fill)(struct sk_buff *skb, void *hdr,
					   void *object))
{
	struct sk_buff *skb;
	void *hdr = NULL;

	if (!genl_has_listeners(vserial_event_family, &init_net, 0))
		return;
	skb = genlmsg_new(size, GFP_KERNEL);
	if (skb)
		hdr = genlmsg_put(skb, 0, 0, vserial_event_family, 0, cmd);
	if (hdr && !fill(skb, hdr, object)) {
		genlmsg_multicast(vserial_event_family, skb, 0, 0, GFP_KERNEL);
		return;
	}
	nlmsg_free(skb);
	/* As when a listener has no room: it has missed something. */
	genl_set_err(vserial_event_family, &init_net, 0, 0, -ENOBUFS);
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
	struct sk_buff *skb;
	void *hdr;

	vserial_event_send(cmd, VSERIAL_MESSAGE_SESSION_SIZE, s,
			   vserial_event_fill_session);
	if (!own)
		return;
	skb = genlmsg_new(VSERIAL_MESSAGE_SESSION_SIZE, GFP_KERNEL);
	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, vserial_event_family, 0, cmd);
	if (hdr && !vserial_message_session(skb, hdr, s))
		genlmsg_unicast(&init_net, skb, vserial_link_portid(&s->link));
	else
		nlmsg_free(skb);
}

/* Only for the daemon; one that has no room for it asks again (ENOBUFS). */
static void vserial_event_helper(struct vserial_helper *h, u8 cmd)
{
	struct sk_buff *skb = genlmsg_new(VSERIAL_MESSAGE_PORT_SIZE,
					  GFP_KERNEL);
	void *hdr;

	if (!skb)
		return;
	hdr = genlmsg_put(skb, 0, 0, vserial_event_family, 0, cmd);
	if (hdr && !vserial_message_backing(skb, hdr, h))
		genlmsg_unicast(&init_net, skb, vserial_daemon_portid());
	else
		nlmsg_free(skb);
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
