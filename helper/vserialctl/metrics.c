// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests and ports as metrics.  Names are read by other people's rules and
 * dashboards: add, but do not rename.
 */
#include <inttypes.h>
#include <string.h>

#include <linux/vserial.h>

#include "memory.h"
#include "metrics.h"
#include "object.h"
#include "printable.h"

/**
 * struct all - what there is
 * @guests: the guests
 * @n_guests: how many there are
 * @ports: the ports
 * @sessions: how many sessions each of @ports has
 * @n_ports: how many there are
 */
struct all {
	struct guest *guests;
	size_t n_guests;
	struct port *ports;
	unsigned int *sessions;
	size_t n_ports;
};

/**
 * struct writer - where to, and how
 * @file: where to
 * @prometheus: in Prometheus' text format, which has types for counters, instead of one
 *              that is OpenMetrics as well
 */
struct writer {
	FILE *file;
	bool prometheus;
};

/*
 * OpenMetrics calls a family of counters what its samples are called without _total,
 * Prometheus' format calls it what they are called: of a counter without a type both
 * are content.
 */
static void head(const struct writer *w, const char *name, bool counter, const char *unit,
		 const char *help)
{
	fprintf(w->file, "# HELP vserial_%s %s\n", name, help);
	if (w->prometheus || !counter)
		fprintf(w->file, "# TYPE vserial_%s %s\n", name, counter ? "counter" : "gauge");
	if (unit && !w->prometheus)
		fprintf(w->file, "# UNIT vserial_%s %s\n", name, unit);
}

static void label(FILE *file, const char *name, const char *value)
{
	char *text = printable(value, true), *at;

	fprintf(file, "%s=\"", name);
	for (at = text; *at; at++) {
		if (*at == '\n')
			fputs("\\n", file);
		else if (*at == '"' || *at == '\\')
			fprintf(file, "\\%c", *at);
		else
			fputc(*at, file);
	}
	fputc('"', file);
	free(text);
}

static void guest_sample(const struct writer *w, const char *name, const struct guest *guest,
			 uint64_t value)
{
	fprintf(w->file, "vserial_%s{", name);
	label(w->file, "guest", guest->name);
	fprintf(w->file, "} %" PRIu64 "\n", value);
}

/* What all samples of a port begin with; the caller goes on behind the labels. */
static void port_labels(const struct writer *w, const char *name, const struct port *port)
{
	fprintf(w->file, "vserial_%s{", name);
	label(w->file, "guest", port->guest);
	fprintf(w->file, ",port=\"%u\"", port->index);
}

/* Numbers of a port. */
static const struct number {
	const char *name;
	bool counter;
	/* A gauge's, with which its name ends. */
	const char *unit;
	const char *help;
} numbers[] = {
	{ "port_power", false, NULL, "Whether the guest has the port open." },
	{ "port_connected", false, NULL, "Whether the port is to be connected to its backing." },
	{ "port_tx_bytes_total", true, NULL, "Bytes that the guest wrote." },
	{ "port_rx_bytes_total", true, NULL, "Bytes that were given to the guest." },
	{ "port_dropped_bytes_total", true, NULL, "Bytes that were lost, both directions." },
	{ "port_log_dropped_bytes_total", true, NULL, "Bytes that the port's log lost." },
	{ "port_tx_unread_bytes", false, "bytes", "Bytes that the backing has yet to take." },
	{ "port_rx_unread_bytes", false, "bytes", "Bytes that the guest has yet to take." },
	{ "port_breaks_total", true, NULL, "Breaks that the guest received." },
	{ "port_frame_errors_total", true, NULL, "Framing errors that the guest received." },
	{ "port_parity_errors_total", true, NULL, "Parity errors that the guest received." },
	{ "port_overruns_total", true, NULL, "Overruns that the guest received." },
	{ "port_polls_total", true, NULL, "Reads of the UART's registers that found nothing new." },
};

#define NUMBERS	(sizeof(numbers) / sizeof(numbers[0]))

static uint64_t value_of(const struct port *port, size_t number)
{
	/* In the order of the table. */
	const uint64_t values[] = {
		port->power, port->connected, port->tx_bytes, port->rx_bytes,
		port->dropped_bytes, port->log_dropped, port->tx_unread, port->rx_unread,
		port->breaks, port->frame, port->parity, port->overrun, port->polls,
	};

	_Static_assert(sizeof(values) / sizeof(values[0]) == NUMBERS, "each has a value");
	return values[number];
}

