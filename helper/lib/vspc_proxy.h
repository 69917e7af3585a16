/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A concentrator's side of a connection to a virtual machine.
 *
 * Pure code: bytes of the network and the time go in; bytes of the port,
 * events and bytes of the network come out.  Who may have what is decided by
 * the caller.
 */
#ifndef HELPER_VSPC_PROXY_H
#define HELPER_VSPC_PROXY_H

#include "com_port.h"
#include "outbox.h"
#include "telnet.h"
#include "vspc.h"

/* The longest name of a virtual machine, as VMware has it, in UTF-8. */
#define VSPC_NAME_MAX		320u
/* The longest URI of a service. */
#define VSPC_SERVICE_MAX	4095u
/* The longest sequence that a virtual machine may choose. */
#define VSPC_SEQUENCE_MAX	64u
/* The secret behind it. */
#define VSPC_SECRET_SIZE	8u

/**
 * enum vspc_proxy_state - how far it is
 * @VSPC_PROXY_NEW: nobody knows who it is
 * @VSPC_PROXY_ASKED: vspc_proxy_accept() or vspc_proxy_refuse() comes next
 * @VSPC_PROXY_UP: bytes of the port pass
 * @VSPC_PROXY_PEERED: it is the new host's; VMOTION-COMPLETE comes next
 * @VSPC_PROXY_BEGUN: vspc_proxy_go_ahead() or vspc_proxy_not_now() comes next
 * @VSPC_PROXY_MOVING: it is the old host's, and goes ahead
 * @VSPC_PROXY_REFUSED: it got WONT-PROXY, or its like
 */
enum vspc_proxy_state {
	VSPC_PROXY_NEW,
	VSPC_PROXY_ASKED,
	VSPC_PROXY_UP,
	VSPC_PROXY_PEERED,
	VSPC_PROXY_BEGUN,
	VSPC_PROXY_MOVING,
	VSPC_PROXY_REFUSED,
};

/**
 * enum vspc_proxy_event - what came besides bytes
 * @VSPC_PROXY_NOTHING: nothing
 * @VSPC_PROXY_BREAK: a break
 * @VSPC_PROXY_KNOWN: who it is has become known, and what it wants
 * @VSPC_PROXY_BEGIN: it wants to move away; the sequence is there
 * @VSPC_PROXY_COMPLETE: it has moved here
 * @VSPC_PROXY_ABORT: it stays
 * @VSPC_PROXY_CLOSE: nothing good comes of it any more: vspc_proxy.why
 */
enum vspc_proxy_event {
	VSPC_PROXY_NOTHING,
	VSPC_PROXY_BREAK,
	VSPC_PROXY_KNOWN,
	VSPC_PROXY_BEGIN,
	VSPC_PROXY_COMPLETE,
	VSPC_PROXY_ABORT,
	VSPC_PROXY_CLOSE,
};

/**
 * struct vspc_proxy - one connection
 * @state: how far it is
 * @why: of VSPC_PROXY_CLOSE, a sentence
 * @out: what is to be written to the network
 * @deadline: when vspc_proxy_tick() is needed, in milliseconds; 0: never
 * @name: the virtual machine's name, "" if it told none
 * @uuid: its instance UUID, or its BIOS UUID, if @has_uuid
 * @has_uuid: it told one of them
 * @bios: @uuid is the BIOS UUID
 * @direction: VSPC_PROXY_SERVER or VSPC_PROXY_CLIENT
 * @service: the URI it asks for
 * @peer: it asks for the place that @blob names, instead
 * @blob: sequence and secret
 * @blob_len: how many bytes
 * @sequence_len: how many of them are the sequence; in front of
 *	vspc_proxy_accept() that is not known where @peer is set
 * @has_port: the virtual machine drives a port of ours
 * @port: that port
 *
 * The rest is private.
 */
