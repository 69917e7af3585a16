/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a peer has to prove, and what is shown to it: made of a specification
 * and the settings.  For those files alone that know OpenSSL: tls_rules.c,
 * tls_check.c and transport_tls.c.
 */
#ifndef VSERIALD_TLS_RULES_H
#define VSERIALD_TLS_RULES_H

#include <stdbool.h>

#include <openssl/ssl.h>

#define TLS_WHY_MAX 384

/**
 * struct tls_rules - what is asked of a connection's peer
 * @refs: who holds them
 * @ctx: certificates, authorities and ciphers
 * @server: we are the side that was called
 * @chain: its certificate has to be issued by an authority that we know
 * @authorities: where these are
 * @thumbprint: the digest that its certificate has to have, or NULL
 * @name: the name that it has to have, or NULL
 * @host: the name that it is told we want, or NULL
 */
struct tls_rules {
	unsigned int refs;
	SSL_CTX *ctx;
	bool server;
	bool chain;
	char *authorities;
	char *thumbprint;
	char *name;
	char *host;
};

/**
 * struct tls_check - the check of one peer; its SSL's application data
 * @rules: what it has to prove
 * @why: the reason of a failure, "" if there is none
 */
struct tls_check {
	struct tls_rules *rules;
	char why[TLS_WHY_MAX];
};

/** tls_check_peer() - OpenSSL's callback in place of its own verification. */
int tls_check_peer(X509_STORE_CTX *store, void *arg);

/**
 * tls_check_names() - whether a peer has one of some names
 * @check: notes the reason if not
 * @cert: its certificate, NULL if it sent none: then it has no name
 * @names: names and addresses
 * @n: how many; 0: any name will do
 */
bool tls_check_names(struct tls_check *check, X509 *cert, char *const *names, size_t n);

/** tls_check_failed() - note a reason; the first one is the one that is told. */
__attribute__((format(printf, 2, 3)))
void tls_check_failed(struct tls_check *check, const char *format, ...);

/** tls_subject() - whose a certificate is, in @text of @size bytes. */
void tls_subject(const X509 *cert, char *text, size_t size);

/** tls_is_address() - whether a name is an IPv4 or IPv6 address. */
bool tls_is_address(const char *name);

/** tls_reason() - what OpenSSL says of its last failure. */
const char *tls_reason(void);

#endif
