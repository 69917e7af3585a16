// SPDX-License-Identifier: GPL-2.0-or-later
/* All that the concentrator knows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrival.h"
#include "hub.h"
#include "listener.h"
#include "log.h"
#include "memory.h"
#include "printable.h"
#include "transport_tls.h"
#include "vspc_deviation.h"

/**
 * struct door - an address that is listened on
 * @hub: the concentrator
 * @settings: what is set of it
 * @viewers: for viewers
 * @place: for the listener
 * @listener: its sockets
 * @rules: what is asked of who comes, or NULL where nothing is encrypted
 */
struct door {
	struct hub *hub;
	const struct settings_uri *settings;
	bool viewers;
	struct place place;
	struct listener *listener;
	struct tls_rules *rules;
};

/* Addresses. */

static void admit(void *arg, struct conn *conn, const char *name)
{
	const struct door *door = arg;

	if (door->viewers)
		viewer_new(door->hub, conn, name, door->settings->name);
	else
		link_new(door->hub, conn, name);
}

static void not_admitted(void *arg, const char *name, const char *why)
{
	(void)arg;
	log_line(LOG_NOTICE, "%s is not let in: %s", name, why);
}

static void on_accepted(void *arg, int fd, const char *name)
{
	static const struct arrival_handler handler = {
		.arrived = admit,
		.failed = not_admitted,
	};
	const struct door *door = arg;
	const struct arrival_plan plan = {
		.server = true,
		/* To a machine a link speaks it. */
		.telnet = door->viewers,
		.tls = door->rules,
		.at_once = door->settings->uri.tls,
		.required = tls_required(&door->settings->uri),
	};
	struct conn *conn = conn_new(&transport_tcp, fd);

	if (door->rules)
		arrival_begin(door->hub->daemon->arrivals, conn, name, &plan, &handler, arg);
	else
		admit(arg, door->viewers ? conn_telnet(conn, true) : conn, name);
}

/* Return: 0, also where there is no TLS, or -1. */
static int read_rules(struct door *door, struct tls_rules **rules, char *why)
{
	const struct conf *conf = &door->hub->daemon->conf;
	const struct uri *uri = &door->settings->uri;
	bool silent = door->hub->settings->deviations & (VSPC_SILENT | VSPC_MUTE);

	*rules = NULL;
	if (!tls_possible(uri, conf, true))
		return 0;
	/* To have TLS in AUTHENTICATION is to say something first. */
	if (!door->viewers && silent && !tls_required(uri))
		return 0;
	*rules = tls_rules_new(uri, conf, true, why);
	return *rules ? 0 : -1;
}

static int open_door(struct door *door, char *why)
{
	struct daemon *daemon = door->hub->daemon;
	const struct uri *uri = &door->settings->uri;
	const struct transport_ops *ops = transport_find(uri, why);
	struct addresses at;

	if (!ops)
		return -1;
	door->place = (struct place){ .uri = uri, .conf = &daemon->conf };
	if (!ops->addresses(&door->place, true, &at)) {
		snprintf(why, TRANSPORT_WHY_MAX, "%s://%s:%u: to listen, an address is needed, not a name",
			 uri->scheme, uri->host, uri->port);
		return -1;
	}
	if (read_rules(door, &door->rules, why))
		return -1;
	door->listener = listener_new(daemon, ops, &door->place, &at, on_accepted, door, why);
	return door->listener ? 0 : -1;
}

static int open_doors(struct hub *hub, const struct settings_uri *list, size_t n, bool viewers,
		      char *why)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct door *door = &hub->doors[hub->n_doors++];

		*door = (struct door){ .hub = hub, .settings = &list[i], .viewers = viewers };
		if (open_door(door, why))
			return -1;
	}
	return 0;
}

int hub_open(struct hub *hub, struct daemon *daemon, struct settings *settings, char *why)
{
	*hub = (struct hub){ .daemon = daemon, .settings = settings };
	TAILQ_INIT(&hub->consoles);
	LIST_INIT(&hub->links);
	LIST_INIT(&hub->callers);
	lobby_init(&hub->lobby, daemon);
	hub->doors = xcalloc(settings->n_machines + settings->n_viewers, sizeof(*hub->doors));
	if (open_doors(hub, settings->machines, settings->n_machines, false, why))
		return -1;
	return open_doors(hub, settings->viewers, settings->n_viewers, true, why);
}

void hub_close(struct hub *hub)
{
	struct console *console;
	size_t i;

	for (i = 0; i < hub->n_doors; i++) {
		listener_free(hub->doors[i].listener);
		arrivals_cancel(hub->daemon->arrivals, &hub->doors[i]);
		tls_rules_free(hub->doors[i].rules);
	}
	free(hub->doors);
	while (!LIST_EMPTY(&hub->links))
		link_close(LIST_FIRST(&hub->links), "the concentrator ends");
	while (!LIST_EMPTY(&hub->callers))
		viewer_close(LIST_FIRST(&hub->callers), "the concentrator ends");
	while ((console = TAILQ_FIRST(&hub->consoles))) {
		TAILQ_REMOVE(&hub->consoles, console, list);
		console_free(console);
	}
}

