// SPDX-License-Identifier: GPL-2.0-or-later
/* firewalld, over D-Bus. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <systemd/sd-bus.h>

#include "firewall_host.h"
#include "memory.h"

#define NAME		"org.fedoraproject.FirewallD1"
#define PATH		"/org/fedoraproject/FirewallD1"
#define POLICY		"org.fedoraproject.FirewallD1.policy"

bool firewalld_runs(void)
{
	sd_bus *bus = NULL;
	bool runs = false;

	/* Asked for, not started. */
	if (sd_bus_open_system(&bus) >= 0)
		runs = sd_bus_get_name_creds(bus, NAME, 0, NULL) >= 0;
	sd_bus_flush_close_unref(bus);
	return runs;
}

/* A key of the settings with a list of strings, which ends with a NULL. */
static int append_list(sd_bus_message *message, const char *key, char **list)
{
	int rc = sd_bus_message_open_container(message, 'e', "sv");

	if (rc >= 0)
		rc = sd_bus_message_append(message, "s", key);
	if (rc >= 0)
		rc = sd_bus_message_open_container(message, 'v', "as");
	if (rc >= 0)
		rc = sd_bus_message_append_strv(message, list);
	if (rc >= 0)
		rc = sd_bus_message_close_container(message);
	return rc >= 0 ? sd_bus_message_close_container(message) : rc;
}

/* Return: the lines of a text that is cut up for it, and a NULL. */
static char **split_lines(char *text)
{
	char **lines = xcalloc(1, sizeof(*lines)), *line;
	size_t n = 0;

	while ((line = strsep(&text, "\n")))
		if (*line) {
			lines = xrealloc(lines, n + 2, sizeof(*lines));
			lines[n++] = line;
		}
	lines[n] = NULL;
	return lines;
}

static int append_settings(sd_bus_message *message, const char *policy, bool out, char **rules)
{
	char *any[] = { xstrdup("ANY"), NULL }, *host[] = { xstrdup("HOST"), NULL };
	char *none[] = { NULL };
	/* One without zones is not active. */
	bool on = *rules;
	int rc = sd_bus_message_append(message, "s", policy);

	if (rc >= 0)
		rc = sd_bus_message_open_container(message, 'a', "{sv}");
	if (rc >= 0)
		rc = append_list(message, "rich_rules", rules);
	if (rc >= 0)
		rc = append_list(message, "ingress_zones", !on ? none : out ? host : any);
	if (rc >= 0)
		rc = append_list(message, "egress_zones", !on ? none : out ? any : host);
	free(any[0]);
	free(host[0]);
	return rc >= 0 ? sd_bus_message_close_container(message) : rc;
}

int firewalld_set(const char *policy, bool out, const char *rich, char *why)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *message = NULL;
	char *text = xstrdup(rich), **rules = split_lines(text);
	sd_bus *bus = NULL;
	int rc = sd_bus_open_system(&bus);

	if (rc >= 0)
		rc = sd_bus_message_new_method_call(bus, &message, NAME, PATH, POLICY,
						    "setPolicySettings");
	if (rc >= 0)
		rc = append_settings(message, policy, out, rules);
	if (rc >= 0)
		rc = sd_bus_call(bus, message, 0, &error, NULL);
	if (rc < 0)
		snprintf(why, FIREWALL_WHY_MAX, "firewalld, policy %s: %.380s", policy,
			 error.message ? error.message : strerror(-rc));
	sd_bus_error_free(&error);
	sd_bus_message_unref(message);
	sd_bus_flush_close_unref(bus);
	free(rules);
	free(text);
	return rc < 0 ? rc : 0;
}
