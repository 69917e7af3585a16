// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest's way from one host to another, step by step. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "clock.h"
#include "memory.h"
#include "migrate.h"
#include "object.h"
#include "settings.h"

/* A piece of a state, with a request around it. */
#define PIECE_MAX	12288u

/**
 * struct here - a guest and its ports as they are here
 * @guests: the answer about the guest, if there is one
 * @guest: it
 * @list: the answer about ports
 * @ports: them, of all guests
 * @n: how many
 */
struct here {
	struct vnl_replies guests;
	struct guest guest;
	struct vnl_replies list;
	struct port *ports;
	size_t n;
};

/* Sends a request, and frees it. */
static enum ctl_status call(struct ctl *ctl, struct vnl_msg *msg, struct vnl_replies *replies)
{
	struct vnl_error error;
	int rc = vnl_call(ctl->socket, msg, replies, &error);

	vnl_msg_free(msg);
	return rc ? ctl_fail_netlink(ctl, &error) : CTL_DONE;
}

/* The same, where there is nothing to be answered. */
static enum ctl_status ask(struct ctl *ctl, struct vnl_msg *msg)
{
	struct vnl_replies none;
	enum ctl_status status = call(ctl, msg, &none);

	vnl_replies_free(&none);
	return status;
}

enum ctl_status migrate_step(struct ctl *ctl, const char *guest, uint32_t to, uint32_t limit)
{
	enum ctl_status status = ctl_open(ctl, &ctl->socket);
	struct vnl_msg *msg;

	if (status != CTL_DONE)
		return status;
	msg = vnl_msg_new(VSERIAL_CMD_GUEST_MIGRATE, false);
	vnl_put_str(msg, VSERIAL_A_GUEST_NAME, guest);
	vnl_put_u32(msg, VSERIAL_A_GUEST_MIGRATION, to);
	if (limit)
		vnl_put_u32(msg, VSERIAL_A_GUEST_MIGRATION_LIMIT, limit);
	return ask(ctl, msg);
}

/* Takes one step back; what failed before is what is told. */
static enum ctl_status give_up(struct ctl *ctl, const char *guest)
{
	char *why = xstrdup(ctl->why);

	migrate_step(ctl, guest, VSERIAL_MIGRATION_ABORTED, 0);
	snprintf(ctl->why, sizeof(ctl->why), "%s", why);
	free(why);
	return CTL_REFUSED;
}

static struct vnl_msg *about_port(uint8_t cmd, bool dump, const char *guest, uint32_t index)
{
	struct vnl_msg *msg = vnl_msg_new(cmd, dump);

	vnl_put_str(msg, VSERIAL_A_PORT_GUEST, guest);
	vnl_put_u32(msg, VSERIAL_A_PORT_INDEX, index);
	return msg;
}

/* Looks */

static void here_free(struct here *here)
{
	free(here->ports);
	vnl_replies_free(&here->list);
	vnl_replies_free(&here->guests);
}

/* All ports of the host, or those of one guest. */
static enum ctl_status list_ports(struct ctl *ctl, const char *guest, struct here *here)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_PORT_GET, true);
	enum ctl_status status;

	if (guest)
		vnl_put_str(msg, VSERIAL_A_PORT_GUEST, guest);
	status = call(ctl, msg, &here->list);
	here->ports = xcalloc(here->list.n + 1, sizeof(*here->ports));
	for (here->n = 0; here->n < here->list.n; here->n++)
		port_read(here->list.v[here->n], &here->ports[here->n]);
	return status;
}

static enum ctl_status look_at_guest(struct ctl *ctl, const char *guest, struct here *here)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_GUEST_GET, false);
	enum ctl_status status;

	vnl_put_str(msg, VSERIAL_A_GUEST_NAME, guest);
	status = call(ctl, msg, &here->guests);
	if (status == CTL_DONE && here->guests.n)
		guest_read(here->guests.v[0], &here->guest);
	return status;
}

