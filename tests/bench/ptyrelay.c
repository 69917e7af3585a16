// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ptyrelay: a tty on a TCP port, with the least that does it
 *
 * What any program has to do that stands between a VMM's pty and the network:
 * wait, read and write, each way.  It has no history, no second viewer, no
 * retry and no rights to check; who does those costs more.
 *
 * usage: ptyrelay TTY PORT
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int accept_one(unsigned short port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int s = socket(AF_INET, SOCK_STREAM, 0), on = 1, fd;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) || listen(s, 1))
		fail("listen");
	fd = accept(s, NULL, NULL);
	if (fd < 0)
		fail("accept");
	setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
	close(s);
	return fd;
}

/* Return: whether there may be more. */
static bool move(int from, int to)
{
	static char bytes[1 << 16];
	ssize_t n = read(from, bytes, sizeof(bytes)), at, r;

	for (at = 0; at < n; at += r) {
		r = write(to, bytes + at, (size_t)(n - at));
		if (r < 0)
			return false;
	}
	return n > 0;
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };
	struct termios t;

	if (argc != 3) {
		fputs("usage: ptyrelay TTY PORT\n", stderr);
		return 2;
	}
	fds[0].fd = open(argv[1], O_RDWR | O_NOCTTY);
	if (fds[0].fd < 0 || tcgetattr(fds[0].fd, &t))
		fail(argv[1]);
	cfmakeraw(&t);
	tcsetattr(fds[0].fd, TCSANOW, &t);
	fds[1].fd = accept_one((unsigned short)strtoul(argv[2], NULL, 10));
	while (poll(fds, 2, -1) > 0) {
		if (fds[0].revents && !move(fds[0].fd, fds[1].fd))
			break;
		if (fds[1].revents && !move(fds[1].fd, fds[0].fd))
			break;
	}
	return 0;
}
