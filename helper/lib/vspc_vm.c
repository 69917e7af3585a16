// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual machine's side of a connection to a concentrator. */
#include <string.h>

#include "auth_word.h"
#include "vspc_vm.h"

/* With this much to be written nothing more is received. */
#define OUT_MAX		16384u

const struct vspc_times vspc_times_default = {
	.auth = 2000,
	.option = 10000,
	.proxy = 10000,
	.settle = 300,
	.vmotion = 5000,
};

/* What a concentrator asks, and what is answered. */
static const struct question {
	uint8_t get;
	uint8_t answer;
} questions[] = {
	{ VSPC_GET_VM_NAME, VSPC_VM_NAME },
	{ VSPC_GET_VM_VC_UUID, VSPC_VM_VC_UUID },
	{ VSPC_GET_VM_BIOS_UUID, VSPC_VM_BIOS_UUID },
	{ VSPC_GET_VM_LOCATION_UUID, VSPC_VM_LOCATION_UUID },
	{ 0 },
};

bool vspc_vm_full(const struct vspc_vm *vm)
{
	return outbox_waits(&vm->out) >= OUT_MAX;
}

/* What is sent. */

/* Answers of telnet go in front of what is sent next. */
static void take_replies(struct vspc_vm *vm)
{
	size_t len;
	const uint8_t *replies = telnet_replies(&vm->telnet, &len);

	outbox_add(&vm->out, replies, len);
	telnet_replied(&vm->telnet, len);
}

static void send(struct vspc_vm *vm, uint8_t code, const void *params, size_t len)
{
	const struct vspc_message message = { .code = code, .params = params, .len = len };
	uint8_t *to;

	take_replies(vm);
	to = outbox_room(&vm->out, vspc_encoded_max(len));
	vm->out.len += vspc_encode(&message, to);
}

static void send_uuid(struct vspc_vm *vm, uint8_t code, const uint8_t uuid[VSPC_UUID_SIZE])
{
	char text[VSPC_UUID_TEXT];

	vspc_uuid_format(uuid, text);
	send(vm, code, text, strlen(text));
}

static void send_service(struct vspc_vm *vm)
{
	const char *service = vm->identity->service;
	struct outbox params = { 0 };

	outbox_add(&params, &vm->identity->direction, 1);
	outbox_add(&params, service, strlen(service));
	send(vm, VSPC_DO_PROXY, params.bytes, params.len);
	outbox_clear(&params);
}

/* How it goes on. */

static void enter(struct vspc_vm *vm, enum vspc_vm_state state, uint64_t deadline)
{
	vm->state = state;
	vm->deadline = deadline;
}

static void fail(struct vspc_vm *vm, const char *why)
{
	vm->why = why;
	enter(vm, VSPC_VM_FAILED, 0);
}

/* Does not wait for what the concentrator knows: some never tell. */
static void introduce(struct vspc_vm *vm, uint64_t now)
{
	send(vm, VSPC_KNOWN_1, vspc_known_list, sizeof(vspc_known_list));
	if (vm->destination)
		send(vm, VSPC_VMOTION_PEER, vm->blob, vm->blob_len);
	else
		send_service(vm);
	enter(vm, VSPC_VM_PROXY, now + vm->times->proxy);
}

static void offer(struct vspc_vm *vm, uint64_t now)
{
	vm->facts.spoke_first = vm->telnet.negotiated;
	telnet_offer_vspc(&vm->telnet);
	take_replies(vm);
	enter(vm, VSPC_VM_OPTION, now + vm->times->option);
	/* It may have been asked for already. */
	if (telnet_stand(&vm->telnet, TELNET_VSPC, true) == TELNET_ON)
		introduce(vm, now);
}

/* Some drive ports that are real ones, with a speed and lines. */
static void come_up(struct vspc_vm *vm)
{
	enter(vm, VSPC_VM_UP, 0);
	if (vm->port_offered)
		return;
	vm->port_offered = true;
	telnet_offer_com_port(&vm->telnet);
	take_replies(vm);
}

