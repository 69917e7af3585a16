/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A virtual machine's side of a connection to a concentrator.
 *
 * Pure code: bytes of the network and the time go in, bytes of the port and
 * of the network come out.  Nothing that a concentrator does or leaves out
 * makes it wait for ever, and output of the port is taken only when all of it
 * will arrive.
 */
#ifndef HELPER_VSPC_VM_H
#define HELPER_VSPC_VM_H

#include "com_client.h"
#include "outbox.h"
#include "telnet.h"
#include "vspc.h"

/* The longest message of a concentrator that is understood. */
#define VSPC_VM_SUB_MAX	600u
/* A sequence and the concentrator's secret. */
#define VSPC_BLOB_MAX	256u

/**
 * struct vspc_identity - what a concentrator is told
 * @name: the virtual machine's
 * @vc_uuid: its instance UUID
 * @bios_uuid: its BIOS UUID
 * @location_uuid: its location UUID
 * @direction: VSPC_PROXY_SERVER or VSPC_PROXY_CLIENT
 * @service: the URI of the service
 */
struct vspc_identity {
	const char *name;
	uint8_t vc_uuid[VSPC_UUID_SIZE];
	uint8_t bios_uuid[VSPC_UUID_SIZE];
	uint8_t location_uuid[VSPC_UUID_SIZE];
	char direction;
	const char *service;
};

/**
 * struct vspc_times - how long is waited, in milliseconds
 * @auth: for an answer to our offer of AUTHENTICATION
 * @option: for an answer to our offer of the option
 * @proxy: for WILL-PROXY or VMOTION-PEER-OK
 * @settle: for more questions, behind that and behind each
 * @vmotion: for an answer to VMOTION-BEGIN
 */
struct vspc_times {
	uint32_t auth;
	uint32_t option;
	uint32_t proxy;
	uint32_t settle;
	uint32_t vmotion;
};

extern const struct vspc_times vspc_times_default;

/**
 * enum vspc_tls - how the connection is encrypted
 * @VSPC_TLS_NONE: not at all
 * @VSPC_TLS_POSSIBLE: if the concentrator has TLS in AUTHENTICATION
 * @VSPC_TLS_REQUIRED: in that way, or there is no connection
 * @VSPC_TLS_ALREADY: from its first byte
 */
enum vspc_tls {
	VSPC_TLS_NONE,
	VSPC_TLS_POSSIBLE,
	VSPC_TLS_REQUIRED,
	VSPC_TLS_ALREADY,
};

/**
 * enum vspc_vm_state - how far it is
 * @VSPC_VM_AUTH: AUTHENTICATION is offered
 * @VSPC_VM_TLS: when @out is written TLS is next, then vspc_vm_encrypted()
 * @VSPC_VM_OPTION: the option is offered
 * @VSPC_VM_PROXY: DO-PROXY or VMOTION-PEER is out
 * @VSPC_VM_SETTLE: it is accepted, and more may be asked
 * @VSPC_VM_PEERED: VMOTION-PEER is accepted; vspc_vm_complete() comes next
 * @VSPC_VM_UP: bytes of the port are taken
 * @VSPC_VM_BEGUN: VMOTION-BEGIN is out
 * @VSPC_VM_MOVING: the concentrator goes ahead, and the blob is there
 * @VSPC_VM_FAILED: it has come to nothing, and vspc_vm.why says why
 */
enum vspc_vm_state {
	VSPC_VM_AUTH,
	VSPC_VM_TLS,
	VSPC_VM_OPTION,
	VSPC_VM_PROXY,
	VSPC_VM_SETTLE,
	VSPC_VM_PEERED,
	VSPC_VM_UP,
	VSPC_VM_BEGUN,
	VSPC_VM_MOVING,
	VSPC_VM_FAILED,
};

/**
 * enum vspc_auth - what became of AUTHENTICATION
 * @VSPC_AUTH_UNUSED: it was not offered, for the connection is encrypted
 * @VSPC_AUTH_REFUSED: DONT AUTHENTICATION came
 * @VSPC_AUTH_ASKED: DO AUTHENTICATION came, and no TLS of it
 * @VSPC_AUTH_TLS: it has led to TLS
 * @VSPC_AUTH_SILENCE: nothing came in time
 */
enum vspc_auth {
	VSPC_AUTH_UNUSED,
	VSPC_AUTH_REFUSED,
	VSPC_AUTH_ASKED,
	VSPC_AUTH_TLS,
	VSPC_AUTH_SILENCE,
};

/**
 * struct vspc_facts - what a concentrator has shown of itself
 * @auth: what became of AUTHENTICATION
 * @spoke_first: it negotiated before we did
 * @known: it has told what it knows
 * @codes: that
 * @asked: what it asked for
 * @asked_late: what of this behind WILL-PROXY
 * @unknown: codes that we do not know, or with parameters that they do not
 *	have
 * @unknown_to_it: codes that it told it does not know
 * @refused: WONT-PROXY came
 * @padded: it added to a sequence that it sent back
 */
struct vspc_facts {
	enum vspc_auth auth;
	bool spoke_first;
	bool known;
	struct vspc_set codes;
	struct vspc_set asked;
	struct vspc_set asked_late;
	struct vspc_set unknown;
	struct vspc_set unknown_to_it;
	bool refused;
	bool padded;
};

