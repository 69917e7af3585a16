/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which holes ports need in the host's firewall, and the commands of nft
 * that make them.  Two rule sets:
 *
 *	network	"VM serial port connected over network": listeners, and what
 *		is dialled without a concentrator, printers too
 *	vspc	"VM serial port connected to vSPC": concentrators that are
 *		dialled; nothing comes in
 *
 * Each is off until it is turned on, and has a list of the networks that it
 * is for.  Pure code: strings in, strings out.
 */
#ifndef HELPER_FIREWALL_H
#define HELPER_FIREWALL_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "access.h"
#include "uri.h"

/* The chains that an administrator jumps to. */
#define FIREWALL_IN	"vserial_in"
#define FIREWALL_OUT	"vserial_out"

/* Of a host with more addresses these count. */
#define FIREWALL_ADDRESSES 8

enum firewall_set {
	FIREWALL_NETWORK,
	FIREWALL_VSPC,
	FIREWALL_SETS,
};

/* The names of enum firewall_set, and what they are called in full. */
extern const char *const firewall_names[FIREWALL_SETS];
extern const char *const firewall_titles[FIREWALL_SETS];

/**
 * struct firewall_port - a port, as far as it matters
 * @guest: its guest's name
 * @index: its index
 * @backing: what stands at the far end
 * @proxy: the concentrator, or ""
 * @endpoint: enum vserial_endpoint
 * @state: enum vserial_state
 */
struct firewall_port {
	const char *guest;
	uint32_t index;
	const char *backing;
	const char *proxy;
	uint32_t endpoint;
	uint32_t state;
};

/**
 * struct firewall_hole - what a port needs
 * @port: which port, GUEST/INDEX
 * @set: the rule set that grants it
 * @out: the host dials; otherwise it listens
 * @printer: it is vserial-print that dials
 * @active: now; otherwise when the port is connected
 * @family: AF_UNSPEC, or the only one
 * @host: who is dialled, or the address listened on, "" for all
 * @number: of TCP
 * @addresses: of @host, as numbers
 * @n: how many; 0 where it has to be looked up
 */
struct firewall_hole {
	char port[80];
	enum firewall_set set;
	bool out;
	bool printer;
	bool active;
	int family;
	char host[URI_HOST_MAX + 1];
	uint16_t number;
	char addresses[FIREWALL_ADDRESSES][INET6_ADDRSTRLEN];
	size_t n;
};

/**
 * firewall_hole() - what a port needs
 * @port: the port
 * @hole: receives it
 *
 * Return: whether it needs anything of a firewall.
 */
bool firewall_hole(const struct firewall_port *port, struct firewall_hole *hole);

/**
 * struct firewall_rules - what is allowed, and to whom
 * @on: which rule sets are turned on
 * @allow: the networks that each is for, none for all
 * @table: the family and name of the table that has the chains
 * @uid: the daemon's user
 * @print_uid: that of vserial-print
 */
struct firewall_rules {
	bool on[FIREWALL_SETS];
	struct access_list allow[FIREWALL_SETS];
	const char *table;
	uint32_t uid;
	uint32_t print_uid;
};

/**
 * firewall_grants() - whether the rules make a hole
 * @rules: the rules
 * @hole: a hole with its addresses
 *
 * One for a host is made if any of its addresses is among the networks.
 */
bool firewall_grants(const struct firewall_rules *rules, const struct firewall_hole *hole);

/**
 * firewall_nft() - write the commands that make holes, and close all others
 * @rules: the rules
 * @holes: all holes, with their addresses
 * @n: how many
 * @file: where to
 */
void firewall_nft(const struct firewall_rules *rules, const struct firewall_hole *holes, size_t n,
		  FILE *file);

/* The policies of firewalld: [set][out]; NULL where there is none. */
extern const char *const firewall_policies[FIREWALL_SETS][2];

/**
 * firewall_rich() - the same as rich rules of firewalld, one a line
 * @rules: the rules; firewalld knows no users
 * @holes: all holes, with their addresses
 * @n: how many
 * @set: of this rule set
 * @out: what leaves the host, or what comes in
 * @file: where to
 */
void firewall_rich(const struct firewall_rules *rules, const struct firewall_hole *holes, size_t n,
		   enum firewall_set set, bool out, FILE *file);

#endif
