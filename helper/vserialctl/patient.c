// SPDX-License-Identifier: GPL-2.0-or-later
/* Connections of a program that waits for them. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "clock.h"
#include "conn.h"
#include "patient.h"
#include "transport.h"
#include "transport_tls.h"

bool patient_wait(int fd, short events, uint64_t end)
{
	struct pollfd pollfd = { .fd = fd, .events = events };
	uint64_t now;
	int rc;

	do {
		now = clock_ms();
		rc = now < end ? poll(&pollfd, 1, (int)(end - now)) : 0;
	} while (rc < 0 && errno == EINTR);
	return rc > 0;
}

/* Return: 0, or an errno. */
static int connect_to(const struct address *to, unsigned int ms, int *fd)
{
	socklen_t len = sizeof(int);
	int err = 0;

	*fd = socket_dial(to);
	if (*fd < 0)
		return -*fd;
	if (!patient_wait(*fd, POLLOUT, clock_ms() + ms))
		err = ETIMEDOUT;
	else if (getsockopt(*fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err)
		close(*fd);
	return err;
}

int patient_dial(const char *host, unsigned int port, unsigned int ms, char *why, size_t size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *found, *at;
	char number[16], text[ADDRESS_TEXT];
	int rc, fd = -1;

	snprintf(number, sizeof(number), "%u", port);
	rc = getaddrinfo(host, number, &hints, &found);
	if (rc) {
		snprintf(why, size, "cannot find the host %s: %s", host, gai_strerror(rc));
		return -1;
	}
	for (at = found, rc = -1; at && rc; at = at->ai_next) {
		struct address to = { .len = at->ai_addrlen };

		memcpy(&to.storage, at->ai_addr, at->ai_addrlen);
		rc = connect_to(&to, ms, &fd);
		if (rc)
			snprintf(why, size, "cannot connect to %s: %s", address_text(&to, text),
				 strerror(rc));
	}
	freeaddrinfo(found);
	return rc ? -1 : fd;
}

int patient_shake_hands(struct conn *conn, unsigned int ms, char *why, size_t size)
{
	uint64_t end = clock_ms() + ms;
	uint32_t events;
	int rc;

	do {
		rc = tls_handshake(conn, &events);
	} while (rc == -EAGAIN &&
		 patient_wait(conn->fd, events & EPOLLOUT ? POLLOUT : POLLIN, end));
	if (rc)
		snprintf(why, size, "%s", rc == -EAGAIN ?
			 "it did not end the TLS handshake in time" : conn_why(conn, -rc));
	return rc ? -1 : 0;
}

void patient_drop(struct conn *conn)
{
	struct conn *below;
	int fd = conn->fd;

	for (; conn; conn = below) {
		below = conn->below;
		conn->ops->end(conn);
	}
	close(fd);
}
