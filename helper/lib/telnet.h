/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Telnet for a serial console (RFC 854, options by RFC 1143): character at a
 * time, 8 bits clean, either side of it.
 *
 * Pure code: bytes of the network go in, bytes of the console come out, and
 * the other way round.  Answers gather in a queue of limited length; where it
 * is full nothing more is taken until the caller has sent it.  So is what a
 * peer may have us remember: an option is a few bits, and a subnegotiation
 * that is longer than any we know is passed over to its end.
 */
#ifndef HELPER_TELNET_H
#define HELPER_TELNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What one byte of the network can cause to be answered, at most. */
#define TELNET_ANSWER_MAX 32u
/* The longest a queue of answers gets. */
#define TELNET_REPLIES_MAX 512u
/* What is remembered of a subnegotiation; NAWS has 9 bytes with its IACs. */
#define TELNET_SUB_MAX 64u
/* The option of RFC 2217; what is in it com_port.h knows. */
#define TELNET_OPT_COM_PORT 44u
/* What is negotiated in a connection's life: a loop with a peer comes to its end. */
#define TELNET_ANSWERS_MAX 1000u
/* What one byte of the console can become. */
#define TELNET_GROWTH 2u

/**
 * enum telnet_role - which side we are
 * @TELNET_SERVER: the console; the peer is somebody's terminal
 * @TELNET_CLIENT: the peer was dialled and offers a console, or records ours
 * @TELNET_VM: the peer is a concentrator that was dialled, and has the vSPC
 *	option; bytes stay as they are, and subnegotiations are told
 * @TELNET_PROXY: we are that concentrator
 */
enum telnet_role {
	TELNET_SERVER,
	TELNET_CLIENT,
	TELNET_VM,
	TELNET_PROXY,
	TELNET_ROLES,
};

/* The options that are ever on, by their place in struct telnet. */
enum telnet_option {
	TELNET_BINARY,
	TELNET_ECHO,
	TELNET_SGA,
	TELNET_NAWS,
	TELNET_AUTH,
	TELNET_VSPC,
	TELNET_COM_PORT,
	TELNET_OPTIONS,
};

/*
 * Private: how an option stands on one side.  Of the states of RFC 1143 those
 * that remain where nothing is ever turned off by us.
 */
enum telnet_q {
	TELNET_Q_NO,
	TELNET_Q_YES,
	TELNET_Q_WANTYES,
};

/* Private: what the next byte of the network is. */
enum telnet_state {
	TELNET_S_DATA,
	TELNET_S_IAC,
	TELNET_S_WILL,
	TELNET_S_WONT,
	TELNET_S_DO,
	TELNET_S_DONT,
	TELNET_S_SUB,
	TELNET_S_SUB_IAC,
};

/**
 * enum telnet_event - what has been received besides bytes
 * @TELNET_NOTHING: nothing
 * @TELNET_BREAK: a break, in its place among the bytes
 * @TELNET_WINDOW: the size of the peer's window, in struct telnet
 * @TELNET_SUB: a subnegotiation, for telnet_sub(): with RFC 2217 on a command of
 *	that, and with a concentrator any
 * @TELNET_COM: telnet_has_com_port() has changed
 */
enum telnet_event {
	TELNET_NOTHING,
	TELNET_BREAK,
	TELNET_WINDOW,
	TELNET_SUB,
	TELNET_COM,
};

/*
 * To be counted up with every change of struct telnet or struct com_port, of
 * which one daemon hands copies to the next; no pointer in them is used then.
 */
#define TELNET_LAYOUT 3u

/**
 * struct telnet - one side of a connection
 * @rows: of the peer's window, 0: not known
 * @columns: of it
 * @negotiated: the peer has said something of an option but AUTHENTICATION
 * @repeated: how often an option was turned on that was on
 * @undoubled: bytes 255 that it did not double in subnegotiations
 *
 * The rest is private.
 */
struct telnet {
	uint16_t rows;
	uint16_t columns;
	bool negotiated;
	unsigned int repeated;
	unsigned int undoubled;

	enum telnet_role role;
	enum telnet_state state;
	bool after_cr;
	bool offered;
	bool held;
	bool held_asked;
	unsigned int answers;
	uint8_t refused;
	uint8_t us[TELNET_OPTIONS];
	uint8_t him[TELNET_OPTIONS];
	uint8_t sub[TELNET_SUB_MAX];
	uint8_t *sub_room;
	size_t sub_max;
	size_t sub_len;
	bool sub_too_long;
	uint8_t replies[TELNET_REPLIES_MAX];
	size_t replies_len;
};

/**
 * telnet_start() - begin
 * @telnet: receives the state of a new connection
 * @role: which side we are
 *
 * A server queues its offers; a client speaks telnet once the peer did, so
 * that one that does not is not disturbed.
 */
