// SPDX-License-Identifier: GPL-2.0-or-later
/* A frame of "top": two lines of sums, a line of titles, a line a port. */
#include <inttypes.h>
#include <string.h>

#include <linux/vserial.h>

#include "memory.h"
#include "object.h"
#include "printable.h"
#include "top.h"

/* Lines that are not ports'. */
#define HEAD	3u

/* What terminals since the VT100 understand. */
#define REVERSE		"\033[7m"
#define RED		"\033[31m"
#define PLAIN		"\033[m"
#define CLEAR_LINE	"\033[K"
#define CLEAR_REST	"\033[J"

const char *rate_format(uint64_t n, char text[RATE_TEXT])
{
	static const char units[] = "KMGTPE";
	uint64_t tenths = n;
	size_t unit = 0;

	if (n < 1024) {
		snprintf(text, RATE_TEXT, "%u", (unsigned int)n);
		return text;
	}
	/* Down to tenths of the unit, where they are to be seen. */
	while (tenths >> 20) {
		tenths >>= 10;
		unit++;
	}
	if (tenths < 10240)
		snprintf(text, RATE_TEXT, "%u.%u%c", (unsigned int)(tenths >> 10),
			 (unsigned int)((tenths & 1023) * 10 >> 10), units[unit]);
	else
		snprintf(text, RATE_TEXT, "%u%c", (unsigned int)(tenths >> 10), units[unit]);
	return text;
}

/* As much of a line as there are columns for; each character takes one. */
static void write_line(FILE *file, const struct top_view *view, const char *style,
		       const char *line)
{
	uint32_t left = view->columns ? view->columns : UINT32_MAX;

	if (view->terminal)
		fputs(style, file);
	for (; *line; line++) {
		/* Bytes behind the first of a character belong to it. */
		if (((unsigned char)*line & 0xc0) != 0x80 && !left--)
			break;
		fputc(*line, file);
	}
	if (view->terminal && *style)
		fputs(PLAIN, file);
	fputs(view->terminal ? CLEAR_LINE "\r\n" : "\n", file);
}

static void write_sums(FILE *file, const struct top *top, const struct top_view *view)
{
	char tx[RATE_TEXT], rx[RATE_TEXT], dropped[RATE_TEXT], line[256];
	uint64_t sum_tx = 0, sum_rx = 0, sum_dropped = 0;
	size_t i, on = 0, connected = 0, wrong = 0;

	for (i = 0; i < top->n; i++) {
		sum_tx += top->ports[i].tx_rate;
		sum_rx += top->ports[i].rx_rate;
		sum_dropped += top->ports[i].dropped_rate;
		on += top->ports[i].power;
		connected += top->ports[i].state == VSERIAL_STATE_CONNECTED;
		wrong += top->ports[i].state >= VSERIAL_STATE_RECOVERABLE_ERROR;
	}
	snprintf(line, sizeof(line),
		 "%zu ports of %zu guests: %zu on, %zu connected, %zu with errors",
		 top->n, top->guests, on, connected, wrong);
	write_line(file, view, wrong ? RED : "", line);
	snprintf(line, sizeof(line), "bytes/s: %s out, %s in, %s dropped; by %s%s",
		 rate_format(sum_tx, tx), rate_format(sum_rx, rx),
		 rate_format(sum_dropped, dropped), top_sort_words[top->sort],
		 view->terminal ? "; keys: n t r d s order, up down, q" : "");
	write_line(file, view, sum_dropped ? RED : "", line);
}

static int name_width(const struct top *top)
{
	char index[12];
	size_t i, len, width = strlen("PORT");

	for (i = 0; i < top->n; i++) {
		len = strlen(top->ports[i].guest) + 1 +
		      (size_t)snprintf(index, sizeof(index), "%u", top->ports[i].index);
		if (len > width)
			width = len;
	}
	return (int)width;
}

static void write_port(FILE *file, const struct top_port *port, const struct top_view *view,
		       int width)
{
	char tx_rate[RATE_TEXT], rx_rate[RATE_TEXT], tx[RATE_TEXT], rx[RATE_TEXT];
	char dropped[RATE_TEXT], *far = printable(port->far, false), *name, *line;
	bool wrong = port->state >= VSERIAL_STATE_RECOVERABLE_ERROR || port->dropped_rate;

	if (asprintf(&name, "%s/%u", port->guest, port->index) < 0 ||
	    asprintf(&line, "%-*s  ttyVS%-4u %-3s %-19s %5s %5s %5s %5s %5s %4u  %s", width, name,
		     port->minor, port->power ? "on" : "off", state_name(port->state),
		     rate_format(port->tx_rate, tx_rate), rate_format(port->rx_rate, rx_rate),
		     rate_format(port->tx, tx), rate_format(port->rx, rx),
		     rate_format(port->dropped, dropped), port->sessions, far) < 0)
		err(MEMORY_STATUS, "out of memory");
	write_line(file, view, wrong ? RED : "", line);
	free(name);
	free(line);
	free(far);
}

size_t top_lines(const struct top_view *view)
{
	if (!view->rows)
		return SIZE_MAX;
	/* The cursor stands below the last one. */
	return view->rows > HEAD + 1 ? view->rows - HEAD - 1 : 1;
}

void top_write(FILE *file, const struct top *top, const struct top_view *view)
{
	int width = name_width(top);
	size_t i, lines = top_lines(view);
	char *titles;

	write_sums(file, top, view);
	if (asprintf(&titles, "%-*s  %-9s %-3s %-19s %5s %5s %5s %5s %5s %4s  %s", width, "PORT",
		     "DEVICE", "PWR", "STATE", "TX/s", "RX/s", "TX", "RX", "DROP", "SESS",
		     "PEER") < 0)
		err(MEMORY_STATUS, "out of memory");
	write_line(file, view, REVERSE, titles);
	free(titles);
	for (i = view->first; i < top->n && i - view->first < lines; i++)
		write_port(file, &top->ports[i], view, width);
	if (view->terminal)
		fputs(CLEAR_REST, file);
}
