// SPDX-License-Identifier: GPL-2.0-or-later
/* What a peer has to prove, and what is shown to it. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "cipher.h"
#include "memory.h"
#include "tls_rules.h"
#include "transport_tls.h"

/* Authorities of the system, not those of an environment. */
#define SYSTEM_CAS	"/etc/ssl/certs"
/* What a peer's chain of certificates may have. */
#define CHAIN_MAX	(32u << 10)

bool tls_required(const struct uri *uri)
{
	return uri->tls || uri->thumbprint || uri->peer_name || uri->cipher_list || uri->verify;
}

bool tls_possible(const struct uri *uri, const struct conf *conf, bool server)
{
	return tls_required(uri) ||
	       (uri->kind == URI_TELNET && (!server || *conf->certificate));
}

__attribute__((format(printf, 2, 3)))
static int refuse(char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, TRANSPORT_WHY_MAX, format, args);
	va_end(args);
	return -1;
}

/* Ciphers. */

static bool is_among(const struct stack_st_SSL_CIPHER *ciphers, const char *name)
{
	int i;

	for (i = 0; i < sk_SSL_CIPHER_num(ciphers); i++)
		if (!strcmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i)), name))
			return true;
	return false;
}

/* The library passes over those of a list that this machine does not allow. */
static int check_ciphers(SSL_CTX *ctx, const char *list, char *why)
{
	char *names = xstrdup(list), *save = NULL, *name;
	SSL *ssl = SSL_new(ctx);
	struct stack_st_SSL_CIPHER *ciphers = ssl ? SSL_get1_supported_ciphers(ssl) : NULL;
	int rc = 0;

	for (name = strtok_r(names, ":", &save); name && !rc; name = strtok_r(NULL, ":", &save))
		if (!is_among(ciphers, name))
			rc = refuse(why, "cipherList: %s is not strong enough for this machine, or unknown to it",
				    name);
	sk_SSL_CIPHER_free(ciphers);
	SSL_free(ssl);
	free(names);
	return rc;
}

static int set_ciphers(SSL_CTX *ctx, const char *value, char *why)
{
	struct cipher_lists lists;
	char reason[256];

	if (!value)
		return 0;
	if (cipher_parse(value, &lists, reason, sizeof(reason)))
		return refuse(why, "cipherList: %s", reason);
	/* A list without ciphers of a version is a list without that version. */
	if (!*lists.new)
		SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION);
	if (!*lists.old)
		SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
	if (*lists.new && !SSL_CTX_set_ciphersuites(ctx, lists.new))
		return refuse(why, "cipherList: cannot use %s: %s", lists.new, tls_reason());
	if (*lists.old && !SSL_CTX_set_cipher_list(ctx, lists.old))
		return refuse(why, "cipherList: cannot use %.200s: %s", lists.old, tls_reason());
	return check_ciphers(ctx, lists.old, why) || check_ciphers(ctx, lists.new, why) ? -1 : 0;
}

/* Certificates and authorities. */

static int use_certificate(SSL_CTX *ctx, const char *cert, const char *key, char *why)
{
	if (!*key)
		key = cert;
	if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1)
		return refuse(why, "cannot use the certificate %s: %s", cert, tls_reason());
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return refuse(why, "cannot use the key %s: %s", key, tls_reason());
	if (SSL_CTX_check_private_key(ctx) != 1)
		return refuse(why, "the key %s does not belong to the certificate %s", key, cert);
	return 0;
}

static int use_own(SSL_CTX *ctx, const struct conf *conf, bool server, char *why)
{
	if (server && !*conf->certificate)
		return refuse(why, "a TLS server needs a certificate: set 'certificate' in the settings");
	if (server)
		return use_certificate(ctx, conf->certificate, conf->key, why);
	if (*conf->client_certificate)
		return use_certificate(ctx, conf->client_certificate, conf->client_key, why);
	return 0;
}

