// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Guests, service rules and ports written as the commands that make them.  Every setting
 * is written, also one at its default: a later version may have others.
 * Owners are written as numbers, which mean the same without the names.
 */
#include <stdlib.h>
#include <uuid/uuid.h>

#include "number.h"
#include "rule.h"
#include "save.h"
#include "words.h"

static void save_uuid(FILE *file, const char *name, const void *uuid)
{
	char text[UUID_STR_LEN];

	if (!uuid)
		return;
	uuid_unparse_lower(uuid, text);
	fprintf(file, " %s %s", name, text);
}

void save_guest(FILE *file, const struct guest *guest)
{
	char *name = word_quote(guest->name);

	fprintf(file, "guest add %s", name);
	save_uuid(file, "uuid", guest->uuid);
	save_uuid(file, "vc-uuid", guest->vc_uuid);
	save_uuid(file, "location-uuid", guest->location_uuid);
	if (guest->owned)
		fprintf(file, " owner %u:%u", guest->uid, guest->gid);
	if (guest->vmotion_limit)
		fprintf(file, " vmotion-limit %u", guest->vmotion_limit);
	fputc('\n', file);
	free(name);
}

void save_rule(FILE *file, const struct rule *rule)
{
	char *guest = word_quote(rule->guest);
	char *exe = word_quote(rule->exe);
	char ports[RULE_PORTS_TEXT];

	fprintf(file, "service add %s rank %u %s %s direction %s", guest, rule->rank,
		action_name(rule->action), service_name(rule->service),
		towards_name(rule->direction));
	if (rule->ported)
		fprintf(file, " port %s", rule_ports(rule, ports));
	if (rule->has_uid)
		fprintf(file, " user %u", rule->uid);
	if (*rule->exe)
		fprintf(file, " exe %s", exe);
	fputc('\n', file);
	free(guest);
	free(exe);
}

void save_port(FILE *file, const struct port *port)
{
	char *guest = word_quote(port->guest);
	char *backing = word_quote(port->backing);
	char *proxy = word_quote(*port->proxy ? port->proxy : "none");
	char *log = word_quote(*port->log ? port->log : "none");
	char history[SIZE_TEXT], rate[SIZE_TEXT];

	fprintf(file, "port add %s/%u backing %s connect-at-power-on %s overflow %s stall-limit %u history %s carrier %s",
		guest, port->index, backing,
		port->connect_at_power_on ? "on" : "off",
		overflow_name(port->overflow), port->stall_limit,
		size_format(port->history, history), carrier_name(port->carrier));
	fprintf(file, " endpoint %s max-clients %u idle-timeout %u proxy %s log %s rate %s direction %s yield-on-poll %s\n",
		endpoint_name(port->endpoint), port->max_clients, port->idle_timeout, proxy,
		log, size_format(port->rate, rate), direction_name(port->direction),
		port->yield_on_poll ? "on" : "off");
	free(guest);
	free(backing);
	free(proxy);
	free(log);
}