/**
 * struct vspc_vm - one connection
 * @state: how far it is
 * @why: in VSPC_VM_FAILED, a sentence
 * @facts: what the concentrator has shown of itself
 * @out: what is to be written to the network
 * @deadline: when vspc_vm_tick() is needed, in milliseconds; 0: never
 * @blob: sequence and secret of a hand-over
 * @blob_len: how many bytes
 * @sequence_len: how many of them are the sequence
 * @not_now: the concentrator does not take part in the hand-over that was
 *	begun last
 * @telnet: what it is spoken in; its events are taken care of
 * @has_port: the concentrator has a port of its own that we drive (RFC 2217)
 * @port: that port
 *
 * The rest is private.
 */
struct vspc_vm {
	enum vspc_vm_state state;
	const char *why;
	struct vspc_facts facts;
	struct outbox out;
	uint64_t deadline;
	uint8_t blob[VSPC_BLOB_MAX];
	size_t blob_len;
	size_t sequence_len;
	bool not_now;
	struct telnet telnet;
	bool has_port;
	struct com_client port;

	struct com_port_guest guest;
	bool port_offered;
	const struct vspc_identity *identity;
	const struct vspc_times *times;
	enum vspc_tls tls;
	bool tls_begun;
	bool declined;
	bool destination;
	struct vspc_set acknowledged;
	uint8_t sub[VSPC_VM_SUB_MAX];
};

/**
 * vspc_vm_start() - begin, with a connection that has been made
 * @vm: receives its state; the caller ends with vspc_vm_free()
 * @identity: what is told; kept by the caller as long as the connection
 * @times: how long is waited; kept likewise
 * @tls: how it is encrypted
 * @now: the time, in milliseconds
 */
void vspc_vm_start(struct vspc_vm *vm, const struct vspc_identity *identity,
		   const struct vspc_times *times, enum vspc_tls tls, uint64_t now);

/**
 * vspc_vm_encrypted() - go on, after a handshake; only in VSPC_VM_TLS
 * @vm: the connection; what it has not taken of the plain text is lost
 * @now: the time, in milliseconds
 */
void vspc_vm_encrypted(struct vspc_vm *vm, uint64_t now);

/**
 * vspc_vm_start_moved() - begin, on the host that a virtual machine moves to
 * @vm: has just been started
 * @blob: sequence and secret, as the source had them
 * @len: how many bytes, up to VSPC_BLOB_MAX
 * @sequence_len: how many of them are the sequence
 */
void vspc_vm_start_moved(struct vspc_vm *vm, const uint8_t *blob, size_t len,
			 size_t sequence_len);

/** vspc_vm_free() - give its memory back. */
void vspc_vm_free(struct vspc_vm *vm);

/**
 * vspc_vm_receive() - take bytes of the network
 * @vm: the connection
 * @now: the time, in milliseconds
 * @from: the bytes
 * @len: how many
 * @to: receives bytes for the port
 * @max: how many there is room for, at least 2
 *
 * It ends early behind an event, where @to is full, where @vm->out has to be
 * written first, or where TLS is next.
 *
 * Return: what came out; the event is TELNET_NOTHING, TELNET_BREAK, or TELNET_COM
 * where @vm->port says something else.
 */
struct telnet_received vspc_vm_receive(struct vspc_vm *vm, uint64_t now, const uint8_t *from,
				       size_t len, uint8_t *to, size_t max);

/** vspc_vm_full() - whether nothing is received until @vm->out is written. */
bool vspc_vm_full(const struct vspc_vm *vm);

/** vspc_vm_tick() - time has passed. */
void vspc_vm_tick(struct vspc_vm *vm, uint64_t now);

/**
 * vspc_vm_send() - put bytes of the port into @vm->out; only in VSPC_VM_UP
 * @vm: the connection
 * @bytes: them
 * @len: how many
 */
void vspc_vm_send(struct vspc_vm *vm, const void *bytes, size_t len);

/** vspc_vm_cable() - how the guest's end of the cable is; in any state. */
void vspc_vm_cable(struct vspc_vm *vm, const struct com_port_guest *guest);

/** vspc_vm_written() - @vm->out is empty: what found no room comes into it now. */
void vspc_vm_written(struct vspc_vm *vm);

/** vspc_vm_send_break() - put a break into @vm->out; only in VSPC_VM_UP. */
void vspc_vm_send_break(struct vspc_vm *vm);

/**
 * vspc_vm_begin() - begin to move away; only in VSPC_VM_UP
 * @vm: the connection
 * @sequence: the hand-over's number, best without a byte 255
 * @len: how many bytes, up to VSPC_BLOB_MAX
 * @now: the time, in milliseconds
 */
void vspc_vm_begin(struct vspc_vm *vm, const uint8_t *sequence, size_t len, uint64_t now);

/** vspc_vm_abort() - stay here after all; only in VSPC_VM_BEGUN and VSPC_VM_MOVING. */
void vspc_vm_abort(struct vspc_vm *vm);

/** vspc_vm_complete() - run here; only in VSPC_VM_PEERED. */
void vspc_vm_complete(struct vspc_vm *vm);

#endif
