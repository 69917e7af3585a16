/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon may do, and as whom. */
#ifndef VSERIALD_PRIVILEGE_H
#define VSERIALD_PRIVILEGE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * privilege_drop() - keep only what serving needs
 * @user: whom to become if the daemon was started as root; "" or NULL: nobody
 *	else
 * @owners: files of others are made and opened, too
 * @why: receives a sentence, of at most @size bytes, on failure
 * @size: its size
 *
 * Kept: to listen on ports below 1024, and with @owners to make and open Unix
 * sockets as their owner would.
 *
 * Return: 0 or -1.
 */
int privilege_drop(const char *user, bool owners, char *why, size_t size);

/** privilege_drop_all() - as privilege_drop(), and keep nothing. */
int privilege_drop_all(const char *user, char *why, size_t size);

#endif
