// SPDX-License-Identifier: GPL-2.0-or-later
/* A serial port that is driven through telnet. */
#include <string.h>

#include "com_port.h"

/* What a client has to be told: struct com_port.due. */
#define DUE_SPEED	0x01u
#define DUE_SIZE	0x02u
#define DUE_PARITY	0x04u
#define DUE_STOP	0x08u
#define DUE_MODEM	0x10u
#define DUE_BREAK	0x20u

static const char signature[] = "vserial";

_Static_assert(sizeof(signature) - 1 <= COM_VALUE_MAX, "a signature has room");

/* Messages. */

static size_t byte_message(uint8_t *to, uint8_t command, uint8_t value)
{
	return com_wire_byte(to, (uint8_t)(COM_ANSWER + command), value);
}

static size_t speed_message(uint8_t *to, uint32_t speed)
{
	return com_wire_speed(to, COM_ANSWER + COM_SET_BAUDRATE, speed);
}

/* The guest's end. */

/* A null modem: its DTR is our DSR and DCD, its RTS our CTS. */
static uint8_t modem_state(const struct com_port_guest *guest)
{
	return (uint8_t)((guest->dtr ? COM_MODEM_DSR | COM_MODEM_DCD : 0) |
			 (guest->rts ? COM_MODEM_CTS : 0));
}

static uint8_t modem_deltas(uint8_t changed)
{
	return (uint8_t)((changed & COM_MODEM_DCD ? COM_MODEM_D_DCD : 0) |
			 (changed & COM_MODEM_DSR ? COM_MODEM_D_DSR : 0) |
			 (changed & COM_MODEM_CTS ? COM_MODEM_D_CTS : 0));
}

static void follow_settings(struct com_port *port, const struct com_port_settings *guest)
{
	const struct com_port_settings *old = &port->guest.settings;
	unsigned int due = 0;

	if (guest->speed != old->speed)
		due |= DUE_SPEED;
	if (guest->size != old->size)
		due |= DUE_SIZE;
	if (guest->parity != old->parity)
		due |= DUE_PARITY;
	if (guest->stop != old->stop)
		due |= DUE_STOP;
	/* What the client has set stays in force until the guest sets another. */
	if (due)
		port->settings = *guest;
	port->due |= due;
}

void com_port_guest(struct com_port *port, const struct com_port_guest *guest)
{
	uint8_t changed;

	follow_settings(port, &guest->settings);
	port->guest = *guest;
	changed = modem_state(guest) ^ port->modem_told;
	if ((changed | modem_deltas(changed)) & port->modem_mask)
		port->due |= DUE_MODEM;
}

void com_port_break(struct com_port *port)
{
	if (port->line_mask & COM_LINE_BREAK)
		port->due |= DUE_BREAK;
}

static size_t modem_notice(struct com_port *port, uint8_t *to)
{
	uint8_t now = modem_state(&port->guest), changed = now ^ port->modem_told;

	port->modem_told = now;
	return byte_message(to, COM_NOTIFY_MODEMSTATE, now | modem_deltas(changed));
}

size_t com_port_notice(struct com_port *port, uint8_t *to)
{
	/* The lowest bit of those that are set. */
	unsigned int one = port->due & -port->due;

	port->due &= ~one;
	switch (one) {
	case DUE_SPEED:
		return speed_message(to, port->settings.speed);
	case DUE_SIZE:
		return byte_message(to, COM_SET_DATASIZE, port->settings.size);
	case DUE_PARITY:
		return byte_message(to, COM_SET_PARITY, port->settings.parity);
	case DUE_STOP:
		return byte_message(to, COM_SET_STOPSIZE, port->settings.stop);
	case DUE_MODEM:
		return modem_notice(port, to);
	case DUE_BREAK:
		return byte_message(to, COM_NOTIFY_LINESTATE, COM_LINE_BREAK);
	default:
		return 0;
	}
}

/* Commands. */

/* Return: @value if it is one, else @now: so a 0 asks. */
static uint8_t in_force(uint8_t value, uint8_t min, uint8_t max, uint8_t now)
{
	return value >= min && value <= max ? value : now;
}

static bool set_line(bool *line, bool on)
{
	bool changed = *line != on;

	*line = on;
	return changed;
}

/* Return: what it was; @value is made what to answer. */
static enum com_port_event control(struct com_port *port, uint8_t *value)
{
	enum com_port_event event = COM_PORT_NOTHING;

