// SPDX-License-Identifier: GPL-2.0-or-later
/* The cable between a guest and a peer. */
#include <sys/ioctl.h>
#include <termios.h>

#include "cable.h"

static uint8_t size_of(uint32_t cflag)
{
	switch (cflag & CSIZE) {
	case CS5:
		return 5;
	case CS6:
		return 6;
	case CS7:
		return 7;
	default:
		return 8;
	}
}

static uint8_t parity_of(uint32_t cflag)
{
	if (!(cflag & PARENB))
		return 1;
	if (cflag & CMSPAR)
		return cflag & PARODD ? 4 : 5;
	return cflag & PARODD ? 2 : 3;
}

/* Two stop bits after five bits are one and a half, as UARTs have it. */
static uint8_t stop_of(uint32_t cflag)
{
	if (!(cflag & CSTOPB))
		return 1;
	return size_of(cflag) == 5 ? 3 : 2;
}

struct com_port_guest cable_guest(uint32_t speed, uint32_t cflag, uint32_t lines)
{
	/* As a port is before anybody has set it. */
	if (!speed) {
		speed = 115200;
		cflag = CS8;
	}
	return (struct com_port_guest){
		.settings = {
			.speed = speed,
			.size = size_of(cflag),
			.parity = parity_of(cflag),
			.stop = stop_of(cflag),
		},
		.dtr = lines & TIOCM_DTR,
		.rts = lines & TIOCM_RTS,
	};
}

uint32_t cable_lines(bool dtr, bool rts)
{
	return (dtr ? TIOCM_DTR : 0u) | (rts ? TIOCM_RTS : 0u);
}