static int trust(struct tls_rules *rules, const struct conf *conf, char *why)
{
	const char *path = rules->server ? conf->client_ca : conf->ca;
	struct stack_st_X509_NAME *names;
	struct stat st;
	int ok;

	if (!*path)
		path = SYSTEM_CAS;
	rules->authorities = xstrdup(path);
	if (stat(path, &st))
		return refuse(why, "cannot read the authorities %s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode)) {
		ok = SSL_CTX_load_verify_dir(rules->ctx, path);
	} else {
		ok = SSL_CTX_load_verify_file(rules->ctx, path);
		names = ok && rules->server ? SSL_load_client_CA_file(path) : NULL;
		if (names)
			SSL_CTX_set_client_CA_list(rules->ctx, names);
	}
	if (ok != 1)
		return refuse(why, "cannot read the authorities %s: %s", path, tls_reason());
	return 0;
}

/* What has to be proved. */

/* Return: whether it took the name; an address is compared with addresses. */
static bool expect_name(X509_VERIFY_PARAM *param, const char *name)
{
	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return tls_is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(param, name) :
		X509_VERIFY_PARAM_set1_host(param, name, 0);
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

/* What has to be proved, and so what is asked for. */
static int demand(struct tls_rules *rules, const struct uri *uri, const struct conf *conf,
		  char *why)
{
	int mode = SSL_VERIFY_NONE;

	rules->thumbprint = copy(uri->thumbprint);
	rules->chain = uri->verify || uri->peer_name;
	/* Who is dialled has to be who was meant. */
	rules->name = copy(uri->peer_name || !rules->chain || rules->server ? uri->peer_name :
			   uri->host);
	if (rules->chain || rules->thumbprint)
		mode = SSL_VERIFY_PEER;
	if (rules->server && (uri->thumbprint || uri->peer_name))
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	if (rules->name && !expect_name(SSL_CTX_get0_param(rules->ctx), rules->name))
		return refuse(why, "'%.200s' cannot be the name of a peer", rules->name);
	SSL_CTX_set_verify(rules->ctx, mode, NULL);
	if (mode != SSL_VERIFY_NONE)
		SSL_CTX_set_cert_verify_callback(rules->ctx, tls_check_peer, NULL);
	return rules->chain ? trust(rules, conf, why) : 0;
}

static void tune(SSL_CTX *ctx)
{
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
			    SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* A ticket freezes telnet-ssl, and a resumed session proves nothing. */
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
			 SSL_MODE_RELEASE_BUFFERS);
	/* Records that hold no bytes, such as new keys, may come without an end. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_max_cert_list(ctx, CHAIN_MAX);
	SSL_CTX_set_dh_auto(ctx, 1);
}

struct tls_rules *tls_rules_new(const struct uri *uri, const struct conf *conf, bool server,
				char *why)
{
	struct tls_rules *rules = xcalloc(1, sizeof(*rules));

	ERR_clear_error();
	rules->refs = 1;
	rules->server = server;
	/* One host may serve many names. */
	if (!server && *uri->host && !tls_is_address(uri->host))
		rules->host = xstrdup(uri->host);
	rules->ctx = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
	if (!rules->ctx) {
		refuse(why, "cannot set up TLS: %s", tls_reason());
		tls_rules_free(rules);
		return NULL;
	}
	tune(rules->ctx);
	if (use_own(rules->ctx, conf, server, why) ||
	    set_ciphers(rules->ctx, uri->cipher_list, why) || demand(rules, uri, conf, why)) {
		tls_rules_free(rules);
		return NULL;
	}
	return rules;
}

struct tls_rules *tls_rules_hold(struct tls_rules *rules)
{
	rules->refs++;
	return rules;
}

void tls_rules_free(struct tls_rules *rules)
{
	if (!rules || --rules->refs)
		return;
	SSL_CTX_free(rules->ctx);
	free(rules->authorities);
	free(rules->thumbprint);
	free(rules->name);
	free(rules->host);
	free(rules);
}
