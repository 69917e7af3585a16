// SPDX-License-Identifier: GPL-2.0-or-later
/* TCP: tcp: tcp4: tcp6: */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

#include "transport.h"

static void add(struct addresses *found, const char *host, uint16_t port, int family)
{
	struct address *address = &found->v[found->n];

	if (found->n < ADDRESSES_MAX && !address_numeric(host, port, address) &&
	    (family == AF_UNSPEC || family == address->sa.sa_family))
		found->n++;
}

static bool addresses(const struct place *place, bool server, struct addresses *found)
{
	const struct uri *uri = place->uri;
	uint16_t port = (uint16_t)uri->port;
	size_t i;

	*found = (struct addresses){ 0 };
	if (*uri->host) {
		add(found, uri->host, port, uri->family);
		return found->n;
	}
	if (!server)
		return true;
	for (i = 0; i < place->conf->n_bind; i++)
		add(found, place->conf->bind[i], port, uri->family);
	if (!place->conf->n_bind)
		/* One socket for both families, unless one of them was asked for. */
		add(found, uri->family == AF_INET ? "0.0.0.0" : "::", port, AF_UNSPEC);
	return true;
}

static int tcp_listen(const struct place *place, const struct address *at, char *why)
{
	static const struct in6_addr any = IN6ADDR_ANY_INIT;
	bool both = place->uri->family == AF_UNSPEC && at->sa.sa_family == AF_INET6 &&
		    !memcmp(&at->in6.sin6_addr, &any, sizeof(any));
	char text[ADDRESS_TEXT];
	struct address four;
	int fd = socket_listen(at, !both);

	/* A machine without IPv6 has IPv4 alone. */
	if (fd == -EAFNOSUPPORT && both &&
	    !address_numeric("0.0.0.0", (uint16_t)place->uri->port, &four))
		fd = socket_listen(&four, false);
	if (fd < 0)
		snprintf(why, TRANSPORT_WHY_MAX, "cannot listen on %s: %s", address_text(at, text),
			 strerror(-fd));
	return fd;
}

static int tcp_dial(const struct place *place, const struct address *to)
{
	(void)place;
	return socket_dial(to);
}

static void tune(int fd, const struct conf *conf)
{
	int on = 1, idle = (int)conf->keepalive_idle, interval = (int)conf->keepalive_interval;
	int count = (int)conf->keepalive_count;
	unsigned int timeout = conf->user_timeout * 1000;

	/* A console's single bytes are not to wait for more. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (idle) {
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
		setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	}
	if (timeout)
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
}

const struct transport_ops transport_tcp = {
	.name = "TCP",
	.addresses = addresses,
	.listen = tcp_listen,
	.dial = tcp_dial,
	.tune = tune,
	.describe = socket_describe,
	.read = socket_read,
	.write = socket_write,
	.unsettled = socket_unsettled,
	.counts_when_broken = true,
};
