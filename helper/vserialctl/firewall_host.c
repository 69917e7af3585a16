// SPDX-License-Identifier: GPL-2.0-or-later
/* Holes in the host's firewall, whichever that is. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "firewall_host.h"

static void add_address(struct firewall_hole *hole, const struct addrinfo *at)
{
	const void *address = at->ai_family == AF_INET ?
		(const void *)&((const struct sockaddr_in *)at->ai_addr)->sin_addr :
		&((const struct sockaddr_in6 *)at->ai_addr)->sin6_addr;
	char text[INET6_ADDRSTRLEN];
	size_t i;

	/* Without a zone, which is nothing to a packet. */
	if (hole->n == FIREWALL_ADDRESSES ||
	    !inet_ntop(at->ai_family, address, text, sizeof(text)))
		return;
	for (i = 0; i < hole->n; i++)
		if (!strcmp(hole->addresses[i], text))
			return;
	memcpy(hole->addresses[hole->n++], text, sizeof(text));
}

static void resolve(struct firewall_hole *hole)
{
	const struct addrinfo hints = { .ai_family = hole->family, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found, *at;

	if (getaddrinfo(hole->host, NULL, &hints, &found))
		return;
	for (at = found; at; at = at->ai_next)
		add_address(hole, at);
	freeaddrinfo(found);
}

void firewall_resolve(struct firewall_hole *holes, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		if (holes[i].n || !*holes[i].host)
			continue;
		/* Many ports have the same concentrator: its name is looked up once. */
		for (j = 0; j < i; j++)
			if (holes[j].n && !strcmp(holes[j].host, holes[i].host) &&
			    holes[j].family == holes[i].family)
				break;
		if (j == i) {
			resolve(&holes[i]);
			continue;
		}
		memcpy(holes[i].addresses, holes[j].addresses, sizeof(holes[i].addresses));
		holes[i].n = holes[j].n;
	}
}

enum firewall_backend firewall_backend(const struct firewall_conf *conf)
{
	if (conf->backend != FIREWALL_AUTO)
		return conf->backend;
	return firewalld_runs() ? FIREWALL_FIREWALLD : FIREWALL_NFTABLES;
}

static int apply_nftables(const struct firewall_rules *rules, const struct firewall_hole *holes,
			  size_t n, char *why)
{
	char *commands = NULL;
	size_t size;
	FILE *file = open_memstream(&commands, &size);
	int rc;

	if (!file)
		return -ENOMEM;
	firewall_nft(rules, holes, n, file);
	fclose(file);
	rc = nftables_run(commands, why);
	free(commands);
	return rc;
}

static int apply_policy(const struct firewall_rules *rules, const struct firewall_hole *holes,
			size_t n, enum firewall_set set, bool out, char *why)
{
	char *rich = NULL;
	size_t size;
	FILE *file;
	int rc;

	if (!firewall_policies[set][out])
		return 0;
	file = open_memstream(&rich, &size);
	if (!file)
		return -ENOMEM;
	firewall_rich(rules, holes, n, set, out, file);
	fclose(file);
	rc = firewalld_set(firewall_policies[set][out], out, rich, why);
	free(rich);
	return rc;
}

int firewall_apply(enum firewall_backend backend, const struct firewall_rules *rules,
		   const struct firewall_hole *holes, size_t n, char *why)
{
	int rc = 0, set, out;

	if (backend == FIREWALL_NFTABLES)
		return apply_nftables(rules, holes, n, why);
	for (set = 0; set < FIREWALL_SETS && !rc; set++)
		for (out = 0; out < 2 && !rc; out++)
			rc = apply_policy(rules, holes, n, (enum firewall_set)set, out, why);
	return rc;
}
