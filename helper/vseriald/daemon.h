/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all parts of the daemon share. */
#ifndef VSERIALD_DAEMON_H
#define VSERIALD_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "conf.h"

/**
 * struct daemon - the process
 * @event: its loop; one thread does everything
 * @conf: the settings
 * @resolver: looks names up
 * @goodbyes: connections that are being closed
 * @arrivals: connections whose handshake is under way
 * @kport: the kernel side
 * @dispatch: what comes from there
 * @handover: what the daemon before left, until all backings are known
 * @printers: where ports print
 * @peers: how many peers there are on all ports
 * @ending: no more input is read
 */
struct daemon {
	sd_event *event;
	struct conf conf;
	struct resolver *resolver;
	struct goodbyes *goodbyes;
	struct arrivals *arrivals;
	struct kport *kport;
	struct dispatch *dispatch;
	struct handover *handover;
	struct printers *printers;
	uint32_t peers;
	bool ending;
};

/** daemon_now() - the time on CLOCK_MONOTONIC, in microseconds. */
static inline uint64_t daemon_now(const struct daemon *daemon)
{
	uint64_t now = 0;

	sd_event_now(daemon->event, CLOCK_MONOTONIC, &now);
	return now;
}

#endif
