/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How bytes travel to a peer: the operations of one kind of connection.
 * Everything is non-blocking and belongs to the loop's thread.
 */
#ifndef VSERIALD_TRANSPORT_H
#define VSERIALD_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "address.h"
#include "conf.h"
#include "uri.h"

/* Enough for a sentence with a path in it. */
#define TRANSPORT_WHY_MAX 512

/**
 * struct place - what is to be reached or listened on
 * @uri: the specification
 * @conf: the settings
 * @owned: the guest has an owner
 * @uid: the owner
 * @gid: the owner's group
 */
struct place {
	const struct uri *uri;
	const struct conf *conf;
	bool owned;
	uint32_t uid;
	uint32_t gid;
};

/**
 * struct transport_ops - a kind of connection
 * @name: for reasons, such as "TCP"
 */
struct transport_ops {
	const char *name;

	/**
	 * @addresses: where @place is, if that needs no name to be resolved
	 *
	 * Return: true, with @found filled, perhaps with nothing; false if
	 * @place->uri->host has to be resolved.
	 */
	bool (*addresses)(const struct place *place, bool server, struct addresses *found);

	/**
	 * @listen: make a listening socket
	 *
	 * Return: its descriptor; a negative errno, and @why holds a sentence.
	 */
	int (*listen)(const struct place *place, const struct address *at, char *why);

	/**
	 * @may_keep: whether a listening socket that another daemon made is as @listen would
	 * make it, or NULL: it is
	 */
	bool (*may_keep)(const struct place *place, const struct address *at);

	/** @unlisten: what is left to be done when it has been closed, or NULL. */
	void (*unlisten)(const struct place *place, const struct address *at);

	/**
	 * @dial: begin a connection
	 *
	 * Return: its descriptor, writable when the connection is made or
	 * SO_ERROR tells why not; a negative errno if it could not even begin.
	 */
	int (*dial)(const struct place *place, const struct address *to);

	/** @tune: set up a connection that was made or accepted; or NULL. */
	void (*tune)(int fd, const struct conf *conf);

	/** @describe: who is at the far end of a connection. */
	void (*describe)(int fd, const struct address *to, char text[ADDRESS_TEXT]);

	/**
	 * @read: take bytes
	 *
	 * Return: how many, 0 at the end, or a negative errno: -EAGAIN if there
	 * are none yet.
	 */
	ssize_t (*read)(int fd, void *bytes, size_t len);

	/**
	 * @write: give bytes
	 *
	 * Return: how many were taken, or a negative errno: -EAGAIN if none can
	 * be taken now.
	 */
	ssize_t (*write)(int fd, const struct iovec *iov, int n);

	/**
	 * @unsettled: how many bytes, counted from the last one given to @write,
	 * are not known to have arrived at the peer's host; never too few
	 */
	size_t (*unsettled)(int fd);

	/**
	 * @counts_when_broken: @unsettled is right also when the connection broke;
	 * a Unix socket forgets what its peer had not read (unix_release_sock())
	 */
	bool counts_when_broken;
};

extern const struct transport_ops transport_tcp;
extern const struct transport_ops transport_unix;
extern const struct transport_ops transport_vsock;

/**
 * transport_find() - what serves a specification
 * @uri: the specification
 * @why: receives a sentence, of at most TRANSPORT_WHY_MAX bytes, on failure
 *
 * Return: the operations, or NULL.
 */
const struct transport_ops *transport_find(const struct uri *uri, char *why);

/* What sockets have in common; operations of transports. */
ssize_t socket_read(int fd, void *bytes, size_t len);
ssize_t socket_write(int fd, const struct iovec *iov, int n);
size_t socket_unsettled(int fd);
void socket_describe(int fd, const struct address *to, char text[ADDRESS_TEXT]);

/**
 * socket_listen() - make a listening socket
 * @address: where
 * @v6only: an IPv6 socket takes no IPv4 peers
 *
 * Return: its descriptor, or a negative errno.
 */
int socket_listen(const struct address *address, bool v6only);

/** socket_dial() - begin a connection; returns as transport_ops.dial. */
int socket_dial(const struct address *to);

#endif
