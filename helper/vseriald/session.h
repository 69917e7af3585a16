/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One backing: what stands at the far end of a port while it is connected.
 *
 * Output comes by session_output(), goes into the ring and from there to
 * every peer; the peer whose host has most of it says what is settled.  Input
 * comes from the peer that the kernel calls the writer.  The kernel calls
 * through dispatch.c, the network through listener, dialer and peers.
 */
#ifndef VSERIALD_SESSION_H
#define VSERIALD_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "backoff.h"
#include "daemon.h"
#include "input.h"
#include "kport.h"
#include "peer.h"
#include "ring.h"
#include "transport.h"
#include "uri.h"
#include "vspc_vm.h"

/**
 * struct backing - a backing as the kernel tells of it
 * @id: its number
 * @guest: the guest's name
 * @index: the port's index
 * @spec: what to serve
 * @proxy: the concentrator that is dialled, for which @spec is the service, or ""
 * @uuid: the guest's BIOS UUID, or NULL
 * @vc_uuid: its instance UUID, or NULL
 * @location_uuid: its location UUID, or NULL
 * @endpoint: enum vserial_endpoint
 * @max_clients: peers at a time
 * @idle_timeout: seconds without a byte after which a peer has to go, 0: never
 * @owned: the guest has an owner
 * @uid: the owner
 * @gid: the owner's group
 * @power: the guest has the port open
 * @offset: of the first byte of output that is not settled
 * @end: offset behind the last byte written, where @has_end
 * @input: offset of the next byte of input
 * @cable: the guest's end of it
 * @migration: enum vserial_migration, while the port is held
 * @handover: enum vserial_handover, what its concentrator is asked
 * @migration_limit: after how long the migration ends by itself, in milliseconds
 * @blob: sequence and secret of a hand-over that the guest comes by, or NULL
 * @blob_len: how many bytes
 * @sequence_len: how many of them are the sequence
 */
struct backing {
	uint32_t id;
	const char *guest;
	uint32_t index;
	const char *spec;
	const char *proxy;
	const uint8_t *uuid;
	const uint8_t *vc_uuid;
	const uint8_t *location_uuid;
	uint32_t endpoint;
	uint32_t max_clients;
	uint32_t idle_timeout;
	bool owned;
	uint32_t uid;
	uint32_t gid;
	bool power;
	uint64_t offset;
	bool has_end;
	uint64_t end;
	uint64_t input;
	struct com_port_guest cable;
	uint32_t migration;
	uint32_t handover;
	uint32_t migration_limit;
	const uint8_t *blob;
	size_t blob_len;
	size_t sequence_len;
};

/**
 * enum session_flow - whether the kernel sends output
 * @FLOW_OFF: no
 * @FLOW_ON: yes
 * @FLOW_STOPPING: what still comes was sent before it was told to stop
 */
enum session_flow {
	FLOW_OFF,
	FLOW_ON,
	FLOW_STOPPING,
};

/**
 * struct session - a backing that is served
 * @list: dispatch.c's, of all
 * @port: what its requests to the kernel are about
 * @daemon: the process
 * @power: the guest has the port open
 * @server: listen; otherwise dial
 * @max_clients: peers at a time
 * @idle_timeout: in seconds, 0: none
 * @cable: the guest's end of it
 * @uri: the specification; with @service that of the concentrator
 * @service: behind a concentrator, what it is told; or NULL
 * @identity: what it is told besides
 * @migration: enum vserial_migration, while the port is held
 * @handover: what the concentrator has said, enum vserial_handover, and what it
 *	was not asked yet is VSERIAL_HANDOVER_NONE
 * @migration_limit: how long it may take to answer, in milliseconds
 * @blob: sequence and secret by which the guest comes here, or NULL
 * @blob_len: how many bytes
 * @sequence_len: how many of them are the sequence
 * @decided: it is to be told that the guest is here
 * @arrived: that has been done
 * @parting: the guest has been let go of, and so are peers
 * @answer_timer: ends the waiting for the concentrator, or looks at any other peer
 * @parting_timer: looks whether all that peers had sent has been read
 * @settle_by: until when that has to take what is on its way, or to hang up, in milliseconds
 * @meeting: a connection to it that it has not accepted yet, or NULL
 * @digest: what stands for it when connections are handed over
 * @place: what is listened on or dialled
 * @ops: the kind of connection, NULL if the specification cannot be served
 * @tls: what peers have to prove, NULL where there is no TLS
 * @flow: whether the kernel sends output
 * @asked: how many reports it has yet to confirm
 * @settled: the offset up to which output has been delivered
 * @ring: output on its way
 * @peers: the connections
 * @n_peers: how many
 * @input: what a peer sent
 * @input_break: and a break behind that
 * @passing: the writer has left, and the kernel has yet to say who is the next
 * @listener: of a server that listens
 * @lookup: of the name a server is to listen on
 * @dialer: of a client while the guest is on
 * @printer: the specification of a printer, or NULL
 * @print: what makes jobs for it, NULL until the spool is open
 * @spooled: of a printer: up to which position of @ring it has output
 * @ending: a job of it ends at offset @end
 * @retry: when a server tries again to listen, or a printer to open the spool
 * @backoff: for @retry
 * @settle_timer: looks whether more has been delivered
 * @settle_wait: its delay, in microseconds
 * @idle_timer: looks for peers that were silent too long
 * @leave_timer: ends @leaving
 * @leaving: the guest is off, the peer is given what is left
 * @end: where the output ends that @leaving or @ending waits for
 * @fault: VSERIAL_STATE_*_ERROR, or 0
 * @why: the sentence that belongs to @fault
 * @told_state: what has been reported last, and
 * @told_why: its reason, and
 * @told_peer: its peer, and
 * @told_has_lines: whether that drives lines, and
 * @told_lines: which
 */
