/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from the kernel: its messages and answers become calls of
 * session.h, and at the end of each turn of the loop the sessions that have
 * something to do have theirs.
 */
#ifndef VSERIALD_DISPATCH_H
#define VSERIALD_DISPATCH_H

#include <stdbool.h>

#include "daemon.h"
#include "nl.h"

struct dispatch;

/**
 * dispatch_new() - register as the daemon
 * @daemon: the process; its kport is set
 * @error: receives the reason of a failure, as kport_new()
 *
 * Return: the dispatcher, or NULL.
 */
struct dispatch *dispatch_new(struct daemon *daemon, struct vnl_error *error);

/**
 * dispatch_start() - begin to serve
 * @dispatch: the dispatcher
 * @error: receives the reason of a failure
 *
 * Return: 0 or -1.
 */
int dispatch_start(struct dispatch *dispatch, struct vnl_error *error);

/**
 * dispatch_free() - end the registration
 * @dispatch: the dispatcher; NULL is allowed
 * @keep: leave connections and listeners to the next daemon
 */
void dispatch_free(struct dispatch *dispatch, bool keep);

/**
 * dispatch_end() - end the loop, as soon as the guests have what was sent to them
 * @dispatch: the dispatcher
 */
void dispatch_end(struct dispatch *dispatch);

/** dispatch_reload() - the settings are new. */
void dispatch_reload(struct dispatch *dispatch);

#endif
