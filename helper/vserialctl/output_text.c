// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests, ports, sessions, service rules and events for people.  Strings that others chose go
 * through printable(), so that no name can move a terminal's cursor.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <uuid/uuid.h>

#include <linux/vserial.h>

#include "memory.h"
#include "number.h"
#include "object.h"
#include "output.h"
#include "owner.h"
#include "printable.h"
#include "rule.h"
#include "table.h"

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

static const char *uuid_text(const void *uuid, char text[UUID_STR_LEN])
{
	if (!uuid)
		return "-";
	uuid_unparse_lower(uuid, text);
	return text;
}

/* USER:GROUP, in numbers where there is no name; the caller frees it. */
static char *owner_text(const struct guest *guest)
{
	char *user, *group, *text;
	int n;

	if (!guest->owned)
		return xstrdup("-");
	user = owner_user(guest->uid);
	group = owner_group(guest->gid);
	if (user && group)
		n = asprintf(&text, "%s:%s", user, group);
	else if (user)
		n = asprintf(&text, "%s:%u", user, guest->gid);
	else if (group)
		n = asprintf(&text, "%u:%s", guest->uid, group);
	else
		n = asprintf(&text, "%u:%u", guest->uid, guest->gid);
	free(user);
	free(group);
	if (n < 0)
		err(MEMORY_STATUS, "out of memory");
	return text;
}

static void guest_details(const struct guest *guest)
{
	char *owner = owner_text(guest);
	char uuid[UUID_STR_LEN];

	printf("%s\n", guest->name);
	printf("    power          %s\n", on_off(guest->power));
	printf("    ports          %u\n", guest->ports);
	if (guest->migration)
		printf("    migration      %s\n", migration_name(guest->migration));
	printf("    vmotion-limit  %u ms\n", guest->vmotion_limit);
	printf("    owner          %s\n", owner);
	printf("    uuid           %s\n", uuid_text(guest->uuid, uuid));
	printf("    vc-uuid        %s\n", uuid_text(guest->vc_uuid, uuid));
	printf("    location-uuid  %s\n", uuid_text(guest->location_uuid, uuid));
	free(owner);
}

void text_guests(const struct vnl_replies *replies, bool details)
{
	struct table table = { .columns = 5 };
	char uuid[UUID_STR_LEN];
	struct guest guest;
	char *owner;
	size_t i;

	if (!details && replies->n) {
		table_cell(&table, "GUEST");
		table_cell(&table, "POWER");
		table_cell(&table, "PORTS");
		table_cell(&table, "OWNER");
		table_cell(&table, "UUID");
	}
	for (i = 0; i < replies->n; i++) {
		guest_read(replies->v[i], &guest);
		if (details) {
			guest_details(&guest);
			continue;
		}
		owner = owner_text(&guest);
		table_cell(&table, "%s", guest.name);
		table_cell(&table, "%s", on_off(guest.power));
		table_cell(&table, "%u", guest.ports);
		table_cell(&table, "%s", owner);
		table_cell(&table, "%s", uuid_text(guest.uuid, uuid));
		free(owner);
	}
	table_print(&table);
}

static void print_lines(uint32_t lines)
{
	const char *name;
	unsigned int i;
	uint32_t bit;

	for (i = 0; (name = line_name(i, &bit)); i++)
		if (lines & bit)
			printf(" %s", name);
	putchar('\n');
}

static void string_detail(const char *name, const char *value)
{
	char *text;

	if (!*value)
		return;
	text = printable(value, false);
	printf("    %-20s %s\n", name, text);
	free(text);
}

