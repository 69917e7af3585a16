// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl save: the configuration as a batch of commands. */
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "memory.h"
#include "object.h"
#include "refs.h"
#include "replace.h"
#include "rule.h"
#include "save.h"

/* Ports and rules first: a guest that comes in between is then saved whole or not. */
static enum ctl_status fill(struct ctl *ctl, char **words)
{
	ctl->output = *words && strcmp(*words, "-") ? *words : NULL;
	words += !!*words;
	ctl_queue_dump(ctl, VSERIAL_CMD_PORT_GET);
	ctl_queue_dump(ctl, VSERIAL_CMD_SERVICE_GET);
	ctl_queue_dump(ctl, VSERIAL_CMD_GUEST_GET);
	return ref_end(ctl, words);
}

/* All there is, each kind sorted. */
struct configuration {
	struct guest *guests;
	struct rule *rules;
	struct port *ports;
	size_t n_guests, n_rules, n_ports;
};

/*
 * Guests in order, each followed by its rules and then its ports, so that
 * nothing is connected that a rule denies; what belongs to a guest that went
 * while this was read is left out.
 */
static void write_all(FILE *file, const struct configuration *all)
{
	size_t i, j = 0, k = 0;
	int order;

	fputs("# vserial configuration; 'vserialctl restore FILE' reads it back\n", file);
	for (i = 0; i < all->n_guests; i++) {
		save_guest(file, &all->guests[i]);
		for (; j < all->n_rules; j++) {
			order = strverscmp(all->rules[j].guest, all->guests[i].name);
			if (order > 0)
				break;
			if (!order)
				save_rule(file, &all->rules[j]);
		}
		for (; k < all->n_ports; k++) {
			order = strverscmp(all->ports[k].guest, all->guests[i].name);
			if (order > 0)
				break;
			if (!order)
				save_port(file, &all->ports[k]);
		}
	}
}

static void read_all(const struct vnl_replies *replies, struct configuration *all)
{
	size_t i;

	for (i = 0; i < replies->n; i++) {
		if (vnl_cmd(replies->v[i]) == VSERIAL_CMD_GUEST_GET)
			guest_read(replies->v[i], &all->guests[all->n_guests++]);
		else if (vnl_cmd(replies->v[i]) == VSERIAL_CMD_SERVICE_GET)
			rule_read(replies->v[i], &all->rules[all->n_rules++]);
		else
			port_read(replies->v[i], &all->ports[all->n_ports++]);
	}
	qsort(all->guests, all->n_guests, sizeof(*all->guests), guest_order);
	qsort(all->rules, all->n_rules, sizeof(*all->rules), rule_order);
	qsort(all->ports, all->n_ports, sizeof(*all->ports), port_order);
}

static enum ctl_status print(struct ctl *ctl, const struct vnl_replies *replies)
{
	struct configuration all = {
		.guests = xcalloc(replies->n + 1, sizeof(*all.guests)),
		.rules = xcalloc(replies->n + 1, sizeof(*all.rules)),
		.ports = xcalloc(replies->n + 1, sizeof(*all.ports)),
	};
	struct replace replace = { .file = stdout };
	const char *why = NULL;

	read_all(replies, &all);
	if (ctl->output)
		why = replace_open(&replace, ctl->output);
	if (!why)
		write_all(replace.file, &all);
	if (!why && ctl->output)
		why = replace_commit(&replace);
	free(all.guests);
	free(all.rules);
	free(all.ports);
	if (why)
		return ctl_fail(ctl, CTL_REFUSED, "cannot save to %s: %s", ctl->output, why);
	return CTL_DONE;
}

const struct command save_commands[] = {
	{ .args = "[FILE]", .help = "print the commands that rebuild the configuration, or replace FILE by them",
	  .words = { WORD_FILE }, .fill = fill, .print = print },
	{ 0 },
};
