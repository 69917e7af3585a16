// SPDX-License-Identifier: GPL-2.0-or-later
/* A port that prints. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "memory.h"
#include "number.h"
#include "print_job.h"
#include "print_port.h"
#include "timer.h"

/**
 * struct print_port - a port that prints
 * @user: what its printer knows of it
 * @daemon: the process
 * @label: whose jobs these are
 * @part: the job that is being written, or NULL
 * @where: where in it one is
 * @idle: ends it behind a form feed
 * @why: why nothing more is taken, or ""
 */
struct print_port {
	struct printer_user user;
	struct daemon *daemon;
	struct spool_label label;
	struct spool_job *part;
	struct print_job where;
	sd_event_source *idle;
	char why[SPOOL_WHY_MAX];
	const struct print_handler *handler;
	void *arg;
};

static void on_room(struct printer_user *user)
{
	const struct print_port *port = (struct print_port *)user;

	port->handler->room(port->arg);
}

static void on_changed(struct printer_user *user)
{
	const struct print_port *port = (struct print_port *)user;

	port->handler->changed(port->arg);
}

static void finish(struct print_port *port, bool content)
{
	struct spool_job *part = port->part;

	port->part = NULL;
	timer_stop(port->idle);
	if (part)
		printer_finish(port->daemon->printers, part, content);
}

void print_port_end_job(struct print_port *port)
{
	bool content = port->where.content;

	port->where = (struct print_job){ 0 };
	finish(port, content);
}

static int on_idle(sd_event_source *source, uint64_t now, void *arg)
{
	struct print_port *port = arg;

	(void)source;
	(void)now;
	if (port->where.page_end)
		print_port_end_job(port);
	return 0;
}

/* Where it is in the bytes stays as it is: they are only cut in two. */
static void cut(struct print_port *port)
{
	log_line(LOG_WARNING, "%s/%" PRIu32 ": a job is cut at %" PRIu64 " bytes, as there is no room for more of it",
		 port->label.guest, port->label.index, port->part->size);
	finish(port, port->where.content);
}

/* What waits for a printer makes room; otherwise the longest job has to. */
static void make_room(struct print_port *port, bool owner)
{
	uint32_t uid = spool_user(&port->label);
	struct printer_user *user;
	struct print_port *longest = NULL, *at;

	if (printers_waiting(port->daemon->printers, owner, uid))
		return;
	LIST_FOREACH(user, printers_users(port->daemon->printers), list) {
		at = (struct print_port *)user;
		if (at->part && (!owner || spool_user(&at->label) == uid) &&
		    (!longest || at->part->size > longest->part->size))
			longest = at;
	}
	if (longest)
		cut(longest);
}

static void set_why(struct print_port *port, const char *why)
{
	bool changed = strcmp(port->why, why);

	if (!changed)
		return;
	if (*why)
		log_line(LOG_WARNING, "%s/%" PRIu32 ": %s", port->label.guest, port->label.index,
			 why);
	snprintf(port->why, sizeof(port->why), "%s", why);
	port->handler->changed(port->arg);
}

static void no_room(struct print_port *port, bool owner)
{
	const struct conf *conf = &port->daemon->conf;
	char why[SPOOL_WHY_MAX], size[SIZE_TEXT];

	make_room(port, owner);
	snprintf(why, sizeof(why), "the guest waits: print jobs take all of the %s that %s (%s in vseriald.conf)",
		 size_format(owner ? conf->spool_owner : conf->spool_size, size),
		 owner ? "an owner's may" : "all together may", owner ? "spool-owner" : "spool-size");
	set_why(port, why);
}

/* Return: how many bytes fit, with a part for them; 0, and it is said why, for none. */
static uint64_t prepare(struct print_port *port, uint64_t offset)
{
	struct spool *spool = printers_spool(port->daemon->printers);
	char why[SPOOL_WHY_MAX];
	uint64_t room;
	bool owner;

	if (port->part && port->part->size >= port->daemon->conf.job_size)
		cut(port);
	room = spool_room(spool, &port->label, port->part, &owner);
	if (!room) {
		no_room(port, owner);
		return 0;
	}
	if (port->part)
		return room;
	port->label.offset = offset;
	port->part = spool_begin(spool, &port->label, why);
	if (port->part)
		return spool_room(spool, &port->label, port->part, &owner);
	set_why(port, why);
	return 0;
}

size_t print_port_write(struct print_port *port, uint64_t offset, const void *bytes, size_t len)
{
	char why[SPOOL_WHY_MAX];
	size_t done = 0;

	while (done < len) {
		const char *from = (const char *)bytes + done;
		const struct print_job before = port->where;
		uint64_t room = prepare(port, offset + done);
		size_t n = len - done < room ? len - done : (size_t)room, put;
		bool ends;

		if (!room)
			return done;
		n = print_job_take(&port->where, from, n, &ends);
		put = spool_append(port->part, from, n, why);
		done += put;
		if (put < n) {
			port->where = before;
			print_job_take(&port->where, from, put, &ends);
			set_why(port, why);
			return done;
		}
		set_why(port, "");
		if (ends)
			finish(port, true);
	}
	if (port->where.page_end)
		timer_start(port->daemon->event, &port->idle,
			    port->daemon->conf.job_idle * 1000ull, on_idle, port);
	return done;
}

struct print_port *print_port_new(struct daemon *daemon, const struct spool_label *label,
				  const struct print_handler *handler, void *arg)
{
	struct print_port *port = xcalloc(1, sizeof(*port));

	port->daemon = daemon;
	port->user.room = on_room;
	port->user.changed = on_changed;
	port->handler = handler;
	port->arg = arg;
	port->label = *label;
	port->label.printer = xstrdup(label->printer);
	port->label.guest = xstrdup(label->guest);
	port->part = printers_left(daemon->printers, &port->label, &port->where);
	printer_use(daemon->printers, &port->user, label->printer);
	if (port->where.page_end)
		timer_start(daemon->event, &port->idle, daemon->conf.job_idle * 1000ull, on_idle,
			    port);
	return port;
}

void print_port_owner(struct print_port *port, bool owned, uint32_t uid)
{
	port->label.owned = owned;
	port->label.uid = uid;
}

void print_port_free(struct print_port *port, bool keep)
{
	if (!port)
		return;
	if (port->part && keep)
		spool_leave(port->part);
	else
		finish(port, port->where.content);
	printer_leave(port->daemon->printers, &port->user);
	sd_event_source_disable_unref(port->idle);
	free(port->label.printer);
	free(port->label.guest);
	free(port);
}

void print_port_status(const struct print_port *port, char why[PRINTER_WHY_MAX],
		       char name[PRINTER_NAME_MAX])
{
	if (*port->why)
		snprintf(why, PRINTER_WHY_MAX, "%.*s", PRINTER_WHY_MAX - 1, port->why);
	else
		printer_why(port->user.printer, why);
	printer_name(port->user.printer, name);
}
