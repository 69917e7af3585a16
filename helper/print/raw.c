// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * socket: a job is a TCP connection.
 *
 * The printer has the job when it closes its end after we have closed ours.
 * Some never do: then it counts that its host has acknowledged every byte.
 * A printer without paper reads nothing for hours; it is waited for.
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sockios.h>

#include "order.h"

/* How long a printer is given to answer a call, and to close when it has all. */
#define CONNECT_PATIENCE	30000
#define CLOSE_PATIENCE		60000

/* Return: a connected socket, or -1 with errno set. */
static int connect_to(const struct addrinfo *at)
{
	int fd = socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct pollfd poll_fd = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(int);
	int err = ETIMEDOUT, rc;

	if (fd < 0)
		return -1;
	rc = connect(fd, at->ai_addr, at->ai_addrlen);
	if (rc && errno != EINPROGRESS)
		err = errno;
	else if (!rc)
		err = 0;
	else if (poll(&poll_fd, 1, CONNECT_PATIENCE) > 0)
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len);
	if (!err)
		return fd;
	close(fd);
	errno = err;
	return -1;
}

static int dial(struct order *order)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct addrinfo *found, *at;
	char port[16];
	int fd = -1, rc;

	snprintf(port, sizeof(port), "%u", order->uri.port);
	rc = getaddrinfo(order->uri.host, port, &hints, &found);
	if (rc) {
		order_fails(order, PRINT_AGAIN, "cannot find the printer %.100s: %s",
			    order->uri.host, gai_strerror(rc));
		return -1;
	}
	for (at = found; at && fd < 0; at = at->ai_next)
		fd = connect_to(at);
	if (fd < 0)
		order_fails(order, PRINT_AGAIN, "cannot connect to %.100s port %u: %s",
			    order->uri.host, order->uri.port, strerror(errno));
	freeaddrinfo(found);
	return fd;
}

/* Reads what the printer says, which nobody wants.  Return: 0 at its end, or as recv(2). */
static ssize_t drain(int fd)
{
	char unwanted[4096];
	ssize_t n;

	do {
		n = recv(fd, unwanted, sizeof(unwanted), MSG_DONTWAIT);
	} while (n > 0 || (n < 0 && errno == EINTR));
	return n;
}

/* Sends all of it.  What the printer says meanwhile is read, lest it waits for that. */
static enum print_result send_bytes(struct order *order, int fd, const char *bytes, size_t len)
{
	struct pollfd poll_fd = { .fd = fd };
	bool deaf = false;
	ssize_t n;

	while (len) {
		poll_fd.events = POLLOUT | (deaf ? 0 : POLLIN);
		if (poll(&poll_fd, 1, -1) < 0 && errno != EINTR)
			return order_lost(order, "in the middle of a job", errno);
		errno = 0;
		if (poll_fd.revents & POLLIN)
			/* That it has nothing more to say does not mean that it does not read. */
			deaf = !drain(fd);
		n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return order_lost(order, "in the middle of a job", errno);
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
	return PRINT_DONE;
}

static enum print_result await_end(struct order *order, int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
	int left;
	ssize_t n;

	shutdown(fd, SHUT_WR);
	for (;;) {
		int rc = poll(&poll_fd, 1, CLOSE_PATIENCE);

		errno = 0;
		n = rc > 0 ? drain(fd) : -1;
		if (!n)
			return PRINT_DONE;
		if (rc > 0 && errno != EAGAIN)
			return order_lost(order, "at the end of a job", errno);
		if (rc > 0)
			continue;
		/* All but the end of the connection itself, which counts as a byte. */
		if (!ioctl(fd, SIOCOUTQ, &left) && left <= 1)
			return PRINT_DONE;
	}
}

enum print_result raw_print(struct order *order)
{
	enum print_result result = PRINT_DONE;
	static char bytes[65536];
	int fd = dial(order);
	ssize_t n = 1;

	if (fd < 0)
		return PRINT_AGAIN;
	order_keep_alive(fd);
	while (n > 0 && result == PRINT_DONE) {
		n = order_read(order, bytes, sizeof(bytes));
		if (n < 0)
			result = PRINT_AGAIN;
		else if (n)
			result = send_bytes(order, fd, bytes, (size_t)n);
	}
	if (result == PRINT_DONE)
		result = await_end(order, fd);
	close(fd);
	return result;
}
