/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Connections of a program that waits for them: what vseriald does on a loop. */
#ifndef VSERIALCTL_PATIENT_H
#define VSERIALCTL_PATIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

/**
 * patient_wait() - wait until a descriptor can be read or written
 * @fd: it
 * @events: POLLIN, POLLOUT
 * @end: when patience ends, as clock_ms() says
 *
 * Return: false if it came to nothing.
 */
bool patient_wait(int fd, short events, uint64_t end);

/**
 * patient_dial() - connect to a host by TCP
 * @host: its name or address
 * @port: its port
 * @ms: how long each of its addresses may take
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: the socket, which blocks nobody, or -1.
 */
int patient_dial(const char *host, unsigned int port, unsigned int ms, char *why, size_t size);

/**
 * patient_shake_hands() - do a whole TLS handshake
 * @conn: a connection whose uppermost layer is TLS
 * @ms: how long it may take
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -1.
 */
int patient_shake_hands(struct conn *conn, unsigned int ms, char *why, size_t size);

/** patient_drop() - close a connection and free it. */
void patient_drop(struct conn *conn);

#endif
