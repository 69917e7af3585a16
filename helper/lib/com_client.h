/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A serial port of the peer that is driven through telnet (RFC 2217), seen from
 * the side that drives it.
 *
 *   guest  ==cable==  us  <== telnet ==>  the peer's port  ==line==  something
 *
 * The port is set as the guest sets its own, drives what the guest drives, and
 * what comes in on it is the guest's: it is as if the guest had that port.
 *
 * Pure code: what the guest does goes in, commands come out as they go on the
 * wire; answers and what the peer tells besides go in.
 */
#ifndef HELPER_COM_CLIENT_H
#define HELPER_COM_CLIENT_H

#include "com_port.h"

/**
 * struct com_client - a port of the peer
 * @told: the peer has told how its lines are
 * @there: something is at the other end of its line: DSR or DCD
 * @ready: that can receive: CTS
 * @suspended: the peer wants no bytes for now
 *
 * The rest is private.
 */
struct com_client {
	bool told;
	bool there;
	bool ready;
	bool suspended;

	struct com_port_guest guest;
	unsigned int due;
};

/** com_client_start() - the peer has a port; @guest: as com_client_guest(). */
void com_client_start(struct com_client *client, const struct com_port_guest *guest);

/**
 * com_client_receive() - an answer, or what the peer tells
 * @client: the port
 * @message: what stands behind the option's number, without doubled bytes
 * @len: how many bytes
 *
 * Return: what it was: COM_PORT_BREAK where one came in on its line.
 */
enum com_port_event com_client_receive(struct com_client *client, const uint8_t *message,
				       size_t len);

/** com_client_guest() - how the guest's end is now. */
void com_client_guest(struct com_client *client, const struct com_port_guest *guest);

/**
 * com_client_break() - have the port send a break
 * @to: receives the commands; 2 * COM_PORT_MESSAGE_MAX bytes
 *
 * Return: their length.
 */
size_t com_client_break(uint8_t *to);

/**
 * com_client_command() - what the peer has to be told
 * @client: the port
 * @to: receives a command; COM_PORT_MESSAGE_MAX bytes
 *
 * Return: its length, 0: there is none.  Call it until then.
 */
size_t com_client_command(struct com_client *client, uint8_t *to);

#endif
