// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl firewall: the host firewall's rule sets. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "command.h"
#include "firewall_check.h"
#include "firewall_follow.h"
#include "firewall_host.h"
#include "memory.h"
#include "refs.h"

static enum ctl_status list_ports(struct ctl *ctl, char **words)
{
	ctl_queue_dump(ctl, VSERIAL_CMD_PORT_GET);
	return ref_end(ctl, words);
}

/* Showing. */

static const char *backend_name(enum firewall_backend backend)
{
	return backend == FIREWALL_FIREWALLD ? "firewalld" : "nftables";
}

static void text_hole(const struct firewall_rules *rules, const struct firewall_hole *hole)
{
	const char *open = !firewall_grants(rules, hole) ? "closed" :
			   hole->active ? "open" : "closed while the port is disconnected";

	printf("  %-3s  %s%stcp %-5u  %s: %s%s\n", hole->out ? "out" : "in", hole->host,
	       *hole->host ? " " : "", hole->number, hole->port, open,
	       hole->out && !hole->n ? ": the host is not found" : "");
}

static void text_show(const struct firewall_conf *conf, const struct firewall_rules *rules,
		      const struct firewall_holes *holes)
{
	size_t set, i;

	for (set = 0; set < FIREWALL_SETS; set++) {
		printf("%s: %s: %s%s%s\n", firewall_names[set], firewall_titles[set],
		       conf->on[set] ? "on" : "off", *conf->allow[set] ? ", for " : "",
		       conf->allow[set]);
		for (i = 0; i < holes->n; i++)
			if (holes->v[i].set == set)
				text_hole(rules, &holes->v[i]);
	}
	if (firewall_backend(conf) == FIREWALL_FIREWALLD)
		puts("by firewalld: policies vserial-net-in, vserial-net-out, vserial-vspc-out");
	else
		printf("by nftables: chains " FIREWALL_IN " and " FIREWALL_OUT " of table %s\n",
		       conf->table);
}

static json_t *json_hole(const struct firewall_rules *rules, const struct firewall_hole *hole)
{
	json_t *addresses = json_array();
	size_t i;

	for (i = 0; i < hole->n; i++)
		json_array_append_new(addresses, json_string(hole->addresses[i]));
	return json_pack("{s:s,s:s,s:s,s:i,s:o,s:b}", "port", hole->port, "direction",
			 hole->out ? "out" : "in", "host", hole->host, "number", hole->number,
			 "addresses", addresses, "open",
			 hole->active && firewall_grants(rules, hole));
}