static void port_details(const struct port *port)
{
	char history[SIZE_TEXT], rate[SIZE_TEXT];

	printf("%s/%u\n", port->guest, port->index);
	printf("    device               ttyVS%u (/dev/vserial/%s/%u)\n", port->minor,
	       port->guest, port->index);
	printf("    power                %s\n", on_off(port->power));
	printf("    connected            %s\n", on_off(port->connected));
	printf("    state                %s\n", state_name(port->state));
	string_detail("reason", port->reason);
	if (port->handover)
		printf("    handover             %s\n", handover_name(port->handover));
	string_detail("handover-reason", port->handover_reason);
	string_detail("peer", port->peer);
	string_detail("backing", port->backing);
	printf("    tx                   %" PRIu64 " bytes, %u unread\n", port->tx_bytes,
	       port->tx_unread);
	printf("    rx                   %" PRIu64 " bytes, %u unread\n", port->rx_bytes,
	       port->rx_unread);
	printf("    dropped              %" PRIu64 " bytes\n", port->dropped_bytes);
	printf("    connect-at-power-on  %s\n", on_off(port->connect_at_power_on));
	printf("    overflow             %s\n", overflow_name(port->overflow));
	printf("    stall-limit          %u ms%s\n", port->stall_limit,
	       port->stall_limit ? "" : " (for ever)");
	printf("    history              %s\n", size_format(port->history, history));
	printf("    carrier              %s\n", carrier_name(port->carrier));
	printf("    endpoint             %s\n", endpoint_name(port->endpoint));
	printf("    max-clients          %u\n", port->max_clients);
	printf("    idle-timeout         %u s%s\n", port->idle_timeout,
	       port->idle_timeout ? "" : " (for ever)");
	if (port->rate)
		printf("    rate                 %s bytes/s\n",
		       size_format(port->rate, rate));
	printf("    direction            %s\n", direction_name(port->direction));
	printf("    yield-on-poll        %s\n", on_off(port->yield_on_poll));
	string_detail("proxy", port->proxy);
	string_detail("log", port->log);
	string_detail("log-reason", port->log_reason);
	if (*port->log)
		printf("    log-dropped          %" PRIu64 " bytes\n",
		       port->log_dropped);
	printf("    lines               ");
	print_lines(port->lines);
	printf("    received             break %u, frame %u, parity %u, overrun %u\n",
	       port->breaks, port->frame, port->parity, port->overrun);
	printf("    polls                %" PRIu64 "\n", port->polls);
}

static void port_row(struct table *table, const struct port *port)
{
	char *backing = printable(port->backing, false);
	char *reason = printable(port->reason, false);

	table_cell(table, "%s/%u", port->guest, port->index);
	table_cell(table, "ttyVS%u", port->minor);
	table_cell(table, "%s", on_off(port->power));
	table_cell(table, "%s", state_name(port->state));
	table_cell(table, "%" PRIu64, port->tx_bytes);
	table_cell(table, "%" PRIu64, port->rx_bytes);
	table_cell(table, "%" PRIu64, port->dropped_bytes);
	table_cell(table, "%s", backing);
	if (*reason)
		table_note(table, reason);
	free(backing);
	free(reason);
}

void text_ports(const struct vnl_replies *replies, bool details)
{
	static const char *const head[] = { "PORT", "DEVICE", "POWER", "STATE",
					    "TX", "RX", "DROPPED", "BACKING" };
	struct table table = { .columns = sizeof(head) / sizeof(head[0]) };
	struct port port;
	size_t i;

	for (i = 0; i < table.columns && !details && replies->n; i++)
		table_cell(&table, "%s", head[i]);
	for (i = 0; i < replies->n; i++) {
		port_read(replies->v[i], &port);
		if (details)
			port_details(&port);
		else
			port_row(&table, &port);
	}
	table_print(&table);
}

/* The user's name, or the number where there is none; the caller frees it. */
static char *user_text(uint32_t uid)
{
	char *text = owner_user(uid);

	if (!text && asprintf(&text, "%u", uid) < 0)
		err(MEMORY_STATUS, "out of memory");
	return text;
}

static const char *time_text(uint64_t seconds, char *text, size_t size)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	if (!localtime_r(&when, &tm) || !strftime(text, size, "%F %T", &tm))
		return "-";
	return text;
}

static void session_details(const struct session *session)
{
	char *user = user_text(session->uid);
	char since[64];

	printf("session %u\n", session->id);
	printf("    port                 %s/%u\n", session->guest, session->index);
	printf("    role                 %s\n", session_role(session));
	printf("    user                 %s\n", user);
	printf("    pid                  %u\n", session->pid);
	printf("    since                %s\n",
	       time_text(session->since, since, sizeof(since)));
	string_detail("peer", session->peer);
	if (session->backing)
		printf("    backing              %u\n", session->backing);
	printf("    offset               %" PRIu64 "\n", session->offset);
	string_detail("reason", session->reason);
	free(user);
}

