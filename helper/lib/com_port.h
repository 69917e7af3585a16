/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A serial port that is driven through telnet (RFC 2217), seen from its side.
 *
 *   guest  ==cable==  this port  <== telnet ==>  client
 *
 * The client sets the port's speed and frame, drives its DTR and RTS, and is
 * told what the guest's end does.  The cable has no speed: any setting is
 * taken and is in force, the last one of either end, so that both always
 * agree; it changes no byte, and nothing at the guest's end.
 *
 * Pure code: a command goes in, its answer comes out, as it goes on the wire;
 * what the client has to be told besides is kept until it is asked for.
 */
#ifndef HELPER_COM_PORT_H
#define HELPER_COM_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "com_wire.h"

/**
 * struct com_port_settings - speed and frame
 * @speed: in bits/s
 * @size: bits of a byte, 5 to 8
 * @parity: 1 none, 2 odd, 3 even, 4 mark, 5 space
 * @stop: stop bits: 1 one, 2 two, 3 one and a half
 */
struct com_port_settings {
	uint32_t speed;
	uint8_t size;
	uint8_t parity;
	uint8_t stop;
};

/**
 * struct com_port_guest - the guest's end of the cable
 * @settings: what it has set
 * @dtr: it says that it is there
 * @rts: it says that it can receive
 */
struct com_port_guest {
	struct com_port_settings settings;
	bool dtr;
	bool rts;
};

/**
 * enum com_port_event - what a command was besides a question
 * @COM_PORT_NOTHING: nothing
 * @COM_PORT_BREAK: a break begins
 * @COM_PORT_LINES: struct com_port.dtr or .rts has changed
 * @COM_PORT_FLOW: struct com_port.suspended has changed
 */
enum com_port_event {
	COM_PORT_NOTHING,
	COM_PORT_BREAK,
	COM_PORT_LINES,
	COM_PORT_FLOW,
};

/**
 * struct com_port - a port
 * @dtr: the client drives it
 * @rts: the client drives it
 * @suspended: the client wants no bytes for now
 *
 * The rest is private.
 */
struct com_port {
	bool dtr;
	bool rts;
	bool suspended;

	struct com_port_settings settings;
	struct com_port_guest guest;
	uint8_t flow;
	uint8_t inbound;
	bool breaking;
	uint8_t line_mask;
	uint8_t modem_mask;
	uint8_t modem_told;
	unsigned int due;
};

/** com_port_start() - a client has come; @guest: as com_port_guest(). */
void com_port_start(struct com_port *port, const struct com_port_guest *guest);

/**
 * com_port_receive() - a command of the client
 * @port: the port
 * @command: what stands behind the option's number, without doubled bytes
 * @len: how many bytes
 * @answer: receives the answer; COM_PORT_MESSAGE_MAX bytes
 * @answer_len: receives its length, 0: there is none
 *
 * Return: what it was.
 */
enum com_port_event com_port_receive(struct com_port *port, const uint8_t *command, size_t len,
				     uint8_t *answer, size_t *answer_len);

/** com_port_guest() - how the guest's end is now. */
void com_port_guest(struct com_port *port, const struct com_port_guest *guest);

/** com_port_break() - the guest has sent a break. */
void com_port_break(struct com_port *port);

/**
 * com_port_notice() - what the client has to be told
 * @port: the port
 * @to: receives a message; COM_PORT_MESSAGE_MAX bytes
 *
 * Return: its length, 0: there is none.  Call it until then.
 */
size_t com_port_notice(struct com_port *port, uint8_t *to);

#endif
