/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The cable between a guest and a peer: what either end drives and has set, as
 * the kernel says it and as RFC 2217 does.  Pure code.
 */
#ifndef VSERIALD_CABLE_H
#define VSERIALD_CABLE_H

#include <stdint.h>

#include "com_port.h"

/**
 * cable_guest() - the guest's end
 * @speed: VSERIAL_A_BACKING_SPEED, 0: it has set nothing
 * @cflag: VSERIAL_A_BACKING_CFLAG
 * @lines: VSERIAL_A_BACKING_LINES
 */
struct com_port_guest cable_guest(uint32_t speed, uint32_t cflag, uint32_t lines);

/** cable_lines() - VSERIAL_A_BACKING_LINES of a peer that drives these. */
uint32_t cable_lines(bool dtr, bool rts);

#endif
