// SPDX-License-Identifier: GPL-2.0-or-later
/* Telnet for a serial console. */
#include <string.h>

#include "telnet.h"

/* Commands. */
#define EOF_MARK	236
#define SUSP		237
#define ABORT		238
#define EOR		239
#define SE		240
#define NOP		241
#define DM		242
#define BRK		243
#define IP		244
#define AO		245
#define AYT		246
#define EC		247
#define EL		248
#define GA		249
#define SB		250
#define WILL		251
#define WONT		252
#define DO		253
#define DONT		254
#define IAC		255

/* Options. */
#define OPT_BINARY	0
#define OPT_ECHO	1
#define OPT_SGA		3
#define OPT_TM		6
#define OPT_NAWS	31
#define OPT_AUTH	37
#define OPT_VSPC	232

#define CR		'\r'
#define LF		'\n'

#define NAWS_LEN	4

static const char here[] = "\r\n[vserial: yes]\r\n";

_Static_assert(sizeof(here) <= TELNET_ANSWER_MAX, "an answer has room");

static const uint8_t nothing[2] = { IAC, NOP };

const uint8_t telnet_break[2] = { IAC, BRK };

/*
 * Which options either side may have.  Our echo is a white lie that a
 * terminal has to be told so that it sends keys as they are typed: the guest
 * echoes, or does not.
 */
static const struct option {
	uint8_t code;
	bool us[TELNET_ROLES];	/* server, client, VM, proxy */
	bool him[TELNET_ROLES];
} options[TELNET_OPTIONS] = {
	[TELNET_BINARY] = { OPT_BINARY, { true, true, true, true }, { true, true, true, true } },
	[TELNET_ECHO] = { OPT_ECHO, { true, false, false, true }, { false, true, true, false } },
	[TELNET_SGA] = { OPT_SGA, { true, true, true, true }, { true, true, true, true } },
	[TELNET_NAWS] = { OPT_NAWS, { false }, { true, false, false, false } },
	[TELNET_AUTH] = { OPT_AUTH, { false, false, true, false }, { false } },
	[TELNET_VSPC] = { OPT_VSPC, { false, false, true, false }, { false, false, false, true } },
	[TELNET_COM_PORT] = { TELNET_OPT_COM_PORT, { true, false, true, false },
			      { true, false, false, true } },
};

/* With and as a concentrator a byte is a byte, and a key none of a terminal. */
static bool raw(const struct telnet *telnet)
{
	return telnet->role == TELNET_VM || telnet->role == TELNET_PROXY;
}

/* Answers. */

static void reply(struct telnet *telnet, const void *bytes, size_t len)
{
	memcpy(telnet->replies + telnet->replies_len, bytes, len);
	telnet->replies_len += len;
}

void telnet_answer(struct telnet *telnet, const uint8_t *bytes, size_t len)
{
	reply(telnet, bytes, len);
}

static void command(struct telnet *telnet, uint8_t verb, uint8_t option)
{
	const uint8_t bytes[] = { IAC, verb, option };

	reply(telnet, bytes, sizeof(bytes));
}

bool telnet_full(const struct telnet *telnet)
{
	return telnet->replies_len + TELNET_ANSWER_MAX > TELNET_REPLIES_MAX;
}

const uint8_t *telnet_replies(const struct telnet *telnet, size_t *len)
{
	*len = telnet->replies_len;
	return telnet->replies;
}

void telnet_replied(struct telnet *telnet, size_t n)
{
	telnet->replies_len -= n;
	memmove(telnet->replies, telnet->replies + n, telnet->replies_len);
}

/* Options. */

static const struct option *find_option(uint8_t code)
{
	const struct option *option;

	for (option = options; option < options + TELNET_OPTIONS; option++)
		if (option->code == code)
			return option;
	return NULL;
}

/* Asks for an option; of an answer that is out already nothing is asked. */
static void ask(struct telnet *telnet, enum telnet_option i, bool us)
{
	uint8_t *q = us ? &telnet->us[i] : &telnet->him[i];

	if (*q != TELNET_Q_NO)
		return;
	*q = TELNET_Q_WANTYES;
	command(telnet, us ? WILL : DO, options[i].code);
}

/*
 * The peer wants an option to be on, or says that it is: WILL for its side,
 * DO for ours.  Only changes are answered, never an answer.
 */
