/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of RFC 2217 on the wire. */
#ifndef HELPER_COM_WIRE_H
#define HELPER_COM_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* The longest message, with its IACs, and with each byte doubled. */
#define COM_PORT_MESSAGE_MAX	32u
/* The longest value in one. */
#define COM_VALUE_MAX		7u
#define COM_SPEED_LEN		4u

/* Commands; their answers, and what is told, have numbers of their own. */
enum com_command {
	COM_SIGNATURE,
	COM_SET_BAUDRATE,
	COM_SET_DATASIZE,
	COM_SET_PARITY,
	COM_SET_STOPSIZE,
	COM_SET_CONTROL,
	COM_NOTIFY_LINESTATE,
	COM_NOTIFY_MODEMSTATE,
	COM_FLOWCONTROL_SUSPEND,
	COM_FLOWCONTROL_RESUME,
	COM_SET_LINESTATE_MASK,
	COM_SET_MODEMSTATE_MASK,
	COM_PURGE_DATA,
};

#define COM_ANSWER		100u

/* COM_SET_CONTROL. */
enum com_control {
	COM_ASK_FLOW = 0,
	COM_FLOW_NONE = 1,
	COM_FLOW_HARDWARE = 3,
	COM_ASK_BREAK = 4,
	COM_BREAK_ON = 5,
	COM_BREAK_OFF = 6,
	COM_ASK_DTR = 7,
	COM_DTR_ON = 8,
	COM_DTR_OFF = 9,
	COM_ASK_RTS = 10,
	COM_RTS_ON = 11,
	COM_RTS_OFF = 12,
	COM_ASK_INBOUND = 13,
	COM_INBOUND_NONE = 14,
	COM_INBOUND_HARDWARE = 16,
	COM_FLOW_DCD = 17,
	COM_INBOUND_DTR = 18,
	COM_FLOW_DSR = 19,
};

/* COM_NOTIFY_LINESTATE. */
#define COM_LINE_BREAK		0x10u
/* COM_NOTIFY_MODEMSTATE. */
#define COM_MODEM_DCD		0x80u
#define COM_MODEM_DSR		0x20u
#define COM_MODEM_CTS		0x10u
#define COM_MODEM_D_DCD		0x08u
#define COM_MODEM_D_DSR		0x02u
#define COM_MODEM_D_CTS		0x01u

/**
 * com_wire_message() - make one
 * @to: receives it; COM_PORT_MESSAGE_MAX bytes
 * @command: enum com_command, for an answer COM_ANSWER more
 * @value: what follows
 * @len: how many bytes of it, up to COM_VALUE_MAX
 *
 * Return: how many bytes it has.
 */
size_t com_wire_message(uint8_t *to, uint8_t command, const void *value, size_t len);

/** com_wire_byte() - the same, with one byte. */
size_t com_wire_byte(uint8_t *to, uint8_t command, uint8_t value);

/** com_wire_speed() - the same, with a speed. */
size_t com_wire_speed(uint8_t *to, uint8_t command, uint32_t speed);

#endif
