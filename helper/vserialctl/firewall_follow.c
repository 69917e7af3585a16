// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the firewall as the ports are. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "firewall_check.h"
#include "firewall_follow.h"
#include "firewall_host.h"
#include "memory.h"

/*
 * How often it is all done anew, in milliseconds: names may have other
 * addresses, and who reloads a firewall throws away what others put there.
 */
#define INTERVAL 30000

/* Return: the exit status; without the module there are no ports, and CTL_NO_MODULE. */
static enum ctl_status read_holes(struct ctl *ctl, struct firewall_holes *holes)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_PORT_GET, true);
	enum ctl_status status = ctl_open(ctl, &ctl->socket);
	struct vnl_replies replies = { 0 };
	struct vnl_error error;

	*holes = (struct firewall_holes){ 0 };
	if (status == CTL_DONE && vnl_call(ctl->socket, msg, &replies, &error)) {
		ctl_fail_netlink(ctl, &error);
		status = error.err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED;
	}
	if (status == CTL_DONE)
		firewall_holes_read(&replies, holes);
	vnl_replies_free(&replies);
	vnl_msg_free(msg);
	return status;
}

/*
 * What stands for the holes that are to be made, whoever makes them, and for
 * the settings' file: who changes that makes holes himself.
 */
static char *key_for(const char *path, const struct firewall_rules *rules,
		     const struct firewall_holes *holes)
{
	struct stat st = { 0 };
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	if (file) {
		stat(path, &st);
		fprintf(file, "%ju %jd.%09ld\n", (uintmax_t)st.st_ino, (intmax_t)st.st_mtim.tv_sec,
			st.st_mtim.tv_nsec);
		firewall_nft(rules, holes->v, holes->n, file);
		fclose(file);
	}
	return text ? text : xstrdup("");
}

/*
 * Makes the holes; @shut: closes all of them instead.  @done is the key of what
 * was made last, or NULL: if that is what there is to make, it is not made again.
 */
static enum ctl_status apply(struct ctl *ctl, const char *path, struct firewall_holes *holes,
			     bool shut, char **done)
{
	enum ctl_status status = CTL_DONE;
	char why[FIREWALL_WHY_MAX], *key;
	struct firewall_rules rules;
	struct firewall_conf conf;
	size_t i;

	if (firewall_conf_read(&conf, path, why))
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	if (firewall_conf_rules(&conf, &rules, why)) {
		firewall_conf_free(&conf);
		return ctl_fail(ctl, CTL_REFUSED, "%s", why);
	}
	for (i = 0; shut && i < FIREWALL_SETS; i++)
		rules.on[i] = false;
	if (!shut)
		firewall_resolve(holes->v, holes->n);
	key = key_for(path, &rules, holes);
	if ((!*done || strcmp(*done, key)) &&
	    firewall_apply(firewall_backend(&conf), &rules, holes->v, holes->n, why)) {
		status = ctl_fail(ctl, CTL_REFUSED, "%s", why);
		*key = '\0';
	}
	free(*done);
	*done = key;
	firewall_rules_free(&rules);
	firewall_conf_free(&conf);
	return status;
}

static enum ctl_status set_up(struct ctl *ctl, const char *path, char **done)
{
	struct firewall_holes holes;
	enum ctl_status status = read_holes(ctl, &holes);

	if (status == CTL_DONE || status == CTL_NO_MODULE)
		status = apply(ctl, path, &holes, false, done);
	firewall_holes_free(&holes);
	return status;
}

enum ctl_status firewall_set_up(struct ctl *ctl, const char *path)
{
	char *done = NULL;
	enum ctl_status status = set_up(ctl, path, &done);

	free(done);
	return status;
}

/* Return: a descriptor that can be read when a signal asks for an end, or a negative errno. */
static int watch_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/**
 * enum wake - why waiting is over
 * @WAKE_EVENT: something has happened to ports
 * @WAKE_TIME: it is time to do all anew
 * @WAKE_END: it is to end
 */
enum wake {
	WAKE_EVENT,
	WAKE_TIME,
	WAKE_END,
};

static enum wake wait_for_change(struct ctl *ctl, struct vnl *vnl, int signals,
				 enum ctl_status *status)
{
	struct pollfd fds[] = {
		{ .fd = vnl_fd(vnl), .events = POLLIN },
		{ .fd = signals, .events = POLLIN },
	};
	struct vnl_replies events;
	struct vnl_error error;
	int rc = poll(fds, 2, INTERVAL);

	if (rc < 0 && errno != EINTR) {
		*status = ctl_fail(ctl, CTL_REFUSED, "cannot wait for events: %s", strerror(errno));
		return WAKE_END;
	}
	if (!rc)
		return WAKE_TIME;
	if (fds[1].revents)
		return WAKE_END;
	rc = vnl_events(vnl, &events, &error);
	if (!rc)
		vnl_replies_free(&events);
	/* Lost events are as good as others: all is read anew. */
	if (!rc || error.err == ENOBUFS)
		return WAKE_EVENT;
	ctl_fail_netlink(ctl, &error);
	*status = error.err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED;
	return WAKE_END;
}

/* Until it is to end. */
static enum ctl_status follow(struct ctl *ctl, const char *path, struct vnl *vnl, int signals)
{
	struct firewall_holes none = { 0 };
	enum ctl_status status = CTL_DONE;
	enum wake wake = WAKE_TIME;
	char *done = NULL;

	while (wake != WAKE_END) {
		if (wake == WAKE_TIME) {
			free(done);
			done = NULL;
		}
		/* A mistake, or a firewall that is being restarted, may be gone the next time. */
		if (set_up(ctl, path, &done) != CTL_DONE)
			ctl_complain(ctl);
		sd_notify(0, "READY=1");
		wake = wait_for_change(ctl, vnl, signals, &status);
	}
	if (apply(ctl, path, &none, true, &done) != CTL_DONE)
		ctl_complain(ctl);
	free(done);
	return status;
}

enum ctl_status firewall_follow(struct ctl *ctl, const char *path)
{
	enum ctl_status status = CTL_REFUSED;
	struct vnl_error error;
	struct vnl *vnl = vnl_open(&error);
	int signals = watch_signals();

	if (!vnl || vnl_subscribe(vnl, &error)) {
		ctl_fail_netlink(ctl, &error);
		status = error.err == ENOENT ? CTL_NO_MODULE : CTL_REFUSED;
	} else if (signals < 0) {
		ctl_fail(ctl, status, "cannot watch signals: %s", strerror(-signals));
	} else {
		status = follow(ctl, path, vnl, signals);
	}
	vnl_close(vnl);
	if (signals >= 0)
		close(signals);
	return status;
}