static void turned_on(struct telnet *telnet, uint8_t *q, bool wanted, uint8_t verb, uint8_t code)
{
	bool asks = *q == TELNET_Q_NO;

	telnet->repeated += *q == TELNET_Q_YES;
	if (wanted)
		*q = TELNET_Q_YES;
	if (asks)
		command(telnet, verb, code);
}

/* The same for WONT and DONT. */
static void turned_off(struct telnet *telnet, uint8_t *q, uint8_t no, uint8_t code)
{
	bool tells = *q == TELNET_Q_YES;

	*q = TELNET_Q_NO;
	if (tells)
		command(telnet, no, code);
}

/* A dialled peer turned out to speak telnet: what makes it 8 bits clean. */
static void offer_as_client(struct telnet *telnet)
{
	telnet->offered = true;
	ask(telnet, TELNET_BINARY, true);
	ask(telnet, TELNET_BINARY, false);
	ask(telnet, TELNET_SGA, false);
}

void telnet_offer_auth(struct telnet *telnet)
{
	ask(telnet, TELNET_AUTH, true);
	telnet->held = true;
}

void telnet_offer_vspc(struct telnet *telnet)
{
	bool vm = telnet->role == TELNET_VM;

	ask(telnet, TELNET_BINARY, true);
	ask(telnet, TELNET_SGA, true);
	if (!vm)
		ask(telnet, TELNET_ECHO, true);
	ask(telnet, TELNET_BINARY, false);
	ask(telnet, TELNET_SGA, false);
	ask(telnet, TELNET_VSPC, vm);
	telnet->held = false;
	/* Who has asked takes our offer for the answer. */
	if (telnet->held_asked)
		telnet->us[TELNET_VSPC] = TELNET_Q_YES;
}

void telnet_offer_com_port(struct telnet *telnet)
{
	ask(telnet, TELNET_COM_PORT, true);
}

void telnet_refuse(struct telnet *telnet, enum telnet_option option)
{
	telnet->refused |= (uint8_t)(1u << option);
}

enum telnet_stand telnet_stand(const struct telnet *telnet, enum telnet_option option, bool us)
{
	uint8_t q = us ? telnet->us[option] : telnet->him[option];

	return q == TELNET_Q_YES ? TELNET_ON : q == TELNET_Q_WANTYES ? TELNET_ASKED : TELNET_OFF;
}

static void negotiate(struct telnet *telnet, enum telnet_state verb, uint8_t code)
{
	bool on = verb == TELNET_S_WILL || verb == TELNET_S_DO;
	bool us = verb == TELNET_S_DO || verb == TELNET_S_DONT;
	const struct option *option = find_option(code);
	uint8_t yes = us ? WILL : DO, no = us ? WONT : DONT;
	size_t before = telnet->replies_len;

	telnet->negotiated |= code != OPT_AUTH;
	if (telnet->held && us && code == OPT_VSPC) {
		telnet->held_asked = on;
		return;
	}
	if (code == OPT_TM) {
		/* Some throw all output away until this is answered, each time. */
		if (verb == TELNET_S_DO)
			command(telnet, WILL, OPT_TM);
		return;
	}
	/* Two sides that have lost each other may change their minds for ever. */
	if (telnet->answers == TELNET_ANSWERS_MAX)
		return;
	if (option) {
		size_t i = (size_t)(option - options);
		uint8_t *q = us ? &telnet->us[i] : &telnet->him[i];
		bool wanted = (us ? option->us[telnet->role] : option->him[telnet->role]) &&
			      !(telnet->refused & 1u << i);

		if (on)
			turned_on(telnet, q, wanted, wanted ? yes : no, code);
		else
			turned_off(telnet, q, no, code);
	} else if (on) {
		command(telnet, no, code);
	}
	if (!telnet->offered)
		offer_as_client(telnet);
	telnet->answers += telnet->replies_len > before;
}

bool telnet_has_com_port(const struct telnet *telnet)
{
	/* Clients say it of themselves, or ask for it, or both. */
	return telnet->him[TELNET_COM_PORT] == TELNET_Q_YES ||
	       telnet->us[TELNET_COM_PORT] == TELNET_Q_YES;
}

