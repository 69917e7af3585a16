// SPDX-License-Identifier: GPL-2.0-or-later
/* What the host's firewall would drop. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/vserial.h>

#include "firewall_check.h"
#include "firewall_host.h"
#include "firewall_verdict.h"
#include "memory.h"
#include "object.h"

void firewall_holes_read(const struct vnl_replies *replies, struct firewall_holes *holes)
{
	struct firewall_port setting;
	struct port port;
	size_t i;

	holes->v = xcalloc(replies->n + 1, sizeof(*holes->v));
	holes->n = 0;
	for (i = 0; i < replies->n; i++) {
		if (vnl_cmd(replies->v[i]) != VSERIAL_CMD_PORT_GET)
			continue;
		port_read(replies->v[i], &port);
		setting = (struct firewall_port){
			.guest = port.guest, .index = port.index, .backing = port.backing,
			.proxy = port.proxy, .endpoint = port.endpoint, .state = port.state,
		};
		if (firewall_hole(&setting, &holes->v[holes->n]))
			holes->n++;
	}
}

void firewall_holes_free(struct firewall_holes *holes)
{
	free(holes->v);
	*holes = (struct firewall_holes){ 0 };
}

/* The ruleset as it would be with the hole made, which may be there already. */
static json_t *with_hole(const struct firewall_conf *conf, const json_t *ruleset, bool out)
{
	const size_t family = strcspn(conf->table, " ");
	const char *name = conf->table + family + strspn(conf->table + family, " ");
	json_t *copy = json_copy((json_t *)ruleset);
	json_t *list = json_copy(json_object_get(ruleset, "nftables"));

	json_array_append_new(list, json_pack("{s:{s:s%,s:s,s:s,s:[{s:n}]}}", "rule", "family",
					      conf->table, family, "table", name, "chain",
					      out ? FIREWALL_OUT : FIREWALL_IN, "expr", "accept"));
	json_object_set_new(copy, "nftables", list);
	return copy;
}

/* Whether no address of the hole is let through; @chain then says by whom. */
static bool is_shut(const struct firewall_rules *rules, const json_t *ruleset,
		    const struct firewall_hole *hole, char chain[VERDICT_CHAIN_MAX])
{
	struct verdict_packet packet = {
		.out = hole->out, .number = hole->number, .to = "",
		.uid = hole->printer ? rules->print_uid : rules->uid,
	};
	size_t i;

	for (i = 0; i < hole->n; i++) {
		packet.to = hole->addresses[i];
		packet.v6 = strchr(packet.to, ':');
		if (!verdict_drops(ruleset, &packet, chain))
			return false;
	}
	if (hole->n)
		return true;
	packet.v6 = true;
	if (hole->family != AF_INET && !verdict_drops(ruleset, &packet, chain))
		return false;
	packet.v6 = false;
	return hole->family == AF_INET6 || verdict_drops(ruleset, &packet, chain);
}

static void describe(const struct firewall_hole *hole, char *text, size_t size)
{
	if (hole->out)
		snprintf(text, size, "%s: connections to %.100s port %u", hole->port, hole->host,
			 hole->number);
	else
		snprintf(text, size, "%s: connections from other hosts to port %u", hole->port,
			 hole->number);
}

/**
 * enum cause - why a hole is shut
 * @CAUSE_NONE: it is not
 * @CAUSE_RULES: the rule sets do not make it
 * @CAUSE_NOT_MADE: nobody has made it
 * @CAUSE_NO_JUMP: packets do not get to where it is made
 */
enum cause {
	CAUSE_NONE,
	CAUSE_RULES,
	CAUSE_NOT_MADE,
	CAUSE_NO_JUMP,
};