/* Concentrators */

/* Return: CTL_REFUSED if one is refused; else @asked says whether one is asked still. */
static enum ctl_status look_at_handovers(struct ctl *ctl, const char *guest, char *asked,
					 size_t size)
{
	struct here here = { 0 };
	enum ctl_status status = list_ports(ctl, guest, &here);
	const struct port *port = here.ports;
	size_t i;

	*asked = '\0';
	for (i = 0; status == CTL_DONE && i < here.n; i++, port++) {
		if (port->handover == VSERIAL_HANDOVER_ASKED ||
		    port->handover == VSERIAL_HANDOVER_ENDING)
			snprintf(asked, size, "%s/%u", guest, port->index);
		else if (port->handover == VSERIAL_HANDOVER_REFUSED)
			status = ctl_fail(ctl, CTL_REFUSED, "port '%s/%u': its concentrator '%s' does not take part: %s",
					  guest, port->index, port->proxy, port->handover_reason);
	}
	here_free(&here);
	return status;
}

/* Waits until all concentrators have answered.  @events was subscribed before they were asked. */
static enum ctl_status await_handovers(struct ctl *ctl, struct vnl *events, const char *guest,
				       uint32_t limit)
{
	struct pollfd news = { .fd = vnl_fd(events), .events = POLLIN };
	uint64_t end = clock_ms() + limit, now;
	char asked[VSERIAL_NAME_MAX + 16];
	enum ctl_status status;
	struct vnl_replies replies;
	struct vnl_error error;

	for (;;) {
		status = look_at_handovers(ctl, guest, asked, sizeof(asked));
		if (status != CTL_DONE || !*asked)
			return status;
		now = clock_ms();
		if (now >= end)
			return ctl_fail(ctl, CTL_REFUSED, "port '%s': its peer has not answered within %u ms",
					asked, limit);
		/* What there is to know of an event is looked up. */
		if (poll(&news, 1, (int)(end - now)) > 0)
			vnl_events(events, &replies, &error);
		else
			replies = (struct vnl_replies){ 0 };
		vnl_replies_free(&replies);
	}
}

static enum ctl_status subscribe(struct ctl *ctl, struct vnl **events)
{
	enum ctl_status status = ctl_open(ctl, events);
	struct vnl_error error;

	if (status == CTL_DONE && vnl_subscribe(*events, &error))
		status = ctl_fail_netlink(ctl, &error);
	return status;
}

/* Leaving */

/* A port without power has a tty that holds nothing.  Return: CTL_DONE with @fd, or -1. */
static enum ctl_status open_tty(struct ctl *ctl, const struct port *port, int *fd)
{
	char path[64];

	*fd = -1;
	if (!port->power)
		return CTL_DONE;
	snprintf(path, sizeof(path), "/dev/ttyVS%u", port->minor);
	*fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return ctl_fail(ctl, CTL_REFUSED, "cannot read what port '%s/%u' holds for its guest from %s: %s",
				port->guest, port->index, path, strerror(errno));
	return CTL_DONE;
}

/* The module itself takes what the tty holds: whoever ends this program loses none of it. */
static enum ctl_status give_back(struct ctl *ctl, const struct port *port)
{
	struct vnl_msg *msg;
	int fd;
	enum ctl_status status = open_tty(ctl, port, &fd);

	if (status != CTL_DONE)
		return status;
	msg = about_port(VSERIAL_CMD_PORT_RETURN, false, port->guest, port->index);
	if (fd >= 0)
		vnl_put_u32(msg, VSERIAL_A_PORT_TTY, (uint32_t)fd);
	status = ask(ctl, msg);
	if (fd >= 0)
		close(fd);
	return status;
}

static enum ctl_status take_state(struct ctl *ctl, const struct port *port,
				  struct state_port *state)
{
	struct vnl_replies pieces;
	enum ctl_status status;
	size_t i, len;

