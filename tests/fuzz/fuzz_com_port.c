// SPDX-License-Identifier: GPL-2.0-or-later
/* Any command is answered whole or not at all; what is in force is a setting. */
#include <string.h>

#include "com_port.h"
#include "fuzz.h"
#include "telnet.h"

#define COMMAND_MAX	16u

/* A message is one subnegotiation of the option, and a telnet peer reads it so. */
static void check(const uint8_t *message, size_t len)
{
	struct telnet_received r;
	struct telnet telnet;
	uint8_t none[2];
	size_t n;

	if (!len)
		return;
	RULE(len <= COM_PORT_MESSAGE_MAX);
	telnet_start(&telnet, TELNET_SERVER);
	telnet.him[TELNET_COM_PORT] = TELNET_Q_YES;
	r = telnet_receive(&telnet, message, len, none, sizeof(none));
	RULE(r.consumed == len && !r.len && r.event == TELNET_SUB);
	RULE(telnet_sub(&telnet, &n)[1] >= 100);
}

static void check_settings(const struct com_port *port)
{
	const struct com_port_settings *settings = &port->settings;

	RULE(settings->speed);
	RULE(settings->size >= 5 && settings->size <= 8);
	RULE(settings->parity >= 1 && settings->parity <= 5);
	RULE(settings->stop >= 1 && settings->stop <= 3);
}

/* Each piece of the input is a command, or a change of the guest. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct com_port_guest guest = {
		.settings = { .speed = 115200, .size = 8, .parity = 1, .stop = 1 },
	};
	uint8_t answer[COM_PORT_MESSAGE_MAX];
	struct com_port port;
	size_t len, out, i;

	com_port_start(&port, &guest);
	while (size) {
		len = data[0] % COMMAND_MAX;
		if (len > size - 1)
			len = size - 1;
		if (data[0] & 0x80) {
			guest.dtr = data[0] & 0x10;
			guest.rts = data[0] & 0x20;
			guest.settings.speed += len * 300;
			guest.settings.size = (uint8_t)(5 + len % 4);
			com_port_guest(&port, &guest);
			if (data[0] & 0x40)
				com_port_break(&port);
		} else {
			com_port_receive(&port, data + 1, len, answer, &out);
			check(answer, out);
		}
		check_settings(&port);
		/* All there is to tell, once. */
		for (i = 0; (out = com_port_notice(&port, answer)); i++)
			check(answer, out);
		RULE(i <= 6);
		data += 1 + len;
		size -= 1 + len;
	}
	return 0;
}
