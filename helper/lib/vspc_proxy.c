// SPDX-License-Identifier: GPL-2.0-or-later
/* A concentrator's side of a connection to a virtual machine. */
#include <string.h>

#include "vspc_deviation.h"
#include "vspc_proxy.h"

/* With this much to be written nothing more is received. */
#define OUT_MAX		16384u
/* How long a virtual machine may leave a question unanswered, in milliseconds. */
#define PATIENCE	3000u

#define IAC	255
#define WILL	251
#define DO	253
#define DONT	254
#define WONT	252

/* What a concentrator tells that it knows. */
static const uint8_t known_list[] = {
	VSPC_KNOWN_1, VSPC_KNOWN_2, VSPC_UNKNOWN_1, VSPC_UNKNOWN_2,
	VSPC_DO_PROXY, VSPC_WILL_PROXY, VSPC_WONT_PROXY,
	VSPC_VM_VC_UUID, VSPC_GET_VM_VC_UUID, VSPC_VM_NAME, VSPC_GET_VM_NAME,
	VSPC_VM_BIOS_UUID, VSPC_GET_VM_BIOS_UUID,
	VSPC_VM_LOCATION_UUID, VSPC_GET_VM_LOCATION_UUID,
	/* The rest is left out of those that know no hand-overs. */
	VSPC_VMOTION_BEGIN, VSPC_VMOTION_GOAHEAD, VSPC_VMOTION_NOTNOW, VSPC_VMOTION_PEER,
	VSPC_VMOTION_PEER_OK, VSPC_VMOTION_COMPLETE, VSPC_VMOTION_ABORT,
};

#define KNOWN_WITHOUT_VMOTION	(sizeof(known_list) - 7)

/* What is asked, by the code of the answer, which is one less than the question's. */
static const uint8_t questions[] = {
	VSPC_VM_NAME, VSPC_VM_VC_UUID, VSPC_VM_BIOS_UUID, VSPC_VM_LOCATION_UUID,
};

static bool deviates(const struct vspc_proxy *proxy, uint32_t deviation)
{
	return proxy->deviations & deviation;
}

bool vspc_proxy_full(const struct vspc_proxy *proxy)
{
	return outbox_waits(&proxy->out) >= OUT_MAX;
}

/* What is sent. */

/* Whether telnet's answer is left out. */
static bool left_out(const struct vspc_proxy *proxy, const uint8_t command[3])
{
	if (deviates(proxy, VSPC_MUTE) && command[2] == 37)
		return true;
	return deviates(proxy, VSPC_NO_BINARY) && command[2] != VSPC_OPTION && command[2] != 37;
}

static void take_replies(struct vspc_proxy *proxy)
{
	size_t len, i, n;
	const uint8_t *replies = telnet_replies(&proxy->telnet, &len);

	if (!deviates(proxy, VSPC_MUTE | VSPC_NO_BINARY)) {
		outbox_add(&proxy->out, replies, len);
	} else {
		/* All of them have three bytes, but for the answer to AYT: two. */
		for (i = 0; i < len; i += n) {
			n = replies[i + 1] < WILL ? 2 : 3;
			if (n == 2 || !left_out(proxy, replies + i))
				outbox_add(&proxy->out, replies + i, n);
		}
	}
	telnet_replied(&proxy->telnet, len);
}

/* Takes every second of two equal bytes 255 out again, but for the end's. */
static size_t undouble(uint8_t *bytes, size_t len)
{
	size_t from, to = 2;

	for (from = 2; from < len - 2; from++) {
		bytes[to++] = bytes[from];
		if (bytes[from] == IAC)
			from++;
	}
	bytes[to++] = bytes[len - 2];
	bytes[to++] = bytes[len - 1];
	return to;
}

static void send(struct vspc_proxy *proxy, uint8_t code, const void *params, size_t len)
{
	const struct vspc_message message = { .code = code, .params = params, .len = len };
	uint8_t *to;
	size_t n;

	take_replies(proxy);
	to = outbox_room(&proxy->out, vspc_encoded_max(len));
	n = vspc_encode(&message, to);
	proxy->out.len += deviates(proxy, VSPC_NO_DOUBLING) ? undouble(to, n) : n;
}

