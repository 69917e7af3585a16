// SPDX-License-Identifier: GPL-2.0-or-later
/* Service rules as the module tells of them. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "rule.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *const service_words[] = {
	[VSERIAL_SERVICE_ANY] = "any",
	[VSERIAL_SERVICE_HYPERVISOR] = "hypervisor",
	[VSERIAL_SERVICE_MODULE] = "module",
	[VSERIAL_SERVICE_APPLICATION] = "application",
	[VSERIAL_SERVICE_UART] = "uart",
	[VSERIAL_SERVICE_FILE] = "file",
	[VSERIAL_SERVICE_PIPE] = "pipe",
	[VSERIAL_SERVICE_PRINTER] = "printer",
	[VSERIAL_SERVICE_NET_SERVER] = "net-server",
	[VSERIAL_SERVICE_NET_CLIENT] = "net-client",
	[VSERIAL_SERVICE_VSPC] = "vspc",
	[VSERIAL_SERVICE_VSOCK] = "vsock",
	[VSERIAL_SERVICE_CONSOLE] = "console",
	[VSERIAL_SERVICE_CONTROL] = "control",
	NULL,
};

const char *const action_words[] = {
	[VSERIAL_ACTION_ALLOW] = "allow",
	[VSERIAL_ACTION_DENY] = "deny",
	NULL,
};

const char *const towards_words[] = {
	[VSERIAL_TOWARDS_ANY] = "any",
	[VSERIAL_TOWARDS_GUEST] = "guest",
	[VSERIAL_TOWARDS_HOST] = "host",
	NULL,
};

const char *service_name(uint32_t service)
{
	return service < LENGTH(service_words) - 1 ? service_words[service] : "unknown";
}

const char *action_name(uint32_t action)
{
	return action < LENGTH(action_words) - 1 ? action_words[action] : "unknown";
}

const char *towards_name(uint32_t towards)
{
	return towards < LENGTH(towards_words) - 1 ? towards_words[towards] : "unknown";
}

const char *rule_ports(const struct rule *rule, char text[RULE_PORTS_TEXT])
{
	if (rule->port == rule->port_last)
		snprintf(text, RULE_PORTS_TEXT, "%u", rule->port);
	else
		snprintf(text, RULE_PORTS_TEXT, "%u-%u", rule->port, rule->port_last);
	return text;
}

void rule_read(const struct vnl_reply *reply, struct rule *rule)
{
	*rule = (struct rule){
		.guest = vnl_str(reply, VSERIAL_A_SERVICE_GUEST),
		.ranked = vnl_has(reply, VSERIAL_A_SERVICE_RANK),
		.rank = vnl_u32(reply, VSERIAL_A_SERVICE_RANK),
		.action = vnl_u32(reply, VSERIAL_A_SERVICE_ACTION),
		.service = vnl_u32(reply, VSERIAL_A_SERVICE_SERVICE),
		.direction = vnl_u32(reply, VSERIAL_A_SERVICE_DIRECTION),
		.ported = vnl_has(reply, VSERIAL_A_SERVICE_PORT),
		.port = vnl_u32(reply, VSERIAL_A_SERVICE_PORT),
		.port_last = vnl_u32(reply, VSERIAL_A_SERVICE_PORT_LAST),
		.has_uid = vnl_has(reply, VSERIAL_A_SERVICE_UID),
		.uid = vnl_u32(reply, VSERIAL_A_SERVICE_UID),
		.exe = vnl_str(reply, VSERIAL_A_SERVICE_EXE),
		.hits = vnl_u64(reply, VSERIAL_A_SERVICE_HITS),
	};
}

int rule_order(const void *a, const void *b)
{
	const struct rule *left = a, *right = b;
	int order = strverscmp(left->guest, right->guest);

	if (order)
		return order;
	return left->rank < right->rank ? -1 : left->rank > right->rank;
}
