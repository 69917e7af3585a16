/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Strings of others made fit for a terminal or a JSON string. */
#ifndef HELPER_PRINTABLE_H
#define HELPER_PRINTABLE_H

#include <stdbool.h>

/**
 * printable() - a string with what could do harm written as \xHH
 * @s: any bytes; a path may hold all but NUL, and a reason may quote it
 * @json: keep control characters, which a JSON encoder escapes itself;
 *	otherwise they are written as \xHH too, so that no name can move a
 *	terminal's cursor
 *
 * Bytes that are no UTF-8 are always written as \xHH.
 *
 * Return: the string; the caller frees it.
 */
char *printable(const char *s, bool json);

#endif