	state->index = port->index;
	status = call(ctl, about_port(VSERIAL_CMD_PORT_STATE_GET, true, port->guest, port->index),
		      &pieces);
	for (i = 0; i < pieces.n; i++) {
		len = vnl_len(pieces.v[i], VSERIAL_A_PORT_STATE_BYTES);
		if (!len)
			continue;
		state->bytes = xrealloc(state->bytes, state->len + len, 1);
		memcpy(state->bytes + state->len,
		       vnl_bin(pieces.v[i], VSERIAL_A_PORT_STATE_BYTES, len), len);
		state->len += len;
	}
	vnl_replies_free(&pieces);
	return status;
}

enum ctl_status migrate_unread(struct ctl *ctl, const char *guest, uint64_t *bytes)
{
	struct here here = { 0 };
	enum ctl_status status = list_ports(ctl, guest, &here);
	size_t i;

	*bytes = 0;
	for (i = 0; i < here.n; i++)
		*bytes += here.ports[i].rx_unread;
	here_free(&here);
	return status;
}

/* With all ports of the guest held. */
static enum ctl_status collect(struct ctl *ctl, struct vnl *events, const char *guest,
			       uint32_t limit, struct state *state)
{
	struct here here = { 0 };
	enum ctl_status status = look_at_guest(ctl, guest, &here);
	size_t i;

	if (status == CTL_DONE)
		status = list_ports(ctl, guest, &here);
	for (i = 0; status == CTL_DONE && i < here.n; i++)
		status = give_back(ctl, &here.ports[i]);
	if (status == CTL_DONE)
		status = await_handovers(ctl, events, guest,
					 limit ? limit : here.guest.vmotion_limit);
	if (status == CTL_DONE)
		status = migrate_unread(ctl, guest, &state->unread);
	if (status == CTL_DONE)
		state->settings = settings_write(&here.guest, here.ports, here.n);
	for (i = 0; status == CTL_DONE && i < here.n && i < VSERIAL_PORTS_PER_GUEST; i++)
		status = take_state(ctl, &here.ports[i], &state->ports[state->n++]);
	here_free(&here);
	return status;
}

static enum ctl_status judge_leaving(struct ctl *ctl, const char *guest)
{
	struct here here = { 0 };
	enum ctl_status status = look_at_guest(ctl, guest, &here);
	char why[1200];

	if (status == CTL_DONE)
		status = list_ports(ctl, NULL, &here);
	if (status == CTL_DONE &&
	    settings_may_leave(guest, here.ports, here.n, why, sizeof(why)))
		status = ctl_fail(ctl, CTL_REFUSED, "%s", why);
	here_free(&here);
	return status;
}

/* @held: receives whether step @to has been taken, whatever failed then. */
static enum ctl_status step_and_collect(struct ctl *ctl, const char *guest, uint32_t to,
					uint32_t limit, struct state *state, bool *held)
{
	struct vnl *events = NULL;
	enum ctl_status status = subscribe(ctl, &events);

	*state = (struct state){ 0 };
	if (status == CTL_DONE)
		status = migrate_step(ctl, guest, to, limit);
	*held = status == CTL_DONE;
	if (status == CTL_DONE)
		status = collect(ctl, events, guest, limit, state);
	vnl_close(events);
	return status;
}

enum ctl_status migrate_begin(struct ctl *ctl, const char *guest, uint32_t limit,
			      struct state *state)
{
	enum ctl_status status = ctl_open(ctl, &ctl->socket);
	bool held = false;

	*state = (struct state){ 0 };
	if (status == CTL_DONE)
		status = judge_leaving(ctl, guest);
	if (status == CTL_DONE)
		status = step_and_collect(ctl, guest, VSERIAL_MIGRATION_OUTGOING, limit, state,
					  &held);
	return status != CTL_DONE && held ? give_up(ctl, guest) : status;
}