static void session_row(struct table *table, const struct session *session)
{
	char *peer = printable(session->peer, false);
	char *user = user_text(session->uid);
	char since[64];

	table_cell(table, "%u", session->id);
	table_cell(table, "%s/%u", session->guest, session->index);
	table_cell(table, "%s", session_role(session));
	table_cell(table, "%s", user);
	table_cell(table, "%u", session->pid);
	table_cell(table, "%s", time_text(session->since, since, sizeof(since)));
	table_cell(table, "%s", *peer ? peer : "-");
	free(peer);
	free(user);
}

void text_sessions(const struct vnl_replies *replies, bool details)
{
	static const char *const head[] = { "ID", "PORT", "ROLE", "USER", "PID",
					    "SINCE", "PEER" };
	struct table table = { .columns = sizeof(head) / sizeof(head[0]) };
	struct session session;
	size_t i;

	for (i = 0; i < table.columns && !details && replies->n; i++)
		table_cell(&table, "%s", head[i]);
	for (i = 0; i < replies->n; i++) {
		session_read(replies->v[i], &session);
		if (details)
			session_details(&session);
		else
			session_row(&table, &session);
	}
	table_print(&table);
}

/* The user's name or number, or what stands for any; the caller frees it. */
static char *rule_user(const struct rule *rule)
{
	return rule->has_uid ? user_text(rule->uid) : xstrdup("-");
}

static void rule_row(struct table *table, const struct rule *rule)
{
	char *exe = printable(rule->exe, false);
	char *user = rule_user(rule);
	char ports[RULE_PORTS_TEXT];

	table_cell(table, "%s", rule->guest);
	table_cell(table, "%u", rule->rank);
	table_cell(table, "%s", action_name(rule->action));
	table_cell(table, "%s", service_name(rule->service));
	table_cell(table, "%s", towards_name(rule->direction));
	table_cell(table, "%s", rule->ported ? rule_ports(rule, ports) : "-");
	table_cell(table, "%s", user);
	table_cell(table, "%" PRIu64, rule->hits);
	table_cell(table, "%s", *exe ? exe : "-");
	free(user);
	free(exe);
}

void text_rules(const struct vnl_replies *replies)
{
	static const char *const head[] = { "GUEST", "RANK", "ACTION", "SERVICE",
					    "DIRECTION", "PORT", "USER", "HITS",
					    "EXECUTABLE" };
	struct table table = { .columns = sizeof(head) / sizeof(head[0]) };
	struct rule rule;
	size_t i;

	for (i = 0; i < table.columns && replies->n; i++)
		table_cell(&table, "%s", head[i]);
	for (i = 0; i < replies->n; i++) {
		rule_read(replies->v[i], &rule);
		rule_row(&table, &rule);
	}
	table_print(&table);
}

void text_test(const struct vnl_replies *replies)
{
	struct rule rule;
	size_t i;

	for (i = 0; i < replies->n; i++) {
		rule_read(replies->v[i], &rule);
		printf("%s towards the %s: ", service_name(rule.service),
		       towards_name(rule.direction));
		if (rule.ranked)
			printf("%s, by rule %u\n", action_name(rule.action), rule.rank);
		else
			printf("%s, by default: no rule matches\n",
			       action_name(rule.action));
	}
}

void text_uarts(const struct vnl_replies *replies)
{
	static const char *const head[] = { "UART", "HARDWARE", "HOLDER", "FOR PORTS" };
	struct table table = { .columns = sizeof(head) / sizeof(head[0]) };
	struct uart uart;
	char *holder;
	size_t i;

	for (i = 0; i < table.columns && replies->n; i++)
		table_cell(&table, "%s", head[i]);
	for (i = 0; i < replies->n; i++) {
		uart_read(replies->v[i], &uart);
		holder = printable(uart.holder, false);
		table_cell(&table, "%s", uart.path);
		table_cell(&table, "%s", uart.hardware);
		table_cell(&table, "%s", *holder ? holder : "-");
		if (*uart.reason)
			table_cell(&table, "no: %s", uart.reason);
		else
			table_cell(&table, "yes");
		free(holder);
	}
	table_print(&table);
}

