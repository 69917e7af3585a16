// SPDX-License-Identifier: GPL-2.0-or-later
/* Guests, ports and sessions as the module tells of them. */
#include <asm/termios.h>
#include <stddef.h>
#include <string.h>

#include <linux/vserial.h>

#include "object.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

const char *const overflow_words[] = {
	[VSERIAL_OVERFLOW_BLOCK] = "block",
	[VSERIAL_OVERFLOW_DROP_OLD] = "drop-old",
	[VSERIAL_OVERFLOW_DROP_NEW] = "drop-new",
	NULL,
};

const char *const carrier_words[] = {
	[VSERIAL_CARRIER_AUTO] = "auto",
	[VSERIAL_CARRIER_ALWAYS] = "always",
	[VSERIAL_CARRIER_PEER] = "peer",
	NULL,
};

const char *const direction_words[] = {
	[VSERIAL_DIRECTION_BOTH] = "both",
	[VSERIAL_DIRECTION_OUT] = "out",
	[VSERIAL_DIRECTION_IN] = "in",
	NULL,
};

const char *const endpoint_words[] = {
	[VSERIAL_ENDPOINT_AUTO] = "auto",
	[VSERIAL_ENDPOINT_SERVER] = "server",
	[VSERIAL_ENDPOINT_CLIENT] = "client",
	NULL,
};

static const char *const state_words[] = {
	[VSERIAL_STATE_NOT_CONNECTED] = "not-connected",
	[VSERIAL_STATE_LISTENING] = "listening",
	[VSERIAL_STATE_CONNECTING] = "connecting",
	[VSERIAL_STATE_CONNECTED] = "connected",
	[VSERIAL_STATE_RECOVERABLE_ERROR] = "recoverable-error",
	[VSERIAL_STATE_UNRECOVERABLE_ERROR] = "unrecoverable-error",
};

static const char *const migration_words[] = {
	[VSERIAL_MIGRATION_NONE] = "none",
	[VSERIAL_MIGRATION_INCOMING] = "incoming",
	[VSERIAL_MIGRATION_OUTGOING] = "outgoing",
	[VSERIAL_MIGRATION_COMPLETED] = "completed",
	[VSERIAL_MIGRATION_ABORTED] = "aborted",
	[VSERIAL_MIGRATION_LEAVING] = "leaving",
	[VSERIAL_MIGRATION_PARTING] = "parting",
	[VSERIAL_MIGRATION_ARRIVING] = "arriving",
};

static const char *const handover_words[] = {
	[VSERIAL_HANDOVER_NONE] = "none",
	[VSERIAL_HANDOVER_ASKED] = "asked",
	[VSERIAL_HANDOVER_GRANTED] = "granted",
	[VSERIAL_HANDOVER_REFUSED] = "refused",
	[VSERIAL_HANDOVER_ENDING] = "ending",
	[VSERIAL_HANDOVER_ENDED] = "ended",
};

static const struct {
	uint32_t bit;
	const char *name;
} lines[] = {
	{ TIOCM_DTR, "DTR" },	{ TIOCM_RTS, "RTS" },	{ TIOCM_CTS, "CTS" },
	{ TIOCM_DSR, "DSR" },	{ TIOCM_CD, "CD" },	{ TIOCM_RI, "RI" },
	{ TIOCM_OUT1, "OUT1" }, { TIOCM_OUT2, "OUT2" }, { TIOCM_LOOP, "LOOP" },
};

const char *overflow_name(uint32_t overflow)
{
	return overflow < LENGTH(overflow_words) - 1 ? overflow_words[overflow] :
						       "unknown";
}

const char *carrier_name(uint32_t carrier)
{
	return carrier < LENGTH(carrier_words) - 1 ? carrier_words[carrier] : "unknown";
}

const char *direction_name(uint32_t direction)
{
	return direction < LENGTH(direction_words) - 1 ?
		       direction_words[direction] : "unknown";
}

