/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said in subnegotiations of telnet's option AUTHENTICATION (RFC 2941)
 * about the type SSL, and about having none.
 */
#ifndef HELPER_AUTH_WORD_H
#define HELPER_AUTH_WORD_H

#include <stddef.h>
#include <stdint.h>

/* The option. */
#define AUTH_WORD_OPTION	37u
/* The longest that is said. */
#define AUTH_WORD_MAX		9u

/**
 * enum auth_word - what a subnegotiation says
 * @AUTH_WORD_OTHER: nothing of the below
 * @AUTH_WORD_SEND_SSL: the server has SSL among the types that it offers
 * @AUTH_WORD_SEND_OTHER: it has not
 * @AUTH_WORD_START: the client begins SSL
 * @AUTH_WORD_NONE: the client wants no type
 * @AUTH_WORD_IS_OTHER: the client wants something else
 * @AUTH_WORD_ACCEPT: the server's TLS is next
 * @AUTH_WORD_REJECT: there is none
 */
enum auth_word {
	AUTH_WORD_OTHER,
	AUTH_WORD_SEND_SSL,
	AUTH_WORD_SEND_OTHER,
	AUTH_WORD_START,
	AUTH_WORD_NONE,
	AUTH_WORD_IS_OTHER,
	AUTH_WORD_ACCEPT,
	AUTH_WORD_REJECT,
};

/**
 * auth_word_read() - understand one
 * @sub: what stands behind the option's number, without doubled bytes
 * @len: how many bytes
 */
enum auth_word auth_word_read(const uint8_t *sub, size_t len);

/**
 * auth_word_say() - say one
 * @word: any but AUTH_WORD_OTHER and those that say that it is another's
 * @to: receives it, of at most AUTH_WORD_MAX bytes
 *
 * Return: how many bytes these are.
 */
size_t auth_word_say(enum auth_word word, uint8_t *to);

#endif
