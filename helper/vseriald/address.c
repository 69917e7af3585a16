// SPDX-License-Identifier: GPL-2.0-or-later
/* Addresses of sockets. */
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "address.h"

/* Of an IPv6 address the part that a customer has for himself is the rest. */
#define NET6_BYTES 8

static const char *inet_text(const struct address *address, char text[ADDRESS_TEXT])
{
	struct address plain = *address;
	char host[ADDRESS_TEXT - 16], port[8];

	/* An IPv4 peer of an IPv6 socket is shown as what it is. */
	if (address->sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&address->in6.sin6_addr)) {
		plain = (struct address){ .len = sizeof(plain.in) };
		plain.in.sin_family = AF_INET;
		plain.in.sin_port = address->in6.sin6_port;
		memcpy(&plain.in.sin_addr, address->in6.sin6_addr.s6_addr + 12, 4);
	}
	if (getnameinfo(&plain.sa, plain.len, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(text, ADDRESS_TEXT, "unknown");
	else
		snprintf(text, ADDRESS_TEXT, plain.sa.sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s",
			 host, port);
	return text;
}

const char *address_text(const struct address *address, char text[ADDRESS_TEXT])
{
	switch (address->sa.sa_family) {
	case AF_INET:
	case AF_INET6:
		return inet_text(address, text);
	case AF_VSOCK:
		snprintf(text, ADDRESS_TEXT, "vsock %u:%u", address->vm.svm_cid,
			 address->vm.svm_port);
		return text;
	case AF_UNIX:
		snprintf(text, ADDRESS_TEXT, "%s", address->un.sun_path);
		return text;
	}
	snprintf(text, ADDRESS_TEXT, "unknown");
	return text;
}

int address_numeric(const char *host, uint16_t port, struct address *address)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;
	char service[8];

	snprintf(service, sizeof(service), "%u", port);
	if (getaddrinfo(host, service, &hints, &found))
		return -1;
	*address = (struct address){ .len = found->ai_addrlen };
	memcpy(&address->storage, found->ai_addr, found->ai_addrlen);
	freeaddrinfo(found);
	return 0;
}

bool address_same_origin(const struct address *a, const struct address *b)
{
	if (a->sa.sa_family != b->sa.sa_family)
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->in.sin_addr.s_addr == b->in.sin_addr.s_addr;
	if (a->sa.sa_family != AF_INET6)
		return true;
	if (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, sizeof(a->in6.sin6_addr));
	return !memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, NET6_BYTES);
}
