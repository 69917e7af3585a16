/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hosts that prove to each other who they are: their certificates and settings. */
#ifndef TESTS_UNIT_HOST_H
#define TESTS_UNIT_HOST_H

#include <stdint.h>

#include "conf.h"

/* Nothing takes so long, on any machine, in milliseconds. */
#define HOST_LONG	60000u

/** host_certificates() - make all that tests/unit/certificates makes; returns 0 or not. */
int host_certificates(void);

/** host_forget_certificates() - remove them; returns 0 or not. */
int host_forget_certificates(void);

/**
 * host_settings() - the settings of a host
 * @certificate: the name of what it shows, or NULL
 * @ca: the name of its authority's certificate, or NULL
 * @port: where the other one listens
 *
 * Return: settings, for host_forget().
 */
struct conf *host_settings(const char *certificate, const char *ca, uint16_t port);

/** host_forget() - free settings. */
void host_forget(struct conf *conf);

#endif
