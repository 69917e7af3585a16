// SPDX-License-Identifier: GPL-2.0-or-later
/* The kinds of connections, and what their sockets have in common. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "transport.h"

#define BACKLOG 64

const struct transport_ops *transport_find(const struct uri *uri, char *why)
{
	if (uri->kind == URI_TCP || uri->kind == URI_TELNET)
		return &transport_tcp;
	if (uri->kind == URI_PIPE)
		return &transport_unix;
	if (uri->kind == URI_VSOCK)
		return &transport_vsock;
	snprintf(why, TRANSPORT_WHY_MAX, "at %s:// there is a printer alone", uri->scheme);
	return NULL;
}

ssize_t socket_read(int fd, void *bytes, size_t len)
{
	ssize_t n;

	do {
		n = recv(fd, bytes, len, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

ssize_t socket_write(int fd, const struct iovec *iov, int n)
{
	const struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };
	ssize_t sent;

	do {
		sent = sendmsg(fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : sent;
}

size_t socket_unsettled(int fd)
{
	int n;

	/* Sockets that cannot tell (vsock before Linux 6.11) deliver what they took. */
	return ioctl(fd, SIOCOUTQ, &n) || n < 0 ? 0 : (size_t)n;
}

int socket_listen(const struct address *address, bool v6only)
{
	int fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1, only = v6only, rc;

	if (fd < 0)
		return -errno;
	if (address->sa.sa_family == AF_INET || address->sa.sa_family == AF_INET6)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (address->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
	if (!bind(fd, &address->sa, address->len) && !listen(fd, BACKLOG))
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int socket_dial(const struct address *to)
{
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (!connect(fd, &to->sa, to->len) || errno == EINPROGRESS)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

void socket_describe(int fd, const struct address *to, char text[ADDRESS_TEXT])
{
	struct address peer = { .len = sizeof(peer.storage) };

	if (getpeername(fd, &peer.sa, &peer.len))
		peer = *to;
	address_text(&peer, text);
}