	switch (*value) {
	case COM_DTR_ON:
	case COM_DTR_OFF:
		if (set_line(&port->dtr, *value == COM_DTR_ON))
			event = COM_PORT_LINES;
		break;
	case COM_RTS_ON:
	case COM_RTS_OFF:
		if (set_line(&port->rts, *value == COM_RTS_ON))
			event = COM_PORT_LINES;
		break;
	case COM_BREAK_ON:
	case COM_BREAK_OFF:
		if (set_line(&port->breaking, *value == COM_BREAK_ON) && port->breaking)
			event = COM_PORT_BREAK;
		break;
	case COM_ASK_FLOW:
		*value = port->flow;
		break;
	case COM_ASK_BREAK:
		*value = port->breaking ? COM_BREAK_ON : COM_BREAK_OFF;
		break;
	case COM_ASK_DTR:
		*value = port->dtr ? COM_DTR_ON : COM_DTR_OFF;
		break;
	case COM_ASK_RTS:
		*value = port->rts ? COM_RTS_ON : COM_RTS_OFF;
		break;
	case COM_ASK_INBOUND:
		*value = port->inbound;
		break;
	case COM_INBOUND_DTR:
		port->inbound = *value;
		break;
	case COM_FLOW_DCD:
	case COM_FLOW_DSR:
		port->flow = *value;
		break;
	default:
		/* TCP holds bytes back; these are only remembered. */
		port->flow = in_force(*value, COM_FLOW_NONE, COM_FLOW_HARDWARE, port->flow);
		port->inbound = in_force(*value, COM_INBOUND_NONE, COM_INBOUND_HARDWARE,
					 port->inbound);
	}
	return event;
}

static enum com_port_event set_flow(struct com_port *port, bool suspended)
{
	return set_line(&port->suspended, suspended) ? COM_PORT_FLOW : COM_PORT_NOTHING;
}

static size_t set_speed(struct com_port *port, const uint8_t *value, uint8_t *answer)
{
	uint32_t speed = (uint32_t)value[0] << 24 | (uint32_t)value[1] << 16 |
			 (uint32_t)value[2] << 8 | value[3];

	if (speed)
		port->settings.speed = speed;
	return speed_message(answer, port->settings.speed);
}

/* A command with one byte.  Return: the answer's length. */
static size_t set_byte(struct com_port *port, uint8_t command, uint8_t value, uint8_t *answer)
{
	struct com_port_settings *settings = &port->settings;

	switch (command) {
	case COM_SET_DATASIZE:
		value = settings->size = in_force(value, 5, 8, settings->size);
		break;
	case COM_SET_PARITY:
		value = settings->parity = in_force(value, 1, 5, settings->parity);
		break;
	case COM_SET_STOPSIZE:
		value = settings->stop = in_force(value, 1, 3, settings->stop);
		break;
	case COM_SET_LINESTATE_MASK:
		port->line_mask = value;
		break;
	case COM_SET_MODEMSTATE_MASK:
		port->modem_mask = value;
		/* From here on the client relies on being told. */
		if (value)
			port->due |= DUE_MODEM;
		break;
	case COM_PURGE_DATA:
		/* What is under way is on the network, out of reach. */
		break;
	default:
		return 0;
	}
	return byte_message(answer, command, value);
}

enum com_port_event com_port_receive(struct com_port *port, const uint8_t *command, size_t len,
				     uint8_t *answer, size_t *answer_len)
{
	enum com_port_event event = COM_PORT_NOTHING;
	uint8_t value;

	*answer_len = 0;
	if (!len)
		return event;
	switch (command[0]) {
	case COM_SIGNATURE:
		/* With a text it is the client's own. */
		if (len == 1)
			*answer_len = com_wire_message(answer, COM_ANSWER + COM_SIGNATURE,
						       signature, sizeof(signature) - 1);
		break;
	case COM_SET_BAUDRATE:
		if (len == 1 + COM_SPEED_LEN)
			*answer_len = set_speed(port, command + 1, answer);
		break;
	case COM_FLOWCONTROL_SUSPEND:
		event = set_flow(port, true);
		break;
	case COM_FLOWCONTROL_RESUME:
		event = set_flow(port, false);
		break;
	case COM_SET_CONTROL:
		if (len != 2)
			break;
		value = command[1];
		event = control(port, &value);
		*answer_len = byte_message(answer, COM_SET_CONTROL, value);
		break;
	default:
		if (len == 2)
			*answer_len = set_byte(port, command[0], command[1], answer);
	}
	return event;
}

void com_port_start(struct com_port *port, const struct com_port_guest *guest)
{
	/* Lines are asserted until the client says otherwise, as on opening a port. */
	*port = (struct com_port){
		.dtr = true,
		.rts = true,
		.settings = guest->settings,
		.guest = *guest,
		.flow = COM_FLOW_NONE,
		.inbound = COM_INBOUND_NONE,
		.modem_mask = 0xff,
		.modem_told = modem_state(guest),
		.due = DUE_MODEM,
	};
}