static bool all_asked(const struct vspc_vm *vm)
{
	const struct question *question;

	for (question = questions; question->get; question++)
		if (!vspc_set_has(&vm->facts.asked, question->get))
			return false;
	return true;
}

/*
 * Some ask behind WILL-PROXY, and until they know the answers they throw away
 * what comes, or close.  Who has asked everything asks no more.
 */
static void settle(struct vspc_vm *vm, uint64_t now)
{
	if (all_asked(vm))
		come_up(vm);
	else
		enter(vm, VSPC_VM_SETTLE, now + vm->times->settle);
}

/* AUTHENTICATION has come to its end, and the connection is plain. */
static void stay_plain(struct vspc_vm *vm, uint64_t now)
{
	if (vm->tls == VSPC_TLS_REQUIRED)
		fail(vm, "it has no TLS in telnet's option AUTHENTICATION, which the keys of the proxy demand");
	else
		offer(vm, now);
}

/* What the options of telnet have come to. */
static void look_at_options(struct vspc_vm *vm, uint64_t now)
{
	enum telnet_stand stand;

	if (vm->state == VSPC_VM_AUTH) {
		stand = telnet_stand(&vm->telnet, TELNET_AUTH, true);
		if (stand == TELNET_ASKED)
			return;
		if (stand == TELNET_ON) {
			/* What is wanted is told by the subnegotiation to come. */
			if (vm->facts.auth != VSPC_AUTH_ASKED)
				enter(vm, VSPC_VM_AUTH, now + vm->times->option);
			vm->facts.auth = VSPC_AUTH_ASKED;
			return;
		}
		vm->facts.auth = VSPC_AUTH_REFUSED;
		stay_plain(vm, now);
	}
	stand = telnet_stand(&vm->telnet, TELNET_VSPC, true);
	if (vm->state == VSPC_VM_OPTION && stand == TELNET_ON)
		introduce(vm, now);
	else if (vm->state != VSPC_VM_FAILED && stand == TELNET_OFF)
		fail(vm, "the peer does not have the vSPC option: it is no concentrator");
}

void vspc_vm_tick(struct vspc_vm *vm, uint64_t now)
{
	if (!vm->deadline || now < vm->deadline)
		return;
	switch (vm->state) {
	case VSPC_VM_AUTH:
		if (vm->facts.auth != VSPC_AUTH_ASKED)
			vm->facts.auth = VSPC_AUTH_SILENCE;
		stay_plain(vm, now);
		break;
	case VSPC_VM_OPTION:
		fail(vm, "the peer does not answer the vSPC option: it is no concentrator");
		break;
	case VSPC_VM_PROXY:
		fail(vm, vm->destination ? "the concentrator does not answer VMOTION-PEER" :
		     "the concentrator does not answer DO-PROXY");
		break;
	case VSPC_VM_SETTLE:
		come_up(vm);
		break;
	case VSPC_VM_BEGUN:
		/* It may go ahead yet; who asks it not to is understood. */
		vm->not_now = true;
		vspc_vm_abort(vm);
		break;
	case VSPC_VM_TLS:
	case VSPC_VM_PEERED:
	case VSPC_VM_UP:
	case VSPC_VM_MOVING:
	case VSPC_VM_FAILED:
		break;
	}
}

/* What comes. */

static void answer(struct vspc_vm *vm, uint8_t get, uint64_t now)
{
	const struct vspc_identity *identity = vm->identity;
	bool again = vspc_set_has(&vm->facts.asked_late, get);

	vspc_set_add(&vm->facts.asked, get);
	if (vm->state == VSPC_VM_SETTLE || vm->state == VSPC_VM_UP)
		vspc_set_add(&vm->facts.asked_late, get);
	switch (get) {
	case VSPC_GET_VM_NAME:
		send(vm, VSPC_VM_NAME, identity->name, strlen(identity->name));
		break;
	case VSPC_GET_VM_VC_UUID:
		send_uuid(vm, VSPC_VM_VC_UUID, identity->vc_uuid);
		break;
	case VSPC_GET_VM_BIOS_UUID:
		send_uuid(vm, VSPC_VM_BIOS_UUID, identity->bios_uuid);
		break;
	default:
		send_uuid(vm, VSPC_VM_LOCATION_UUID, identity->location_uuid);
	}
	/* One that asks the same for ever has been waited for. */
	if (vm->state == VSPC_VM_SETTLE && !again)
		settle(vm, now);
}