size_t telnet_subnegotiation(uint8_t *to, const uint8_t *body, size_t len)
{
	size_t i, n = 0;

	to[n++] = IAC;
	to[n++] = SB;
	for (i = 0; i < len; i++) {
		to[n++] = body[i];
		if (body[i] == IAC)
			to[n++] = IAC;
	}
	to[n++] = IAC;
	to[n++] = SE;
	return n;
}

/* Return: what to tell of a subnegotiation that has come to its end. */
static enum telnet_event take_sub(struct telnet *telnet)
{
	const uint8_t *sub = telnet->sub;

	if (telnet->sub_too_long || !telnet->sub_len)
		return TELNET_NOTHING;
	if (raw(telnet) || (sub[0] == TELNET_OPT_COM_PORT && telnet_has_com_port(telnet)))
		return TELNET_SUB;
	if (telnet->sub_len != 1 + NAWS_LEN || sub[0] != OPT_NAWS ||
	    telnet->him[TELNET_NAWS] == TELNET_Q_NO)
		return TELNET_NOTHING;
	telnet->columns = (uint16_t)(sub[1] << 8 | sub[2]);
	telnet->rows = (uint16_t)(sub[3] << 8 | sub[4]);
	return TELNET_WINDOW;
}

static void add_sub(struct telnet *telnet, uint8_t byte)
{
	uint8_t *room = telnet->sub_room ? telnet->sub_room : telnet->sub;
	size_t max = telnet->sub_room ? telnet->sub_max : TELNET_SUB_MAX;

	if (telnet->sub_len == max)
		telnet->sub_too_long = true;
	else
		room[telnet->sub_len++] = byte;
}

const uint8_t *telnet_sub(const struct telnet *telnet, size_t *len)
{
	*len = telnet->sub_len;
	return telnet->sub_room ? telnet->sub_room : telnet->sub;
}

static void begin_sub(struct telnet *telnet)
{
	telnet->sub_len = 0;
	telnet->sub_too_long = false;
}

/* Bytes of the network. */

/**
 * struct receiver - what telnet_receive() works on
 * @telnet: the connection
 * @to: where bytes of the console go
 * @len: how many went there
 * @event: what came
 */
struct receiver {
	struct telnet *telnet;
	uint8_t *to;
	size_t len;
	enum telnet_event event;
};

static bool binary(const uint8_t *q)
{
	return q[TELNET_BINARY] == TELNET_Q_YES;
}

static void take_data(struct receiver *r, uint8_t byte)
{
	struct telnet *telnet = r->telnet;
	bool after_cr = telnet->after_cr;

	telnet->after_cr = false;
	if (!raw(telnet) && !binary(telnet->him)) {
		/*
		 * CR is given at once, since some send it alone, and what
		 * completes it is swallowed.  A terminal's Enter may be CR LF;
		 * from a console LF is a character of its own.
		 */
		if (after_cr && (!byte || (byte == LF && telnet->role == TELNET_SERVER)))
			return;
		telnet->after_cr = byte == CR;
	}
	r->to[r->len++] = byte;
}

static void take_key(struct receiver *r, uint8_t key)
{
	if (raw(r->telnet))
		return;
	r->telnet->after_cr = false;
	r->to[r->len++] = key;
}

/* Behind IAC. */
static void take_command(struct receiver *r, uint8_t byte)
{
	struct telnet *telnet = r->telnet;

	telnet->state = TELNET_S_DATA;
	switch (byte) {
	case IAC:
		take_data(r, IAC);
		break;
	case WILL:
		telnet->state = TELNET_S_WILL;
		break;
	case WONT:
		telnet->state = TELNET_S_WONT;
		break;
	case DO:
		telnet->state = TELNET_S_DO;
		break;
	case DONT:
		telnet->state = TELNET_S_DONT;
		break;
	case SB:
		begin_sub(telnet);
		telnet->state = TELNET_S_SUB;
		break;
	case BRK:
		r->event = TELNET_BREAK;
		break;
	case IP:
		take_key(r, 0x03);
		break;
	case EC:
		take_key(r, 0x7f);
		break;
	case EL:
		take_key(r, 0x15);
		break;
	case EOF_MARK:
		take_key(r, 0x04);
		break;
	case SUSP:
		take_key(r, 0x1a);
		break;
	case ABORT:
		take_key(r, 0x1c);
		break;
	case AYT:
		/* Where a byte is a byte nobody is to read what is not the guest's. */
		if (raw(telnet))
			reply(telnet, nothing, sizeof(nothing));
		else
			reply(telnet, here, sizeof(here) - 1);
		break;
	case EOR:
	case SE:
	case NOP:
	case DM:
	case AO:
	case GA:
		break;
	default:
		/* No command: a peer that does not double this byte. */
		take_data(r, IAC);
		take_data(r, byte);
	}
}

