/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dispatcher: takes the words of one command, finds its row in the
 * table, has the row's handler queue requests, sends them in order and hands
 * the answers to the row's printer.  It owns the socket, the errors and the
 * exit status; one socket serves all commands of a batch.
 */
#ifndef VSERIALCTL_CTL_H
#define VSERIALCTL_CTL_H

#include <stdbool.h>
#include <stdint.h>

#include "nl.h"

enum ctl_status {
	CTL_DONE,
	CTL_REFUSED,
	CTL_USAGE,
	CTL_NO_MODULE,
};

/**
 * struct ctl - one run of vserialctl
 * @json: print JSON
 * @details: print every attribute in listings
 * @force: go on behind a command of a batch that failed
 * @escape: the character that opens a console's commands, or NULL for ~
 * @file: the batch the command came from, or NULL
 * @line: its line there, from 1
 * @socket: for requests; opened when the first is sent
 * @queue: the requests of the command, sent in this order
 * @queued: how many there are
 * @undo: sent if one behind the first is refused, or NULL
 * @single: the command asked for one object by its name
 * @prometheus: metrics are for Prometheus' text format
 * @form: what a guest's ports are printed for
 * @output: the file that is written instead of standard output, or NULL
 * @why: the sentence ctl_fail() was given
 */
struct ctl {
	bool json;
	bool details;
	bool force;
	const char *escape;
	const char *file;
	unsigned int line;

	struct vnl *socket;
	struct vnl_msg **queue;
	unsigned int queued;
	struct vnl_msg *undo;
	bool single;
	bool prometheus;
	const struct form *form;
	const char *output;
	char why[1400];
};

/**
 * ctl_run() - run one command and tell of its failure on stderr
 * @ctl: the run
 * @words: the command's words and a NULL behind them
 *
 * Return: its exit status.
 */
enum ctl_status ctl_run(struct ctl *ctl, char **words);

/** ctl_close() - end a run. */
void ctl_close(struct ctl *ctl);

/* For handlers. */

/**
 * ctl_queue() - add a request to the command's queue
 * @ctl: the run
 * @cmd: VSERIAL_CMD_*
 *
 * Return: the request, for the handler to fill; it belongs to the queue.
 */
struct vnl_msg *ctl_queue(struct ctl *ctl, uint8_t cmd);

/** ctl_queue_dump() - as ctl_queue(), asking for all objects. */
struct vnl_msg *ctl_queue_dump(struct ctl *ctl, uint8_t cmd);

/**
 * ctl_undo() - what undoes the queue's first request
 * @ctl: the run
 * @cmd: VSERIAL_CMD_*
 *
 * It is sent if the first request was done and a later one is refused.
 *
 * Return: the request, for the handler to fill; it belongs to the run.
 */
struct vnl_msg *ctl_undo(struct ctl *ctl, uint8_t cmd);

/** ctl_unqueue() - drop the request that was queued last. */
void ctl_unqueue(struct ctl *ctl);

/**
 * ctl_open() - open a socket to the module, unless it is open
 * @ctl: the run
 * @socket: its own, or one that the handler closes; NULL before
 *
 * Return: the exit status; a failure has been kept with ctl_fail().
 */
enum ctl_status ctl_open(struct ctl *ctl, struct vnl **socket);

/**
 * ctl_fail() - keep the sentence that says why a command failed
 * @ctl: the run
 * @status: the command's exit status
 * @format: as printf(); without "vserialctl:", full stop and newline
 *
 * Return: @status, for the handler to return.
 */
enum ctl_status ctl_fail(struct ctl *ctl, enum ctl_status status,
			 const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/** ctl_fail_netlink() - as ctl_fail(), for what vnl_*() reported. */
enum ctl_status ctl_fail_netlink(struct ctl *ctl, const struct vnl_error *error);

/**
 * ctl_complain() - print the sentence kept by ctl_fail(), with its place
 * @ctl: the run
 */
void ctl_complain(const struct ctl *ctl);

#endif
