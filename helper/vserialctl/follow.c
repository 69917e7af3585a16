// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A guest's ports follow it when QEMU migrates it.
 *
 *	QEMU			here				there
 *	pre-switchover	---->	begin: ports are held
 *	(paused)		state ---------------------->	receive
 *				leave: no limit ends it any more
 *			<----	migrate-continue
 *	completed	---->	--------------------------->	arrive: concentrators
 *				rest: what came late			send there
 *				state ---------------------->	receive
 *				--------------------------->	complete
 *				complete
 *
 * QEMU sends its devices' state behind migrate-continue, so that what it could
 * not write any more goes with it.  From there on only QEMU knows where the guest
 * runs, so that nothing but what QEMU says may have its ports go on here.  The guest
 * may run there a moment before its ports do: until then it waits for them.
 */
#include <stdio.h>
#include <string.h>

#include <linux/vserial.h>

#include "follow.h"
#include "memory.h"
#include "migrate.h"
#include "qmp.h"
#include "remote.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/**
 * struct follow - one migration
 * @ctl: the run
 * @qmp: the QEMU that the guest leaves
 * @guest: its name
 * @host: where it goes to
 * @limit: of the hand-over
 * @begun: its ports are held, and QEMU goes on
 * @unread: input that has been handed over
 */
struct follow {
	struct ctl *ctl;
	struct qmp *qmp;
	const char *guest;
	const char *host;
	uint32_t limit;
	bool begun;
	uint64_t unread;
};

/* A step of the guest on the other host. */
static enum ctl_status there(struct follow *f, const char *verb)
{
	const char *const step[REMOTE_WORDS] = { verb, f->guest };

	return remote_migrate(f->ctl, f->host, step, NULL);
}

/* Its concentrators may take as long there as here. */
static enum ctl_status there_in_time(struct follow *f, const char *verb, const char *guest,
				     const struct state *state)
{
	char limit[16];
	const char *step[REMOTE_WORDS] = { verb };
	size_t n = 1;

	snprintf(limit, sizeof(limit), "%u", f->limit);
	if (guest)
		step[n++] = guest;
	if (f->limit) {
		step[n++] = "timeout";
		step[n] = limit;
	}
	return remote_migrate(f->ctl, f->host, step, state);
}

static enum ctl_status deliver(struct follow *f, const struct state *state)
{
	return there_in_time(f, "receive", NULL, state);
}

/* Undoes what was done; what failed before is what is told. */
static enum ctl_status take_back(struct follow *f)
{
	char *why = xstrdup(f->ctl->why);

	migrate_step(f->ctl, f->guest, VSERIAL_MIGRATION_ABORTED, 0);
	there(f, "abort");
	snprintf(f->ctl->why, sizeof(f->ctl->why), "%s", why);
	free(why);
	f->begun = false;
	return CTL_REFUSED;
}

static bool is_over(const char *status)
{
	return !strcmp(status, "completed") || !strcmp(status, "failed") ||
	       !strcmp(status, "cancelled");
}

/* QEMU is told, and waited for; its own refusal of that says nothing new. */
static enum ctl_status cancel(struct follow *f)
{
	char status[QMP_STATUS_MAX] = "", ignored[512];

	if (!qmp_execute(f->qmp, "migrate_cancel", NULL, ignored, sizeof(ignored)))
		while (!is_over(status) &&
		       !qmp_next_status(f->qmp, status, ignored, sizeof(ignored)))
			;
	return CTL_REFUSED;
}

/* Takes the state there, as it is now. */
static enum ctl_status hand_over_state(struct follow *f)
{
	struct state state;
	enum ctl_status status = migrate_begin(f->ctl, f->guest, f->limit, &state);

	if (status == CTL_DONE) {
		f->begun = true;
		f->unread = state.unread;
		status = deliver(f, &state);
	}
	state_free(&state);
	return status;
}

static enum ctl_status go_on(struct follow *f)
{
	char why[512];

	if (!qmp_execute(f->qmp, "migrate-continue",
			 json_pack("{s:s}", "state", "pre-switchover"), why, sizeof(why)))
		return CTL_DONE;
	return ctl_fail(f->ctl, CTL_REFUSED, "%s", why);
}

static enum ctl_status hand_over(struct follow *f)
{
	enum ctl_status status = hand_over_state(f);

