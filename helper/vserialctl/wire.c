// SPDX-License-Identifier: GPL-2.0-or-later
/* What two hosts say to each other when one hands a guest over to the other. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#include "memory.h"
#include "patient.h"
#include "wire.h"

int wire_put(int fd, const void *bytes, size_t len, uint64_t end)
{
	const char *at = bytes;
	ssize_t n;

	while (len) {
		n = send(fd, at, len, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return -1;
		if (n < 0 && !patient_wait(fd, POLLOUT, end))
			return -1;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

int wire_say(int fd, uint64_t end, const char *format, ...)
{
	char line[WIRE_LINE_MAX];
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(line, sizeof(line) - 1, format, args);
	va_end(args);
	len = strlen(line);
	line[len] = '\n';
	return wire_put(fd, line, len + 1, end);
}

/* Return: how many bytes came, or -1; 0 at the end. */
static ssize_t get_some(int fd, char *bytes, size_t len, uint64_t end)
{
	ssize_t n;

	do {
		if (!patient_wait(fd, POLLIN, end)) {
			errno = ETIMEDOUT;
			return -1;
		}
		n = recv(fd, bytes, len, MSG_DONTWAIT);
	} while (n < 0 && (errno == EAGAIN || errno == EINTR));
	return n;
}

int wire_get(int fd, char line[WIRE_LINE_MAX], uint64_t end)
{
	size_t len = 0;

	/* One by one: what is behind the line is somebody else's to read. */
	while (len < WIRE_LINE_MAX && get_some(fd, line + len, 1, end) == 1) {
		if (line[len] == '\n') {
			line[len] = '\0';
			return 0;
		}
		len++;
	}
	return -1;
}

/**
 * struct body - bytes that are read as a file
 * @fd: where they come from
 * @left: how many are to come
 * @end: when patience ends
 */
struct body {
	int fd;
	uint64_t left;
	uint64_t end;
};

static ssize_t read_body(void *cookie, char *bytes, size_t len)
{
	struct body *body = cookie;
	ssize_t n;

	if (!body->left)
		return 0;
	n = get_some(body->fd, bytes, len < body->left ? len : body->left, body->end);
	if (n > 0)
		body->left -= (uint64_t)n;
	return n;
}

static int close_body(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *wire_open(int fd, uint64_t len, uint64_t end)
{
	static const cookie_io_functions_t functions = { .read = read_body, .close = close_body };
	struct body *body = xcalloc(1, sizeof(*body));
	FILE *file;

	*body = (struct body){ .fd = fd, .left = len, .end = end };
	file = fopencookie(body, "r", functions);
	if (!file)
		err(MEMORY_STATUS, "out of memory");
	return file;
}
