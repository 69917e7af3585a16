/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went over a port's cable, from the kernel's records to a file's packets.
 * Pure but for the file.
 */
#ifndef VSERIALCTL_CAPTURE_H
#define VSERIALCTL_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/**
 * struct capture - a file that grows
 * @file: the file, or NULL before it begins
 * @bytes: what came and is not in the file: before it begins, or part of a record
 * @n: how many bytes that is
 * @lines: TIOCM_* lines as they are
 * @time: of the last record
 * @records: how many came
 * @lost: bytes that the kernel had no room for
 *
 * Begin with { 0 }; what comes before capture_begin() waits for it.
 */
struct capture {
	FILE *file;
	uint8_t *bytes;
	size_t n;
	uint32_t lines;
	uint64_t time;
	uint64_t records;
	uint64_t lost;
};

/**
 * capture_begin() - begin the file
 * @capture: the capture
 * @file: where to
 * @name: the port's
 *
 * Return: as capture_take(), for what came before.
 */
int capture_begin(struct capture *capture, FILE *file, const char *name);

/**
 * capture_take() - take what a session with CAPTURE is given
 * @capture: the file
 * @bytes: records, or parts of them
 * @n: how many bytes
 *
 * Return: 0, or -1 if these are no records.
 */
int capture_take(struct capture *capture, const uint8_t *bytes, size_t n);

/** capture_end() - end the file, if it began; it stays open. */
void capture_end(struct capture *capture);

#endif