static void guest_event(const struct vnl_reply *event)
{
	struct guest guest;
	char *owner;

	guest_read(event, &guest);
	owner = owner_text(&guest);
	printf("guest %s power %s ports %u owner %s\n", guest.name,
	       on_off(guest.power), guest.ports, owner);
	free(owner);
}

static void port_event(const struct vnl_reply *event)
{
	char *backing, *reason, *peer;
	struct port port;

	port_read(event, &port);
	backing = printable(port.backing, false);
	reason = printable(port.reason, false);
	peer = printable(port.peer, false);
	printf("port %s/%u ttyVS%u power %s connected %s state %s backing %s%s%s%s%s\n",
	       port.guest, port.index, port.minor, on_off(port.power),
	       on_off(port.connected), state_name(port.state), backing,
	       *peer ? " peer " : "", peer, *reason ? " reason " : "", reason);
	free(backing);
	free(reason);
	free(peer);
}

static void session_event(const struct vnl_reply *event)
{
	char *user, *peer, *reason;
	struct session session;

	session_read(event, &session);
	user = user_text(session.uid);
	peer = printable(session.peer, false);
	reason = printable(session.reason, false);
	printf("session %u port %s/%u %s user %s pid %u%s%s%s%s\n", session.id,
	       session.guest, session.index, session_role(&session), user,
	       session.pid, *peer ? " peer " : "", peer,
	       *reason ? " reason " : "", reason);
	free(user);
	free(peer);
	free(reason);
}

static void session_del_event(const struct vnl_reply *event)
{
	struct session session;
	char *reason;

	session_read(event, &session);
	reason = printable(session.reason, false);
	printf("deleted session %u port %s/%u%s%s\n", session.id, session.guest,
	       session.index, *reason ? " reason " : "", reason);
	free(reason);
}

static void rule_event(const struct vnl_reply *event)
{
	char ports[RULE_PORTS_TEXT];
	struct rule rule;
	char *user, *exe;

	rule_read(event, &rule);
	user = rule_user(&rule);
	exe = printable(rule.exe, false);
	printf("service %s rank %u %s %s direction %s%s%s%s%s%s%s\n", rule.guest,
	       rule.rank, action_name(rule.action), service_name(rule.service),
	       towards_name(rule.direction), rule.ported ? " port " : "",
	       rule.ported ? rule_ports(&rule, ports) : "",
	       rule.has_uid ? " user " : "", rule.has_uid ? user : "",
	       *exe ? " exe " : "", exe);
	free(user);
	free(exe);
}

void text_event(const struct vnl_reply *event)
{
	switch (vnl_cmd(event)) {
	case VSERIAL_CMD_GUEST_NTF:
		guest_event(event);
		break;
	case VSERIAL_CMD_GUEST_DEL_NTF:
		printf("deleted guest %s\n", vnl_str(event, VSERIAL_A_GUEST_NAME));
		break;
	case VSERIAL_CMD_PORT_NTF:
		port_event(event);
		break;
	case VSERIAL_CMD_PORT_DEL_NTF:
		printf("deleted port %s/%u\n", vnl_str(event, VSERIAL_A_PORT_GUEST),
		       vnl_u32(event, VSERIAL_A_PORT_INDEX));
		break;
	case VSERIAL_CMD_SESSION_NTF:
		session_event(event);
		break;
	case VSERIAL_CMD_SESSION_DEL_NTF:
		session_del_event(event);
		break;
	case VSERIAL_CMD_SERVICE_NTF:
		rule_event(event);
		break;
	case VSERIAL_CMD_SERVICE_DEL_NTF:
		printf("deleted service %s rank %u\n",
		       vnl_str(event, VSERIAL_A_SERVICE_GUEST),
		       vnl_u32(event, VSERIAL_A_SERVICE_RANK));
		break;
	default:
		printf("unknown event %u\n", vnl_cmd(event));
	}
}
