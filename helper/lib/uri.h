/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backing specifications that the daemon serves:
 *
 *	tcp: tcp4: tcp6: ssl: tcp+ssl: tcp4+ssl: tcp6+ssl: telnet: telnets:
 *	vsock: //[HOST]:PORT[#KEY[=VALUE][&KEY[=VALUE]]...]
 *	pipe:NAME#far=application[&near=server|client]
 *	ipp: ipps: //HOST[:PORT][/PATH][#KEY[=VALUE]...]
 *	socket: //HOST[:PORT]
 *
 * Pure code: reads a string, opens and resolves nothing.  The kernel judges
 * the others (null, loopback, file, uart, pipe with far=guest).
 */
#ifndef HELPER_URI_H
#define HELPER_URI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "access.h"

/* The longest name of a host, as DNS has it. */
#define URI_HOST_MAX	253
/* The longest path of a Unix socket, as bind(2) has it. */
#define URI_PATH_MAX	107
/* Enough for any reason of a refusal. */
#define URI_WHY_MAX	512
/* Where a pipe's name without a '/' stands. */
#define URI_PIPE_FOLDER	"/run/vserial/pipe/"

enum uri_kind {
	URI_TCP,
	URI_TELNET,
	URI_VSOCK,
	URI_PIPE,
	URI_PRINTER,
};

/**
 * struct uri - a specification that was understood
 * @kind: what it is
 * @scheme: as the contract writes it, a constant
 * @family: AF_UNSPEC, or the one address family of tcp4 and tcp6
 * @tls: encrypted from the first byte
 * @host: a name, an IPv4 address, an IPv6 address without brackets, or a
 *	vsock CID; "" if none is given
 * @port: the port
 * @client: a pipe that connects to a socket instead of making it
 * @path: a pipe's path
 * @resource: an IPP printer's path on its host, or NULL
 * @format: the media type of what it is to print, or NULL
 * @thumbprint: of the peer's certificate, hexadecimal digits alone; or NULL
 * @peer_name: the name its certificate has to have, or NULL
 * @cipher_list: ciphers allowed, or NULL
 * @verify: check its certificate against the known CAs
 * @allow: who may connect to a listener
 */
struct uri {
	enum uri_kind kind;
	const char *scheme;
	int family;
	bool tls;
	char host[URI_HOST_MAX + 1];
	uint32_t port;
	bool client;
	char path[URI_PATH_MAX + 1];
	char *resource;
	char *format;
	char *thumbprint;
	char *peer_name;
	char *cipher_list;
	bool verify;
	struct access_list allow;
};

/**
 * uri_parse() - understand a specification
 * @spec: the specification
 * @uri: receives it, to be freed with uri_free(), on success
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0; -EINVAL if it breaks a rule; -ENOTSUP if it is one that the
 * kernel judges.
 */
int uri_parse(const char *spec, struct uri *uri, char *why, size_t size);

/**
 * uri_parse_as() - as uri_parse(), of what is not called a backing
 * @role: what it is called: sentences begin with that
 * @spec: the specification
 * @uri: as for uri_parse()
 * @why: as for uri_parse()
 * @size: of @why
 *
 * Return: as uri_parse().
 */
int uri_parse_as(const char *role, const char *spec, struct uri *uri, char *why, size_t size);

/**
 * uri_parse_proxy() - understand the URI of a concentrator
 * @role: what it is called
 * @spec: the URI
 * @uri: as for uri_parse()
 * @why: as for uri_parse()
 * @size: of @why
 *
 * Return: 0 or -EINVAL.
 */
int uri_parse_proxy(const char *role, const char *spec, struct uri *uri, char *why, size_t size);

/**
 * uri_check() - judge a specification before it is sent to the kernel
 * @spec: any specification
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0, also for one that the kernel judges; or -EINVAL.
 */
int uri_check(const char *spec, char *why, size_t size);

/** uri_free() - free what uri_parse() made. */
void uri_free(struct uri *uri);

#endif
