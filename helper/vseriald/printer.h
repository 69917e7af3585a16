/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Printers: each has a queue of jobs, which are sent one after the other by
 * vserial-print, a process of its own that knows neither the kernel nor the
 * spool.  What a printer does not take is sent again, later and later.
 */
#ifndef VSERIALD_PRINTER_H
#define VSERIALD_PRINTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "daemon.h"
#include "spool.h"

/* Enough for what the kernel keeps of a reason, and of a peer. */
#define PRINTER_WHY_MAX		256
#define PRINTER_NAME_MAX	128

struct print_job;
struct printer;
struct printers;

/**
 * struct printer_user - a port that prints
 * @list: of all
 * @printer: where
 * @room: there is room in the spool again
 * @changed: printer_why() or printer_name() may say something else
 */
struct printer_user {
	LIST_ENTRY(printer_user) list;
	struct printer *printer;
	void (*room)(struct printer_user *user);
	void (*changed)(struct printer_user *user);
};

LIST_HEAD(printer_users, printer_user);

/** printers_new() - begin, with no spool yet. */
struct printers *printers_new(struct daemon *daemon);

/** printers_free() - end; what is in the spool stays there.  NULL is allowed. */
void printers_free(struct printers *printers);

/**
 * printers_open() - open the spool, unless it is
 * @printers: the printers
 * @why: receives a sentence, of SPOOL_WHY_MAX bytes, on failure
 *
 * What another daemon left is sent.
 *
 * Return: whether it is open.
 */
bool printers_open(struct printers *printers, char *why);

/** printers_settle() - all ports have taken the parts another daemon left: the rest are jobs. */
void printers_settle(struct printers *printers);

/** printers_spool() - the spool, which is open. */
struct spool *printers_spool(struct printers *printers);

/** printers_users() - the ports that print. */
struct printer_users *printers_users(struct printers *printers);

/**
 * printers_left() - the part that another daemon left of a port
 * @printers: the printers
 * @label: whose; @label->offset is that of the next byte to come
 * @where: receives where in the job that is
 *
 * Return: the part, if it goes on there; or NULL, then what there is of this
 * port is a job.
 */
struct spool_job *printers_left(struct printers *printers, const struct spool_label *label,
				struct print_job *where);

/** printers_waiting() - whether any job, of @uid where @owner, is on its way to a printer. */
bool printers_waiting(const struct printers *printers, bool owner, uint32_t uid);

/** printer_use() - a port prints on the printer with this specification. */
void printer_use(struct printers *printers, struct printer_user *user, const char *spec);

/** printer_leave() - it does not any more. */
void printer_leave(struct printers *printers, struct printer_user *user);

/** printer_finish() - a part is complete: it is sent, or with no @content dropped. */
void printer_finish(struct printers *printers, struct spool_job *job, bool content);

/** printer_why() - what is wrong with a printer: a sentence, or "". */
void printer_why(const struct printer *printer, char why[PRINTER_WHY_MAX]);

/** printer_name() - which it is, and what it has done. */
void printer_name(const struct printer *printer, char name[PRINTER_NAME_MAX]);

#endif
