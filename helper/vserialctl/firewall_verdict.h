/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a ruleset of nftables would drop the first packet of a
 * connection.  What the rules ask for that is not known here (where a packet
 * comes from, marks, limits) may be so or not: a rule that accepts is taken
 * to mean this packet, one that drops is not.  So what is called dropped is.
 * Pure code.
 */
#ifndef VSERIALCTL_FIREWALL_VERDICT_H
#define VSERIALCTL_FIREWALL_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#define VERDICT_CHAIN_MAX 128

/**
 * struct verdict_packet - a packet that begins a TCP connection
 * @out: it leaves the host; otherwise it comes in
 * @v6: it is IPv6
 * @to: where to, as numbers; of one that comes in "" if any address will do
 * @number: the port
 * @uid: of one that leaves: whose it is
 */
struct verdict_packet {
	bool out;
	bool v6;
	const char *to;
	uint16_t number;
	uint32_t uid;
};

/**
 * verdict_drops() - does it get through?
 * @ruleset: as `nft -j list ruleset` prints it
 * @packet: the packet
 * @chain: receives the chain that drops it, "FAMILY TABLE CHAIN"
 *
 * Return: whether it is dropped.
 */
bool verdict_drops(const json_t *ruleset, const struct verdict_packet *packet,
		   char chain[VERDICT_CHAIN_MAX]);

#endif
