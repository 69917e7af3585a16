// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests, ports, sessions and events for programs, by the contract's names. */
#include <jansson.h>
#include <stdio.h>
#include <uuid/uuid.h>

#include <linux/vserial.h>

#include "memory.h"
#include "object.h"
#include "output.h"
#include "owner.h"
#include "printable.h"
#include "rule.h"
#include "top.h"

/* Steals @value; jansson fails only where memory does. */
static void set(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value))
		err(MEMORY_STATUS, "out of memory");
}

static void set_number(json_t *object, const char *name, uint64_t n)
{
	set(object, name, json_integer((json_int_t)n));
}

static void set_bool(json_t *object, const char *name, bool value)
{
	set(object, name, json_boolean(value));
}

/* "" becomes null. */
static void set_string(json_t *object, const char *name, const char *s)
{
	char *text = printable(s, true);

	set(object, name, *text ? json_string(text) : json_null());
	free(text);
}

static void set_uuid(json_t *object, const char *name, const void *uuid)
{
	char text[UUID_STR_LEN] = "";

	if (uuid)
		uuid_unparse_lower(uuid, text);
	set_string(object, name, text);
}

static json_t *owner_json(const struct guest *guest)
{
	char *user, *group;
	json_t *owner;

	if (!guest->owned)
		return json_null();
	user = owner_user(guest->uid);
	group = owner_group(guest->gid);
	owner = json_object();
	set_number(owner, "uid", guest->uid);
	set_number(owner, "gid", guest->gid);
	set_string(owner, "user", user ? user : "");
	set_string(owner, "group", group ? group : "");
	free(user);
	free(group);
	return owner;
}

static void set_guest(json_t *object, const struct vnl_reply *reply)
{
	struct guest guest;

	guest_read(reply, &guest);
	set_string(object, "name", guest.name);
	set_uuid(object, "uuid", guest.uuid);
	set_uuid(object, "vc-uuid", guest.vc_uuid);
	set_uuid(object, "location-uuid", guest.location_uuid);
	set(object, "owner", owner_json(&guest));
	set_number(object, "ports", guest.ports);
	set_bool(object, "power", guest.power);
	set_string(object, "migration", migration_name(guest.migration));
	set_number(object, "vmotion-limit", guest.vmotion_limit);
}

static void set_name(json_t *object, const char *guest, uint32_t index)
{
	char text[VSERIAL_NAME_MAX + 32];

	snprintf(text, sizeof(text), "%s/%u", guest, index);
	set_string(object, "port", text);
	set_string(object, "guest", guest);
	set_number(object, "index", index);
}

static json_t *lines_json(uint32_t lines)
{
	json_t *array = json_array();
	const char *name;
	unsigned int i;
	uint32_t bit;

	for (i = 0; (name = line_name(i, &bit)); i++)
		if (lines & bit)
			json_array_append_new(array, json_string(name));
	return array;
}

static void set_devices(json_t *object, const struct port *port)
{
	char text[VSERIAL_NAME_MAX + 64];

	snprintf(text, sizeof(text), "/dev/vserial/%s/%u", port->guest, port->index);
	set_string(object, "device", text);
	snprintf(text, sizeof(text), "ttyVS%u", port->minor);
	set_string(object, "tty", text);
	set_number(object, "minor", port->minor);
}