/* Return: whether what was sent back belongs to the hand-over. */
static bool of_this_sequence(struct vspc_vm *vm, const struct vspc_message *message)
{
	if (!vspc_same_sequence(message->params, message->len, vm->blob, vm->sequence_len))
		return false;
	vm->facts.padded |= message->len > vm->sequence_len;
	return true;
}

static void stay(struct vspc_vm *vm)
{
	vm->not_now = true;
	enter(vm, VSPC_VM_UP, 0);
}

static void go_ahead(struct vspc_vm *vm, const struct vspc_message *message)
{
	if (vm->state != VSPC_VM_BEGUN || message->len < vm->sequence_len ||
	    memcmp(message->params, vm->blob, vm->sequence_len) || message->len > VSPC_BLOB_MAX)
		return;
	memcpy(vm->blob, message->params, message->len);
	vm->blob_len = message->len;
	enter(vm, VSPC_VM_MOVING, 0);
}

/* Of what it does not know it may tell in any way. */
static void take_unknown(struct vspc_vm *vm, const struct vspc_message *message)
{
	uint8_t code = message->len ? *message->params : 0;

	if (message->len)
		vspc_set_add(&vm->facts.unknown_to_it, code);
	if (vm->state == VSPC_VM_BEGUN)
		stay(vm);
	else if (vm->state == VSPC_VM_PROXY && vm->destination && code == VSPC_VMOTION_PEER)
		fail(vm, "the concentrator refused VMOTION-PEER");
	else if (vm->state == VSPC_VM_PROXY && !vm->destination && code == VSPC_DO_PROXY)
		fail(vm, "the concentrator does not know DO-PROXY");
}

static void take_message(struct vspc_vm *vm, const struct vspc_message *message, uint64_t now)
{
	switch (message->code) {
	case VSPC_KNOWN_2:
		vm->facts.known = true;
		vm->facts.codes = vspc_set_of(message->params, message->len);
		break;
	case VSPC_UNKNOWN_2:
		take_unknown(vm, message);
		break;
	case VSPC_GET_VM_NAME:
	case VSPC_GET_VM_VC_UUID:
	case VSPC_GET_VM_BIOS_UUID:
	case VSPC_GET_VM_LOCATION_UUID:
		answer(vm, message->code, now);
		break;
	case VSPC_WILL_PROXY:
		if (vm->state == VSPC_VM_PROXY && !vm->destination)
			settle(vm, now);
		break;
	case VSPC_WONT_PROXY:
		vm->facts.refused = true;
		fail(vm, "refused by concentrator");
		break;
	case VSPC_VMOTION_GOAHEAD:
		go_ahead(vm, message);
		break;
	case VSPC_VMOTION_NOTNOW:
		if (vm->state == VSPC_VM_BEGUN && of_this_sequence(vm, message))
			stay(vm);
		break;
	case VSPC_VMOTION_PEER_OK:
		if (vm->state == VSPC_VM_PROXY && vm->destination && of_this_sequence(vm, message))
			enter(vm, VSPC_VM_PEERED, 0);
		break;
	default:
		vspc_set_add(&vm->facts.unknown, message->code);
		/* Once for each: two that do not know each other's would never end. */
		if (vspc_set_has(&vm->acknowledged, message->code))
			break;
		vspc_set_add(&vm->acknowledged, message->code);
		send(vm, VSPC_UNKNOWN_1, &message->code, 1);
	}
}

