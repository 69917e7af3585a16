/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the host's firewall would drop of what ports are set to, and what mends it. */
#ifndef VSERIALCTL_FIREWALL_CHECK_H
#define VSERIALCTL_FIREWALL_CHECK_H

#include <jansson.h>

#include "firewall_conf.h"
#include "nl.h"

#define FIREWALL_WARNING_MAX 768

/**
 * struct firewall_holes - what all ports need
 * @v: them
 * @n: how many
 */
struct firewall_holes {
	struct firewall_hole *v;
	size_t n;
};

/** firewall_holes_read() - take them out of the answers to PORT_GET; others are passed over. */
void firewall_holes_read(const struct vnl_replies *replies, struct firewall_holes *holes);

/** firewall_holes_free() - free what firewall_holes_read() made. */
void firewall_holes_free(struct firewall_holes *holes);

/**
 * firewall_check() - would a hole that is configured be shut?
 * @conf: the settings
 * @backend: whose rules are changed
 * @rules: the same as rules
 * @ruleset: all rules of the host
 * @hole: the hole, with its addresses; where these are not known a rule for
 *	some address is taken to mean them
 * @warning: receives a sentence with the line that mends it
 *
 * Of a hole that is granted it is looked whether packets would get to where it
 * is made, also while its port is disconnected.
 *
 * Return: whether what the port is set to would be dropped.
 */
bool firewall_check(const struct firewall_conf *conf, enum firewall_backend backend,
		    const struct firewall_rules *rules, const json_t *ruleset,
		    const struct firewall_hole *hole, char warning[FIREWALL_WARNING_MAX]);

/**
 * firewall_warn() - tell of everything that would be dropped
 * @path: the file with the settings
 * @holes: what ports need
 * @look_up: the names of hosts, which can take long
 * @file: where to; a warning a line, with "vserialctl: " in front
 * @why: receives a sentence, of FIREWALL_WHY_MAX bytes, if nothing can be told
 *
 * Return: how many warnings there were, or a negative errno.
 */
int firewall_warn(const char *path, struct firewall_holes *holes, bool look_up, FILE *file,
		  char *why);

#endif
