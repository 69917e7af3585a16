/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests, ports and sessions as the module tells of them. */
#ifndef VSERIALCTL_OBJECT_H
#define VSERIALCTL_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "nl.h"

/**
 * struct guest - a guest
 * @name: its name
 * @uuid: its BIOS UUID, 16 bytes, or NULL
 * @vc_uuid: its instance UUID, or NULL
 * @location_uuid: its location UUID, or NULL
 * @owned: it has an owner
 * @uid: the owner
 * @gid: the owner's group
 * @ports: how many ports it has
 * @power: a port of it is open
 * @migration: enum vserial_migration
 * @vmotion_limit: how long it is held at most when it leaves, in milliseconds
 *
 * The pointers lead into the message it was read from.
 */
struct guest {
	const char *name;
	const void *uuid;
	const void *vc_uuid;
	const void *location_uuid;
	bool owned;
	uint32_t uid;
	uint32_t gid;
	uint32_t ports;
	bool power;
	uint32_t migration;
	uint32_t vmotion_limit;
};

/**
 * struct port - a port
 * @guest: its guest's name
 * @index: its number in the guest
 * @minor: its device is ttyVS<minor>
 * @backing: what stands at the far end
 * @connect_at_power_on: connect when the guest opens it
 * @overflow: enum vserial_overflow
 * @stall_limit: in milliseconds, 0 = for ever
 * @history: in bytes
 * @carrier: enum vserial_carrier
 * @endpoint: enum vserial_endpoint
 * @max_clients: peers a server takes at a time
 * @idle_timeout: in seconds, 0 = for ever
 * @proxy: the concentrator, or ""
 * @log: where output is written besides, or ""
 * @log_reason: why that fails, or ""
 * @log_dropped: bytes the log lost
 * @rate: bytes a second each way, 0 = no limit
 * @direction: enum vserial_direction
 * @yield_on_poll: who only polls it sleeps
 * @connected: the switch that "connect" turns on
 * @power: its device is open
 * @state: enum vserial_state
 * @reason: one sentence, or ""
 * @peer: who is at the far end, or ""
 * @tx_bytes: written by the guest
 * @rx_bytes: given to the guest
 * @dropped_bytes: lost, both directions
 * @tx_unread: bytes the backing has yet to take
 * @rx_unread: bytes the guest has yet to take
 * @lines: TIOCM_* as the guest sees them
 * @breaks: breaks received
 * @frame: framing errors received
 * @parity: parity errors received
 * @overrun: overruns received
 * @polls: that found nothing
 * @handover: enum vserial_handover
 * @handover_reason: why it is refused, or ""
 *
 * The pointers lead into the message it was read from.
 */
struct port {
	const char *guest;
	uint32_t index;
	uint32_t minor;
	const char *backing;
	bool connect_at_power_on;
	uint32_t overflow;
	uint32_t stall_limit;
	uint32_t history;
	uint32_t carrier;
	uint32_t endpoint;
	uint32_t max_clients;
	uint32_t idle_timeout;
	const char *proxy;
	const char *log;
	const char *log_reason;
	uint64_t log_dropped;
	uint32_t rate;
	uint32_t direction;
	bool yield_on_poll;
	bool connected;
	bool power;
	uint32_t state;
	const char *reason;
	const char *peer;
	uint64_t tx_bytes;
	uint64_t rx_bytes;
	uint64_t dropped_bytes;
	uint32_t tx_unread;
	uint32_t rx_unread;
	uint32_t lines;
	uint32_t breaks;
	uint32_t frame;
	uint32_t parity;
	uint32_t overrun;
	uint64_t polls;
	uint32_t handover;
	const char *handover_reason;
};

/**
 * struct session - somebody who is attached to a port
 * @id: its number
 * @guest: the name of the port's guest
 * @index: the port's number in it
 * @writer: it is the port's writer
 * @read_only: it never will be
 * @capture: it is given all that goes over the cable
 * @peer: who and from where, or ""
 * @uid: the user who attached
 * @pid: the process that attached
 * @since: when, in seconds since 1970
 * @offset: of the first byte it was given
 * @reason: why it ended or changed, or ""
 * @backing: the daemon's number for the backing whose peer it is, or 0; then
 *	@uid and @pid are the daemon's
 *
 * The pointers lead into the message it was read from.
 */
struct session {
	uint32_t id;
	const char *guest;
	uint32_t index;
	bool writer;
	bool read_only;
	bool capture;
	const char *peer;
	uint32_t uid;
	uint32_t pid;
	uint64_t since;
	uint64_t offset;
	const char *reason;
	uint32_t backing;
};

/**
 * struct uart - a UART of the host
 * @path: its device
 * @hardware: what it is, and where
 * @holder: who has it, or ""
 * @reason: why no port can have it, or ""
 *
 * The pointers lead into the message it was read from.
 */
struct uart {
	const char *path;
	const char *hardware;
	const char *holder;
	const char *reason;
};

/** guest_read() - take a guest out of a message; it must live as long. */
void guest_read(const struct vnl_reply *reply, struct guest *guest);

/** port_read() - take a port out of a message; it must live as long. */
void port_read(const struct vnl_reply *reply, struct port *port);

/** session_read() - take a session out of a message; it must live as long. */
void session_read(const struct vnl_reply *reply, struct session *session);

/** uart_read() - take a UART out of a message; it must live as long. */
void uart_read(const struct vnl_reply *reply, struct uart *uart);

/** guest_order() - for qsort(): guests by name, numbers in it as numbers. */
int guest_order(const void *a, const void *b);

/** port_order() - for qsort(): ports by guest, as guest_order(), and index. */
int port_order(const void *a, const void *b);

/** session_role() - what a session may do: "writes", "reads", "read-only", "captures". */
const char *session_role(const struct session *session);

/* The names of enum vserial_overflow, each at its number, and a NULL. */
extern const char *const overflow_words[];

/** overflow_name() - the name of an enum vserial_overflow. */
const char *overflow_name(uint32_t overflow);

/* The names of enum vserial_carrier, each at its number, and a NULL. */
extern const char *const carrier_words[];

/* The names of enum vserial_endpoint, each at its number, and a NULL. */
extern const char *const endpoint_words[];

/** endpoint_name() - the name of an enum vserial_endpoint. */
const char *endpoint_name(uint32_t endpoint);

/** carrier_name() - the name of an enum vserial_carrier. */
const char *carrier_name(uint32_t carrier);

/* The names of enum vserial_direction, each at its number, and a NULL. */
extern const char *const direction_words[];

/** direction_name() - the name of an enum vserial_direction. */
const char *direction_name(uint32_t direction);

/** migration_name() - the name of an enum vserial_migration. */
const char *migration_name(uint32_t migration);

/** handover_name() - the name of an enum vserial_handover. */
const char *handover_name(uint32_t handover);

/** state_name() - the name of an enum vserial_state. */
const char *state_name(uint32_t state);

/**
 * line_name() - the name of a modem line
 * @i: from 0
 * @bit: receives its TIOCM_*
 *
 * Return: the name, or NULL where @i is behind the last.
 */
const char *line_name(unsigned int i, uint32_t *bit);

#endif