static void write_numbers(const struct writer *w, const struct all *all)
{
	const struct number *number;
	size_t i, j;

	for (i = 0; i < NUMBERS; i++) {
		number = &numbers[i];
		head(w, number->name, number->counter, number->unit, number->help);
		for (j = 0; j < all->n_ports; j++) {
			port_labels(w, number->name, &all->ports[j]);
			fprintf(w->file, "} %" PRIu64 "\n", value_of(&all->ports[j], i));
		}
	}
}

static void write_guests(const struct writer *w, const struct all *all)
{
	size_t i;

	head(w, "guest_power", false, NULL, "Whether the guest has any port open.");
	for (i = 0; i < all->n_guests; i++)
		guest_sample(w, "guest_power", &all->guests[i], all->guests[i].power);
	head(w, "guest_ports", false, NULL, "Ports that the guest has.");
	for (i = 0; i < all->n_guests; i++)
		guest_sample(w, "guest_ports", &all->guests[i], all->guests[i].ports);
}

static void write_info(const struct writer *w, const struct all *all)
{
	const struct port *port;
	size_t i;

	head(w, "port_info", false, NULL, "What the port is.");
	for (i = 0; i < all->n_ports; i++) {
		port = &all->ports[i];
		port_labels(w, "port_info", port);
		fprintf(w->file, ",tty=\"ttyVS%u\",", port->minor);
		label(w->file, "backing", port->backing);
		fputs("} 1\n", w->file);
	}
}

static void write_states(const struct writer *w, const struct all *all)
{
	uint32_t state;
	size_t i;

	head(w, "port_state", false, NULL, "How the port stands with its backing.");
	for (i = 0; i < all->n_ports; i++) {
		for (state = 0; state <= VSERIAL_STATE_UNRECOVERABLE_ERROR; state++) {
			port_labels(w, "port_state", &all->ports[i]);
			/* OpenMetrics' set of states has its own name for a label. */
			fprintf(w->file, ",vserial_port_state=\"%s\"} %d\n", state_name(state),
				all->ports[i].state == state);
		}
	}
}

static void write_sessions(const struct writer *w, const struct all *all)
{
	size_t i;

	head(w, "port_sessions", false, NULL, "Who is attached: consoles, and peers on a network.");
	for (i = 0; i < all->n_ports; i++) {
		port_labels(w, "port_sessions", &all->ports[i]);
		fprintf(w->file, "} %u\n", all->sessions[i]);
	}
}

static void count_session(struct all *all, const struct vnl_reply *reply)
{
	struct session session;
	struct port key = { 0 }, *port;

	session_read(reply, &session);
	key.guest = session.guest;
	key.index = session.index;
	port = bsearch(&key, all->ports, all->n_ports, sizeof(key), port_order);
	if (port)
		all->sessions[port - all->ports]++;
}

/* In order, so that two runs can be compared. */
static void read_all(struct all *all, const struct vnl_replies *replies)
{
	size_t i;

	all->guests = xcalloc(replies->n + 1, sizeof(*all->guests));
	all->ports = xcalloc(replies->n + 1, sizeof(*all->ports));
	all->sessions = xcalloc(replies->n + 1, sizeof(*all->sessions));
	for (i = 0; i < replies->n; i++) {
		if (vnl_cmd(replies->v[i]) == VSERIAL_CMD_GUEST_GET)
			guest_read(replies->v[i], &all->guests[all->n_guests++]);
		else if (vnl_cmd(replies->v[i]) == VSERIAL_CMD_PORT_GET)
			port_read(replies->v[i], &all->ports[all->n_ports++]);
	}
	qsort(all->guests, all->n_guests, sizeof(*all->guests), guest_order);
	qsort(all->ports, all->n_ports, sizeof(*all->ports), port_order);
	for (i = 0; i < replies->n; i++)
		if (vnl_cmd(replies->v[i]) == VSERIAL_CMD_SESSION_GET)
			count_session(all, replies->v[i]);
}

void metrics_write(FILE *file, const struct vnl_replies *replies, bool prometheus)
{
	const struct writer w = { .file = file, .prometheus = prometheus };
	struct all all = { 0 };

	read_all(&all, replies);
	write_guests(&w, &all);
	write_info(&w, &all);
	write_states(&w, &all);
	write_sessions(&w, &all);
	write_numbers(&w, &all);
	if (!prometheus)
		fputs("# EOF\n", file);
	free(all.guests);
	free(all.ports);
	free(all.sessions);
}
