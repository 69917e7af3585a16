/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /etc/vserial/vseriald.conf; vseriald.conf(5) says what each setting is for. */
#ifndef VSERIALD_CONF_H
#define VSERIALD_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_FILE	"/etc/vserial/vseriald.conf"
#define CONF_SPOOL	"/var/lib/vserial/spool"
#define CONF_BIND_MAX	8
#define CONF_PEERS_MAX	256
#define CONF_WHY_MAX	512

/**
 * struct conf - the settings
 * @user: whom the daemon runs as, "" to stay as it was started
 * @bind: the addresses of listeners whose specification has no host
 * @n_bind: how many; 0: all addresses of the machine
 * @max_clients: peers of all ports together
 * @accept_rate: connections that a port accepts in a second, 0: no limit
 * @viewer_buffer: bytes kept for viewers that are slow, a power of two
 * @connect_timeout: of a dialled connection, in seconds
 * @retry_min: the first wait before dialling again, in milliseconds
 * @retry_max: the longest, in seconds
 * @keepalive_idle: seconds of silence before a peer is asked for, 0: never
 * @keepalive_interval: seconds between such questions
 * @keepalive_count: questions without an answer that end a connection
 * @certificate: that of a TLS server, a file, "" if there is none
 * @key: its private key, "" where it is in the same file
 * @client_certificate: what is shown to TLS servers, "" for none
 * @client_key: its private key
 * @ca: the authorities of TLS servers, a file or a folder, "" for the system's
 * @client_ca: those of clients
 * @auth_timeout: how long telnet waits to hear whether a peer has TLS, in
 *	seconds
 * @handshake_timeout: what a TLS handshake may take, in seconds
 * @handshakes: how many may be under way
 * @handshakes_per_address: how many of these from one address
 * @spool: the folder that print jobs wait in
 * @spool_size: bytes that all jobs together may take
 * @spool_owner: bytes that those of one owner may take
 * @job_size: of a longer job the rest is another
 * @job_idle: milliseconds without a byte behind a form feed that end a job
 * @printers: how many jobs may be on their way at a time
 * @print_user: whom vserial-print runs as, "" for the daemon's
 * @user_timeout: seconds that a peer may leave bytes unacknowledged, 0: the
 *	system's
 * @migrate_certificate: what this host shows to another that it hands a guest to
 *	or is handed one by, a file, "" if it does neither
 * @migrate_key: its private key, "" where it is in the same file
 * @migrate_ca: the authorities of such hosts, a file or a folder
 * @migrate_port: where they listen
 * @migrate_peers: the names of those that may hand guests over to this one
 * @n_migrate_peers: how many; 0: all whom @migrate_ca has issued a certificate
 * @migrate_create: they may have what is missing here made
 */
struct conf {
	char *user;
	char *bind[CONF_BIND_MAX];
	size_t n_bind;
	uint32_t max_clients;
	uint32_t accept_rate;
	uint32_t viewer_buffer;
	uint32_t connect_timeout;
	uint32_t retry_min;
	uint32_t retry_max;
	uint32_t keepalive_idle;
	uint32_t keepalive_interval;
	uint32_t keepalive_count;
	uint32_t user_timeout;
	char *certificate;
	char *key;
	char *client_certificate;
	char *client_key;
	char *ca;
	char *client_ca;
	uint32_t auth_timeout;
	uint32_t handshake_timeout;
	uint32_t handshakes;
	uint32_t handshakes_per_address;
	char *spool;
	uint64_t spool_size;
	uint64_t spool_owner;
	uint64_t job_size;
	uint32_t job_idle;
	uint32_t printers;
	char *print_user;
	char *migrate_certificate;
	char *migrate_key;
	char *migrate_ca;
	uint32_t migrate_port;
	char *migrate_peers[CONF_PEERS_MAX];
	size_t n_migrate_peers;
	bool migrate_create;
};

/** conf_defaults() - the settings of an empty file. */
void conf_defaults(struct conf *conf);

/**
 * struct conf_more - settings that another program has besides these
 * @set: takes one; returns 0; -ENOENT if it has none of that name; or -EINVAL,
 *	and @why, of CONF_WHY_MAX bytes, holds a sentence
 * @arg: for @set
 * @known: the names of all it has, for people
 */
struct conf_more {
	int (*set)(void *arg, const char *name, const char *value, char *why);
	void *arg;
	const char *known;
};

/**
 * conf_read() - read settings over those there are
 * @conf: the settings, complete also on failure
 * @path: the file
 * @more: what else may be in it, or NULL
 * @why: receives a sentence, of at most CONF_WHY_MAX bytes, on failure
 *
 * Return: 0, -ENOENT if there is no such file, another negative errno if it
 * cannot be read, or -EINVAL if it is wrong.
 */
int conf_read(struct conf *conf, const char *path, const struct conf_more *more, char *why);

/** conf_free() - free what the settings hold. */
void conf_free(struct conf *conf);

#endif