const char *endpoint_name(uint32_t endpoint)
{
	return endpoint < LENGTH(endpoint_words) - 1 ? endpoint_words[endpoint] : "unknown";
}

const char *migration_name(uint32_t migration)
{
	return migration < LENGTH(migration_words) ? migration_words[migration] : "unknown";
}

const char *handover_name(uint32_t handover)
{
	return handover < LENGTH(handover_words) ? handover_words[handover] : "unknown";
}

const char *state_name(uint32_t state)
{
	return state < LENGTH(state_words) ? state_words[state] : "unknown";
}

const char *line_name(unsigned int i, uint32_t *bit)
{
	if (i >= LENGTH(lines))
		return NULL;
	*bit = lines[i].bit;
	return lines[i].name;
}

void guest_read(const struct vnl_reply *reply, struct guest *guest)
{
	*guest = (struct guest){
		.name = vnl_str(reply, VSERIAL_A_GUEST_NAME),
		.uuid = vnl_bin(reply, VSERIAL_A_GUEST_UUID, VSERIAL_UUID_SIZE),
		.vc_uuid = vnl_bin(reply, VSERIAL_A_GUEST_VC_UUID, VSERIAL_UUID_SIZE),
		.location_uuid = vnl_bin(reply, VSERIAL_A_GUEST_LOCATION_UUID,
					 VSERIAL_UUID_SIZE),
		.owned = vnl_has(reply, VSERIAL_A_GUEST_UID),
		.uid = vnl_u32(reply, VSERIAL_A_GUEST_UID),
		.gid = vnl_u32(reply, VSERIAL_A_GUEST_GID),
		.ports = vnl_u32(reply, VSERIAL_A_GUEST_NR_PORTS),
		.power = vnl_u8(reply, VSERIAL_A_GUEST_POWER),
		.migration = vnl_u32(reply, VSERIAL_A_GUEST_MIGRATION),
		.vmotion_limit = vnl_u32(reply, VSERIAL_A_GUEST_MIGRATION_LIMIT),
	};
}

void port_read(const struct vnl_reply *reply, struct port *port)
{
	*port = (struct port){
		.guest = vnl_str(reply, VSERIAL_A_PORT_GUEST),
		.index = vnl_u32(reply, VSERIAL_A_PORT_INDEX),
		.carrier = vnl_u32(reply, VSERIAL_A_PORT_CARRIER),
		.minor = vnl_u32(reply, VSERIAL_A_PORT_MINOR),
		.backing = vnl_str(reply, VSERIAL_A_PORT_BACKING),
		.connect_at_power_on = vnl_u8(reply, VSERIAL_A_PORT_CONNECT_AT_POWER_ON),
		.overflow = vnl_u32(reply, VSERIAL_A_PORT_OVERFLOW),
		.stall_limit = vnl_u32(reply, VSERIAL_A_PORT_STALL_LIMIT),
		.history = vnl_u32(reply, VSERIAL_A_PORT_HISTORY),
		.endpoint = vnl_u32(reply, VSERIAL_A_PORT_ENDPOINT),
		.max_clients = vnl_u32(reply, VSERIAL_A_PORT_MAX_CLIENTS),
		.idle_timeout = vnl_u32(reply, VSERIAL_A_PORT_IDLE_TIMEOUT),
		.proxy = vnl_str(reply, VSERIAL_A_PORT_PROXY),
		.log = vnl_str(reply, VSERIAL_A_PORT_LOG),
		.log_reason = vnl_str(reply, VSERIAL_A_PORT_LOG_REASON),
		.log_dropped = vnl_u64(reply, VSERIAL_A_PORT_LOG_DROPPED),
		.rate = vnl_u32(reply, VSERIAL_A_PORT_RATE),
		.direction = vnl_u32(reply, VSERIAL_A_PORT_DIRECTION),
		.yield_on_poll = vnl_u8(reply, VSERIAL_A_PORT_YIELD_ON_POLL),
		.connected = vnl_u8(reply, VSERIAL_A_PORT_CONNECTED),
		.power = vnl_u8(reply, VSERIAL_A_PORT_POWER),
		.state = vnl_u32(reply, VSERIAL_A_PORT_STATE),
		.reason = vnl_str(reply, VSERIAL_A_PORT_REASON),
		.peer = vnl_str(reply, VSERIAL_A_PORT_PEER),
		.tx_bytes = vnl_u64(reply, VSERIAL_A_PORT_TX_BYTES),
		.rx_bytes = vnl_u64(reply, VSERIAL_A_PORT_RX_BYTES),
		.dropped_bytes = vnl_u64(reply, VSERIAL_A_PORT_DROPPED_BYTES),
		.tx_unread = vnl_u32(reply, VSERIAL_A_PORT_TX_UNREAD),
		.rx_unread = vnl_u32(reply, VSERIAL_A_PORT_RX_UNREAD),
		.lines = vnl_u32(reply, VSERIAL_A_PORT_LINES),
		.breaks = vnl_u32(reply, VSERIAL_A_PORT_BREAK),
		.frame = vnl_u32(reply, VSERIAL_A_PORT_FRAME),
		.parity = vnl_u32(reply, VSERIAL_A_PORT_PARITY),
		.overrun = vnl_u32(reply, VSERIAL_A_PORT_OVERRUN),
		.polls = vnl_u64(reply, VSERIAL_A_PORT_POLLS),
		.handover = vnl_u32(reply, VSERIAL_A_PORT_HANDOVER),
		.handover_reason = vnl_str(reply, VSERIAL_A_PORT_HANDOVER_REASON),
	};
}