enum ctl_status migrate_state(struct ctl *ctl, const char *guest, uint32_t limit,
			      struct state *state)
{
	bool held;

	return step_and_collect(ctl, guest, VSERIAL_MIGRATION_OUTGOING, limit, state, &held);
}

enum ctl_status migrate_rest(struct ctl *ctl, const char *guest, uint32_t limit,
			     struct state *state)
{
	enum ctl_status status = ctl_open(ctl, &ctl->socket);
	bool held;

	*state = (struct state){ 0 };
	return status == CTL_DONE ?
	       step_and_collect(ctl, guest, VSERIAL_MIGRATION_PARTING, limit, state, &held) :
	       status;
}

/* Coming */

enum ctl_status migrate_arrive(struct ctl *ctl, const char *guest, uint32_t limit)
{
	struct vnl *events = NULL;
	struct here here = { 0 };
	enum ctl_status status = ctl_open(ctl, &ctl->socket);

	if (status == CTL_DONE)
		status = look_at_guest(ctl, guest, &here);
	if (status == CTL_DONE)
		status = subscribe(ctl, &events);
	if (status == CTL_DONE)
		status = migrate_step(ctl, guest, VSERIAL_MIGRATION_ARRIVING, 0);
	if (status == CTL_DONE)
		status = await_handovers(ctl, events, guest,
					 limit ? limit : here.guest.vmotion_limit);
	vnl_close(events);
	here_free(&here);
	return status;
}

static const struct port *find(const struct here *here, const struct port *wanted)
{
	size_t i;

	for (i = 0; i < here->n; i++)
		if (!strcmp(here->ports[i].guest, wanted->guest) &&
		    here->ports[i].index == wanted->index)
			return &here->ports[i];
	return NULL;
}

/* Judges each port: is it here, as it was there, or may it be made? */
static enum ctl_status judge_coming(struct ctl *ctl, const struct settings *there,
				    const struct here *here, bool create)
{
	const struct port *port;
	char why[1200];
	size_t i;

	for (i = 0; i < there->n; i++) {
		port = find(here, &there->ports[i]);
		if (!port && !create)
			return ctl_fail(ctl, CTL_REFUSED, "port '%s/%u' does not exist here: make it first, or receive with 'create'",
					there->guest.name, there->ports[i].index);
		if (port ? settings_agree(&there->ports[i], port, why, sizeof(why)) :
			   settings_may_create(&there->ports[i], why, sizeof(why)))
			return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	}
	return CTL_DONE;
}

/* @nr is that of the request in the settings; it stays theirs. */
static enum ctl_status make(struct ctl *ctl, const struct settings *there, size_t nr)
{
	struct vnl_replies none;
	struct vnl_error error;

	if (vnl_call(ctl->socket, there->ctl.queue[nr], &none, &error))
		return ctl_fail_netlink(ctl, &error);
	vnl_replies_free(&none);
	return CTL_DONE;
}

static enum ctl_status put_state(struct ctl *ctl, const char *guest, const struct state_port *port)
{
	enum ctl_status status = CTL_DONE;
	struct vnl_msg *msg;
	size_t at, len;

	for (at = 0; status == CTL_DONE && at < port->len; at += len) {
		len = port->len - at < PIECE_MAX ? port->len - at : PIECE_MAX;
		msg = about_port(VSERIAL_CMD_PORT_STATE_SET, false, guest, port->index);
		vnl_put_u32(msg, VSERIAL_A_PORT_STATE_SIZE, (uint32_t)port->len);
		vnl_put_u32(msg, VSERIAL_A_PORT_STATE_OFFSET, (uint32_t)at);
		vnl_put_bin(msg, VSERIAL_A_PORT_STATE_BYTES, port->bytes + at, len);
		status = ask(ctl, msg);
	}
	return status;
}

