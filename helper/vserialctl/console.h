/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port as one sees it who sits at it: its output, and what is typed. */
#ifndef VSERIALCTL_CONSOLE_H
#define VSERIALCTL_CONSOLE_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl.h"

/**
 * struct console_request - what console to open
 * @guest: the guest's name
 * @index: the port's number in it
 * @force: take over from whoever writes
 * @read_only: never write
 * @escape: the escape character, or ESCAPE_NONE
 */
struct console_request {
	const char *guest;
	uint32_t index;
	bool force;
	bool read_only;
	int escape;
};

/**
 * console_run() - attach standard input and output to a port
 * @ctl: the run
 * @request: which port, and how
 *
 * Return: the exit status, when it is over; a failure has been kept with
 * ctl_fail().
 */
enum ctl_status console_run(struct ctl *ctl, const struct console_request *request);

#endif
