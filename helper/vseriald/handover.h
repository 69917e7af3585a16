/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sockets that outlive the daemon: at its end it gives them to the service
 * manager (systemd's descriptor store), which gives them to the next one,
 * with a name that says what each is.
 */
#ifndef VSERIALD_HANDOVER_H
#define VSERIALD_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "address.h"

struct handover;

/**
 * struct handed - a connection that is handed over
 * @guest: the guest's name
 * @index: the port's index
 * @spec: a digest of the backing's specification
 * @offset: of the first byte that the peer has not been given
 * @dialled: we called it
 * @writer: it writes
 * @above: what is spoken above the socket and how that stands, or NULL
 * @above_len: bytes of @above
 */
struct handed {
	const char *guest;
	uint32_t index;
	uint32_t spec;
	uint64_t offset;
	bool dialled;
	bool writer;
	void *above;
	size_t above_len;
};

/**
 * struct handed_input - what a port's peers sent and the guest has not taken
 * @offset: of the first byte; the guest may have taken some of them
 * @bytes: them
 * @len: how many, up to INPUT_MAX
 * @sent_break: a break comes behind them
 */
struct handed_input {
	uint64_t offset;
	char *bytes;
	size_t len;
	bool sent_break;
};

/** handover_digest() - what stands for a specification in struct handed. */
uint32_t handover_digest(const char *spec);

/** handover_new() - take what the service manager kept. */
struct handover *handover_new(void);

/** handover_free() - have nothing kept any more, close what nobody took; NULL is allowed. */
void handover_free(struct handover *handover);

/** handover_pass_on() - as handover_free(), but leave what nobody took to the next daemon. */
void handover_pass_on(struct handover *handover);

/**
 * handover_listener() - take a socket that listens at an address
 * @handover: what was kept; NULL is allowed
 * @at: the address
 *
 * Return: the socket, or -1.
 */
int handover_listener(struct handover *handover, const struct address *at);

/**
 * handover_peer() - take a connection of a port, that of the writer first
 * @handover: what was kept; NULL is allowed
 * @peer: what is looked for: guest, index and specification; receives the
 *	rest, with @above from malloc()
 *
 * Return: the connection, or -1 if there are no more.
 */
int handover_peer(struct handover *handover, struct handed *peer);

/**
 * handover_input() - take what a port's peers had sent and the guest had not taken
 * @handover: what was kept; NULL is allowed
 * @peer: what is looked for, as above
 * @input: receives it, with bytes from malloc()
 *
 * Return: whether there is something.
 */
bool handover_input(struct handover *handover, const struct handed *peer,
		    struct handed_input *input);

/** handover_keep_listener() - have a listening socket kept; it stays the caller's, too. */
void handover_keep_listener(int fd);

/** handover_keep_peer() - have a connection kept; it stays the caller's, too. */
void handover_keep_peer(int fd, const struct handed *peer);

/** handover_keep_input() - have input of a port kept. */
void handover_keep_input(const struct handed *peer, const struct handed_input *input);

#endif
