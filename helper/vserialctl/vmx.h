/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The file that describes a virtual machine of VMware's: one NAME = "VALUE" a
 * line, comments behind #, and |HH for a byte that could not stand there.
 */
#ifndef VSERIALCTL_VMX_H
#define VSERIALCTL_VMX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Some hundred lines are usual; much more is something else. */
#define VMX_SIZE_MAX	(1u << 20)

/**
 * struct vmx_entry - a line
 * @name: names differ by more than case
 * @value: without quotes and escapes
 * @line: its number, from 1
 */
struct vmx_entry {
	char *name;
	char *value;
	unsigned int line;
};

/**
 * struct vmx - the lines of a file
 * @v: by name
 * @n: how many there are
 *
 * Begin with { 0 }.
 */
struct vmx {
	struct vmx_entry *v;
	size_t n;
};

/**
 * vmx_read() - read a file
 * @file: the file
 * @vmx: receives its lines; the caller ends with vmx_free(), also on failure
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -1.
 */
int vmx_read(FILE *file, struct vmx *vmx, char *why, size_t size);

/** vmx_free() - free the lines. */
void vmx_free(struct vmx *vmx);

/** vmx_get() - the value that a name has, or NULL. */
const char *vmx_get(const struct vmx *vmx, const char *name);

#endif
