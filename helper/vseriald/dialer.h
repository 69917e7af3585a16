/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dials until somebody answers, and again when the connection is lost. */
#ifndef VSERIALD_DIALER_H
#define VSERIALD_DIALER_H

#include "daemon.h"
#include "transport.h"

struct dialer;

/**
 * struct dialer_handler - who is told
 * @connected: the connection is made; it belongs to the callee
 * @failed: a round over all addresses failed; the next follows by itself
 */
struct dialer_handler {
	void (*connected)(void *arg, int fd, const char *name);
	void (*failed)(void *arg, const char *why);
};

/**
 * dialer_new() - begin to dial
 * @daemon: the process
 * @ops: the kind of connection
 * @place: whom; kept by the caller as long as the dialer
 * @at_once: do; otherwise wait for dialer_again()
 * @handler: who is told, never before this returns
 * @arg: for @handler
 */
struct dialer *dialer_new(struct daemon *daemon, const struct transport_ops *ops,
			  const struct place *place, bool at_once,
			  const struct dialer_handler *handler, void *arg);

/**
 * dialer_again() - dial again, after a while
 * @dialer: the dialer
 *
 * What it connected has been lost.  The shorter it lasted, the longer the
 * wait.
 */
void dialer_again(struct dialer *dialer);

/**
 * dialer_pause() - call nobody until dialer_resume()
 * @dialer: the dialer
 *
 * What was begun is given up, and dialer_again() does nothing.
 */
void dialer_pause(struct dialer *dialer);

/** dialer_resume() - dialer_again() dials again. */
void dialer_resume(struct dialer *dialer);

/** dialer_free() - stop dialling; NULL is allowed. */
void dialer_free(struct dialer *dialer);

#endif
