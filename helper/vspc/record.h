/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that keeps what a virtual serial port has put out. */
#ifndef VSPC_RECORD_H
#define VSPC_RECORD_H

#include <stddef.h>

struct record;

/**
 * record_new() - keep the output of a port
 * @folder: where
 * @name: of the port; what does not belong into a file's name is written as %XX
 *
 * The file is opened when the first bytes come.
 *
 * Return: the record, for record_free().
 */
struct record *record_new(const char *folder, const char *name);

/** record_free() - close the file; NULL is allowed. */
void record_free(struct record *record);

/** record_write() - add bytes; what cannot be written is told once; NULL is allowed. */
void record_write(struct record *record, const void *bytes, size_t len);

#endif
