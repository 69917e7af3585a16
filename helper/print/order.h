/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vserial-print is to do. */
#ifndef PRINT_ORDER_H
#define PRINT_ORDER_H

#include <stddef.h>

#include "print_result.h"
#include "uri.h"

#define ORDER_WHY_MAX 256

/**
 * struct order - a job and where it goes
 * @uri: the printer
 * @title: the job's name
 * @user: whose it is
 * @ca: the authorities that a printer's certificate may come from, a file or
 *	a folder; "" for the system's
 * @why: why it could not be done, a sentence
 *
 * The job is standard input, from where it stands to its end.
 */
struct order {
	struct uri uri;
	const char *title;
	char *user;
	const char *ca;
	char why[ORDER_WHY_MAX];
};

/** order_fails() - say why; returns @result. */
__attribute__((format(printf, 3, 4)))
enum print_result order_fails(struct order *order, enum print_result result, const char *format,
			      ...);

/** order_lost() - the printer has gone WHEN; @err is an errno, or 0.  Returns PRINT_AGAIN. */
enum print_result order_lost(struct order *order, const char *when, int err);

/** order_read() - the job's next bytes; returns as read(2), with its reason told. */
ssize_t order_read(struct order *order, void *bytes, size_t len);

/**
 * order_keep_alive() - notice that a printer's host has died
 * @fd: the connection
 *
 * A printer may be silent for hours, for want of paper; its host is not.
 */
void order_keep_alive(int fd);

/** ipp_print() - send it by IPP. */
enum print_result ipp_print(struct order *order);

/** raw_print() - send it over TCP as it is. */
enum print_result raw_print(struct order *order);

/**
 * certificate_check() - is this the printer that is meant?
 * @order: what is asked of it
 * @der: its certificate, then those that vouch for it
 * @lens: the bytes of each
 * @n: how many
 *
 * Return: whether it is; otherwise it is said why not.
 */
bool certificate_check(struct order *order, const unsigned char *const *der, const size_t *lens,
		       size_t n);

#endif
