/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/vserial/firewall.conf: which rule sets are turned on, and for whom. */
#ifndef VSERIALCTL_FIREWALL_CONF_H
#define VSERIALCTL_FIREWALL_CONF_H

#include <stdbool.h>
#include <stddef.h>

#include "firewall.h"

#define FIREWALL_CONF_FILE "/etc/vserial/firewall.conf"
#define FIREWALL_WHY_MAX 512

enum firewall_backend {
	FIREWALL_AUTO,
	FIREWALL_NFTABLES,
	FIREWALL_FIREWALLD,
};

/**
 * struct firewall_conf - the settings
 * @on: which rule sets are turned on
 * @allow: the networks that each is for, as they were written; "" for all
 * @backend: whose rules are changed
 * @table: of nftables: the family and name of the table with the chains
 * @user: the daemon's user
 * @print_user: that of vserial-print
 */
struct firewall_conf {
	bool on[FIREWALL_SETS];
	char *allow[FIREWALL_SETS];
	enum firewall_backend backend;
	char *table;
	char *user;
	char *print_user;
};

/**
 * firewall_conf_read() - read the settings
 * @conf: receives them, to be freed with firewall_conf_free()
 * @path: the file, which may be missing
 * @why: receives a sentence, of FIREWALL_WHY_MAX bytes, on failure
 *
 * Return: 0, or -EINVAL with @conf empty.
 */
int firewall_conf_read(struct firewall_conf *conf, const char *path, char *why);

/**
 * firewall_conf_write() - write the settings, all or nothing
 * @conf: them
 * @path: the file
 * @why: receives a sentence, of FIREWALL_WHY_MAX bytes, on failure
 *
 * Return: 0 or -1.
 */
int firewall_conf_write(const struct firewall_conf *conf, const char *path, char *why);

/**
 * firewall_conf_rules() - the settings as rules
 * @conf: the settings
 * @rules: receives them, to be freed with firewall_rules_free(); @rules->table
 *	stays in @conf
 * @why: receives a sentence, of FIREWALL_WHY_MAX bytes, on failure
 *
 * Return: 0, or -EINVAL with @rules empty.
 */
int firewall_conf_rules(const struct firewall_conf *conf, struct firewall_rules *rules, char *why);

/** firewall_rules_free() - free what firewall_conf_rules() made. */
void firewall_rules_free(struct firewall_rules *rules);

/** firewall_conf_free() - free what firewall_conf_read() made. */
void firewall_conf_free(struct firewall_conf *conf);

#endif
