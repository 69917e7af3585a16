// SPDX-License-Identifier: GPL-2.0-or-later
/* vserialctl top: what goes on at the ports, on a screen or frame by frame. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <linux/vserial.h>

#include "attr.h"
#include "command.h"
#include "number.h"
#include "output.h"
#include "refs.h"
#include "top.h"
#include "top_screen.h"

/* In seconds, at most a day. */
#define INTERVAL_MAX	86400
#define INTERVAL	2

/**
 * struct watcher - what is asked for
 * @ctl: the run
 * @vnl: the socket
 * @guest: whose ports, or NULL: all
 * @interval: in seconds
 * @count: how many frames, or 0: until one leaves
 * @sort: the order at first
 * @status: the exit status, once something failed
 */
struct watcher {
	struct ctl *ctl;
	struct vnl *vnl;
	const char *guest;
	uint64_t interval;
	uint64_t count;
	enum top_sort sort;
	enum ctl_status status;
};

static enum ctl_status read_sort(struct watcher *w, const char *word)
{
	uint32_t i = TOP_BY_NAME;
	enum ctl_status status = attr_find_word(w->ctl, "sort", top_sort_words, word, &i);

	w->sort = i;
	return status;
}

static enum ctl_status read_number(struct watcher *w, const char *name, const char *word,
				   uint64_t max, uint64_t *n)
{
	if (number_parse(word, max, n) || !*n)
		return ctl_fail(w->ctl, CTL_REFUSED, "%s '%s' is not a whole number from 1 to %llu",
				name, word, (unsigned long long)max);
	return CTL_DONE;
}

static enum ctl_status read_words(struct watcher *w, char **words)
{
	enum ctl_status status = CTL_DONE;

	for (; *words && status == CTL_DONE; words += 2) {
		if (strcmp(*words, "sort") && strcmp(*words, "interval") &&
		    strcmp(*words, "count"))
			return ref_end(w->ctl, words);
		if (!words[1])
			return ctl_fail(w->ctl, CTL_USAGE, "%s needs a value", *words);
		if (!strcmp(*words, "sort"))
			status = read_sort(w, words[1]);
		else if (!strcmp(*words, "interval"))
			status = read_number(w, "interval", words[1], INTERVAL_MAX, &w->interval);
		else
			status = read_number(w, "count", words[1], UINT32_MAX, &w->count);
	}
	return status;
}

static int dump(struct watcher *w, struct vnl_msg *msg, struct vnl_replies *replies)
{
	struct vnl_error error;
	int rc = vnl_call(w->vnl, msg, replies, &error);

	vnl_msg_free(msg);
	if (rc)
		w->status = ctl_fail_netlink(w->ctl, &error);
	return rc;
}

static int take(void *arg, struct top *top)
{
	struct vnl_msg *msg = vnl_msg_new(VSERIAL_CMD_PORT_GET, true);
	struct vnl_replies ports, sessions;
	struct watcher *w = arg;
	struct timespec now;

	if (w->guest)
		vnl_put_str(msg, VSERIAL_A_PORT_GUEST, w->guest);
	if (dump(w, msg, &ports))
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (dump(w, vnl_msg_new(VSERIAL_CMD_SESSION_GET, true), &sessions)) {
		vnl_replies_free(&ports);
		return -1;
	}
	top_take(top, &ports, &sessions, (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
	vnl_replies_free(&ports);
	vnl_replies_free(&sessions);
	return 0;
}

/* Frame by frame, for a file or a pipe. */
static void print_frames(struct watcher *w, struct top *top)
{
	const struct timespec interval = { .tv_sec = (time_t)w->interval };
	const struct top_view view = { 0 };
	uint64_t n;

	if (take(w, top))
		return;
	for (n = 0; n < w->count; n++) {
		nanosleep(&interval, NULL);
		if (take(w, top))
			return;
		if (n && !w->ctl->json)
			putchar('\n');
		if (w->ctl->json)
			json_top(top);
		else
			top_write(stdout, top, &view);
		if (fflush(stdout))
			return;
	}
}

static enum ctl_status show(struct ctl *ctl, char **words)
{
	struct watcher w = { .ctl = ctl, .interval = INTERVAL };
	struct top_source source = { .take = take, .arg = &w };
	enum ctl_status status = CTL_DONE;
	struct top top;

	if (*words && strcmp(*words, "sort") && strcmp(*words, "interval") &&
	    strcmp(*words, "count"))
		status = ref_guest(ctl, &words, &w.guest);
	if (status == CTL_DONE)
		status = read_words(&w, words);
	if (status == CTL_DONE)
		status = ctl_open(ctl, &w.vnl);
	if (status != CTL_DONE)
		return status;
	top = (struct top){ .sort = w.sort };
	source.interval = (unsigned int)w.interval * 1000;
	if (!w.count && !ctl->json && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO)) {
		top_screen(&top, &source);
	} else {
		w.count = w.count ? w.count : 1;
		print_frames(&w, &top);
	}
	top_free(&top);
	vnl_close(w.vnl);
	return w.status;
}

const struct command top_commands[] = {
	{ .args = "[GUEST] [sort name|tx|rx|dropped|state] [interval S] [count N]",
	  .help = "watch states, rates and peers of ports on a screen, or print N frames",
	  .words = { WORD_GUEST }, .run = show },
	{ 0 },
};
