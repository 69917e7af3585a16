// SPDX-License-Identifier: GPL-2.0-or-later
/* What vserial-print is to do, and what comes of it. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "order.h"

enum print_result order_fails(struct order *order, enum print_result result, const char *format,
			      ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(order->why, sizeof(order->why), format, args);
	va_end(args);
	return result;
}

enum print_result order_lost(struct order *order, const char *when, int err)
{
	return order_fails(order, PRINT_AGAIN, "the printer %.100s port %u has gone %s: %s",
			   order->uri.host, order->uri.port, when,
			   err ? strerror(err) : "it closed the connection");
}

ssize_t order_read(struct order *order, void *bytes, size_t len)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, bytes, len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		order_fails(order, PRINT_AGAIN, "cannot read the job: %s", strerror(errno));
	return n;
}

void order_keep_alive(int fd)
{
	static const int on = 1, idle = 60, interval = 10, count = 6;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}
