// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink_uart: the UARTs that a port could have
 */
#include <net/genetlink.h>

#include <linux/vserial.h>

#include "request.h"
#include "uart_choice.h"
#include "uart_claim.h"

static const u8 vserial_nl_uart_types[VSERIAL_A_UART_MAX + 1];

static const struct vserial_nl_object vserial_nl_uart = {
	vserial_nl_uart_types, VSERIAL_A_UART_MAX
};

int vserial_nl_uart_start(struct netlink_callback *cb)
{
	struct nlattr *attrs[VSERIAL_A_UART_MAX + 1];
	struct vserial_reason reason;
	int err = vserial_nl_parse(cb->nlh, &vserial_nl_uart, 0, attrs,
				   &reason);

	if (!err)
		return 0;
	return vserial_nl_refuse(cb->skb, cb->nlh, err, &reason);
}

static bool vserial_nl_uart_put(struct sk_buff *skb,
				struct netlink_callback *cb,
				const struct vserial_uart_info *info,
				const struct vserial_reason *why)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				cb->nlh->nlmsg_seq, &vserial_nl_family,
				NLM_F_MULTI, VSERIAL_CMD_UART_GET);

	if (!hdr)
		return false;
	if (nla_put_string(skb, VSERIAL_A_UART_PATH, info->path) ||
	    nla_put_string(skb, VSERIAL_A_UART_HARDWARE, info->hardware) ||
	    (*info->holder &&
	     nla_put_string(skb, VSERIAL_A_UART_HOLDER, info->holder)) ||
	    (*why->text &&
	     nla_put_string(skb, VSERIAL_A_UART_REASON, why->text))) {
		genlmsg_cancel(skb, hdr);
		return false;
	}
	genlmsg_end(skb, hdr);
	return true;
}

/* cb->args[0] is the next one's number. */
int vserial_nl_uart_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	for (; cb->args[0] < vserial_uart_lines(); cb->args[0]++) {
		struct vserial_uart_info info;
		struct vserial_reason why;
		char port[sizeof(info.holder)];

		if (!vserial_uart_describe(cb->args[0], &info, &why))
			continue;
		if (vserial_uart_holding_port(cb->args[0], port, sizeof(port)))
			strscpy(info.holder, port, sizeof(info.holder));
		if (!vserial_nl_uart_put(skb, cb, &info, &why))
			break;
	}
	return skb->len;
}
