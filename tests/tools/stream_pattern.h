/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stream_pattern: bytes that say where they belong
 *
 * The byte at an offset depends on a seed and that offset alone, so a reader
 * can check any piece of a stream without having seen what came before it.
 */
#ifndef STREAM_PATTERN_H
#define STREAM_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/**
 * pattern_fill() - write a piece of the pattern
 * @seed: which pattern
 * @offset: of the first byte
 * @buf: filled
 * @n: bytes
 */
void pattern_fill(uint64_t seed, uint64_t offset, uint8_t *buf, size_t n);

/**
 * pattern_match() - compare bytes with a piece of the pattern
 * @seed: which pattern
 * @offset: where the bytes should belong
 * @buf: the bytes
 * @n: how many
 *
 * Return: how many bytes match, counted from the first; @n if all do.
 */
size_t pattern_match(uint64_t seed, uint64_t offset, const uint8_t *buf,
		     size_t n);

/**
 * crc32_add() - go on with a CRC-32 as zlib computes it
 * @crc: of what came before, 0 at the beginning
 * @buf: the bytes
 * @n: how many
 *
 * Return: the checksum including @buf.
 */
uint32_t crc32_add(uint32_t crc, const uint8_t *buf, size_t n);

#endif /* STREAM_PATTERN_H */
