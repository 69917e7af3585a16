/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Service rules as the module tells of them. */
#ifndef VSERIALCTL_RULE_H
#define VSERIALCTL_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "nl.h"

/**
 * struct rule - a service rule, or what a test of them came to
 * @guest: the guest whose rule it is
 * @ranked: it has a rank; a test that no rule decides has none
 * @rank: its place
 * @action: enum vserial_action
 * @service: enum vserial_service
 * @direction: enum vserial_towards
 * @ported: it is about network ports
 * @port: the first
 * @port_last: the last
 * @has_uid: it is about a user
 * @uid: which
 * @exe: the program it is about, or ""
 * @hits: how often it decided
 *
 * The pointers lead into the message it was read from.
 */
struct rule {
	const char *guest;
	bool ranked;
	uint32_t rank;
	uint32_t action;
	uint32_t service;
	uint32_t direction;
	bool ported;
	uint32_t port;
	uint32_t port_last;
	bool has_uid;
	uint32_t uid;
	const char *exe;
	uint64_t hits;
};

/** rule_read() - take a service rule out of a message; it must live as long. */
void rule_read(const struct vnl_reply *reply, struct rule *rule);

/* The names of enum vserial_service, vserial_action and vserial_towards. */
extern const char *const service_words[];
extern const char *const action_words[];
extern const char *const towards_words[];

/** service_name() - the name of an enum vserial_service. */
const char *service_name(uint32_t service);

/** action_name() - the name of an enum vserial_action. */
const char *action_name(uint32_t action);

/** towards_name() - the name of an enum vserial_towards. */
const char *towards_name(uint32_t towards);

/* Enough for what rule_ports() writes. */
#define RULE_PORTS_TEXT 24

/** rule_ports() - the network ports of a rule that has any, LOW or LOW-HIGH. */
const char *rule_ports(const struct rule *rule, char text[RULE_PORTS_TEXT]);

/** rule_order() - for qsort(): rules by guest, as guest_order(), and rank. */
int rule_order(const void *a, const void *b);

#endif
