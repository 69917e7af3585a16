/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest's state as a file, which goes from one host to another.
 *
 *	"vserial state 1\n"
 *	sections: type and length, 32 bits each, big endian, then so many bytes
 *	    1  the guest and its ports as commands, as save prints them
 *	    2  a port: its index, 32 bits, then its state as the kernel tells it
 *	    3  SHA-256 of all before, its own type and length included; the end
 *
 * Settings come first and once, then each port once.  The checksum finds what was
 * cut off or damaged on its way; it proves nothing about who sent it.
 */
#ifndef VSERIALCTL_STATE_H
#define VSERIALCTL_STATE_H

#include <stdint.h>
#include <stdio.h>

#include <linux/vserial.h>

/* The longest settings, and the longest state of a port, that are read. */
#define STATE_SETTINGS_MAX	(1u << 20)
#define STATE_PORT_MAX		(32u << 20)

/**
 * struct state_port - a port's state
 * @index: the port's number in its guest
 * @bytes: what the kernel told, from malloc()
 * @len: how many
 */
struct state_port {
	uint32_t index;
	uint8_t *bytes;
	size_t len;
};

/**
 * struct state - a guest's state
 * @settings: the commands that make guest and ports, one a line, from malloc()
 * @ports: in the order they are sent
 * @n: how many
 * @unread: input in it that the guest has yet to read, when it was taken here; not
 *	written
 */
struct state {
	char *settings;
	struct state_port ports[VSERIAL_PORTS_PER_GUEST];
	size_t n;
	uint64_t unread;
};

/** state_write() - write a state; errors stay with @file. */
void state_write(FILE *file, const struct state *state);

/**
 * state_read() - read a state up to the end of a file
 * @file: the file, of which nothing is believed
 * @state: receives it; the caller ends with state_free() also on failure
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -1.
 */
int state_read(FILE *file, struct state *state, char *why, size_t size);

/** state_free() - free what is in a state, and empty it. */
void state_free(struct state *state);

#endif