/* What was begun last; with the secret where that is the deviation. */
static void send_back(struct vspc_proxy *proxy, uint8_t code)
{
	size_t len = deviates(proxy, VSPC_PADDED) ? proxy->blob_len : proxy->sequence_len;

	send(proxy, code, proxy->blob, len);
}

static void ask(struct vspc_proxy *proxy)
{
	size_t i;

	if (deviates(proxy, VSPC_NO_GET))
		return;
	for (i = 0; i < sizeof(questions); i++) {
		uint8_t answer = questions[i], question = answer + 1;

		/* One that told nothing knows what the oldest know. */
		if (vspc_set_empty(&proxy->known) ? answer > VSPC_VM_NAME :
		    !vspc_set_has(&proxy->known, question))
			continue;
		vspc_set_add(&proxy->open, answer);
		send(proxy, question, NULL, 0);
	}
}

/* Tells what we know and asks who it is, once. */
static void introduce(struct vspc_proxy *proxy, uint64_t now)
{
	if (proxy->introduced)
		return;
	proxy->introduced = true;
	if (!deviates(proxy, VSPC_NO_KNOWN))
		send(proxy, VSPC_KNOWN_2, known_list, deviates(proxy, VSPC_NO_VMOTION) ?
		     KNOWN_WITHOUT_VMOTION : sizeof(known_list));
	if (!deviates(proxy, VSPC_LATE_GET))
		ask(proxy);
	proxy->deadline = now + PATIENCE;
}

static void send_unknown(struct vspc_proxy *proxy, uint8_t code)
{
	if (vspc_set_has(&proxy->acknowledged, code))
		return;
	vspc_set_add(&proxy->acknowledged, code);
	send(proxy, VSPC_UNKNOWN_2, &code, 1);
}

/* What comes. */

static enum vspc_proxy_event close_it(struct vspc_proxy *proxy, const char *why)
{
	proxy->why = why;
	proxy->deadline = 0;
	return VSPC_PROXY_CLOSE;
}

/* Who has said what it wants and answered, is known. */
static enum vspc_proxy_event known(struct vspc_proxy *proxy)
{
	if (proxy->state != VSPC_PROXY_NEW || !proxy->wants || !vspc_set_empty(&proxy->open))
		return VSPC_PROXY_NOTHING;
	proxy->state = VSPC_PROXY_ASKED;
	proxy->deadline = 0;
	return VSPC_PROXY_KNOWN;
}

static void take_identity(struct vspc_proxy *proxy, const struct vspc_message *message)
{
	bool better = message->code == VSPC_VM_VC_UUID;

	if (message->code == VSPC_VM_NAME) {
		if (message->len > VSPC_NAME_MAX)
			return;
		memcpy(proxy->name, message->params, message->len);
		proxy->name[message->len] = '\0';
		return;
	}
	if (message->code == VSPC_VM_LOCATION_UUID ||
	    (proxy->has_uuid && !proxy->bios && !better))
		return;
	proxy->has_uuid = vspc_uuid_parse(message->params, message->len, proxy->uuid);
	proxy->bios = !better;
}

static enum vspc_proxy_event take_wish(struct vspc_proxy *proxy,
				       const struct vspc_message *message, uint64_t now)
{
	if (proxy->state != VSPC_PROXY_NEW || proxy->wants)
		return VSPC_PROXY_NOTHING;
	introduce(proxy, now);
	proxy->wants = true;
	if (message->code == VSPC_DO_PROXY) {
		if (message->len - 1 > VSPC_SERVICE_MAX)
			return close_it(proxy, "its service has too long a URI");
		proxy->direction = (char)*message->params;
		memcpy(proxy->service, message->params + 1, message->len - 1);
		proxy->service[message->len - 1] = '\0';
	} else {
		if (message->len > sizeof(proxy->blob))
			return close_it(proxy, "VMOTION-PEER names no hand-over");
		proxy->peer = true;
		memcpy(proxy->blob, message->params, message->len);
		proxy->blob_len = message->len;
	}
	if (deviates(proxy, VSPC_LATE_GET) && !proxy->peer) {
		send(proxy, VSPC_WILL_PROXY, NULL, 0);
		ask(proxy);
	}
	return known(proxy);
}