	/* Refused if the limit was faster: then QEMU is not to go on, either. */
	if (status == CTL_DONE)
		status = migrate_step(f->ctl, f->guest, VSERIAL_MIGRATION_LEAVING, 0);
	if (status == CTL_DONE)
		status = go_on(f);
	if (status == CTL_DONE)
		return CTL_DONE;
	if (f->begun)
		take_back(f);
	return cancel(f);
}

static enum ctl_status arrive_there(struct follow *f)
{
	return there_in_time(f, "arrive", f->guest, NULL);
}

/* What concentrators had sent here until they were told goes there as well. */
static enum ctl_status hand_over_rest(struct follow *f)
{
	struct state state;
	enum ctl_status status = migrate_rest(f->ctl, f->guest, f->limit, &state);

	if (status == CTL_DONE && state.unread != f->unread)
		status = deliver(f, &state);
	state_free(&state);
	return status;
}

static enum ctl_status complete_there(struct follow *f)
{
	return there(f, "complete");
}

static enum ctl_status complete_here(struct follow *f)
{
	return migrate_step(f->ctl, f->guest, VSERIAL_MIGRATION_COMPLETED, 0);
}

/*
 * The guest is there.  Where a step fails its ports stay held at both hosts, with all
 * they have, until somebody completes it: each step may be taken again.
 */
static enum ctl_status finish(struct follow *f)
{
	enum ctl_status (*const steps[])(struct follow *f) = {
		arrive_there, hand_over_rest, complete_there, complete_here,
	};
	enum ctl_status status = CTL_DONE;
	char *why;
	size_t i;

	for (i = 0; status == CTL_DONE && i < LENGTH(steps); i++)
		status = steps[i](f);
	if (status == CTL_DONE)
		return CTL_DONE;
	why = xstrdup(f->ctl->why);
	ctl_fail(f->ctl, status, "guest '%s' runs on %s, and its ports are held: run 'vserialctl migrate complete %s' there and then here (%.900s)",
		 f->guest, f->host, f->guest, why);
	free(why);
	return status;
}

/* QEMU has gone on and is no more: if the guest is anywhere it is there. */
static enum ctl_status complete_unseen(struct follow *f, const char *why)
{
	enum ctl_status status = finish(f);

	if (status != CTL_DONE)
		return status;
	return ctl_fail(f->ctl, CTL_REFUSED, "%s, and has not said what became of the migration: the ports of guest '%s' are on %s now",
			why, f->guest, f->host);
}

static enum ctl_status come_to_nothing(struct follow *f, const char *status)
{
	ctl_fail(f->ctl, CTL_REFUSED, "the migration of guest '%s' has come to nothing: QEMU says '%s'",
		 f->guest, status);
	return f->begun ? take_back(f) : CTL_REFUSED;
}

static enum ctl_status follow(struct follow *f)
{
	char status[QMP_STATUS_MAX], why[512];
	enum ctl_status rc = CTL_DONE;

	while (rc == CTL_DONE) {
		if (qmp_next_status(f->qmp, status, why, sizeof(why))) {
			return f->begun ? complete_unseen(f, why) :
					  ctl_fail(f->ctl, CTL_REFUSED, "%s", why);
		}
		if (!strcmp(status, "pre-switchover"))
			rc = hand_over(f);
		else if (!strcmp(status, "completed") && f->begun)
			return finish(f);
		else if (!strcmp(status, "completed"))
			return ctl_fail(f->ctl, CTL_REFUSED, "guest '%s' has migrated without its ports: QEMU did not pause before it switched over",
					f->guest);
		else if (is_over(status))
			rc = come_to_nothing(f, status);
	}
	return rc;
}

enum ctl_status follow_qemu(struct ctl *ctl, const char *guest, const char *path,
			    const char *host, uint32_t limit)
{
	struct follow f = { .ctl = ctl, .guest = guest, .host = host, .limit = limit };
	enum ctl_status status = ctl_open(ctl, &ctl->socket);
	char why[512];

	if (status != CTL_DONE)
		return status;
	f.qmp = qmp_open(path, why, sizeof(why));
	if (!f.qmp || qmp_follow_migration(f.qmp, why, sizeof(why)))
		status = ctl_fail(ctl, CTL_REFUSED, "%s", why);
	else
		status = follow(&f);
	/* Without somebody who lets it go on it would pause for ever. */
	if (f.qmp)
		qmp_let_migrate(f.qmp);
	qmp_close(f.qmp);
	return status;
}
