// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vserial-vspc: a concentrator of virtual serial ports.
 *
 * One thread, one loop, and what vseriald has too: listener.c accepts,
 * arrival.c sees to TLS, peer.c moves the bytes of viewers.  link.c is a
 * virtual machine's connection, viewer.c asks whom somebody wants to see,
 * console.c is the port between them, hub.c knows them all.
 */
#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrival.h"
#include "goodbye.h"
#include "hub.h"
#include "log.h"
#include "memory.h"
#include "privilege.h"
#include "process.h"
#include "vspc_deviation.h"

const char *argp_program_version = "vserial-vspc " VSERIAL_VERSION;

/**
 * struct process - what the command line says, and signals need
 * @daemon: what is shared with vseriald
 * @hub: the concentrator
 * @settings: its settings
 * @conf: the file of --config, or NULL
 * @user: that of --user, or NULL
 * @listen: addresses of --listen
 * @n_listen: how many
 * @viewers: those of --viewers
 * @n_viewers: how many
 * @deviations: those of --deviate
 * @debug: tell more
 * @check: read the settings and end
 */
struct process {
	struct daemon daemon;
	struct hub hub;
	struct settings settings;
	const char *conf;
	const char *user;
	const char *listen[SETTINGS_URIS];
	size_t n_listen;
	const char *viewers[SETTINGS_URIS];
	size_t n_viewers;
	uint32_t deviations;
	bool debug;
	bool check;
};

static const struct argp_option options[] = {
	{ .name = "config", .key = 'c', .arg = "FILE",
	  .doc = "settings (default " SETTINGS_FILE ", which may be missing)" },
	{ .name = "listen", .key = 'l', .arg = "URI",
	  .doc = "where virtual machines connect, telnet: or telnets:, beside those in the "
		 "settings (default telnet://:13370)" },
	{ .name = "viewers", .key = 'v', .arg = "[NAME ]URI",
	  .doc = "where viewers do, to any virtual machine or to NAME "
		 "(default telnet://127.0.0.1:13371)" },
	{ .name = "user", .key = 'u', .arg = "USER",
	  .doc = "run as USER (default: the configuration's, or vserial); "
		 "'' stays root without its capabilities" },
	{ .name = "deviate", .key = 'D', .arg = "WHAT[,WHAT...]",
	  .doc = "behave as other concentrators do, to test virtual machines with; "
		 "'list' lists how" },
	{ .name = "debug", .key = 'd', .doc = "tell more on stderr" },
	{ .name = "check", .key = 'k', .doc = "check the settings and end" },
	{ 0 },
};

static void list_deviations(void)
{
	const struct vspc_deviation_name *deviation;

	for (deviation = vspc_deviations; deviation->name; deviation++)
		printf("%-16s%s\n", deviation->name, deviation->what);
	exit(fflush(stdout) ? EXIT_REFUSED : EXIT_SUCCESS);
}

