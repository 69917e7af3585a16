// SPDX-License-Identifier: GPL-2.0-or-later
/* The far ends of a backing. */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "kernel.h"
#include "sockets.h"

int dial_unix(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	if (!connect(fd, (struct sockaddr *)&un, sizeof(un)))
		return fd;
	close(fd);
	return -1;
}

bool readable(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

void reads_bytes(int fd, const char *text, size_t len)
{
	char bytes[4096];
	size_t have = 0;
	ssize_t n;

	while (have < len) {
		until(readable(fd));
		n = recv(fd, bytes + have, len - have, 0);
		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(bytes, text, len);
}

void reads(int fd, const char *text)
{
	reads_bytes(fd, text, strlen(text));
}

void reads_end(int fd)
{
	char byte;

	until(readable(fd));
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
}
