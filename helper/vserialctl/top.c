// SPDX-License-Identifier: GPL-2.0-or-later
/* What goes on at the ports, from what two dumps tell. */
#include <string.h>

#include <linux/vserial.h>

#include "memory.h"
#include "object.h"
#include "top.h"

const char *const top_sort_words[] = {
	[TOP_BY_NAME] = "name",
	[TOP_BY_TX] = "tx",
	[TOP_BY_RX] = "rx",
	[TOP_BY_DROPPED] = "dropped",
	[TOP_BY_STATE] = "state",
	NULL,
};

static int by_name(const void *a, const void *b)
{
	const struct top_port *left = a, *right = b;
	int order = strverscmp(left->guest, right->guest);

	if (order)
		return order;
	return left->index < right->index ? -1 : left->index > right->index;
}

/* The larger one first. */
static int by_number(uint64_t left, uint64_t right)
{
	return left > right ? -1 : left < right;
}

static int by_tx(const void *a, const void *b)
{
	const struct top_port *left = a, *right = b;
	int order = by_number(left->tx_rate, right->tx_rate);

	return order ? order : by_name(a, b);
}

static int by_rx(const void *a, const void *b)
{
	const struct top_port *left = a, *right = b;
	int order = by_number(left->rx_rate, right->rx_rate);

	return order ? order : by_name(a, b);
}

static int by_dropped(const void *a, const void *b)
{
	const struct top_port *left = a, *right = b;
	int order = by_number(left->dropped_rate, right->dropped_rate);

	if (!order)
		order = by_number(left->dropped, right->dropped);
	return order ? order : by_name(a, b);
}

/* Errors are the last of the states. */
static int by_state(const void *a, const void *b)
{
	const struct top_port *left = a, *right = b;
	int order = by_number(left->state, right->state);

	return order ? order : by_name(a, b);
}

static int (*const orders[])(const void *a, const void *b) = {
	[TOP_BY_NAME] = by_name,
	[TOP_BY_TX] = by_tx,
	[TOP_BY_RX] = by_rx,
	[TOP_BY_DROPPED] = by_dropped,
	[TOP_BY_STATE] = by_state,
};

static void sort(struct top *top, int (*order)(const void *a, const void *b))
{
	if (top->n)
		qsort(top->ports, top->n, sizeof(*top->ports), order);
}

void top_order(struct top *top)
{
	sort(top, orders[top->sort]);
}

static struct top_port *find(const struct top *top, const char *guest, uint32_t index)
{
	const struct top_port key = { .guest = (char *)guest, .index = index };

	return top->n ? bsearch(&key, top->ports, top->n, sizeof(key), by_name) : NULL;
}

/* A counter that went back is that of another port with the name. */
static uint64_t rate(uint64_t before, uint64_t now, uint64_t elapsed)
{
	if (now < before || !elapsed)
		return 0;
	return (uint64_t)((double)(now - before) * 1e9 / (double)elapsed + 0.5);
}

static void take_port(struct top_port *to, const struct vnl_reply *reply)
{
	struct port port;

	port_read(reply, &port);
	*to = (struct top_port){
		.guest = xstrdup(port.guest), .index = port.index, .minor = port.minor,
		.power = port.power, .state = port.state, .tx = port.tx_bytes,
		.rx = port.rx_bytes, .dropped = port.dropped_bytes,
		.far = xstrdup(*port.reason ? port.reason : *port.peer ? port.peer : port.backing),
	};
}

static void count_session(struct top *top, const struct vnl_reply *reply)
{
	struct top_port *port;
	struct session session;

	session_read(reply, &session);
	port = find(top, session.guest, session.index);
	if (port)
		port->sessions++;
}

static void count_guests(struct top *top)
{
	size_t i;

	top->guests = 0;
	for (i = 0; i < top->n; i++)
		top->guests += !i || strcmp(top->ports[i - 1].guest, top->ports[i].guest);
}

void top_take(struct top *top, const struct vnl_replies *ports,
	      const struct vnl_replies *sessions, uint64_t now)
{
	struct top_port *port, *old;
	struct top before = *top;
	size_t i;

	top->ports = xcalloc(ports->n + 1, sizeof(*top->ports));
	top->n = ports->n;
	top->time = now;
	for (i = 0; i < ports->n; i++)
		take_port(&top->ports[i], ports->v[i]);
	sort(top, by_name);
	sort(&before, by_name);
	count_guests(top);
	for (i = 0; i < sessions->n; i++)
		count_session(top, sessions->v[i]);
	for (i = 0; i < top->n; i++) {
		port = &top->ports[i];
		old = find(&before, port->guest, port->index);
		if (!old || old->minor != port->minor)
			continue;
		port->tx_rate = rate(old->tx, port->tx, now - before.time);
		port->rx_rate = rate(old->rx, port->rx, now - before.time);
		port->dropped_rate = rate(old->dropped, port->dropped, now - before.time);
	}
	top_free(&before);
	top_order(top);
}

void top_free(struct top *top)
{
	size_t i;

	for (i = 0; i < top->n; i++) {
		free(top->ports[i].guest);
		free(top->ports[i].far);
	}
	free(top->ports);
	top->ports = NULL;
	top->n = 0;
}