static enum cause find_cause(const struct firewall_conf *conf, enum firewall_backend backend,
			     const struct firewall_rules *rules, const json_t *ruleset,
			     const struct firewall_hole *hole, char chain[VERDICT_CHAIN_MAX])
{
	/* Whether a host is among the networks is not known before it is looked up. */
	const bool unknown = hole->out && !hole->n && rules->on[hole->set];
	json_t *with;
	bool shut;

	if (!unknown && !firewall_grants(rules, hole))
		return is_shut(rules, ruleset, hole, chain) ? CAUSE_RULES : CAUSE_NONE;
	if (hole->active && !is_shut(rules, ruleset, hole, chain))
		return CAUSE_NONE;
	/* To its own policies firewalld jumps by itself. */
	if (backend == FIREWALL_NFTABLES) {
		with = with_hole(conf, ruleset, hole->out);
		shut = is_shut(rules, with, hole, chain);
		json_decref(with);
		if (shut)
			return CAUSE_NO_JUMP;
	}
	/* While the port is disconnected there need not be a hole. */
	return hole->active ? CAUSE_NOT_MADE : CAUSE_NONE;
}

/* The line that mends it. */
static void mend(const struct firewall_conf *conf, const struct firewall_hole *hole,
		 enum cause cause, const char *chain, char *text, size_t size)
{
	const char *allow = conf->allow[hole->set], *name = firewall_names[hole->set];
	const char *ours = hole->out ? FIREWALL_OUT : FIREWALL_IN;
	size_t table = strlen(conf->table);

	if (!conf->on[hole->set])
		snprintf(text, size, "vserialctl firewall enable %s", name);
	else if (cause == CAUSE_RULES)
		snprintf(text, size, "vserialctl firewall enable %s allow %.100s,%s", name, allow,
			 hole->addresses[0]);
	else if (cause == CAUSE_NOT_MADE)
		snprintf(text, size, "systemctl enable --now vserial-firewall");
	else if (!strncmp(chain, conf->table, table) && chain[table] == ' ')
		snprintf(text, size, "nft insert rule %s jump %s", chain, ours);
	else
		snprintf(text, size, "in " FIREWALL_CONF_FILE ": table = %.*s, then: nft insert rule %s jump %s",
			 (int)(strrchr(chain, ' ') - chain), chain, chain, ours);
}

bool firewall_check(const struct firewall_conf *conf, enum firewall_backend backend,
		    const struct firewall_rules *rules, const json_t *ruleset,
		    const struct firewall_hole *hole, char warning[FIREWALL_WARNING_MAX])
{
	char chain[VERDICT_CHAIN_MAX], what[256], line[320];
	enum cause cause;

	cause = find_cause(conf, backend, rules, ruleset, hole, chain);
	if (cause == CAUSE_NONE)
		return false;
	describe(hole, what, sizeof(what));
	mend(conf, hole, cause, chain, line, sizeof(line));
	snprintf(warning, FIREWALL_WARNING_MAX, "%s are dropped by %s; what mends it: %s", what,
		 chain, line);
	return true;
}

int firewall_warn(const char *path, struct firewall_holes *holes, bool look_up, FILE *file,
		  char *why)
{
	char warning[FIREWALL_WARNING_MAX];
	enum firewall_backend backend;
	struct firewall_rules rules;
	struct firewall_conf conf;
	json_t *ruleset;
	int n = -EPERM;
	size_t i;

	if (firewall_conf_read(&conf, path, why))
		return -EINVAL;
	if (firewall_conf_rules(&conf, &rules, why)) {
		firewall_conf_free(&conf);
		return -EINVAL;
	}
	backend = firewall_backend(&conf);
	ruleset = nftables_list(why);
	if (ruleset)
		n = 0;
	if (ruleset && look_up)
		firewall_resolve(holes->v, holes->n);
	for (i = 0; ruleset && i < holes->n; i++)
		if (firewall_check(&conf, backend, &rules, ruleset, &holes->v[i], warning)) {
			fprintf(file, "vserialctl: %s\n", warning);
			n++;
		}
	json_decref(ruleset);
	firewall_rules_free(&rules);
	firewall_conf_free(&conf);
	return n;
}