static void set_port(json_t *object, const struct vnl_reply *reply)
{
	struct port port;

	port_read(reply, &port);
	set_name(object, port.guest, port.index);
	set_devices(object, &port);
	set_bool(object, "power", port.power);
	set_bool(object, "connected", port.connected);
	set_string(object, "state", state_name(port.state));
	set_string(object, "reason", port.reason);
	set_string(object, "handover", handover_name(port.handover));
	set_string(object, "handover-reason", port.handover_reason);
	set_string(object, "peer", port.peer);
	set_string(object, "backing", port.backing);
	set_bool(object, "connect-at-power-on", port.connect_at_power_on);
	set_string(object, "overflow", overflow_name(port.overflow));
	set_number(object, "stall-limit", port.stall_limit);
	set_number(object, "history", port.history);
	set_string(object, "carrier", carrier_name(port.carrier));
	set_string(object, "endpoint", endpoint_name(port.endpoint));
	set_number(object, "max-clients", port.max_clients);
	set_number(object, "idle-timeout", port.idle_timeout);
	set_string(object, "proxy", port.proxy);
	set_string(object, "log", port.log);
	set_string(object, "log_reason", port.log_reason);
	set_number(object, "log_dropped", port.log_dropped);
	set_number(object, "rate", port.rate);
	set_string(object, "direction", direction_name(port.direction));
	set_bool(object, "yield-on-poll", port.yield_on_poll);
	set_number(object, "tx_bytes", port.tx_bytes);
	set_number(object, "rx_bytes", port.rx_bytes);
	set_number(object, "dropped_bytes", port.dropped_bytes);
	set_number(object, "tx_unread", port.tx_unread);
	set_number(object, "rx_unread", port.rx_unread);
	set(object, "lines", lines_json(port.lines));
	set_number(object, "break", port.breaks);
	set_number(object, "frame", port.frame);
	set_number(object, "parity", port.parity);
	set_number(object, "overrun", port.overrun);
	set_number(object, "polls", port.polls);
}

static void set_session_name(json_t *object, const struct session *session)
{
	set_number(object, "id", session->id);
	set_name(object, session->guest, session->index);
}

static void set_session(json_t *object, const struct vnl_reply *reply)
{
	struct session session;
	char *user;

	session_read(reply, &session);
	set_session_name(object, &session);
	set_bool(object, "writer", session.writer);
	set_bool(object, "read-only", session.read_only);
	set_bool(object, "capture", session.capture);
	set_string(object, "peer", session.peer);
	set(object, "backing", session.backing ? json_integer(session.backing) : json_null());
	user = owner_user(session.uid);
	set_number(object, "uid", session.uid);
	set_string(object, "user", user ? user : "");
	free(user);
	set_number(object, "pid", session.pid);
	set_number(object, "since", session.since);
	set_number(object, "offset", session.offset);
	set_string(object, "reason", session.reason);
}

static void set_session_end(json_t *object, const struct vnl_reply *reply)
{
	struct session session;

	session_read(reply, &session);
	set_session_name(object, &session);
	set_string(object, "reason", session.reason);
}

/* One value a line; drops @value. */
static void print(json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT);

	if (!text)
		err(MEMORY_STATUS, "out of memory");
	puts(text);
	free(text);
	json_decref(value);
}

static void print_replies(const struct vnl_replies *replies, bool list,
			  void (*set_object)(json_t *, const struct vnl_reply *))
{
	json_t *array = json_array();
	json_t *object;
	size_t i;

	for (i = 0; i < replies->n; i++) {
		object = json_object();
		set_object(object, replies->v[i]);
		if (!list)
			print(object);
		else
			json_array_append_new(array, object);
	}
	if (list)
		print(array);
	else
		json_decref(array);
}

void json_guests(const struct vnl_replies *replies, bool list)
{
	print_replies(replies, list, set_guest);
}

void json_ports(const struct vnl_replies *replies, bool list)
{
	print_replies(replies, list, set_port);
}

void json_sessions(const struct vnl_replies *replies, bool list)
{
	print_replies(replies, list, set_session);
}

static void set_rule_name(json_t *object, const struct rule *rule)
{
	set_string(object, "guest", rule->guest);
	set(object, "rank", rule->ranked ? json_integer(rule->rank) : json_null());
}

static void set_decision(json_t *object, const struct rule *rule)
{
	set_rule_name(object, rule);
	set_string(object, "action", action_name(rule->action));
	set_string(object, "service", service_name(rule->service));
	set_string(object, "direction", towards_name(rule->direction));
}

