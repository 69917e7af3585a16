/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection between two hosts that hand a guest over.  TLS is spoken, and the
 * other host judged, by a process that may do nothing else: who breaks into it
 * has not broken into the one that configures the module.
 *
 *	other host <--TLS--> porter <--a pair of sockets--> vserialctl
 *
 * The porter has read its key before it gave up what it was.  It passes nothing
 * on before the other host has proved who it is.
 */
#ifndef VSERIALCTL_PORTER_H
#define VSERIALCTL_PORTER_H

#include <stddef.h>
#include <sys/types.h>

#include "conf.h"

#define PORTER_WHY_MAX 512

/**
 * struct porter - the connection
 * @fd: what goes through it, a stream; -1 once it has ended
 * @pid: the process
 * @who: how the connection is encrypted, and the name of the other host
 */
struct porter {
	int fd;
	pid_t pid;
	char who[256];
};

/**
 * porter_dial() - call another host
 * @porter: receives the connection
 * @host: the name that its certificate has to have, or address
 * @port: where it listens; 0: where the settings say
 * @conf: the settings: whom this host runs as, its certificate and authorities
 * @ms: how long that may take, in all but the resolver
 * @why: receives a sentence, of PORTER_WHY_MAX bytes, on failure
 *
 * Return: 0; the caller ends with porter_end().  Or -1.
 */
int porter_dial(struct porter *porter, const char *host, unsigned int port,
		const struct conf *conf, unsigned int ms, char *why);

/**
 * porter_admit() - have another host in that has called
 * @porter: receives the connection
 * @fd: the socket, which belongs to the porter then, also on failure
 * @conf: as porter_dial(); and who may come, and how long that may take
 * @why: receives a sentence, of PORTER_WHY_MAX bytes, on failure
 *
 * Return: as porter_dial().
 */
int porter_admit(struct porter *porter, int fd, const struct conf *conf, char *why);

/** porter_end() - end a connection; again is fine.  What was written still reaches it. */
void porter_end(struct porter *porter);

#endif