void telnet_start(struct telnet *telnet, enum telnet_role role);

/**
 * telnet_start_vspc() - begin, with or as a concentrator
 * @telnet: receives the state of a new connection
 * @role: TELNET_VM or TELNET_PROXY
 * @room: where subnegotiations are kept, as long as the connection
 * @max: the longest that is
 *
 * Nothing is offered yet, and as TELNET_VM the vSPC option is not agreed to
 * before telnet_offer_vspc().
 */
void telnet_start_vspc(struct telnet *telnet, enum telnet_role role, uint8_t *room, size_t max);

/** telnet_offer_vspc() - offer all that the role has, but for AUTHENTICATION. */
void telnet_offer_vspc(struct telnet *telnet);

/** telnet_offer_auth() - as TELNET_VM, offer AUTHENTICATION, and wait with the rest. */
void telnet_offer_auth(struct telnet *telnet);

/** telnet_offer_com_port() - as TELNET_VM, offer to drive a port of the peer (RFC 2217). */
void telnet_offer_com_port(struct telnet *telnet);

/** telnet_refuse() - never agree on an option, although the role has it. */
void telnet_refuse(struct telnet *telnet, enum telnet_option option);

/**
 * enum telnet_stand - how an option stands
 * @TELNET_OFF: it is off
 * @TELNET_ASKED: it has been asked for, and there is no answer
 * @TELNET_ON: it is on
 */
enum telnet_stand {
	TELNET_OFF,
	TELNET_ASKED,
	TELNET_ON,
};

/** telnet_stand() - how an option stands; @us: on our side. */
enum telnet_stand telnet_stand(const struct telnet *telnet, enum telnet_option option, bool us);

/**
 * telnet_sub() - what TELNET_SUB told of
 * @telnet: the connection
 * @len: receives how many bytes there are, at least 1
 *
 * Return: the bytes, the first being the option's number; until
 * telnet_receive().
 */
const uint8_t *telnet_sub(const struct telnet *telnet, size_t *len);

/**
 * struct telnet_received - what telnet_receive() made of its input
 * @consumed: how many bytes of the network were taken
 * @len: how many bytes of the console came out
 * @event: what came behind those bytes
 */
struct telnet_received {
	size_t consumed;
	size_t len;
	enum telnet_event event;
};

/**
 * telnet_receive() - take bytes of the network
 * @telnet: the connection
 * @from: the bytes
 * @len: how many
 * @to: receives bytes of the console
 * @max: how many there is room for
 *
 * It ends where @from or @to does, behind an event, or where the answers have
 * to be sent first: call it again with what was not consumed.
 *
 * Return: what came out.
 */
struct telnet_received telnet_receive(struct telnet *telnet, const uint8_t *from, size_t len,
				      uint8_t *to, size_t max);

/** telnet_has_com_port() - whether the peer may send commands of RFC 2217. */
bool telnet_has_com_port(const struct telnet *telnet);

/**
 * telnet_answer() - queue the answer to an event
 * @telnet: the connection; its event was the last one
 * @bytes: as they go on the wire
 * @len: how many, up to TELNET_ANSWER_MAX
 */
void telnet_answer(struct telnet *telnet, const uint8_t *bytes, size_t len);

/**
 * telnet_subnegotiation() - make one
 * @to: receives it: up to 2 * @len + 4 bytes
 * @body: the option's number and what follows
 * @len: how many
 *
 * Return: how many bytes it has.
 */
size_t telnet_subnegotiation(uint8_t *to, const uint8_t *body, size_t len);

/** telnet_full() - whether nothing is received until answers are sent. */
bool telnet_full(const struct telnet *telnet);

/**
 * telnet_replies() - what is to be sent as soon as possible
 * @telnet: the connection
 * @len: receives how many bytes there are
 *
 * They may stand between any two results of telnet_send().
 *
 * Return: the bytes, until telnet_replied() or telnet_receive().
 */
const uint8_t *telnet_replies(const struct telnet *telnet, size_t *len);

/** telnet_replied() - the first @n of these have been sent. */
void telnet_replied(struct telnet *telnet, size_t n);

/**
 * telnet_send() - make bytes of the network out of those of the console
 * @telnet: the connection
 * @from: bytes of the console
 * @len: how many; receives how many were taken
 * @to: receives bytes of the network
 * @max: how many there is room for
 *
 * Return: how many came out.
 */
size_t telnet_send(const struct telnet *telnet, const uint8_t *from, size_t *len, uint8_t *to,
		   size_t max);

/* A break, to be sent between any two results of telnet_send(). */
extern const uint8_t telnet_break[2];

#endif
