// SPDX-License-Identifier: GPL-2.0-or-later
/* A backing that prints: no peer but a spool, which takes what its printer will. */
#include <stdlib.h>

#include <linux/vserial.h>

#include "kport.h"
#include "print_port.h"
#include "session_parts.h"
#include "timer.h"

static void on_room(void *arg)
{
	struct session *session = arg;

	if (session->print)
		kport_wake(session->daemon->kport, &session->port);
}

static void on_changed(void *arg)
{
	struct session *session = arg;

	if (session->print)
		session_report(session, false);
}

static const struct print_handler handler = {
	.room = on_room,
	.changed = on_changed,
};

static int on_retry(sd_event_source *source, uint64_t now, void *arg)
{
	(void)source;
	(void)now;
	session_begin_printer(arg);
	return 0;
}

void session_begin_printer(struct session *session)
{
	const struct spool_label label = {
		.printer = session->printer,
		.guest = session->port.guest,
		.index = session->port.index,
		.owned = session->place.owned,
		.uid = session->place.uid,
		.offset = session->settled,
	};
	char why[SPOOL_WHY_MAX];

	if (session->print) {
		print_port_owner(session->print, session->place.owned, session->place.uid);
		return;
	}
	if (!printers_open(session->daemon->printers, why)) {
		session_set_fault(session, VSERIAL_STATE_RECOVERABLE_ERROR, "%s", why);
		timer_start(session->daemon->event, &session->retry,
			    backoff_next(&session->backoff, arc4random()), on_retry, session);
		session_report(session, false);
		return;
	}
	session->fault = 0;
	session->spooled = session->ring.head;
	session->print = print_port_new(session->daemon, &label, &handler, session);
	session_start_flow(session);
}

/* Up to where the output belongs to this job. */
static uint64_t job_end(const struct session *session)
{
	uint64_t end = session->ring.head;

	if (session->ending && ring_position(&session->ring, session->end) < end)
		end = ring_position(&session->ring, session->end);
	return end;
}

static bool job_complete(const struct session *session)
{
	return session->ending && ring_knows(&session->ring, session->spooled) &&
	       ring_offset(&session->ring, session->spooled) >= session->end;
}

/* Return: whether all there is was taken. */
static bool write_some(struct session *session, uint64_t end)
{
	uint64_t offset;
	struct iovec iov[2];
	size_t len, put;

	if (!ring_peek(&session->ring, session->spooled, iov))
		return true;
	offset = ring_offset(&session->ring, session->spooled);
	len = iov[0].iov_len < end - session->spooled ? iov[0].iov_len :
	      (size_t)(end - session->spooled);
	put = print_port_write(session->print, offset, iov[0].iov_base, len);
	session->spooled += put;
	return put == len;
}

void session_print(struct session *session)
{
	bool more = session->print;

	while (more) {
		uint64_t end = job_end(session);

		while (session->spooled < end && more)
			more = write_some(session, end);
		if (!job_complete(session))
			return;
		session->ending = false;
		print_port_end_job(session->print);
	}
}

void session_end_job(struct session *session, const struct backing *backing)
{
	session->ending = true;
	session->end = backing->has_end ? backing->end :
		       ring_offset(&session->ring, session->ring.head);
	kport_wake(session->daemon->kport, &session->port);
}

void session_end_printer(struct session *session, bool keep)
{
	struct print_port *print = session->print;

	session->print = NULL;
	print_port_free(print, keep);
}