/* Makes what is missing, and gives it its state. */
static enum ctl_status take_in(struct ctl *ctl, const struct settings *there,
			       const struct here *here, const struct state *state, uint32_t limit)
{
	const char *guest = there->guest.name;
	enum ctl_status status = CTL_DONE;
	struct vnl *events = NULL;
	size_t i;

	/* First: ports that are made then power nothing on. */
	if (here->guest.migration != VSERIAL_MIGRATION_ARRIVING)
		status = migrate_step(ctl, guest, VSERIAL_MIGRATION_INCOMING, limit);
	for (i = 0; status == CTL_DONE && i < there->n; i++)
		if (!find(here, &there->ports[i]))
			status = make(ctl, there, 1 + i);
	if (status == CTL_DONE)
		status = subscribe(ctl, &events);
	for (i = 0; status == CTL_DONE && i < state->n; i++)
		status = put_state(ctl, guest, &state->ports[i]);
	if (status == CTL_DONE)
		status = await_handovers(ctl, events, guest, limit);
	vnl_close(events);
	return status;
}

/* A port has both, settings and a state. */
static enum ctl_status judge_state(struct ctl *ctl, const struct settings *there,
				   const struct state *state)
{
	size_t i, j;

	for (i = 0; i < state->n; i++) {
		for (j = 0; j < there->n; j++)
			if (there->ports[j].index == state->ports[i].index)
				break;
		if (j == there->n)
			break;
	}
	if (i == state->n && state->n == there->n)
		return CTL_DONE;
	return ctl_fail(ctl, CTL_REFUSED, "the state has %zu ports and settings of %zu, which are not the same",
			state->n, there->n);
}

static enum ctl_status undo(struct ctl *ctl, const struct settings *there, bool made)
{
	char *why = xstrdup(ctl->why);
	struct vnl_msg *msg;

	give_up(ctl, there->guest.name);
	if (made) {
		msg = vnl_msg_new(VSERIAL_CMD_GUEST_DEL, false);
		vnl_put_str(msg, VSERIAL_A_GUEST_NAME, there->guest.name);
		ask(ctl, msg);
	}
	snprintf(ctl->why, sizeof(ctl->why), "%s", why);
	free(why);
	return CTL_REFUSED;
}

static enum ctl_status receive(struct ctl *ctl, const struct settings *there,
			       const struct state *state, bool create, uint32_t limit)
{
	struct here here = { 0 };
	enum ctl_status status = judge_state(ctl, there, state);
	bool made = false, expected;

	if (status == CTL_DONE)
		status = list_ports(ctl, NULL, &here);
	if (status == CTL_DONE)
		status = judge_coming(ctl, there, &here, create);
	if (status == CTL_DONE && look_at_guest(ctl, there->guest.name, &here) != CTL_DONE) {
		if (create)
			status = make(ctl, there, 0);
		else
			status = CTL_REFUSED;
		made = status == CTL_DONE;
		if (made)
			status = look_at_guest(ctl, there->guest.name, &here);
	}
	expected = here.guest.migration == VSERIAL_MIGRATION_INCOMING ||
		   here.guest.migration == VSERIAL_MIGRATION_ARRIVING;
	if (!limit)
		limit = here.guest.vmotion_limit;
	if (status == CTL_DONE) {
		status = take_in(ctl, there, &here, state, limit);
		if (status != CTL_DONE && !expected)
			status = undo(ctl, there, made);
	}
	here_free(&here);
	return status;
}

enum ctl_status migrate_receive(struct ctl *ctl, const struct state *state, bool create,
				uint32_t limit)
{
	struct settings there;
	enum ctl_status status = ctl_open(ctl, &ctl->socket);
	char why[1200];

	if (status != CTL_DONE)
		return status;
	if (settings_read(state->settings, &there, why, sizeof(why)))
		status = ctl_fail(ctl, CTL_REFUSED, "%s", why);
	else
		status = receive(ctl, &there, state, create, limit);
	settings_free(&there);
	return status;
}
