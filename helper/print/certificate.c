// SPDX-License-Identifier: GPL-2.0-or-later
/* Whether a printer is who it has to be, by the rules of other peers. */
#include <stdio.h>
#include <stdlib.h>

#include "conf.h"
#include "memory.h"
#include "order.h"
#include "tls_rules.h"
#include "transport.h"
#include "transport_tls.h"

/* Return: the chain, its first certificate in front; or NULL if one cannot be read. */
static struct stack_st_X509 *read_chain(const unsigned char *const *der, const size_t *lens,
					size_t n)
{
	struct stack_st_X509 *chain = sk_X509_new_null();
	size_t i;

	for (i = 0; i < n; i++) {
		const unsigned char *at = der[i];
		X509 *cert = d2i_X509(NULL, &at, (long)lens[i]);

		if (!cert || !sk_X509_push(chain, cert)) {
			X509_free(cert);
			sk_X509_pop_free(chain, X509_free);
			return NULL;
		}
	}
	return chain;
}

/* What OpenSSL does with a chain that its own TLS was shown. */
static bool check_chain(struct tls_rules *rules, struct stack_st_X509 *chain,
			struct tls_check *check)
{
	X509_STORE_CTX *store = X509_STORE_CTX_new();
	SSL *ssl = SSL_new(rules->ctx);
	bool right = false;

	check->rules = rules;
	if (store && ssl &&
	    X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(rules->ctx), sk_X509_value(chain, 0),
				chain) == 1 &&
	    X509_STORE_CTX_set_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl) == 1 &&
	    X509_STORE_CTX_set_default(store, "ssl_server") == 1 &&
	    X509_VERIFY_PARAM_set1(X509_STORE_CTX_get0_param(store), SSL_get0_param(ssl)) == 1) {
		SSL_set_app_data(ssl, check);
		right = tls_check_peer(store, NULL) == 1;
	} else {
		tls_check_failed(check, "cannot check the certificate: %s", tls_reason());
	}
	X509_STORE_CTX_free(store);
	SSL_free(ssl);
	return right;
}

bool certificate_check(struct order *order, const unsigned char *const *der, const size_t *lens,
		       size_t n)
{
	struct stack_st_X509 *chain = n ? read_chain(der, lens, n) : NULL;
	struct tls_check check = { 0 };
	char why[TRANSPORT_WHY_MAX] = "the certificate cannot be read";
	struct tls_rules *rules = NULL;
	struct conf conf;
	bool right = false;

	conf_defaults(&conf);
	free(conf.ca);
	conf.ca = xstrdup(order->ca);
	if (chain)
		rules = tls_rules_new(&order->uri, &conf, false, why);
	if (rules)
		right = check_chain(rules, chain, &check);
	if (!right)
		order_fails(order, PRINT_AGAIN, "%.250s", rules ? check.why : why);
	tls_rules_free(rules);
	sk_X509_pop_free(chain, X509_free);
	conf_free(&conf);
	return right;
}
