/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vserialctl on another host, by ssh. */
#ifndef VSERIALCTL_REMOTE_H
#define VSERIALCTL_REMOTE_H

#include "ctl.h"
#include "state.h"

/* Words of a step: verb, and what it needs; NULL for those that are not there. */
#define REMOTE_WORDS	4

/**
 * remote_migrate() - run "vserialctl migrate STEP" on another host
 * @ctl: the run
 * @host: the host, as ssh takes it
 * @step: the step's words
 * @state: what it reads from its standard input, or NULL: nothing
 *
 * ssh is not to ask for a password.  What it says, and what is said there, goes to
 * standard error.
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status remote_migrate(struct ctl *ctl, const char *host,
			       const char *const step[REMOTE_WORDS], const struct state *state);

#endif
