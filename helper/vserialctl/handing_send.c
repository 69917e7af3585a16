// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest handed to another host over TLS: the host it leaves. */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "clock.h"
#include "handing.h"
#include "memory.h"
#include "printable.h"
#include "wire.h"

/* How often "complete" is said to a host that cannot be reached, in milliseconds. */
#define FINISH_PAUSE	200
/* How long the other host may take to hear of an abort. */
#define ABORT_TIME	2000u

enum answer {
	ANSWER_DONE,
	ANSWER_REFUSED,
	ANSWER_LOST,
};

/**
 * struct sending - a hand-over
 * @ctl: the run
 * @what: what is handed over
 * @porter: the connection
 */
struct sending {
	struct ctl *ctl;
	const struct handing *what;
	struct porter porter;
};

/* Keeps what the other host says; it may hold anything. */
static void keep_words(struct sending *s, const char *words)
{
	char *text = printable(words, false);

	ctl_fail(s->ctl, CTL_REFUSED, "%s says: %.1200s", s->what->host, text);
	free(text);
}

/* Return: what came as answer; if it is not done the reason is kept. */
static enum answer hear(struct sending *s, uint64_t end)
{
	char line[WIRE_LINE_MAX];

	if (wire_get(s->porter.fd, line, end)) {
		ctl_fail(s->ctl, CTL_REFUSED, clock_ms() < end ?
			 "the connection to %s was lost" : "%s does not answer in time",
			 s->what->host);
		return ANSWER_LOST;
	}
	if (!strcmp(line, WIRE_DONE))
		return ANSWER_DONE;
	if (!strncmp(line, WIRE_REFUSED, strlen(WIRE_REFUSED))) {
		keep_words(s, line + strlen(WIRE_REFUSED));
		return ANSWER_REFUSED;
	}
	keep_words(s, line);
	return ANSWER_LOST;
}

/* Calls the other host, and hears that it speaks as we do. */
static enum ctl_status call(struct sending *s)
{
	unsigned int ms = s->what->conf->connect_timeout * 1000;
	char line[WIRE_LINE_MAX], why[PORTER_WHY_MAX];

	if (porter_dial(&s->porter, s->what->host, s->what->port, s->what->conf, ms, why))
		return ctl_fail(s->ctl, CTL_REFUSED, "cannot hand guests to %s: %s", s->what->host,
				why);
	if (wire_get(s->porter.fd, line, clock_ms() + ms))
		ctl_fail(s->ctl, CTL_REFUSED, "the connection to %s was lost", s->what->host);
	else if (strcmp(line, WIRE_GREETING))
		keep_words(s, strncmp(line, WIRE_REFUSED, strlen(WIRE_REFUSED)) ? line :
			   line + strlen(WIRE_REFUSED));
	else
		return CTL_DONE;
	porter_end(&s->porter);
	return CTL_REFUSED;
}

static enum answer send_state(struct sending *s, const struct state *state, uint64_t end)
{
	char *bytes = NULL;
	size_t len = 0;
	FILE *file = open_memstream(&bytes, &len);

	if (!file)
		err(MEMORY_STATUS, "out of memory");
	state_write(file, state);
	if (fclose(file))
		err(MEMORY_STATUS, "out of memory");
	/* Who refuses it may do so before the last of it is read: the answer tells. */
	if (!wire_say(s->porter.fd, end, WIRE_RECEIVE "%u %zu", s->what->limit, len))
		wire_put(s->porter.fd, bytes, len, end);
	free(bytes);
	return hear(s, end);
}

/* The guest goes on here; what failed before is what is told. */
static enum ctl_status stay(struct sending *s, bool tell)
{
	char *why = xstrdup(s->ctl->why);
	uint64_t end;

	s->what->ops->step(s->ctl, s->what->guest, VSERIAL_MIGRATION_ABORTED, 0);
	if (tell) {
		end = clock_ms() + ABORT_TIME;
		if (!wire_say(s->porter.fd, end, WIRE_ABORT "%s", s->what->guest))
			hear(s, end);
	}
	ctl_fail(s->ctl, CTL_REFUSED, "guest '%s' goes on here: %.1200s", s->what->guest, why);
	free(why);
	return CTL_REFUSED;
}

