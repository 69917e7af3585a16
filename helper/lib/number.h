/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers as people write them, read strictly. */
#ifndef HELPER_NUMBER_H
#define HELPER_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/**
 * number_parse() - read a whole decimal number
 * @word: the text; digits only: no sign, no blank, no 0x, no trailing junk
 * @max: the largest number allowed
 * @number: receives the number; untouched on failure
 *
 * Return: 0, -EINVAL (no number) or -ERANGE (larger than @max).
 */
int number_parse(const char *word, uint64_t max, uint64_t *number);

/**
 * size_parse() - read a size in bytes: digits and perhaps one of K, M, G
 * @word: the text, such as 65536, 64K or 1M (powers of 1024, either case)
 * @max: the largest size allowed, in bytes
 * @size: receives the size in bytes; untouched on failure
 *
 * Return: 0, -EINVAL (no size) or -ERANGE (larger than @max).
 */
int size_parse(const char *word, uint64_t max, uint64_t *size);

/* Enough for what size_format() writes. */
#define SIZE_TEXT 24

/**
 * size_format() - write a size the shortest way size_parse() reads back
 * @size: in bytes
 * @text: receives "64K", "1M", or plain bytes where no unit divides @size
 *
 * Return: @text.
 */
const char *size_format(uint64_t size, char text[SIZE_TEXT]);

#endif