struct session {
	TAILQ_ENTRY(session) list;

	struct kport_backing port;
	struct daemon *daemon;
	bool power;
	bool server;
	uint32_t max_clients;
	uint32_t idle_timeout;
	struct com_port_guest cable;

	struct uri uri;
	char *service;
	struct vspc_identity identity;
	uint32_t migration;
	uint32_t handover;
	uint32_t migration_limit;
	uint8_t *blob;
	size_t blob_len;
	size_t sequence_len;
	bool decided;
	bool arrived;
	bool parting;
	sd_event_source *answer_timer;
	sd_event_source *parting_timer;
	uint64_t settle_by;
	struct meeting *meeting;
	uint32_t digest;
	struct place place;
	const struct transport_ops *ops;
	struct tls_rules *tls;

	enum session_flow flow;
	uint32_t asked;
	uint64_t settled;
	struct ring ring;
	struct peer_list peers;
	uint32_t n_peers;
	struct input input;
	bool input_break;
	bool passing;

	struct listener *listener;
	struct lookup *lookup;
	struct dialer *dialer;
	char *printer;
	struct print_port *print;
	uint64_t spooled;
	bool ending;
	sd_event_source *retry;
	struct backoff backoff;

	sd_event_source *settle_timer;
	uint64_t settle_wait;
	sd_event_source *idle_timer;
	sd_event_source *leave_timer;
	bool leaving;
	uint64_t end;

	uint32_t fault;
	char why[TRANSPORT_WHY_MAX];
	uint32_t told_state;
	char *told_why;
	char *told_peer;
	bool told_has_lines;
	uint32_t told_lines;
};

/** session_new() - serve a backing. */
struct session *session_new(struct daemon *daemon, const struct backing *backing);

/** session_update() - its guest's power or its settings have changed. */
void session_update(struct session *session, const struct backing *backing);

/** session_reload() - certificates are to be read again; connections stay. */
void session_reload(struct session *session);

/**
 * session_end() - let go of it
 * @session: the backing; freed
 * @report: tell the kernel, which waits for that
 */
void session_end(struct session *session, bool report);

/** session_keep() - as session_end(), but leave its connections to another daemon. */
void session_keep(struct session *session);

/** session_name() - "GUEST/INDEX", for logs; until it is called again. */
const char *session_name(const struct session *session);

/** session_output() - the guest wrote @len bytes, of which the first has @offset. */
void session_output(struct session *session, uint64_t offset, const void *bytes, size_t len);

/** session_break() - the guest sent a break in front of the byte with @offset. */
void session_break(struct session *session, uint64_t offset);

/** session_room() - the guest has room; it wants input from @offset on. */
void session_room(struct session *session, uint64_t offset);

/** session_refused() - the guest had no room for all that was sent. */
void session_refused(struct session *session);

/** session_answered() - unless it was refused, all that was sent has been taken. */
void session_answered(struct session *session);

/** session_confirmed() - no output comes any more that was sent before the report. */
void session_confirmed(struct session *session);

/**
 * session_resync() - answers were lost: ask again
 * @session: the backing
 *
 * Of output nothing is lost: what the socket has no room for stays where it is.
 */
void session_resync(struct session *session);

/**
 * session_announced() - the kernel knows a peer, or refuses it
 * @session: the backing
 * @peer: the peer
 * @id: its number, 0 if it is refused
 * @writer: its input goes to the guest
 * @why: the reason of a refusal
 */
void session_announced(struct session *session, struct peer *peer, uint32_t id, bool writer,
		       const char *why);

/** session_writer() - a peer may write now, or may not any more. */
void session_writer(struct session *session, struct peer *peer, bool writer);

/** session_kicked() - the kernel has ended a peer's session; @why may be "". */
void session_kicked(struct session *session, struct peer *peer, const char *why);

/** session_history() - @len bytes of what was written before a peer came. */
void session_history(struct session *session, struct peer *peer, uint64_t offset,
		     const void *bytes, size_t len);

/** session_history_end() - that was all of it. */
void session_history_end(struct session *session, struct peer *peer);

/** session_turn() - move what can be moved; called once a turn of the loop. */
void session_turn(struct session *session);

#endif