static enum vspc_proxy_event take_begin(struct vspc_proxy *proxy,
					const struct vspc_message *message)
{
	static const uint8_t other = VSPC_VMOTION_GOAHEAD;

	if (proxy->state != VSPC_PROXY_UP || deviates(proxy, VSPC_MUTE_BEGIN))
		return VSPC_PROXY_NOTHING;
	if (deviates(proxy, VSPC_UNKNOWN_BEGIN)) {
		send(proxy, VSPC_UNKNOWN_2, &other, 1);
		return VSPC_PROXY_NOTHING;
	}
	if (message->len > VSPC_SEQUENCE_MAX) {
		send(proxy, VSPC_VMOTION_NOTNOW, message->params, message->len);
		return VSPC_PROXY_NOTHING;
	}
	memcpy(proxy->blob, message->params, message->len);
	proxy->sequence_len = message->len;
	proxy->blob_len = message->len;
	proxy->state = VSPC_PROXY_BEGUN;
	return VSPC_PROXY_BEGIN;
}

static enum vspc_proxy_event take_valid(struct vspc_proxy *proxy,
					const struct vspc_message *message, uint64_t now)
{
	switch (message->code) {
	case VSPC_KNOWN_1:
		proxy->known = vspc_set_of(message->params, message->len);
		introduce(proxy, now);
		break;
	case VSPC_UNKNOWN_1:
		/* Of a question, or of its answer: it will not come. */
		vspc_set_remove(&proxy->open, *message->params);
		vspc_set_remove(&proxy->open, *message->params - 1);
		return known(proxy);
	case VSPC_VM_NAME:
	case VSPC_VM_VC_UUID:
	case VSPC_VM_BIOS_UUID:
	case VSPC_VM_LOCATION_UUID:
		if (deviates(proxy, VSPC_CLOSE_UNKNOWN) &&
		    !vspc_set_has(&proxy->open, message->code))
			return close_it(proxy, "it told what it was not asked for");
		vspc_set_remove(&proxy->open, message->code);
		take_identity(proxy, message);
		return known(proxy);
	case VSPC_DO_PROXY:
	case VSPC_VMOTION_PEER:
		return take_wish(proxy, message, now);
	case VSPC_VMOTION_BEGIN:
		return take_begin(proxy, message);
	case VSPC_VMOTION_COMPLETE:
		if (proxy->state != VSPC_PROXY_PEERED ||
		    !vspc_same_sequence(message->params, message->len, proxy->blob,
					proxy->sequence_len))
			break;
		proxy->state = VSPC_PROXY_UP;
		return VSPC_PROXY_COMPLETE;
	case VSPC_VMOTION_ABORT:
		if (proxy->state != VSPC_PROXY_MOVING)
			break;
		proxy->state = VSPC_PROXY_UP;
		return VSPC_PROXY_ABORT;
	}
	return VSPC_PROXY_NOTHING;
}

/* What a virtual machine is told of the port that it drives. */
static void send_notices(struct vspc_proxy *proxy)
{
	size_t len = 1;

	while (proxy->has_port && len) {
		len = com_port_notice(&proxy->port, outbox_room(&proxy->out, COM_PORT_MESSAGE_MAX));
		proxy->out.len += len;
	}
}

/* Whether it drives one has changed. */
static void look_at_port(struct vspc_proxy *proxy)
{
	proxy->has_port = telnet_has_com_port(&proxy->telnet);
	if (proxy->has_port)
		com_port_start(&proxy->port, &proxy->far);
	send_notices(proxy);
}

