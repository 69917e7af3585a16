/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's firewall: nftables or firewalld. */
#ifndef VSERIALCTL_FIREWALL_HOST_H
#define VSERIALCTL_FIREWALL_HOST_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "firewall.h"
#include "firewall_conf.h"

/** firewall_resolve() - look up the hosts of holes that have no address yet. */
void firewall_resolve(struct firewall_hole *holes, size_t n);

/**
 * firewall_apply() - make these holes, and close all others
 * @backend: whose rules are changed; not FIREWALL_AUTO
 * @rules: what is allowed
 * @holes: all holes, with their addresses
 * @n: how many
 * @why: receives a sentence, of FIREWALL_WHY_MAX bytes, on failure
 *
 * Nothing but our own chains, or policies, is touched.
 *
 * Return: 0 or a negative errno.
 */
int firewall_apply(enum firewall_backend backend, const struct firewall_rules *rules,
		   const struct firewall_hole *holes, size_t n, char *why);

/** firewall_backend() - what "auto" means here: firewalld where it runs. */
enum firewall_backend firewall_backend(const struct firewall_conf *conf);

/* firewall_nftables.c */

/** nftables_run() - run commands of nft as one transaction; returns as firewall_apply(). */
int nftables_run(const char *commands, char *why);

/** nftables_list() - all rules of the host, to be freed with json_decref(); or NULL and @why. */
json_t *nftables_list(char *why);

/* firewall_firewalld.c */

/** firewalld_runs() - whether it does. */
bool firewalld_runs(void);

/**
 * firewalld_set() - give a policy of firewalld its rules, until that is reloaded
 * @policy: its name
 * @out: from the host to all zones; otherwise the other way
 * @rich: rich rules, one a line; "" turns the policy off
 * @why: receives a sentence, of FIREWALL_WHY_MAX bytes, on failure
 *
 * Return: 0 or a negative errno.
 */
int firewalld_set(const char *policy, bool out, const char *rich, char *why);

#endif
