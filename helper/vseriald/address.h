/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of sockets. */
#ifndef VSERIALD_ADDRESS_H
#define VSERIALD_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/vm_sockets.h>

/* A name may have more; nobody listens on or dials more. */
#define ADDRESSES_MAX	8
#define ADDRESS_TEXT	160

/**
 * struct address - where a socket is
 * @len: of the one in use
 */
struct address {
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_vm vm;
		struct sockaddr_storage storage;
	};
};

/** struct addresses - where something can be reached */
struct addresses {
	struct address v[ADDRESSES_MAX];
	size_t n;
};

/**
 * address_text() - an address as people write it
 * @address: the address
 * @text: receives "192.0.2.1:80", "[2001:db8::1]:80", a path or "vsock 3:80"
 *
 * Return: @text.
 */
const char *address_text(const struct address *address, char text[ADDRESS_TEXT]);

/**
 * address_numeric() - read an IPv4 or IPv6 address
 * @host: the address, without brackets, perhaps with a zone
 * @port: of TCP
 * @address: receives it
 *
 * Return: 0, or -1 if it is none.
 */
int address_numeric(const char *host, uint16_t port, struct address *address);

/** address_same_origin() - whether two peers are as good as one: the network of an IPv6 address */
bool address_same_origin(const struct address *a, const struct address *b);

#endif