static enum vspc_proxy_event take_command(struct vspc_proxy *proxy, const uint8_t *command,
					  size_t len)
{
	enum com_port_event event;
	size_t answer_len;

	if (!proxy->has_port)
		return VSPC_PROXY_NOTHING;
	event = com_port_receive(&proxy->port, command, len,
				 outbox_room(&proxy->out, COM_PORT_MESSAGE_MAX), &answer_len);
	proxy->out.len += answer_len;
	send_notices(proxy);
	return event == COM_PORT_BREAK ? VSPC_PROXY_BREAK : VSPC_PROXY_NOTHING;
}

static enum vspc_proxy_event take_sub(struct vspc_proxy *proxy, uint64_t now)
{
	const struct vspc_kind *kind;
	struct vspc_message message;
	size_t len;
	const uint8_t *sub = telnet_sub(&proxy->telnet, &len);

	if (*sub == TELNET_OPT_COM_PORT)
		return take_command(proxy, sub + 1, len - 1);
	if (!vspc_decode(sub, len, &message))
		return VSPC_PROXY_NOTHING;
	kind = vspc_kind(message.code);
	if (!kind || !kind->of_vm) {
		if (deviates(proxy, VSPC_CLOSE_UNKNOWN))
			return close_it(proxy, "it sent an unknown suboption");
		send_unknown(proxy, message.code);
		return VSPC_PROXY_NOTHING;
	}
	if (vspc_valid(&message))
		return take_valid(proxy, &message, now);
	/* An answer that says nothing is one. */
	vspc_set_remove(&proxy->open, message.code);
	return known(proxy);
}

/* Answers each WILL and DO, as those do that take an answer for a question. */
static void loop(struct vspc_proxy *proxy, const uint8_t *bytes, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (proxy->verb) {
			const uint8_t answer[] = {
				IAC, proxy->verb == WILL ? DO : WILL, bytes[i],
			};

			if (bytes[i] < 4)
				outbox_add(&proxy->out, answer, sizeof(answer));
			proxy->verb = 0;
		} else if (proxy->iac) {
			proxy->iac = 0;
			if (bytes[i] == WILL || bytes[i] == DO)
				proxy->verb = bytes[i];
		} else {
			proxy->iac = bytes[i] == IAC;
		}
	}
}

/* What the virtual machine's side of an option is worth. */
static enum vspc_proxy_event look_at_option(struct vspc_proxy *proxy)
{
	if (proxy->why ||
	    telnet_stand(&proxy->telnet, TELNET_VSPC, false) != TELNET_OFF ||
	    !proxy->telnet.negotiated)
		return VSPC_PROXY_NOTHING;
	if (deviates(proxy, VSPC_SILENT | VSPC_MUTE))
		return VSPC_PROXY_NOTHING;
	return close_it(proxy, "it does not have the vSPC option: it is no virtual machine");
}

static enum vspc_proxy_event on_early(struct vspc_proxy *proxy, size_t *len)
{
	if (!*len || proxy->state >= VSPC_PROXY_UP)
		return VSPC_PROXY_NOTHING;
	if (deviates(proxy, VSPC_DROP_EARLY))
		*len = 0;
	return deviates(proxy, VSPC_CLOSE_EARLY) ?
		close_it(proxy, "bytes came before all was answered") : VSPC_PROXY_NOTHING;
}

struct vspc_proxy_received vspc_proxy_receive(struct vspc_proxy *proxy, uint64_t now,
					      const uint8_t *from, size_t len, uint8_t *to,
					      size_t max)
{
	struct vspc_proxy_received all = { 0 };
	struct telnet_received r;

	while (all.consumed < len && !all.event && !vspc_proxy_full(proxy)) {
		r = telnet_receive(&proxy->telnet, from + all.consumed, len - all.consumed,
				   to + all.len, max - all.len);
		if (!r.consumed)
			break;
		if (deviates(proxy, VSPC_ACK_LOOP))
			loop(proxy, from + all.consumed, r.consumed);
		all.consumed += r.consumed;
		take_replies(proxy);
		all.event = on_early(proxy, &r.len);
		all.len += r.len;
		if (!all.event)
			all.event = look_at_option(proxy);
		if (!all.event && r.event == TELNET_SUB)
			all.event = take_sub(proxy, now);
		else if (!all.event && r.event == TELNET_BREAK)
			all.event = VSPC_PROXY_BREAK;
		else if (!all.event && r.event == TELNET_COM)
			look_at_port(proxy);
	}
	return all;
}