/* What is told until it is answered, which harms nobody: all of it may be told again. */
static enum answer tell(struct sending *s, const char *verb, const struct state *state,
			uint64_t end)
{
	if (state)
		return send_state(s, state, end);
	wire_say(s->porter.fd, end, "%s%s", verb, s->what->guest);
	return hear(s, end);
}

static enum ctl_status insist(struct sending *s, const char *verb, const struct state *state,
			      uint64_t end)
{
	enum answer answer;

	for (;;) {
		answer = s->porter.fd >= 0 ? tell(s, verb, state, end) : ANSWER_LOST;
		if (answer == ANSWER_DONE)
			return CTL_DONE;
		if (answer == ANSWER_REFUSED || clock_ms() >= end)
			return CTL_REFUSED;
		porter_end(&s->porter);
		if (call(s) != CTL_DONE)
			poll(NULL, 0, FINISH_PAUSE);
	}
}

/* What concentrators had sent here until they were told.  @sent is there already. */
static enum ctl_status hand_over_rest(struct sending *s, uint64_t sent, uint64_t end)
{
	const struct handing *what = s->what;
	struct state state;
	enum ctl_status status = what->ops->rest(s->ctl, what->guest, what->limit, &state);

	if (status == CTL_DONE && state.unread != sent)
		status = insist(s, NULL, &state, end);
	state_free(&state);
	return status;
}

/* It is decided. */
static enum ctl_status finish(struct sending *s, uint64_t sent)
{
	const struct handing *what = s->what;
	uint64_t end = clock_ms() + what->limit;
	enum ctl_status status = insist(s, WIRE_ARRIVE, NULL, end);
	char *why;

	if (status == CTL_DONE)
		status = hand_over_rest(s, sent, end);
	if (status == CTL_DONE)
		status = insist(s, WIRE_COMPLETE, NULL, end);
	if (status == CTL_DONE)
		return what->ops->step(s->ctl, what->guest, VSERIAL_MIGRATION_COMPLETED, 0);
	why = xstrdup(s->ctl->why);
	ctl_fail(s->ctl, CTL_REFUSED, "guest '%s' is leaving, and %s has its ports but has not let it go on: run 'vserialctl migrate complete %s' there and then here, or 'abort' on both (%.900s)",
		 what->guest, what->host, what->guest, why);
	free(why);
	return CTL_REFUSED;
}

/* @take says how the state is had; @unread receives how much input is in it. */
static enum ctl_status hand_over_state(struct sending *s,
				       enum ctl_status (*take)(struct ctl *ctl, const char *guest,
							       uint32_t limit, struct state *state),
				       bool *held, uint64_t *unread)
{
	const struct handing *what = s->what;
	uint64_t end = clock_ms() + what->limit;
	enum ctl_status status;
	struct state state;

	status = take(s->ctl, what->guest, what->limit, &state);
	*unread = state.unread;
	if (status == CTL_DONE) {
		*held = true;
		if (send_state(s, &state, end) != ANSWER_DONE)
			status = CTL_REFUSED;
	}
	state_free(&state);
	return status;
}

static enum ctl_status hand_over(struct sending *s)
{
	const struct handing_ops *ops = s->what->ops;
	const char *guest = s->what->guest;
	uint64_t sent, unread;
	bool held = false;
	enum ctl_status status = hand_over_state(s, ops->begin, &held, &sent);

	if (status == CTL_DONE)
		status = ops->unread(s->ctl, guest, &unread);
	/* What somebody has sent here since goes there as well. */
	if (status == CTL_DONE && unread != sent)
		status = hand_over_state(s, ops->again, &held, &sent);
	if (status != CTL_DONE)
		return held ? stay(s, false) : status;
	status = ops->step(s->ctl, guest, VSERIAL_MIGRATION_LEAVING, 0);
	return status == CTL_DONE ? finish(s, sent) : stay(s, true);
}

enum ctl_status handing_send(struct ctl *ctl, const struct handing *handing)
{
	struct sending s = { .ctl = ctl, .what = handing, .porter = { .fd = -1 } };
	/* First: nothing is held while hosts get to know each other. */
	enum ctl_status status = call(&s);

	if (status == CTL_DONE)
		status = hand_over(&s);
	porter_end(&s.porter);
	return status;
}