void hub_reload(struct hub *hub)
{
	struct console *console;
	char why[TRANSPORT_WHY_MAX];
	size_t i;

	TAILQ_FOREACH(console, &hub->consoles, list)
		console_record(console);
	for (i = 0; i < hub->n_doors; i++) {
		struct door *door = &hub->doors[i];
		struct tls_rules *rules;

		if (read_rules(door, &rules, why)) {
			log_line(LOG_ERR, "%s; what was read before stays in use", why);
			continue;
		}
		tls_rules_free(door->rules);
		door->rules = rules;
	}
}

/* Ports. */

struct console *hub_find(struct hub *hub, const char *name)
{
	struct console *console;

	TAILQ_FOREACH(console, &hub->consoles, list)
		if (!strcmp(console->name, name))
			return console;
	return NULL;
}

static struct console *add(struct hub *hub, const char *name)
{
	struct console *console = console_new(hub, name);

	TAILQ_INSERT_TAIL(&hub->consoles, console, list);
	hub->n_consoles++;
	return console;
}

struct console *hub_reserve(struct hub *hub, const char *name)
{
	struct console *console = hub_find(hub, name);

	/* There are no more of these than addresses. */
	return console ? console : add(hub, name);
}

/* Forgets the port that has not been used for longest. */
static bool make_room(struct hub *hub)
{
	struct console *console;

	TAILQ_FOREACH(console, &hub->consoles, list) {
		if (!console_idle(console))
			continue;
		TAILQ_REMOVE(&hub->consoles, console, list);
		hub->n_consoles--;
		console_free(console);
		return true;
	}
	return false;
}

/* What a new port is called: as its machine, and with a number if that is taken. */
static void make_name(struct hub *hub, const struct vspc_proxy *proxy, char *name, size_t size)
{
	char uuid[VSPC_UUID_TEXT] = "nameless";
	const char *base = proxy->name;
	unsigned int i;

	if (!*base) {
		if (proxy->has_uuid)
			vspc_uuid_format(proxy->uuid, uuid);
		base = uuid;
	}
	snprintf(name, size, "%s", base);
	for (i = 2; hub_find(hub, name); i++)
		snprintf(name, size, "%s#%u", base, i);
}

/*
 * The one that waits for a machine; else one that was lost on its way to another
 * host, for a machine that calls as if it had never left has come to stay.
 */
static struct console *find_own(struct hub *hub, const struct vspc_proxy *proxy)
{
	struct console *console, *lost = NULL;

	TAILQ_FOREACH(console, &hub->consoles, list) {
		if (console->link || !console_is_of(console, proxy))
			continue;
		if (!console->moving)
			return console;
		lost = console;
	}
	return lost;
}

struct console *hub_place(struct hub *hub, const struct vspc_proxy *proxy)
{
	char name[VSPC_NAME_MAX + 16];
	struct console *console = find_own(hub, proxy);

	if (!console) {
		console = hub_find(hub, proxy->name);
		if (console && console->known)
			console = NULL;
	}
	if (!console && hub->n_consoles >= hub->settings->consoles && !make_room(hub))
		return NULL;
	if (!console) {
		make_name(hub, proxy, name, sizeof(name));
		console = add(hub, name);
	}
	/* Those that are in use are behind those that are not. */
	TAILQ_REMOVE(&hub->consoles, console, list);
	TAILQ_INSERT_TAIL(&hub->consoles, console, list);
	console_identify(console, proxy);
	return console;
}

/* Takes as long for a blob that is nearly right as for any other. */
static bool same_blob(const struct console *console, const uint8_t *blob, size_t len)
{
	uint8_t differs = 0;
	size_t i;

	if (len != console->blob_len)
		return false;
	for (i = 0; i < len; i++)
		differs |= blob[i] ^ console->blob[i];
	return !differs;
}

struct console *hub_find_move(struct hub *hub, const uint8_t *blob, size_t len)
{
	struct console *console;

	TAILQ_FOREACH(console, &hub->consoles, list)
		if (console->moving && same_blob(console, blob, len))
			return console;
	return NULL;
}

/* For people. */

static const char *stand(const struct console *console)
{
	return console->moving ? "moving" : console->link ? "connected" : "not connected";
}

static void list_one(FILE *file, const struct console *console)
{
	char *name = printable(console->name, false), *service = printable(console->service, false);
	const struct peer *peer;
	unsigned int viewers = 0;

	TAILQ_FOREACH(peer, &console->viewers, list)
		viewers++;
	fprintf(file, "  %-24s %-14s %u viewer%s%s%s%s%s\r\n", name, stand(console), viewers,
		viewers == 1 ? "" : "s", *service ? ", " : "", service,
		console->link ? ", from " : "", console->link ? console->link->name : "");
	free(name);
	free(service);
}

char *hub_list(const struct hub *hub)
{
	const struct console *console;
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (!file)
		err(MEMORY_STATUS, "out of memory");
	if (TAILQ_EMPTY(&hub->consoles))
		fputs("there is no virtual machine\r\n", file);
	TAILQ_FOREACH(console, &hub->consoles, list)
		list_one(file, console);
	if (fclose(file))
		err(MEMORY_STATUS, "out of memory");
	return text;
}
