/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A port that prints: its bytes become jobs in the spool. */
#ifndef VSERIALD_PRINT_PORT_H
#define VSERIALD_PRINT_PORT_H

#include <stdbool.h>
#include <stddef.h>

#include "printer.h"

struct print_port;

/**
 * struct print_handler - who is told
 * @room: print_port_write() may take more than it did
 * @changed: what print_port_status() says
 */
struct print_handler {
	void (*room)(void *arg);
	void (*changed)(void *arg);
};

/**
 * print_port_new() - begin to print
 * @daemon: the process; its printers are open
 * @label: whose jobs these are, and where the port's output is; copied
 * @handler: who is told, never before this returns
 * @arg: for @handler
 *
 * An unfinished job that ends there goes on.
 */
struct print_port *print_port_new(struct daemon *daemon, const struct spool_label *label,
				  const struct print_handler *handler, void *arg);

/**
 * print_port_write() - print
 * @port: the port
 * @offset: of the first byte
 * @bytes: them
 * @len: how many
 *
 * Return: how many are in the spool now.
 */
size_t print_port_write(struct print_port *port, uint64_t offset, const void *bytes, size_t len);

/** print_port_owner() - whose the next job is. */
void print_port_owner(struct print_port *port, bool owned, uint32_t uid);

/** print_port_end_job() - what has been written is a job. */
void print_port_end_job(struct print_port *port);

/**
 * print_port_free() - print no more; NULL is allowed
 * @port: the port
 * @keep: another daemon goes on with the unfinished job
 */
void print_port_free(struct print_port *port, bool keep);

/**
 * print_port_status() - how it stands
 * @port: the port
 * @why: receives what is wrong, a sentence, or ""
 * @name: receives the printer
 */
void print_port_status(const struct print_port *port, char why[PRINTER_WHY_MAX],
		       char name[PRINTER_NAME_MAX]);

#endif
