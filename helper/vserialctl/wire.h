/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What two hosts say to each other when one hands a guest over to the other.
 *
 *	the host it leaves			the host it goes to
 *						vserial migrate 2
 *	receive MS LENGTH, and a state
 *						done, or: refused SENTENCE
 *	arrive NAME, then: receive MS LENGTH, and what came since
 *						done, or: refused SENTENCE
 *	complete NAME, or: abort NAME
 *						done, or: refused SENTENCE
 *
 * Lines end with "\n".  Each request may be made again, on another connection, too;
 * a connection that ends between two of them changes nothing.
 */
#ifndef VSERIALCTL_WIRE_H
#define VSERIALCTL_WIRE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WIRE_GREETING	"vserial migrate 2"
#define WIRE_DONE	"done"
#define WIRE_REFUSED	"refused "
#define WIRE_RECEIVE	"receive "
#define WIRE_ARRIVE	"arrive "
#define WIRE_COMPLETE	"complete "
#define WIRE_ABORT	"abort "

/* The longest line, with its NUL; a sentence is part of one. */
#define WIRE_LINE_MAX	2048

/**
 * wire_put() - send bytes
 * @fd: a stream socket
 * @bytes: them
 * @len: how many
 * @end: when patience ends, as clock_ms() says
 *
 * Return: 0, or -1 if the connection is lost.
 */
int wire_put(int fd, const void *bytes, size_t len, uint64_t end);

/** wire_say() - send a line; as printf(), without the newline, and cut off if too long. */
int wire_say(int fd, uint64_t end, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * wire_get() - receive a line
 * @fd: a stream socket
 * @line: receives it without its newline; a NUL in it ends it
 * @end: when patience ends
 *
 * Return: 0, or -1 if the connection is lost, or what comes is no line.
 */
int wire_get(int fd, char line[WIRE_LINE_MAX], uint64_t end);

/**
 * wire_open() - read the next bytes as a file
 * @fd: a stream socket
 * @len: how many; the file ends behind them, or fails
 * @end: when patience ends
 *
 * Return: the file, which the caller closes; @fd stays open.
 */
FILE *wire_open(int fd, uint64_t len, uint64_t end);

#endif
