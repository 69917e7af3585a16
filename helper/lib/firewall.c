// SPDX-License-Identifier: GPL-2.0-or-later
/* Holes in the host's firewall. */
#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#include <linux/vserial.h>

#include "firewall.h"

const char *const firewall_names[FIREWALL_SETS] = {
	[FIREWALL_NETWORK] = "network",
	[FIREWALL_VSPC] = "vspc",
};

const char *const firewall_titles[FIREWALL_SETS] = {
	[FIREWALL_NETWORK] = "VM serial port connected over network",
	[FIREWALL_VSPC] = "VM serial port connected to vSPC",
};

static bool is_numeric(const char *host)
{
	struct in6_addr address;

	return inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address) == 1;
}

static bool listens(const struct firewall_port *port, const struct uri *uri)
{
	if (*port->proxy || uri->kind == URI_PRINTER)
		return false;
	return port->endpoint == VSERIAL_ENDPOINT_SERVER ||
	       (port->endpoint == VSERIAL_ENDPOINT_AUTO && !*uri->host);
}

/* What listens does so while it is well; what dials may be dialling while it is not. */
static bool is_active(uint32_t state, bool out)
{
	switch (state) {
	case VSERIAL_STATE_LISTENING:
	case VSERIAL_STATE_CONNECTED:
		return true;
	case VSERIAL_STATE_CONNECTING:
	case VSERIAL_STATE_RECOVERABLE_ERROR:
		return out;
	default:
		return false;
	}
}

bool firewall_hole(const struct firewall_port *port, struct firewall_hole *hole)
{
	char why[URI_WHY_MAX];
	struct uri uri;
	bool needed;
	size_t len;

	if (uri_parse(*port->proxy ? port->proxy : port->backing, &uri, why, sizeof(why)))
		return false;
	*hole = (struct firewall_hole){
		.set = *port->proxy ? FIREWALL_VSPC : FIREWALL_NETWORK,
		.out = !listens(port, &uri),
		.printer = uri.kind == URI_PRINTER,
		.family = uri.family,
		.number = (uint16_t)uri.port,
	};
	snprintf(hole->port, sizeof(hole->port), "%.64s/%" PRIu32, port->guest, port->index);
	hole->active = is_active(port->state, hole->out);
	/* Of a link-local address the zone is nothing to a packet. */
	len = strcspn(uri.host, "%");
	memcpy(hole->host, uri.host, len);
	if (is_numeric(hole->host)) {
		snprintf(hole->addresses[0], sizeof(hole->addresses[0]), "%.*s",
			 INET6_ADDRSTRLEN - 1, hole->host);
		hole->n = 1;
	}
	/* Unix sockets and AF_VSOCK pass no firewall; a dialler without a host dials nobody. */
	needed = uri.kind != URI_PIPE && uri.kind != URI_VSOCK && (!hole->out || *hole->host);
	uri_free(&uri);
	return needed;
}

static bool is_v6(const char *address)
{
	return strchr(address, ':');
}

/* Is an address, as numbers, among the networks? */
static bool is_allowed(const struct access_list *allow, const char *address)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (!allow->n)
		return true;
	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return access_allows(allow, (struct sockaddr *)&in);
	return inet_pton(AF_INET6, address, &in6.sin6_addr) == 1 &&
	       access_allows(allow, (struct sockaddr *)&in6);
}

bool firewall_grants(const struct firewall_rules *rules, const struct firewall_hole *hole)
{
	size_t i;

	if (!rules->on[hole->set])
		return false;
	if (!hole->out)
		return true;
	for (i = 0; i < hole->n; i++)
		if (is_allowed(&rules->allow[hole->set], hole->addresses[i]))
			return true;
	return false;
}

static bool wants(const struct firewall_hole *hole, int family)
{
	return (hole->family == AF_UNSPEC || hole->family == family) &&
	       (!hole->n || is_v6(hole->addresses[0]) == (family == AF_INET6));
}

/* @from: the network that it is for, or NULL for all. */
static void write_in(const struct firewall_rules *rules, const struct firewall_hole *hole,
		     int family, const struct network *from, FILE *file)
{
	const char *protocol = family == AF_INET ? "ip" : "ip6";
	char text[INET6_ADDRSTRLEN];

	if (!wants(hole, family) || (from && from->family != family))
		return;
	fprintf(file, "add rule %s " FIREWALL_IN " meta nfproto %s ", rules->table,
		family == AF_INET ? "ipv4" : "ipv6");
	if (hole->n)
		fprintf(file, "%s daddr %s ", protocol, hole->addresses[0]);
	if (from)
		fprintf(file, "%s saddr %s/%u ", protocol,
			inet_ntop(family, from->address, text, sizeof(text)), from->bits);
	fprintf(file, "tcp dport %u accept comment \"%s\"\n", hole->number, hole->port);
}