/* Behind IAC in a subnegotiation. */
static void take_sub_command(struct receiver *r, uint8_t byte)
{
	struct telnet *telnet = r->telnet;

	telnet->state = TELNET_S_SUB;
	if (byte == IAC) {
		add_sub(telnet, IAC);
	} else if (byte == SE) {
		telnet->state = TELNET_S_DATA;
		r->event = take_sub(telnet);
	} else if (raw(telnet)) {
		/* Concentrators that do not double it are many. */
		telnet->undoubled++;
		add_sub(telnet, IAC);
		add_sub(telnet, byte);
	} else {
		/* It was not ended.  What it held is no data in any case. */
		take_command(r, byte);
	}
}

static void take_byte(struct receiver *r, uint8_t byte)
{
	struct telnet *telnet = r->telnet;
	enum telnet_state state = telnet->state;
	bool com_port;

	switch (state) {
	case TELNET_S_DATA:
		if (byte == IAC)
			telnet->state = TELNET_S_IAC;
		else
			take_data(r, byte);
		break;
	case TELNET_S_IAC:
		take_command(r, byte);
		break;
	case TELNET_S_WILL:
	case TELNET_S_WONT:
	case TELNET_S_DO:
	case TELNET_S_DONT:
		telnet->state = TELNET_S_DATA;
		com_port = telnet_has_com_port(telnet);
		negotiate(telnet, state, byte);
		if (telnet_has_com_port(telnet) != com_port)
			r->event = TELNET_COM;
		break;
	case TELNET_S_SUB:
		if (byte == IAC)
			telnet->state = TELNET_S_SUB_IAC;
		else
			add_sub(telnet, byte);
		break;
	case TELNET_S_SUB_IAC:
		take_sub_command(r, byte);
		break;
	}
}

struct telnet_received telnet_receive(struct telnet *telnet, const uint8_t *from, size_t len,
				      uint8_t *to, size_t max)
{
	struct receiver r = { .telnet = telnet, .to = to };
	size_t n = 0;

	/* A byte may bring two: a stray IAC and itself. */
	while (n < len && r.len + 2 <= max && !r.event && !telnet_full(telnet))
		take_byte(&r, from[n++]);
	return (struct telnet_received){ .consumed = n, .len = r.len, .event = r.event };
}

/* Bytes of the console. */

size_t telnet_send(const struct telnet *telnet, const uint8_t *from, size_t *len, uint8_t *to,
		   size_t max)
{
	bool plain = !raw(telnet) && !binary(telnet->us);
	size_t n, out = 0;

	for (n = 0; n < *len && out + TELNET_GROWTH <= max; n++) {
		to[out++] = from[n];
		if (from[n] == IAC)
			to[out++] = IAC;
		else if (plain && from[n] == CR && !(n + 1 < *len && from[n + 1] == LF))
			/* Also at the end: the next byte may be long in coming. */
			to[out++] = '\0';
	}
	*len = n;
	return out;
}

void telnet_start(struct telnet *telnet, enum telnet_role role)
{
	*telnet = (struct telnet){ .role = role, .offered = role == TELNET_SERVER };
	if (role != TELNET_SERVER)
		return;
	/* Nobody is asked for SGA: some answer that by turning ours off. */
	ask(telnet, TELNET_ECHO, true);
	ask(telnet, TELNET_SGA, true);
	ask(telnet, TELNET_BINARY, true);
	ask(telnet, TELNET_BINARY, false);
	ask(telnet, TELNET_NAWS, false);
}

void telnet_start_vspc(struct telnet *telnet, enum telnet_role role, uint8_t *room, size_t max)
{
	*telnet = (struct telnet){
		.role = role,
		/* Answers alone make no offers. */
		.offered = true,
		.sub_room = room,
		.sub_max = max,
	};
}