static void add_deviations(struct process *process, char *words, struct argp_state *state)
{
	char *save = NULL, *word;
	uint32_t bit;

	if (!strcmp(words, "list"))
		list_deviations();
	for (word = strtok_r(words, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		bit = vspc_deviation_find(word);
		if (!bit)
			argp_error(state, "there is no deviation '%s'; --deviate=list lists them",
				   word);
		process->deviations |= bit;
	}
}

static void add_uri(const char **list, size_t *n, const char *uri, struct argp_state *state)
{
	if (*n == SETTINGS_URIS)
		argp_error(state, "there are more than %d addresses to listen on", SETTINGS_URIS);
	list[(*n)++] = uri;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct process *process = state->input;

	switch (key) {
	case 'c':
		process->conf = arg;
		return 0;
	case 'l':
		add_uri(process->listen, &process->n_listen, arg, state);
		return 0;
	case 'v':
		add_uri(process->viewers, &process->n_viewers, arg, state);
		return 0;
	case 'u':
		process->user = arg;
		return 0;
	case 'D':
		add_deviations(process, arg, state);
		return 0;
	case 'd':
		process->debug = true;
		return 0;
	case 'k':
		process->check = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Gives virtual serial ports that connect with VMware's telnet extension to "
	       "viewers, by name.  Stays in the foreground; see vserial-vspc(8).",
};

static int add_uris(struct settings *settings, const char **list, size_t n, bool viewers,
		    char *why)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (settings_listen(settings, list[i], viewers, why))
			return -1;
	return 0;
}

/* Return: 0 or -1, after telling why. */
static int read_settings(const struct process *process, struct settings *settings,
			 struct conf *conf)
{
	char why[CONF_WHY_MAX];

	if (settings_read(settings, conf, process->conf, why) ||
	    add_uris(settings, (const char **)process->listen, process->n_listen, false, why) ||
	    add_uris(settings, (const char **)process->viewers, process->n_viewers, true, why)) {
		log_line(LOG_ERR, "%s", why);
		settings_free(settings);
		conf_free(conf);
		return -1;
	}
	settings_finish(settings);
	settings->deviations = process->deviations;
	if (process->user) {
		free(conf->user);
		conf->user = xstrdup(process->user);
	}
	return 0;
}

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct process *process = arg;

	(void)source;
	(void)info;
	return sd_event_exit(process->daemon.event, 0);
}

/* Addresses stay; those that refer to them keep what they point to. */
static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct process *process = arg;
	struct settings settings;
	struct conf conf;

	(void)source;
	(void)info;
	/* With a mistake in them the old settings stay. */
	if (read_settings(process, &settings, &conf))
		return 0;
	conf_free(&process->daemon.conf);
	process->daemon.conf = conf;
	free(process->settings.log_folder);
	process->settings.log_folder = xstrdup(settings.log_folder);
	process->settings.consoles = settings.consoles;
	process->settings.identify_timeout = settings.identify_timeout;
	process->settings.name_timeout = settings.name_timeout;
	process->settings.vmotion_limit = settings.vmotion_limit;
	settings_free(&settings);
	hub_reload(&process->hub);
	log_line(LOG_NOTICE, "the settings have been read again");
	return 0;
}

/* Return: the exit status. */
static int serve(struct process *process)
{
	struct daemon *daemon = &process->daemon;
	char why[TRANSPORT_WHY_MAX];

	if (privilege_drop(daemon->conf.user, false, why, sizeof(why)) ||
	    hub_open(&process->hub, daemon, &process->settings, why)) {
		log_line(LOG_ERR, "%s", why);
		return EXIT_REFUSED;
	}
	return process_loop(daemon->event);
}

int main(int argc, char **argv)
{
	static struct process process;
	struct daemon *daemon = &process.daemon;
	int status, rc;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = program_invocation_short_name;
	argp_parse(&argp, argc, argv, 0, NULL, &process);
	log_init(process.debug);
	if (read_settings(&process, &process.settings, &daemon->conf))
		return EXIT_REFUSED;
	if (process.check) {
		settings_free(&process.settings);
		conf_free(&daemon->conf);
		return EXIT_SUCCESS;
	}
	process_raise_limits();
	rc = sd_event_default(&daemon->event);
	if (rc >= 0)
		rc = process_watch_signals(daemon->event, on_end, on_reload, &process);
	if (rc < 0) {
		log_line(LOG_ERR, "cannot set up the loop: %s", strerror(-rc));
		return EXIT_REFUSED;
	}
	daemon->goodbyes = goodbyes_new(daemon->event);
	daemon->arrivals = arrivals_new(daemon);

	status = serve(&process);

	if (process.hub.daemon)
		hub_close(&process.hub);
	arrivals_free(daemon->arrivals);
	goodbyes_free(daemon->goodbyes);
	sd_event_unref(daemon->event);
	settings_free(&process.settings);
	conf_free(&daemon->conf);
	return status;
}
