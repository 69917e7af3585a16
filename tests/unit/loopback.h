/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TCP within this machine. */
#ifndef TESTS_UNIT_LOOPBACK_H
#define TESTS_UNIT_LOOPBACK_H

#include <stdint.h>

/** free_port() - a number nobody listens at. */
uint16_t free_port(void);

/** dial() - connect to it; @buffer: of what can be on the way, 0: the system's. */
int dial(uint16_t port, int buffer);

/** listen_on() - a socket that listens. */
int listen_on(uint16_t port);

#endif
