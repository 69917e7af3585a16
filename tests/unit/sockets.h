/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The far ends of a backing, in tests with kernel.h. */
#ifndef TESTS_UNIT_SOCKETS_H
#define TESTS_UNIT_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "loopback.h"

/** dial_unix() - connect to a Unix socket, or -1. */
int dial_unix(const char *path);

/** readable() - whether there is something to read. */
bool readable(int fd);

/** reads_bytes() - the next bytes of a connection are these. */
void reads_bytes(int fd, const char *text, size_t len);

/** reads() - the same for a string. */
void reads(int fd, const char *text);

/** reads_end() - it ends here. */
void reads_end(int fd);

/* The same for literals with any bytes. */
#define READS(fd, text) reads_bytes(fd, text, sizeof(text) - 1)
#define SENDS(fd, text) assert_int_equal(send(fd, text, sizeof(text) - 1, 0), sizeof(text) - 1)

#endif
