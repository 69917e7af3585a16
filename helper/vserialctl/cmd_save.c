// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl save: the configuration as a batch of commands. */
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "memory.h"
#include "object.h"
#include "refs.h"
#include "replace.h"
#include "save.h"

/* Ports first: a guest that comes in between is then saved whole or not. */
static enum ctl_status fill(struct ctl *ctl, char **words)
{
	ctl->output = *words && strcmp(*words, "-") ? *words : NULL;
	words += !!*words;
	ctl_queue_dump(ctl, VSERIAL_CMD_PORT_GET);
	ctl_queue_dump(ctl, VSERIAL_CMD_GUEST_GET);
	return ref_end(ctl, words);
}

/*
 * Guests in order, each followed by its ports; a port whose guest went
 * while this was read is left out.
 */
static void write_all(FILE *file, const struct guest *guests, size_t n_guests,
		      const struct port *ports, size_t n_ports)
{
	size_t i, j = 0;
	int order;

	fputs("# vserial configuration; 'vserialctl restore FILE' reads it back\n", file);
	for (i = 0; i < n_guests; i++) {
		save_guest(file, &guests[i]);
		for (; j < n_ports; j++) {
			order = strverscmp(ports[j].guest, guests[i].name);
			if (order > 0)
				break;
			if (!order)
				save_port(file, &ports[j]);
		}
	}
}

static enum ctl_status print(struct ctl *ctl, const struct vnl_replies *replies)
{
	struct guest *guests = xcalloc(replies->n + 1, sizeof(*guests));
	struct port *ports = xcalloc(replies->n + 1, sizeof(*ports));
	size_t i, n_guests = 0, n_ports = 0;
	struct replace replace = { .file = stdout };
	const char *why = NULL;

	for (i = 0; i < replies->n; i++) {
		if (vnl_cmd(replies->v[i]) == VSERIAL_CMD_GUEST_GET)
			guest_read(replies->v[i], &guests[n_guests++]);
		else
			port_read(replies->v[i], &ports[n_ports++]);
	}
	qsort(guests, n_guests, sizeof(*guests), guest_order);
	qsort(ports, n_ports, sizeof(*ports), port_order);
	if (ctl->output)
		why = replace_open(&replace, ctl->output);
	if (!why)
		write_all(replace.file, guests, n_guests, ports, n_ports);
	if (!why && ctl->output)
		why = replace_commit(&replace);
	free(guests);
	free(ports);
	if (why)
		return ctl_fail(ctl, CTL_REFUSED, "cannot save to %s: %s", ctl->output, why);
	return CTL_DONE;
}

const struct command save_commands[] = {
	{ .args = "[FILE]", .help = "print the commands that rebuild the configuration, or replace FILE by them",
	  .words = { WORD_FILE }, .fill = fill, .print = print },
	{ 0 },
};