static void write_listener(const struct firewall_rules *rules, const struct firewall_hole *hole,
			   FILE *file)
{
	const struct access_list *allow = &rules->allow[hole->set];
	size_t i = 0;

	/* A rule for each network: those of a set must not overlap. */
	do {
		write_in(rules, hole, AF_INET, allow->n ? &allow->networks[i] : NULL, file);
		write_in(rules, hole, AF_INET6, allow->n ? &allow->networks[i] : NULL, file);
	} while (++i < allow->n);
}

static void write_out(const struct firewall_rules *rules, const struct firewall_hole *hole,
		      const char *address, FILE *file)
{
	if (!is_allowed(&rules->allow[hole->set], address))
		return;
	fprintf(file, "add rule %s " FIREWALL_OUT " meta skuid %u %s daddr %s tcp dport %u accept comment \"%s\"\n",
		rules->table, hole->printer ? rules->print_uid : rules->uid,
		is_v6(address) ? "ip6" : "ip", address, hole->number, hole->port);
}

static bool same(const struct firewall_hole *a, const struct firewall_hole *b)
{
	return a->set == b->set && a->out == b->out && a->printer == b->printer &&
	       a->family == b->family && a->number == b->number && !strcmp(a->host, b->host);
}

/* Many ports have the same concentrator. */
static bool is_first(const struct firewall_hole *holes, size_t i)
{
	size_t j;

	for (j = 0; j < i; j++)
		if (holes[j].active && same(&holes[j], &holes[i]))
			return false;
	return true;
}

void firewall_nft(const struct firewall_rules *rules, const struct firewall_hole *holes, size_t n,
		  FILE *file)
{
	size_t i, j;

	/* Both lines of each chain: it may be there, and it may not. */
	fprintf(file, "add table %s\n", rules->table);
	fprintf(file, "add chain %s " FIREWALL_IN "\nadd chain %s " FIREWALL_OUT "\n",
		rules->table, rules->table);
	fprintf(file, "flush chain %s " FIREWALL_IN "\nflush chain %s " FIREWALL_OUT "\n",
		rules->table, rules->table);
	for (i = 0; i < n; i++) {
		if (!holes[i].active || !rules->on[holes[i].set] || !is_first(holes, i))
			continue;
		if (!holes[i].out)
			write_listener(rules, &holes[i], file);
		for (j = 0; holes[i].out && j < holes[i].n; j++)
			write_out(rules, &holes[i], holes[i].addresses[j], file);
	}
}

/* The same in the rich language of firewalld. */

const char *const firewall_policies[FIREWALL_SETS][2] = {
	[FIREWALL_NETWORK] = { "vserial-net-in", "vserial-net-out" },
	[FIREWALL_VSPC] = { NULL, "vserial-vspc-out" },
};

static void rich_in(const struct firewall_hole *hole, int family, const struct network *from,
		    FILE *file)
{
	char text[INET6_ADDRSTRLEN];

	if (!wants(hole, family) || (from && from->family != family))
		return;
	fprintf(file, "rule family=\"%s\"", family == AF_INET ? "ipv4" : "ipv6");
	if (from)
		fprintf(file, " source address=\"%s/%u\"",
			inet_ntop(family, from->address, text, sizeof(text)), from->bits);
	if (hole->n)
		fprintf(file, " destination address=\"%s\"", hole->addresses[0]);
	fprintf(file, " port port=\"%u\" protocol=\"tcp\" accept\n", hole->number);
}

static void rich_out(const struct firewall_rules *rules, const struct firewall_hole *hole,
		     const char *address, FILE *file)
{
	if (is_allowed(&rules->allow[hole->set], address))
		fprintf(file, "rule family=\"%s\" destination address=\"%s\" port port=\"%u\" protocol=\"tcp\" accept\n",
			is_v6(address) ? "ipv6" : "ipv4", address, hole->number);
}

void firewall_rich(const struct firewall_rules *rules, const struct firewall_hole *holes, size_t n,
		   enum firewall_set set, bool out, FILE *file)
{
	const struct access_list *allow = &rules->allow[set];
	size_t i, j;

	for (i = 0; i < n; i++) {
		const struct firewall_hole *hole = &holes[i];

		if (hole->set != set || hole->out != out || !hole->active || !rules->on[set] ||
		    !is_first(holes, i))
			continue;
		for (j = 0; out && j < hole->n; j++)
			rich_out(rules, hole, hole->addresses[j], file);
		for (j = 0; !out && j < (allow->n ? allow->n : 1); j++) {
			rich_in(hole, AF_INET, allow->n ? &allow->networks[j] : NULL, file);
			rich_in(hole, AF_INET6, allow->n ? &allow->networks[j] : NULL, file);
		}
	}
}
