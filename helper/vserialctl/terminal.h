/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The terminal somebody sits at: made raw, and put back however the program
 * ends; its size; and the signals that have to do with it.
 */
#ifndef VSERIALCTL_TERMINAL_H
#define VSERIALCTL_TERMINAL_H

#include <stdbool.h>
#include <stdint.h>

/**
 * terminal_raw() - hand every byte that is typed on, as it is
 * @fd: the terminal
 *
 * Put back by terminal_restore(), by exit(), and by signals that end the
 * program, but for SIGKILL.
 *
 * Return: 0 or a negative errno.
 */
int terminal_raw(int fd);

/** terminal_restore() - put the terminal back, if it is raw. */
void terminal_restore(void);

/**
 * terminal_output() - have a terminal written to without waiting
 * @fd: a descriptor of it, or of something else
 *
 * What it was started with is shared with others, and stays as it is.
 *
 * Return: a descriptor of one's own, or @fd where it is no terminal.
 */
int terminal_output(int fd);

/**
 * terminal_size() - how large a terminal is
 * @fd: the terminal
 * @rows: receives the rows
 * @columns: receives the columns
 *
 * Return: false if it does not know.
 */
bool terminal_size(int fd, uint32_t *rows, uint32_t *columns);

/**
 * terminal_signals() - have signals read instead of acted on
 *
 * Those that end or stop a program, SIGCONT and SIGWINCH; SIGPIPE is ignored.
 *
 * Return: a descriptor for terminal_signal(), or a negative errno.
 */
int terminal_signals(void);

/**
 * terminal_signal() - take the next signal
 * @fd: what terminal_signals() returned
 *
 * Return: the signal, or 0 if there is none.
 */
int terminal_signal(int fd);

/**
 * terminal_obey() - do what a signal does where it is not read
 * @signal: one that ends or stops the program
 *
 * The terminal is put back first.  Returns only after SIGTSTP, when the
 * program goes on.
 */
void terminal_obey(int signal);

#endif
