/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lists of ciphers, as in cipherList=NAME:NAME...
 *
 * Pure code: the names that are worth something are known here, since a
 * library passes over those that it does not know, and takes words that stand
 * for ciphers which encrypt nothing.
 */
#ifndef HELPER_CIPHER_H
#define HELPER_CIPHER_H

#include <stddef.h>

/**
 * struct cipher_lists - the names of a list, each once, as OpenSSL has them
 * @old: those for TLS 1.2, parted by colons
 * @new: those for TLS 1.3
 */
struct cipher_lists {
	char old[2048];
	char new[128];
};

/**
 * cipher_parse() - read a list of ciphers
 * @text: names as OpenSSL or the standards have them, parted by colons, commas
 *	or blanks
 * @lists: receives them
 * @why: receives a sentence, of at most @size bytes, on failure
 *
 * Return: 0 or -EINVAL.
 */
int cipher_parse(const char *text, struct cipher_lists *lists, char *why, size_t size);

#endif
