/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings of a guest and its ports that go to another host, and whether they
 * may.  Pure code.
 */
#ifndef VSERIALCTL_SETTINGS_H
#define VSERIALCTL_SETTINGS_H

#include <stddef.h>

#include "ctl.h"
#include "object.h"

/**
 * struct settings - what another host says of a guest
 * @guest: the guest
 * @ports: its ports
 * @n: how many
 *
 * The rest is private: requests that make them, in this order.
 */
struct settings {
	struct guest guest;
	struct port ports[VSERIAL_PORTS_PER_GUEST];
	size_t n;

	struct ctl ctl;
	struct vnl_replies made;
};

/** settings_write() - the commands that make a guest and its ports; the caller frees them. */
char *settings_write(const struct guest *guest, const struct port *ports, size_t n);

/**
 * settings_read() - read such commands, a stranger's
 * @text: them; nothing but what settings_write() writes is taken
 * @settings: receives them; the caller ends with settings_free() also on failure
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -1.
 */
int settings_read(const char *text, struct settings *settings, char *why, size_t size);

/** settings_free() - free what settings_read() made. */
void settings_free(struct settings *settings);

/**
 * settings_agree() - whether a port is here what it was there
 * @there: the port, as another host says
 * @here: the port of the same name
 * @why: receives a sentence, of at most @size bytes, if not
 *
 * Logs, and the names of capture files, are each host's own.
 *
 * Return: 0 or -1.
 */
int settings_agree(const struct port *there, const struct port *here, char *why, size_t size);

/**
 * settings_may_create() - whether a port may be made as another host says
 * @there: the port
 * @why: receives a sentence, of at most @size bytes, if not
 *
 * No other host chooses a file, a socket in the file system or a UART.
 *
 * Return: 0 or -1.
 */
int settings_may_create(const struct port *there, char *why, size_t size);

/**
 * settings_may_leave() - whether all ports of a guest can go to another host
 * @guest: its name
 * @ports: all ports of this host
 * @n: how many
 * @why: receives a sentence, of at most @size bytes, if not
 *
 * Return: 0 or -1.
 */
int settings_may_leave(const char *guest, const struct port *ports, size_t n, char *why,
		       size_t size);

#endif