struct vspc_proxy {
	enum vspc_proxy_state state;
	const char *why;
	struct outbox out;
	uint64_t deadline;
	char name[VSPC_NAME_MAX + 1];
	uint8_t uuid[VSPC_UUID_SIZE];
	bool has_uuid;
	bool bios;
	char direction;
	char service[VSPC_SERVICE_MAX + 1];
	bool peer;
	uint8_t blob[VSPC_SEQUENCE_MAX + VSPC_SECRET_SIZE];
	size_t blob_len;
	size_t sequence_len;
	bool has_port;
	struct com_port port;

	struct com_port_guest far;
	struct telnet telnet;
	uint32_t deviations;
	bool wants;
	bool introduced;
	struct vspc_set known;
	struct vspc_set open;
	struct vspc_set acknowledged;
	uint8_t verb;
	uint8_t iac;
	uint8_t sub[VSPC_SERVICE_MAX + 16];
};

/**
 * vspc_proxy_start() - begin, with a connection that was accepted
 * @proxy: receives its state; the caller ends with vspc_proxy_free()
 * @deviations: what it does otherwise, of enum vspc_deviation
 */
void vspc_proxy_start(struct vspc_proxy *proxy, uint32_t deviations);

/** vspc_proxy_free() - give its memory back. */
void vspc_proxy_free(struct vspc_proxy *proxy);

/**
 * struct vspc_proxy_received - what vspc_proxy_receive() made of its input
 * @consumed: how many bytes of the network were taken
 * @len: how many bytes of the port came out
 * @event: what came behind those bytes
 */
struct vspc_proxy_received {
	size_t consumed;
	size_t len;
	enum vspc_proxy_event event;
};

/**
 * vspc_proxy_receive() - take bytes of the network
 * @proxy: the connection
 * @now: the time, in milliseconds
 * @from: the bytes
 * @len: how many
 * @to: receives bytes of the port
 * @max: how many there is room for, at least 2
 *
 * It ends early behind an event, where @to is full, or where @proxy->out has
 * to be written first.  Bytes of the port come out in any state: those before
 * VSPC_PROXY_UP are early.
 */
struct vspc_proxy_received vspc_proxy_receive(struct vspc_proxy *proxy, uint64_t now,
					      const uint8_t *from, size_t len, uint8_t *to,
					      size_t max);

/** vspc_proxy_full() - whether nothing is received until @proxy->out is written. */
bool vspc_proxy_full(const struct vspc_proxy *proxy);

/** vspc_proxy_tick() - time has passed; returns what that brought. */
enum vspc_proxy_event vspc_proxy_tick(struct vspc_proxy *proxy, uint64_t now);

/** vspc_proxy_accept() - answer VSPC_PROXY_KNOWN with yes. */
void vspc_proxy_accept(struct vspc_proxy *proxy);

/** vspc_proxy_refuse() - answer it with no. */
void vspc_proxy_refuse(struct vspc_proxy *proxy);

/**
 * vspc_proxy_go_ahead() - answer VSPC_PROXY_BEGIN with yes
 * @proxy: the connection; its @blob is completed
 * @secret: what only the new host will know
 */
void vspc_proxy_go_ahead(struct vspc_proxy *proxy, const uint8_t secret[VSPC_SECRET_SIZE]);

/** vspc_proxy_not_now() - answer it with no. */
void vspc_proxy_not_now(struct vspc_proxy *proxy);

/** vspc_proxy_stay() - a hand-over it went ahead with has come to nothing. */
void vspc_proxy_stay(struct vspc_proxy *proxy);

/** vspc_proxy_attend() - whether somebody is at the other end of our port. */
void vspc_proxy_attend(struct vspc_proxy *proxy, bool attended);

/** vspc_proxy_send() - put bytes for the port into @proxy->out. */
void vspc_proxy_send(struct vspc_proxy *proxy, const void *bytes, size_t len);

/** vspc_proxy_send_break() - put a break behind them. */
void vspc_proxy_send_break(struct vspc_proxy *proxy);

#endif