void session_read(const struct vnl_reply *reply, struct session *session)
{
	*session = (struct session){
		.id = vnl_u32(reply, VSERIAL_A_SESSION_ID),
		.guest = vnl_str(reply, VSERIAL_A_SESSION_GUEST),
		.index = vnl_u32(reply, VSERIAL_A_SESSION_INDEX),
		.writer = vnl_u8(reply, VSERIAL_A_SESSION_WRITER),
		.read_only = vnl_has(reply, VSERIAL_A_SESSION_READ_ONLY),
		.capture = vnl_has(reply, VSERIAL_A_SESSION_CAPTURE),
		.peer = vnl_str(reply, VSERIAL_A_SESSION_PEER),
		.uid = vnl_u32(reply, VSERIAL_A_SESSION_UID),
		.pid = vnl_u32(reply, VSERIAL_A_SESSION_PID),
		.since = vnl_u64(reply, VSERIAL_A_SESSION_SINCE),
		.offset = vnl_u64(reply, VSERIAL_A_SESSION_OFFSET),
		.reason = vnl_str(reply, VSERIAL_A_SESSION_REASON),
		.backing = vnl_u32(reply, VSERIAL_A_SESSION_BACKING),
	};
}

void uart_read(const struct vnl_reply *reply, struct uart *uart)
{
	*uart = (struct uart){
		.path = vnl_str(reply, VSERIAL_A_UART_PATH),
		.hardware = vnl_str(reply, VSERIAL_A_UART_HARDWARE),
		.holder = vnl_str(reply, VSERIAL_A_UART_HOLDER),
		.reason = vnl_str(reply, VSERIAL_A_UART_REASON),
	};
}

int guest_order(const void *a, const void *b)
{
	const struct guest *left = a, *right = b;

	return strverscmp(left->name, right->name);
}

int port_order(const void *a, const void *b)
{
	const struct port *left = a, *right = b;
	int order = strverscmp(left->guest, right->guest);

	if (order)
		return order;
	return left->index < right->index ? -1 : left->index > right->index;
}

const char *session_role(const struct session *session)
{
	if (session->writer)
		return "writes";
	if (session->capture)
		return "captures";
	return session->read_only ? "read-only" : "reads";
}