static void set_rule(json_t *object, const struct vnl_reply *reply)
{
	char text[RULE_PORTS_TEXT] = "";
	struct rule rule;
	char *user = NULL;

	rule_read(reply, &rule);
	set_decision(object, &rule);
	set_string(object, "port", rule.ported ? rule_ports(&rule, text) : "");
	if (rule.has_uid)
		user = owner_user(rule.uid);
	set(object, "uid", rule.has_uid ? json_integer(rule.uid) : json_null());
	set_string(object, "user", user ? user : "");
	free(user);
	set_string(object, "exe", rule.exe);
	set_number(object, "hits", rule.hits);
}

static void set_test(json_t *object, const struct vnl_reply *reply)
{
	struct rule rule;

	rule_read(reply, &rule);
	set_decision(object, &rule);
}

void json_rules(const struct vnl_replies *replies)
{
	print_replies(replies, true, set_rule);
}

void json_test(const struct vnl_replies *replies)
{
	print_replies(replies, true, set_test);
}

static void set_uart(json_t *object, const struct vnl_reply *reply)
{
	struct uart uart;

	uart_read(reply, &uart);
	set_string(object, "path", uart.path);
	set_string(object, "hardware", uart.hardware);
	set_string(object, "holder", uart.holder);
	set_string(object, "reason", uart.reason);
}

void json_uarts(const struct vnl_replies *replies)
{
	print_replies(replies, true, set_uart);
}

void json_event(const struct vnl_reply *event)
{
	json_t *object = json_object();
	struct rule rule;

	switch (vnl_cmd(event)) {
	case VSERIAL_CMD_GUEST_NTF:
		set_string(object, "event", "guest");
		set_guest(object, event);
		break;
	case VSERIAL_CMD_GUEST_DEL_NTF:
		set_string(object, "event", "guest-del");
		set_string(object, "name", vnl_str(event, VSERIAL_A_GUEST_NAME));
		break;
	case VSERIAL_CMD_PORT_NTF:
		set_string(object, "event", "port");
		set_port(object, event);
		break;
	case VSERIAL_CMD_PORT_DEL_NTF:
		set_string(object, "event", "port-del");
		set_name(object, vnl_str(event, VSERIAL_A_PORT_GUEST),
			 vnl_u32(event, VSERIAL_A_PORT_INDEX));
		break;
	case VSERIAL_CMD_SESSION_NTF:
		set_string(object, "event", "session");
		set_session(object, event);
		break;
	case VSERIAL_CMD_SESSION_DEL_NTF:
		set_string(object, "event", "session-del");
		set_session_end(object, event);
		break;
	case VSERIAL_CMD_SERVICE_NTF:
		set_string(object, "event", "service");
		set_rule(object, event);
		break;
	case VSERIAL_CMD_SERVICE_DEL_NTF:
		set_string(object, "event", "service-del");
		rule_read(event, &rule);
		set_rule_name(object, &rule);
		break;
	default:
		set_string(object, "event", "unknown");
		set_number(object, "command", vnl_cmd(event));
	}
	print(object);
}

void json_top(const struct top *top)
{
	json_t *array = json_array(), *object;
	const struct top_port *port;
	size_t i;

	for (i = 0; i < top->n; i++) {
		port = &top->ports[i];
		object = json_object();
		set_name(object, port->guest, port->index);
		set_bool(object, "power", port->power);
		set_string(object, "state", state_name(port->state));
		set_number(object, "tx_rate", port->tx_rate);
		set_number(object, "rx_rate", port->rx_rate);
		set_number(object, "dropped_rate", port->dropped_rate);
		set_number(object, "tx_bytes", port->tx);
		set_number(object, "rx_bytes", port->rx);
		set_number(object, "dropped_bytes", port->dropped);
		set_number(object, "sessions", port->sessions);
		json_array_append_new(array, object);
	}
	print(array);
}
