// SPDX-License-Identifier: GPL-2.0-or-later
/* A guest handed to another host over TLS: the host it goes to. */
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "clock.h"
#include "handing.h"
#include "memory.h"
#include "number.h"
#include "printable.h"
#include "wire.h"

/* How long the other host may be silent between two requests, and take to read an answer. */
#define SILENCE		60000u
#define ANSWER_TIME	10000u
/* What a state can have: its settings, its ports, and a head for each. */
#define LENGTH_MAX	(STATE_SETTINGS_MAX + 256 + \
			 VSERIAL_PORTS_PER_GUEST * (STATE_PORT_MAX + 16ull))

/**
 * struct service - one connection
 * @ctl: the run
 * @fd: what goes through it
 * @who: the other host
 * @conf: the settings
 * @ops: what is done here
 */
struct service {
	struct ctl *ctl;
	int fd;
	const char *who;
	const struct conf *conf;
	const struct handing_ops *ops;
};

/* For the journal. */
static void tell(const struct service *s, const char *request, enum ctl_status status)
{
	char *text = printable(request, false);

	fprintf(stderr, "vserialctl: %s: %s: %s\n", s->who, text,
		status == CTL_DONE ? WIRE_DONE : s->ctl->why);
	free(text);
}

/* Return: whether the connection goes on. */
static bool answer(const struct service *s, enum ctl_status status)
{
	uint64_t end = clock_ms() + ANSWER_TIME;
	char *c;

	if (status == CTL_DONE)
		return !wire_say(s->fd, end, WIRE_DONE);
	/* It is a line. */
	for (c = s->ctl->why; *c; c++)
		if (*c == '\n')
			*c = ' ';
	return !wire_say(s->fd, end, WIRE_REFUSED "%s", s->ctl->why);
}

/* Reads "MS LENGTH". */
static enum ctl_status read_sizes(const struct service *s, const char *words, uint64_t *limit,
				  uint64_t *len)
{
	char *copy = xstrdup(words), *rest = copy;
	const char *ms = strsep(&rest, " ");
	enum ctl_status status = CTL_DONE;

	if (number_parse(ms, VSERIAL_MIGRATION_LIMIT_MAX, limit) || !*limit)
		status = ctl_fail(s->ctl, CTL_REFUSED, "a limit is 1 to %u ms",
				  VSERIAL_MIGRATION_LIMIT_MAX);
	else if (!rest || number_parse(rest, LENGTH_MAX, len))
		status = ctl_fail(s->ctl, CTL_REFUSED, "a state has %llu bytes at most",
				  (unsigned long long)LENGTH_MAX);
	free(copy);
	return status;
}

/* Return: whether the connection goes on: not behind a state that was not read. */
static bool receive(const struct service *s, const char *line)
{
	enum ctl_status status;
	uint64_t limit, len;
	bool whole = false;
	struct state state = { 0 };
	char why[512];
	FILE *file;

	status = read_sizes(s, line + strlen(WIRE_RECEIVE), &limit, &len);
	if (status == CTL_DONE) {
		file = wire_open(s->fd, len, clock_ms() + limit);
		whole = !state_read(file, &state, why, sizeof(why));
		fclose(file);
		status = whole ? s->ops->receive(s->ctl, &state, s->conf->migrate_create,
						 (uint32_t)limit) :
			 ctl_fail(s->ctl, CTL_REFUSED, "%s", why);
		state_free(&state);
	}
	tell(s, line, status);
	return answer(s, status) && whole;
}

/*
 * Takes a guest that is expected one step.  One that is about to leave this host is
 * none of the other's business.
 */
static bool step(const struct service *s, const char *line, const char *guest, uint32_t to)
{
	uint32_t at;
	enum ctl_status status = s->ops->stands(s->ctl, guest, &at);

	if (status == CTL_DONE && at != VSERIAL_MIGRATION_INCOMING &&
	    at != VSERIAL_MIGRATION_ARRIVING && at != to)
		status = ctl_fail(s->ctl, CTL_REFUSED, "guest '%s' is not expected there", guest);
	if (status == CTL_DONE)
		status = to == VSERIAL_MIGRATION_ARRIVING ? s->ops->arrive(s->ctl, guest, 0) :
			 s->ops->step(s->ctl, guest, to, 0);
	tell(s, line, status);
	return answer(s, status);
}

/* Return: whether the connection goes on. */
static bool serve(const struct service *s, const char *line)
{
	*s->ctl->why = '\0';
	if (!strncmp(line, WIRE_RECEIVE, strlen(WIRE_RECEIVE)))
		return receive(s, line);
	if (!strncmp(line, WIRE_ARRIVE, strlen(WIRE_ARRIVE)))
		return step(s, line, line + strlen(WIRE_ARRIVE), VSERIAL_MIGRATION_ARRIVING);
	if (!strncmp(line, WIRE_COMPLETE, strlen(WIRE_COMPLETE)))
		return step(s, line, line + strlen(WIRE_COMPLETE), VSERIAL_MIGRATION_COMPLETED);
	if (!strncmp(line, WIRE_ABORT, strlen(WIRE_ABORT)))
		return step(s, line, line + strlen(WIRE_ABORT), VSERIAL_MIGRATION_ABORTED);
	ctl_fail(s->ctl, CTL_REFUSED, "this is no request; there are receive, arrive, complete and abort");
	answer(s, CTL_REFUSED);
	return false;
}

void handing_serve(struct ctl *ctl, const struct porter *porter, const struct conf *conf,
		   const struct handing_ops *ops)
{
	const struct service s = { .ctl = ctl, .fd = porter->fd, .who = porter->who, .conf = conf,
				   .ops = ops };
	char line[WIRE_LINE_MAX];

	if (wire_say(s.fd, clock_ms() + ANSWER_TIME, WIRE_GREETING))
		return;
	while (!wire_get(s.fd, line, clock_ms() + SILENCE))
		if (!serve(&s, line))
			break;
}