static void json_show(const struct firewall_conf *conf, const struct firewall_rules *rules,
		      const struct firewall_holes *holes)
{
	json_t *sets = json_array(), *all;
	size_t set, i;

	for (set = 0; set < FIREWALL_SETS; set++) {
		json_t *list = json_array();

		for (i = 0; i < holes->n; i++)
			if (holes->v[i].set == set)
				json_array_append_new(list, json_hole(rules, &holes->v[i]));
		json_array_append_new(sets, json_pack("{s:s,s:s,s:b,s:s,s:o}", "name",
						      firewall_names[set], "title",
						      firewall_titles[set], "on", conf->on[set],
						      "allow", conf->allow[set], "holes", list));
	}
	all = json_pack("{s:o,s:s,s:s}", "sets", sets, "backend",
			backend_name(firewall_backend(conf)), "table", conf->table);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static enum ctl_status print_show(struct ctl *ctl, const struct vnl_replies *replies)
{
	char why[FIREWALL_WHY_MAX];
	struct firewall_holes holes;
	struct firewall_rules rules;
	struct firewall_conf conf;

	if (firewall_conf_read(&conf, FIREWALL_CONF_FILE, why))
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	if (firewall_conf_rules(&conf, &rules, why)) {
		firewall_conf_free(&conf);
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	}
	firewall_holes_read(replies, &holes);
	firewall_resolve(holes.v, holes.n);
	if (ctl->json)
		json_show(&conf, &rules, &holes);
	else
		text_show(&conf, &rules, &holes);
	firewall_holes_free(&holes);
	firewall_rules_free(&rules);
	firewall_conf_free(&conf);
	return CTL_DONE;
}

static enum ctl_status print_check(struct ctl *ctl, const struct vnl_replies *replies)
{
	char why[FIREWALL_WHY_MAX];
	struct firewall_holes holes;
	int n;

	firewall_holes_read(replies, &holes);
	n = firewall_warn(FIREWALL_CONF_FILE, &holes, true, stdout, why);
	firewall_holes_free(&holes);
	if (n < 0)
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	if (n)
		return ctl_fail(ctl, CTL_REFUSED, "%d of what ports are set to would be dropped",
				n);
	return CTL_DONE;
}

/* Turning on and off. */

static enum ctl_status find_set(struct ctl *ctl, char ***words, size_t *set)
{
	const char *word = **words;

	if (!word)
		return ctl_fail(ctl, CTL_USAGE, "a rule set is missing: network or vspc");
	for (*set = 0; *set < FIREWALL_SETS; ++*set)
		if (!strcmp(word, firewall_names[*set])) {
			++*words;
			return CTL_DONE;
		}
	return ctl_fail(ctl, CTL_REFUSED, "there is no rule set '%s'; there are network and vspc",
			word);
}

static enum ctl_status take_allow(struct ctl *ctl, char ***words, char **allow)
{
	struct access_list list = { 0 };
	char why[FIREWALL_WHY_MAX];
	const char *value;

	if (!**words || strcmp(**words, "allow"))
		return CTL_DONE;
	value = *++*words;
	if (!value)
		return ctl_fail(ctl, CTL_USAGE, "allow needs networks, or any");
	++*words;
	if (strcmp(value, "any") && access_parse(value, &list, why, sizeof(why)))
		return ctl_fail(ctl, CTL_REFUSED, "allow: %s", why);
	access_free(&list);
	free(*allow);
	*allow = xstrdup(strcmp(value, "any") ? value : "");
	return CTL_DONE;
}

static enum ctl_status turn(struct ctl *ctl, char **words, bool on)
{
	char why[FIREWALL_WHY_MAX];
	enum ctl_status status;
	struct firewall_conf conf;
	size_t set = 0;

	status = find_set(ctl, &words, &set);
	if (status != CTL_DONE)
		return status;
	if (firewall_conf_read(&conf, FIREWALL_CONF_FILE, why))
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	if (on)
		status = take_allow(ctl, &words, &conf.allow[set]);
	if (status == CTL_DONE)
		status = ref_end(ctl, words);
	conf.on[set] = on;
	if (status == CTL_DONE && firewall_conf_write(&conf, FIREWALL_CONF_FILE, why))
		status = ctl_fail(ctl, CTL_REFUSED, "%s", why);
	firewall_conf_free(&conf);
	return status == CTL_DONE ? firewall_set_up(ctl, FIREWALL_CONF_FILE) : status;
}

static enum ctl_status enable(struct ctl *ctl, char **words)
{
	return turn(ctl, words, true);
}

static enum ctl_status disable(struct ctl *ctl, char **words)
{
	return turn(ctl, words, false);
}

static enum ctl_status follow(struct ctl *ctl, char **words)
{
	enum ctl_status status = ref_end(ctl, words);

	return status == CTL_DONE ? firewall_follow(ctl, FIREWALL_CONF_FILE) : status;
}

const struct command firewall_commands[] = {
	{ .verb = "show", .args = "", .help = "show the firewall's rule sets, and what they open",
	  .fill = list_ports, .print = print_show },
	{ .verb = "enable", .args = "network|vspc [allow NET[,NET]...|any]",
	  .help = "turn a rule set on: for these networks, or for all",
	  .run = enable },
	{ .verb = "disable", .args = "network|vspc", .help = "turn a rule set off",
	  .run = disable },
	{ .verb = "check", .args = "",
	  .help = "tell what ports are set to that the firewall would drop, and what mends it",
	  .fill = list_ports, .print = print_check },
	{ .verb = "follow", .args = "",
	  .help = "keep the openings as the ports are; vserial-firewall.service runs it",
	  .run = follow },
	{ 0 },
};
