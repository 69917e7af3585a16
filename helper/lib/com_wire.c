// SPDX-License-Identifier: GPL-2.0-or-later
/* Messages of RFC 2217 on the wire. */
#include <string.h>

#include "com_wire.h"
#include "telnet.h"

size_t com_wire_message(uint8_t *to, uint8_t command, const void *value, size_t len)
{
	uint8_t body[2 + COM_VALUE_MAX] = { TELNET_OPT_COM_PORT, command };

	/* IAC SB, option and command, each byte of the value twice, IAC SE. */
	_Static_assert(2 + 2 + 2 * COM_VALUE_MAX + 2 <= COM_PORT_MESSAGE_MAX,
		       "a message has room");

	memcpy(body + 2, value, len);
	return telnet_subnegotiation(to, body, 2 + len);
}

size_t com_wire_byte(uint8_t *to, uint8_t command, uint8_t value)
{
	return com_wire_message(to, command, &value, 1);
}

size_t com_wire_speed(uint8_t *to, uint8_t command, uint32_t speed)
{
	const uint8_t value[COM_SPEED_LEN] = { (uint8_t)(speed >> 24), (uint8_t)(speed >> 16),
					       (uint8_t)(speed >> 8), (uint8_t)speed };

	return com_wire_message(to, command, value, sizeof(value));
}
