// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl port capture: what goes over a port's cable, in a file for Wireshark. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "capture.h"
#include "command.h"
#include "memory.h"
#include "refs.h"
#include "terminal.h"

/* Memory that the kernel may fill before it is read. */
#define RECEIVE_BUFFER	(1u << 20)
/* The kernel holds records back for less than this. */
#define LAST_MS		100

/**
 * struct capturer - a capture that goes on
 * @ctl: the run
 * @path: the file's name
 * @attach: the socket
 * @session: at the port
 * @capture: the file
 * @until: a signal ends it; when that came, in nanoseconds since 1970, or 0
 * @status: the exit status
 * @over: it ends
 */
struct capturer {
	struct ctl *ctl;
	const char *path;
	struct attach *attach;
	struct attach_session *session;
	struct capture capture;
	uint64_t until;
	enum ctl_status status;
	bool over;
};

static void fail(struct capturer *c, const char *what, const char *why)
{
	c->status = ctl_fail(c->ctl, CTL_REFUSED, "%s: %s", what, why);
	c->over = true;
}

static void output(void *arg, uint64_t offset, const uint8_t *bytes, size_t n, uint64_t lost)
{
	struct capturer *c = arg;

	if (lost || capture_take(&c->capture, bytes, n))
		fail(c, c->path, "the kernel sent what is no record");
	if (c->session)
		attach_settle(c->session, offset + n);
}

static void ended(void *arg, const char *why)
{
	struct capturer *c = arg;

	c->session = NULL;
	fail(c, "the capture ended", *why ? why : "nobody says why");
}

static const struct attach_ops ops = { .output = output, .ended = ended };

static int join(struct capturer *c, const char *guest, uint32_t index)
{
	const struct attach_request request = {
		.guest = guest, .index = index, .capture = true,
	};
	struct vnl_error error;

	c->attach = attach_open(RECEIVE_BUFFER, &error);
	if (c->attach)
		c->session = attach_join(c->attach, &request, &ops, c, &error);
	if (c->session)
		return 0;
	ctl_fail_netlink(c->ctl, &error);
	c->status = error.err == ENOENT && !c->attach ? CTL_NO_MODULE : CTL_REFUSED;
	return -1;
}

static void take(struct capturer *c)
{
	struct vnl_error error;

	if (attach_read(c->attach, &error) && error.err != ENOBUFS) {
		ctl_fail_netlink(c->ctl, &error);
		c->status = CTL_REFUSED;
		c->over = true;
	}
}

/* Who reads a pipe, or looks at the file, sees what came at once. */
static void show(struct capturer *c)
{
	if (fflush(c->capture.file))
		fail(c, c->path, strerror(errno));
}

/* A second signal does not wait for what came before the first. */
static void end(struct capturer *c)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	c->over = c->until;
	c->until = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/*
 * Until a signal comes: that is how a capture ends.  What went over the cable
 * before it may still be on its way here.
 */
static void loop(struct capturer *c, int signals)
{
	struct vnl_error error;

	while (!c->over) {
		struct pollfd fds[] = {
			{ .fd = signals, .events = POLLIN },
			{ .fd = attach_fd(c->attach), .events = POLLIN },
		};
		int n, sig;

		show(c);
		if (attach_flush(c->attach, &error))
			fail(c, "the capture ended", error.text);
		if (c->over)
			break;
		n = poll(fds, 2, c->until ? LAST_MS : -1);
		if (n < 0)
			continue;
		while (fds[0].revents && (sig = terminal_signal(signals)))
			if (sig == SIGTSTP)
				terminal_obey(sig);
			else if (sig != SIGCONT && sig != SIGWINCH)
				end(c);
		if (fds[1].revents)
			take(c);
		if (!n || (c->until && c->capture.time > c->until))
			c->over = true;
	}
}

/* A file that is there already is kept if the kernel refuses. */
static FILE *open_file(struct capturer *c, const char *name)
{
	FILE *file = strcmp(c->path, "-") ? fopen(c->path, "we") : stdout;

	if (!file)
		fail(c, c->path, strerror(errno));
	else if (capture_begin(&c->capture, file, name))
		fail(c, c->path, "the kernel sent what is no record");
	return file;
}

static void close_file(struct capturer *c, FILE *file)
{
	if ((file == stdout ? fflush(file) : fclose(file)) && c->status == CTL_DONE)
		fail(c, c->path, strerror(errno));
}

static void run(struct capturer *c, const char *guest, uint32_t index)
{
	int signals = terminal_signals();
	FILE *file = NULL;
	char *name;

	if (asprintf(&name, "%s/%u", guest, index) < 0)
		err(MEMORY_STATUS, "out of memory");
	if (!join(c, guest, index))
		file = open_file(c, name);
	if (file) {
		loop(c, signals);
		fprintf(stderr, "vserialctl: %" PRIu64 " records of %s, %" PRIu64 " bytes lost\n",
			c->capture.records, name, c->capture.lost);
	}
	capture_end(&c->capture);
	if (file)
		close_file(c, file);
	attach_close(c->attach);
	if (signals >= 0)
		close(signals);
	free(name);
}

enum ctl_status port_capture(struct ctl *ctl, char **words)
{
	struct capturer c = { .ctl = ctl };
	enum ctl_status status;
	uint32_t index;
	char *guest;

	status = ref_port_name(ctl, &words, &guest, &index);
	if (status != CTL_DONE)
		return status;
	c.path = *words;
	if (!c.path)
		status = ctl_fail(ctl, CTL_USAGE,
				  "the file's name is missing; - is standard output");
	else
		status = ref_end(ctl, words + 1);
	if (status == CTL_DONE) {
		run(&c, guest, index);
		status = c.status;
	}
	free(guest);
	return status;
}
