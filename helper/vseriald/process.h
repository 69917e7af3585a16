/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process that serves on one loop until a signal ends it. */
#ifndef VSERIALD_PROCESS_H
#define VSERIALD_PROCESS_H

#include <systemd/sd-event.h>

/* Exit status; the same as those of vserialctl. */
#define EXIT_REFUSED	1
#define EXIT_USAGE	2
#define EXIT_NO_MODULE	3

/**
 * process_watch_signals() - have signals come through the loop
 * @event: the loop
 * @on_end: for SIGTERM and SIGINT
 * @on_reload: for SIGHUP
 * @arg: for both
 *
 * Nothing happens from then on when a peer is gone (SIGPIPE).
 *
 * Return: 0 or more, or a negative errno.
 */
int process_watch_signals(sd_event *event, sd_event_signal_handler_t on_end,
			  sd_event_signal_handler_t on_reload, void *arg);

/** process_raise_limits() - as many descriptors as the system allows: each peer needs one. */
void process_raise_limits(void);

/**
 * process_loop() - tell the service manager that all is ready, and serve
 * @event: the loop
 *
 * Return: the exit status, once somebody has ended the loop.
 */
int process_loop(sd_event *event);

#endif
