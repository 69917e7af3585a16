/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may connect: lists of networks, as in allow=192.0.2.0/24,2001:db8::/32. */
#ifndef HELPER_ACCESS_H
#define HELPER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

/**
 * struct network - an address and how much of it counts
 * @family: AF_INET or AF_INET6
 * @bits: the leading bits that count
 * @address: in network byte order; the bits that do not count are 0
 */
struct network {
	int family;
	unsigned int bits;
	uint8_t address[16];
};

/**
 * struct access_list - the networks whose hosts may connect
 * @networks: them
 * @n: how many; 0: everybody may
 */
struct access_list {
	struct network *networks;
	size_t n;
};

/**
 * access_parse() - read networks, parted by commas
 * @text: ADDRESS[/BITS][,ADDRESS[/BITS]]...; blanks around each are ignored
 * @list: receives them, to be freed with access_free(); empty on failure
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Bits that do not count must be 0: 192.0.2.1/24 is somebody's mistake.
 *
 * Return: 0 or -EINVAL.
 */
int access_parse(const char *text, struct access_list *list, char *why, size_t size);

/**
 * access_allows() - whether a host may connect
 * @list: the networks
 * @from: its address; an IPv4 address written as IPv6 (::ffff:192.0.2.1)
 *	counts as IPv4
 */
bool access_allows(const struct access_list *list, const struct sockaddr *from);

/** access_free() - empty a list. */
void access_free(struct access_list *list);

#endif
