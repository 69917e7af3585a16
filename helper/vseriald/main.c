// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vseriald: carries the bytes of virtual serial ports to networks and Unix
 * sockets.
 *
 * One thread, one loop.  It registers with the module, gives up what rights
 * that took, and then does what the module tells it: dispatch.c takes the
 * messages, session.c serves a backing, listener.c and dialer.c find its
 * peers, peer.c moves their bytes.  Names are looked up in threads of the C
 * library, of which resolve.c alone knows.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "arrival.h"
#include "conf.h"
#include "daemon.h"
#include "dispatch.h"
#include "goodbye.h"
#include "handover.h"
#include "log.h"
#include "memory.h"
#include "printer.h"
#include "privilege.h"
#include "process.h"
#include "resolve.h"
#include "uri.h"

const char *argp_program_version = "vseriald " VSERIAL_VERSION;

/**
 * struct options - the command line
 * @conf: the file of --config, or NULL
 * @user: that of --user, or NULL
 * @debug: tell more
 * @check: read the configuration and end
 */
struct options {
	const char *conf;
	const char *user;
	bool debug;
	bool check;
};

static const struct argp_option options[] = {
	{ .name = "config", .key = 'c', .arg = "FILE",
	  .doc = "settings (default " CONF_FILE ", which may be missing)" },
	{ .name = "user", .key = 'u', .arg = "USER",
	  .doc = "run as USER (default: the configuration's, or vserial); "
		 "'' stays root without its capabilities" },
	{ .name = "debug", .key = 'd', .doc = "tell more on stderr" },
	{ .name = "check", .key = 'k', .doc = "check the settings and end" },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *opts = state->input;

	switch (key) {
	case 'c':
		opts->conf = arg;
		return 0;
	case 'u':
		opts->user = arg;
		return 0;
	case 'd':
		opts->debug = true;
		return 0;
	case 'k':
		opts->check = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Serves the network and Unix socket backings of virtual serial ports. "
	       "Stays in the foreground; see vseriald(8).",
};

/* Return: 0 or -1, after telling why. */
static int read_settings(const struct options *opts, struct conf *conf)
{
	char why[CONF_WHY_MAX];
	int rc;

	conf_defaults(conf);
	rc = conf_read(conf, opts->conf ? opts->conf : CONF_FILE, NULL, why);
	/* Only a file that was asked for has to be there. */
	if (rc == -ENOENT && !opts->conf)
		rc = 0;
	if (rc) {
		log_line(LOG_ERR, "%s", why);
		conf_free(conf);
		return -1;
	}
	if (opts->user) {
		free(conf->user);
		conf->user = xstrdup(opts->user);
	}
	return 0;
}

/**
 * struct process - what signals need
 * @daemon: the process
 * @opts: its command line
 */
struct process {
	struct daemon *daemon;
	const struct options *opts;
};

static int on_end(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	const struct process *process = arg;

	(void)source;
	(void)info;
	if (process->daemon->dispatch)
		dispatch_end(process->daemon->dispatch);
	else
		sd_event_exit(process->daemon->event, 0);
	return 0;
}

static int on_reload(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct process *process = arg;
	struct conf conf;

	(void)source;
	(void)info;
	sd_notify(0, "RELOADING=1\nSTATUS=Reading the settings again");
	/* With a mistake in it the old settings stay. */
	if (!read_settings(process->opts, &conf)) {
		conf_free(&process->daemon->conf);
		process->daemon->conf = conf;
		dispatch_reload(process->daemon->dispatch);
		log_line(LOG_NOTICE, "the settings have been read again");
	}
	sd_notify(0, "READY=1\nSTATUS=Serving");
	return 0;
}

/* @pw owns what is above some of them, and is not to have root give away what a link points to. */
static void make_folder(const char *path, mode_t mode, const struct passwd *pw)
{
	int fd;

	if (mkdir(path, mode) && errno != EEXIST) {
		log_line(LOG_WARNING, "cannot make %s: %s", path, strerror(errno));
		return;
	}
	if (!pw)
		return;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchown(fd, pw->pw_uid, pw->pw_gid))
		log_line(LOG_WARNING, "cannot give %s to %s: %s", path, pw->pw_name,
			 strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* The folders of pipes and print jobs; systemd makes them where it starts the daemon. */
static void make_folders(const struct conf *conf)
{
	const struct passwd *pw = *conf->user && !geteuid() ? getpwnam(conf->user) : NULL;

	make_folder("/run/vserial", 0755, pw);
	make_folder(URI_PIPE_FOLDER, 0755, pw);
	/* Another spool is the administrator's to make. */
	if (strcmp(conf->spool, CONF_SPOOL))
		return;
	make_folder("/var/lib/vserial", 0755, pw);
	make_folder(CONF_SPOOL, 0700, pw);
}

/* Return: the exit status. */
static int serve(struct daemon *daemon)
{
	struct vnl_error error = { 0 };
	char why[512];

	daemon->dispatch = dispatch_new(daemon, &error);
	if (!daemon->dispatch) {
		log_line(LOG_ERR, "%s", error.text);
		return error.err == ENOENT ? EXIT_NO_MODULE : EXIT_REFUSED;
	}
	make_folders(&daemon->conf);
	if (privilege_drop(daemon->conf.user, true, why, sizeof(why))) {
		log_line(LOG_ERR, "%s", why);
		return EXIT_REFUSED;
	}
	/* Jobs may be left; where there is no spool, ports that print say so. */
	if (!printers_open(daemon->printers, why))
		log_line(LOG_DEBUG, "%s", why);
	if (dispatch_start(daemon->dispatch, &error)) {
		log_line(LOG_ERR, "%s", error.text);
		return EXIT_REFUSED;
	}
	return process_loop(daemon->event);
}

int main(int argc, char **argv)
{
	struct options opts = { 0 };
	struct daemon daemon = { 0 };
	struct process process = { .daemon = &daemon, .opts = &opts };
	int status, rc;
	bool keep;

	argp_err_exit_status = EXIT_USAGE;
	argv[0] = program_invocation_short_name;
	argp_parse(&argp, argc, argv, 0, NULL, &opts);
	log_init(opts.debug);
	if (read_settings(&opts, &daemon.conf))
		return EXIT_REFUSED;
	if (opts.check) {
		conf_free(&daemon.conf);
		return EXIT_SUCCESS;
	}
	process_raise_limits();

	rc = sd_event_default(&daemon.event);
	if (rc >= 0)
		rc = process_watch_signals(daemon.event, on_end, on_reload, &process);
	if (rc >= 0) {
		daemon.resolver = resolver_new(daemon.event);
		rc = daemon.resolver ? 0 : -errno;
	}
	if (rc < 0) {
		log_line(LOG_ERR, "cannot set up the loop: %s", strerror(-rc));
		return EXIT_REFUSED;
	}
	daemon.goodbyes = goodbyes_new(daemon.event);
	daemon.arrivals = arrivals_new(&daemon);
	daemon.handover = handover_new();
	daemon.printers = printers_new(&daemon);

	status = serve(&daemon);
	/* It ends already: who asks again must not cut that short. */
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);

	/* Where a service manager keeps descriptors, the next daemon goes on with them. */
	keep = status == EXIT_SUCCESS && getenv("NOTIFY_SOCKET");
	if (keep)
		handover_pass_on(daemon.handover);
	else
		handover_free(daemon.handover);
	daemon.handover = NULL;
	dispatch_free(daemon.dispatch, keep);
	printers_free(daemon.printers);
	arrivals_free(daemon.arrivals);
	goodbyes_free(daemon.goodbyes);
	resolver_free(daemon.resolver);
	sd_event_unref(daemon.event);
	conf_free(&daemon.conf);
	return status;
}