static void say_auth(struct vspc_vm *vm, enum auth_word word)
{
	take_replies(vm);
	vm->out.len += auth_word_say(word, outbox_room(&vm->out, AUTH_WORD_MAX));
}

/* Once: one that asks again and again is not answered for ever. */
static void decline(struct vspc_vm *vm)
{
	if (!vm->declined)
		say_auth(vm, AUTH_WORD_NONE);
	vm->declined = true;
}

/* TLS is the only kind of authentication that is ours, if there can be any. */
static void take_auth(struct vspc_vm *vm, enum auth_word word, uint64_t now)
{
	/* An answer is one to START, and that is said once. */
	bool answers = word == AUTH_WORD_ACCEPT || word == AUTH_WORD_REJECT;
	bool asks = word == AUTH_WORD_SEND_SSL || word == AUTH_WORD_SEND_OTHER;

	/* Too late, but some wait for the answer. */
	if (vm->state != VSPC_VM_AUTH && asks)
		decline(vm);
	if (vm->state != VSPC_VM_AUTH || vm->facts.auth != VSPC_AUTH_ASKED ||
	    answers != vm->tls_begun)
		return;
	switch (word) {
	case AUTH_WORD_SEND_SSL:
	case AUTH_WORD_SEND_OTHER:
		vm->tls_begun = word == AUTH_WORD_SEND_SSL && vm->tls != VSPC_TLS_NONE;
		if (vm->tls_begun) {
			say_auth(vm, AUTH_WORD_START);
			break;
		}
		decline(vm);
		stay_plain(vm, now);
		break;
	case AUTH_WORD_ACCEPT:
		vm->facts.auth = VSPC_AUTH_TLS;
		enter(vm, VSPC_VM_TLS, 0);
		break;
	case AUTH_WORD_REJECT:
		stay_plain(vm, now);
		break;
	default:
		break;
	}
}

/* What the concentrator's port has to be told. */
static void send_commands(struct vspc_vm *vm)
{
	size_t len = 1;

	while (vm->has_port && len && !vspc_vm_full(vm)) {
		len = com_client_command(&vm->port, outbox_room(&vm->out, COM_PORT_MESSAGE_MAX));
		vm->out.len += len;
	}
}

/* Whether it has a port has changed. */
static void look_at_port(struct vspc_vm *vm)
{
	vm->has_port = telnet_stand(&vm->telnet, TELNET_COM_PORT, true) == TELNET_ON;
	if (vm->has_port)
		com_client_start(&vm->port, &vm->guest);
	send_commands(vm);
}

static enum telnet_event take_port(struct vspc_vm *vm, const uint8_t *message, size_t len)
{
	switch (vm->has_port ? com_client_receive(&vm->port, message, len) : COM_PORT_NOTHING) {
	case COM_PORT_BREAK:
		return TELNET_BREAK;
	case COM_PORT_LINES:
	case COM_PORT_FLOW:
		return TELNET_COM;
	default:
		return TELNET_NOTHING;
	}
}

/* Return: what of it is an event for the caller. */
static enum telnet_event take_sub(struct vspc_vm *vm, uint64_t now)
{
	struct vspc_message message;
	size_t len;
	const uint8_t *sub = telnet_sub(&vm->telnet, &len);
	/* Nothing is told to whom we do not know yet. */
	bool strange = vm->state == VSPC_VM_AUTH && vm->tls == VSPC_TLS_REQUIRED;

	if (*sub == TELNET_OPT_COM_PORT)
		return take_port(vm, sub + 1, len - 1);
	if (*sub == AUTH_WORD_OPTION)
		take_auth(vm, auth_word_read(sub + 1, len - 1), now);
	else if (!strange && vspc_decode(sub, len, &message))
		take_message(vm, &message, now);
	return TELNET_NOTHING;
}