enum vspc_proxy_event vspc_proxy_tick(struct vspc_proxy *proxy, uint64_t now)
{
	if (!proxy->deadline || now < proxy->deadline)
		return VSPC_PROXY_NOTHING;
	proxy->deadline = 0;
	/* What has not been answered by now never will be. */
	proxy->open = (struct vspc_set){ 0 };
	return known(proxy);
}

/* What the caller wants. */

void vspc_proxy_start(struct vspc_proxy *proxy, uint32_t deviations)
{
	*proxy = (struct vspc_proxy){ .deviations = deviations };
	/* Nobody sees what the port is set to; who is there can receive. */
	proxy->far = (struct com_port_guest){ { 115200, 8, 1, 1 }, .rts = true };
	telnet_start_vspc(&proxy->telnet, TELNET_PROXY, proxy->sub, sizeof(proxy->sub));
	if (!deviates(proxy, VSPC_COM_PORT))
		telnet_refuse(&proxy->telnet, TELNET_COM_PORT);
	if (deviates(proxy, VSPC_SILENT | VSPC_MUTE))
		return;
	telnet_offer_vspc(&proxy->telnet);
	take_replies(proxy);
}

void vspc_proxy_free(struct vspc_proxy *proxy)
{
	outbox_clear(&proxy->out);
}

void vspc_proxy_accept(struct vspc_proxy *proxy)
{
	if (proxy->peer) {
		if (!deviates(proxy, VSPC_MUTE_PEER))
			send_back(proxy, VSPC_VMOTION_PEER_OK);
		proxy->state = VSPC_PROXY_PEERED;
		return;
	}
	if (!deviates(proxy, VSPC_LATE_GET))
		send(proxy, VSPC_WILL_PROXY, NULL, 0);
	proxy->state = VSPC_PROXY_UP;
}

void vspc_proxy_refuse(struct vspc_proxy *proxy)
{
	if (proxy->peer)
		send_unknown(proxy, VSPC_VMOTION_PEER);
	else
		send(proxy, VSPC_WONT_PROXY, NULL, 0);
	proxy->state = VSPC_PROXY_REFUSED;
}

void vspc_proxy_go_ahead(struct vspc_proxy *proxy, const uint8_t secret[VSPC_SECRET_SIZE])
{
	memcpy(proxy->blob + proxy->sequence_len, secret, VSPC_SECRET_SIZE);
	proxy->blob_len = proxy->sequence_len + VSPC_SECRET_SIZE;
	send(proxy, VSPC_VMOTION_GOAHEAD, proxy->blob, proxy->blob_len);
	proxy->state = VSPC_PROXY_MOVING;
}

void vspc_proxy_not_now(struct vspc_proxy *proxy)
{
	send_back(proxy, VSPC_VMOTION_NOTNOW);
	proxy->state = VSPC_PROXY_UP;
}

void vspc_proxy_stay(struct vspc_proxy *proxy)
{
	proxy->state = VSPC_PROXY_UP;
}

void vspc_proxy_attend(struct vspc_proxy *proxy, bool attended)
{
	proxy->far.dtr = attended;
	if (!proxy->has_port)
		return;
	/* The settings are the virtual machine's. */
	proxy->far.settings = proxy->port.settings;
	com_port_guest(&proxy->port, &proxy->far);
	send_notices(proxy);
}

void vspc_proxy_send(struct vspc_proxy *proxy, const void *bytes, size_t len)
{
	uint8_t *to;

	take_replies(proxy);
	to = outbox_room(&proxy->out, len * TELNET_GROWTH);
	proxy->out.len += telnet_send(&proxy->telnet, bytes, &len, to, len * TELNET_GROWTH);
}

void vspc_proxy_send_break(struct vspc_proxy *proxy)
{
	outbox_add(&proxy->out, telnet_break, sizeof(telnet_break));
}
