// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists of networks. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "access.h"
#include "memory.h"
#include "number.h"

/* The longest address and its bits, and what tells that a word is longer. */
#define WORD_MAX (INET6_ADDRSTRLEN + sizeof("/128"))

static unsigned int width(int family)
{
	return family == AF_INET ? 32 : 128;
}

/* The mask of byte @i of an address of which @bits count. */
static uint8_t mask(unsigned int bits, unsigned int i)
{
	if (bits >= 8 * (i + 1))
		return 0xff;
	return bits <= 8 * i ? 0 : (uint8_t)(0xff << (8 * (i + 1) - bits));
}

static int parse_network(char *word, struct network *network, char *why, size_t size)
{
	char *slash = strchr(word, '/');
	uint64_t bits;
	unsigned int i;

	*network = (struct network){ 0 };
	if (slash)
		*slash = '\0';
	network->family = strchr(word, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(network->family, word, network->address) != 1) {
		snprintf(why, size, "'%s' is not an IPv4 or IPv6 address", word);
		return -EINVAL;
	}
	bits = width(network->family);
	if (slash && number_parse(slash + 1, bits, &bits)) {
		snprintf(why, size, "the bits '%s' behind %s are not a number from 0 to %u",
			 slash + 1, word, width(network->family));
		return -EINVAL;
	}
	network->bits = (unsigned int)bits;
	for (i = 0; i < width(network->family) / 8; i++)
		if (network->address[i] & ~mask(network->bits, i)) {
			snprintf(why, size, "%s has bits set behind the first %u: it names no network",
				 word, network->bits);
			return -EINVAL;
		}
	return 0;
}

int access_parse(const char *text, struct access_list *list, char *why, size_t size)
{
	char word[WORD_MAX + 1];
	struct network network;

	*list = (struct access_list){ 0 };
	for (;;) {
		size_t len = strcspn(text, ",");
		const char *next = text + len;

		while (len && *text == ' ')
			text++, len--;
		while (len && text[len - 1] == ' ')
			len--;
		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		if (parse_network(word, &network, why, size)) {
			access_free(list);
			return -EINVAL;
		}
		list->networks = xrealloc(list->networks, list->n + 1, sizeof(network));
		list->networks[list->n++] = network;
		if (!*next)
			return 0;
		text = next + 1;
	}
}

static bool contains(const struct network *network, int family, const uint8_t *address)
{
	unsigned int i;

	if (network->family != family)
		return false;
	for (i = 0; i < width(family) / 8; i++)
		if ((address[i] ^ network->address[i]) & mask(network->bits, i))
			return false;
	return true;
}

bool access_allows(const struct access_list *list, const struct sockaddr *from)
{
	int family = from->sa_family;
	const uint8_t *address;
	size_t i;

	if (!list->n)
		return true;
	if (family == AF_INET) {
		address = (const uint8_t *)&((const struct sockaddr_in *)from)->sin_addr;
	} else if (family == AF_INET6) {
		const struct in6_addr *in6 = &((const struct sockaddr_in6 *)from)->sin6_addr;

		address = in6->s6_addr;
		if (IN6_IS_ADDR_V4MAPPED(in6)) {
			family = AF_INET;
			address += 12;
		}
	} else {
		return false;
	}
	for (i = 0; i < list->n; i++)
		if (contains(&list->networks[i], family, address))
			return true;
	return false;
}

void access_free(struct access_list *list)
{
	free(list->networks);
	*list = (struct access_list){ 0 };
}