struct telnet_received vspc_vm_receive(struct vspc_vm *vm, uint64_t now, const uint8_t *from,
				       size_t len, uint8_t *to, size_t max)
{
	struct telnet_received all = { 0 }, r;

	vspc_vm_tick(vm, now);
	while (all.consumed < len && !all.event && !vspc_vm_full(vm) &&
	       vm->state != VSPC_VM_TLS) {
		r = telnet_receive(&vm->telnet, from + all.consumed, len - all.consumed,
				   to + all.len, max - all.len);
		if (!r.consumed)
			break;
		all.consumed += r.consumed;
		all.len += r.len;
		all.event = r.event;
		/* In this order: an option may be agreed on in front of a message. */
		take_replies(vm);
		look_at_options(vm, now);
		if (r.event == TELNET_COM)
			look_at_port(vm);
		else if (r.event == TELNET_SUB)
			all.event = take_sub(vm, now);
	}
	return all;
}

/* What the caller wants. */

void vspc_vm_start(struct vspc_vm *vm, const struct vspc_identity *identity,
		   const struct vspc_times *times, enum vspc_tls tls, uint64_t now)
{
	*vm = (struct vspc_vm){ .identity = identity, .times = times, .tls = tls };
	telnet_start_vspc(&vm->telnet, TELNET_VM, vm->sub, sizeof(vm->sub));
	if (tls == VSPC_TLS_ALREADY) {
		offer(vm, now);
		return;
	}
	telnet_offer_auth(&vm->telnet);
	take_replies(vm);
	enter(vm, VSPC_VM_AUTH, now + times->auth);
}

void vspc_vm_encrypted(struct vspc_vm *vm, uint64_t now)
{
	/* Anybody could have said what came in plain text. */
	vm->facts = (struct vspc_facts){ .auth = VSPC_AUTH_TLS };
	offer(vm, now);
}

void vspc_vm_start_moved(struct vspc_vm *vm, const uint8_t *blob, size_t len,
			 size_t sequence_len)
{
	vm->destination = true;
	memcpy(vm->blob, blob, len);
	vm->blob_len = len;
	vm->sequence_len = sequence_len;
}

void vspc_vm_free(struct vspc_vm *vm)
{
	outbox_clear(&vm->out);
}

void vspc_vm_send(struct vspc_vm *vm, const void *bytes, size_t len)
{
	uint8_t *to;

	take_replies(vm);
	to = outbox_room(&vm->out, len * TELNET_GROWTH);
	vm->out.len += telnet_send(&vm->telnet, bytes, &len, to, len * TELNET_GROWTH);
}

void vspc_vm_cable(struct vspc_vm *vm, const struct com_port_guest *guest)
{
	vm->guest = *guest;
	if (!vm->has_port)
		return;
	com_client_guest(&vm->port, guest);
	send_commands(vm);
}

void vspc_vm_written(struct vspc_vm *vm)
{
	send_commands(vm);
}

void vspc_vm_send_break(struct vspc_vm *vm)
{
	take_replies(vm);
	if (vm->has_port)
		vm->out.len += com_client_break(outbox_room(&vm->out, 2 * COM_PORT_MESSAGE_MAX));
	else
		outbox_add(&vm->out, telnet_break, sizeof(telnet_break));
}

void vspc_vm_begin(struct vspc_vm *vm, const uint8_t *sequence, size_t len, uint64_t now)
{
	memcpy(vm->blob, sequence, len);
	vm->blob_len = len;
	vm->sequence_len = len;
	vm->not_now = false;
	send(vm, VSPC_VMOTION_BEGIN, sequence, len);
	enter(vm, VSPC_VM_BEGUN, now + vm->times->vmotion);
}

void vspc_vm_abort(struct vspc_vm *vm)
{
	send(vm, VSPC_VMOTION_ABORT, NULL, 0);
	enter(vm, VSPC_VM_UP, 0);
}

void vspc_vm_complete(struct vspc_vm *vm)
{
	send(vm, VSPC_VMOTION_COMPLETE, vm->blob, vm->sequence_len);
	come_up(vm);
}
