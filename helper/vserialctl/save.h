/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guests, service rules and ports written as the commands that make them. */
#ifndef VSERIALCTL_SAVE_H
#define VSERIALCTL_SAVE_H

#include <stdio.h>

#include "object.h"
#include "rule.h"

/** save_guest() - write the command that makes a guest, without its ports. */
void save_guest(FILE *file, const struct guest *guest);

/** save_rule() - write the command that adds a service rule. */
void save_rule(FILE *file, const struct rule *rule);

/** save_port() - write the command that makes a port. */
void save_port(FILE *file, const struct port *port);

#endif
