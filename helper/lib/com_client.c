// SPDX-License-Identifier: GPL-2.0-or-later
/* A serial port of the peer that is driven through telnet. */
#include <string.h>

#include "com_client.h"
#include "com_wire.h"

/* What the peer has to be told: struct com_client.due. */
#define DUE_SPEED	0x01u
#define DUE_SIZE	0x02u
#define DUE_PARITY	0x04u
#define DUE_STOP	0x08u
#define DUE_DTR		0x10u
#define DUE_RTS		0x20u
#define DUE_LINE_MASK	0x40u
#define DUE_MODEM_MASK	0x80u
#define DUE_ALL		0xffu

void com_client_start(struct com_client *client, const struct com_port_guest *guest)
{
	*client = (struct com_client){ .guest = *guest, .due = DUE_ALL };
}

void com_client_guest(struct com_client *client, const struct com_port_guest *guest)
{
	const struct com_port_settings *old = &client->guest.settings, *now = &guest->settings;

	client->due |= (now->speed != old->speed ? DUE_SPEED : 0) |
		       (now->size != old->size ? DUE_SIZE : 0) |
		       (now->parity != old->parity ? DUE_PARITY : 0) |
		       (now->stop != old->stop ? DUE_STOP : 0) |
		       (guest->dtr != client->guest.dtr ? DUE_DTR : 0) |
		       (guest->rts != client->guest.rts ? DUE_RTS : 0);
	client->guest = *guest;
}

static size_t control(uint8_t *to, uint8_t what)
{
	return com_wire_byte(to, COM_SET_CONTROL, what);
}

size_t com_client_break(uint8_t *to)
{
	size_t len = control(to, COM_BREAK_ON);

	return len + control(to + len, COM_BREAK_OFF);
}

size_t com_client_command(struct com_client *client, uint8_t *to)
{
	const struct com_port_guest *guest = &client->guest;
	/* The lowest bit of those that are set. */
	unsigned int one = client->due & -client->due;

	client->due &= ~one;
	switch (one) {
	case DUE_SPEED:
		return com_wire_speed(to, COM_SET_BAUDRATE, guest->settings.speed);
	case DUE_SIZE:
		return com_wire_byte(to, COM_SET_DATASIZE, guest->settings.size);
	case DUE_PARITY:
		return com_wire_byte(to, COM_SET_PARITY, guest->settings.parity);
	case DUE_STOP:
		return com_wire_byte(to, COM_SET_STOPSIZE, guest->settings.stop);
	case DUE_DTR:
		return control(to, guest->dtr ? COM_DTR_ON : COM_DTR_OFF);
	case DUE_RTS:
		return control(to, guest->rts ? COM_RTS_ON : COM_RTS_OFF);
	case DUE_LINE_MASK:
		return com_wire_byte(to, COM_SET_LINESTATE_MASK, COM_LINE_BREAK);
	case DUE_MODEM_MASK:
		return com_wire_byte(to, COM_SET_MODEMSTATE_MASK, UINT8_MAX);
	default:
		return 0;
	}
}

static enum com_port_event take_modem(struct com_client *client, uint8_t state)
{
	bool there = state & (COM_MODEM_DSR | COM_MODEM_DCD), ready = state & COM_MODEM_CTS;
	bool news = !client->told || there != client->there || ready != client->ready;

	client->told = true;
	client->there = there;
	client->ready = ready;
	return news ? COM_PORT_LINES : COM_PORT_NOTHING;
}

static enum com_port_event set_flow(struct com_client *client, bool suspended)
{
	bool news = client->suspended != suspended;

	client->suspended = suspended;
	return news ? COM_PORT_FLOW : COM_PORT_NOTHING;
}

enum com_port_event com_client_receive(struct com_client *client, const uint8_t *message,
				       size_t len)
{
	switch (len ? message[0] : 0) {
	case COM_ANSWER + COM_NOTIFY_MODEMSTATE:
		return len == 2 ? take_modem(client, message[1]) : COM_PORT_NOTHING;
	case COM_ANSWER + COM_NOTIFY_LINESTATE:
		return len == 2 && message[1] & COM_LINE_BREAK ? COM_PORT_BREAK :
			COM_PORT_NOTHING;
	case COM_ANSWER + COM_FLOWCONTROL_SUSPEND:
		return set_flow(client, true);
	case COM_ANSWER + COM_FLOWCONTROL_RESUME:
		return set_flow(client, false);
	default:
		/* A port that is set otherwise than was asked for is still one. */
		return COM_PORT_NOTHING;
	}
}
