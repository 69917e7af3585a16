/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's machine protocol, as far as a migration goes. */
#ifndef VSERIALCTL_QMP_H
#define VSERIALCTL_QMP_H

#include <jansson.h>
#include <stddef.h>

/* The longest status of a migration, such as "pre-switchover". */
#define QMP_STATUS_MAX	32

struct qmp;

/**
 * qmp_open() - connect to a QEMU
 * @path: its socket, of -qmp unix:PATH,server=on
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: the connection, for commands; or NULL.
 */
struct qmp *qmp_open(const char *path, char *why, size_t size);

/** qmp_close() - end it; NULL is allowed. */
void qmp_close(struct qmp *qmp);

/**
 * qmp_execute() - have QEMU carry out a command
 * @qmp: the connection
 * @command: the command
 * @arguments: its arguments, which are taken; or NULL
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -1.
 */
int qmp_execute(struct qmp *qmp, const char *command, json_t *arguments, char *why, size_t size);

/**
 * qmp_follow_migration() - have it pause before it switches over, and tell of it
 * @qmp: the connection; no migration is under way
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -1.
 */
int qmp_follow_migration(struct qmp *qmp, char *why, size_t size);

/** qmp_let_migrate() - have it migrate again without a pause, as far as it can be told. */
void qmp_let_migrate(struct qmp *qmp);

/**
 * qmp_next_status() - wait until a migration stands otherwise
 * @qmp: the connection
 * @status: receives how, QEMU's word
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Waits without a limit.  What came while a command was carried out is told in
 * order.
 *
 * Return: 0 or -1.
 */
int qmp_next_status(struct qmp *qmp, char status[QMP_STATUS_MAX], char *why, size_t size);

#endif
